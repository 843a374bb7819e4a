"""A small Llama in plain PyTorch: flat un-padded tokens, one shared prefix, LoRA in the matmul.

It exists because the stock path spends most of a two-core ladder's time on padding, on the
vocabulary head of prompt tokens and on text that all items share (`python -m bench training
answering` shows the ratios). It knows one architecture and refuses the others by name.

To be read in this order: weights, batch, packed, ops, attention, adapter, projection, model; then
decode (answers), many (several adapters in one batch) and engine (all of it behind
`tuning.models.base`).
"""

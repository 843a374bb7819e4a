"""A small Llama in plain PyTorch: flat un-padded tokens, one shared prefix, LoRA in the matmul.

It exists because the stock path spends most of a two-core ladder's time on padding, on the
vocabulary head of prompt tokens and on text that all items share (bench/engine.py shows the
ratios). It knows one architecture and refuses the others by name.
"""

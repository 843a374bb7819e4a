"""A tiny cross-encoder with random weights, saved as safetensors as any other is."""

from pathlib import Path

WORDS = ("the", "a", "lamp", "parcel", "days", "thirty", "two", "return", "is", "sent", "within")


def make_cross_encoder(folder: Path, *, labels: int = 1, longest: int = 64) -> Path:
    """A two-layer BERT that reads a pair and gives `labels` scores."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    letters = [chr(at) for at in range(33, 127)]
    parts = [*letters, *(f"##{letter}" for letter in letters)]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys([*WORDS, *parts])]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    tokenizer = BertTokenizerFast(vocab=str(folder / "vocab.txt"))
    tokenizer.save_pretrained(str(folder))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=longest,
        num_labels=labels,
        initializer_range=0.4,  # so that scores differ
    )
    BertForSequenceClassification(config).eval().save_pretrained(str(folder))
    return folder

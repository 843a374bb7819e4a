"""A second look at what was found: a cross-encoder reads question and passage together.

Slower than a search by hundreds of times, so it orders a few passages and not all.
"""

import json
from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from rag.embed import prepare, together

POOL: Final = 30
"""Passages that are ordered once more. What search puts behind them is hardly ever right, and every
one costs about as long as embedding it."""

Scores = npt.NDArray[np.float32]


class Size(NamedTuple):
    """How large a model is."""

    file_bytes: int
    linear: int
    """Weights in its linear layers, each of which multiplies every token."""


class RerankerError(Exception):
    """A model that cannot order passages."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(f"{reason} (fix: {fix})")
        self.reason, self.fix = reason, fix


class Reranker:
    """A sentence-transformers cross-encoder that is loaded when it is first asked.

    Args:
        folder: the model's folder.
        name: identifies the model and its revision.
        device: ``cpu`` or ``cuda``.
        precision: ``bfloat16`` or ``float32``.
        say: told when the model is loaded.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        device: str = "cpu",
        precision: str = "float32",
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.name = name
        self._folder, self._device, self._precision, self._say = folder, device, precision, say
        self._model: Any = None
        self._known: dict[tuple[str, str], float] = {}

    def scores(self, query: str, texts: Sequence[str]) -> Scores:
        """(n,) how well each text answers the query, higher is better: the model's own logit.

        Of a text that is too long with the query, the end is left out. A pair is read once.
        """
        fresh = [text for text in dict.fromkeys(texts) if (query, text) not in self._known]
        if fresh:
            found = self._read([(query, text) for text in fresh])
            for text, score in zip(fresh, found, strict=True):
                self._known[query, text] = float(score)
        return np.array([self._known[query, text] for text in texts], dtype=np.float32)

    def _read(self, pairs: list[tuple[str, str]]) -> Any:
        import torch

        self.open()
        return self._model.predict(
            pairs,
            batch_size=together(self._device, self._precision),
            activation_fn=torch.nn.Identity(),
            show_progress_bar=False,
            convert_to_numpy=True,
        )

    def open(self) -> None:
        """Load the model, if it is not loaded.

        Raises:
            RerankerError: it cannot be opened.
        """
        if self._model is None:
            refuse_unusable(self._folder)
            from sentence_transformers import CrossEncoder
            from transformers.utils import logging

            self._say("Loading the reranker")
            prepare(self._device)
            logging.disable_progress_bar()  # it would stand among our own lines
            try:
                self._model = CrossEncoder(
                    str(self._folder),
                    device=self._device,
                    trust_remote_code=False,
                    local_files_only=True,
                    max_length=longest_pair(self._folder),
                    model_kwargs={"dtype": "float32", "use_safetensors": True},
                )
                if self._precision == "bfloat16":
                    from rag.products import multiply_in_bfloat16

                    multiply_in_bfloat16(self._model)
            except Exception as error:  # libraries raise anything over a damaged file
                said = str(error).strip().splitlines() or [type(error).__name__]
                raise RerankerError(
                    f"the reranker cannot be opened: {said[0][:200]}", _AGAIN
                ) from error


_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "sentencepiece.bpe.model", "spm.model")
_AGAIN = "get the model again, or take [retrieval] reranker out"
_ANOTHER = "choose a cross-encoder with one score, saved as safetensors, or take reranker out"


def refuse_unusable(folder: Path) -> None:
    """Look at a model's files, without opening the model.

    Raises:
        RerankerError: no cross-encoder with one score, or not saved as safetensors: pickles can
            run code.
    """
    from safetensors import SafetensorError, safe_open

    config = _read_config(folder)
    kinds = config.get("architectures") or [""]
    if not str(kinds[0]).endswith("ForSequenceClassification"):
        raise RerankerError(f"the model is no cross-encoder, but {kinds[0] or 'unnamed'}", _ANOTHER)
    labels = len(config.get("id2label") or {}) or int(config.get("num_labels", 2))
    if labels != 1:
        raise RerankerError(f"the model has {labels} scores, not one", _ANOTHER)
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        # one would be made of nothing, to which all words are alike
        raise RerankerError("there is no tokenizer in the reranker's folder", _AGAIN)
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise RerankerError("there is no .safetensors file in the reranker's folder", _ANOTHER)
    for file in weights:
        try:
            with safe_open(file, "pt") as held:
                held.keys()
        except (SafetensorError, OSError) as error:
            raise RerankerError(f"{file.name} is damaged ({error})", _AGAIN) from error


def size_of(folder: Path) -> Size:
    """Of a usable model, without opening it."""
    from safetensors import safe_open

    file_bytes = linear = 0
    for file in folder.glob("*.safetensors"):
        file_bytes += file.stat().st_size
        with safe_open(file, "pt") as held:
            names = [name for name in held.keys() if "embedding" not in name]  # noqa: SIM118
            shapes = [held.get_slice(name).get_shape() for name in names]
        linear += sum(prod(shape) for shape in shapes if len(shape) == 2)
    return Size(file_bytes, linear)


def longest_pair(folder: Path) -> int | None:
    """Tokens of question and passage together that the model can read; None where none is said."""
    config = _read_config(folder)
    given = config.get("max_position_embeddings")
    if given is None:
        return None
    # the family of RoBERTa counts places from behind its padding token
    offset = int(config.get("pad_token_id") or 0) + 1 if _is_roberta(config) else 0
    file = folder / "tokenizer_config.json"
    own = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return min(int(given) - offset, int(own.get("model_max_length") or given))


def _is_roberta(config: dict[str, Any]) -> bool:
    return "roberta" in str(config.get("model_type", ""))


def _read_config(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise RerankerError(f"its config.json cannot be read ({error})", _AGAIN) from error

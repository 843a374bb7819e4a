"""Texts to unit vectors, each text once: what was embedded before is read from disk."""

import hashlib
import os
import statistics
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rag.roles import PASSAGE, QUERY, ROLES, Role, prompts_of
from rag.windows import Windows

Vectors = npt.NDArray[np.float32]

DAMAGED = (OSError, EOFError, ValueError, LookupError, zipfile.BadZipFile, zlib.error)
"""What reading a cut-off or overwritten file of vectors raises."""

WHOLE: Final = "whole"
"""Said of a vector of more than the model reads at once: earlier versions let the end of it go."""
KINDS: Final = ("", *ROLES, *(f"{role} {WHOLE}" for role in ROLES))
"""Of vectors of one text; see `key_of`."""


class Embedder:
    """A sentence-transformers model that is loaded only when an unknown text comes.

    Texts get in front of them what the model wants there (`rag.roles`). Of a passage longer than it
    reads, every part is embedded and the vector is the mean of the parts'; of such a question its
    beginning and its end are. A question is one thing: what it is about mostly stands in its first
    sentences and what is asked in its last, so that a mean over all between would tell less, and
    take as long as there are parts while somebody waits.

    Args:
        folder: the model's folder.
        name: identifies the model and its revision; vectors are kept under it.
        cache: where vectors are kept; None keeps none.
        device: ``cpu`` or ``cuda``.
        precision: ``bfloat16`` or ``float32``; cosines differ by less than 1e-4 (`rag.products`).
        say: told when the model is loaded and how far it is.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        cache: Path | None = None,
        device: str = "cpu",
        precision: str = "float32",
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.name = name
        self._folder, self._device, self._precision, self._say = folder, device, precision, say
        self._prompts, self._windows = prompts_of(folder, name), Windows(folder)
        # "products": what earlier versions kept of bfloat16 was rounded throughout
        kept_as = f"{name} {precision}" + (" products" if precision == "bfloat16" else "")
        if self.prompts:
            kept_as += f" {self.prompts}"
        key = hashlib.sha256(kept_as.encode()).hexdigest()[:12]
        self._cache = cache / key if cache else None
        self._known: dict[str, npt.NDArray[np.float32]] | None = None
        self._model: Any = None

    @property
    def prompts(self) -> str:
        """What stands before texts, in one line; empty where nothing does."""
        return self._prompts.told

    def embed(self, texts: Sequence[str], role: Role = QUERY) -> Vectors:
        """(n, d) unit vectors in the order of the texts; n may be 0 only if nothing is asked.

        Args:
            texts: to be embedded.
            role: what they are; questions that are compared with each other are questions too.
        """
        known = self._load_cache()
        long = self._too_long(texts, role)
        own = role if self._prompts.apart else ""
        keys = [
            key_of(text, f"{role} {WHOLE}" if is_long else own)
            for text, is_long in zip(texts, long, strict=True)
        ]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            self._say(f"Embedding {len(missing)} text{'s' if len(missing) > 1 else ''} …")
            cut = dict(zip(keys, long, strict=True))
            fresh = self._whole(list(missing.values()), role, [cut[key] for key in missing])
            known.update(zip(missing, fresh, strict=True))
            self._store(list(missing), fresh)
        if not keys:
            return np.zeros((0, 0), dtype=np.float32)
        return np.stack([known[key] for key in keys])

    def as_if_new(self, texts: Sequence[str]) -> None:
        """Forget in this process that these were embedded, for whoever times it."""
        known = self._load_cache()
        for text in texts:
            for kind in KINDS:
                known.pop(key_of(text, kind), None)

    def seconds_alone(self, texts: Sequence[str]) -> float:
        """Median seconds to embed one text by itself, as a question that nobody asked before.

        What is kept on disk is not looked at. The first text warms up and does not count, so at
        least two are needed.
        """
        taken = []
        for text in texts:
            started = time.perf_counter()
            self._whole([text], QUERY, self._too_long([text], QUERY))
            taken.append(time.perf_counter() - started)
        return statistics.median(taken[1:])

    def _too_long(self, texts: Sequence[str], role: Role) -> list[bool]:
        return self._windows.too_long(texts, self._prompts.of(role))

    def _whole(self, texts: list[str], role: Role, long: Sequence[bool]) -> Vectors:
        """(n, d) of at least one text, also of those that are longer than the model reads."""
        prompt = self._prompts.of(role)
        if not any(long):
            return self._encode(texts, role)
        parts = [
            [text] if not is_long
            else self._windows.parts(text, prompt) if role == PASSAGE
            else [self._windows.ends(text, prompt)]
            for text, is_long in zip(texts, long, strict=True)
        ]  # fmt: skip
        vectors = self._encode([part for some in parts for part in some], role)
        starts = np.cumsum([0, *map(len, parts[:-1])])
        means: Vectors = np.add.reduceat(vectors, starts, axis=0)
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        # those of one part are left as they are, bit by bit
        single = np.array([len(some) == 1 for some in parts])[:, None]
        return np.where(single, means, means / np.maximum(lengths, 1e-12)).astype(np.float32)

    def _encode(self, texts: list[str], role: Role) -> Vectors:
        """(n, d) unit vectors of texts that fit."""
        if self._model is None:
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging

            prepare(self._device)
            logging.disable_progress_bar()  # it would stand among our own lines
            self._model = SentenceTransformer(
                str(self._folder),
                device=self._device,
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"dtype": "float32"},
            )
            if self._precision == "bfloat16":
                from rag.products import multiply_in_bfloat16

                multiply_in_bfloat16(self._model)
        model = self._model
        encode = model.encode_query if role == QUERY else model.encode_document
        vectors = encode(
            texts,
            prompt=self._prompts.of(role),
            batch_size=together(self._device, self._precision),
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, dtype=np.float32)

    def _load_cache(self) -> dict[str, npt.NDArray[np.float32]]:
        if self._known is None:
            self._known = {}
            for shard in sorted(self._cache.glob("*.npz")) if self._cache else ():
                held = _read_shard(shard)
                if held is None:
                    self._say(f"{shard} is damaged; its texts are embedded again")
                    continue
                self._known.update(held)
        return self._known

    def _store(self, keys: list[str], vectors: Vectors) -> None:
        if self._cache is not None:
            _write_shard(self._cache, keys, vectors)


def prepare(device: str) -> None:
    """Set torch up before a model is opened on a device, ``cpu`` or ``cuda``.

    Of its attention kernels cuDNN's is the first on new cards, and makes a plan for each shape that
    it meets; texts come in ever other lengths.
    """
    if device == "cuda":
        import torch

        torch.backends.cuda.enable_cudnn_sdp(False)


def together(device: str, precision: str) -> int:
    """Texts that go through a model together.

    On a CPU few: their activations stay in its cache (``python -m bench embedding``, float32: 1.19
    times sentence-transformers' defaults, with 64 at a time 0.80 times).
    """
    if device != "cpu":
        return 64
    return 8 if precision == "float32" else 16


def key_of(text: str, kind: str = "") -> str:
    """The name under which a text's vector is kept.

    Args:
        text: that was embedded.
        kind: one of `KINDS`: the role where vectors differ by it, and whether the text was longer
            than the model reads.
    """
    told = f"{kind}\0{text}" if kind else text
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def forget(cache: Path, kept: Iterable[str]) -> int:
    """Take the vectors of all but some texts off the disk, for every model.

    What is to stay is named, not what is to go: a text that nobody remembers goes too, and a text
    that was left out by mistake is only embedded again. Damaged and half-written files go whole.

    Args:
        cache: as given to `Embedder`; nobody may be writing into it.
        kept: texts whose vectors stay.

    Returns:
        How many vectors went.
    """
    keys = {key_of(text, kind) for text in kept for kind in KINDS}
    gone = 0
    for shard in sorted(cache.glob("*/*")):
        held = _read_shard(shard) if shard.suffix == ".npz" else None
        if held is None:
            shard.unlink()
            continue
        left = {key: vector for key, vector in held.items() if key in keys}
        if len(left) < len(held):
            if left:  # written before the old one goes, so that a kill in between loses nothing
                _write_shard(shard.parent, list(left), np.stack(list(left.values())))
            shard.unlink()
            gone += len(held) - len(left)
    return gone


def _read_shard(shard: Path) -> dict[str, npt.NDArray[np.float32]] | None:
    """Vectors by key; None where the file is damaged."""
    try:
        # opened here, for numpy leaves a damaged file open
        with shard.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))
    except DAMAGED:
        return None


def _write_shard(folder: Path, keys: list[str], vectors: Vectors) -> None:
    """One file a write, renamed into place: two processes may write at once."""
    folder.mkdir(parents=True, exist_ok=True)
    shard = folder / f"{hashlib.sha256(''.join(keys).encode()).hexdigest()[:24]}.npz"
    temporary = shard.with_suffix(f".{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        np.savez(file, keys=np.array(keys), vectors=vectors)
    temporary.replace(shard)

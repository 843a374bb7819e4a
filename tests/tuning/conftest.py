"""Small Llamas of every shape, and two copies of one that differ in when they stop."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import make_llama
from tuning.models import open_tokenizer

SHAPES = {
    "tied_gqa": {},
    "untied_mha": {"num_key_value_heads": 4, "tie_word_embeddings": False},
    "untied_gqa": {"num_hidden_layers": 3, "tie_word_embeddings": False},
    "tied_mqa": {
        "num_key_value_heads": 1,
        "rope_parameters": {"rope_type": "default", "rope_theta": 5e5},
    },
    "wide_heads": {"head_dim": 24, "tie_word_embeddings": False},
    "narrow_heads": {
        "hidden_size": 96,
        "num_attention_heads": 6,
        "num_key_value_heads": 3,
        "head_dim": 8,
    },
}


@pytest.fixture(scope="session")
def llama_of(tmp_path_factory) -> Callable[[str], Path]:
    """Gives the folder of a random Llama of one of SHAPES, made when first asked for."""
    made: dict[str, Path] = {}

    def folder(shape: str) -> Path:
        if shape not in made:
            made[shape] = make_llama(tmp_path_factory.mktemp("llamas") / shape, **SHAPES[shape])
        return made[shape]

    return folder


@pytest.fixture(scope="session")
def untied(llama_of) -> Path:
    """The Llama whose greedy answers wander most, which makes texts worth comparing."""
    return llama_of("untied_mha")


@pytest.fixture(scope="session")
def stopping(untied, tmp_path_factory) -> Path:
    """The same weights with an end token that the model says early in some answers, late in others.

    A random model hardly ever says the real one.
    """
    from tests.tuning.oracle import plain_greedy, plain_model, some_ids

    model, rng = plain_model(untied), random.Random(5)
    answers = [plain_greedy(model, some_ids(rng, 1 + i % 7), 24, frozenset({1}))[0]
               for i in range(24)]  # fmt: skip
    firsts = {
        token: {answer.index(token) for answer in answers if token in answer}
        for answer in answers
        for token in answer
    }
    folder = tmp_path_factory.mktemp("llamas") / "stopping"
    shutil.copytree(untied, folder)
    tokenizer = open_tokenizer(folder)
    chosen = max(firsts, key=lambda token: len(firsts[token]))
    tokenizer.eos_token = tokenizer.convert_ids_to_tokens(chosen)
    tokenizer.save_pretrained(str(folder))
    return folder

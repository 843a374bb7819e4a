"""A small project, its finished check, and a model large enough for its answers to differ."""

from pathlib import Path

import pytest

from harness.store import Run
from tests.advisor.page_project import make_project, make_run
from tests.conftest import make_llama


@pytest.fixture
def root(tmp_path) -> Path:
    """Folder of the project."""
    return make_project(tmp_path / "project")


@pytest.fixture
def run(root) -> Run:
    """A finished check of it."""
    return make_run(root)


@pytest.fixture(scope="session")
def untied(tmp_path_factory) -> Path:
    """Folder of a Llama whose greedy answers wander; it is only read."""
    folder = tmp_path_factory.mktemp("models") / "untied"
    return make_llama(folder, num_key_value_heads=4, tie_word_embeddings=False)

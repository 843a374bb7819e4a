"""What stands before questions and passages, and that vectors with and without are kept apart."""

import hashlib
import json

import numpy as np
import pytest

from rag.chunk import Chunk
from rag.embed import Embedder, forget, key_of
from rag.index import Index, IndexMismatchError
from rag.roles import PASSAGE, QUERY, Prompts, prompts_of

INSTRUCT = "Instruct: Given a web search query, retrieve relevant passages that answer the query"
BGE = "Represent this sentence for searching relevant passages: "


def saying(folder, **said):
    """A model folder whose files say this."""
    folder.mkdir(exist_ok=True)
    for name, value in said.items():
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("name", "query", "passage"),
    [
        ("intfloat/multilingual-e5-small@0a1b2c", "query: ", "passage: "),
        ("intfloat/e5-base-v2", "query: ", "passage: "),
        ("models/E5-large/", "query: ", "passage: "),
        ("intfloat/multilingual-e5-large-instruct", f"{INSTRUCT}\nQuery: ", ""),
        ("BAAI/bge-small-en-v1.5", BGE, ""),
        ("BAAI/bge-m3", "", ""),
        ("BAAI/bge-small-zh-v1.5", "", ""),
        ("nomic-ai/nomic-embed-text-v1.5", "search_query: ", "search_document: "),
        ("all-minilm-l6-v2@53aa51172d142c89", "", ""),
        ("someone/huge5-base", "", ""),
        ("e5-team/other-model", "", ""),
    ],
)
def test_models_that_bring_no_prompts_are_known_by_name(tmp_path, name, query, passage):
    assert prompts_of(tmp_path / "snapshot", name) == Prompts(query, passage)


def test_a_renamed_model_is_known_by_its_folder_or_by_what_it_was_trained_from(tmp_path):
    assert prompts_of(tmp_path / "e5-small", "ours").passage == "passage: "
    trained = saying(tmp_path / "ours", config={"_name_or_path": "BAAI/bge-base-en"})
    assert prompts_of(trained, "ours").query == BGE


@pytest.mark.parametrize(
    ("prompts", "expected"),
    [
        ({"query": "q: ", "document": "d: "}, Prompts("q: ", "d: ")),
        ({"query": "q: ", "passage": "p: "}, Prompts("q: ", "p: ")),
        ({"query": "q: ", "document": ""}, Prompts("q: ", "")),
        ({"query": "", "document": None}, Prompts("query: ", "passage: ")),
        ({"sts": "s: "}, Prompts("query: ", "passage: ")),
    ],
)
def test_prompts_that_a_model_brings_count_before_its_name(tmp_path, prompts, expected):
    folder = saying(tmp_path / "e5-small", config_sentence_transformers={"prompts": prompts})
    assert prompts_of(folder, "e5-small") == expected


def test_a_prompt_that_a_model_wants_before_every_text_stands_before_every_text(tmp_path):
    said = {"prompts": {"search": "s: "}, "default_prompt_name": "search"}
    found = prompts_of(saying(tmp_path / "m", config_sentence_transformers=said), "m")
    assert found == Prompts("s: ", "s: ") and not found.apart


def test_a_model_with_other_layers_for_questions_keeps_them_apart(tmp_path):
    modules = [{"path": "", "type": "sentence_transformers.base.modules.router.Router"}]
    found = prompts_of(saying(tmp_path / "m", modules=modules), "m")
    assert found.apart and found.told


def test_files_that_say_nothing_useful_are_passed_over(tmp_path):
    folder = saying(tmp_path / "m", modules={"a": 1}, config_sentence_transformers=[1])
    (folder / "config.json").write_text("{", encoding="utf-8")
    assert prompts_of(folder, "m") == Prompts()


class Model:
    """In the model's place: says what it is asked; a vector is of what it was asked with."""

    def __init__(self):
        self.asked = []

    def encode_query(self, texts, prompt, **rest):
        return self._vectors("query", texts, prompt)

    def encode_document(self, texts, prompt, **rest):
        return self._vectors("document", texts, prompt)

    def _vectors(self, way, texts, prompt):
        self.asked += [(way, prompt, text) for text in texts]
        digests = [hashlib.sha256(f"{way}{prompt}{text}".encode()).digest() for text in texts]
        found = np.array([[*digest] for digest in digests], dtype=np.float32) - 128
        return found / np.linalg.norm(found, axis=1, keepdims=True)


def opened(folder, name, cache=None):
    embedder = Embedder(folder, name, cache=cache)
    embedder._model = Model()
    return embedder


def test_a_text_is_embedded_once_a_role_and_read_from_disk_in_its_role(tmp_path):
    first = opened(tmp_path, "e5-small@1", tmp_path / "cache")
    asked, read = first.embed(["a"]), first.embed(["a"], PASSAGE)
    assert first._model.asked == [("query", "query: ", "a"), ("document", "passage: ", "a")]
    assert not np.array_equal(asked, read)
    later = opened(tmp_path, "e5-small@1", tmp_path / "cache")
    np.testing.assert_array_equal(later.embed(["a"], PASSAGE), read)
    np.testing.assert_array_equal(later.embed(["a"], QUERY), asked)
    assert later._model.asked == []
    later.as_if_new(["a"])
    later.embed(["a"], PASSAGE)
    assert len(later._model.asked) == 1, "it was forgotten in both roles"


def test_what_stays_on_disk_stays_in_every_role(tmp_path):
    for role in (QUERY, PASSAGE):
        opened(tmp_path, "e5-small@1", tmp_path / "cache").embed(["kept", "secret"], role)
    assert forget(tmp_path / "cache", ["kept"]) == 2
    later = opened(tmp_path, "e5-small@1", tmp_path / "cache")
    later.embed(["kept"]), later.embed(["kept"], PASSAGE)
    assert later._model.asked == []


def test_vectors_that_were_kept_without_prompts_are_still_found_where_none_are_wanted(tmp_path):
    """The names on disk are those of before, letter for letter."""
    embedder = opened(tmp_path, "plain@1", tmp_path)
    assert embedder._cache == tmp_path / hashlib.sha256(b"plain@1 float32").hexdigest()[:12]
    assert key_of("a") == hashlib.sha256(b"a").hexdigest()[:32]
    embedder.embed(["a"])
    embedder.embed(["a"], PASSAGE)
    assert len(embedder._model.asked) == 1, "one vector serves both roles"
    (shard,) = tmp_path.glob("*/*.npz")
    assert np.load(shard)["keys"].tolist() == [key_of("a")]


def test_vectors_that_were_kept_before_a_model_got_its_prompts_are_not_taken(tmp_path):
    without = tmp_path / hashlib.sha256(b"e5-small@1 float32").hexdigest()[:12]
    assert opened(tmp_path, "e5-small@1", tmp_path)._cache != without


CHUNKS = [
    Chunk(f"{at}", f"{at}.md", None, "", "", text, 0, len(text)) for at, text in enumerate("abc")
]


def test_an_index_embeds_passages_as_passages_and_questions_as_questions(tmp_path):
    embedder = opened(tmp_path, "bge-small-en")
    index = Index.build(CHUNKS, embedder)
    assert [(way, prompt) for way, prompt, _ in embedder._model.asked] == [("document", "")] * 3
    embedder._model.asked.clear()
    for name in ("dense", "hybrid", "rrf"):
        index.using(name).search([f"q {name}"], 1)
    assert [(way, prompt) for way, prompt, _ in embedder._model.asked] == [("query", BGE)] * 3


def test_an_index_without_the_prompts_that_are_now_wanted_is_refused(tmp_path):
    Index.build(CHUNKS, opened(tmp_path, "plain")).save(tmp_path / "index")
    manifest = tmp_path / "index" / "manifest.json"
    told = json.loads(manifest.read_text(encoding="utf-8"))
    for before in (told, {key: one for key, one in told.items() if key != "prompts"}):
        manifest.write_text(json.dumps(before), encoding="utf-8")
        assert Index.load(tmp_path / "index", opened(tmp_path, "plain")).chunks == CHUNKS
    manifest.write_text(json.dumps(told | {"embedder": "e5-small"}), encoding="utf-8")
    with pytest.raises(IndexMismatchError, match="prompts"):
        Index.load(tmp_path / "index", opened(tmp_path, "e5-small"))

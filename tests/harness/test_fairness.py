import dataclasses
import hashlib
import os
import subprocess
import sys
import time

import pytest

from harness.contention import Contention, Meter
from harness.disk import write_json
from harness.fairness import NO_ANSWER_FAILED, fairness
from harness.prompts import rendering
from harness.so_far import SoFar
from harness.store import Cell, Run
from harness.types import Answer, Example, Failure, Preparation, Task, TaskSpec
from tests.advisor.report_runs import put, start

SPEC = TaskSpec("desk", "label", "Sort.", labels=("a", "b"))
HELDOUT = tuple(Example(f"h{i}", f"message {i}", ("a",)) for i in range(4))
TASK = Task(SPEC, (Example("t", "x", ("a",)),), (Example("d", "y", ("b",)),), HELDOUT, (), "f1")


@pytest.fixture
def run(tmp_path) -> Run:
    return start(tmp_path / "runs" / "second", TASK, ["prompt-s0", "rag-s0"])


def cell(rung: str = "prompt", ids=("h0", "h1", "h2", "h3"), failed=(), **more) -> Cell:
    values = {
        "cell": f"{rung}-s0",
        "rung": rung,
        "seed": 0,
        "preparation": Preparation({}, {"dev_answers": 12}),
        "answers": tuple(Answer(name, "a") for name in ids),
        "failures": tuple(Failure(name, "prompt_too_long", "") for name in failed),
        "answer_s": 1.0,
        "peak_memory_bytes": 1,
        "path": "engine",
        "device": "cpu",
        "precision": "float32",
        "rendering": "r1",
        "contention": Contention(0.0, 2),
    }
    return Cell(**{**values, **more})


def lines(run: Run, *cells: Cell, heldout=HELDOUT, **rights) -> dict[str, tuple[bool, str]]:
    checks = fairness(run, run.plan(), cells, heldout, rights)
    return {line.check: (line.holds, line.detail) for line in checks}


def one(found: dict[str, tuple[bool, str]], start_of_check: str) -> tuple[bool, str]:
    (line,) = [value for check, value in found.items() if check.startswith(start_of_check)]
    return line


def earlier(run: Run, name: str, task: Task = TASK, *, finished: bool = True, **plan) -> Run:
    other = start(run.folder.parent / name, task, ["prompt-s0"])
    if finished:
        write_json(other.folder / "experiment.json", {})
    if plan:
        write_json(other.folder / "run.json", dataclasses.replace(other.plan(), **plan))
    return other


def test_a_fair_run_holds_on_every_line(run):
    found = lines(run, cell(), cell("rag"), cell("majority", path="", device=""))
    unknown = [check for check, (holds, _) in found.items() if holds is None]
    assert unknown == ["The held-out questions are real and reviewed"], "rows do not say so"
    assert not [check for check, (holds, _) in found.items() if holds is False], found
    assert one(found, "Every rung answered") == (True, "4 questions, each once per rung and seed")
    effort = one(found, "Effort is on record")[1]
    assert effort.startswith("quick; ") and effort.count(" 12") == 2, "the floors spend nothing"


@pytest.mark.parametrize(
    "ids", [("h0", "h1", "h2"), ("h0", "h1", "h2", "h3", "h3"), ("h0", "h1", "h2", "other")]
)
def test_a_question_left_out_or_doubled_or_foreign_is_named(run, ids):
    found = lines(run, cell(), cell("rag", ids))
    assert one(found, "Every rung answered") == (False, "rag-s0")


def test_a_failure_counts_as_asked_and_is_told_on_its_own_line(run):
    found = lines(run, cell("rag", ("h0", "h1", "h2"), ("h3",)))
    assert one(found, "Every rung answered")[0]
    assert found[NO_ANSWER_FAILED] == (False, "1 failed; not counted as wrong or right")


def test_rungs_on_different_devices_or_implementations_are_not_the_same_model(run):
    for other in ({"device": "cuda"}, {"path": "library"}, {"precision": "bfloat16"}):
        holds, detail = one(lines(run, cell(), cell("rag", **other)), "Same base model")
        assert not holds
        assert "engine on cpu" in detail and next(iter(other.values())) in detail


def test_rungs_with_other_weights_are_not_the_same_model_and_those_of_one_are_named(run):
    mine, other = cell(weights="aaaa"), cell("rag", weights="bbbb")
    holds, detail = one(lines(run, mine, other), "Same base model")
    assert not holds and "weights aaaa and bbbb" in detail
    holds, detail = one(lines(run, mine, cell("rag", weights="aaaa")), "Same base model")
    assert holds and "weights aaaa, engine on cpu" in detail
    assert "weights not recorded" in one(lines(run, cell()), "Same base model")[1]


def test_what_stands_behind_the_name_of_a_served_model_is_not_known(run):
    plan = dataclasses.replace(run.plan(), generator="openai:http://127.0.0.1:8000/v1#name")
    checks = fairness(run, plan, [cell(), cell("rag")], HELDOUT, {})
    found = {one.check: one.holds for one in checks}
    assert found["Same base model for all rungs"] is None


def test_answers_of_a_model_that_takes_no_temperature_are_not_called_greedy(run):
    n = run.plan().max_new_tokens
    told = f"one renderer, greedy, at most {n} new tokens"
    assert one(lines(run, cell(), cell("rag")), "Same system prompt")[1].startswith(told)
    asked = "max_completion_tokens for max_tokens, no temperature"
    found = lines(run, cell(manner=asked), cell("rag", manner=asked))
    assert one(found, "Same system prompt")[1].startswith(
        f"one renderer, not greedy, for the model takes no temperature, at most {n} new tokens as "
        "max_completion_tokens, with what the model thinks before it answers"
    )


def test_the_first_look_at_a_held_out_set_is_fresh(run):
    assert one(lines(run, cell()), "The held-out set is fresh") == (
        True,
        "first run on this held-out set",
    )


def test_an_earlier_look_at_the_same_questions_is_counted_whatever_else_changed(run):
    earlier(run, "first")
    changed = dataclasses.replace(TASK, train=(*TASK.train, *TASK.dev), fingerprint="f2")
    earlier(run, "other", changed)
    holds, detail = one(lines(run, cell()), "The held-out set is fresh")
    assert not holds
    assert detail.startswith("3 runs of this project used it")


def test_runs_that_showed_nobody_anything_are_not_counted(run):
    earlier(run, "never-finished", finished=False)
    earlier(run, "afterwards", created="2030-01-01T00:00:00.000+00:00")
    others = tuple(Example(f"n{i}", f"another message {i}", ("a",)) for i in range(3))
    earlier(run, "other-questions", dataclasses.replace(TASK, heldout=(HELDOUT[0], *others)))
    damaged = earlier(run, "damaged")
    (damaged.folder / "run.json").write_text("{", encoding="utf-8")
    unreadable = earlier(run, "without-data")
    (unreadable.folder / "data" / "queries.jsonl").unlink()
    assert one(lines(run, cell()), "The held-out set is fresh")[0]


def test_a_run_that_was_stopped_after_it_told_a_rung_s_score_was_a_look(run):
    for name, rung, told in (("one", "majority", 1), ("two", "prompt", 2)):
        other = earlier(run, name, finished=False)
        put(other, rung, 0, [Answer(e.id, "a") for e in HELDOUT])
        so_far = SoFar(other, dataclasses.replace(other.plan(), cells=(f"{rung}-s0",)))
        so_far.tell([f"{rung}-s0"])
        assert [event.kind for event in other.events()[0]] == ["scored"]
        holds, detail = one(lines(run, cell()), "The held-out set is fresh")
        assert holds is (told == 1)
    assert detail.startswith("2 runs of this project used it")


def test_decoding_among_allowed_answers_only_is_told(run):
    _, plain = one(lines(run, cell()), "Same system prompt")
    _, told = one(lines(run, cell(), cell("constrained")), "Same system prompt")
    assert "allowed" not in plain
    assert told == f"{plain}; constrained prompt: among allowed answers only"
    weighed = dataclasses.replace(
        cell("constrained"), preparation=Preparation({"calibrated": True}, {})
    )
    _, more = one(lines(run, cell(), weighed), "Same system prompt")
    assert more == f"{told}, labels of the constrained prompt by what the question adds to each"
    first = dataclasses.replace(cell("rag"), preparation=Preparation({"layout": "closest first"}))
    _, laid = one(lines(run, cell(), first), "Same system prompt")
    assert laid == f"{plain}; passages of retrieval stand closest first"


# --- the prompt, the settings, the held-out file -------------------------------------------------


def test_a_cell_that_was_asked_with_another_prompt_is_named_and_an_old_one_is_not_known(run):
    holds, detail = one(lines(run, cell(), cell("rag", rendering="r2")), "Same system prompt")
    assert holds is False and "asks differently now" in detail
    assert one(lines(run, cell(), cell("rag", rendering="")), "Same system prompt")[0] is None


def test_any_change_of_instruction_or_layout_changes_the_check_sum():
    sums = {
        rendering(SPEC),
        rendering(dataclasses.replace(SPEC, instruction="Sort well.")),
        rendering(dataclasses.replace(SPEC, labels=("a", "c"))),
        rendering(dataclasses.replace(SPEC, abstention="No.")),
    }
    assert len(sums) == 4
    assert rendering(SPEC) == rendering(dataclasses.replace(SPEC, name="other", metric="x"))


def test_scoring_the_same_again_is_no_new_look_and_other_settings_are(run):
    chosen, other = Preparation({"passages": 2}), Preparation({"passages": 3})
    first = one(lines(run, cell(), cell("rag", preparation=chosen)), "Nothing was chosen")
    again = one(lines(run, cell(), cell("rag", preparation=chosen)), "Nothing was chosen")
    assert first == again and first[0]
    more = lines(run, cell(), cell("rag", preparation=chosen), cell("finetune"))
    assert one(more, "Nothing was chosen")[0], "a rung that was added is no second look"
    holds, detail = one(lines(run, cell(), cell("rag", preparation=other)), "Nothing was chosen")
    assert holds is False and "scored with 2 different settings" in detail


def test_a_held_out_file_that_was_changed_after_it_was_scored_is_told(run):
    file = run.folder / "data" / "heldout.jsonl"
    total = hashlib.sha256(file.read_bytes()).hexdigest()
    assert one(lines(run, cell()), "Nothing was chosen")[1].endswith(f"check sum {total[:12]}")
    file.write_bytes(file.read_bytes().replace(b'"a"', b'"b"', 1))
    holds, detail = one(lines(run, cell()), "Nothing was chosen")
    assert holds is False and "changed after it was first scored" in detail


# --- training -------------------------------------------------------------------------------------


def test_a_training_that_was_ended_by_hand_or_given_up_is_told(run):
    check = "Every training came to its own end"
    learned = {"training_rows": 9}
    assert check not in lines(run, cell())
    assert lines(run, cell("finetune", preparation=Preparation(learned)))[check][0] is True
    by_hand = Preparation({**learned, "stopped_by_user": "after step 3 of 9"})
    holds, detail = lines(run, cell("finetune", preparation=by_hand))[check]
    assert holds is False and detail.startswith("finetune-s0 was ended by hand after step 3 of 9")
    broken = Preparation({**learned, "ended_because": "the loss became nan at step 5"})
    holds, detail = lines(run, cell("finetune", preparation=broken))[check]
    assert holds is False and "finetune-s0 was given up: the loss became nan at step 5" in detail


# --- what the model knows ------------------------------------------------------------------------

READER = (True, True, True, True)


@pytest.mark.parametrize(
    ("prompt", "holds", "said"),
    [
        ((True, False, False, False), True, "1 of 4 document questions right (25 %)"),
        ((True, True, False, False), False, "2 of 4 document questions right (50 %)"),
        ((None, True, False, False), True, "1 of 3 document questions right (33 %)"),
        ((None, None, None, None), None, "no scored answer"),
    ],
)
def test_what_the_model_answers_without_documents_is_counted(run, prompt, holds, said):
    found = one(lines(run, cell(), prompt=prompt, rag=READER), "The model does not already")
    assert found[0] is holds and said in found[1]


def test_questions_that_nothing_answers_are_not_counted_as_known(run):
    items = (*HELDOUT[:3], dataclasses.replace(HELDOUT[3], references=()))
    found = lines(run, cell(), heldout=items, prompt=(True, False, False, True), rag=READER)
    assert "1 of 3" in one(found, "The model does not already")[1]


def test_without_a_rung_that_reads_nothing_is_claimed_and_without_the_prompt_nothing_known(run):
    assert not [c for c in lines(run, cell(), prompt=READER) if c.startswith("The model does not")]
    assert one(lines(run, cell(), rag=READER), "The model does not already")[0] is None


# --- the machine ---------------------------------------------------------------------------------


def test_a_busy_machine_is_told_with_the_rungs_that_it_slowed(run):
    found = lines(run, cell(), cell("rag", contention=Contention(0.9, 2)))
    holds, detail = one(found, "The machine was quiet")
    assert holds is False
    assert "0.9 of 2 usable cores busy (retrieval)" in detail and "times of retrieval" in detail
    assert one(lines(run, cell(contention=None)), "The machine was quiet")[0] is None


def test_the_meter_tells_own_work_from_that_of_others():
    core = min(os.sched_getaffinity(0))
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    burn = "import time\nend = time.time() + 30\nwhile time.time() < end: pass"
    other = subprocess.Popen([sys.executable, "-c", burn])
    try:
        meter = Meter()
        until = time.monotonic() + 2
        while time.monotonic() < until:
            sum(range(1000))
        shared = meter.read()
    finally:
        other.kill()
        other.wait()
        os.sched_setaffinity(0, mine)
    assert shared.cores == 1
    assert 0.2 < shared.others <= 1.1, "a neighbour on the same core takes about half of it"
    assert not shared.quiet


def test_too_short_a_look_says_nothing():
    assert Meter().read() is None


# --- the questions -------------------------------------------------------------------------------


def tagged(*tags):
    return tuple(
        dataclasses.replace(example, tags=() if tag is None else (tag,))
        for example, tag in zip(HELDOUT, tags, strict=True)
    )


@pytest.mark.parametrize(
    ("tags", "holds", "said"),
    [
        ([("synthetic", "yes"), ("synthetic", "no"), None, None], False, "1 of 4 say"),
        ([("Reviewed", "TRUE")] * 4, True, "0 of 4 say"),
        ([("reviewed", "1"), ("reviewed", "1"), ("reviewed", "1"), None], None, "1 say nothing"),
        ([("reviewed", "no")] * 4, False, "4 of 4 say"),
        ([("origin", "LLM"), None, None, None], False, "1 of 4 say"),
        ([("channel", "mail")] * 4, None, "the rows do not say"),
        ([("reviewed", "perhaps")] * 4, None, "the rows do not say"),
    ],
)
def test_rows_that_say_they_were_made_up_or_not_reviewed_are_counted(run, tags, holds, said):
    found = one(lines(run, cell(), heldout=tagged(*tags)), "The held-out questions are real")
    assert found[0] is holds and said in found[1]

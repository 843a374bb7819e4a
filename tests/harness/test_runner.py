import dataclasses
from collections.abc import Callable

import pytest
from filelock import FileLock

from harness.errors import JobError
from harness.runner import (
    is_running,
    run_check,
)
from harness.store import Run
from harness.types import Answer, Example, Failure, Task, TaskSpec
from harness.watch import STARTING, announce
from tests.advisor.report_runs import put, start
from tests.conftest import LABELS, label_rows

SPEC = TaskSpec("desk", "label", "Sort the message.", labels=LABELS)
ROWS = tuple(Example(f"e{i}", r["text"], (r["label"],)) for i, r in enumerate(label_rows(60)))
TASK = Task(SPEC, ROWS[:30], ROWS[30:40], ROWS[40:], (), "f00d")


# The cells, with processes that are only played


class Processes:
    """Stands in for `run_process`: finishes every cell, but for those it has a fate for."""

    def __init__(self, fates: dict[str, Callable[[Run], int]] | None = None) -> None:
        self.fates, self.calls = fates or {}, []

    def __call__(self, run: Run, cells: list[str], watch: Callable[[], None]) -> int:
        self.calls.append(list(cells))
        for cell in cells:
            if cell in self.fates:
                status = self.fates[cell](run)
                watch()
                return status
            rung, _, seed = cell.rpartition("-s")
            answers = [Answer(example.id, "login") for example in TASK.heldout]
            put(run, rung, int(seed), answers)
        watch()
        return 0


@pytest.fixture
def play(tmp_path, monkeypatch):
    def played(cells: list[str], fates=None) -> tuple[Run, Processes]:
        processes = Processes(fates)
        monkeypatch.setattr("harness.runner.run_process", processes)
        run = Run(tmp_path / "runs" / "first")
        if not (run.folder / "run.json").is_file():
            run = start(run.folder, TASK, cells)
        return run, processes

    return played


CELLS = ["majority-s0", "nearest-s0", "linear-s0", "prompt-s0", "rag-s0", "finetune-s0"]


def says(message: str, cell: str) -> Callable[[Run], int]:
    def fate(run: Run) -> int:
        run.say("failed", message, cell, {"fix": "mend it"})
        return 2

    return fate


def test_floors_share_a_process_and_every_other_cell_has_its_own(play):
    run, processes = play(CELLS)
    experiment = run_check(run)
    assert processes.calls == [CELLS[:3], ["prompt-s0"], ["rag-s0"], ["finetune-s0"]]
    assert list(experiment.rungs) == ["prompt", "rag", "finetune"]
    assert experiment.failed == {}


def test_a_failed_cell_stops_no_other_one_also_not_in_its_own_process(play):
    fates = {"nearest-s0": says("no words", "nearest-s0"), "rag-s0": says("no index", "rag-s0")}
    run, processes = play(CELLS, fates)
    experiment = run_check(run)
    assert experiment.failed == {"nearest-s0": "no words", "rag-s0": "no index"}
    assert (list(experiment.rungs), list(experiment.floors)) == (
        ["prompt", "finetune"],
        ["majority", "linear"],
    )
    assert processes.calls[:2] == [CELLS[:3], ["linear-s0"]]
    assert run.events()[0][-1].figures == {"failed": experiment.failed}


def test_a_cell_that_dies_without_a_word_is_named_with_the_last_line_of_its_log(play):
    def dies(run: Run) -> int:
        log = run.cell_file("rag-s0", ".log")
        log.write_text("Traceback …\nValueError: there is nothing to index\n", encoding="utf-8")
        return 1

    run, _ = play(CELLS, {"rag-s0": dies, "finetune-s0": lambda run: 1})
    experiment = run_check(run)
    ended, _ = play(CELLS, {"finetune-s0": lambda run: -15})
    assert run_check(ended).failed["finetune-s0"].endswith("word (ended by signal SIGTERM)")
    assert experiment.failed == {
        "rag-s0": "ValueError: there is nothing to index",
        "finetune-s0": "the process ended without a word (exit status 1)",
    }
    event = next(e for e in run.events()[0] if (e.kind, e.cell) == ("failed", "rag-s0"))
    assert event.message == experiment.failed["rag-s0"] and "--run first" in event.figures["fix"]


def test_a_killed_process_is_told_as_that_whatever_it_printed_last(play):
    def killed(run: Run) -> int:
        run.cell_file("rag-s0", ".log").write_text("Loading weights: 100%\n", encoding="utf-8")
        return -9

    run, _ = play(CELLS, {"rag-s0": killed})
    why = "the process was killed, most often for lack of memory"
    assert run_check(run).failed == {"rag-s0": why}


def test_where_no_rung_could_be_finished_every_cell_says_why(play):
    fates = {cell: says(f"no {cell}", cell) for cell in CELLS[3:]}
    run, _ = play(CELLS, fates)
    with pytest.raises(JobError) as raised:
        run_check(run)
    assert [str(p) for p in raised.value.problems] == [f"{c}: no {c}" for c in CELLS[3:]]
    assert not (run.folder / "experiment.json").exists()


def test_a_later_try_runs_only_what_is_open_and_forgets_the_old_failure(play):
    run, _ = play(CELLS, {"rag-s0": says("out of memory", "rag-s0")})
    run_check(run)
    run, processes = play(CELLS)
    experiment = run_check(run)
    assert processes.calls == [["rag-s0"]]
    assert experiment.failed == {} and "rag" in experiment.rungs


def test_a_request_to_stop_ends_the_check_and_keeps_what_is_finished(play):
    def asked_to_stop(run: Run) -> int:
        run.cancel_file.touch()
        return 0

    run, processes = play(CELLS, {"rag-s0": asked_to_stop})
    with pytest.raises(JobError, match="stopped on request; what is finished is kept"):
        run_check(run)
    assert run.finished("prompt-s0") and processes.calls[-1] == ["rag-s0"]
    assert run.events()[0][-1].kind == "cancelled"
    run, processes = play(CELLS)
    assert "finetune" in run_check(run).rungs, "an old request does not stop the next try"


def test_a_request_made_while_the_check_was_starting_stops_it_and_no_later_one(play):
    run, processes = play(CELLS)
    announce(run, STARTING)
    run.cancel_file.touch()
    with pytest.raises(JobError, match="stopped on request"):
        run_check(run)
    assert processes.calls == [] and run.events()[0][-1].kind == "cancelled"
    announce(run, STARTING)
    assert "finetune" in run_check(run).rungs


def test_every_event_is_passed_on_once(play):
    run, _ = play(CELLS, {"rag-s0": says("no index", "rag-s0")})
    run.say("doing", "from before")
    seen = []
    run_check(run, seen.append)
    told = ["scored"] * 4  # floors and prompt
    assert [event.kind for event in seen] == ["started", *told, "failed", "scored", "finished"]


def test_a_run_is_running_while_its_lock_is_held(play):
    run, _ = play(CELLS)
    assert not is_running(run)
    with FileLock(run.folder / "check.lock"):
        assert is_running(run)
    assert not is_running(run)


# Climbing


@pytest.fixture
def climbing(play):
    """Cells of a run that climbs to 80 %; rungs named to it answer everything rightly."""

    def climbs(cells: list[str], *right: str, fates=None) -> tuple[Run, Processes]:
        def knows(rung: str, seed: int) -> Callable[[Run], int]:
            def fate(run: Run) -> int:
                put(run, rung, seed, [Answer(e.id, e.references[0]) for e in TASK.heldout])
                return 0

            return fate

        known = {c: knows(c[:-3], int(c[-1])) for c in cells if c[:-3] in right}
        run, processes = play(cells, {**known, **(fates or {})})
        run.change_plan(dataclasses.replace(run.plan(), climb=True, target=0.8))
        return run, processes

    return climbs


def test_a_climb_stops_at_the_first_rung_that_reaches_the_target(climbing):
    run, processes = climbing(CELLS, "rag", "finetune")
    experiment = run_check(run)
    assert processes.calls[-1] == ["rag-s0"]
    assert list(experiment.rungs) == ["prompt", "rag"]
    assert experiment.not_run == {"finetune": "a lower rung reached the target of 80 %"}
    assert experiment.failed == {}


def test_a_climb_on_which_no_rung_reaches_the_target_runs_them_all(climbing):
    run, _ = climbing(CELLS)
    experiment = run_check(run)
    assert list(experiment.rungs) == ["prompt", "rag", "finetune"] and experiment.not_run == {}


def test_a_rung_is_good_enough_only_when_all_its_seeds_are_there(climbing):
    cells = ["prompt-s0", "finetune-s0", "finetune-s1", "rag_finetune-s0"]
    run, processes = climbing(cells, "finetune")
    assert list(run_check(run).not_run) == ["rag_finetune"]
    assert processes.calls[-1] == ["finetune-s1"]


def test_a_rung_with_a_failed_seed_does_not_end_the_climb(climbing):
    cells = ["prompt-s0", "finetune-s0", "finetune-s1", "rag_finetune-s0"]
    fates = {"finetune-s1": says("out of memory", "finetune-s1")}
    run, _ = climbing(cells, "finetune", fates=fates)
    experiment = run_check(run)
    assert list(experiment.rungs) == ["prompt", "finetune", "rag_finetune"]
    assert experiment.not_run == {}


def test_a_climb_that_stopped_can_go_on_to_what_it_left_out(climbing, play):
    run, _ = climbing(CELLS, "prompt")
    assert list(run_check(run).not_run) == ["rag", "finetune"]
    run, processes = play(CELLS)
    assert list(run_check(run).not_run) == ["rag", "finetune"]
    assert processes.calls == [], "what is known already is not measured again"
    run.change_plan(dataclasses.replace(run.plan(), climb=False))
    experiment = run_check(run)
    assert processes.calls == [["rag-s0"], ["finetune-s0"]] and experiment.not_run == {}


# Scores while others are at work


def scores(run: Run) -> dict[str, dict]:
    events, _ = run.events()
    told = [event for event in events if event.kind == "scored"]
    assert len({event.cell for event in told}) == len(told), "told twice"
    return {event.cell: event.figures for event in told}


def test_a_score_is_told_as_soon_as_a_rung_is_finished_and_is_the_one_of_the_result(play):
    seen: dict[str, list[str]] = {}

    def fate(run: Run) -> int:
        seen["before finetune"] = list(scores(run))
        put(run, "finetune", 0, [Answer(e.id, e.references[0]) for e in TASK.heldout])
        return 0

    run, _ = play(CELLS, {"finetune-s0": fate})
    experiment = run_check(run)
    assert seen["before finetune"] == CELLS[:-1]
    told = scores(run)
    assert list(told) == CELLS
    arms = {**experiment.floors, **experiment.rungs}
    for cell, figures in told.items():
        wanted = arms[cell.removesuffix("-s0")].scores[experiment.task.metric]
        assert (figures["mean"], figures["low"], figures["high"]) == (
            wanted.mean, wanted.low, wanted.high
        )  # fmt: skip
        assert figures["n"] == 20
    assert told["finetune-s0"]["mean"] == 1


def test_of_several_trainings_one_score_is_told_when_all_are_finished(play):
    cells = ["prompt-s0", "finetune-s0", "finetune-s1"]
    run, _ = play(cells)
    run_check(run)
    assert list(scores(run)) == ["prompt-s0", "finetune-s1"]


def test_of_a_rung_with_a_failed_training_no_score_is_told(play):
    cells = ["prompt-s0", "finetune-s0", "finetune-s1"]
    run, _ = play(cells, {"finetune-s1": says("out of memory", "finetune-s1")})
    run_check(run)
    assert list(scores(run)) == ["prompt-s0"]


def test_a_run_that_goes_on_tells_what_it_finishes_and_nothing_twice(play):
    def stop(run: Run) -> int:
        run.cancel_file.touch()
        return 0

    run, _ = play(CELLS, {"rag-s0": stop})
    with pytest.raises(JobError):
        run_check(run)
    assert list(scores(run)) == CELLS[:4]
    run.cancel_file.unlink()
    play(CELLS)
    run_check(run)
    assert list(scores(run)) == CELLS


def test_a_rung_that_was_finished_by_a_process_that_could_not_tell_is_told_by_the_next(play):
    run, _ = play(CELLS)
    put(run, "prompt", 0, [Answer(e.id, "login") for e in TASK.heldout])  # before anything was told
    run_check(run)
    assert sorted(scores(run)) == sorted(CELLS)


def test_questions_that_failed_are_told_with_the_score(play):
    def fate(run: Run) -> int:
        failed, *answered = TASK.heldout
        answers = [Answer(example.id, "login") for example in answered]
        put(run, "rag", 0, answers, [Failure(failed.id, "timeout", "too slow")])
        return 0

    run, _ = play(CELLS, {"rag-s0": fate})
    run_check(run)
    told = scores(run)["rag-s0"]
    assert (told["n"], told["n_failed"]) == (19, 1)


# With processes that are real


@pytest.mark.slow
def test_real_processes_fail_one_by_one_and_the_rest_is_measured(tmp_path, tiny_model):
    model = tiny_model.as_posix()
    cells = ["majority-s0", "nearest-s0", "prompt-s0", "rag-s0"]
    run = start(tmp_path / "project" / "runs" / "first", TASK, cells)
    plan = dataclasses.replace(run.plan(), generator=model, embedder=model, max_new_tokens=4)
    run.create(plan, TASK)
    # a folder where a file belongs: this floor cannot write what it learned
    run.cell_file("majority-s0", ".prepared.json").mkdir(parents=True)
    experiment = run_check(run)
    assert list(experiment.failed) == ["majority-s0", "rag-s0"]
    assert "cannot write" in experiment.failed["majority-s0"]
    assert experiment.failed["rag-s0"] == "ValueError: there is nothing to index"
    assert list(experiment.floors) == ["nearest"] and list(experiment.rungs) == ["prompt"]
    prompt = run.cell("prompt-s0")
    assert len(prompt.answers) == len(TASK.heldout) and prompt.answer_s > 0
    assert not run.cell_file("prompt-s0", ".partial.jsonl").exists()

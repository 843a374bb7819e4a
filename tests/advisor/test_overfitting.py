"""What a training leaves in words: that it learned by heart, was ended, or gave something up."""

import dataclasses
from html import unescape

import pytest

from advisor.diagnosis import besides
from advisor.workflow import experiment_of, write_report
from harness.disk import write_json
from harness.types import Answer, Example, Task, TaskSpec
from tests.advisor.report_runs import finish, put, smallest, start

N = 40


def curve(*losses: tuple[float, float]) -> list[dict]:
    """Looks with loss on train and on dev."""
    return [
        {"step": i, "epoch": float(i), "train_loss": train, "dev_loss": dev, "dev_metric": None}
        for i, (train, dev) in enumerate(losses, 1)
    ]


def trained(folder, *curves, best=None, **settings):
    """A tuned rung, right on half of the questions, with a training a seed.

    `best` is what the trial says of the state that was kept.
    """
    spec = TaskSpec("desk", "label", "Sort.", labels=("a", "b"), metric="accuracy_score")
    items = tuple(Example(f"h{i}", f"message {i}", ("a",)) for i in range(N))
    learned = tuple(Example(f"t{i}", f"x {i}", ("ab"[i % 4 == 0],)) for i in range(20))
    task = Task(spec, learned, learned[:2], items, (), "f1")
    cells = [f"finetune-s{seed}" for seed in range(len(curves))]
    run = start(folder / "runs" / "only", task, cells)
    for seed, points in enumerate(curves):
        put(run, "finetune", seed, [Answer(e.id, "ab"[i % 2]) for i, e in enumerate(items)],
            learning_rate=0.001, training_rows=20, **settings)  # fmt: skip
        cell = run.cell(f"finetune-s{seed}")
        tried = [{"learning_rate": 0.002, "curve": curve((9, 1), (8, 2), (7, 3), (6, 4))},
                 {"learning_rate": 0.001, "curve": points, **(best or {})}]  # fmt: skip
        effort = {**cell.preparation.effort, "tried": tried, "given_up": {"0.1": "it became nan"}}
        prepared = dataclasses.replace(cell.preparation, effort=effort)
        write_json(run.cell_file(cell.cell), dataclasses.replace(cell, preparation=prepared))
    finish(run, None)
    return run


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ([(1.0, 0.9), (0.8, 0.8), (0.7, 0.75)], None),
        ([(1.0, 0.9), (0.9, 0.91), (0.8, 0.92)], None),
        ([(1.0, 0.9), (0.9, 0.91), (0.8, 0.92), (0.7, 0.93)], "rose at 3 looks in a row"),
        ([(0.7, 0.9), (0.8, 0.91), (0.9, 0.92), (1.0, 0.93)], None),
        ([(0.2, 0.9), (0.1, 0.8)], "is 0.80 where it is 0.10"),
        ([(0.01, 0.04)], None),
    ],
    ids=["falling", "two looks", "three looks", "both rise", "far apart", "both tiny"],
)
def test_a_training_that_learns_by_heart_is_told_from_its_curve(tmp_path, losses, said):
    experiment = experiment_of(trained(tmp_path, curve(*losses)))
    told = [text for text in besides(experiment, "finetune") if "In training, loss" in text]
    assert len(told) == (said is not None)
    assert said is None or said in told[0]


def test_of_several_trainings_the_worst_is_told_and_stands_in_the_file(tmp_path):
    fine = curve((1.0, 0.9), (0.8, 0.8))
    bad = curve((1.0, 0.9), (0.9, 0.91), (0.8, 0.92), (0.7, 0.93))
    experiment = experiment_of(trained(tmp_path, fine, bad))
    (text,) = [t for t in besides(experiment, "finetune") if "loss on dev" in t]
    assert text.startswith("In the worst of its trainings, loss on dev rose at 3 looks")
    found = experiment.diagnostics.rungs["finetune"].overfitting
    assert (found.trainings, found.rising) == (2, 3)
    assert experiment.diagnostics.rungs["finetune"].labels.in_train == 0.75


def test_the_gap_is_that_of_the_state_which_was_kept_not_of_the_least_loss(tmp_path):
    looks = curve((0.9, 1.0), (0.1, 1.6))
    for look, score in zip(looks, (0.5, 0.8), strict=True):
        look["dev_metric"] = score
    run = trained(tmp_path, looks, best={"dev_metric": 0.8, "dev_loss": 1.6})
    experiment = experiment_of(run)
    found = experiment.diagnostics.rungs["finetune"].overfitting
    assert (found.train_loss, found.dev_loss, found.looks) == (0.1, 1.6, 2)
    told = " ".join(besides(experiment, "finetune"))
    assert "loss on dev is 1.60 where it is 0.10 on the training rows" in told


def test_looks_too_few_to_tell_are_said_to_be_too_few(tmp_path):
    few = trained(tmp_path / "few", curve((1.0, 0.9), (0.8, 0.8)))
    said = "Dev was looked at 2 times in training: too few to see"
    assert any(said in text for text in besides(experiment_of(few), "finetune"))
    more = trained(tmp_path / "more", curve((1.0, 0.9), (0.8, 0.8), (0.7, 0.7), (0.6, 0.65)))
    assert not any("Dev was looked at" in text for text in besides(experiment_of(more), "finetune"))


def test_answers_of_training_rows_given_to_other_questions_are_counted(tmp_path):
    spec = TaskSpec("desk", "answer", "Answer.", metric="token_f1_score")
    learned = [Example(f"t{i}", f"x {i}", (f"It takes {i} days in all here.",)) for i in range(20)]
    items = [Example(f"h{i}", f"message {i}", ("It takes 3 days in all here.",)) for i in range(N)]
    long = "It takes longer than that, we fear."
    texts = ["It takes 7 days in all here!", "It takes 3 days in all here.", long, long]
    task = Task(spec, tuple(learned), tuple(learned[:2]), tuple(items), (), "f1")
    run = start(tmp_path / "runs" / "only", task, ["finetune-s0"])
    put(run, "finetune", 0, [Answer(e.id, texts[i % 4]) for i, e in enumerate(items)])
    finish(run, None)
    experiment = experiment_of(run)
    assert experiment.diagnostics.rungs["finetune"].form.recited.mean == 0.25
    told = " ".join(besides(experiment, "finetune"))
    assert "word for word, the answer to a training question, where another is right" in told


def test_a_rung_that_was_not_trained_has_no_curve(tmp_path):
    run = smallest(tmp_path)
    assert experiment_of(run).diagnostics.rungs["prompt"].overfitting is None


def test_a_report_says_what_was_trained_what_was_given_up_and_what_was_ended(tmp_path):
    ended = {"method": "full", "stopped_by_user": "after step 3 of 9", "batch_rows_at_once": 2}
    run = trained(tmp_path, curve((1.0, 0.9), (0.8, 0.8)), **ended)
    (path,) = write_report(run, ("html",))
    text = unescape(path.read_text(encoding="utf-8"))
    assert "Here all weights of the model were trained, not an adapter." in text
    assert "Learning rate 0.1 was given up: it became nan." in text
    assert "batch rows at once 2" in text
    assert "finetune-s0 was ended by hand after step 3 of 9" in text

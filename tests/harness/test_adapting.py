"""Learning rates tried one after the other: what a kill, a wish or a bad rate leaves of them."""

import dataclasses
import json
import os
import signal

import pytest

from harness.adapting import train_adapter
from harness.answering import Asked
from harness.effort import Effort
from harness.errors import JobError
from harness.prompts import render
from harness.trials import Lesson
from harness.types import Query
from tests.harness.rung_bench import DEV, SPEC, TRAIN, bench
from tuning.recipe import TuningSettings

EFFORT = Effort("tiny", 4, (1,), (1,), 2, 2, 2)
"""Two learning rates, two passes of four steps, two looks at dev."""


def lessons(examples):
    return [Lesson(e, Asked(Query(e.id, e.question), render(SPEC, e.question))) for e in examples]


class Seen:
    """A workbench that tries two learning rates, and what it said."""

    def __init__(self, folder, model, *, do=lambda message, figures: None, **tuning) -> None:
        self.said: list[tuple[str, dict]] = []

        def say(message, figures) -> None:
            self.said.append((message, dict(figures)))
            do(message, figures)

        made = bench(folder, model, "finetune-s1")
        self.bench = dataclasses.replace(
            made, effort=EFFORT, say=say, tuning=TuningSettings(**tuning)
        )

    def train(self):
        return train_adapter(self.bench, lessons(TRAIN), lessons(DEV[:4]))

    def steps(self) -> list[tuple[float, int]]:
        return [(f["learning_rate"], f["step"]) for said, f in self.said if said == "Training"]

    @property
    def adapters(self):
        return self.bench.folder / "adapters"


def at(rate: float, step: int, then):
    """Do something once a step is made."""

    def do(message, figures) -> None:
        if message == "Training" and (figures["learning_rate"], figures["step"]) == (rate, step):
            then()

    return do


@pytest.fixture(scope="module")
def whole(tmp_path_factory, tiny_model):
    seen = Seen(tmp_path_factory.mktemp("whole"), tiny_model)
    return seen, seen.train()


def without_time(prepared):
    effort = json.loads(json.dumps(prepared.effort))
    for trial in effort["tried"]:
        trial.pop("seconds")
    return prepared.settings, effort


def test_two_learning_rates_are_tried_and_the_better_one_alone_is_kept(whole):
    seen, prepared = whole
    assert seen.steps() == [(rate, step) for rate in (3e-3, 1.5e-3) for step in range(1, 9)]
    assert [f.name for f in seen.adapters.iterdir()] == ["finetune-s1"]
    assert not (seen.adapters / "finetune-s1" / "checkpoint").exists()
    assert prepared.settings["method"] == "lora"
    looks = [figures for said, figures in seen.said if said == "Tested on dev"]
    assert [look["step"] for look in looks] == [4, 8, 4, 8]
    assert all(look["dev_loss"] > 0 for look in looks)


def test_after_a_kill_in_the_second_learning_rate_the_first_is_not_trained_again(
    whole, tmp_path, tiny_model
):
    child = os.fork()
    if child == 0:
        try:
            kill = at(1.5e-3, 6, lambda: os.kill(os.getpid(), signal.SIGKILL))
            Seen(tmp_path, tiny_model, do=kill).train()
        finally:
            os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    again = Seen(tmp_path, tiny_model)
    prepared = again.train()
    assert again.steps() == [(1.5e-3, step) for step in range(5, 9)]
    assert ("Training goes on after step 4 of 8", {}) in again.said
    assert without_time(prepared) == without_time(whole[1])
    assert prepared.settings["learning_rate"] == whole[1].settings["learning_rate"]


def test_what_was_trained_is_loaded_and_not_trained_again(whole, tiny_model):
    again = Seen(whole[0].bench.folder, tiny_model)
    assert without_time(again.train()) == without_time(whole[1]) and again.steps() == []


def test_a_learning_rate_whose_record_is_damaged_is_tried_again(whole, tmp_path, tiny_model):
    record = tmp_path / "adapters" / "finetune-s1.lr0.003" / "trial.json"
    record.parent.mkdir(parents=True)
    record.write_text('{"learning_rate": ', encoding="utf-8")
    seen = Seen(tmp_path, tiny_model)
    assert without_time(seen.train()) == without_time(whole[1])
    assert ("The record of a learning rate is damaged: it is tried again", {}) in seen.said


def test_who_has_enough_gets_the_best_so_far_and_no_further_learning_rate(tmp_path, tiny_model):
    file = tmp_path / "enough"
    file.touch()  # an old request does not count
    seen = Seen(tmp_path, tiny_model, do=at(3e-3, 6, file.touch))
    prepared = seen.train()
    assert seen.steps() == [(3e-3, step) for step in range(1, 7)]
    assert prepared.settings["stopped_by_user"] == "after step 6 of 8"
    assert prepared.settings["epochs"] == 1.0, "dev was looked at after four steps"
    assert not file.exists(), "the next rung is not meant"


def test_a_learning_rate_that_diverges_is_given_up_and_the_next_one_makes_up_for_it(
    tmp_path, tiny_model, monkeypatch
):
    monkeypatch.setattr("harness.adapting.learning_rates", lambda *_: (1e30, 1e-3, 5e-4))
    seen = Seen(tmp_path, tiny_model)
    prepared = seen.train()
    assert [trial["learning_rate"] for trial in prepared.effort["tried"]] == [1e-3, 5e-4]
    assert list(prepared.effort["given_up"]) == ["1e+30"]
    assert any(said.startswith("A learning rate was given up: the") for said, _ in seen.said)


def test_where_every_learning_rate_diverges_the_error_says_what_to_do(
    tmp_path, tiny_model, monkeypatch
):
    monkeypatch.setattr("harness.adapting.learning_rates", lambda *_: (1e30, 1e31))
    with pytest.raises(JobError, match="with no learning rate training came to") as caught:
        Seen(tmp_path, tiny_model).train()
    assert "learning_rate under [tuning]" in caught.value.problems[0].fix


def test_what_the_user_decides_about_training_is_done_and_recorded(tmp_path, tiny_model):
    seen = Seen(tmp_path, tiny_model, rank=3, learning_rate=7e-4, batch_rows=15)
    settings = seen.train().settings
    assert seen.steps() == [(7e-4, step) for step in range(1, 5)], "30 rows, 15 a step, twice"
    wanted = {"method": "lora", "rank": 3, "learning_rate": 7e-4, "batch_rows": 15}
    assert wanted.items() <= settings.items()
    config = json.loads((seen.adapters / "finetune-s1/adapter_config.json").read_bytes())
    assert config["r"] == 3


def test_scaling_warm_up_looks_and_patience_that_the_user_decides_are_taken_and_recorded(
    tmp_path, tiny_model
):
    given = {"alpha": 5, "warmup_share": 0.5, "patience": 1}
    seen = Seen(tmp_path, tiny_model, rank=3, learning_rate=7e-4, **given)
    assert given.items() <= seen.train().settings.items()
    rates = [f["rate_now"] for said, f in seen.said if said == "Training"]
    assert rates[:4] == pytest.approx([7e-4 * step / 4 for step in range(1, 5)])
    config = json.loads((seen.adapters / "finetune-s1/adapter_config.json").read_bytes())
    assert (config["r"], config["lora_alpha"]) == (3, 5)


def test_processes_that_share_the_steps_train_the_same_adapter_and_are_recorded(
    tmp_path, tiny_model
):
    alone = Seen(tmp_path / "alone", tiny_model, learning_rate=7e-4)
    shared = Seen(tmp_path / "shared", tiny_model, learning_rate=7e-4, processes=2)
    (mine, theirs) = (seen.train().settings for seen in (shared, alone))
    assert mine == {**theirs, "processes": 2}
    losses = [
        [figures["loss"] for said, figures in seen.said if said == "Training"]
        for seen in (shared, alone)
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4) and len(losses[0]) > 4

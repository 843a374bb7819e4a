"""The training loop: what is seen when, when it stops, and which adapter is kept."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tuning.oracle import opened, some_rows
from tuning.errors import TuningError
from tuning.likelihood import mean_loss
from tuning.models.shared import common_prefix
from tuning.objective import Completions
from tuning.outcome import Evaluated, Watch
from tuning.recipe import AdapterShape, Recipe, adapter_shape, gentler, learning_rates
from tuning.schedule import batches, micro_batches, schedule
from tuning.steps import DivergedError, Steps
from tuning.train import train

RECIPE = Recipe(AdapterShape(4, 8), learning_rate=1e-2, epochs=4, batch_rows=4, evaluations=4)
ROWS = some_rows([(4 + i, 3) for i in range(12)], shared=3)  # three steps an epoch


@pytest.fixture
def model(tiny_model):
    return opened(tiny_model)


def scripted(model, script):
    """An `evaluate` that reads its verdicts from a list; also the true losses it saw."""
    true_losses: list[float] = []

    def evaluate() -> Evaluated:
        true_losses.append(mean_loss(model, ROWS))
        return script[len(true_losses) - 1]

    return evaluate, true_losses


def test_the_best_adapter_is_on_the_model_and_in_the_folder_afterwards(model, tmp_path):
    evaluate, seen = scripted(model, [Evaluated(None, loss) for loss in (3.0, 2.0, 2.5, 2.4)])
    result = train(model, ROWS, RECIPE, tmp_path, evaluate)
    assert [point.dev_loss for point in result.points] == [3.0, 2.0, 2.5, 2.4]
    assert result.best == result.points[1]
    assert (result.best.step, result.best.epoch) == (6, 2.0)
    assert mean_loss(model, ROWS) == seen[1], "not the adapter that was best"
    assert seen[1] not in (seen[0], seen[2], seen[3])
    assert result.folder == tmp_path
    model.load_adapter(None)
    model.load_adapter(tmp_path)
    assert mean_loss(model, ROWS) == seen[1]


@pytest.mark.parametrize(
    ("patience", "losses", "stops_after"),
    [
        (2, [1.0, 2.0, 3.0, 0.5], 3),
        (2, [1.0, 2.0, 0.9, 2.0], 4),
        (1, [1.0, 1.0, 0.1, 0.1], 2),
        (3, [1.0, 2.0, 3.0, 0.5], 4),
    ],
)
def test_training_stops_after_as_many_evaluations_without_improvement_as_patience_says(
    model, tmp_path, patience, losses, stops_after
):
    evaluate, seen = scripted(model, [Evaluated(None, loss) for loss in losses])
    recipe = replace(RECIPE, patience=patience)
    result = train(model, ROWS, recipe, tmp_path, evaluate)
    assert len(seen) == len(result.points) == stops_after
    assert result.steps == 3 * stops_after
    assert result.planned_steps == 12
    assert result.stopped_early == (stops_after < 4)
    assert result.best.dev_loss == min(losses[:stops_after])
    assert mean_loss(model, ROWS) == seen[losses.index(result.best.dev_loss)]


def test_the_metric_decides_and_the_loss_only_between_equal_metrics(model, tmp_path):
    script = [Evaluated(0.5, 1.0), Evaluated(0.7, 3.0), Evaluated(0.7, 2.0), Evaluated(0.6, 0.1)]
    evaluate, seen = scripted(model, script)
    result = train(model, ROWS, RECIPE, tmp_path, evaluate)
    assert (result.best.dev_metric, result.best.dev_loss) == (0.7, 2.0)
    assert mean_loss(model, ROWS) == seen[2]


@pytest.mark.parametrize(
    ("first", "second", "better"),
    [
        (Evaluated(0.5, 9.0), Evaluated(0.4, 1.0), True),
        (Evaluated(0.4, 1.0), Evaluated(0.5, 9.0), False),
        (Evaluated(0.5, 1.0), Evaluated(0.5, 2.0), True),
        (Evaluated(0.5, 1.0), Evaluated(0.5, 1.0), False),
        (Evaluated(None, 1.0), Evaluated(None, 2.0), True),
        (Evaluated(0.0, 1.0), Evaluated(None, 2.0), True),
        (Evaluated(None, 2.0), Evaluated(0.9, 1.0), False),
        (Evaluated(0.34, 1.0, 0.09), Evaluated(0.4, 2.0, 0.09), True),
        (Evaluated(0.34, 2.0, 0.09), Evaluated(0.4, 1.0, 0.09), False),
        (Evaluated(0.3, 1.0, 0.09), Evaluated(0.4, 2.0, 0.09), False),
    ],
)
def test_better_is_a_higher_metric_then_a_lower_loss(first, second, better):
    assert first.better_than(second) is better
    assert first.better_than(None)


def test_progress_and_points_tell_what_happened(model, tmp_path):
    steps = []
    evaluate, seen = scripted(model, [Evaluated(None, 4.0 - i) for i in range(4)])
    result = train(model, ROWS, RECIPE, tmp_path, evaluate, Watch(steps.append))
    assert [one.step for one in steps] == list(range(1, 13))
    assert {one.steps for one in steps} == {12}
    assert [one.epoch for one in steps] == pytest.approx([i / 3 for i in range(1, 13)])
    assert [one.learning_rate for one in steps] == pytest.approx(
        [1e-2 * schedule(i, 12, 0.1) for i in range(1, 13)]
    )
    assert steps[-1].seconds_left == 0.0
    assert [point.step for point in result.points] == [3, 6, 9, 12]
    for at, point in enumerate(result.points):
        own = [one.loss for one in steps[3 * at : 3 * at + 3]]
        assert point.train_loss == pytest.approx(sum(own) / 3)
    assert not result.stopped_early
    assert result.tokens == 4 * sum(len(row.prompt) + len(row.completion) for row in ROWS)
    assert steps[0].loss > steps[-1].loss + 0.1
    assert seen[-1] < seen[0]


def test_the_first_loss_is_the_bases(model, tmp_path):
    first_batch = [ROWS[i] for i in batches(12, 4, 12, 0)[0]]
    base, steps = mean_loss(model, first_batch), []
    train(model, ROWS, RECIPE, tmp_path, lambda: Evaluated(None, 1.0), Watch(steps.append))
    assert steps[0].loss == pytest.approx(base, abs=1e-5)


def test_an_adapter_that_was_there_before_plays_no_part(model, tmp_path):
    runs = []
    for name in ("first", "second"):
        steps = []
        train(
            model, ROWS, RECIPE, tmp_path / name, lambda: Evaluated(None, 1.0), Watch(steps.append)
        )
        runs.append([one.loss for one in steps])
    assert runs[0] == runs[1]


@pytest.mark.parametrize("epochs", [4, 0.25])
def test_a_loss_that_is_no_number_stops_training_with_the_remedy(model, tmp_path, epochs):
    recipe = replace(RECIPE, learning_rate=1e30, epochs=epochs)
    with pytest.raises(TuningError) as caught:
        train(model, ROWS, recipe, tmp_path, lambda: Evaluated(None, mean_loss(model, ROWS)))
    assert "nan" in caught.value.reason or "inf" in caught.value.reason
    assert "learning rate 1e+30" in caught.value.reason
    assert caught.value.fix == "lower the learning rate"
    assert not (tmp_path / "adapter_model.safetensors").exists(), "a diverged adapter was kept"


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_one_part_whose_loss_is_no_number_ends_the_step_before_anything_is_learned(
    model, broken, monkeypatch
):
    run = Steps(model, Completions(ROWS), replace(RECIPE, batch_rows=12, micro_tokens=60))
    before = [parameter.detach().clone() for parameter in run.parameters]
    parts, loss = [], model.loss

    def garbled(rows):
        parts.append(len(rows))
        return loss(rows) * (math.nan if len(parts) == broken + 1 else 1.0)

    monkeypatch.setattr(model, "loss", garbled)
    with pytest.raises(DivergedError, match="the loss became nan at step 1"):
        run.step(1)
    assert len(parts) == 3, "it is found out once, after all of them"
    for now, then in zip(run.parameters, before, strict=True):
        assert now.detach().equal(then)
    assert not run.optimiser.state


def test_no_rows_are_an_error(model, tmp_path):
    with pytest.raises(TuningError, match="no training rows"):
        train(model, [], RECIPE, tmp_path, lambda: Evaluated(None, 1.0))


@pytest.mark.parametrize(("epochs", "evaluations", "wanted"), [
    (4, 5, [2, 5, 7, 10, 12]), (4, 1, [12]), (0.34, 6, [1]), (1, 6, [1, 2, 3]),
])  # fmt: skip
def test_dev_is_looked_at_evenly_and_always_at_the_end(
    model, tmp_path, epochs, evaluations, wanted
):
    recipe = replace(RECIPE, epochs=epochs, evaluations=evaluations, patience=99)
    result = train(model, ROWS, recipe, tmp_path, lambda: Evaluated(None, 1.0))
    assert [point.step for point in result.points] == wanted


@given(
    rows=st.integers(1, 50),
    batch_rows=st.integers(1, 17),
    epochs=st.integers(1, 4),
    seed=st.integers(0, 9),
)
def test_every_row_comes_once_an_epoch(rows, batch_rows, epochs, seed):
    per_epoch = math.ceil(rows / batch_rows)
    steps = batches(rows, batch_rows, per_epoch * epochs, seed)
    assert len(steps) == per_epoch * epochs
    for start in range(0, len(steps), per_epoch):
        epoch = steps[start : start + per_epoch]
        assert sorted(i for step in epoch for i in step) == list(range(rows))
        assert all(len(step) == batch_rows for step in epoch[:-1])
    assert steps == batches(rows, batch_rows, per_epoch * epochs, seed)


def test_epochs_and_seeds_shuffle_differently_and_a_part_of_an_epoch_is_its_beginning():
    first, second = batches(40, 40, 2, 0)
    assert first != second
    assert first != list(range(40))
    assert batches(40, 40, 1, 1) != [first]
    assert batches(40, 8, 3, 0) == batches(40, 8, 5, 0)[:3]


def test_the_schedule_warms_up_in_a_line_and_falls_in_a_half_cosine():
    found = [schedule(step, 20, 0.2) for step in range(1, 21)]
    assert found[:4] == [0.25, 0.5, 0.75, 1.0]
    # 16 steps of falling, cos from 1/17 to 16/17 of half a turn: the last step still moves
    wanted = [math.cos(math.pi * i / 34) ** 2 for i in range(1, 17)]
    assert found[4:] == pytest.approx(wanted)
    assert 0 < found[-1] < 0.01


@given(steps=st.integers(1, 300), share=st.floats(0, 0.5))
def test_no_step_of_any_schedule_stands_still_or_exceeds_the_peak(steps, share):
    found = [schedule(step, steps, share) for step in range(1, steps + 1)]
    assert all(0 < factor <= 1 for factor in found)
    assert found.count(1.0) == 1


@given(
    sizes=st.lists(st.tuples(st.integers(1, 30), st.integers(1, 9)), min_size=1, max_size=30),
    shared=st.integers(0, 20),
    budget=st.integers(1, 120),
)
def test_parts_hold_every_row_once_and_no_more_tokens_than_the_budget(sizes, shared, budget):
    rows = some_rows(sizes, shared=shared)
    parts = micro_batches(rows, budget)
    assert sorted(row for part in parts for row in part) == sorted(rows)
    for part in parts:
        once = common_prefix([row.prompt for row in part])
        tokens = once + sum(len(row.prompt) + len(row.completion) - once for row in part)
        assert tokens <= budget or len(part) == 1


def test_parts_are_of_about_one_size_and_what_prompts_share_counts_once():
    rows = some_rows([(140, 20)] * 8, shared=60)
    whole = 60 + 8 * 160
    assert [len(part) for part in micro_batches(rows, whole)] == [8]
    assert sorted(len(part) for part in micro_batches(rows, whole - 1)) == [4, 4]


def test_the_recipe_follows_the_amount_of_data_and_the_size_of_the_base():
    assert [adapter_shape(n) for n in (1, 199, 200, 5000, 5001)] == [
        (8, 16), (8, 16), (16, 32), (16, 32), (32, 64)
    ]  # fmt: skip
    assert adapter_shape(300).scale == 2.0
    assert [learning_rates(n)[0] for n in (135e6, 1.7e9, 7e9)] == [1e-3, 3e-4, 2e-4]
    assert [learning_rates(n)[0] for n in (362e6, 494e6)] == [1e-3, 3e-4]
    assert [gentler(n) for n in (135e6, 362e6, 494e6, 7e9)] == [3, 3, 10, 10]


@pytest.mark.parametrize(
    ("steps", "rates"),
    [
        (500, (1e-3, 5e-4, 2e-4)),
        (100, (1e-3, 5e-4, 2e-4)),
        (62, (1.6e-3, 8.1e-4, 3.2e-4)),
        (34, (2.9e-3, 1.5e-3, 5.9e-4)),
        (1, (3e-3, 1.5e-3, 6e-4)),
    ],
)
def test_an_adapter_of_few_steps_gets_a_higher_rate_and_all_weights_do_not(steps, rates):
    assert learning_rates(135e6, "lora", steps) == rates == learning_rates(135e6, "qlora", steps)
    assert learning_rates(135e6, "full", steps) == learning_rates(135e6, "full")
    for larger in (494e6, 1.7e9, 7e9):
        assert learning_rates(larger, "lora", steps) == learning_rates(larger), "not measured there"

"""Learning from preference pairs, held against the formula on whole sequences of a plain model."""

import dataclasses
import os
import signal

import pytest
import torch

from tests.tuning.oracle import PEFT_WARNING, opened, some_rows, trained, with_adapter
from tuning.outcome import Evaluated, Watch
from tuning.pairs import Pair, Pairs, log_likelihoods, referred, score_pairs, together
from tuning.recipe import Recipe
from tuning.schedule import batches, schedule
from tuning.train import train

BETA = 0.3
RECIPE = Recipe(None, learning_rate=3e-3, epochs=2, batch_rows=3, evaluations=2, patience=9)
PATHS = pytest.mark.parametrize("path", ["engine", "library"])


def some_pairs(count: int, prompt: int = 5) -> list[Pair]:
    rows = some_rows([(prompt + i % 3, 3 + i % 4) for i in range(2 * count)], shared=3)
    found = zip(rows[::2], rows[1::2], strict=True)
    return [Pair(one.prompt, one.completion, other.completion) for one, other in found]


PAIRS = some_pairs(9)


def plain_margin(model, pair: Pair) -> torch.Tensor:
    """The margin of one pair: log-likelihoods of whole sequences, one at a time."""
    values = []
    for side in pair.sides():
        ids = torch.tensor([[*side.prompt, *side.completion]])
        scores = model(ids).logits[0, :-1].float().log_softmax(-1)
        own = scores.gather(1, ids[0, 1:, None])[len(side.prompt) - 1 :]
        values.append(own.sum())
    return values[0] - values[1]


def plain_training(base, adapter, pairs, recipe, beta) -> list[float]:
    """Losses of every step, by the formula, with a second frozen model as the reference."""
    policy = with_adapter(base, adapter, trainable=True)
    frozen = with_adapter(base, adapter)
    with torch.no_grad():
        before = [plain_margin(frozen, pair) for pair in pairs]
    learned = [p for p in policy.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learned, weight_decay=0.0)
    steps = round(recipe.epochs * len(pairs) / recipe.batch_rows)
    losses = []
    for step, rows in enumerate(batches(len(pairs), recipe.batch_rows, steps, recipe.seed), 1):
        gained = torch.stack([plain_margin(policy, pairs[i]) - before[i] for i in rows])
        loss = -torch.nn.functional.logsigmoid(beta * gained).mean()
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(learned, recipe.clip_norm)
        optimiser.param_groups[0]["lr"] = recipe.learning_rate * schedule(
            step, steps, recipe.warmup_share
        )
        optimiser.step()
        losses.append(float(loss.detach()))
    return losses


@pytest.fixture(scope="module")
def adapter(tiny_model, tmp_path_factory):
    return trained(opened(tiny_model), tmp_path_factory.mktemp("sft"))


def dev_of(model, pairs):
    def evaluate() -> Evaluated:
        found = score_pairs(model, pairs, BETA)
        return Evaluated(found.accuracy, found.loss, 0.1)

    return evaluate


def align(model, adapter, folder, watch, recipe=RECIPE, rows=PAIRS):
    model.load_adapter(adapter)
    pairs = referred(model, rows)
    return train(model, Pairs(pairs, adapter, BETA), recipe, folder, dev_of(model, pairs), watch)


@PATHS
@pytest.mark.filterwarnings(PEFT_WARNING)
def test_every_steps_loss_is_that_of_the_formula_on_whole_sequences(
    path, tiny_model, adapter, tmp_path
):
    wanted = plain_training(tiny_model, adapter, PAIRS, RECIPE, BETA)
    losses: list[float] = []
    model = opened(tiny_model, path)
    align(model, adapter, tmp_path, Watch(on_step=lambda progress: losses.append(progress.loss)))
    assert losses == pytest.approx(wanted, abs=1e-4)
    assert losses[0] == pytest.approx(0.6931, abs=1e-4), "at the reference it is log 2"
    assert min(losses[3:]) < 0.6, "nothing was learned"


@PATHS
@pytest.mark.filterwarnings(PEFT_WARNING)
def test_reading_a_pair_gives_the_likelihoods_of_its_answers_whatever_goes_together(
    path, tiny_model, adapter
):
    model, plain = opened(tiny_model, path), with_adapter(tiny_model, adapter)
    model.load_adapter(adapter)
    for budget in (1, 60, 8192):
        found = log_likelihoods(model, PAIRS, budget)
        with torch.no_grad():
            wanted = [float(plain_margin(plain, pair)) for pair in PAIRS]
        assert [a - b for a, b in found] == pytest.approx(wanted, abs=1e-4)


def test_pairs_with_long_prompts_go_alone_so_that_the_prompt_is_computed_once():
    assert together(some_pairs(4, prompt=30), 8192) == [[0], [1], [2], [3]]
    short = [Pair([1, 2], [5] * 9, [6] * 9)] * 4
    assert together(short, 8192) == [[0, 1, 2, 3]]


def test_the_start_is_kept_where_no_later_state_is_better(tiny_model, adapter, tmp_path):
    model = opened(tiny_model)
    model.load_adapter(adapter)
    pairs = referred(model, PAIRS)
    looks = iter([0.6, 0.7, 0.8])
    objective = Pairs(pairs, adapter, BETA)
    result = train(model, objective, RECIPE, tmp_path, lambda: Evaluated(None, next(looks)))
    assert result.best.step == 0 and len(result.points) == 3
    assert log_likelihoods(model, PAIRS[:1])[0] == pytest.approx(
        _of(tiny_model, adapter, PAIRS[0]), abs=1e-5
    )


def _of(base, adapter, pair):
    other = opened(base)
    other.load_adapter(adapter)
    return log_likelihoods(other, [pair])[0]


def test_a_state_that_loses_what_it_may_not_lose_is_never_the_best(tiny_model, adapter, tmp_path):
    model = opened(tiny_model)
    model.load_adapter(adapter)
    looks = iter([Evaluated(0.5, 0.7), Evaluated(0.9, 0.1, 0, 0.2, False), Evaluated(0.6, 0.6)])
    objective = Pairs(referred(model, PAIRS), adapter, BETA)
    result = train(model, objective, RECIPE, tmp_path, lambda: next(looks))
    assert result.best.dev_metric == 0.6
    assert [point.allowed for point in result.points] == [True, False, True]


def test_alignment_that_is_killed_goes_on_and_ends_the_same(tiny_model, adapter, tmp_path):
    model, recipe = opened(tiny_model), RECIPE
    whole: list[float] = []
    align(model, adapter, tmp_path / "a", Watch(lambda p: whole.append(p.loss)), recipe)

    def kill(progress) -> None:
        if progress.step == 5:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        try:
            align(model, adapter, tmp_path / "b", Watch(kill), recipe)
        finally:
            os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    rest: list[float] = []
    result = align(model, adapter, tmp_path / "b", Watch(lambda p: rest.append(p.loss)), recipe)
    assert rest == pytest.approx(whole[3:], abs=1e-6), "gone on after the look at step 3"
    assert [point.step for point in result.points] == [0, 3, 6]


def test_where_memory_runs_out_a_step_begins_again_with_fewer_pairs(tiny_model, adapter, tmp_path):
    model, whole, halved = opened(tiny_model), [], []
    rows = [Pair(pair.prompt[:2], pair.chosen, pair.rejected) for pair in PAIRS]
    align(model, adapter, tmp_path / "a", Watch(lambda p: whole.append(p.loss)), rows=rows)
    real = model.log_likelihoods

    def small(rows):
        if len(rows) > 4 and torch.is_grad_enabled():
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return real(rows)

    model.log_likelihoods = small
    result = align(
        model, adapter, tmp_path / "b", Watch(lambda p: halved.append(p.loss)), rows=rows
    )
    assert halved == pytest.approx(whole, abs=1e-5)
    assert result.rows_at_once == 1


def test_alignment_that_diverges_keeps_what_it_began_with_and_says_so(
    tiny_model, adapter, tmp_path
):
    recipe = dataclasses.replace(RECIPE, learning_rate=1e30)
    result = align(opened(tiny_model), adapter, tmp_path, Watch(), recipe)
    assert result.best.step == 0 and "learning rate 1e+30" in result.diverged

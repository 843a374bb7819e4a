"""What training does by default, and where each number comes from."""

import math
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

METHODS: Final = ("lora", "qlora", "full")


class AdapterShape(NamedTuple):
    """Size of a LoRA adapter: W + (alpha / rank) B A on every linear layer."""

    rank: int
    alpha: int

    @property
    def scale(self) -> float:
        """Factor before B A."""
        return self.alpha / self.rank


@dataclass(frozen=True, slots=True)
class TuningSettings:
    """What the user decides about training; None leaves it to the data, the base and the effort."""

    method: str = "lora"
    """``lora`` trains a small adapter, ``qlora`` the same on a base held in 4 bits meanwhile,
    ``full`` all weights of the model."""
    rank: int | None = None
    """Of the adapter."""
    learning_rate: float | None = None
    """The only one that is tried."""
    epochs: float | None = None
    """Passes over the training rows at most."""
    batch_rows: int | None = None
    """Rows per optimiser step."""
    alpha: int | None = None
    """Of the adapter: what it adds counts alpha / rank times."""
    warmup_share: float | None = None
    """Of the steps, those in which the learning rate rises."""
    looks: int | None = None
    """At dev during one training."""
    patience: int | None = None
    """Looks without improvement after which training stops."""
    processes: int = 1
    """That share every step's rows, one a card."""


USUAL: Final = TuningSettings()


@dataclass(frozen=True, slots=True)
class PreferenceSettings:
    """What the user decides about learning from preference pairs; None leaves it to the program."""

    beta: float | None = None
    """How much a nat of margin counts: the smaller, the farther the model may leave its start."""
    learning_rate: float | None = None
    epochs: float | None = None
    """Passes over the pairs at most."""


USUAL_PREFERENCE: Final = PreferenceSettings()
BETA: Final = 0.1
"""Of the method's paper and of the usual library."""
SMALLEST_CLASS: Final = 0.4e9
"""Parameters of a base below which rates hold that were measured on one of 135M alone."""


MICRO_TOKENS: Final = 2048
"""About 1 MB each at 135M."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training run."""

    shape: AdapterShape | None
    """None: no adapter, all weights of the model are learned."""
    learning_rate: float
    epochs: float
    """Passes over the training rows at most; early stopping may end it before."""
    batch_rows: int = 16
    """Rows per optimiser step; see `batch_rows`. LoRA loses with large batches; stay below 32."""
    micro_tokens: int = MICRO_TOKENS
    """Tokens that go through the model at once; the rest accumulates. Left as it is, a card takes
    more (`tuning.at_once`)."""
    warmup_share: float = 0.1
    clip_norm: float = 1.0
    evaluations: int = 6
    """How often the dev set is looked at, evenly spread over the run."""
    patience: int = 2
    """Evaluations without improvement after which training stops."""
    seed: int = 0


def adapter_shape(n_rows: int, given: TuningSettings = USUAL) -> AdapterShape:
    """Rank, unless given, by amount of data: 8 below 200 rows, 16 up to 5,000, 32 above.

    Alpha, unless given, is twice the rank.
    """
    rank = given.rank or (8 if n_rows < 200 else 16 if n_rows <= 5000 else 32)
    return AdapterShape(rank, given.alpha or 2 * rank)


def schedule_of(given: TuningSettings) -> dict[str, Any]:
    """What the user decides about warm-up and patience, by the names of `Recipe`."""
    wanted = {"warmup_share": given.warmup_share, "patience": given.patience}
    return {name: value for name, value in wanted.items() if value is not None}


def steps_of(recipe: Recipe, n_rows: int) -> int:
    """Optimiser steps of a whole training."""
    return steps_for(recipe.epochs, n_rows, recipe.batch_rows)


def steps_for(epochs: float, n_rows: int, rows_a_step: int) -> int:
    """The same, of a recipe that is not made yet."""
    return max(1, round(epochs * math.ceil(n_rows / rows_a_step)))


def batch_rows(n_rows: int) -> int:
    """Rows per optimiser step: 8 below 1,000 rows, 16 from there on.

    A few hundred rows give few steps, and steps are what a small set is short of: on 255 rows of
    banking77 (10 labels, two passes, this project's engine) 16 rows a step were right on 84.5 % of
    200 test questions and 8 rows on 92.5 %, for the same computation.
    """
    return 8 if n_rows < 1000 else 16


def wrong_values(settings: TuningSettings) -> list[tuple[str, str, str]]:
    """What cannot be in the settings: key, what is wrong, and what to write."""
    method, rank, rate = settings.method, settings.rank, settings.learning_rate
    epochs, rows = settings.epochs, settings.batch_rows
    alpha, warmup, looks = settings.alpha, settings.warmup_share, settings.looks
    patience = settings.patience
    known = f"method cannot be {method!r}"
    rules = (
        (method not in METHODS, "method", known, f"write one of {', '.join(METHODS)}"),
        (rank is not None and not 1 <= rank <= 256, "rank", "rank must be from 1 to 256",
         "write rank = 16"),
        (rank is not None and method == "full", "rank", "rank is for an adapter, and full has none",
         'remove rank, or write method = "lora"'),
        (rate is not None and not 0 < rate <= 0.1, "learning_rate",
         "learning_rate must be above 0 and at most 0.1", "write learning_rate = 0.0005"),
        (epochs is not None and not 0 < epochs <= 100, "epochs",
         "epochs must be above 0 and at most 100", "write epochs = 3"),
        (rows is not None and not 1 <= rows <= 1024, "batch_rows",
         "batch_rows must be from 1 to 1024", "write batch_rows = 8"),
        (alpha is not None and not 1 <= alpha <= 1024, "alpha", "alpha must be from 1 to 1024",
         "write alpha = 32"),
        (alpha is not None and method == "full", "alpha",
         "alpha is for an adapter, and full has none",
         'remove alpha, or write method = "lora"'),
        (warmup is not None and not 0 <= warmup <= 0.5, "warmup_share",
         "warmup_share must be from 0 to 0.5", "write warmup_share = 0.1"),
        (looks is not None and not 1 <= looks <= 100, "looks", "looks must be from 1 to 100",
         "write looks = 6"),
        (patience is not None and not 1 <= patience <= 100, "patience",
         "patience must be from 1 to 100", "write patience = 2"),
        (not 1 <= settings.processes <= 64, "processes", "processes must be from 1 to 64",
         "write processes = 2"),
    )  # fmt: skip
    return [(key, said, fix) for wrong, key, said, fix in rules if wrong]


def wrong_preference_values(settings: PreferenceSettings) -> list[tuple[str, str, str]]:
    """What cannot be in the settings: key, what is wrong, and what to write."""
    beta, rate, epochs = settings.beta, settings.learning_rate, settings.epochs
    rules = (
        (beta is not None and not 0 < beta <= 10, "beta", "beta must be above 0 and at most 10",
         "write beta = 0.1"),
        (rate is not None and not 0 < rate <= 0.01, "learning_rate",
         "learning_rate must be above 0 and at most 0.01", "write learning_rate = 0.0001"),
        (epochs is not None and not 0 < epochs <= 100, "epochs",
         "epochs must be above 0 and at most 100", "write epochs = 1"),
    )  # fmt: skip
    return [(key, said, fix) for wrong, key, said, fix in rules if wrong]


FEW_STEPS: Final = 100
"""Below so many steps the rate of a small base's adapter rises as they become fewer; see
`learning_rates`."""
MOST_TIMES: Final = 3.0
"""But never to more than so many times the usual one: farther was not tried."""


def gentler(n_parameters: float) -> float:
    """What fine-tuning's usual learning rate is divided by for learning from preference pairs.

    Published recipes take a tenth or less (5e-6 to 5e-5 for adapters of 7B). The adapter of a base
    of 135M hardly moves by that: there a third was measured to be right (DECISIONS.md).

    Args:
        n_parameters: of the base.
    """
    return 3.0 if n_parameters < SMALLEST_CLASS else 10.0


def learning_rates(
    n_parameters: int, method: str = "lora", steps: int = FEW_STEPS
) -> tuple[float, ...]:
    """Learning rates worth trying, the likeliest first, by size of the base.

    Small models want more: sweeps of LoRA put the optimum at about 1e-3 for 135M to 1B bases
    trained from pre-training, lower for instruction-tuned ones, and at 2e-4 for 3B to 8B. All
    weights want a tenth of that ("LoRA Without Regret", Thinking Machines 2025), where an adapter
    of few steps is seen to want more than ten times their rate. Measured on 135M: 136 rows of
    banking77 (10 labels), 34 steps, 160 test questions: 49 % right at 1e-3, 80 % at 3e-3
    (DECISIONS.md). Larger bases are not given more for few steps: nothing was measured there.

    Args:
        n_parameters: of the base.
        method: one of `METHODS`.
        steps: that the training will make at the most.
    """
    small, middle, large = (1e-3, 5e-4, 2e-4), (3e-4, 1e-3, 1e-4), (2e-4, 3e-4, 1e-4)
    lora = small if n_parameters < SMALLEST_CLASS else middle if n_parameters < 2.5e9 else large
    if method == "full":
        return tuple(rate / 10 for rate in lora)
    return tuple(float(f"{rate * times_usual(steps, n_parameters):.2g}") for rate in lora)


def times_usual(steps: int, n_parameters: float) -> float:
    """By how much an adapter's rate is above the usual one, for so many steps; see above."""
    if n_parameters >= SMALLEST_CLASS:
        return 1.0
    return min(MOST_TIMES, max(1.0, FEW_STEPS / max(1, steps)))

"""The moving parts of one training run: parameters, optimiser, and what one step does."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Generic

from tuning import checkpoint
from tuning.card import KIND
from tuning.checkpoint import TrainingState
from tuning.errors import TuningError
from tuning.memory import give_back
from tuning.models import LanguageModel
from tuning.objective import Objective, Row
from tuning.outcome import Progress
from tuning.recipe import Recipe, steps_of
from tuning.schedule import batches, schedule

if TYPE_CHECKING:
    import torch

GIVE_BACK_TOKENS = 16_384
"""Tokens between two times that freed memory is handed back: getting it again takes a moment."""
PARTS = ("learned", "mean", "square")
"""What a checkpoint holds of every parameter: itself, and AdamW's two moments, if it has any."""

OWN = "steps"
"""And how many steps have moved it, where that is not every one."""


class DivergedError(TuningError):
    """The loss stopped being a number."""


class Steps(Generic[Row]):
    """One training run; see `tuning.train.train`."""

    def __init__(self, model: LanguageModel, objective: Objective[Row], recipe: Recipe) -> None:
        import torch

        self.model, self.objective, self.recipe = model, objective, recipe
        rows = self.rows = objective.rows
        objective.begin(model, recipe)
        self.parameters = model.adapter_parameters()
        self.optimiser = torch.optim.AdamW(
            self.parameters, lr=recipe.learning_rate, weight_decay=0.0, fused=True
        )
        self.per_epoch = math.ceil(len(rows) / recipe.batch_rows)
        self.steps = steps_of(recipe, len(rows))
        count = min(recipe.evaluations, self.steps)
        self.evaluate_at = {round(self.steps * (i + 1) / count) for i in range(count)}
        self.order = batches(len(rows), recipe.batch_rows, self.steps, recipe.seed)
        room = model.room
        longest = max(map(objective.tokens, rows))
        if room.divided > 1 and longest > recipe.micro_tokens // room.divided:
            room.recompute = True  # a single row cannot be cut
        self.whose = checkpoint.fingerprint(objective, recipe, self.parameters)
        self.tokens = self.given_back = 0

    def step(self, step: int) -> float:
        """One optimiser step; returns the mean loss of its rows before the step.

        Raises:
            DivergedError: the loss is no number; the parameters are as they were.
            TuningError: memory has no room for a single row.
        """
        import torch

        rows = [self.rows[i] for i in self.order[step - 1]]
        total = self._gradients(rows)
        self.must_be_finite(total, "loss", step)
        torch.nn.utils.clip_grad_norm_(self.parameters, self.recipe.clip_norm)
        rate = self.recipe.learning_rate * schedule(step, self.steps, self.recipe.warmup_share)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.model.adapter_changed()
        self.tokens += sum(map(self.objective.tokens, rows))
        # what is freed of a step on a card lies there, and is not the C library's to give back
        on_card = self.model.device.type == KIND
        if not on_card and self.tokens - self.given_back > GIVE_BACK_TOKENS:
            give_back()
            self.given_back = self.tokens
        return total

    def _gradients(self, rows: Sequence[Row]) -> float:
        """Mean loss of the rows, its gradient on the parameters.

        Where memory runs out the whole step begins again with smaller parts: a backward pass that
        broke off has left its gradient on some parameters and not on others.
        """
        share = self.objective.share(rows)
        while True:
            added = self.objective.gradient(self.model, rows, share, self.recipe.micro_tokens)
            if not added.ran_out_with:
                return added.loss
            self.optimiser.zero_grad()
            self.model.room.lighten(self.objective.doing, added.ran_out_with)

    def must_be_finite(self, loss: float, name: str, step: int) -> None:
        """Raise when training has diverged; an adapter that did so must not count as the best."""
        if not math.isfinite(loss):
            rate = self.recipe.learning_rate
            raise DivergedError(
                f"the {name} became {loss} at step {step} (learning rate {rate:g})",
                "lower the learning rate",
            )

    def progress(self, step: int, loss: float, seconds: float) -> Progress:
        """What to tell after a step."""
        return Progress(
            step=step,
            steps=self.steps,
            epoch=step / self.per_epoch,
            loss=loss,
            learning_rate=self.optimiser.param_groups[0]["lr"],
            tokens_per_s=self.tokens / seconds,
            seconds_left=seconds / step * (self.steps - step),
        )

    # checkpoints

    def keep(self, folder: Path, at: TrainingState) -> None:
        """Write down where training stands.

        Raises:
            OSError: it cannot be written.
        """
        room = self.model.room
        at.tokens, at.rows, at.recompute = self.tokens, dict(room.rows), room.recompute
        tensors = {}
        for index, parameter in enumerate(self.parameters):
            tensors[f"{index}.learned"] = parameter
            state = self.optimiser.state.get(parameter)
            if not state:  # no gradient has come to it yet, as to an expert that no row has asked
                continue
            tensors[f"{index}.mean"] = state["exp_avg"]
            tensors[f"{index}.square"] = state["exp_avg_sq"]
            if int(state["step"]) != at.step:
                tensors[f"{index}.{OWN}"] = state["step"]
        checkpoint.write(folder, self.whose, at, tensors)

    def resume(self, folder: Path) -> TrainingState | None:
        """Go on where an earlier process left off; None where none did.

        Raises:
            checkpoint.UnusableError: its checkpoint is of no use here; nothing is changed.
        """
        found = checkpoint.read(folder, self.whose)
        if found is None:
            return None
        at, tensors = found
        self._take_over(tensors, at.step)
        self.model.adapter_changed()
        room = self.model.room
        room.rows.update(at.rows)
        room.recompute = room.recompute or at.recompute
        self.tokens = self.given_back = at.tokens
        return at

    def _take_over(self, tensors: "Mapping[str, torch.Tensor]", step: int) -> None:
        """Parameters and the optimiser's memory as they were after a step.

        Raises:
            checkpoint.UnusableError: something lacks; nothing is changed.
        """
        import torch

        state = {}
        for index, parameter in enumerate(self.parameters):
            parts = {part: tensors.get(f"{index}.{part}") for part in PARTS}
            learned, *moments = parts.values()
            unmoved = learned is not None and all(one is None for one in moments)
            for part, tensor in parts.items():
                if tensor is None and unmoved:
                    continue
                if tensor is None or tensor.shape != parameter.shape:
                    raise checkpoint.UnusableError(f"it is damaged (no {part} of weight {index})")
            if not unmoved:
                own = tensors.get(f"{index}.{OWN}", torch.tensor(float(step)))
                state[index] = {"step": own, "exp_avg": moments[0], "exp_avg_sq": moments[1]}
        with torch.no_grad():
            for index, parameter in enumerate(self.parameters):
                parameter.copy_(tensors[f"{index}.learned"])
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": state, "param_groups": groups})

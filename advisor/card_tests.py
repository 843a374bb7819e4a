"""What a model card says was not tested, and what probes found where there were some."""

import dataclasses
from typing import NamedTuple

from advisor.markdown import code
from advisor.numbers import count, percent
from advisor.tested_words import sentences
from harness.experiment import Experiment
from harness.parity import Parity
from harness.personal import PERSONAL_KINDS, find_personal
from harness.probe_result import result_of
from harness.store import Run
from harness.trained import TrainedResult
from harness.types import Example


class Tested(NamedTuple):
    """What tests of the trained model found; None for one that was not run."""

    forgetting: TrainedResult | None = None
    memorisation: TrainedResult | None = None


def tested(run: Run, rung: str) -> Tested:
    """What finished probes of a run found about one of its rungs, over all its seeds.

    Raises:
        UserError: a result is damaged.
    """
    return Tested(_about(run, "forgetting", rung), _about(run, "memorisation", rung))


def _about(run: Run, probe: str, rung: str) -> TrainedResult | None:
    found = result_of(run, probe)
    if not isinstance(found, TrainedResult) or rung not in found.rungs:
        return None
    return dataclasses.replace(found, rungs={rung: found.rungs[rung]}, failed={}, left_out={})


def limits(run: Run, experiment: Experiment, parity: Parity, tested: Tested) -> list[str]:
    """What nothing was measured about."""
    task = experiment.task
    lines = [
        f"Measured on {count(task.n_heldout, 'question')} in language {code(task.language)}: "
        "others, longer ones and other languages were not.",
        f"Prompt and answer together have to fit into the model's context; answers end after "
        f"{run.plan().max_new_tokens} tokens.",
        "Whether people find the answers good: scores were computed.",
        "Safety, and what it says to questions that are not of this task.",
    ]
    if tested.forgetting is None:
        lines.append(
            "Whether it forgot what its base could do: "
            f"{code(f'rungwise probe {run.name} forgetting')} tests that; then export again."
        )
    if parity.free_score is not None:
        lines.insert(
            0,
            "While it was measured it could write allowed answers only. A server has to hold it to "
            "them as well (guided or structured decoding, by choice or JSON Schema); without that "
            f"it scores {percent(parity.free_score)}.",
        )
    return lines


def privacy(run: Run, tested: Tested) -> list[str]:
    """What the weights may have learned from the training rows."""
    view = run.view()
    kinds: dict[str, int] = {}
    rows = 0
    for row in view.train:
        spans = [span for text in _texts(row) for span in find_personal(text, view.spec.language)]
        rows += bool(spans)
        for span in spans:
            kinds[span.kind] = kinds.get(span.kind, 0) + 1
    shown = ", ".join(f"{PERSONAL_KINDS[kind]} {n:,}×" for kind, n in kinds.items())
    found = (
        f"Personal data was found in {rows:,} of {count(len(view.train), 'training row')}: "
        f"{shown}. Treat these files as you treat the rows."
        if rows
        else "No personal data was found in the training rows by its form (addresses of mail, "
        "numbers of accounts, cards, telephones and identities)."
    )
    lines = [found, "Names and postal addresses are not looked for."]
    back = "The weights were trained on the rows and may give parts of them back"
    if tested.memorisation is None:
        lines.append(f"{back}; whether they do was not tested.")
    else:
        lines += [f"{back}; that was tested:", *sentences(tested.memorisation)]
    return [*lines, "A row is taken back by training again without it."]


def _texts(row: Example) -> tuple[str, ...]:
    return (row.question, *row.references)

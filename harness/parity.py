"""Whether an exported model answers as the measured one did: loaded afresh, asked again, compared.

What is exported is opened by the stock libraries and not by this project's own engine, because that
is what whoever receives it will do. Where a rung's answers were held to the allowed ones, the stock
libraries cannot do that; then the exported weights are asked again through the library path with
the same constraint, and what they answer without it is measured beside it.
"""

import dataclasses
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from harness.closed_answers import constraint_of
from harness.clusters import clusters_of
from harness.compare import paired, paired_corpus
from harness.decoding import HELD
from harness.device import Device, Precision
from harness.errors import JobError, Problem
from harness.family import over_all
from harness.generators.base import Completion
from harness.generators.local import LocalGenerator
from harness.metric import Metric, fitted
from harness.models import ModelRef
from harness.prompts import Prompt, marked_again, render
from harness.scoring import headline, item_scores
from harness.store import Cell, Plan, Run
from harness.types import Answer, Example
from tuning.afresh import Afresh, Spoken
from tuning.models import open_tokenizer

TOLERANCE = {"float32": 1.0, "bfloat16": 0.99}
"""Share of answers that must be the stored ones, or have parted from them at a tie."""
TIE = {"float32": 1e-4, "bfloat16": 2**-6}
"""Lead of the likeliest token, as a share of its logit, up to which rounding may turn the order.

Two steps of bfloat16, which keeps eight binary digits; in float32 thousands of steps, since sums
are taken in another order. Measured: DECISIONS.md, "An export is asked again".
"""
SHOWN = 3
"""Differing answers that are quoted."""

OnAnswer = Callable[[int, int], None]
"""(answered, of how many)."""


@dataclass(frozen=True, slots=True)
class Parted:
    """One question that the exported model answers otherwise. Untrusted text."""

    question: str
    stored: str
    exported: str
    behind: float | None
    """The stored answer's distance where the two part, as a share of the best logit; None where it
    is not among the likeliest."""


@dataclass(frozen=True, slots=True)
class Parity:
    """The exported model against the stored answers of the run."""

    loaded_by: str
    """``transformers``, or ``transformers and peft``."""
    precision: str
    asked: int
    """Questions: all held-out ones with a stored answer, or a sample of them."""
    heldout: int
    identical: int
    tied: int
    """Differ, but part where rounding decides."""
    tolerance: float
    tie: float
    other_prompts: int
    """Prompts that the exported tokenizer renders at another length than was measured."""
    metric: str
    stored_score: float | None
    exported_score: float | None
    difference: float | None
    """Exported minus stored, paired."""
    low: float | None
    high: float | None
    margin: float
    free_score: float | None
    """Without the constraint the answers were held to; None where they were held to none."""
    why_not: str
    """What stands against it; empty where it is verified."""
    examples: tuple[Parted, ...]

    @property
    def verified(self) -> bool:
        """Whether the export behaves as what was measured."""
        return not self.why_not

    @property
    def share(self) -> float:
        """Of answers that are identical."""
        return self.identical / max(1, self.asked)


class Exported(NamedTuple):
    """What is to be asked again."""

    folder: Path
    base: ModelRef
    merged: bool
    precision: Precision
    """Of the weights as they are to be loaded."""


def parity(
    run: Run,
    cell: Cell,
    exported: Exported,
    device: Device,
    questions: int | None,
    on_answer: OnAnswer = lambda done, total: None,
) -> Parity:
    """Ask the exported model the run's held-out questions again, each with its stored passages.

    Args:
        run: with its plan and data.
        cell: whose model was exported.
        exported: where it is.
        device: to run on.
        questions: so many of them, drawn at random; None for all.
        on_answer: told after each answer.

    Raises:
        JobError: the cell has no stored answer, or the export cannot be loaded.
    """
    plan, asked = run.plan(), _sample(cell, questions)
    if not asked:
        raise JobError(
            Problem("there is no stored answer to compare with", "run the check again", cell.cell)
        )
    texts_of = {query.id: query.text for query in run.queries()}
    prompts = [render(plan.spec, texts_of[a.query_id], a.contexts) for a in asked]
    afresh = _load(exported, device)
    said = _said(afresh, prompts, on_answer)
    free = texts = [marked_again(one.text) for one in said]  # as answers are read when measured
    held = cell.preparation.settings.get("decoding") == HELD
    if held:
        afresh.release()  # two models need not be held at once
        texts = _constrained(plan, exported, device, prompts, on_answer)
    parted, pairs = [], list(zip(said, asked, strict=True))
    for prompt, (one, answer), text in zip(prompts, pairs, texts, strict=True):
        if text != answer.text:
            # held to some answers, the lead over all others says nothing
            behind = None if held else afresh.behind(prompt.messages(), one, answer.text)
            parted.append(Parted(prompt.user, answer.text, text, behind))
    tie = TIE[exported.precision]
    real = [one for one in parted if one.behind is None or one.behind > tie]
    found = Parity(
        loaded_by="transformers" if exported.merged else "transformers and peft",
        precision=exported.precision,
        asked=len(asked),
        heldout=len(texts_of),
        identical=len(asked) - len(parted),
        tied=len(parted) - len(real),
        tolerance=TOLERANCE[exported.precision],
        tie=tie,
        other_prompts=sum(one.prompt_tokens != a.prompt_tokens for one, a in pairs),
        margin=plan.margin,
        why_not="",
        examples=tuple(real[:SHOWN]),
        **_scores(run, plan, asked, texts, free if held else None),
    )
    return dataclasses.replace(found, why_not=against(found))


def against(found: Parity) -> str:
    """What stands against taking an export for what was measured; empty where nothing does."""
    asked, same = found.asked, found.identical + found.tied
    why = []
    if found.other_prompts:
        why.append(
            f"{found.other_prompts} of {asked} prompts have another length than was measured, so "
            "the tokenizer or its chat template is another"
        )
    if same < found.tolerance * asked:
        allowed = f"{1 - found.tolerance:.0%} may".replace("%", " %")
        may = allowed if found.tolerance < 1 else "none may"
        why.append(f"{asked - same} of {asked} answers differ, {may}")
    if found.difference is None:
        why.append("the score of the exported model is not defined")
    elif abs(found.difference) > found.margin:
        why.append(f"the score is {found.exported_score:.3f}, measured {found.stored_score:.3f}")
    return "; ".join(why)


def _sample(cell: Cell, questions: int | None) -> list[Answer]:
    """Stored answers to compare with, in the order of the held-out set where all are taken."""
    answers = sorted(cell.answers, key=lambda answer: answer.query_id)
    if questions is None or questions >= len(answers):
        return answers
    return random.Random(cell.seed).sample(answers, questions)


def _load(exported: Exported, device: Device) -> Afresh:
    import torch

    torch.set_num_threads(device.threads)
    base = None if exported.merged else exported.base.folder
    dtype = getattr(torch, exported.precision)
    try:
        return Afresh(exported.folder, base, dtype, torch.device(device.kind))
    except (OSError, ValueError, RuntimeError, KeyError) as error:  # each library in its own way
        raise JobError(
            Problem(
                f"the exported model cannot be loaded ({type(error).__name__}: {error})",
                "export it again; if that fails, check the base model and run the check again",
                str(exported.folder),
            )
        ) from error


def _said(afresh: Afresh, prompts: Sequence[Prompt], on_answer: OnAnswer) -> list[Spoken]:
    found: dict[int, Spoken] = {}
    for spoken in afresh.answer([prompt.messages() for prompt in prompts]):
        found[spoken.row] = spoken
        on_answer(len(found), len(prompts))
    return [found[row] for row in range(len(prompts))]


def _constrained(
    plan: Plan,
    exported: Exported,
    device: Device,
    prompts: Sequence[Prompt],
    on_answer: OnAnswer,
) -> list[str]:
    """Answers of the exported weights, held to the allowed ones; a refusal is an empty text."""
    folder = exported.folder if exported.merged else exported.base.folder
    ref = ModelRef(exported.base.name, folder, exported.base.revision, "an export")
    generator = LocalGenerator(ref, device._replace(precision=exported.precision), path="library")
    generator.tokenizer = open_tokenizer(exported.folder)
    if not exported.merged:
        generator.model.load_adapter(exported.folder)
    constraint = constraint_of(plan.spec, generator.tokenizer)
    texts = [""] * len(prompts)
    for done, one in enumerate(generator.complete(prompts, plan.max_new_tokens, constraint), 1):
        if isinstance(one, Completion):
            texts[one.row] = marked_again(one.text)
        on_answer(done, len(prompts))
    return texts


def _scores(
    run: Run, plan: Plan, asked: Sequence[Answer], texts: Sequence[str], free: Sequence[str] | None
) -> Mapping[str, Any]:
    """The headline of the stored and of the new answers, and the paired difference."""
    wanted = {answer.query_id for answer in asked}
    examples = [example for example in run.heldout() if example.id in wanted]
    metric = fitted(headline(plan.spec), run.view())
    stored = {answer.query_id: answer for answer in asked}

    def with_texts(said: Sequence[str]) -> dict[str, Answer]:
        return {
            answer.query_id: dataclasses.replace(answer, text=text)
            for answer, text in zip(asked, said, strict=True)
        }

    before = _rows(metric, examples, stored, plan)
    after = _rows(metric, examples, with_texts(texts), plan)
    clusters = clusters_of(examples)
    if metric.whole is None:
        found = paired(after, before, margin=plan.margin, clusters=clusters)
    else:
        value, (new, old) = over_all(metric, plan.spec, [[after], [before]])
        found = paired_corpus(value, new, old, margin=plan.margin, clusters=clusters)
    return {
        "metric": metric.name,
        "stored_score": _mean(metric, before, plan),
        "exported_score": _mean(metric, after, plan),
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "free_score": None
        if free is None
        else _mean(metric, _rows(metric, examples, with_texts(free), plan), plan),
    }


def _rows(
    metric: Metric, examples: Sequence[Example], answers: Mapping[str, Answer], plan: Plan
) -> list[Any]:
    if metric.whole is not None:
        return [(example, answers[example.id]) for example in examples]
    return [score.value for score in item_scores(metric, examples, answers, plan.spec)]


def _mean(metric: Metric, rows: Sequence[Any], plan: Plan) -> float | None:
    if metric.whole is not None:
        return metric.whole(rows, plan.spec).value
    known = [row for row in rows if row is not None]
    return sum(known) / len(known) if known else None

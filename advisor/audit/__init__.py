"""The audit: what is odd about the user's data, shown before it can spoil a result."""

import dataclasses
from collections.abc import Callable

from advisor.audit.finders import finders as every_finder  # its own name is the subpackage's
from advisor.audit.finding import SEVERITIES, AuditReport, Finding, Material, Mend
from advisor.showing_words import USUAL_RUNGS
from harness.answer_limit import longest_allowed
from harness.rungs import rungs
from harness.runner import chosen_rungs
from harness.settings import CheckSettings
from harness.task import Loaded
from harness.types import Task, TaskSpec

__all__ = ["AuditReport", "Finding", "Mend", "audit"]


def audit(
    loaded: Loaded,
    spec: TaskSpec,
    *,
    context_tokens: int | None = None,
    settings: CheckSettings | None = None,
    on_finder: Callable[[int, int], None] | None = None,
) -> AuditReport:
    """Look at everything that was loaded; works where no task came of it, too.

    Args:
        loaded: what `harness.task.load_task` returned.
        spec: the task, as it was given to `load_task`.
        context_tokens: tokens that the model takes in one go, prompt and answer together; None
            where that is not known.
        settings: of the check that is planned; None: a usual one.
        on_finder: told before each finder which one it is, from 1, and of how many.
    """
    task = loaded.task
    material = Material(
        spec=task.spec if task else spec,
        problems=loaded.problems,
        examples=loaded.examples,
        learning=(*task.train, *task.dev) if task else loaded.examples,
        heldout=task.heldout if task else (),
        leaked=loaded.leaked if task else (),
        documents=loaded.documents,
        context_tokens=context_tokens,
        pairs=loaded.pairs,
        leaked_pairs=loaded.leaked_pairs,
        left_out=loaded.left_out,
        gaps=loaded.gaps,
        rungs=_planned(task, settings) if task and settings else USUAL_RUNGS,
        answer_tokens=_limit(settings, context_tokens) if settings else None,
    )
    findings: list[Finding] = []
    for number, finder in enumerate(every_finder(), 1):
        if on_finder:
            on_finder(number, len(every_finder()))
        findings.extend(finder.find(material))
    return AuditReport(
        examples=len(loaded.examples),
        documents=len({document.source for document in loaded.documents}),
        findings=tuple(sorted(findings, key=lambda found: SEVERITIES.index(found.severity))),
        preferences=len(loaded.pairs),
    )


def _limit(settings: CheckSettings, context_tokens: int | None) -> int:
    return longest_allowed(context_tokens, settings.given.decoding.answer_tokens)


def _planned(task: Task, settings: CheckSettings) -> int:
    """How many rungs can run, two at the least, for one is held against doing without a model.

    A name that is none is said elsewhere.
    """
    names = tuple(name for name in settings.rungs if name in rungs())
    return max(2, len(chosen_rungs(task, dataclasses.replace(settings, rungs=names))[0]))

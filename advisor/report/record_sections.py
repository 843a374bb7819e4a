"""The parts of a report that let someone check it: data, rungs, fairness, limits, words."""

import inspect
from collections.abc import Iterator, Mapping
from functools import partial

from advisor import charts
from advisor.audit.finding import SEVERITY_WORDS
from advisor.effort_words import NOTE, chosen_on, efforts, given_up
from advisor.numbers import capital, count, in_sentence, interval, percent, setting
from advisor.prompt_words import TEXTS, found_prompt
from advisor.reading_words import about_room
from advisor.report.cost_section import table_of
from advisor.report.document import (
    Block,
    Bullets,
    Figure,
    Paragraph,
    Section,
    Table,
    Terms,
)
from advisor.report.sources import Sources
from advisor.report.words import GLOSSARY, KIND_WORDS
from harness.ceilings import arm_title
from harness.cell import parse_cell
from harness.effort import effort_of
from harness.experiment import ArmResult
from harness.metrics import metrics
from harness.rungs import rungs, title_of
from harness.types import Json

HOLDS = {True: "yes", False: "no", None: "not known"}
SHARES = ("dev_recall",)
"""Settings that say how much of something was reached."""


def data(sources: Sources) -> Section:
    """What was measured on."""
    task, spec = sources.experiment.task, sources.plan.spec
    pairs = [
        ("Task", f"{KIND_WORDS[spec.kind].capitalize()}; language {task.language}"),
        ("Instruction", spec.instruction),
        ("Learned from", f"{count(task.n_train, 'example')}"),
        ("Settings chosen on", f"{count(task.n_dev, 'example')} (dev set)"),
        ("Measured on", f"{count(task.n_heldout, 'held-out question')}"),
    ]
    if gone := sources.plan.left_out:
        said = f"{count(gone, 'row')} of the files, without a question or an answer"
        pairs.append(("Left out", said))
    if task.n_unanswerable:
        pairs.append(("Without an answer", f"{task.n_unanswerable:,} of the held-out questions"))
    if spec.abstention:
        pairs.append(("To say then", spec.abstention))
    if task.n_documents:
        pairs.append(("Documents", f"{task.n_documents:,}"))
    if spec.labels:
        pairs.append(("Labels", ", ".join(spec.labels)))
    pairs.append(("Score", f"{task.metric_title}: {in_sentence(metric_meaning(task.metric))}"))
    pairs.append(("Fingerprint", task.fingerprint))
    split = (
        "The three parts share no question. While a rung is built and while it answers, the "
        "references of the held-out questions are not in its hands."
    )
    blocks = (Terms(tuple(pairs)), Paragraph(split), *_odd(sources))
    return Section("data", "Data and split", blocks)


def _odd(sources: Sources) -> Iterator[Block]:
    """What the audit had found when the check began, the worst first."""
    if sources.audit is None:
        return
    rows = tuple(
        (SEVERITY_WORDS[found.severity], found.message, f"{found.count:,}")
        for found in sources.audit.findings
    )
    if rows:
        head = ("Audit", "What was found before the check", "Rows or documents")
        yield Table("What was odd about the data", head, rows, words=2)
    else:
        yield Paragraph("The audit found nothing odd about the data.")


def metric_meaning(name: str) -> str:
    """What a metric counts, in one sentence: the first line of the file that defines it."""
    metric = metrics()[name]
    module = inspect.getmodule(metric.item or metric.whole)
    said = inspect.getdoc(module) or metric.title
    return said.splitlines()[0]


def how_built(sources: Sources) -> Section:
    """Each rung's settings and effort, and all its scores."""
    pairs = []
    for name, arm in sources.experiment.rungs.items():
        what = f"{rungs()[name].what} " if name in rungs() else ""
        pairs.append((arm.title, f"{what}{_built(sources, arm)}"))
        pairs.extend(found_prompt(arm))
    blocks: list[Block] = [Terms(tuple(pairs))]
    experiment = sources.experiment
    if tried := efforts(experiment):
        plan = sources.plan
        rows = effort_of(plan.effort, plan.tuning).dev_rows
        blocks += [table_of(tried), Bullets((chosen_on(experiment, rows), NOTE))]
    caption = "All scores, with 95 % intervals; the first decides"
    blocks.append(_all_scores(caption, experiment.rungs))
    beside = {**experiment.ceilings, **experiment.floors}
    if beside:
        blocks.append(_all_scores("For comparison, on the same questions", beside))
    meanings = tuple(
        (metrics()[name].title, metric_meaning(name)) for name in _metrics(experiment.rungs)
    )
    blocks.append(Terms(meanings))
    return Section("rungs", "The rungs: settings, effort, scores", tuple(blocks), folded=True)


def _built(sources: Sources, arm: ArmResult) -> str:
    """Settings, what was tried, seeds, cuts and failures of a rung as sentences."""
    told, own = [], found_prompt(arm)
    if arm.settings.get("method") == "full":
        told.append("Here all weights of the model were trained, not an adapter.")
    if arm.settings.get("method") == "qlora":
        told.append("The adapter was learned on weights in 4 bits and answers on the whole model.")
    settings = {k: v for k, v in arm.settings.items() if not own or k not in TEXTS}
    if settings:
        told.append(f"Settings: {_pairs(settings)}.")
    told += given_up(arm)
    dev_answers = arm.effort.get("dev_answers", 0)
    told.append(f"Answers on dev spent on choosing: {dev_answers:,}.")
    if len(arm.seeds) > 1:
        each = ", ".join(percent(score) for score in arm.seed_scores)
        came = f" One training run each: {each}." if each else ""
        told.append(f"Seeds: {setting(arm.seeds)}.{came}")
    total = sources.experiment.task.n_heldout * len(arm.seeds)
    if arm.truncated:
        told.append(f"Cut at the length limit: {arm.truncated:,} of {total:,} answers.")
    if said := about_room(arm):
        told.append(said)
    if arm.failures:
        kinds = ", ".join(f"{n:,} {kind.replace('_', ' ')}" for kind, n in arm.failures.items())
        told.append(f"Failed: {kinds}, of {total:,} answers.")
    return " ".join(told)


def _pairs(values: Mapping[str, Json]) -> str:
    return ", ".join(
        f"{key.replace('_', ' ')} {percent(value) if key in SHARES else setting(value)}"
        for key, value in values.items()
    )


def _metrics(arms: Mapping[str, ArmResult]) -> list[str]:
    """Metrics of any of the arms, the headline first."""
    return list(dict.fromkeys(name for arm in arms.values() for name in arm.scores))


def _score(arm: ArmResult, metric: str) -> str:
    scored = arm.scores.get(metric)
    if scored is None or scored.mean is None:
        return "–"
    return f"{percent(scored.mean)} ({interval(scored.low, scored.high)})"


def _all_scores(caption: str, arms: Mapping[str, ArmResult]) -> Table:
    """One row a metric."""
    rows = tuple(
        (metrics()[name].title, *(_score(arm, name) for arm in arms.values()))
        for name in _metrics(arms)
    )
    head = ("Score", *(arm.title for arm in arms.values()))
    return Table(caption, head, rows)


def training(sources: Sources) -> Section | None:
    """Curves of the rungs that were trained; None where none was."""
    figures = [
        Figure(partial(charts.curve, arm), f"{arm.title}, {_pairs(_numbers(arm))}.")
        for arm in sources.experiment.rungs.values()
        if any(trial.get("curve") for trial in arm.effort.get("tried") or ())
    ]
    if not figures:
        return None
    text = Paragraph(
        "Loss on training rows that falls while loss on dev rises means learning by heart. The "
        "state that did best on dev answers the held-out questions."
    )
    return Section("training", "How training went", (text, *figures))


def _numbers(arm: ArmResult) -> dict[str, Json]:
    wanted = ("learning_rate", "rank", "epochs", "training_rows")
    return {name: arm.settings[name] for name in wanted if name in arm.settings}


def fair(sources: Sources) -> Section:
    """The fairness checklist."""
    rows = tuple(
        (line.check, HOLDS[line.holds], line.detail) for line in sources.experiment.fairness
    )
    table = Table(
        "Conditions of a fair comparison", ("Condition", "Holds", "Detail"), rows, words=3
    )
    return Section("fair", "Was it fair?", (table,))


def limits(sources: Sources) -> Section:
    """What was not tested."""
    experiment, plan = sources.experiment, sources.plan
    lines = [
        f"Any model but {plan.generator}: with another one the rungs can stand in another order."
    ]
    lines += [
        f"{title_of(name)} could not run: {reason.rstrip('.')}."
        for name, reason in experiment.skipped.items()
    ]
    for cell, said in experiment.failed.items():
        name, seed = parse_cell(cell)
        lines.append(f"{arm_title(name)}, seed {seed}, ended in an error: {said.rstrip('.')}.")
    failed = {parse_cell(cell)[0] for cell in experiment.failed}
    known = {*experiment.rungs, *experiment.skipped, *experiment.not_run, *failed}
    left_out = [in_sentence(rung.title) for name, rung in rungs().items() if name not in known]
    lines += [
        f"{title_of(name)} was not run: {reason}." for name, reason in experiment.not_run.items()
    ]
    if left_out:
        lines.append(f"{capital(', '.join(left_out))}: not part of this check.")
    lines.append("Questions unlike the held-out ones: what was not in them was not measured.")
    if sources.judged is None:
        graded = "scores were computed, nobody graded the answers"
    else:
        graded = "the verdict rests on computed scores, also where some answers were looked at"
    lines.append(f"Whether people find the answers good: {graded}.")
    machine = experiment.model.get("device") or "one machine"
    lines.append(f"Speed elsewhere: times are those of {machine}.")
    return Section("limits", "What was not tested", (Bullets(tuple(lines)),))


def glossary() -> Section:
    """Words that the report uses."""
    return Section("words", "Words", (Terms(GLOSSARY),), folded=True)

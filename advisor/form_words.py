"""Sentences on the shape of answers: what examples mend, held or free, and another language."""

from collections.abc import Iterator

from advisor.numbers import count, dev_score, in_points, interval, percent, points_range
from advisor.reading_words import part
from harness.closed_answers import CLOSED
from harness.decoding import FREE, GAIN, HELD
from harness.diagnosis.findings import RungDiagnosis, Share
from harness.experiment import ArmResult, Experiment
from harness.language import named

ALONE, SHOWN = "prompt", "few_shot"
"""The probe: the same model and instruction, without worked examples and with them."""
MANY_OFF = 0.2
"""Share of answers of the wrong form from which it is asked whether examples mend it."""
SOME_OTHER = 0.05
"""Share of answers in another language from which it is worth a sentence."""
CURED = 0.5
"""Of what was wrong, what may be left where examples have cured it."""


def about_examples_and_form(experiment: Experiment, rung: str) -> Iterator[str]:
    """Whether examples cure the form, where the prompt alone often has it wrong."""
    found = experiment.diagnostics.rungs
    if rung != SHOWN or ALONE not in found:
        return
    kind, settings = experiment.task.kind, experiment.rungs[SHOWN].settings
    if kind in CLOSED and settings.get("decoding") == HELD:
        return  # another form could not be written, with examples or without
    for what, before, after in _forms(kind, found[ALONE], found[SHOWN]):
        if before.mean is None or after.mean is None or before.mean < MANY_OFF:
            continue
        figures = f"{what}: {percent(after.mean)} of answers with them, {percent(before.mean)} "
        figures += "without them"
        fewer = (after.high or 0.0) < (before.low or 0.0)
        if fewer and after.mean <= CURED * before.mean:
            yield f"Worked examples cure answers that are {figures}. That needs no training."
        elif fewer:
            yield f"Worked examples help against answers that are {figures}."
        else:
            yield f"Worked examples are not shown to help against answers that are {figures}."


def _forms(
    kind: str, alone: RungDiagnosis, shown: RungDiagnosis
) -> Iterator[tuple[str, Share, Share]]:
    """What may be wrong with a form, and its shares without examples and with them."""
    if alone.form is None or shown.form is None:
        return
    if kind in CLOSED:
        what = "no label of the list" if kind == "label" else "no valid JSON by the schema"
        yield what, alone.form.malformed, shown.form.malformed
        return
    yield "longer than the house writes", alone.form.too_long, shown.form.too_long
    yield "shorter than the house writes", alone.form.too_short, shown.form.too_short


def about_decoding(kind: str, arm: ArmResult) -> str:
    """What a rung does on dev with answers held to the allowed ones, and without.

    Args:
        kind: of task.
        arm: a rung.

    Returns:
        Nothing where one of the two was not tried; without intervals for older runs.
    """
    tried = {trial["decoding"]: trial for trial in arm.effort.get("decodings_tried") or ()}
    if not tried.keys() >= {FREE, HELD}:
        return ""

    def scored(way: str) -> str:
        ends = tried[way].get("low"), tried[way].get("high")
        sure = f" ({interval(*ends)})" if None not in ends else ""
        return f"{dev_score(tried[way]['dev_score'])}{sure}"

    what = "labels" if kind == "label" else "schema"
    # every training chooses by itself; what is kept is of the first
    start = "On dev it" if len(arm.seeds) == 1 else "On dev its first training"
    text = f"{start} scored {scored(HELD)} with answers held to the {what}, {scored(FREE)} free"
    gain = arm.effort.get(GAIN)
    if gain and gain["low"] is not None:
        sure = points_range(gain["low"], gain["high"])
        asked = count(gain["questions"], "question")
        text += f": {in_points(gain['difference'])} ({sure}) on the same {asked}"
    taken = "held" if arm.settings.get("decoding") == HELD else "left free"
    whose = "its" if len(arm.seeds) == 1 else "that training's"
    return f"{text}. So {whose} answers were {taken}."


def about_language(one: RungDiagnosis) -> Iterator[str]:
    """Answers in another language than the right ones."""
    found = one.languages
    if found is None or (found.other.mean or 0.0) < SOME_OTHER:
        return
    yield (
        f"{part(found.other, 'answers')} were in another language than the right ones, mostly "
        f"{named(found.mostly)}."
    )

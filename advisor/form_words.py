"""Sentences on the shape of answers: what worked examples mend, and answers in another language."""

from collections.abc import Iterator

from advisor.numbers import percent
from advisor.reading_words import part
from harness.closed_answers import CLOSED
from harness.decoding import HELD
from harness.diagnosis.findings import RungDiagnosis, Share
from harness.experiment import Experiment
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
        figures = f"with them {percent(after.mean)} of answers were {what}, without them "
        figures += percent(before.mean)
        fewer = (after.high or 0.0) < (before.low or 0.0)
        if fewer and after.mean <= CURED * before.mean:
            yield f"Worked examples cure the form: {figures}. No training is needed for that."
        elif fewer:
            yield f"Worked examples help the form, and do not cure it: {figures}."
        else:
            yield f"Worked examples do not cure the form: {figures}."


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


def about_language(one: RungDiagnosis) -> Iterator[str]:
    """Answers in another language than the right ones."""
    found = one.languages
    if found is None or (found.other.mean or 0.0) < SOME_OTHER:
        return
    yield (
        f"{part(found.other, 'answers')} were in another language than the right ones, mostly "
        f"{named(found.mostly)}."
    )

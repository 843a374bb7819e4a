"""Sentences of the diagnosis, one function a reason; each is about one rung of an experiment."""

from collections.abc import Iterator

from advisor.examples_words import RUNG as FEW_SHOT
from advisor.examples_words import about_examples
from advisor.form_words import about_decoding, about_examples_and_form, about_language
from advisor.lever import FEWEST, lever
from advisor.measured import TUNED, inline, score_of
from advisor.numbers import count, percent, short
from advisor.reading_words import about_ceiling, about_reading, another_training, did, part
from harness.closed_answers import CLOSED
from harness.diagnosis.findings import Cause, Form, Loss, RungDiagnosis, Share, Slice
from harness.diagnosis.slices import SMALLEST
from harness.experiment import Experiment

COLLAPSED = 0.5
"""Share of answers that are one label, from which they have fallen onto it, if at most half as
many questions are of that label."""
TRAINED = "rag_finetune"
"""The rung that is trained to read passages."""
MANY_CUT, MANY_SPOILED, SOME_COPIED, MANY_OFF = 0.1, 0.1, 0.05, 0.2
"""Shares of answers from which it is worth a sentence."""
RISING = 3
"""Looks in a row at which the losses go apart, from which that is no chance."""
APART, GAP = 2.0, 0.5
"""Loss on dev over that on training rows, and their difference in nats a token (a token of dev is
then 1.6 times as surprising), from which they lie far apart. A choice of ours."""
NO_CAUSE = "no single cause stands out"
"""Of what was wrong in content."""
RULES = 3
"""Broken rules of the word lists that are named."""


def about_retrieval(experiment: Experiment, rung: str) -> str:
    """Search and reading apart, and which of them would win more back."""
    found = experiment.diagnostics.rungs[rung].retrieval
    assert found is not None  # or there is nothing to say
    what = "the right document" if found.by_document == found.recall.n else "the passage"
    asked = "questions with an answer" if experiment.task.n_unanswerable else "questions"
    text = f"Retrieval found {what} for {part(found.recall, asked)}."
    if found.used.n:
        text += f" When it did, the model {did(experiment, found.used)}"
        text += f"; when it did not, {percent(found.luck.mean)}." if found.luck.n else "."
    better, tried = _reader(experiment, rung), about_ceiling(experiment, rung)
    search, reading = (round(100 * (g or 0)) for g in (found.better_search, found.better_reading))
    words = {
        "reading": f"{better} would help more than a better search: up to "
        f"{count(reading, 'point')} on these questions{'' if tried else f', against {search}'}.",
        "search": "A better search would help more than a larger reader: up to "
        f"{count(search, 'point')} on these questions, against {reading}.",
        "alike": "A better search and a larger reader would help alike: up to "
        f"{search} and {count(reading, 'point')} on these questions.",
        "open": "Whether a better search or a larger reader would help more is too close to call: "
        f"up to {search} and {count(reading, 'point')}.",
        "neither": "Neither a better search nor a larger reader has much left to win.",
        "document": "Which passage of a document holds the answer is not known, so a better search "
        "and a larger reader cannot be told apart.",
        "unknown": "That is too seldom to say how well passages are read; search comes first."
        if found.recall.n >= FEWEST
        else "Of too few questions it is known whether the passage was found to say more.",
    }
    told = (text, words[lever(found, experiment.task.margin)], tried)
    return " ".join(filter(None, told))


def _reader(experiment: Experiment, rung: str) -> str:
    """What would read better: training with passages too, unless it was tried and did not."""
    own, trained = experiment.diagnostics.rungs[rung], experiment.diagnostics.rungs.get(TRAINED)
    if rung in TUNED or own.retrieval is None:
        return "A larger reader"
    if trained is None or trained.retrieval is None:
        return "A larger reader, or training with passages,"
    before, after = own.retrieval.used.mean, trained.retrieval.used.mean
    if before is None or after is None or after <= before:
        return "A larger reader"
    return f"A larger reader, or training with passages ({percent(after)} then),"


def about_form(experiment: Experiment, rung: str) -> str:
    """Answers that are no label or no JSON, and what mends that; of free text the empty ones."""
    one = experiment.diagnostics.rungs[rung]
    if one.form is None or not one.form.malformed.n:
        return f"{answers(one, 'form')} were empty."
    label, held = experiment.task.kind == "label", "constrained"
    text = f"{part(one.form.malformed, 'answers')} were no "
    text += "label of the list" if label else "valid JSON by the schema"
    if not label and one.form.malformed_cut:
        text += f", {one.form.malformed_cut:,} of them cut at the length limit"
    if rung == held or held in experiment.skipped:  # nothing here can hold answers to the form
        return f"{text}."
    if held in experiment.rungs:
        title, scored = experiment.rungs[held].title, score_of(experiment, held)
        return f"{text}. {title}, which can write nothing else, scored {scored}."
    return f"{text}. Decoding that can write nothing else would mend that without training."


def about_abstention(experiment: Experiment, rung: str, cause: Cause) -> str:
    """Refused what can be answered, or answered what cannot."""
    found = experiment.diagnostics.rungs[rung].abstention
    assert found is not None  # or neither could have cost anything
    if cause == "refused":
        asked = part(found.refused, "questions that have an answer")
        return f"It said that it does not know to {asked}."
    asked = part(found.answered_anyway, "questions that nothing answers")
    return f"It answered {asked} instead of saying so."


def about_content(experiment: Experiment, rung: str) -> str:
    """Answers of the right form with the wrong content: by label, by field, or by what it knows."""
    one = experiment.diagnostics.rungs[rung]
    if one.labels is not None and one.labels.confusions:
        return _about_labels(one)
    if one.fields:
        named = [f"{short(f.path.strip('/'))} ({percent(f.wrong.mean)})" for f in one.fields[:3]]
        return f"Of the valid answers these fields were wrong most often: {', '.join(named)}."
    text = f"{answers(one, 'wrong_content')} were wrong or incomplete in content"
    if experiment.task.kind not in ("answer", "text") or not experiment.task.n_documents:
        return f"{text}; {NO_CAUSE}."
    if reads(one):
        return (
            f"{text}. Whether the right passage was before the model is not known: the rows name "
            "neither the document nor the facts of the answer."
        )
    return f"{text}. It reads no documents{_unless_read(experiment, rung)}."


def _unless_read(experiment: Experiment, rung: str) -> str:
    """Whether knowledge is what a rung lacks: the same model on the same questions, reading."""
    found = experiment.diagnostics.rungs[rung].given_passages
    trained = rung in TUNED
    alone = ": all it has is what the model knows"
    if trained:
        alone = ": it has what the model knew and what it was taught"
    if found is None or found.read.n < SMALLEST or found.read.low is None:
        return alone
    if found.own.high is None or found.read.low <= found.own.high:
        return alone
    if trained:
        scores = f"{percent(found.read.mean)} against {percent(found.own.mean)}"
        return f"{alone}. With the passage the untrained model does better, {scores}"
    lacks = "it lacks knowledge and seldom uses it when given"
    if (found.read.mean or 0.0) >= 0.5:
        lacks = "what is missing is knowledge"
    return f"; with the passage before it the same model {did(experiment, found.read)}, so {lacks}"


def _about_labels(one: RungDiagnosis) -> str:
    found = one.labels
    assert found is not None  # the caller has looked
    said, deserved = found.said.mean or 0.0, found.deserved or 0.0
    if said >= COLLAPSED and said >= 2 * deserved:
        text = (
            f"It says {short(found.most_said)} to {percent(said)} of all messages; "
            f"{percent(deserved)} are"
        )
        if one.overfitting is None or found.in_train is None:
            return f"{text}."
        return f"{text}, and {percent(found.in_train)} of the rows it was trained on."
    first = found.confusions[0]
    return (
        f"The commonest mistake: {short(first.said)} where {short(first.right)} is right, "
        f"{first.n:,} of {count(first.n_right, 'time')}."
    )


def further(experiment: Experiment, rung: str) -> Iterator[str]:
    """What else is worth knowing of a rung, whatever it costs."""
    one = experiment.diagnostics.rungs[rung]
    yield from _knowledge(experiment, rung)
    if rung == FEW_SHOT and (said := about_examples(experiment)):
        yield said
    if one.distraction is not None:
        spoiled, other = (
            one.distraction.distracted,
            inline(experiment.rungs[one.distraction.against]),
        )
        if spoiled.n >= SMALLEST and (spoiled.mean or 0.0) >= MANY_SPOILED:
            what = f"answers that {other} had right{another_training(rung)}"
            yield f"Passages spoiled {part(spoiled, what)}."
    yield from about_reading(experiment, rung)
    if one.form is not None:
        cut, copied = one.form.truncated, one.form.copied
        if (cut.mean or 0.0) >= MANY_CUT and experiment.task.kind not in CLOSED:
            yield f"{part(cut, 'answers')} were cut at the length limit."
        if (copied.mean or 0.0) >= SOME_COPIED:
            yield f"{part(copied, 'answers')} were copied from a passage and not right."
        if (one.form.recited.mean or 0.0) >= SOME_COPIED:
            yield (
                f"{part(one.form.recited, 'answers of some length')} were, word for word, the "
                "answer to a training question, where another is right."
            )
        yield from _voice(one.form)
    if said := about_decoding(experiment.task.kind, experiment.rungs[rung]):
        yield said
    yield from about_language(one)
    yield from about_examples_and_form(experiment, rung)
    yield from _by_heart(one)
    yield from (about_slice(found) for found in one.slices[:1] if found.stands_out)


def _by_heart(one: RungDiagnosis) -> Iterator[str]:
    """What the curve of a training says against it."""
    found = one.overfitting
    if found is None:
        return
    which = "In the worst of its trainings, loss" if found.trainings > 1 else "In training, loss"
    if found.rising >= RISING:
        yield (
            f"{which} on dev rose at {found.rising} looks in a row while loss on the training rows "
            "fell: from there on it learned them by heart. The state that did best on dev answers; "
            "fewer epochs or more examples would help."
        )
    elif 0 < found.looks <= RISING:
        yield (
            f"Dev was looked at {count(found.looks, 'time')} in training: too few to see whether "
            "it began to learn the training rows by heart."
        )
    if found.dev_loss >= APART * found.train_loss and found.dev_loss - found.train_loss >= GAP:
        yield (
            f"{which} on dev is {found.dev_loss:.2f} where it is {found.train_loss:.2f} on the "
            "training rows: it does better on what it has seen than on what is new. More examples, "
            "or a lower rank or learning rate, would help."
        )


def _voice(found: Form) -> Iterator[str]:
    """Answers that are not as long as the house's, and words that were asked for or ruled out."""
    for share, word in ((found.too_short, "shorter"), (found.too_long, "longer")):
        if (share.mean or 0.0) >= MANY_OFF:
            yield f"{part(share, 'answers')} were {word} than the house writes."
    for rule in found.broken_rules[:RULES]:
        did = "did not use" if rule.wanted else "used"
        yield f"{part(rule.broken, 'answers')} {did} “{short(rule.phrase)}”."


def _knowledge(experiment: Experiment, rung: str) -> Iterator[str]:
    """What training taught of facts, by whether training rows ask about the same document."""
    one = experiment.diagnostics.rungs[rung]
    if rung not in TUNED or reads(one) or one.seen is None:
        return
    seen, unseen, gap = one.seen.touched, one.seen.untouched, one.seen.difference
    if min(seen.n, unseen.n) < SMALLEST or gap.low is None or gap.high is None:
        return
    figures = (
        f"{percent(seen.mean)} (n = {seen.n:,}) against {percent(unseen.mean)} (n = {unseen.n:,})"
    )
    if gap.low > 0:
        yield (
            f"It knows best what it was shown: on documents that training rows ask about it scored "
            f"{figures} on others."
        )
    elif gap.high >= 0:
        yield (
            "Whether training rows ask about the same document made no clear difference: "
            f"{figures} where they do not."
        )


def about_slice(found: Slice) -> str:
    """A part of the questions that stands out."""
    word = "lower" if (found.difference.mean or 0.0) < 0 else "higher"
    return (
        f"On {part_name(found)} it scored {word}: {percent(found.score.mean)} "
        f"(n = {found.score.n:,}) against {percent(found.rest.mean)} on the rest."
    )


def part_name(found: Slice) -> str:
    """A part of the questions in words."""
    value = short(found.value)
    return {
        "tag": f"questions with {short(found.name)} = {value}",
        "document": f"questions on {value}",
        "label": f"messages of label {value}",
        "length": f"{found.name} questions ({value} words)",
    }[found.kind]


def reads(one: RungDiagnosis) -> bool:
    """Whether a rung's answers rest on passages."""
    return one.form is not None and one.form.copied.n > 0


def answers(one: RungDiagnosis, cause: Cause) -> str:
    """'101 of 126 answers (80 %)' that lost score for a cause."""
    none = Loss(cause, Share(), 0)
    n = next((loss for loss in one.losses if loss.cause == cause), none).answers
    return f"{n:,} of {count(one.n_answers, 'answer')} ({percent(n / max(1, one.n_answers))})"

"""Other wordings of the user's instruction, for a prompt search: moves, one entry each.

A move changes one thing that is known to matter to small models: what stands nearest to the answer,
how the form is told, what the training answers have in common. What a move says is taken from the
task and its training rows; held-out rows are not here at all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import quantiles
from typing import Final

from harness.prompts import ONE_LABEL, Demonstration, Prompt, system_parts, target
from harness.text import tokens
from harness.types import Example, Kind, TaskSpec

PLAIN: Final = "as it stands"
TYPICAL_WORDS: Final = 5
"""Of each label."""
_SHORTEST: Final = 3
"""Letters of a word that can be typical."""
_MOST_QUOTED: Final = 600
"""Letters of a training answer that is shown as an example of the form."""
_CUES: Final[Mapping[Kind, tuple[str, str]]] = {
    "label": ("Text: ", "\nLabel:"),
    "json": ("Text: ", "\nJSON:"),
    "answer": ("Question: ", "\nAnswer:"),
    "text": ("Input: ", "\nOutput:"),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """One way to ask for the same thing."""

    name: str
    """What was changed, in words."""
    system: str
    before: str = ""
    """Put in front of each question, of the worked examples too."""
    after: str = ""

    def of(self, prompt: Prompt) -> Prompt:
        """A prompt in this wording."""
        turns = tuple(Demonstration(self._framed(q), answer) for q, answer in prompt.turns)
        return Prompt(self.system, turns, self._framed(prompt.user))

    def _framed(self, question: str) -> str:
        return f"{self.before}{question}{self.after}"


@dataclass(frozen=True, slots=True)
class _Draft:
    """A wording in the making."""

    parts: Mapping[str, str]
    """Of the system prompt, in the order of `harness.prompts.system_parts`."""
    before: str = ""
    after: str = ""

    def with_part(self, name: str, text: str) -> "_Draft":
        return replace(self, parts={**self.parts, name: text})


_Move = Callable[[_Draft, TaskSpec, Sequence[Example]], _Draft | None]
"""Changes a draft; None where it would change nothing on this task."""


def _cue(draft: _Draft, spec: TaskSpec, train: Sequence[Example]) -> _Draft:
    before, after = _CUES[spec.kind]
    return replace(draft, before=before, after=f"{draft.after}{after}")


def _said_again(draft: _Draft, spec: TaskSpec, train: Sequence[Example]) -> _Draft:
    """What stands nearest to the answer counts most with small models."""
    return replace(draft, after=f"\n\n{draft.parts['instruction']}{draft.after}")


def _role(draft: _Draft, spec: TaskSpec, train: Sequence[Example]) -> _Draft:
    role = "You are an expert at this task. Work carefully and do exactly what is asked."
    return draft.with_part("instruction", f"{role}\n{draft.parts['instruction']}")


def _one_line(draft: _Draft, spec: TaskSpec, train: Sequence[Example]) -> _Draft:
    return draft.with_part("form", f"{ONE_LABEL} {', '.join(spec.labels)}")


def _typical_words(draft: _Draft, spec: TaskSpec, train: Sequence[Example]) -> _Draft | None:
    found = typical_words(spec, train)
    if not found:
        return None
    lines = (f"{label}: {', '.join(words)}" for label, words in found.items())
    return draft.with_part("hints", "\n".join(("Words that are typical of each label:", *lines)))


def _filled_form(draft: _Draft, spec: TaskSpec, train: Sequence[Example]) -> _Draft | None:
    """Small models copy a form more readily than they read a schema."""
    shown = _usual_answer(spec, train)
    if not shown:
        return None
    text = "Answer with one JSON object and nothing else. It has the fields of this one:"
    return draft.with_part("form", f"{text}\n{shown}")


def _how_long(draft: _Draft, spec: TaskSpec, train: Sequence[Example]) -> _Draft | None:
    lengths = [len(target(spec, example).split()) for example in train]
    if len(lengths) < 2:
        return None
    most = round(quantiles(lengths, n=10)[-1])
    return draft.with_part("length", f"Answer in at most {most} word{'s' if most != 1 else ''}.")


def _as_here(draft: _Draft, spec: TaskSpec, train: Sequence[Example]) -> _Draft | None:
    shown = _usual_answer(spec, train)
    if not shown:
        return None
    return draft.with_part("manner", f"Write in the manner of this answer to another one: {shown}")


_ANY: Final[Mapping[str, _Move]] = {
    "a cue before the answer": _cue,
    "instruction said again at the end": _said_again,
    "a role": _role,
}
_OWN: Final[Mapping[Kind, Mapping[str, _Move]]] = {
    "label": {"typical words of each label": _typical_words, "labels in one line": _one_line},
    "json": {"a filled form instead of the schema": _filled_form},
    "answer": {"how long an answer is": _how_long, "an answer to write like": _as_here},
    "text": {"how long an answer is": _how_long, "an answer to write like": _as_here},
}


def moves(kind: Kind) -> dict[str, _Move]:
    """What can be changed on a kind of task, by name."""
    return {**_OWN[kind], **_ANY}


def plain(spec: TaskSpec) -> Wording:
    """What every other rung asks."""
    return Wording(PLAIN, "\n".join(system_parts(spec).values()))


def worded(spec: TaskSpec, train: Sequence[Example], names: Sequence[str]) -> Wording | None:
    """The instruction with some moves made.

    Args:
        spec: of the task.
        train: rows that a move may take words from.
        names: of `moves`.

    Returns:
        None where one of them would change nothing.
    """
    known = moves(spec.kind)
    draft: _Draft | None = _Draft(system_parts(spec))
    for name in known:  # always in the same order, so that a set of moves is one wording
        if name in names and draft is not None:
            draft = known[name](draft, spec, train)
    if draft is None:
        return None
    said = " + ".join(name for name in known if name in names)
    return Wording(said or PLAIN, "\n".join(draft.parts.values()), draft.before, draft.after)


def instructed(spec: TaskSpec, instruction: str, name: str) -> Wording:
    """Another instruction in place of the user's; the form and the abstention stay."""
    return Wording(name, "\n".join({**system_parts(spec), "instruction": instruction}.values()))


def typical_words(spec: TaskSpec, train: Sequence[Example]) -> dict[str, list[str]]:
    """Words that tell a label's rows from the others, by mean TF-IDF weight, the strongest first.

    A label that has no row, or no word of its own, is left out.
    """
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    def words(text: str) -> list[str]:
        return [word for word in tokens(text, spec.language) if len(word) >= _SHORTEST]

    rows = [example for example in train if example.references]
    if not any(words(example.question) for example in rows):
        return {}
    vectorizer = TfidfVectorizer(analyzer=words, sublinear_tf=True)
    weights = vectorizer.fit_transform([example.question for example in rows]).toarray()
    names = vectorizer.get_feature_names_out()
    of = np.array([example.references[0] for example in rows])
    found: dict[str, list[str]] = {}
    for label in spec.labels:
        mine = of == label
        if not mine.any() or mine.all():
            continue
        lead = weights[mine].mean(axis=0) - weights[~mine].mean(axis=0)
        best = np.argsort(-lead, kind="stable")[:TYPICAL_WORDS]
        if chosen := [str(names[at]) for at in best if lead[at] > 0]:
            found[label] = chosen
    return found


def _usual_answer(spec: TaskSpec, train: Sequence[Example]) -> str:
    """The training answer of middle length; empty where it is too long to be quoted."""
    answers = sorted((target(spec, row) for row in train if row.references), key=len)
    shown = answers[len(answers) // 2] if answers else ""
    return shown if len(shown) <= _MOST_QUOTED else ""

"""Other wordings of the user's instruction, for a prompt search: moves, one entry each.

A move changes one thing that is known to matter to small models: what stands nearest to the answer,
how the form is told, what the training answers have in common. What a move says is taken from the
task and its training rows; held-out rows are not here at all.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from harness.prompts import (
    ONE_LABEL,
    Demonstration,
    Prompt,
    system_parts,
    system_prompt,
    target,
)
from harness.text import tokens
from harness.types import Example, Kind, TaskSpec
from harness.wording import house_range, words_of
from rag.terms import UNSPACED

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


@dataclass(frozen=True)
class Source:
    """What a move takes its words from."""

    spec: TaskSpec
    train: Sequence[Example]

    @cached_property
    def typical_words(self) -> dict[str, list[str]]:
        """See `typical_words`."""
        return typical_words(self.spec, self.train)

    @cached_property
    def answers(self) -> list[str]:
        """Those of the training rows that have one."""
        return [target(self.spec, row) for row in self.train if row.references]

    @cached_property
    def usual_answer(self) -> str:
        """The one of middle length; empty where it is too long to be quoted."""
        ordered = sorted(self.answers, key=len)
        shown = ordered[len(ordered) // 2] if ordered else ""
        return shown if len(shown) <= _MOST_QUOTED else ""


_Move = Callable[[_Draft, Source], _Draft | None]
"""Changes a draft; None where it would change nothing on this task."""


def _cue(draft: _Draft, source: Source) -> _Draft:
    before, after = _CUES[source.spec.kind]
    return replace(draft, before=before, after=f"{draft.after}{after}")


def _said_again(draft: _Draft, source: Source) -> _Draft:
    """What stands nearest to the answer counts most with small models."""
    return replace(draft, after=f"\n\n{draft.parts['instruction']}{draft.after}")


def _role(draft: _Draft, source: Source) -> _Draft:
    role = "You are an expert at this task. Work carefully and do exactly what is asked."
    return draft.with_part("instruction", f"{role}\n{draft.parts['instruction']}")


def _one_line(draft: _Draft, source: Source) -> _Draft:
    return draft.with_part("form", f"{ONE_LABEL} {', '.join(source.spec.labels)}")


def _typical_words(draft: _Draft, source: Source) -> _Draft | None:
    if not source.typical_words:
        return None
    lines = (f"{label}: {', '.join(words)}" for label, words in source.typical_words.items())
    return draft.with_part("hints", "\n".join(("Words that are typical of each label:", *lines)))


def _filled_form(draft: _Draft, source: Source) -> _Draft | None:
    """Small models copy a form more readily than they read a schema."""
    if not source.usual_answer:
        return None
    text = "Answer with one JSON object and nothing else. It has the fields of this one:"
    return draft.with_part("form", f"{text}\n{source.usual_answer}")


def _how_long(draft: _Draft, source: Source) -> _Draft | None:
    """Where words stand apart: nobody counts them in a script without spaces."""
    lengths = [len(words_of(text)) for text in source.answers]
    unspaced = sum(bool(UNSPACED.search(text)) for text in source.answers)
    if len(lengths) < 2 or 2 * unspaced > len(lengths):
        return None
    most = max(1, round(house_range(lengths).high))
    return draft.with_part("length", f"Answer in at most {most} word{'s' if most != 1 else ''}.")


def _as_here(draft: _Draft, source: Source) -> _Draft | None:
    if not source.usual_answer:
        return None
    text = f"Write in the manner of this answer to another question: {source.usual_answer}"
    return draft.with_part("manner", text)


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
    return Wording(PLAIN, system_prompt(spec))


def worded(source: Source, names: Collection[str]) -> Wording | None:
    """The instruction with some moves made.

    Args:
        source: the task, and the rows that a move may take words from.
        names: of `moves`.

    Returns:
        None where one of them would change nothing.
    """
    known = moves(source.spec.kind)
    draft: _Draft | None = _Draft(system_parts(source.spec))
    for name in known:  # always in the same order, so that a set of moves is one wording
        if name in names and draft is not None:
            draft = known[name](draft, source)
    if draft is None:
        return None
    said = " + ".join(name for name in known if name in names)
    return Wording(said or PLAIN, "\n".join(draft.parts.values()), draft.before, draft.after)


def instructed(spec: TaskSpec, instruction: str, name: str) -> Wording:
    """Another instruction in place of the user's; the form and the abstention stay."""
    return Wording(name, "\n".join({**system_parts(spec), "instruction": instruction}.values()))


def typical_words(spec: TaskSpec, train: Sequence[Example]) -> dict[str, list[str]]:
    """Words that tell a label's rows from the others, by mean TF-IDF weight, the strongest first.

    A label that has no row, or no word of its own, is left out; so is what stands without spaces
    between words, where a run of letters is no word.
    """
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    def words(text: str) -> list[str]:
        found = tokens(text, spec.language)
        return [one for one in found if len(one) >= _SHORTEST and not UNSPACED.search(one)]

    rows = [example for example in train if example.references]
    if not any(words(example.question) for example in rows):
        return {}
    vectorizer = TfidfVectorizer(analyzer=words, sublinear_tf=True)
    # sparse: as a table of rows by words, thousands of rows take gigabytes
    weights = vectorizer.fit_transform([example.question for example in rows])
    names = vectorizer.get_feature_names_out()
    of = np.array([example.references[0] for example in rows])
    found: dict[str, list[str]] = {}
    for label in spec.labels:
        mine = of == label
        if not mine.any() or mine.all():
            continue
        lead = np.asarray(weights[mine].mean(axis=0) - weights[~mine].mean(axis=0)).ravel()
        best = np.argsort(-lead, kind="stable")[:TYPICAL_WORDS]
        if chosen := [str(names[at]) for at in best if lead[at] > 0]:
            found[label] = chosen
    return found

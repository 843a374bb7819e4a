"""Forgetting: what fine-tuning lost against the untrained base, on items no project trains on.

Texts to be read, everyday knowledge, instructions, reading a paragraph, and saying that it does not
hold the answer. All of it is asked with a neutral system prompt: with the task's own a tuned model
is meant to answer as it was tuned. LoRA is known to forget less than full fine-tuning (Biderman et
al. 2024, arXiv 2405.09673); tuning without passages can cost the skill to read them (RAFT, arXiv
2403.10131).
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from statistics import fmean

from harness.forgotten import LITTLE, MUCH, NOTHING, Skill, could, index, kept, level
from harness.generators.base import Refusal
from harness.generators.local import LocalGenerator
from harness.intervals import mean_interval
from harness.keeping import keeps
from harness.probe import Change, Measure
from harness.prompts import Prompt
from harness.rungs import title_of
from harness.text import holds
from harness.trained import (
    Bed,
    Case,
    CellTested,
    Finding,
    Item,
    Job,
    Material,
    RungTested,
    TrainedProbe,
    estimate_of,
)
from tuning.likelihood import as_text, read_all

SYSTEM = "You are a helpful assistant."
NEW_TOKENS = 32
"""Limit on each answer: none of the tasks asks for more."""
BATCH = 12
NOT_STATED = "Not stated"
CHOICES = 4
SHOWN = 12
"""Items shown one by one, for each rung."""

Entry = Mapping[str, str | list[str]]


@cache
def entries() -> dict[str, list[Entry]]:
    """Everything asked, by kind."""
    file = Path(__file__).with_name("forgetting.toml")
    found: dict[str, list[Entry]] = tomllib.loads(file.read_text(encoding="utf-8"))
    return found


def question(part: str, entry: Entry) -> str:
    """What the user says, for a part that is answered in words."""
    if part == "instruction":
        return str(entry["ask"])
    if part == "reading":
        return f"{entry['text']}\n\nQuestion: {entry['ask']}\nAnswer from the text, in few words."
    return (
        f"{entry['text']}\n\nQuestion: {entry['not_stated']}\nAnswer from the text. If the text "
        f"does not say it, reply: {NOT_STATED}."
    )


def right(part: str, entry: Entry, answer: str) -> bool:
    """Whether an answer in words is right."""
    if part == "instruction":
        return keeps(answer, str(entry["check"]), str(entry["what"]))
    if part == "reading":
        return any(holds(answer, fact) for fact in str(entry["fact"]).split("|"))
    return holds(answer, NOT_STATED)


_Asking = Callable[[LocalGenerator, str, Sequence[str]], Iterator[list[Item]]]


def _read_texts(local: LocalGenerator, part: str, ids: Sequence[str]) -> Iterator[list[Item]]:
    """Nats a token of each text."""
    texts = [str(entries()["text"][int(one)]["text"]) for one in ids]
    tokens = [local.tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    rows = [as_text(own, local.context_length) for own in tokens]
    for batch in read_all(local.model, rows):
        yield [Item(ids[at], part, False, fmean(one.nll)) for at, one in batch]


def _choose(local: LocalGenerator, part: str, ids: Sequence[str]) -> Iterator[list[Item]]:
    """Whether the right choice is the likeliest, by nats a token."""
    rows, choices = [], []
    for one in ids:
        entry = entries()["choice"][int(one)]
        choices.append([str(choice) for choice in entry["choices"]])
        prompt = Prompt(SYSTEM, (), str(entry["ask"]))
        rows += [local.encode(prompt, choice) for choice in choices[-1]]
    nats = [0.0] * len(rows)
    for batch in read_all(local.model, rows):
        for at, one_read in batch:
            nats[at] = fmean(one_read.nll)
    found = []
    for at, one in enumerate(ids):
        own = nats[CHOICES * at : CHOICES * (at + 1)]
        taken = choices[at][own.index(min(own))]
        found.append(Item(one, part, False, float(own[0] < min(own[1:])), text=taken))
    yield found


def _answer(local: LocalGenerator, part: str, ids: Sequence[str]) -> Iterator[list[Item]]:
    """Answers in words, checked by a program."""
    kind = "instruction" if part == "instruction" else "paragraph"
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        own = [entries()[kind][int(one)] for one in some]
        prompts = [Prompt(SYSTEM, (), question(part, entry)) for entry in own]
        batch = []
        for done in local.complete(prompts, NEW_TOKENS):
            if isinstance(done, Refusal):
                batch.append(Item(some[done.row], part, False, failed=done.message))
                continue
            value = float(right(part, own[done.row], done.text))
            batch.append(Item(some[done.row], part, False, value, text=done.text))
        yield batch


PARTS: dict[str, tuple[str, _Asking]] = {
    "text": ("text", _read_texts),
    "choice": ("choice", _choose),
    "instruction": ("instruction", _answer),
    "reading": ("paragraph", _answer),
    "not_stated": ("paragraph", _answer),
}
"""By name: the entries it is about, and how it is asked."""


def jobs(bed: Bed) -> list[Job]:
    """Everything, of the one model that the cell has open."""
    local = bed.bench.local()
    found = []
    for part, (kind, asking) in PARTS.items():
        ids = tuple(str(at) for at in range(min(bed.count, len(entries()[kind]))))
        found.append(Job(part, False, ids, partial(asking, local, part), {}))
    return found


def measure(material: Material) -> RungTested:
    """Each skill against the base's, paired item by item, and the verdict."""
    base = material.base
    assert base is not None  # it is asked first, and nothing goes on without it
    skills = [_skill(part, base, material.cells) for part in PARTS]
    found, overall = kept(skills), index(skills, material.seed)
    word, reasons = level(found, overall)
    findings = {}
    for skill in skills:
        one = found[skill.name].comparison
        change = Change(one.difference, one.low, one.high, one.n, one.verdict)
        failed = sum(any(row[at] is None for row in skill.now) for at in range(len(skill.base)))
        now = estimate_of(mean_interval(list(skill.now)), failed)
        before = estimate_of(mean_interval(skill.base), sum(v is None for v in skill.base))
        note = "" if could(skill) else NOTHING
        findings[skill.name] = Finding(now, before, None, change, note)
    name = material.cells[0].rung
    return RungTested(
        title=title_of(name),
        seeds=tuple(cell.seed for cell in material.cells),
        level=word,
        overall=overall,
        found=findings,
        reasons=reasons,
        cases=_cases(base, material.cells[0]),
        n_failed=sum(bool(item.failed) for cell in material.cells for item in cell.items),
    )


def _skill(part: str, base: CellTested, cells: Sequence[CellTested]) -> Skill:
    values = [{i.id: i.value for i in cell.items if i.part == part} for cell in (base, *cells)]
    ids = list(values[0])
    first, *rest = [[own.get(one) for one in ids] for own in values]
    return Skill(part, first, rest, part == "text", 1 / CHOICES if part == "choice" else 0.0)


def _cases(base: CellTested, cell: CellTested) -> tuple[Case, ...]:
    """Items that only the base, or only the trained model, has right; losses first."""
    before = {(item.part, item.id): item for item in base.items}
    lost: list[Case] = []
    won: list[Case] = []
    for item in cell.items:
        was = before.get((item.part, item.id))
        if was is None or item.part == "text" or None in (was.value, item.value):
            continue
        entry = entries()[PARTS[item.part][0]][int(item.id)]
        said = str(entry["ask"]) if item.part == "choice" else question(item.part, entry)
        case = Case(cell.rung, item.part, said, was.text, item.text)
        if was.value != item.value:
            (lost if item.value == 0 else won).append(case)
    half = SHOWN // 2
    return (*lost[: max(half, SHOWN - len(won))], *won[: max(half, SHOWN - len(lost))])


PROBE = TrainedProbe(
    name="forgetting",
    title="What training cost besides",
    what=(
        "The trained model and its base are asked the same general things, none of them from your "
        "data: what can it no longer do?"
    ),
    unit="item",
    default=100,
    base_apart=True,
    jobs=jobs,
    measure=measure,
    measures=(
        Measure(
            "text",
            "Reading texts",
            "How well each word of short general texts is predicted: perplexity, less is better.",
        ),
        Measure(
            "choice",
            "Everyday knowledge",
            "Of four choices, the right one is the likeliest; guessing gets 25 %.",
        ),
        Measure(
            "instruction",
            "Instructions",
            "A form that was asked for is kept: one word, capitals, a list of three, a last word.",
        ),
        Measure(
            "reading", "Using a paragraph", "The answer holds the fact that the paragraph states."
        ),
        Measure(
            "not_stated",
            "Saying it is not there",
            "A question that the paragraph does not answer is answered with 'Not stated'.",
        ),
    ),
    facts=(
        "Asked with a neutral instruction: with the task's own, a trained model is meant to answer "
        "as it was trained. Texts and tasks were written for this product and are in English.",
        f"Much is forgotten where a skill is shown to be worse and {MUCH:.0%} or more of what the "
        f"base could do is gone; some, from {LITTLE:.0%} on; little, where no such loss is shown "
        f"and the mean loss stays below {LITTLE:.0%} by its interval. These limits are this "
        "product's choice.",
    ),
)

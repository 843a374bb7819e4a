"""How passages were found: each way that was tried on dev, as rows of text. Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from advisor.effort_words import ONE_ERROR
from advisor.numbers import count, in_sentence, percent
from harness.experiment import ArmResult, Experiment
from harness.given import SET_BY_USER
from harness.looking_up import NO_RERANKER
from harness.types import Json
from rag.rerank import POOL
from rag.retrievers import RETRIEVERS

TITLE = "How passages were found"
_MRR, _NDCG = "mrr_at_10", "ndcg_at_10"


class Searching(NamedTuple):
    """The ways to look passages up that a check tried, and the one each rung took."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int
    """How many columns at the left are words."""
    strong: int | None
    """The way that the first rung took."""
    notes: tuple[str, ...]


def searching(experiment: Experiment) -> Searching | None:
    """What each way finds of dev's answers; None where nothing was looked up or measured."""
    looked_up = {
        name: arm for name, arm in experiment.rungs.items() if arm.effort.get("retrievers_tried")
    }
    if not looked_up:
        return None
    first = next(iter(looked_up.values()))
    tried: Sequence[Mapping[str, Json]] = first.effort["retrievers_tried"]
    ks = list(tried[0].get("recall") or {})
    taken = {name: str(arm.settings.get("retriever", "")) for name, arm in looked_up.items()}
    titles = {name: arm.title for name, arm in looked_up.items()}
    rows = tuple(
        (
            _way(str(one["retriever"])),
            _named([titles[name] for name, way in taken.items() if way == one["retriever"]]),
            *(percent((one.get("recall") or {}).get(k)) for k in ks),
            _figure(one.get(_MRR)),
            _figure(one.get(_NDCG)),
        )
        for one in tried
    )
    ways = [one["retriever"] for one in tried]
    way = first.settings.get("retriever")
    return Searching(
        f"Of dev's questions, those whose answer stood in the first {', '.join(ks)} passages",
        ("Looked up", "Taken by", *(f"In {k}" for k in ks), "MRR", "nDCG"),
        rows,
        2,
        ways.index(way) if way in ways else None,
        tuple(_notes(tried, first)),
    )


def _notes(tried: Sequence[Mapping[str, Json]], arm: ArmResult) -> list[str]:
    settings = arm.settings
    asked = tried[0].get("questions") or 0
    notes = [
        f"Measured on {count(asked, 'dev question')} of which it can be told whether a passage "
        "holds the answer. No model had to answer; the held-out questions were not looked at."
        if asked
        else "Whether the right passages were found is not known: of no dev question can it be "
        "told which passages answer it. Name the document of each row: document = its column, "
        "under [data.columns]."
    ]
    if len(tried) > 1:
        first = in_sentence(_way(str(tried[0]["retriever"])))
        notes.append(
            f"Another way than {first} is taken only where it leads in what it finds {ONE_ERROR}."
        )
    else:
        by_user = "retriever" in (arm.effort.get(SET_BY_USER) or ())
        notes.append(
            "You set this way; no other was tried."
            if by_user
            else "This effort tries one way; normal and thorough compare three."
        )
    notes.append(
        "MRR and nDCG are 1 when the right passages stand first: MRR looks at the first right one "
        "of ten, nDCG at all of them."
    )
    if "reranker" in settings:
        took = settings["reranker"] != NO_RERANKER
        notes.append(
            f"The first {POOL} passages of each question are put in order once more by "
            f"{settings['reranker']}; the table is without it."
            if took
            else "The reranker was tried and left out: it did not find clearly more."
        )
    if settings.get("indexed_passages"):
        notes.append(
            f"{count(settings['indexed_passages'], 'passage')} of at most "
            f"{settings.get('passage_words')} words, embedded with {settings.get('embedder')}."
        )
    if asked := arm.effort.get("nearest_looked_for"):
        notes.append(
            "With so many passages a search by meaning reads only the likeliest of them: it found "
            f"{arm.effort['nearest_found']:,} of {asked:,} of the nearest."
        )
    return [*notes, *_sizes(arm.effort)]


def _sizes(effort: Mapping[str, Json]) -> list[str]:
    """What the lengths of passages that were tried find; nothing where one was all there was."""
    tried: Sequence[Mapping[str, Json]] = effort.get("passage_sizes_tried") or ()
    if why := effort.get("passage_size_why"):
        return [f"Other lengths of passages were not tried: {why}."]
    if not tried:
        return []
    shares = [f"{one['words']} words {percent(one['found'])}" for one in tried]
    asked = count(effort["passage_size_questions"], "question")
    return [
        "Lengths of passages were compared by what stands in the same number of words before the "
        f"reader, titles included, on {asked} that are not held out: {', '.join(shares)}. Another "
        f"length than {tried[0]['words']} is taken where it leads {ONE_ERROR}; chance alone "
        "reaches that now and then."
    ]


def _way(name: str) -> str:
    """'dense' -> 'By meaning (dense)'."""
    known = RETRIEVERS.get(name)
    return f"{known.what[:1].upper()}{known.what[1:]} ({name})" if known else name


def _named(titles: Sequence[str]) -> str:
    return ", ".join([*titles[:1], *(in_sentence(title) for title in titles[1:])])


def _figure(value: Json) -> str:
    return f"{value:.2f}" if isinstance(value, int | float) else "not known"

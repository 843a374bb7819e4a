"""What data, model and machine answer by themselves: facts for the questionnaire, with words."""

from typing import NamedTuple

from advisor.audit import AuditReport
from advisor.numbers import count
from advisor.question_types import DONT_KNOW
from advisor.questionnaire import questionnaire
from harness.device import Card
from harness.models import EMBEDDED
from harness.task import Loaded

GB = 1e9


class Known(NamedTuple):
    """An answer that the data gives."""

    question: str
    option: str
    because: str
    """What in the data says so."""


def known_from(
    loaded: Loaded, report: AuditReport, generator: str = "", card: Card | None = None
) -> tuple[Known, ...]:
    """The questions that the data answers, and what will work on it.

    Personal data is only said to be there, never to be absent: names cannot be found.

    Args:
        loaded: The project's data.
        report: Its audit.
        generator: The model that will answer; what is not known of it answers nothing.
        card: This machine's graphics card; None where there is none, or that is not known.
    """
    task = loaded.task
    if task is None:
        return ()
    learning = len(task.train) + len(task.dev)
    facts: dict[str, float] = {"n_heldout": len(task.heldout), "n_examples": learning}
    words = {
        "n_heldout": count(len(task.heldout), "question") + " held out",
        "n_examples": count(learning, "example") + " to learn from",
    }
    if task.documents:
        size = sum(len(document.text.split()) for document in task.documents)
        facts["documents_size"] = size
        words["documents_size"] = count(size, "word") + " in the documents"
    pairs = task.preferences
    if n_pairs := len(pairs.train) + len(pairs.dev) + len(pairs.heldout):
        facts["n_preferences"] = n_pairs
        words["n_preferences"] = count(n_pairs, "preference pair")
    personal = sum(found.count for found in report.personal)
    if personal:
        facts["personal_data"] = personal
        words["personal_data"] = count(personal, "row or document", "rows and documents") + (
            " with e-mail addresses, numbers and the like"
        )
    _about_model(generator, task.spec.language, facts, words)
    if card is not None:  # that there is none here says nothing of where training could be done
        _about_card(card, facts, words)
    asked = questionnaire()
    answers = asked.from_facts(facts)
    return tuple(
        Known(question.key, answers[question.key], words[question.from_data])
        for question in asked.questions
        if question.key in answers and answers[question.key] != DONT_KNOW
    )


def _about_model(
    generator: str, language: str, facts: dict[str, float], words: dict[str, str]
) -> None:
    """The language of a model that comes with the program; of others it is not known.

    Not its size: that one is for trying out, and the question is which model will answer.
    """
    model = EMBEDDED.get(generator)
    if model is None:
        return
    if language not in model.languages:
        facts["language"] = 1.0
        spoken = ", ".join(model.languages)
        words["language"] = f"the task is in “{language}”, and {generator} was made for “{spoken}”"


def _about_card(card: Card, facts: dict[str, float], words: dict[str, str]) -> None:
    """How much the machine's graphics card holds."""
    held = card.memory_bytes / GB
    facts["gpu_memory"] = round(held)  # of what is sold as 24 GB the driver may keep a little
    words["gpu_memory"] = f"this machine's card, {card.name}, has {held:.1f} GB"

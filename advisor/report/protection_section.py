"""The part of a report for those who have to answer for the data."""

from collections.abc import Iterator

from advisor.numbers import capital, in_sentence
from advisor.project_sections import PrivacySection
from advisor.prompt_words import found_prompt
from advisor.report.document import Block, Bullets, Paragraph, Section, Terms
from advisor.report.sources import Sources
from harness.cell import parse_cell
from harness.generators.endpoint import PREFIX

PROPOSED = "searched_prompt"
"""The rung for which a proposer is asked."""


def protection(sources: Sources) -> Section:
    """Where the data went, for those who have to answer for it."""
    experiment, where = sources.experiment, _where(sources)
    lines = [where]
    if sources.judged is not None and sources.judged.asked:
        addresses = ", ".join(name.removeprefix(PREFIX) for name in sources.judged.asked)
        lines = [
            f"For the check itself: {in_sentence(where)}",
            f"Afterwards questions, references and answers were sent to a judge: {addresses}.",
        ]
    arms = [arm for arm in experiment.rungs.values() if arm.settings.get("training_rows")]
    trained = " and ".join(in_sentence(arm.title) for arm in arms)
    if trained:
        lines.append(
            f"{trained[:1].upper()}{trained[1:]} put the training examples into the model's "
            "weights: what is in them is hard to take back. In retrieval, deleting a document is "
            "enough, with rungwise forget, or the page Data, for what is kept of it."
        )
    quoted = "held-out questions, answers and passages"
    if any(found_prompt(arm) for arm in experiment.rungs.values()):
        quoted += ", and in the prompt that was found perhaps training rows"
    lines.append(f"This report quotes {quoted}: it needs their care.")
    blocks = (Bullets(tuple(lines)), *_statement(sources))
    return Section("protection", "Data protection", blocks)


def personal_data(sources: Sources) -> Section | None:
    """What was found and what is stated of it; None where neither is."""
    found = sources.audit is not None and sources.audit.personal
    if not found and sources.privacy == PrivacySection():
        return None
    return Section("protection", "Personal data", tuple(_statement(sources)))


def _statement(sources: Sources) -> Iterator[Block]:
    """Purpose, retention and access as the project states them, or that they are not stated."""
    stated, found = sources.privacy, sources.audit.personal if sources.audit else ()
    said = (
        ("Purpose", stated.purpose),
        ("Kept until", stated.retention),
        ("Who has access", stated.access),
    )
    if found:
        yield Bullets(tuple(one.message for one in found))
    elif sources.audit:
        yield Paragraph("The audit found no personal data of the kinds that it looks for.")
    if any(text for _, text in said):
        yield Terms(tuple((name, text or "not stated") for name, text in said))
    elif found:
        yield Paragraph(
            "What it is processed for, how long it is kept and who has access is not stated: "
            "write it under [privacy] in rungwise.toml, or on the page Data."
        )


def _where(sources: Sources) -> str:
    """What was sent to which address while the rungs were built and asked."""
    asked = [arm.effort.get("proposer") or {} for arm in sources.experiment.rungs.values()]
    proposers = [str(one["endpoint"]).removeprefix(PREFIX) for one in asked if one]
    # a rung that failed after it had asked is no arm
    if not proposers and (named := _asked_in_vain(sources)):
        proposers, were = [named.removeprefix(PREFIX)], "may have been"
    else:
        were = "were"
    to = ", ".join(proposers)
    rows = f"training rows {were} sent to a model that proposes instructions: {to}."
    if sources.plan.generator.startswith(PREFIX):
        address = sources.plan.generator.removeprefix(PREFIX)
        text = f"Questions, examples and passages were sent to the model's address, {address}. "
        text += f"{capital(rows)} " if proposers else ""
        return f"{text}Everything else stayed on this machine."
    text = "Model, documents and questions stayed on the machine of the check; "
    return text + (rows if proposers else "nothing was sent.")


def _asked_in_vain(sources: Sources) -> str:
    """The proposer that was named for a rung that failed, whether or not it got to ask it."""
    failed = {parse_cell(cell)[0] for cell in sources.experiment.failed}
    return sources.plan.given.prompt.proposer if PROPOSED in failed else ""

"""An export and its parity in sentences: the same in a terminal, on a page, in report and card."""

from collections.abc import Mapping

from advisor.numbers import count, percent, points, points_range
from harness.exporting import Record
from harness.parity import Parity
from harness.rungs import title_of

FORMS: Mapping[str, str] = {
    "adapter": "adapter (LoRA)",
    "merged": "merged model",
    "full": "whole model, all weights trained",
}
"""What is exported, in words."""
NOTHING = "Nothing was exported from this check."


def parity_sentences(found: Parity) -> list[str]:
    """What the exported model answered when it was asked again."""
    what = count(found.asked, "held-out question")
    if found.asked < found.heldout:
        what += f" of {found.heldout:,}"
    lines = [
        f"Loaded afresh by {found.loaded_by} in {found.precision} and asked {what} again: "
        f"{percent_exact(found.identical, found.asked)} of the answers are those that were "
        "measured, letter by letter."
    ]
    if found.tied:
        lines.append(
            f"{count(found.tied, 'more answer')} "
            f"{'parts' if found.tied == 1 else 'part'} from the stored one where two words were "
            "so nearly equally likely that rounding decides."
        )
    lines.append(
        f"Score {percent(found.exported_score)}, measured {percent(found.stored_score)} on the "
        f"same questions: {points(found.difference)} points "
        f"({points_range(found.low, found.high)})."
    )
    if found.free_score is not None:
        lines.append(
            "That is with answers held to the allowed ones, as they were when it was measured; "
            f"free answers of these weights score {percent(found.free_score)}."
        )
    if found.why_not:
        lines.append(f"Not verified: {found.why_not}.")
    return lines


def percent_exact(part: int, whole: int) -> str:
    """126, 126 -> '126 of 126 (100 %)'; never rounded up to all."""
    share = 100 * part / max(1, whole)
    words = f"{share:.0f} %" if part in (0, whole) else f"{min(99.9, max(0.1, share)):.1f} %"
    return f"{part:,} of {whole:,} ({words})"


def record_sentence(record: Record) -> str:
    """One export in a line, whether it is verified included."""
    state = word_of(record) if record.verified else f"NOT verified ({record.why_not})"
    return f"{_what(record)}: {state}; {measured_again(record)}"


def word_of(record: Record) -> str:
    """Whether an export is what was measured, in a word or a few for a tag."""
    if not record.verified:
        return "not verified"
    return "verified up to rounding" if record.tied else "verified"


def _what(record: Record) -> str:
    return (
        f"{title_of(record.rung)}, seed {record.seed}, {FORMS[record.form]} in {record.precision}, "
        f"{record.at[:10]}"
    )


def untagged_sentence(record: Record) -> str:
    """The same where a tag beside it says whether it is verified."""
    why = "" if record.verified else f" {record.why_not[:1].upper()}{record.why_not[1:]}."
    return f"{_what(record)}.{why} {measured_again(record)}"


def measured_again(record: Record) -> str:
    """What it answered when it was asked again."""
    same = f"{percent_exact(record.identical, record.asked)} answers identical"
    tied = f", {record.tied} more parted at a tie" if record.tied else ""
    return (
        f"{same}{tied}, score {percent(record.exported_score)} against "
        f"{percent(record.stored_score)} measured."
    )

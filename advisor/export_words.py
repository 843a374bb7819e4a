"""An export and its parity in sentences: the same in a terminal, on a page, in report and card."""

from collections.abc import Mapping

from advisor.numbers import count, percent, points
from harness.exporting import Record
from harness.parity import Parity
from harness.rungs import title_of

FORMS: Mapping[str, str] = {"adapter": "adapter (LoRA)", "merged": "merged model"}
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
        f"same questions: {points(found.difference)} points."
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
    share = part / max(1, whole)
    words = "100 %" if part == whole else f"{min(99.9, share * 100):.1f} %"
    return f"{part:,} of {whole:,} ({words})"


def record_sentence(record: Record) -> str:
    """One export, in a line. The folder is a path of this machine."""
    same = f"{percent_exact(record.identical, record.asked)} answers identical"
    tied = f", {record.tied} more parted at a tie" if record.tied else ""
    state = "verified" if record.verified else f"NOT verified ({record.why_not})"
    return (
        f"{title_of(record.rung)}, seed {record.seed}, {FORMS[record.form]} in {record.precision}, "
        f"{record.at[:10]}: {state}; {same}{tied}, score {percent(record.exported_score)} against "
        f"{percent(record.stored_score)} measured."
    )

"""What was replaced, in plain words; for the terminal and the page."""

from collections.abc import Iterator

from advisor.anonymise import Anonymised
from advisor.numbers import count
from advisor.pseudonyms import KIND_WORDS

LIMITS = (
    "Names and postal addresses have no form to know them by and are not looked for, but for the "
    "names that you list. Whoever knows what else a text tells may still know who is meant, so "
    "this is pseudonymous in the sense of the GDPR, not anonymous."
)


def done_lines(done: Anonymised) -> Iterator[str]:
    """Line by line, the sum first."""
    places = sum(done.places.values())
    read = f"{count(done.rows, 'row')} and {count(done.documents, 'document')}"
    if places:
        yield f"Replaced {count(places, 'place')} in {read}:"
    else:
        yield f"Nothing to replace was found in {read}; the copy says the same."
    for kind, number in done.places.items():
        yield f"  {KIND_WORDS[kind]}: {count(number, 'place')}, {done.values[kind]:,} different"
    if done.kept:
        yield f"  left as you asked: {count(done.kept, 'value')}"
    yield f"The copy is in {done.out}; reading it again finds none of these."
    if done.as_text:
        shown = ", ".join(done.as_text[:5]) + (" …" if len(done.as_text) > 5 else "")
        yield (
            f"Only the text was taken over of {count(len(done.as_text), 'document')} that could "
            f"hide more, so page numbers are gone: {shown}"
        )
    if done.not_copied:
        yield f"Not copied: {', '.join(done.not_copied)}. Earlier runs hold the data as it was."
    yield LIMITS

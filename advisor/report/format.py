"""What a report format declares."""

from collections.abc import Callable
from dataclasses import dataclass

from advisor.report.document import Report


@dataclass(frozen=True, slots=True)
class Format:
    """Declared by each file in `advisor/report/formats` as `FORMAT`."""

    name: str
    suffix: str
    """Of its files, with the dot."""
    mime: str
    render: Callable[[Report], bytes]
    """The same report gives the same bytes."""

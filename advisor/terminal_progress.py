"""How far long work is, on stderr: a bar on a terminal, plain lines otherwise."""

import sys
import time
from collections.abc import Sequence
from typing import Any, Final

from tqdm import tqdm

from advisor.scored_words import score_words
from advisor.terminal import note
from advisor.training_figures import look_words, looks_of, pace_of, pace_words
from harness.ceilings import arm_title
from harness.cell import parse_cell
from harness.store import Event

_SILENT_S: Final = 2.0
"""Work that is over sooner shows nothing."""


class _Bar:
    """One bar at a time; a new one where another thing is done."""

    def __init__(self) -> None:
        self.bar: Any = None
        self.on_terminal = sys.stderr.isatty()
        self.last: tuple[str, int] = ("", -1)

    def show(self, what: str, done: int, total: int, detail: str = "") -> None:
        """How much of what is done."""
        tenth = what, done * 10 // max(1, total)
        if self.on_terminal:
            if self.bar is None or self.bar.desc.strip(": ") != what or self.bar.total != total:
                self.close()
                self.bar = tqdm(total=total, desc=what, file=sys.stderr, leave=False)
            self.bar.set_postfix_str(detail, refresh=False)
            self.bar.n = done
            self.bar.refresh()  # events are few, and the last one must not be passed over
        elif done == total or tenth != self.last:
            self.last = tenth
            note(f"    {what.lower()} {done}/{total}{', ' + detail if detail else ''}")

    def close(self) -> None:
        """Leave the terminal tidy."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None


class Steps:
    """Progress of looking over a project's data: mostly over in a moment, and then not shown."""

    def __init__(self) -> None:
        self._bar = _Bar()
        self._began = time.monotonic()

    def reading(self, number: int, total: int) -> None:
        """A document is read next."""
        self._show("Reading documents", number, total)

    def looking(self, number: int, total: int) -> None:
        """One kind of oddity is looked for next."""
        self._show("Looking for what is odd", number, total)

    def step(self, what: str, number: int, total: int) -> None:
        """Any other thing is done next."""
        self._show(what, number, total)

    def _show(self, what: str, number: int, total: int) -> None:
        if time.monotonic() - self._began > _SILENT_S:
            self._bar.show(what, number, total)

    def close(self) -> None:
        """Leave the terminal tidy."""
        self._bar.close()


class Requests:
    """Requests to a judge."""

    def __init__(self) -> None:
        self._bar = _Bar()

    def __call__(self, done: int, total: int) -> None:
        """Show how many of how many are done."""
        self._bar.show("Judged", done, total)

    def close(self) -> None:
        """Leave the terminal tidy."""
        self._bar.close()


class Progress:
    """Events of a check."""

    def __init__(self, cells: Sequence[str]) -> None:
        self.cells = list(cells)
        self._bar = _Bar()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if not event.cell:
            if event.kind in ("cancelled", "doing"):
                self._line(event.message)
            return
        if event.kind == "started":
            self._line(f"[{self._place(event.cell)}] {event.cell}")
        elif event.kind == "failed":
            self._line(f"    failed: {event.message}")
        elif event.kind == "finished":
            self.close()
        elif event.kind == "answered":
            f = event.figures
            self._bar.show("Answering", f.get("done", 0), f.get("total", 0))
        elif event.kind == "scored":
            self._line(f"    {arm_title(parse_cell(event.cell)[0])}: {score_words(event)}")
        elif pace := pace_of([event]):
            self._bar.show("Training", pace.step, pace.steps, pace_words(pace))
        elif looks := looks_of([event]):
            self._line(f"    {look_words(looks[0])}")
        else:
            self._line(f"    {event.message}")

    def close(self) -> None:
        """Leave the terminal tidy."""
        self._bar.close()

    def _place(self, cell: str) -> str:
        place = self.cells.index(cell) + 1 if cell in self.cells else "?"
        return f"{place}/{len(self.cells)}"

    def _line(self, text: str) -> None:
        self.close()
        note(text)


class Exporting:
    """Steps of an export."""

    def __init__(self) -> None:
        self._bar = _Bar()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show one step."""
        if total:
            self._bar.show(what, done, total)
        else:
            self._bar.close()
            note(f"{what} …")

    def close(self) -> None:
        """Leave the terminal tidy."""
        self._bar.close()

"""rungwise label: look at a run's answers one by one, without knowing whose they are."""

from argparse import ArgumentParser, Namespace

from advisor import workflow
from advisor.judging import Labelling, keep_label, labelling, take_back
from advisor.terminal import ask, note, out, out_json
from advisor.verb import Verb
from harness.judge.labels import NEEDED, Opinion
from harness.judge.material import Said
from harness.judge.measure import write_judged
from harness.judge.prompts import cut
from harness.judge.rules import who
from harness.store import Run

KEYS: dict[str, Opinion] = {"1": "right", "2": "wrong", "3": "unsure"}


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("run", help="the run's folder, or its id inside the project folder")
    parser.add_argument("--by", metavar="NAME", default=who(), help="who looks at them")
    parser.add_argument("--json", action="store_true", help="print how many are done as JSON")


def run(given: Namespace) -> int:
    """Put answers one by one; each label is on disk before the next one."""
    found = workflow.find_run(given.run)
    now = labelling(found)
    if not given.json or now.next is not None:
        note("Is the answer right? Type 1 for right, 2 for not right, 3 for cannot tell, b to go")
        note("back one. An empty line stops; the same command goes on.")
    while now.next is not None:
        _show(now.next, now)
        if not _label(found, now.next, now, given.by):
            break
        now = labelling(found)
    write_judged(found)
    if given.json:
        out_json({"run": found.name, "labelled": now.done, "unsure": now.unsure, "needed": NEEDED})
        return 0
    out(_progress(now))
    if now.enough:
        out(f"next: rungwise judge {given.run}")
    return 0


def _show(said: Said, now: Labelling) -> None:
    note(f"\n{_progress(now)}")
    for title, text in (
        ("Question", said.question),
        ("Right is", said.reference),
        ("Answer", said.answer or "(empty)"),
    ):
        note(f"{title}: {cut(text)}")


def _label(run: Run, said: Said, now: Labelling, by: str) -> bool:
    """One answer; False to stop."""
    while True:
        typed = ask("> ")
        if not typed:
            return False
        if typed in KEYS:
            keep_label(run, said, KEYS[typed], by)
            return True
        if typed == "b" and now.last is not None:
            take_back(run, now.last)
            return True
        note("Type 1, 2, 3 or b, or an empty line to stop.")


def _progress(now: Labelling) -> str:
    unsure = f", {now.unsure} cannot tell" if now.unsure else ""
    if now.done >= NEEDED:
        return f"{now.done} looked at{unsure}; a judge may be asked. More make its figures surer."
    return f"{now.done} of {NEEDED} looked at{unsure}"


VERB = Verb(
    name="label",
    example='rungwise label support-desk/runs/first --by "A. Kaya"',
    configure=configure,
    run=run,
)

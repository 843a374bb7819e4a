"""rungwise export: a trained model, asked again to verify it, or the training rows."""

import signal
from argparse import ArgumentParser, Namespace
from pathlib import Path

import msgspec

from advisor import terminal, training_set, workflow
from advisor.export_words import FORMS, parity_sentences
from advisor.exporting import PARITY_FILE, Done, Wanted, export
from advisor.numbers import short
from advisor.pair_formats import PAIR_FORMATS, PairRow
from advisor.project import CONFIG, open_project
from advisor.terminal_progress import Exporting
from advisor.training_format import Row
from advisor.training_formats import training_formats
from advisor.verb import Verb
from harness.errors import JobError, Problem, UserError
from harness.parity import Parity
from harness.plugins import pick
from harness.rungs import rungs
from harness.store import Run

WHAT = "format of training rows"


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("run", help="the run's folder, or its id; for --training-set a project too")
    parser.add_argument("--rung", metavar="NAME", help=f"which to export: {', '.join(_trained())}")
    parser.add_argument("--seed", type=int, metavar="N", help="of its trainings; default the first")
    parser.add_argument(
        "--merge", action="store_true", help="one model that needs no adapter, instead of a LoRA"
    )
    parser.add_argument("--dtype", metavar="TYPE", help="of a whole model: float32 or bfloat16")
    parser.add_argument(
        "--questions", type=int, metavar="N", help="ask so many again, not all held-out ones"
    )
    parser.add_argument(
        "--training-set",
        metavar="FORMAT",
        help=f"write the training rows instead: {', '.join(training_formats())}; or preference "
        f"pairs: {', '.join(PAIR_FORMATS)}",
    )
    parser.add_argument("--out", type=Path, required=True, help="a new folder; a file for rows")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _trained() -> list[str]:
    """Rungs that leave a model of their own."""
    return [name for name, rung in rungs().items() if "weights" in rung.needs]


def run(given: Namespace) -> int:
    """Export; exit 1 where the export does not answer as what was measured."""
    if given.training_set is not None:
        return _rows(given)
    if given.rung is None:
        fix = "write --rung finetune for the model, or --training-set openai for the rows"
        raise UserError(Problem("it is not said what to export", fix, "--rung"))
    found = workflow.find_run(given.run)
    wanted = Wanted(given.rung, given.seed, given.merge, given.dtype, given.questions)
    done = _export(found, wanted, given.out)
    if given.json:
        terminal.out_json({"folder": str(done.folder), **_as_json(done.parity)})
    else:
        terminal.out(f"{FORMS[done.record.form]}: {done.folder}")
        for line in parity_sentences(done.parity):
            terminal.out(f"  {line}")
    if done.parity.verified:
        return 0
    terminal.show_error(not_the_same(done))
    return 1


def _export(found: Run, wanted: Wanted, out: Path) -> Done:
    progress = Exporting()

    def stopped(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stopped)
    try:
        return export(found, wanted, out, progress)
    finally:
        signal.signal(signal.SIGTERM, before)
        progress.close()


def not_the_same(done: Done) -> JobError:
    """What differs, with the first examples, in one line."""
    found, form = done.parity, done.record.form
    shown = "; ".join(
        f"asked {short(one.question)!r} it says {short(one.exported)!r}, measured was "
        f"{short(one.stored)!r}"
        for one in found.examples
    )
    words = f"the export does not answer as what was measured: {found.why_not}"
    fix = "do not use it"
    if form != "adapter" and found.precision == "bfloat16":
        fix += "; rounding to bfloat16 may be why: add --dtype float32"
        fix += ", or leave --merge out" if form == "merged" else ""
    else:
        fix += f"; compare its README.md with the run, and look into {PARITY_FILE}"
    return JobError(Problem(f"{words}. {shown}" if shown else words, fix, str(done.folder)))


def _as_json(found: Parity) -> dict[str, object]:
    same = {"verified": found.verified, "share_identical": found.share}
    return {**same, **msgspec.to_builtins(found)}


def _rows(given: Namespace) -> int:
    """The training rows in another program's format."""
    odd = [
        f"--{name}"
        for name in ("seed", "merge", "dtype", "questions")
        if getattr(given, name) is not None and getattr(given, name) is not False
    ]
    if odd:
        fix = f"leave {' and '.join(odd)} out"
        raise UserError(Problem("that says how a model is exported, and not rows", fix, odd[0]))
    pick({**training_formats(), **PAIR_FORMATS}, given.training_set, WHAT, "--training-set")
    if given.training_set in PAIR_FORMATS:
        pairs = _pairs(given)
        n, written = len(pairs), training_set.write_pairs(pairs, given.training_set, given.out)
    else:
        rows = _learned(given)
        n, written = len(rows), training_set.write(rows, given.training_set, given.out)
    if given.json:
        terminal.out_json({"file": str(given.out), "rows": n, "format": given.training_set})
    else:
        terminal.out(f"{written}: {given.out}")
    return 0


def _learned(given: Namespace) -> list[Row]:
    """The rows of a project or a run; with --rung as that rung was trained on them."""
    folder = Path(given.run)
    if given.rung is not None:
        return training_set.of_rung(workflow.find_run(given.run), given.rung)
    if (folder / CONFIG).is_file():
        return training_set.of_project(open_project(folder))
    return training_set.of_run(workflow.find_run(given.run))


def _pairs(given: Namespace) -> list[PairRow]:
    folder = Path(given.run)
    if given.rung is not None:
        raise UserError(Problem("pairs are those of preference", "leave --rung out", "--rung"))
    if (folder / CONFIG).is_file():
        return training_set.pairs_of_project(open_project(folder))
    return training_set.pairs_of_run(workflow.find_run(given.run))


VERB = Verb(
    name="export",
    example="rungwise export support-desk/runs/first --rung finetune --out tuned",
    configure=configure,
    run=run,
)

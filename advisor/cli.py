"""The command line: ``rungwise VERB``. Each verb is a file in `advisor/verbs`."""

import argparse
import os
import re
import sys
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import NoReturn

from advisor.terminal import any_letter, note, out, show_error
from advisor.verb import Verb
from advisor.verbs import HELP
from harness.errors import JobError, Problem, RungwiseError, UserError
from harness.plugins import load_plugin

_UNKNOWN_VERB = re.compile(r"argument VERB: invalid choice: '(.*?)' ")


class _Wide(argparse.HelpFormatter):
    """Leaves room for the longest verb: argparse forgets that verbs are indented."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog)
        self._action_max_length = max(map(len, HELP)) + 4


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a command as every other mistake is said."""

    def error(self, message: str) -> NoReturn:
        fix = f"see: {self.prog} --help"
        if unknown := _UNKNOWN_VERB.match(message):
            message = f"there is no verb {unknown[1]!r}"
            fix = _meant(unknown[1], HELP) + fix
        show_error(UserError(Problem(message, fix)))
        sys.exit(UserError.exit_code)

    def refuse(self, unknown: Sequence[str]) -> NoReturn:
        """Say that there are no such arguments, and what might have been meant."""
        fix = f"{_meant(unknown[0], self._option_string_actions)}see: {self.prog} --help"
        show_error(UserError(Problem(f"there is no {' '.join(unknown)} here", fix)))
        sys.exit(UserError.exit_code)


def _meant(said: str, known: Iterable[str]) -> str:
    near = get_close_matches(said.partition("=")[0], known, 1)
    return f"did you mean {near[0]}? " if near else ""


def parser(arguments: Sequence[str]) -> _Parser:
    """The parser for these arguments; it knows every verb, and loads those that are named."""
    top = _Parser(
        prog="rungwise",
        description="Prompt, retrieval or fine-tuning? Measured on your own data, on this machine.",
        epilog="Start with: rungwise demo",
        formatter_class=_Wide,
    )
    top.add_argument("--version", action="store_true", help="show the version and end")
    verbs = top.add_subparsers(dest="verb", metavar="VERB")
    for name, words in HELP.items():
        sub = verbs.add_parser(
            name,
            help=words,
            description=words,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name in arguments:
            verb = load_plugin(f"advisor.verbs.{name}", "VERB", Verb)
            notes = f"{verb.notes}\n\n" if verb.notes else ""
            sub.epilog = f"{notes}example: {verb.example}"
            sub.add_argument("--debug", action="store_true", help="show a traceback on errors")
            verb.configure(sub)
            sub.set_defaults(run_verb=verb.run, parser=sub)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit status: 0, 1 for a failed job, 2 for the user's mistake."""
    _no_network()
    any_letter()
    arguments = sys.argv[1:] if arguments is None else arguments
    top = parser(arguments)
    given, unknown = top.parse_known_args(arguments)
    if unknown:
        getattr(given, "parser", top).refuse(unknown)
    if given.version:
        from importlib.metadata import version

        out(f"rungwise {version('rungwise')}")
        return 0
    if given.verb is None:
        note(top.format_help())
        return UserError.exit_code
    try:
        status: int = given.run_verb(given)
        sys.stdout.flush()  # here, where a reader that is gone is no error
        return status
    except RungwiseError as error:
        if given.debug:
            raise
        show_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        note("\nstopped; what is finished is kept")
        return 1
    except BrokenPipeError:
        # the reader (head, less) has seen enough; what is still to be written has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if given.debug:
            raise
        show_error(JobError(_of_disk(error)))
        return 1


def _of_disk(error: OSError) -> Problem:
    fix = "check the path, its permissions and the free disk space"
    return Problem(error.strerror or str(error), fix, str(error.filename or ""))


def _no_network() -> None:
    """Nothing is fetched or sent unless a verb is asked to; libraries are told so, too."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


if __name__ == "__main__":
    sys.exit(main())

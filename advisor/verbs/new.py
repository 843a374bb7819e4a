"""rungwise new: make a project folder."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from advisor.guess import Guess
from advisor.new_project import Made, create_project
from advisor.project import CONFIG
from advisor.terminal import out, out_json
from advisor.verb import Verb


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("dir", type=Path, help="the folder to make")
    parser.add_argument(
        "--from",
        dest="files",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="examples (one table, or one to learn from and one to hold out), preference pairs, "
        "documents, folders",
    )
    parser.add_argument("--json", action="store_true", help="print what was understood as JSON")


def run(given: Namespace) -> int:
    """Make it and say what was understood."""
    made = create_project(given.dir, given.files)
    if given.json:
        out_json({"config": str(given.dir / CONFIG), **(_as_json(made) if made else {})})
    else:
        _print(given.dir, made)
    return 0


def _as_json(made: Made) -> dict[str, Any]:
    """Paths are those in the project; null and empty where there is none."""
    guess, places = made
    tables = {"examples": guess.train, "heldout": guess.heldout}
    return {
        **{name: places.tables[file] if file else None for name, file in tables.items()},
        "rows": guess.n_rows,
        "kind": guess.kind if guess.train else None,
        "columns": guess.columns,
        "schema": guess.schema is not None,
        "pairs": places.tables[guess.pairs.file] if guess.pairs else None,
        "documents": places.documents or None,
    }


def _print(folder: Path, made: Made | None) -> None:
    guess = made.guess if made else None
    out(f"made {folder / CONFIG}")
    if guess and guess.train:
        out(f"examples:  {guess.train.name}, {guess.n_rows:,} rows")
        if guess.heldout:
            out(f"held out:  {guess.heldout.name}")
        out(f"kind:      {guess.kind}")
        for role in ("question", "answer"):
            column = getattr(guess.columns, role)
            out(f"{role + ':':11}{f'column {column!r}' if column else _open(role, guess)}")
        if guess.schema:
            out("schema:    schema.json, drafted from the answers")
    if guess and guess.pairs:
        out(f"pairs:     {guess.pairs.file.name}, {guess.pairs.n_rows:,} with a better answer each")
    if made and made.guess.documents:
        out(f"documents: {', '.join(source.name for source in made.guess.documents)}")
        if made.places.apart:
            folders = ", ".join(made.places.apart)
            out(f"           kept apart, as files have the same name: {folders}")
    first = f"look over {CONFIG}"
    if guess is None or guess.train is None:
        first = f"put your examples where {CONFIG} says, with a question and an answer each"
    out(f"next: {first}, then run: rungwise audit {folder}")
    out(f"      rungwise ask {folder} puts the questions; it needs no data")


def _open(role: str, guess: Guess) -> str:
    """What to do about a column that was not recognised."""
    names = ", ".join(guess.names) or "none"
    return f'not recognised; write {role} = "…" under [data.columns] (columns: {names})'


VERB = Verb(
    name="new",
    example="rungwise new helpdesk --from questions.csv handbook/",
    configure=configure,
    run=run,
)

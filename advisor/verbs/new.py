"""rungwise new: make a project folder."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from advisor.column_guess import NEEDED
from advisor.guess import Guess
from advisor.new_project import Made, create_project
from advisor.project import CONFIG
from advisor.project_sections import ModelSection
from advisor.terminal import out, out_json
from advisor.verb import Verb
from harness.data_columns import Columns
from harness.data_shapes import ALONE
from harness.language import named
from harness.metrics import metrics
from harness.models import EMBEDDED
from harness.scoring import FACTS


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
    for role in NEEDED:
        parser.add_argument(
            f"--{role}", default="", metavar="NAME", help=f"the column that holds the {role}"
        )
    parser.add_argument("--json", action="store_true", help="print what was understood as JSON")


def run(given: Namespace) -> int:
    """Make it and say what was understood."""
    named = Columns(question=given.question, answer=given.answer)
    made = create_project(given.dir, given.files, named)
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
        "language": guess.language if guess.train else None,
        "instruction": guess.instruction or None,
        "columns": guess.columns,
        "guessed": guess.by_place,
        "schema": guess.schema is not None,
        "pairs": places.tables[guess.pairs.file] if guess.pairs else None,
        "documents": places.documents or None,
    }


def _print(folder: Path, made: Made | None) -> None:
    guess = made.guess if made else None
    out(f"made {folder / CONFIG}")
    if guess and guess.train:
        _print_examples(guess, guess.train)
    if guess and guess.pairs:
        out(f"pairs:     {guess.pairs.file.name}, {guess.pairs.n_rows:,} with a better answer each")
    if made and made.guess.documents:
        out(f"documents: {', '.join(source.name for source in made.guess.documents)}")
        if made.places.apart:
            folders = ", ".join(made.places.apart)
            out(f"           kept apart, as files have the same name: {folders}")
    out(f"model:     {_model()}")
    first = f"look over {CONFIG}"
    if guess is None or guess.train is None:
        first = f"put your examples where {CONFIG} says, with a question and an answer each"
    out(f"next: {first}, then run: rungwise audit {folder}")
    out(f"      rungwise ask {folder} puts the questions; it needs no data")


def _print_examples(guess: Guess, train: Path) -> None:
    """What the table seems to be, and what will count as right."""
    out(f"examples:  {train.name}, {guess.n_rows:,} rows")
    if guess.heldout:
        out(f"held out:  {guess.heldout.name}")
    also = f" (a guess, too: kind under [task] in {CONFIG})" if guess.by_place else ""
    out(f"kind:      {guess.kind}{also}")
    if guess.columns.question == ALONE:
        out(f"instruction: the one that stands in every row; now in {CONFIG}, for every rung")
    for role in NEEDED:
        out(f"{role + ':':11}column {getattr(guess.columns, role)!r}{_guessed(role, guess)}")
    out(f"language:  {named(guess.language)} (another: language under [project] in {CONFIG})")
    out(f"score:     {_score(guess)}")
    if guess.abstention:
        out(f"unknown:   “{guess.abstention}” counts as saying that it is not known")
    if guess.schema:
        out("schema:    schema.json, drafted from the answers")


def _score(guess: Guess) -> str:
    """What counts as right, unless rungwise.toml says otherwise."""
    where = " where every question with an answer has some" if guess.metric == FACTS else ""
    return f"{metrics()[guess.metric].title}{where} (another: metric under [task] in {CONFIG})"


def _model() -> str:
    name = ModelSection().generator
    about = EMBEDDED[name].note
    return f"{name} ({about}); yours: generator under [model] in {CONFIG}"


def _guessed(role: str, guess: Guess) -> str:
    """That a column was taken for its place alone, and where to change it."""
    if role not in guess.by_place:
        return ""
    return f' (a guess; if it is another, change {role} = "…" under [data.columns] in {CONFIG})'


VERB = Verb(
    name="new",
    example="rungwise new helpdesk --from questions.csv handbook/",
    configure=configure,
    run=run,
)

"""rungwise.toml of a new project, with a remark on each choice."""

from dataclasses import fields
from typing import Any

import tomlkit

from advisor.guess import USUAL_LANGUAGE, Guess
from advisor.pairs_file import add_pairs
from advisor.placing import Places
from advisor.prices import PRICE_KEYS
from advisor.project import INSTRUCTIONS
from advisor.settings_template import chosen_unless_decided
from harness.data_columns import Columns
from harness.types import Kind

MANY_ROWS = 600
"""Rows above which a check on a laptop takes long; a sample is taken unless the user changes it."""
TRAIN_SAMPLE, HELDOUT_SAMPLE = 400, 200


def config_text(name: str, guess: Guess | None = None, places: Places | None = None) -> str:
    """The text of rungwise.toml.

    Args:
        name: of the project.
        guess: what its files seem to be; None where there are none.
        places: where they stand in the project.
    """
    document = tomlkit.document()
    document.add(tomlkit.comment("What Rungwise measures in this folder. Paths stay inside it."))
    project = tomlkit.table()
    project.add("name", name)
    language = guess.language if guess else USUAL_LANGUAGE
    project.add("language", tomlkit.item(language).comment("of the questions, ISO 639-1"))
    document.add("project", project)
    document.add("data", _data_table(guess, places))
    kind: Kind = guess.kind if guess else "answer"
    task = tomlkit.table()
    task.add("kind", tomlkit.item(kind).comment("label | json | answer | text"))
    task.add(
        "instruction", guess.instruction if guess and guess.instruction else INSTRUCTIONS[kind]
    )
    if kind == "json":
        remark = "drafted from the answers; make it as strict as the answers must be"
        task.add("schema", tomlkit.item("schema.json").comment(remark))
    if kind == "label":
        hint = 'descriptions = { billing = "invoices and refunds" }   # what labels mean'
        task.add(tomlkit.comment(hint))
    if kind == "answer":
        task.add(tomlkit.comment('abstention = "I do not know."   # allows "I do not know"'))
    document.add("task", task)
    check = tomlkit.table()
    check.add("seeds", 1)
    check.add("effort", tomlkit.item("normal").comment("quick | normal | thorough"))
    margin = tomlkit.item(0.03).comment("a difference smaller than this does not matter to us")
    check.add("margin", margin)
    check.add(tomlkit.comment("target = 0.80   # good enough"))
    check.add(tomlkit.comment("wrong_undoes = 4   # right answers that one wrong answer undoes"))
    check.add(tomlkit.comment("climb = true    # stop at the first rung that reaches the target"))
    document.add("check", check)
    for section, settings in chosen_unless_decided(
        kind,
        documents=bool(places and places.documents),
        pairs=bool(guess and guess.pairs),
    ):
        document.add(section, settings)
    document.add("prices", _prices_table())
    if kind in ("answer", "text"):
        document.add("judge", _judge_table())
    return tomlkit.dumps(document)


def _judge_table() -> Any:
    """Nothing is set: a judge is asked only where the user names one."""
    judge = tomlkit.table()
    judge.add(tomlkit.comment("Another model that may say whether answers are right. It gets them"))
    judge.add(tomlkit.comment("only after you have looked at 30 of them yourself, and said yes."))
    judge.add(tomlkit.comment('endpoint = "openai:http://127.0.0.1:8000/v1#model"'))
    return judge


def _prices_table() -> Any:
    """Every price as a remark: what costs what is the user's to say."""
    prices = tomlkit.table()
    prices.add(tomlkit.comment("Your own prices, each optional: nothing is priced before. Take"))
    prices.add(tomlkit.comment("the first # of a line away and write your figure."))
    for one in PRICE_KEYS:
        prices.add(tomlkit.comment(f"{one.key} = {one.example}   # {one.label}: {one.remark}"))
    return prices


def _data_table(guess: Guess | None, places: Places | None) -> Any:
    where = places.tables if places else {}
    data = tomlkit.table()
    if guess is None or guess.train is None:
        examples = tomlkit.item("data/examples.jsonl")
        data.add("examples", examples.comment("put your examples here: .jsonl, .json, .csv, .xlsx"))
    elif guess.heldout is not None:
        data.add("train", where[guess.train])
        data.add("heldout", where[guess.heldout])
    else:
        data.add("examples", where[guess.train])
        data.add("heldout", tomlkit.item(0.25).comment("share, or a count, of rows to hold out"))
    if places and places.documents:
        data.add("documents", places.documents)
    if guess and guess.n_rows > MANY_ROWS:
        remark = "drawn at random; remove to use all rows"
        data.add("max_train", tomlkit.item(TRAIN_SAMPLE).comment(remark))
        data.add("max_heldout", tomlkit.item(HELDOUT_SAMPLE).comment(remark))
    if guess and guess.train:
        data.add("columns", _columns_table(guess))
    if guess and guess.pairs:
        add_pairs(data, guess.pairs, where[guess.pairs.file])
    return data


def _columns_table(guess: Guess) -> Any:
    """What was recognised, and as remarks what is needed besides."""
    columns = tomlkit.table()
    for column in fields(Columns):
        value = getattr(guess.columns, column.name)
        if value:
            columns.add(column.name, value)
    for role in ("question", "answer"):
        if not getattr(guess.columns, role):
            names = ", ".join(guess.names) or "none"
            columns.add(tomlkit.comment(f'{role} = "…"   # write one of: {names}'))
    return columns

"""rungwise.toml of a new project, with a remark on each choice."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import tomlkit

from advisor.criteria import criteria
from advisor.guess import USUAL_LANGUAGE, Guess
from advisor.pairs_file import add_pairs
from advisor.placing import Places
from advisor.prices import PRICE_KEYS
from advisor.project import INSTRUCTIONS
from advisor.project_sections import CheckSection, ModelSection
from advisor.settings_template import chosen_unless_decided, remarks
from harness.data_columns import Columns
from harness.generators.endpoint import KEY, OPENAI_KEY
from harness.judge.rules import KEY as JUDGE_KEY
from harness.metrics import metrics
from harness.rungs import rungs_for
from harness.scoring import default_metric
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
    kind: Kind = guess.kind if guess else "answer"
    document.add("project", _project_table(name, guess))
    document.add("model", _model_table())
    document.add("data", _data_table(guess, places))
    document.add("task", _task_table(kind, guess))
    pairs = bool(guess and guess.pairs)
    document.add("check", _check_table(kind, pairs))
    for section, settings in chosen_unless_decided(
        kind, documents=bool(places and places.documents), pairs=pairs
    ):
        document.add(section, settings)
    document.add("weights", _weights_table())
    document.add("values", _values_table())
    document.add("prices", _prices_table())
    document.add("privacy", _privacy_table())
    if kind in ("answer", "text"):
        document.add("judge", _judge_table())
    return tomlkit.dumps(document)


def _project_table(name: str, guess: Guess | None) -> Any:
    project = tomlkit.table()
    project.add("name", name)
    language = guess.language if guess else USUAL_LANGUAGE
    project.add("language", tomlkit.item(language).comment("of the questions, ISO 639-1"))
    project.add(tomlkit.comment('note = "…"   # a remark that every report repeats'))
    return project


def _model_table() -> Any:
    usual = ModelSection()
    model = tomlkit.table()
    model.add(tomlkit.comment("An embedded model, a folder in this one, a hub id that was fetched"))
    model.add(tomlkit.comment("(rungwise models pull), or openai:http://127.0.0.1:8000/v1#name;"))
    model.add(tomlkit.comment(f"an endpoint's key, if any, stands in the variable {KEY}"))
    model.add(tomlkit.comment(f"({OPENAI_KEY} is used for https://api.openai.com alone)"))
    model.add("generator", usual.generator)
    model.add(tomlkit.comment('revision = "…"   # the commit of a hub id'))
    remark = "turns text into vectors, for search"
    model.add("embedder", tomlkit.item(usual.embedder).comment(remark))
    return model


def _task_table(kind: Kind, guess: Guess | None) -> Any:
    task = tomlkit.table()
    task.add("kind", tomlkit.item(kind).comment("label | json | answer | text"))
    told = guess.instruction if guess else ""
    task.add("instruction", told or INSTRUCTIONS[kind])
    if kind == "json":
        remark = "drafted from the answers; make it as strict as the answers must be"
        task.add("schema", tomlkit.item("schema.json").comment(remark))
    others = [one.name for one in metrics().values() if kind in one.kinds]
    usual = guess.metric if guess else default_metric(kind)
    task.add(tomlkit.comment(f'metric = "{usual}"   # the score that counts; or:'))
    task.add(tomlkit.comment(f"    {' | '.join(others)}"))
    if guess and guess.abstention:
        told = "how an answer says that it is not known"
        task.add("abstention", tomlkit.item(guess.abstention).comment(told))
    for remark in _TASK_REMARKS[kind]:
        if not (guess and guess.abstention and remark.startswith("abstention")):
            task.add(tomlkit.comment(remark))
    return task


_LISTS = (
    'must_use = ["Kind regards"]   # words that every answer has to hold',
    'must_not_use = ["asap"]       # and words that none may',
)
_TASK_REMARKS: Mapping[Kind, tuple[str, ...]] = {
    "label": (
        'labels = ["billing", "delivery"]   # else those that the rows have',
        'descriptions = { billing = "invoices and refunds" }   # what labels mean',
    ),
    "json": (),
    "answer": ('abstention = "I do not know."   # allows "I do not know"', *_LISTS),
    "text": _LISTS,
}


def _check_table(kind: Kind, pairs: bool) -> Any:
    usual = CheckSection()
    check = tomlkit.table()
    names = ", ".join(f'"{one}"' for one in rungs_for(kind, pairs=pairs))
    check.add(tomlkit.comment(f"rungs = [{names}]   # else these"))
    check.add("seeds", tomlkit.item(usual.seeds).comment("trainings of each rung that trains"))
    check.add("effort", tomlkit.item(usual.effort).comment("quick | normal | thorough"))
    remark = "a difference smaller than this does not matter to us"
    check.add("margin", tomlkit.item(usual.margin).comment(remark))
    for remark in (
        "target = 0.80   # good enough",
        "wrong_undoes = 4   # right answers that one wrong answer undoes",
        "climb = true    # stop at the first rung that reaches the target",
        f"timed = {usual.timed}       # questions that are timed; 20 tell the slowest 5 %",
        "newer_score = 0.72   # right answers to newer questions since, as you counted them",
    ):
        check.add(tomlkit.comment(remark))
    return check


def _weights_table() -> Any:
    """Nothing is set: what matters is the user's to say."""
    return remarks(
        "What matters, 0 to 10; the answers to the questions propose it.",
        *(f"{one.key} = 5   # {one.title}" for one in criteria()),
    )


def _values_table() -> Any:
    return remarks(
        'latency = "p50"   # p50 | p95: the waiting time that counts; median, or slowest 5 %'
    )


def _privacy_table() -> Any:
    return remarks(
        "Where there is personal data; every report repeats it.",
        'purpose = "…"     # what it is processed for',
        'retention = "…"   # how long data, tuned models and runs are kept',
        'access = "…"      # who may use the model and read its answers',
    )


def _judge_table() -> Any:
    """Nothing is set: a judge is asked only where the user names one."""
    return remarks(
        "Another model that may say whether answers are right. It gets them",
        "only after you have looked at 30 of them yourself, and said yes.",
        f'endpoint = "openai:http://127.0.0.1:8000/v1#model"   # its key, if any: {JUDGE_KEY}',
    )


def _prices_table() -> Any:
    """Every price as a remark: what costs what is the user's to say."""
    return remarks(
        "Your own prices, each optional: nothing is priced before. Take",
        "the first # of a line away and write your figure.",
        *(f"{one.key} = {one.example}   # {one.label}: {one.remark}" for one in PRICE_KEYS),
    )


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
    for remark in (
        "dev = 0.15   # share of the rows to learn from that settings are chosen on",
        "seed = 0     # of the split; another one holds out other rows",
        'group = "…"  # the column by which rows belong together, never separated by the split',
        'incomplete = "leave_out"   # refuse | leave_out: rows without a question or an answer',
    ):
        data.add(tomlkit.comment(remark))
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

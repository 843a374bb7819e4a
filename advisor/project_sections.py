"""What may stand in rungwise.toml: its sections, their keys and the defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from advisor.criteria import Overrides
from advisor.prices import WANTED_PRICES, Prices
from advisor.weights import Person
from harness.given import NOTHING, DecodingSettings, PromptSettings, RetrievalSettings
from harness.types import Kind
from harness.work import TIMED
from tuning.recipe import USUAL, USUAL_PREFERENCE, PreferenceSettings, TuningSettings


@dataclass(frozen=True, slots=True)
class ProjectSection:
    """Section ``[project]``."""

    name: str = ""
    language: str = "en"
    note: str = ""
    """A remark that every report repeats."""


@dataclass(frozen=True, slots=True)
class ModelSection:
    """Section ``[model]``."""

    generator: str = "smollm2-135m-instruct"
    revision: str = ""
    embedder: str = "all-minilm-l6-v2"


@dataclass(frozen=True, slots=True)
class DataSection:
    """Section ``[data]``."""

    examples: str = ""
    train: str = ""
    heldout: str | int | float = 0.25
    documents: str = ""
    preferences: str = ""
    dev: float = 0.15
    max_train: int | None = None
    max_heldout: int | None = None
    group: str = ""
    seed: int = 0
    columns: dict[str, Any] = field(default_factory=dict)
    preference_columns: dict[str, Any] = field(default_factory=dict)
    max_preferences: int | None = None
    incomplete: Literal["refuse", "leave_out"] = "refuse"
    """What becomes of rows, of preference pairs too, without a question or an answer."""


@dataclass(frozen=True, slots=True)
class TaskSection:
    """Section ``[task]``."""

    kind: Kind = "answer"
    instruction: str = ""
    labels: tuple[str, ...] = ()
    descriptions: dict[str, str] = field(default_factory=dict)
    """Label to what it means, in the words of the prompt."""
    schema: str = ""
    metric: str = ""
    abstention: str = ""
    must_use: tuple[str, ...] = ()
    must_not_use: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckSection:
    """Section ``[check]``."""

    rungs: tuple[str, ...] = ()
    seeds: int = 1
    effort: str = "normal"
    margin: float = 0.03
    target: float | None = None
    wrong_undoes: float | None = None
    """So many right answers are undone by one wrong answer: where answering begins to pay."""
    climb: bool = False
    timed: int = TIMED
    """Held-out questions that each rung answers one by one, to time them; 20 for a slowest 5 %."""
    newer_score: float | None = None
    """Share of newer questions, asked since the check, that are answered right: counted by you."""


@dataclass(frozen=True, slots=True)
class PrivacySection:
    """Section ``[privacy]``: what a team has to be able to say of personal data.

    Every report repeats it; nothing is done by it.
    """

    purpose: str = ""
    """What it is processed for."""
    retention: str = ""
    """How long data, tuned models and runs are kept."""
    access: str = ""
    """Who may use the model and read its answers."""


@dataclass(frozen=True, slots=True)
class JudgeSection:
    """Section ``[judge]``."""

    endpoint: str = ""
    """Empty: there is none, and nothing is sent."""


@dataclass(frozen=True, slots=True)
class Sections:
    """The whole file; a section that is not there has its defaults."""

    project: ProjectSection = ProjectSection()
    model: ModelSection = ModelSection()
    data: DataSection = field(default_factory=DataSection)
    task: TaskSection = field(default_factory=TaskSection)
    check: CheckSection = CheckSection()
    tuning: TuningSettings = USUAL
    """Section ``[tuning]``."""
    preference: PreferenceSettings = USUAL_PREFERENCE
    """Section ``[preference]``."""
    retrieval: RetrievalSettings = NOTHING.retrieval
    prompt: PromptSettings = NOTHING.prompt
    decoding: DecodingSettings = NOTHING.decoding
    weights: tuple[Person, ...] = ()
    """Section ``[weights]``; empty: the answers propose them."""
    values: Overrides = field(default_factory=Overrides)
    """Section ``[values]``."""
    prices: Prices = field(default_factory=Prices)
    privacy: PrivacySection = PrivacySection()
    judge: JudgeSection = JudgeSection()


SECTIONS: Mapping[str, type] = {
    "project": ProjectSection,
    "model": ModelSection,
    "data": DataSection,
    "task": TaskSection,
    "check": CheckSection,
    "tuning": TuningSettings,
    "preference": PreferenceSettings,
    "retrieval": RetrievalSettings,
    "prompt": PromptSettings,
    "decoding": DecodingSettings,
    "prices": Prices,
    "privacy": PrivacySection,
    "judge": JudgeSection,
}
"""Those with fixed keys; ``[weights]`` and ``[values]`` have readers of their own."""

WANTED: Mapping[str, str] = {
    "data.heldout": '0.25 (a share), 200 (a count) or "data/heldout.jsonl"',
    "data.dev": "0.15",
    "data.max_train": "400",
    "data.max_heldout": "200",
    "data.seed": "0",
    "data.columns": '{ question = "text", answer = "label" }',
    "task.kind": '"label", "json", "answer" or "text"',
    "task.labels": '["billing", "delivery"]',
    "task.descriptions": '{ billing = "invoices and refunds" }',
    "task.must_use": '["Kind regards"]',
    "task.must_not_use": '["guarantee", "asap"]',
    "check.rungs": '["prompt", "rag"]',
    "check.seeds": "3",
    "check.margin": "0.03",
    "check.target": "0.80",
    "check.wrong_undoes": "4",
    "check.climb": "true",
    "check.timed": "20",
    "check.newer_score": "0.72",
    "tuning.method": '"lora", "qlora" or "full"',
    "tuning.rank": "16",
    "tuning.learning_rate": "0.0005",
    "tuning.epochs": "3",
    "tuning.batch_rows": "8",
    "tuning.alpha": "32",
    "tuning.warmup_share": "0.1",
    "tuning.looks": "6",
    "tuning.patience": "2",
    "tuning.processes": "2",
    "retrieval.passages": "3",
    "retrieval.passage_words": "80",
    "retrieval.reranker": '"its folder or hub id"',
    "retrieval.context_tokens": "400",
    "retrieval.rerank": '"dev" or "always"',
    "prompt.examples": "3",
    "decoding.constrained": '"dev", "always" or "never"',
    "decoding.answer_tokens": "900",
    "preference.beta": "0.1",
    "preference.learning_rate": "0.0001",
    "preference.epochs": "1",
    "data.preference_columns": '{ question = "prompt", chosen = "better", rejected = "worse" }',
    "data.max_preferences": "500",
    "data.incomplete": '"refuse" or "leave_out"',
    "judge.endpoint": '"openai:http://127.0.0.1:8000/v1#model"',
    **WANTED_PRICES,
}
"""How a value looks; whatever is not listed is a text in quotes."""

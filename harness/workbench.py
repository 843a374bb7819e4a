"""What a rung works with inside its cell: model, embedder, effort, and a way to report."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from harness.device import Device, pick_device
from harness.disk import decode
from harness.effort import Effort
from harness.errors import Problem, UserError
from harness.generators.base import Generator
from harness.generators.endpoint import PREFIX, EndpointGenerator
from harness.generators.local import LocalGenerator
from harness.given import NOTHING, Given
from harness.metric import Metric, fitted
from harness.models import PLACES, ModelRef, resolve
from harness.scoring import Scored, headline, mean_score, row_scores
from harness.store import Run
from harness.types import Answer, Example, Json, TaskSpec, TrainView
from harness.work import TIMED
from rag.embed import Embedder
from rag.rerank import Reranker, RerankerError
from tuning.recipe import USUAL, USUAL_PREFERENCE, PreferenceSettings, TuningSettings

EMBEDDING_TIME = "embedding_seconds.json"
"""File in the run's folder, written by the cell that embeds."""

EMBEDDINGS = ".embeddings"
"""Folder beside a project's runs in which vectors are kept."""

Say = Callable[[str, Mapping[str, Json]], None]
"""(what is happening, figures) to whoever watches."""


@dataclass
class Workbench:
    """Tools of one cell; models are opened when first used."""

    spec: TaskSpec
    generator_name: str
    embedder_name: str
    project: Path
    folder: Path
    """The run's folder."""
    cell: str
    seed: int
    effort: Effort
    max_new_tokens: int
    """Limit on every rung's answers, from the length of the training answers."""
    tuning: TuningSettings = USUAL
    """How models are trained, where the user decides that."""
    preference: PreferenceSettings = USUAL_PREFERENCE
    """How preference pairs are learned from, likewise."""
    given: Given = NOTHING
    """What else the user decides."""
    view: TrainView | None = None
    """What a headline metric that learns may learn from; others do without."""
    index: Path | None = None
    """Folder of the index; by default the run's."""
    vectors: Path | None = None
    """Folder in which vectors are kept; by default beside the project's runs."""
    revision: str = ""
    weights: str = ""
    """What the base model must be, see `harness.models.resolve`."""
    embedder_weights: str = ""
    reranker_weights: str = ""
    timed_queries: int = TIMED
    """Queries answered one by one first, to time them as a user would meet them."""
    say: Say = field(default=lambda message, figures: None)

    def under(self, cell: str) -> "Workbench":
        """The same tools, the opened ones too, for work that is kept under another name."""
        _ = self.generator  # a second one would be another model
        part = dataclasses.replace(self, cell=cell)
        vars(part).update({name: tool for name, tool in vars(self).items() if name != "cell"})
        return part

    @property
    def enough_file(self) -> Path:
        """See `harness.store.Run.enough_file`."""
        return Run(self.folder).enough_file

    @cached_property
    def device(self) -> Device:
        """The processor in use."""
        return pick_device()

    @cached_property
    def generator(self) -> Generator:
        """The base model, or the endpoint."""
        if self.generator_name.startswith(PREFIX):
            return EndpointGenerator(self.generator_name)
        self.say("Loading the language model", {})
        generator = LocalGenerator(self.generator_ref, self.device)
        room = generator.model.room
        room.say = lambda line: self.say(line, {})
        room.divided = Run(self.folder).parts(self.cell)
        return generator

    @property
    def held_elsewhere(self) -> int:
        """Bytes that processes which learned with this one have held at most."""
        opened = vars(self).get("generator")
        return opened.held_elsewhere if isinstance(opened, LocalGenerator) else 0

    @cached_property
    def generator_ref(self) -> ModelRef:
        """Where the base model is."""
        return resolve(
            self.generator_name,
            "generator",
            self.project,
            revision=self.revision,
            weights=self.weights,
            say=lambda line: self.say(line, {}),
        )

    @cached_property
    def embedder(self) -> Embedder:
        """The sentence embedder; vectors are kept in the project, beside its runs."""
        weights = self.embedder_weights
        ref = resolve(self.embedder_name, "embedder", self.project, weights=weights)
        return Embedder(
            ref.folder,
            f"{ref.name}@{ref.revision}",
            cache=self.vectors or self.folder.parent / EMBEDDINGS,
            device=self.device.kind,
            precision=self.device.precision,
            say=lambda line: self.say(line, {}),
        )

    @cached_property
    def reranker(self) -> Reranker:
        """The cross-encoder that the user named.

        Raises:
            UserError: it is not here, is another one than the run began with, or cannot be used.
        """
        named = self.given.retrieval
        ref = resolve(
            named.reranker,
            "reranker",
            self.project,
            revision=named.reranker_revision,
            weights=self.reranker_weights,
        )
        found = Reranker(
            ref.folder,
            f"{ref.name}@{ref.revision}",
            device=self.device.kind,
            precision=self.device.precision,
            say=lambda line: self.say(line, {}),
        )
        try:
            found.open()
        except RerankerError as error:
            raise UserError(Problem(error.reason, error.fix, PLACES["reranker"])) from error
        return found

    def share(self, other: "Workbench") -> None:
        """Use what another one of the same run has opened, instead of opening it again."""
        opened = {"device", "generator", "embedder", "reranker"} & vars(other).keys()
        vars(self).update({name: getattr(other, name) for name in opened})

    @cached_property
    def metric(self) -> Metric:
        """The headline metric, ready to score."""
        return fitted(headline(self.spec), self.view)

    @cached_property
    def embedding_s(self) -> float:
        """Seconds to embed a question that nobody asked before; 0 where none is embedded.

        Held-out questions are embedded together beforehand, so a rung that searches must add this
        to its latency, or it would look faster than it is.
        """
        file = self.folder / EMBEDDING_TIME
        return decode(file.read_bytes(), float, file) if file.is_file() else 0.0

    @cached_property
    def passage_words(self) -> int:
        """The longest passage of the run; see `harness.passage_size`."""
        return Run(self.folder).passage_size().words

    @property
    def passage_counts(self) -> tuple[int, ...]:
        """Numbers of passages to try: of other sizes as many as make about the same words.

        A number that the user decided is the only one.
        """
        if self.given.retrieval.passages:
            return (self.given.retrieval.passages,)
        return Run(self.folder).passage_size().counts(self.effort.passages)

    def dev(self, examples: Sequence[Example]) -> tuple[Example, ...]:
        """The dev examples that settings are chosen on: the first so many of a fixed shuffle."""
        return tuple(examples[: self.effort.dev_rows])

    def dev_scored(self, examples: Sequence[Example], answers: Sequence[Answer]) -> Scored:
        """The headline metric on dev, and what each question contributes to it."""
        rows = row_scores(self.metric, examples, answers, self.spec)
        return Scored(self.dev_score(examples, answers), rows)

    def dev_score(self, examples: Sequence[Example], answers: Sequence[Answer]) -> float | None:
        """The headline metric on dev, higher is better; None where undefined.

        A setting under which questions fail must not be chosen for the ones that it spares itself,
        so here, and only here, a question without an answer counts as wrong.
        """
        metric = self.metric
        value = mean_score(metric, examples, answers, self.spec)
        answered = len(answers) / max(1, len(examples))
        if value is None:
            return None
        return value * answered if metric.higher_is_better else -value - (1 - answered)

    def local(self) -> LocalGenerator:
        """The base model as something that can be trained, or told what it may say.

        Raises:
            UserError: the generator is an endpoint, whose weights are elsewhere.
        """
        if not isinstance(self.generator, LocalGenerator):
            raise UserError(
                Problem(
                    f"this rung needs the weights of {self.generator_name}, which are elsewhere",
                    "choose a local model under [model] generator, or leave the rung out",
                    "[check] rungs",
                )
            )
        return self.generator

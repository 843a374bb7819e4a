"""A probe from planting to result: changed documents, rungs asked again, resumable, cancellable."""

import hashlib
import shutil
from collections.abc import Sequence

import msgspec

from harness.beside import PLAN, only_here, refuse_while_busy, run_cells, run_of, store_of
from harness.cell import parse_cell
from harness.disk import write_json, write_lines
from harness.errors import Problem, UserError
from harness.probe import DEFAULT_COUNT, Ground, Planting, ProbeType
from harness.probe_measuring import cells_of, finished_cells, measured, reads
from harness.probe_result import (
    RESULT,
    SCHEMA,
    AnyResult,
    ProbePlan,
    plan_of,
)
from harness.probes import probe_type
from harness.retraining import planted_cells
from harness.rungs import rungs
from harness.store import Run, now
from harness.trained import TrainedProbe
from harness.trained_measuring import make_plan, refuse_untrained, reopen_cells
from harness.types import Query
from harness.watch import OnEvent
from rag.types import Document

SEED = 0
MODULE = "harness.probe_cell"
LONGEST = 200
"""Changes of the user's own that are asked for, unless told otherwise."""


def begin(
    run: Run,
    name: str,
    count: int | None = None,
    edited: Sequence[Document] = (),
    secrets: bool = False,
) -> Run:
    """Plant, or find the planting that an earlier command made.

    Args:
        run: its check is finished.
        name: of the probe.
        count: changes at most; another number than an earlier one's begins anew. None goes on with
            what is there, or else makes 20.
        edited: the user's own copy of the documents, where the changes are theirs.
        secrets: plant made-up secrets too, where the probe can; one begun without begins anew.

    Raises:
        UserError: nothing can be planted, no rung of the run reads documents, or the probe makes
            its own changes only.
    """
    probe, store = probe_type(name), store_of(run, name)
    if count is not None and count < 1:
        raise UserError(Problem(f"{count} is not a number of changes", "give 1 or more", "--facts"))
    if secrets and not (isinstance(probe, TrainedProbe) and probe.plants):
        fix = "leave --canaries out, or use it with: memorisation"
        raise UserError(Problem(f"{name} plants no made-up secrets", fix, "--canaries"))
    if isinstance(probe, TrainedProbe):
        if edited:
            what = f"{probe.name} reads no changed documents"
            raise UserError(Problem(what, "leave --documents out", "--documents"))
        return _begin_tested(run, store, probe, count, secrets)
    assert isinstance(probe, ProbeType)
    return _begin_planted(run, store, probe, count, edited)


def _begin_planted(
    run: Run, store: Run, probe: ProbeType, count: int | None, edited: Sequence[Document]
) -> Run:
    """The same for a test that changes documents."""
    readers = [cell for cell in finished_cells(run) if reads(cell)]
    view = run.view()
    if not view.documents or not readers:
        raise UserError(_cannot(run, documents=bool(view.documents)))
    if edited and probe.compare is None:
        what = f"{probe.name} makes its own changes"
        raise UserError(Problem(what, "leave --documents out", "--documents"))
    plan, fingerprint = plan_of(store), run.plan().fingerprint
    own = corpus_sum(edited) if edited else ""
    if (
        plan is not None
        and count in (None, plan.count)
        and plan.fingerprint == fingerprint
        and own in ("", plan.edited)
    ):
        return store
    refuse_while_busy(run)
    wanted = count or (LONGEST if edited else DEFAULT_COUNT)
    ground = Ground(view.spec, view.documents, run.heldout(), (*view.train, *view.dev))
    if edited and probe.compare is not None:
        planting = probe.compare(ground, edited, wanted)
    else:
        planting = probe.plant(ground, wanted, SEED)
    if store.folder.is_dir():
        shutil.rmtree(store.folder)  # answers to other questions
    plan = ProbePlan(
        schema=SCHEMA,
        probe=probe.name,
        run=run.name,
        created=now(),
        fingerprint=fingerprint,
        count=wanted,
        seed=SEED,
        planted=planting.planted,
        left_out=planting.left_out,
        edited=own,
    )
    _create(store, planting, run, plan)
    return store


def _begin_tested(
    run: Run, store: Run, probe: TrainedProbe, count: int | None, secrets: bool
) -> Run:
    """The same for a test of trained rungs, which changes no document."""
    refuse_untrained(run, probe)
    if secrets and not planted_cells(run):
        what = "no rung of this run was trained on the training rows, among which secrets could be"
        raise UserError(Problem(what, "leave --canaries out", "--canaries"))
    plan = plan_of(store)
    same = plan is not None and plan.fingerprint == run.plan().fingerprint
    if plan is not None and same and count in (None, plan.count) and plan.secrets >= secrets:
        return store
    refuse_while_busy(run)
    if plan is not None and same and count in (None, plan.count):  # but for the secrets
        reopen_cells(run, store, probe)
        make_plan(run, store, probe, plan.count, secrets)
        return store
    if store.folder.is_dir():
        shutil.rmtree(store.folder)  # answers to other questions
    make_plan(run, store, probe, count or probe.default, secrets)
    return store


def corpus_sum(documents: Sequence[Document]) -> str:
    """Check sum of documents in order."""
    return hashlib.sha256(msgspec.json.encode(tuple(documents))).hexdigest()[:16]


def _create(store: Run, planting: Planting, run: Run, plan: ProbePlan) -> None:
    """Write documents and questions, and the plan last."""
    asked = {query for one in planting.planted for query in one.query_ids}
    data = store.folder / "data"
    write_lines(data / "documents.jsonl", planting.documents)
    queries = [Query(query.id, query.text) for query in run.queries() if query.id in asked]
    write_lines(data / "queries.jsonl", queries)
    write_json(store.folder / PLAN, plan)


def _cannot(run: Run, *, documents: bool) -> Problem:
    again = f"rungwise check {run.project}"
    if documents:
        what = "no rung of this run reads documents, so nothing in them can change an answer"
        return Problem(what, f"check again with retrieval: {again} --rungs prompt,rag", run.name)
    fix = f"name a folder under [data] documents in rungwise.toml, then: {again}"
    return Problem("the run has no documents in which anything could be changed", fix, run.name)


def run_probe(store: Run, on_event: OnEvent = lambda event: None) -> AnyResult:
    """Ask every rung that reads, measure, and write probe.json last.

    A rung that fails does not stop the others. What is finished is not asked again.

    Args:
        store: where `begin` has planted.
        on_event: told of every event.

    Raises:
        UserError: another process is working on a probe of this run.
        JobError: it was stopped, or no rung could be asked.
    """
    with only_here(store):
        failed = run_cells(store, cells_of(store), MODULE, on_event, _prepares)
        result = measured(run_of(store), store, failed)
        write_json(store.folder / RESULT, result)
    return result


def _prepares(cell: str) -> bool:
    """No rung can read what is not indexed, or be held against no base."""
    return parse_cell(cell)[0] not in rungs()

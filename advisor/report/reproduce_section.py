"""How somebody else does a check again, and with what it was done."""

import shlex

from advisor.needs import minutes
from advisor.numbers import seconds, size
from advisor.report.document import Commands, Section, Terms
from advisor.report.sources import Sources
from harness.cell import parse_cell
from harness.models import EMBEDDED
from harness.rungs import rungs


def reproduce(sources: Sources) -> Section:
    """Commands, versions and check sums."""
    plan, experiment = sources.plan, sources.experiment
    planned = [parse_cell(cell)[0] for cell in plan.cells]
    asked = ",".join(dict.fromkeys([*(r for r in planned if r in rungs()), *plan.skipped]))
    more = f" --model {shlex.quote(plan.generator)}"
    more += "" if plan.target is None else f" --target {plan.target:g}"
    more += " --climb" if plan.climb else ""
    commands = (
        "cd PROJECT-FOLDER",
        f"rungwise check . --rungs {shlex.quote(asked)} --seeds {plan.seeds} "
        f"--effort {plan.effort}{more}",
        f"rungwise report {shlex.quote(f'runs/{experiment.run}')} --format html,json",
    )
    pairs = [
        ("Run", f"{experiment.run}, {experiment.created[:16].replace('T', ' ')} UTC"),
        ("Fingerprint", experiment.task.fingerprint),
        ("Model", _model(plan.generator, plan.generator_revision, plan.weights)),
        ("Embedder", _model(plan.embedder, "", plan.embedder_weights)),
        *_reranker(sources),
        ("Machine", experiment.model.get("device") or "not recorded"),
        ("Longest answer", f"{plan.max_new_tokens:,} tokens"),
        *_taken(sources),
        *experiment.environment.items(),
    ]
    blocks = (Commands(commands), Terms(tuple((name, str(value)) for name, value in pairs)))
    return Section("reproduce", "How to do it again", blocks, folded=True)


def _model(name: str, revision: str, weights: str) -> str:
    """A model with what tells it from others of its name, and what is known of it."""
    known = f"weights {weights}" if weights else ""
    note = EMBEDDED[name].note if name in EMBEDDED else ""
    return "; ".join(filter(None, (f"{name} {revision}".strip(), note, known)))


def _reranker(sources: Sources) -> list[tuple[str, str]]:
    plan, named = sources.plan, sources.plan.given.retrieval
    said = _model(named.reranker, named.reranker_revision, plan.reranker_weights)
    return [("Reranker", said)] if named.reranker else []


def _taken(sources: Sources) -> list[tuple[str, str]]:
    """Time and memory, each beside what was foretold, so that the forecast can be judged."""
    experiment, need = sources.experiment, sources.foretold
    peak = max((arm.peak_memory_bytes for arm in experiment.rungs.values()), default=0)
    time, memory = seconds(experiment.seconds), size(peak)
    if need is not None:
        time += f"; estimated: about {minutes(need.seconds)}"
        memory += f"; estimated: {size(need.memory_bytes)}"
    return [("Computing time", time), ("Memory at most", memory)]

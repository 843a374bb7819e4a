"""What each rung took beside what was foretold, and how far its trainings came out apart."""

from collections.abc import Iterator

from advisor.measured import inline
from advisor.money_tables import Rows
from advisor.needs import minutes
from advisor.numbers import percent, seconds, size
from harness.ceilings import CEILINGS
from harness.estimate import CheckNeed
from harness.experiment import Experiment, Taken


def taken_of(experiment: Experiment, need: CheckNeed | None) -> dict[str, Taken]:
    """What was measured of each rung that something was foretold of."""
    found = {}
    for one in need.rungs if need is not None else ():
        arm = experiment.rungs.get(one.rung)
        if arm is None:
            continue
        beside = [a for n, a in experiment.ceilings.items() if CEILINGS[n].reader == one.rung]
        before = float(str(arm.effort.get("started_s", 0.0)))  # of a rung it went on from
        took = len(arm.seeds) * (arm.prepare_s - before + arm.answer_s)
        took += sum(other.prepare_s + other.answer_s for other in beside)
        memory = max(a.peak_memory_bytes for a in (arm, *beside))
        found[one.rung] = Taken(took, memory, one.seconds, one.memory_bytes)
    return found


def taken_rows(experiment: Experiment) -> Rows | None:
    """One row a rung; None where nothing was foretold."""
    if not experiment.taken:
        return None
    rows = [
        (
            experiment.rungs[name].title,
            minutes(one.foretold_s),
            seconds(one.seconds),
            size(one.foretold_bytes),
            size(one.memory_bytes),
        )
        for name, one in experiment.taken.items()
    ]
    head = ("Rung", "Time estimated", "taken", "Memory estimated", "held at most")
    caption = "What was estimated and what it took, the start of processes left out"
    return Rows(caption, head, tuple(rows))


def taken_line(experiment: Experiment) -> str:
    """The same in one line, with the rung whose memory was foretold worst; empty without any."""
    known = experiment.taken
    if not known:
        return ""
    foretold = sum(one.foretold_s for one in known.values())
    took = sum(one.seconds for one in known.values())
    off = {name: one.memory_bytes / max(1.0, one.foretold_bytes) for name, one in known.items()}
    name = max(off, key=lambda rung: max(off[rung], 1 / max(1e-9, off[rung])))
    one = known[name]
    return (
        f"Time: {seconds(took)}; estimated: {minutes(foretold)}. Memory, where it was farthest off "
        f"({inline(experiment.rungs[name])}): {size(one.memory_bytes)}; estimated: "
        f"{size(one.foretold_bytes)}."
    )


def spreads(experiment: Experiment) -> Iterator[str]:
    """Of each rung that was trained several times: what every training came to."""
    for arm in experiment.rungs.values():
        if len(arm.seed_scores) > 1:
            shown = ", ".join(percent(score) for score in arm.seed_scores)
            yield f"{arm.title}, one training run each: {shown}."

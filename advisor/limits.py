"""What limits the claim of a verdict, and what would change it."""

from collections.abc import Mapping

from advisor.choice import (
    Choice,
    halves_not_beaten,
    may_reach,
    misses_target,
    not_good_enough,
    standing_on,
)
from advisor.economics import RungCost
from advisor.measured import (
    SMOKE_TEST,
    TUNED,
    fewest_scored,
    floor_contrast,
    inline,
    score_of,
    seems_better,
)
from advisor.numbers import (
    as_set,
    capital,
    count,
    in_points,
    in_sentence,
    points_range,
    rounded_up,
    seconds,
)
from harness.ceilings import arm_title
from harness.cell import parse_cell
from harness.diagnosis.material import OVERLAP
from harness.experiment import Contrast, Experiment
from harness.fairness import MACHINE_WAS_QUIET, NO_ANSWER_FAILED
from harness.floors import FLOORS
from harness.language import named
from harness.models import EMBEDDED
from harness.rungs import rungs, title_of

ALLOWED = ", not enough when several rungs are compared at once"


READING = ("rag", "rag_finetune")
"""Rungs that have the documents before them."""


def break_even(wrong_cost: float) -> float:
    """Share of right answers from which answering pays, if a wrong one undoes so many right ones.

    Right answers gain p, wrong ones cost (1 − p) · w; they are even at w / (1 + w).
    """
    return wrong_cost / (1 + wrong_cost)


ONE_TRAINING = (
    "Another training run might: each ran once. Three runs each (seeds = 3) would show how far a "
    "score moves by chance."
)


def changes(
    experiment: Experiment,
    choice: Choice,
    spared_s: float | None,
) -> list[str]:
    """What would change the verdict: more items, a rung not measured, more trainings."""
    found = _settled_by_more(experiment, choice)
    if choice.ahead is not None and not found:  # level with a half that is level with the chosen
        leads = inline(experiment.rungs[choice.ahead])
        found.append(f"More held-out questions would show whether {leads} is worth its effort.")
    if near := may_reach(experiment, choice):
        which = " or ".join(inline(experiment.rungs[name]) for name in near)
        found.append(
            f"More held-out questions would show whether {which} reaches your target of "
            f"{as_set(experiment.task.target)}."
        )
    for name in dict.fromkeys(parse_cell(cell)[0] for cell in experiment.failed):
        if name in rungs() or name in FLOORS:  # what says where errors arise decides nothing
            found.append(
                f"{arm_title(name)} did not finish: what is missing of it may change this."
            )
    if experiment.not_run:
        saved = f"That saved about {seconds(spared_s)}. " if spared_s else ""
        names = ", ".join(in_sentence(title_of(name)) for name in experiment.not_run)
        found.append(
            f"Not run, because a cheaper rung reached the target: {names}. {saved}Whether they "
            "would do better is left open."
        )
    for name, reason in experiment.skipped.items():
        found.append(f"{title_of(name)} was not measured: {reason}.")
    if experiment.task.n_documents and standing_on(experiment, choice) not in READING:
        found.append("Facts that change would: only retrieval follows a changed document.")
    return [*found, *_trainings(experiment)]


def _settled_by_more(experiment: Experiment, choice: Choice) -> list[str]:
    """How many held-out questions would settle what is open, where that can be told."""
    chosen, found, untold = choice.rung, list[str](), list[str]()
    for name in sorted(experiment.rungs, key=lambda one: one != choice.ahead):  # the leader first
        contrast = experiment.contrast(name, chosen) if name != chosen else None
        if contrast is None or contrast.verdict != "inconclusive" or contrast.non_superior:
            continue
        if choice.why == "target" or contrast.difference is None:
            continue
        what = f"{inline(experiment.rungs[name])} differs from {inline(experiment.rungs[chosen])}"
        _tell(what, contrast.n_needed, found, untold)
    for contrast in _leads(experiment, choice):
        claim = "beats" if (contrast.difference or 0.0) > 0 else "differs from"
        first, second = (inline(experiment.rungs[name]) for name in (contrast.a, contrast.b))
        _tell(f"{first} {claim} {second}", contrast.n_needed, found, untold)
    near = standing_on(experiment, choice)
    floor = floor_contrast(experiment, near)
    if floor and floor.verdict == "inconclusive" and floor.difference is not None:
        claim = "beats" if floor.difference > 0 else "differs from"
        what = f"{inline(experiment.rungs[near])} {claim} doing without a language model"
        _tell(what, floor.n_needed, found, untold)
    if untold:
        found.append(
            f"Whether {', and whether '.join(untold)} is left open, and how many questions would "
            "settle that cannot be told from these."
        )
    return found


def _is_for_the_floor(experiment: Experiment, choice: Choice) -> bool:
    """Whether none is advised because of the best without a language model: said as the reason."""
    return not_good_enough(experiment, choice) and not misses_target(experiment, choice.rung)


def _leads(experiment: Experiment, choice: Choice) -> tuple[Contrast, ...]:
    """A leader that is better than the chosen rung, against what it may yet be shown to beat."""
    over = experiment.contrast(choice.ahead, choice.rung) if choice.ahead is not None else None
    if choice.ahead is None or over is None or over.verdict == "inconclusive":
        return ()  # that one is told with the others
    return tuple(
        one
        for one in halves_not_beaten(experiment, choice.ahead)
        if one.verdict == "inconclusive" and not one.non_superior and one.difference is not None
    )


def _tell(what: str, needed: int | None, found: list[str], untold: list[str]) -> None:
    """Say how many questions would show it, or keep it for later where that is not known."""
    if needed is None:
        untold.append(what)
    else:
        found.append(
            f"About {rounded_up(needed):,} held-out questions in all would show whether {what}."
        )


NO_TARGET = (
    "No target is set, so the verdict says which rung is best, not whether that is good enough."
)
BUSY = (
    "Waiting times may be too long, for other programs used the machine meanwhile; scores do not "
    "depend on it."
)


def cautions(experiment: Experiment, choice: Choice) -> list[str]:
    """What to know before acting on it; failures first."""
    task, said = experiment.task, _failures(experiment)
    if not not_good_enough(experiment, choice):
        said += _scope(experiment)
    n = fewest_scored(experiment)
    if n < SMOKE_TEST:
        said.append(
            f"With {count(n, 'held-out question')} this is a smoke test: only very "
            "large differences can be seen."
        )
    elif n < 100 and (seen := _visible(experiment)):
        said.append(
            f"As {n} held-out questions were answered, a difference below about "
            f"{count(seen, 'point')} can easily go unseen."
        )
    near = standing_on(experiment, choice)
    if near in may_reach(experiment, choice):
        said.append(
            f"Whether it reaches your target of {as_set(task.target)} is not settled: it scored "
            f"{score_of(experiment, near)}."
        )
    floor = floor_contrast(experiment, near)
    if floor is not None and seems_better(floor) and not _is_for_the_floor(experiment, choice):
        other = inline(experiment.floors[floor.b])
        said.append(
            f"It is not shown to beat doing without a language model ({other}): "
            f"{in_points(floor.difference)} ({points_range(floor.low, floor.high)}){ALLOWED}."
        )
    if task.n_documents and near not in READING and task.metric in OVERLAP:
        said.append(
            f"The score counts shared words, and {inline(experiment.rungs[near])} reads no "
            "documents: an answer that sounds right can state a wrong fact. Key facts in a column "
            "of your examples would be scored instead."
        )
    for line in experiment.fairness:
        if line.check == MACHINE_WAS_QUIET and line.holds is False:
            said.append(f"{BUSY} {capital(line.detail)}.")
        elif line.holds is False and line.check != NO_ANSWER_FAILED:  # said already
            said.append(f"{line.check}: this does not hold. {capital(line.detail)}.")
    return said


def _scope(experiment: Experiment) -> list[str]:
    """What a verdict is of, whatever it says: which model, and whether it is good enough."""
    said = []
    if experiment.task.target is None and experiment.scored:
        said.append(NO_TARGET)
    model = EMBEDDED.get(experiment.model.get("generator", ""))
    if model is not None:
        spoken = " and ".join(map(named, model.languages))
        said.append(
            f"Measured with {experiment.model['generator']}, a small {spoken} model of "
            f"{1000 * model.billions:.0f} million parameters: with the model that you would use, "
            "the rungs may stand in another order."
        )
    return said


def _trainings(experiment: Experiment) -> list[str]:
    """That a score rests on one training run: the interval is of the questions, not of the runs."""
    once = any(
        name in TUNED and name in experiment.scored and len(arm.seeds) == 1
        for name, arm in experiment.rungs.items()
    )
    return [ONE_TRAINING] if once else []


def dearer(experiment: Experiment, choice: Choice, costs: Mapping[str, RungCost]) -> list[str]:
    """That a right answer costs more than on another rung, at the user's prices.

    Than on a lower one, or than on the one that was left for taking more effort.
    """
    known = {name: one.per_right_answer for name, one in costs.items()}
    names = list(experiment.rungs)
    mine = known.get(choice.rung)
    below = {
        name: amount
        for name in (*names[: names.index(choice.rung)], choice.top)
        if (amount := known.get(name)) is not None and mine is not None and amount < mine
    }
    if not below or mine is None:
        return []
    name = min(below, key=lambda one: below[one])
    times = f"{mine / below[name]:.2g} times" if below[name] > 0 else "more than"
    worth = "its lead" if names.index(name) < names.index(choice.rung) else "the lower effort"
    return [
        f"At your prices a right answer costs {times} what it costs with "
        f"{inline(experiment.rungs[name])}. Whether {worth} is worth that is yours to say."
    ]


def _visible(experiment: Experiment) -> int | None:
    """Points from which a difference would be seen in 4 of 5 checks like this one, about.

    Of the steps that decide, the least certain: 80 % power takes 1.96 + .84 standard errors, the
    half-width of an interval is 1.96 of them.
    """
    widths = [
        c.high - c.low
        for c in experiment.comparisons
        if c.planned and c.low is not None and c.high is not None
    ]
    return round(100 * max(widths) * 2.8 / (2 * 1.96)) if widths else None


def _failures(experiment: Experiment) -> list[str]:
    """What failed; said before anything else."""
    said = [
        f"{sum(arm.failures.values())} of {experiment.task.n_heldout * len(arm.seeds)} answers of "
        f"{inline(arm)} failed ({', '.join(arm.failures).replace('_', ' ')}); they "
        "count neither as right nor as wrong."
        for name, arm in experiment.rungs.items()
        if arm.failures
    ]
    if experiment.scored:
        said += [
            f"No answer of {inline(arm)} could be scored, so it is left out of the choice."
            for name, arm in experiment.rungs.items()
            if name not in experiment.scored
        ]
    return [*said, f"Not finished: {', '.join(experiment.failed)}."] if experiment.failed else said

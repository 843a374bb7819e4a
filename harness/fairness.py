"""Was the comparison fair? One line a condition, each holds or says why not."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from harness.ceilings import CEILINGS
from harness.closed_answers import CALIBRATED
from harness.decoding import HELD
from harness.experiment import Check
from harness.floors import FLOORS
from harness.generators.endpoint import ANOTHER_LIMIT, NO_TEMPERATURE, is_endpoint
from harness.instructions import PLAIN
from harness.pair_scores import pairs_apart
from harness.prompts import LAST
from harness.rungs import rungs, title_of
from harness.store import Cell, Plan, Run
from harness.touched import heldout_sum, note_scoring, times_touched
from harness.types import Example

NO_ANSWER_FAILED = "No answer failed"
MACHINE_WAS_QUIET = "The machine was quiet while answers were timed"
READERS = ("rag", "rag_finetune")
"""Rungs that claim to answer from documents."""
MOST_KNOWN = 0.5
"""Of the document questions, right without documents."""
YES, NO = ("yes", "true", "1", "ja", "evet"), ("no", "false", "0", "nein", "hayır")
"""As tables say it."""

Rights: TypeAlias = Mapping[str, Sequence[bool | None]]
"""Rung to whether it is right, for each held-out question; None where it has no score."""


def fairness(
    run: Run, plan: Plan, cells: Sequence[Cell], heldout: Sequence[Example], rights: Rights
) -> tuple[Check, ...]:
    """The checklist of a run.

    Args:
        run: its scoring is noted in its folder.
        plan: of the run.
        cells: finished ones, floors and ceilings among them.
        heldout: with references.
        rights: of every rung.
    """
    ladder = [cell for cell in cells if cell.rung not in FLOORS and cell.rung not in CEILINGS]
    effort = ", ".join(
        f"{title_of(cell.rung).lower()} {cell.preparation.effort.get('dev_answers', 0)}"
        for cell in ladder
    )
    n_failed = sum(len(cell.failures) for cell in ladder)
    found = [
        _same_questions(cells, heldout),
        _same_model(plan, ladder),
        _same_prompt(plan, ladder),
        _looked_once(run, plan, cells),
        _fresh(run, plan),
        Check(
            "Effort is on record",
            True,
            f"{plan.effort}; dev answers spent on choosing: {effort or 'none'}",
        ),
        base_knows(heldout, rights) if any(rung in rights for rung in READERS) else None,
        pairs_apart(run, ladder),
        _trained_to_the_end(ladder),
        _quiet(ladder),
        _reviewed(heldout),
        Check(
            NO_ANSWER_FAILED,
            n_failed == 0,
            "all answered" if not n_failed else f"{n_failed} failed; not counted as wrong or right",
        ),
    ]
    return tuple(check for check in found if check is not None)


def _same_questions(cells: Sequence[Cell], heldout: Sequence[Example]) -> Check:
    ids = {example.id for example in heldout}
    incomplete = [
        cell.cell
        for cell in cells
        if sorted([*(a.query_id for a in cell.answers), *(f.query_id for f in cell.failures)])
        != sorted(ids)
    ]
    return Check(
        "Every rung answered the same held-out questions",
        not incomplete,
        ", ".join(incomplete) or f"{len(ids)} questions, each once per rung and seed",
    )


def _same_model(plan: Plan, ladder: Sequence[Cell]) -> Check:
    """Model, weights, implementation, processor and precision."""
    paths = sorted(
        {
            ", ".join(filter(None, (f"{cell.path} on {cell.device}", cell.precision)))
            for cell in ladder
            if cell.path
        }
    )
    weights = sorted({cell.weights for cell in ladder if cell.weights})
    name = f"{plan.generator} {plan.generator_revision}".strip()
    learned = ""
    if any(cell.preparation.settings.get("method") == "qlora" for cell in ladder):
        learned = "; in 4 bits while an adapter was learned, whole for every held-out answer"
    # a server may change what stands behind a name
    unknown = is_endpoint(plan.generator)
    return Check(
        "Same base model for all rungs",
        None if unknown else len(paths) <= 1 and len(weights) <= 1,
        f"{name}, weights {' and '.join(weights) or 'not recorded'}, "
        f"{'; '.join(paths) or 'not used'}{learned}",
    )


def _same_prompt(plan: Plan, ladder: Sequence[Cell]) -> Check:
    """By the check sums that each cell took of what it adds to a question."""
    sums = {cell.rendering for cell in ladder}
    holds = None if "" in sums else len(sums) <= 1
    detail = _decoding(plan, ladder)
    if holds is False:
        detail += "; the program was changed while the check stood still, and asks differently now"
    return Check("Same system prompt, but for what dev chose", holds, detail)


def _looked_once(run: Run, plan: Plan, cells: Sequence[Cell]) -> Check:
    """Nothing can have been chosen by its held-out score where no cell was scored twice."""
    noted = note_scoring(run, plan, cells)
    same = noted.heldout == heldout_sum(run)
    looks = (
        "no rung was scored with more than one choice of settings"
        if noted.times <= 1
        else f"one rung was scored with {noted.times} different settings"
    )
    changed = "" if same else "; the held-out file was changed after it was first scored"
    return Check(
        "Nothing was chosen on the held-out set",
        same and noted.times <= 1,
        "cells receive held-out questions without their answers; settings were chosen on dev; "
        f"{looks}{changed}; check sum {noted.heldout[:12]}",
    )


def _fresh(run: Run, plan: Plan) -> Check:
    touched = times_touched(run, plan)
    return Check(
        "The held-out set is fresh",
        touched <= 1,
        "first run on this held-out set"
        if touched <= 1
        else f"{touched} runs of this project used it; after many, its best result flatters",
    )


def base_knows(heldout: Sequence[Example], rights: Rights) -> Check:
    """How much of what retrieval answers the model answers without any document.

    Measured on the prompt's own answers, after the fact: nothing is chosen by it. From half on,
    most of retrieval's right answers need not come from the documents.
    """
    check = "The model does not already know the answers"
    prompt = rights.get("prompt")
    if prompt is None:
        return Check(check, None, "the prompt alone was not measured, so it cannot be said")
    asked = [
        known
        for example, known in zip(heldout, prompt, strict=True)
        if example.answerable and known is not None
    ]
    if not asked:
        return Check(check, None, "the prompt alone has no scored answer to them")
    share = sum(asked) / len(asked)
    holds = share < MOST_KNOWN
    meaning = (
        "what retrieval answers beyond that it owes to the documents"
        if holds
        else "most of what retrieval answers may not come from the documents, so its score says "
        "little about them; the difference to the prompt does"
    )
    return Check(
        check,
        holds,
        f"the prompt alone answers {sum(asked)} of {len(asked)} document questions right "
        f"({100 * share:.0f} %); {meaning}",
    )


def _trained_to_the_end(ladder: Sequence[Cell]) -> Check | None:
    """A training that somebody ended may have had more in it; None where nothing was trained."""
    trained = [cell for cell in ladder if cell.preparation.settings.get("training_rows")]
    if not trained:
        return None
    ended = []
    for cell in trained:
        settings = cell.preparation.settings
        if "stopped_by_user" in settings:
            ended.append(f"{cell.cell} was ended by hand {settings['stopped_by_user']}")
        if "ended_because" in settings:
            ended.append(f"{cell.cell} was given up: {settings['ended_because']}")
    return Check(
        "Every training came to its own end",
        not ended,
        "; ".join([*ended, "its score may be lower than it could be"])
        if ended
        else "trained to the last step, or until dev no longer improved",
    )


def _quiet(ladder: Sequence[Cell]) -> Check:
    """By what the operating system counted while the timed answers were given."""
    check = MACHINE_WAS_QUIET
    known = [(cell, cell.contention) for cell in ladder if cell.contention is not None]
    if not known:
        return Check(check, None, "it was not recorded, or the timed answers took too short a time")
    cell, most = max(known, key=lambda pair: pair[1].others / pair[1].cores)
    loud = [title_of(one.rung).lower() for one, found in known if not found.quiet]
    detail = (
        f"others kept at most {most.others:.1f} of {most.cores} usable "
        f"core{'s' if most.cores != 1 else ''} busy ({title_of(cell.rung).lower()})"
    )
    if loud:
        named = ", ".join(dict.fromkeys(loud))
        detail += f"; times of {named} are longer than they would be on a quiet machine"
    return Check(check, not loud, detail)


def _reviewed(heldout: Sequence[Example]) -> Check:
    """By what the rows say of themselves in their tags."""
    check = "The held-out questions are real and reviewed"
    told = [tell for example in heldout if (tell := _told(example)) is not None]
    if not told:
        return Check(
            check,
            None,
            "the rows do not say; a column such as synthetic or reviewed, named under tags, would",
        )
    odd = sum(not real for real in told)
    silent = len(heldout) - len(told)
    detail = f"{odd} of {len(heldout)} say that they were made up or that nobody has reviewed them"
    return Check(
        check,
        False if odd else None if silent else True,
        detail + (f"; {silent} say nothing" if silent else ""),
    )


def _told(example: Example) -> bool | None:
    """Whether a row says of itself that it is real and reviewed; None where it says neither."""
    tells = []
    for name, value in example.tags:
        said, word = name.strip().casefold(), value.strip().casefold()
        if said in ("synthetic", "generated", "made_up"):
            tells.append(word in NO if word in {*YES, *NO} else None)
        elif said in ("reviewed", "checked"):
            tells.append(word in YES if word in {*YES, *NO} else None)
        elif said in ("origin", "source"):
            tells.append(False if word in ("synthetic", "generated", "llm", "model") else None)
    known = [tell for tell in tells if tell is not None]
    return all(known) if known else None


def _decoding(plan: Plan, ladder: Sequence[Cell]) -> str:
    """How answers come about; which rungs may say allowed answers only."""
    manners = " ".join({cell.manner for cell in ladder})
    refused = NO_TEMPERATURE in manners
    how = "not greedy, for the model takes no temperature" if refused else "greedy"
    text = f"one renderer, {how}, at most {plan.max_new_tokens} new tokens"
    if ANOTHER_LIMIT in manners:
        text += f" as {ANOTHER_LIMIT}, with what the model thinks before it answers"
    known = rungs()
    held = [
        c
        for c in ladder
        if (c.rung in known and "closed_answers" in known[c.rung].needs)
        or c.preparation.settings.get("decoding") == HELD  # did better so on dev
    ]
    names = ", ".join(dict.fromkeys(title_of(cell.rung).lower() for cell in held))
    text += f"; {names}: among allowed answers only" if names else ""
    if any(cell.preparation.settings.get(CALIBRATED) for cell in ladder):
        text += ", labels of the constrained prompt by what the question adds to each"
    own = [c for c in ladder if c.preparation.settings.get("wording", PLAIN) != PLAIN]
    if own:
        names = ", ".join(dict.fromkeys(title_of(cell.rung).lower() for cell in own))
        text += f"; {names}: another wording of the instruction, chosen on dev"
    layouts = {cell.preparation.settings.get("layout", LAST) for cell in ladder} - {LAST}
    return f"{text}; passages of retrieval stand {', '.join(layouts)}" if layouts else text

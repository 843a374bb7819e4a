"""Which worked examples are shown: each way does what its name says, and dev decides."""

import dataclasses
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import pytest

from harness.demonstrations import (
    CLOSEST_FIRST,
    EACH_LABEL,
    FIXED,
    NEAREST,
    SPREAD,
    WAYS,
    Chosen,
    Pool,
    candidates,
)
from harness.errors import UserError
from harness.generators.base import Completion
from harness.prompts import Prompt
from harness.rungs import rungs
from harness.types import Example, Query, TaskSpec
from tests.harness.rung_bench import DEV, EFFORT, QUERIES, VIEW, Bench, bench

SPEC = TaskSpec("desk", "label", "Sort.", labels=("a", "b", "c"))
ANSWERS = "aaabbcaab"
TRAIN = tuple(Example(f"t{i}", f"{i}", (answer,)) for i, answer in enumerate(ANSWERS))


def on_a_line(texts: Sequence[str]):
    """Unit vectors whose likeness falls with the distance of the numbers."""
    angles = np.array([float(text) for text in texts]) / 10
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


@pytest.fixture
def pool():
    return Pool(SPEC, TRAIN, on_a_line)


def questions(shown) -> list[str]:
    return [one.question for one in shown]


def test_the_nearest_stand_with_the_closest_last_or_first(pool):
    (last,) = pool.choose(["0.2"], 3, NEAREST)
    assert questions(last) == ["2", "1", "0"]
    (first,) = pool.choose(["0.2"], 3, CLOSEST_FIRST)
    assert questions(first) == ["0", "1", "2"]


def test_of_each_label_the_nearest_is_shown_before_any_label_comes_twice(pool):
    (shown,) = pool.choose(["0.2"], 3, EACH_LABEL)
    assert questions(shown) == ["5", "3", "0"]
    (more,) = pool.choose(["0.2"], 5, EACH_LABEL)
    assert questions(more) == ["4", "1", "5", "3", "0"], "then the nearest of each once more"


def test_unlike_examples_leave_out_copies_of_what_is_shown():
    places = ("2", "2", "2", "-2", "9")
    copies = tuple(Example(f"t{i}", text, ("a",)) for i, text in enumerate(places))
    (shown,) = Pool(SPEC, copies, on_a_line).choose(["0.1"], 2, SPREAD)
    assert questions(shown) == ["-2", "2"]
    (near,) = Pool(SPEC, copies, on_a_line).choose(["0.1"], 2, NEAREST)
    assert questions(near) == ["2", "2"]


def test_a_fixed_set_is_the_same_for_all_and_depends_on_the_draw_alone(pool):
    first, second = pool.choose(["0.2", "7"], 4, FIXED, 1)
    assert first == second and first == pool.choose(["5"], 4, FIXED, 1)[0]
    draws = {tuple(questions(pool.choose(["0"], 4, FIXED, draw)[0])) for draw in range(8)}
    assert len(draws) > 4
    answers = [{one.answer for one in pool.choose(["0"], 3, FIXED, d)[0]} for d in range(8)]
    assert all(shown == {"a", "b", "c"} for shown in answers), "every label before any twice"


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("k", [0, 1, 9, 20])
def test_no_example_is_shown_twice_and_never_more_than_there_are(pool, way, k):
    for shown in pool.choose(["0.2", "4.4"], k, way):
        assert len(shown) == min(k, len(TRAIN)) == len(set(questions(shown)))
        assert set(shown) <= set(pool.shown)
    assert pool.choose([], k, way) == []


def test_an_unknown_way_is_refused_by_name(pool):
    with pytest.raises(UserError, match="closest"):
        pool.choose(["1"], 2, "closest")


def test_labels_are_told_apart_and_free_answers_spread():
    free = dataclasses.replace(SPEC, kind="answer")
    assert candidates(SPEC, 0, True) == []
    assert candidates(SPEC, 2, False) == [Chosen(EACH_LABEL), Chosen(FIXED, 0), Chosen(FIXED, 1)]
    assert candidates(SPEC, 1, True)[:3] == [Chosen(w) for w in (EACH_LABEL, SPREAD, CLOSEST_FIRST)]
    assert candidates(free, 1, True) == [Chosen(SPREAD), Chosen(CLOSEST_FIRST), Chosen(FIXED, 0)]


# The rung


class Copying(Bench):
    """Its model gives the answer of the example that was asked for by its place; without any,
    `alone`."""

    place = 0
    alone = ""
    path = "copying"
    asked: list[Prompt]

    @cached_property
    def generator(self):
        self.asked = []
        return self

    def complete(self, prompts: Sequence[Prompt], limit: int) -> Iterator[Completion]:
        self.asked += prompts
        for row, prompt in enumerate(prompts):
            text = prompt.turns[self.place].answer if prompt.turns else self.alone
            yield Completion(row, text, 1, 1, False)


TRYING = dataclasses.replace(EFFORT, fixed_examples=2, example_orders=True)


def prepared(tmp_path, tiny_model, place, view=VIEW, effort=TRYING):
    tools = bench(tmp_path, tiny_model, "few_shot-s1", Copying)
    tools.place, tools.effort = place, effort
    rung = rungs()["few_shot"].build(view, tools)
    return rung, tools, rung.prepare(None)


@pytest.mark.parametrize(("place", "way"), [(-1, NEAREST), (0, CLOSEST_FIRST)])
def test_dev_decides_which_examples_are_shown(tmp_path, tiny_model, place, way):
    """Here the closest example has the answer: every dev question is a training question."""
    both = dataclasses.replace(VIEW, train=(*VIEW.train, *DEV))
    two = dataclasses.replace(TRYING, demonstrations=(2,))
    _, tools, found = prepared(tmp_path, tiny_model, place, both, two)
    assert found.settings["examples"] == way
    tried = found.effort["examples_tried"]
    ways = [one["examples"] for one in tried]
    assert ways == [NEAREST, SPREAD, CLOSEST_FIRST, FIXED, FIXED, "none"]
    assert len(tools.asked) == found.effort["dev_answers"]
    assert max(one["dev_score"] for one in tried) == 1.0 and tried[-1] == {
        "examples": "none",
        "dev_score": 0.0,
    }
    assert found.effort["against_none"] == {"help": "yes", "shown": 1.0, "none": 0.0}


@pytest.mark.parametrize(("right_without", "word"), [(1.0, "no"), (0.0, "unclear")])
def test_examples_that_do_not_help_on_dev_are_shown_all_the_same_and_that_is_on_record(
    tmp_path, tiny_model, right_without, word
):
    rows = [dataclasses.replace(e, references=("alone",), key_facts=()) for e in DEV]
    tools = bench(tmp_path, tiny_model, "few_shot-s1", Copying)
    tools.alone, tools.effort = "alone" if right_without else "", TRYING
    found = (
        rungs()["few_shot"].build(dataclasses.replace(VIEW, dev=tuple(rows)), tools).prepare(None)
    )
    assert found.effort["against_none"]["help"] == word
    assert found.effort["against_none"]["none"] == right_without
    assert found.settings["demonstrations"] > 0


def test_a_later_process_shows_what_the_earlier_one_chose(tmp_path, tiny_model):
    rung, tools, _ = prepared(tmp_path, tiny_model, 0)
    rung.prepare({"demonstrations": 2, "examples": FIXED, "draw": 1})
    answers = list(rung.answer(QUERIES, 0))
    again, _, _ = prepared(tmp_path / "again", tiny_model, 0)
    again.prepare({"demonstrations": 2, "examples": FIXED, "draw": 1})
    assert [a.text for a in again.answer(QUERIES, 0)] == [a.text for a in answers]
    shown = {prompt.turns for prompt in tools.asked[-len(QUERIES) :]}
    assert len(shown) == 1, "the same examples before every question"


def test_settings_of_an_older_run_mean_the_nearest_ones(tmp_path, tiny_model):
    rung, tools, _ = prepared(tmp_path, tiny_model, -1, effort=EFFORT)
    rung.prepare({"demonstrations": 2})
    question = VIEW.train[5].question
    list(rung.answer([Query("q", question)], 0))
    assert tools.asked[-1].turns[-1].question == question

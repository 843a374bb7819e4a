"""Constrained answers to random questions of random tasks: every one of them is valid."""

import dataclasses
import json
import random
from pathlib import Path
from typing import Any

import pytest

from harness.json_answers import follows_schema
from harness.rungs import rungs
from harness.types import Answer, Query, TaskSpec, TrainView
from tests.conftest import make_llama
from tests.harness.rung_bench import bench

OF_A_TASK = 5
"""Questions of each random task."""
how_many = pytest.mark.parametrize(
    "tasks", [8, pytest.param(500 // OF_A_TASK, marks=pytest.mark.slow)], ids=["40", "500"]
)
STEMS = ("pay", "late", "şifre", "配送", "a b", "Zoll", "ödeme", "x")
ENUMS = ("red", "redder", "", "şikâyet", "a \"quoted\" one", 0, 1.5, -7, True, None)  # fmt: skip


def labels(chance: random.Random) -> tuple[str, ...]:
    """Some labels, each of which begins another one of them."""
    found: list[str] = []
    for stem in chance.sample(STEMS, 3):
        endings = [chance.choice((" ", "_", "")) + chance.choice(STEMS) for _ in range(3)]
        found += [stem + "".join(endings[:at]) for at in range(4)]
    return tuple(dict.fromkeys(found))


def schema(chance: random.Random, depth: int = 0) -> dict[str, Any]:
    """Objects in objects, arrays and lists of choices; some keys may be left out."""
    kinds = ["enum", "text", "number", "flag"] + ["object", "array"] * (depth < 3)
    match "object" if depth == 0 else chance.choice(kinds):
        case "object":
            keys = [f"{stem}{at}" for at, stem in enumerate(chance.sample(STEMS, 3))]
            return {
                "type": "object",
                "properties": {key: schema(chance, depth + 1) for key in keys},
                "required": chance.sample(keys, chance.randrange(3)),
                "additionalProperties": False,
            }
        case "array":
            items = schema(chance, depth + 1)
            return {"type": "array", "items": items, "minItems": chance.randrange(2), "maxItems": 2}
        case "enum":
            return {"enum": chance.sample(ENUMS, 3)}
        case "text":
            return {"type": "string", "maxLength": 4}
        case "number":
            return {"type": "integer", "minimum": -chance.randrange(20), "maximum": 99}
    return {"type": "boolean"}


@pytest.fixture(scope="module")
def wandering(tmp_path_factory) -> Path:
    """The shape of a tiny model whose answers depend most on what it is asked."""
    folder = tmp_path_factory.mktemp("models") / "wandering"
    return make_llama(folder, num_key_value_heads=4, tie_word_embeddings=False)


@pytest.fixture
def answered(tmp_path, wandering):
    """The constrained rung's answers to random questions of a task, with room for any answer."""
    tools = dataclasses.replace(bench(tmp_path, wandering, "constrained-s0"), max_new_tokens=600)

    def answer(spec: TaskSpec, chance: random.Random) -> list[Answer]:
        texts = ("".join(chance.choices(" aeiou.?şü配0{\"", k=chance.randrange(1, 60)))
                 for _ in range(OF_A_TASK))  # fmt: skip
        queries = [Query(f"q{at}", text) for at, text in enumerate(texts)]
        own = dataclasses.replace(tools, spec=spec)
        own.__dict__["generator"] = tools.generator
        rung = rungs()["constrained"].build(TrainView(spec, (), (), ()), own)
        rung.prepare(None)
        found = list(rung.answer(queries, 1))
        assert sorted(one.query_id for one in found) == sorted(query.id for query in queries)
        assert not any(one.truncated for one in found)
        return found

    return answer


@how_many
def test_every_answer_to_random_questions_is_one_of_random_labels(answered, tasks):
    chance, said = random.Random(0), set()
    for _ in range(tasks):
        spec = TaskSpec("t", "label", "Sort.", labels=labels(chance), metric="accuracy_score")
        for answer in answered(spec, chance):
            assert answer.text in spec.labels
            said.add((spec.labels, answer.text))
    assert len(said) > tasks, "one label for every question shows little"
    begun = {(all_of, text) for all_of, text in said
             if any(one.startswith(text) and one != text for one in all_of)}  # fmt: skip
    assert begun and said - begun, "labels that begin others are said, and the longest are"


@how_many
def test_every_answer_to_random_questions_is_json_by_a_random_schema(answered, tasks):
    chance, said = random.Random(1), set()
    for _ in range(tasks):
        wanted = json.dumps(schema(chance), ensure_ascii=False)
        spec = TaskSpec("t", "json", "Extract.", schema=wanted, metric="field_f1_score")
        for answer in answered(spec, chance):
            assert follows_schema(json.loads(answer.text), wanted), (wanted, answer.text)
            said.add(answer.text)
    assert len(said) > tasks, "one answer for every question shows little"

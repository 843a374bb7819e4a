import dataclasses
from pathlib import Path

import pytest

from harness.answer_limit import LONGEST_ANSWER, answer_limit, longest_allowed
from harness.counting import count_amounts
from harness.errors import UserError
from harness.given import DecodingSettings, Given
from harness.models import resolve
from harness.rungs import rungs
from harness.runner import make_plan
from harness.settings import CheckSettings, settings_problems
from harness.types import KINDS, Example, Task, TaskSpec
from rag.types import Document
from tests.conftest import LABELS, label_rows

SPEC = TaskSpec("desk", "label", "Sort the message.", labels=LABELS)
ROWS = tuple(Example(f"e{i}", r["text"], (r["label"],)) for i, r in enumerate(label_rows(60)))
TASK = Task(SPEC, ROWS[:30], ROWS[30:40], ROWS[40:], (), "f00d")
PAGE = Document("a.md", "Some text.", "a.md", None, "A")
ENDPOINT = "openai:http://127.0.0.1:9/v1#model"


@pytest.fixture
def settings(tiny_model) -> CheckSettings:
    """All rungs on the tiny model; its folder stands in for the embedder, which is not opened."""
    model = tiny_model.as_posix()
    return CheckSettings(tuple(rungs()), effort="quick", generator=model, embedder=model)


# The plan


def test_everything_wrong_with_the_settings_is_said_at_once(settings, tmp_path):
    wrong = dataclasses.replace(
        settings, rungs=("promt", "rag", "tune"), seeds=0, effort="huge", generator="no-such-model",
        embedder="nor-this",
    )  # fmt: skip
    said = [p.message for p in settings_problems(tmp_path, wrong, "rouge_l_score", "label")]
    assert said == [
        "there is no rung 'promt'",
        "there is no rung 'tune'",
        "there is no effort 'huge'",
        "rouge_l_score does not fit a task of kind label",
        "there is no model named 'no-such-model'",
        "there is no model named 'nor-this'",
        "at least one seed is needed",
    ]


def test_good_settings_have_no_problem(settings, tmp_path):
    assert settings_problems(tmp_path, settings, "accuracy_score", "label") == []
    assert settings_problems(tmp_path, settings, "", None) == []


def test_no_rung_is_a_problem_that_lists_the_rungs(settings, tmp_path):
    none = dataclasses.replace(settings, rungs=())
    (problem,) = settings_problems(tmp_path, none, "", "label")
    assert problem.message == "no rung is chosen" and "rag_finetune" in problem.fix


def plan_cells(settings, project: Path, task: Task = TASK, **changes) -> tuple[str, ...]:
    return make_plan(project, "r", task, dataclasses.replace(settings, **changes)).cells


def test_floors_come_first_then_rungs_by_effort_the_index_before_who_needs_it(settings, tmp_path):
    task = dataclasses.replace(TASK, documents=(PAGE,))
    mixed = ("rag_finetune", "prompt", "rag", "few_shot", "finetune", "prompt")
    assert plan_cells(settings, tmp_path, task, rungs=mixed) == (
        "majority-s0", "nearest-s0", "linear-s0", "prompt-s0", "index-s0", "few_shot-s0", "rag-s0",
        "finetune-s0", "rag_finetune-s0",
    )  # fmt: skip


def test_a_ceiling_comes_right_behind_the_rung_that_it_is_the_ceiling_of(settings, tmp_path):
    spec = TaskSpec("desk", "answer", "Answer.")
    task = dataclasses.replace(TASK, spec=spec, documents=(PAGE,))
    cells = plan_cells(settings, tmp_path, task, rungs=("rag", "rag_finetune"), seeds=2)
    assert cells[2:] == (
        "index-s0", "rag-s0", "oracle-s0", "rag_finetune-s0", "rag_finetune-s1",
        "oracle_finetune-s0",
    )  # fmt: skip
    assert "oracle-s0" not in plan_cells(settings, tmp_path, task, rungs=("prompt", "finetune"))


def test_a_rung_that_is_not_there_is_an_error_and_not_left_out(settings, tmp_path):
    with pytest.raises(UserError, match="there is no rung 'promt'"):
        plan_cells(settings, tmp_path, rungs=("prompt", "promt"))


def test_nothing_is_indexed_for_rungs_that_cannot_run(settings, tmp_path):
    assert "index-s0" not in plan_cells(settings, tmp_path, rungs=("prompt", "rag"))


def test_several_seeds_are_run_only_where_they_differ(settings, tmp_path):
    cells = plan_cells(settings, tmp_path, rungs=("prompt", "finetune"), seeds=3)
    assert cells[3:] == ("prompt-s0", "finetune-s0", "finetune-s1", "finetune-s2")


def test_nothing_is_indexed_where_no_rung_searches(settings, tmp_path):
    assert "index-s0" not in plan_cells(settings, tmp_path, rungs=("prompt", "finetune"))


def test_rungs_that_cannot_run_are_skipped_with_the_reason(settings, tmp_path):
    plan = make_plan(tmp_path, "r", TASK, settings)
    reason = "the project has no documents"
    pairs = "the project has no preference pairs"
    assert plan.skipped == {"rag": reason, "rag_finetune": reason, "preference": pairs}
    assert not [cell for cell in plan.cells if cell.startswith("rag")]
    three = ("prompt", "constrained", "finetune")
    elsewhere = dataclasses.replace(settings, generator=ENDPOINT, rungs=three)
    assert make_plan(tmp_path, "r", TASK, elsewhere).skipped == {
        "constrained": "an endpoint does not let us choose among its model's tokens",
        "finetune": "the model's weights are not on this machine",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_only_labels_and_json_can_be_constrained(settings, tmp_path, kind):
    spec = TaskSpec("desk", kind, "Answer.", labels=LABELS * (kind == "label"), schema="{}")
    both = dataclasses.replace(settings, rungs=("constrained", "prompt"))
    plan = make_plan(tmp_path, "r", dataclasses.replace(TASK, spec=spec), both)
    if kind in ("label", "json"):
        assert plan.skipped == {} and plan.cells[-1] == "constrained-s0"
    else:
        why = "answers of this task are free text; there is nothing to constrain"
        assert plan.skipped == {"constrained": why}


def test_where_every_chosen_rung_would_be_skipped_there_is_no_check(settings, tmp_path):
    only = dataclasses.replace(settings, rungs=("rag", "rag_finetune"))
    with pytest.raises(UserError) as raised:
        make_plan(tmp_path, "r", TASK, only)
    assert [str(problem) for problem in raised.value.problems] == [
        "rung rag: the project has no documents",
        "rung rag_finetune: the project has no documents",
    ]
    assert "prompt" in raised.value.problems[0].fix


def test_answers_may_be_a_quarter_longer_than_the_longest_known_one(settings, tmp_path):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(settings.generator) / "tokenizer.json"))
    longest = "a much longer answer than all the others " * 3
    dev = (*TASK.dev, Example("long", "q", (longest,)))
    n = len(tokenizer.encode(longest).ids)
    spec = dataclasses.replace(SPEC, kind="answer", labels=())
    task = dataclasses.replace(TASK, spec=spec, dev=dev)
    assert answer_limit(tmp_path, task, settings) == n + n // 4 + 8


def test_the_limit_does_not_look_at_held_out_answers_and_has_an_end(settings, tmp_path):
    expected = answer_limit(tmp_path, TASK, settings)
    long = Example("long", "q", ("word " * 3000,))
    seen = dataclasses.replace(TASK, train=(*TASK.train, long))
    unseen = dataclasses.replace(TASK, heldout=(*TASK.heldout, long))
    assert answer_limit(tmp_path, unseen, settings) == expected
    assert answer_limit(tmp_path, seen, settings) == 2048 // 2, "the tiny model takes 2,048"
    elsewhere = dataclasses.replace(settings, generator=ENDPOINT)
    assert answer_limit(tmp_path, TASK, elsewhere) == 8 // 3 + 0 + 8, "“delivery”, 3 letters each"


def test_a_long_answer_fits_where_the_model_has_room_for_it_and_a_prompt():
    assert longest_allowed(8192) == 4096 and longest_allowed(2048) == 1024
    assert longest_allowed(600) == longest_allowed(None) == LONGEST_ANSWER == 512
    assert longest_allowed(2048, 1500) == 1500, "the user's word"


def test_answers_beyond_latin_letters_are_not_cut_by_an_endpoint(settings, tmp_path):
    spec = dataclasses.replace(SPEC, kind="answer", labels=())
    answer = "包裹昨天已送达，但箱子损坏了，其中一盏灯不见了。"  # 41 tokens of SmolLM2's vocabulary
    task = dataclasses.replace(TASK, spec=spec, train=(Example("zh", "q", (answer,)),))
    elsewhere = dataclasses.replace(settings, generator=ENDPOINT)
    assert answer_limit(tmp_path, task, elsewhere) == 36 + 36 // 4 + 8


def test_the_users_limit_is_the_one_of_the_plan_and_of_what_is_foretold(settings, tmp_path):
    wanted = Given(decoding=DecodingSettings(answer_tokens=900))
    mine = dataclasses.replace(settings, given=wanted, rungs=("prompt",))
    assert settings_problems(tmp_path, mine, "", "label") == []
    plan = make_plan(tmp_path, "r", TASK, mine)
    assert plan.max_new_tokens == 900 and plan.given.decoding.answer_tokens == 900
    model = resolve(mine.generator, "generator", tmp_path)
    assert count_amounts(tmp_path, TASK, mine, model).longest_answer == 900


def test_a_limit_that_leaves_no_room_for_a_question_is_a_problem(settings, tmp_path):
    whole = Given(decoding=DecodingSettings(answer_tokens=2048))
    mine = dataclasses.replace(settings, given=whole)
    (problem,) = settings_problems(tmp_path, mine, "", "label")
    assert "takes 2,048 tokens" in problem.message and problem.fix == "write answer_tokens = 1024"
    assert problem.where == "[decoding] answer_tokens"
    elsewhere = dataclasses.replace(mine, generator=ENDPOINT)
    assert settings_problems(tmp_path, elsewhere, "", "label") == [], "that is not known"


def test_a_model_without_a_tokenizer_file_is_named(settings, tmp_path):
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    bare = dataclasses.replace(settings, generator=tmp_path.as_posix())
    with pytest.raises(UserError) as raised:
        answer_limit(tmp_path, TASK, bare)
    assert raised.value.problems[0].where == str(tmp_path / "tokenizer.json")

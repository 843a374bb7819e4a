"""Contracts over everything that is there because its file is there."""

import sys

import pytest

from harness.errors import UserError
from harness.floors import FLOORS, floors_for
from harness.metrics import metric, metrics
from harness.plugins import load_plugin, load_plugins
from harness.rung import RungType
from harness.rungs import LADDER, rung_type, rungs, rungs_for
from harness.scoring import default_metric, metrics_for
from harness.types import KINDS, TaskSpec

NEEDS = {"documents", "weights", "embeddings", "closed_answers", "decoder", "preferences"}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Write modules of a package of plug-ins; returns its name."""

    def write(name, modules):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text("", encoding="utf-8")
        for module, text in modules.items():
            (folder / f"{module}.py").write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        return name

    return write


def test_every_module_of_the_package_is_there_in_order_of_file_name(package):
    name = package("shelf_a", {"b": "THING = 'second'", "a": "THING = 'first'"})
    assert load_plugins(name, "THING", str) == ["first", "second"]


def test_one_module_is_loaded_without_its_neighbours(package):
    name = package("shelf_e", {"b": "1 / 0", "a": "THING = 'first'"})
    assert load_plugin(f"{name}.a", "THING", str) == "first"


def test_a_module_without_its_constant_is_an_error_that_names_module_and_type(package):
    name = package("shelf_b", {"a": "OTHER = 1"})
    with pytest.raises(TypeError, match=r"shelf_b\.a must define THING, a str"):
        load_plugins(name, "THING", str)


def test_a_constant_of_another_type_is_an_error(package):
    with pytest.raises(TypeError, match="THING, a str"):
        load_plugins(package("shelf_c", {"a": "THING = 5"}), "THING", str)


def test_a_module_that_does_not_import_is_an_error_and_not_passed_over(package):
    with pytest.raises(ZeroDivisionError):
        load_plugins(package("shelf_d", {"a": "1 / 0"}), "THING", str)


# Rungs


@pytest.mark.parametrize("rung", rungs().values(), ids=rungs().keys())
def test_a_rung_declares_what_pages_and_plans_need(rung: RungType):
    assert rung_type(rung.name) is rung
    assert sys.modules[f"harness.rungs.{rung.name}"].RUNG is rung, "one name, one file"
    assert rung.name in LADDER
    assert rung.title and rung.title[0].isupper() and not rung.title.endswith(".")
    assert rung.what.endswith(".") and "\n" not in rung.what
    assert rung.needs <= NEEDS, f"unknown needs {rung.needs - NEEDS}"
    assert isinstance(rung.seeded, bool)
    assert callable(rung.build.prepare) and callable(rung.build.answer)


def test_a_rung_whose_weights_are_trained_needs_them_here_and_depends_on_the_seed():
    trained = {rung.name for rung in rungs().values() if "weights" in rung.needs}
    assert {"finetune", "rag_finetune"} <= trained
    assert all(rung.seeded == (rung.name in trained) for rung in rungs().values())


def test_rungs_come_in_order_of_effort_and_none_of_the_first_issue_is_missing():
    names = list(rungs())
    assert names == [name for name in LADDER if name in names]
    assert {"prompt", "few_shot", "rag", "finetune", "rag_finetune"} <= set(names)


def test_an_unknown_rung_lists_those_there_are():
    with pytest.raises(UserError) as raised:
        rung_type("promt")
    (problem,) = raised.value.problems
    assert problem.message == "there is no rung 'promt'"
    assert problem.fix == f"choose from {', '.join(rungs())}"
    assert raised.value.exit_code == 2


def test_floors_and_rungs_have_different_names_and_the_linear_floor_is_for_labels():
    assert not set(FLOORS) & set(rungs())
    assert floors_for("label") == ("majority", "nearest", "linear")
    assert all(floors_for(kind) == ("majority", "nearest") for kind in KINDS if kind != "label")


# Metrics


@pytest.mark.parametrize("found", metrics().values(), ids=metrics().keys())
def test_a_metric_declares_its_name_direction_and_kinds(found):
    assert metric(found.name) is found
    assert sys.modules[f"harness.metrics.{found.name}"].METRIC is found
    assert found.name.endswith(("_score", "_error"))
    assert found.higher_is_better == found.name.endswith("_score")
    assert found.kinds and found.kinds <= set(KINDS)
    assert found.headline_for <= found.kinds
    given = [part for part in (found.item, found.whole, found.learn) if part is not None]
    assert len(given) == 1
    assert found.title and not found.title.endswith(".")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_task_has_one_default_headline_that_is_scored_item_by_item(kind):
    names = [m.name for m in metrics().values() if kind in m.headline_for]
    assert names == [default_metric(kind)]
    assert metric(names[0]).item is not None, "comparisons are paired by item"
    assert metrics_for(TaskSpec("t", kind, "i"))[0].name == names[0]


def test_an_unknown_metric_lists_those_there_are():
    with pytest.raises(UserError) as raised:
        metric("f1")
    assert raised.value.problems[0].fix == f"choose from {', '.join(metrics())}"


def test_a_metric_is_listed_once_for_a_task_with_the_chosen_one_first():
    names = [m.name for m in metrics_for(TaskSpec("t", "answer", "i", metric="fact_score"))]
    assert names[0] == "fact_score"
    assert len(names) == len(set(names))
    assert set(names) == {m.name for m in metrics().values() if "answer" in m.kinds}


def test_preference_alignment_is_offered_only_where_there_are_pairs():
    assert "preference" not in rungs_for("answer")
    assert "preference" in rungs_for("answer", pairs=True)


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_task_with_closed_answers_is_offered_to_be_constrained(kind):
    offered = rungs_for(kind, pairs=True)
    assert ("constrained" in offered) == (kind in ("label", "json"))
    assert [name for name in rungs() if name != "constrained"] == [
        name for name in offered if name != "constrained"
    ]

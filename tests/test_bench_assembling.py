"""The measurement of a whole experiment works one out, with a diagnosis and a weighing."""

import pytest

from bench import assembling
from harness.assemble import assemble


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for name, value in {"ITEMS": 40, "TRAIN": 20, "SEEDS": 2, "DOCUMENTS": 5}.items():
        monkeypatch.setattr(assembling, name, value)


@pytest.mark.parametrize(
    ("kind", "metric"), [("label", ""), ("label", "macro_f1_score"), ("answer", "")]
)
def test_it_is_timed_by_the_clock_and_by_the_processor(kind, metric):
    found = assembling.assembled_s(kind, metric)
    assert found.keys() == {"s", "processor s"} and found["s"] > 0


def test_all_rungs_all_seeds_and_every_kind_of_reason_are_in_it(tmp_path):
    found = assemble(assembling._run(tmp_path / "runs" / "one", "answer", ""), {})
    assert len(found.rungs) == 8 and len(found.ceilings) == 2
    assert {len(arm.seeds) for arm in found.rungs.values()} == {2}
    assert found.diagnostics.rungs["rag"].retrieval is not None
    assert found.diagnostics.rungs["rag"].languages is not None

"""An adapter against all weights, from stored answers alone."""

import pytest

from harness.probes.full_tuning import measure, one_training, ratio
from harness.store import Cell
from harness.trained import CellTested, Item, Material
from harness.types import Answer, Example, Preparation, TaskSpec, TrainView

SPEC = TaskSpec("desk", "label", "Sort.", labels=("a", "b"))
HELD = tuple(Example(f"h{i}", f"Question {i}?", ("a",)) for i in range(40))
TRIED = [
    {"learning_rate": 0.001, "seconds": 9.0},
    {"learning_rate": 0.0005, "seconds": 4.0},
]
PREPARED = Preparation({"learning_rate": 0.0005}, {"tried": TRIED}, 20.0)


def measured(adapter: int, full: int, failed: int = 0):
    """So many right answers of 40, the same questions first; the last ones failed."""
    answers = tuple(Answer(row.id, "a" if i < adapter else "b") for i, row in enumerate(HELD))
    checked = Cell("finetune-s0", "finetune", 0, PREPARED, answers, (), 1.0, 2_000, "", "")
    items = [
        Item(row.id, "heldout", False, text="a" if i < full else "b") for i, row in enumerate(HELD)
    ]
    for at in range(len(items) - failed, len(items)):
        items[at] = Item(items[at].id, "heldout", False, failed="it did not fit")
    cell = CellTested("finetune-s0", "finetune", 0, tuple(items), {}, PREPARED, 6_000)
    return measure(
        Material((cell,), None, (checked,), TrainView(SPEC, HELD, (), ()), HELD, 0, 0.03)
    )


@pytest.mark.parametrize(
    ("adapter", "full", "word"),
    [(10, 38, "better"), (38, 10, "worse"), (30, 32, "inconclusive")],
)
def test_the_verdict_is_about_all_weights_and_the_ratio_about_the_adapter(adapter, full, word):
    found = measured(adapter, full)
    score, share = found.found["score"], found.found["ratio"].value
    assert found.level == score.change.verdict == word
    assert (score.before.mean, score.value.mean) == (adapter / 40, full / 40)
    assert score.change.difference == pytest.approx((full - adapter) / 40)
    assert share.mean == pytest.approx(adapter / full) and share.low < share.mean < share.high
    assert len(found.cases) == min(12, abs(full - adapter))
    assert {case.before for case in found.cases} == {"b" if full > adapter else "a"}


def test_the_interval_of_the_ratio_is_narrower_with_more_questions_and_never_certain():
    def width(n: int) -> float:
        found = ratio([[1.0, 0.0] * n], [[1.0, 0.0] * n], None, 1.0)
        return found.high - found.low

    assert 0 < width(200) < width(20) < 0.5


def test_a_score_of_nothing_has_no_share_and_failed_answers_are_counted_not_wrong():
    nothing = measured(10, 0)
    assert nothing.found["ratio"].value.mean is None and nothing.found["ratio"].note
    missing = measured(10, 30, failed=8)
    assert missing.n_failed == missing.found["score"].value.n_failed == 8
    assert missing.found["score"].value.mean == 30 / 32
    assert missing.found["score"].change.n == 32


def test_what_is_compared_is_one_training_each_not_all_that_were_tried():
    assert one_training(PREPARED) == 4.0 and one_training(None) is None
    assert one_training(Preparation({}, {})) is None
    spent = measured(10, 10).spent
    assert [one.seconds for one in spent] == [4.0, 4.0]
    assert [one.peak_memory_bytes for one in spent] == [2_000, 6_000]

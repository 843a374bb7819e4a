"""What a step does otherwise where the model is on a card."""

from tests.tuning.oracle import opened, some_rows
from tuning import steps
from tuning.objective import Completions
from tuning.recipe import AdapterShape, Recipe


def test_memory_of_a_card_is_not_given_back_through_the_c_library(tiny_model, monkeypatch):
    rows, given = some_rows([(30, 4)] * 8), []
    monkeypatch.setattr(steps, "GIVE_BACK_TOKENS", 10)
    monkeypatch.setattr(steps, "give_back", lambda: given.append(1))
    recipe = Recipe(AdapterShape(2, 4), 1e-3, 2, batch_rows=8, evaluations=1)
    for kind, times in (("cpu", 0), ("cuda", 1)):
        monkeypatch.setattr(steps, "KIND", kind)
        given.clear()
        steps.Steps(opened(tiny_model), Completions(rows), recipe).step(1)
        assert len(given) == times

"""What limits a verdict: a single training, right answers that cost more elsewhere."""

import dataclasses

import pytest

from advisor.economics import costs_of
from advisor.prices import Prices
from advisor.verdict import reconcile
from tests.advisor.experiments import experiment, reads_plainly
from tests.advisor.label_cells import answers, assembled, half, nearly_all

ONE = "One training run each"


@pytest.mark.parametrize(
    ("metric", "seeds", "said"),
    [
        ("accuracy_score", 1, True),
        ("accuracy_score", 3, False),
        ("macro_f1_score", 1, True),
        ("macro_f1_score", 3, False),
    ],
)
def test_a_single_training_is_said_and_several_count_by_any_score(tmp_path, metric, seeds, said):
    cells = {("prompt", 0): answers(half)}
    for seed in range(seeds):
        cells["finetune", seed] = answers(lambda i, seed=seed: nearly_all(i + seed))
    found = reconcile(assembled(tmp_path, cells, metric=metric), None)
    assert any(text.startswith(ONE) for text in found.cautions) == said
    assert not any("first training" in text for text in found.cautions)
    reads_plainly(found)


def test_a_rung_left_for_its_effort_is_named_where_its_right_answers_cost_less():
    found = experiment({"prompt": 0.5, "few_shot": 0.60, "finetune": 0.61},
                       {("finetune", "prompt"): "better"})  # fmt: skip
    held = tuple(
        dataclasses.replace(c, non_superior=(c.a, c.b) == ("finetune", "few_shot"))
        for c in found.comparisons
    )
    long = dataclasses.replace(found.rungs["few_shot"], prompt_tokens=2000.0)
    cheap = dataclasses.replace(found.rungs["finetune"], prompt_tokens=10.0)
    plain = dataclasses.replace(found.rungs["prompt"], prompt_tokens=3000.0)
    rungs = {"prompt": plain, "few_shot": long, "finetune": cheap}
    found = dataclasses.replace(found, comparisons=held, rungs=rungs)
    prices = Prices(input_per_million=1.0, output_per_million=2.0)
    said = reconcile(found, None, costs=costs_of(found, prices))
    assert said.recommended == "few_shot"
    # (2,000 + 20) / .60 against (10 + 20) / .61
    assert said.cautions[-1] == (
        "At your prices a right answer costs 68 times what it costs with fine-tuning. Whether the "
        "lower effort is worth that is yours to say."
    )
    reads_plainly(said)


def test_what_is_open_is_told_also_where_nobody_knows_how_many_questions_would_settle_it():
    """As on two questions, of which nothing can be planned; nothing to compare is not open."""
    means = {"majority": 0.6, "prompt": 0.5, "few_shot": None, "rag": 0.7}
    found = experiment(means, n_heldout=2)
    unknown = {
        name: tuple(dataclasses.replace(one, n_needed=None) for one in getattr(found, name))
        for name in ("comparisons", "floor_contrasts")
    }
    said = reconcile(dataclasses.replace(found, **unknown), None)
    untried, *left_open = said.would_change_if
    assert untried.startswith("Not tried in this check: searched prompt, constrained prompt, ")
    assert tuple(left_open) == (
        "Whether retrieval differs from prompt, and whether retrieval beats doing without a "
        "language model is left open, and how many questions would settle that cannot be told from "
        "these.",
    )
    reads_plainly(said)

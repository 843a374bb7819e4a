"""The tables that the terminal shows."""

from advisor.summary import ladder_table
from tests.advisor.experiments import arm, experiment


def test_failed_answers_of_several_seeds_stand_beside_how_many_answers_there_were():
    arms = {
        "prompt": arm("prompt", 0.5, failures={"prompt_too_long": 1}),
        "finetune": arm("finetune", 0.5, seeds=3, failures={"prompt_too_long": 3}),
    }
    table = ladder_table(experiment(arms))
    first, second = (line for line in table.splitlines() if " prompt" in line or "finetune" in line)
    assert " 1 " in first and " of " not in first
    assert "3 of 300 answers" in second

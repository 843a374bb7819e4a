"""Costs of rungs: by hand, at their edges, and what must hold whatever the prices are."""

import dataclasses
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.break_even import break_evens
from advisor.economics import costs_of
from advisor.money_tables import (
    at_prices,
    energy_rows,
    money_of,
    money_rows,
    pair_rows,
    part_rows,
    time_rows,
    used_prices,
)
from advisor.money_words import sentences
from advisor.numbers import energy
from advisor.prices import PRICE_KEYS, Prices
from harness.diagnosis.findings import Abstention, RungDiagnosis, Share
from harness.experiment import Estimate
from tests.advisor.experiments import arm, experiment

TOKENS = Prices(input_per_million=2.0, output_per_million=10.0)


def one(name="prompt", mean=0.5, **changes):
    return dataclasses.replace(arm(name, mean), **changes)


def cost(prices, name="prompt", mean=0.5, **changes):
    return costs_of(experiment({name: one(name, mean, **changes)}), prices)[name]


# An answer


def test_an_answer_at_a_provider_costs_its_tokens():
    # 100 tokens in at 2 and 10 out at 10 a million: 0.0002 + 0.0001
    assert cost(TOKENS).per_answer == pytest.approx(0.0003)
    assert cost(TOKENS).basis == "tokens"


def test_an_answer_on_the_own_machine_costs_its_seconds_where_both_are_priced():
    # the whole set of 100 questions took 10 s: 0.1 s an answer at 3.60 an hour
    found = cost(dataclasses.replace(TOKENS, machine_per_hour=3.6))
    assert (found.basis, found.busy_s) == ("seconds", pytest.approx(0.1))
    assert found.per_answer == pytest.approx(0.0001)


def test_an_endpoint_is_priced_by_tokens_and_never_by_the_seconds_one_waits_for_it():
    both = dataclasses.replace(TOKENS, machine_per_hour=3.6)
    assert cost(both, path="endpoint").per_answer == pytest.approx(0.0003)
    hours = cost(Prices(machine_per_hour=3.6), path="endpoint")
    assert hours.per_answer is None and hours.basis == "none" and hours.up_front is None
    assert "input_per_million" in hours.missing


def test_the_cache_holds_only_the_beginning_that_the_user_named():
    cached = dataclasses.replace(TOKENS, cached_share_of_price=0.1)
    assert cost(cached).per_answer == pytest.approx(0.0003), "nobody said how long it is"
    named = dataclasses.replace(cached, shared_tokens=40.0)
    # 60 fresh ones and 40 at a tenth: 64 at 2 a million, and 10 out at 10
    assert cost(named).per_answer == pytest.approx(64 * 2e-6 + 1e-4)
    longer = dataclasses.replace(cached, shared_tokens=1000.0)
    assert cost(longer).per_answer == pytest.approx(10 * 2e-6 + 1e-4), "no longer than the prompt"


def test_a_price_of_zero_is_a_price_and_a_missing_one_is_none():
    free = cost(Prices(input_per_million=0.0, output_per_million=0.0))
    assert free.per_answer == 0.0 and free.per_right_answer == 0.0
    nothing = cost(Prices())
    assert nothing.per_answer is None and nothing.up_front is None and nothing.per_month is None
    assert nothing.busy_s_per_right == pytest.approx(0.2), "seconds need no price"


# A right answer


def test_a_right_answer_costs_an_answer_over_the_share_of_right_ones_with_its_interval():
    found = cost(TOKENS, mean=0.5)  # 42 to 58 %
    assert found.per_right_answer == pytest.approx(0.0006)
    assert found.per_right_low == pytest.approx(0.0003 / 0.58)
    assert found.per_right_high == pytest.approx(0.0003 / 0.42)


def test_where_no_answer_is_right_a_right_one_has_no_price():
    found = cost(TOKENS, mean=0.0)
    assert found.per_answer is not None
    assert (found.per_right_answer, found.per_right_high) == (None, None)
    assert found.per_right_low == pytest.approx(0.0003 / 0.08), "it may have been bad luck"
    money = money_of(experiment({"prompt": 0.0}), TOKENS)
    assert money_rows(money).rows[0][2] == "none right"
    assert time_rows(money).rows[0][3] == "none right"
    assert "A right answer has no price where none was right: Prompt." in sentences(money, False)


def test_energy_is_shown_where_it_was_counted_and_missing_where_it_was_not():
    counted = one(mean=0.5, answer_joules=36_000.0, prepare_joules=7_200_000.0)
    money = money_of(experiment({"prompt": counted, "rag": one("rag", 0.0)}), TOKENS)
    rows = energy_rows(money).rows
    # 10 Wh for 100 questions, of which half were right
    assert rows[0][1:] == ("100 Wh", "200 Wh", "2.0 kWh")
    assert rows[1][1:] == ("not measured",) * 3
    assert any("processor, memory" in text for text in sentences(money, True))
    none = money_of(experiment({"prompt": 0.5}), TOKENS)
    assert energy_rows(none) is None
    assert any("rungwise doctor" in text for text in sentences(none, True))
    wrong = one(mean=0.0, answer_joules=36_000.0)
    assert energy_rows(money_of(experiment({"prompt": wrong}), TOKENS)).rows[0][2] == "none right"


@pytest.mark.parametrize(
    ("joules", "words"),
    [
        (None, "not measured"), (0.0, "under 0.01 Wh"), (1800, "0.5 Wh"), (9000, "2.5 Wh"),
        (360_000, "100 Wh"), (3.6e6, "1.0 kWh"), (7.2e10, "20,000 kWh"),
    ],
)  # fmt: skip
def test_energy_has_a_unit_that_can_be_read(joules, words):
    assert energy(joules) == words


def test_an_interval_that_reaches_zero_has_a_price_without_end():
    money = money_of(experiment({"prompt": 0.05}), TOKENS)
    assert money_rows(money).rows[0][2] == "6.00 (2.31 or more)"


def test_an_error_is_no_share_of_right_answers():
    scores = {"edit_error": Estimate(0.2, 0.1, 0.3, 100, 0)}
    found = costs_of(experiment({"prompt": one(scores=scores)}, metric="edit_error"), TOKENS)
    assert found["prompt"].per_answer and found["prompt"].per_right_answer is None


# Building, a month, a year

FULL = dataclasses.replace(
    TOKENS,
    engineer_per_hour=100.0,
    label_per_example=1.0,
    prompt_setup_hours=1.0,
    rag_setup_hours=10.0,
    finetune_setup_hours=20.0,
    tuned_hosting_per_month=50.0,
    changes_per_month=4.0,
    reindexing_hours=0.5,
    retraining_hours=2.0,
    answers_per_month=10_000.0,
    wrong_answer_cost=0.01,
)


def parts(found):
    return dict((*found.up_front_parts, *found.monthly_parts))


def test_building_and_keeping_each_rung_by_hand():
    few = one("few_shot", settings={"demonstrations": 2}, effort={"dev_answers": 30})
    found = costs_of(
        experiment({"prompt": 0.5, "few_shot": few, "rag": 0.5, "finetune": 0.5,
                    "rag_finetune": 0.5}), FULL
    )  # fmt: skip
    evaluated = 100 * 0.0003
    expected = {
        "prompt": (100, 100, None, None),
        "few_shot": (330, 100, None, None),
        "rag": (100, 1000, None, 200),
        "finetune": (300, 2000, 50, 800),
        "rag_finetune": (300, 3000, 50, 200),
    }
    for name, (labels, setup, hosting, upkeep) in expected.items():
        told = parts(found[name])
        assert told["labelled examples"] == labels and told["setting up"] == setup
        assert (told.get("hosting"), told.get("upkeep")) == (hosting, upkeep)
        assert told["evaluating"] == pytest.approx(evaluated)
        assert "preparing" not in told, "a provider's price for training is not given"
        assert found[name].up_front == pytest.approx(labels + setup + evaluated)


def test_training_costs_the_machine_once_and_again_at_each_change():
    prices = Prices(machine_per_hour=36.0, changes_per_month=3.0)
    told = parts(cost(prices, "finetune", prepare_s=100.0))
    assert told["preparing"] == pytest.approx(1.0) and told["upkeep"] == pytest.approx(3.0)


@pytest.mark.parametrize("name", ["rag", "rag_finetune"])
def test_indexing_costs_the_machine_once_and_again_at_each_change(name):
    prices = Prices(machine_per_hour=36.0, changes_per_month=3.0, engineer_per_hour=10.0,
                    reindexing_hours=0.1)  # fmt: skip
    found = experiment({"prompt": 0.5, name: one(name, prepare_s=100.0)}, index_s=50.0)
    costs = costs_of(found, prices)
    told = parts(costs[name])
    # what is chosen on dev is not chosen again: of the machine only indexing recurs
    assert told["preparing"] == pytest.approx(1.5) and told["upkeep"] == pytest.approx(3 * 1.5)
    assert parts(costs["prompt"])["preparing"] == pytest.approx(0.01)
    unknown = costs_of(experiment({name: one(name, prepare_s=100.0)}), prices)[name]
    assert parts(unknown)["upkeep"] == pytest.approx(3.0), "not measured is not counted"


def test_a_month_and_a_year_by_hand_with_the_scores_interval():
    found = cost(FULL, "finetune", 0.9)  # 82 to 98 %
    # 850 fixed, 10,000 answers at 0.0003, and a tenth of them wrong at 0.01
    assert found.per_month == pytest.approx(850 + 3 + 10)
    assert found.per_year == pytest.approx(found.up_front + 12 * 863)
    assert found.per_year_low == pytest.approx(found.up_front + 12 * (853 + 2))
    assert found.per_year_high == pytest.approx(found.up_front + 12 * (853 + 18))


def test_at_no_volume_only_what_is_fixed_is_paid():
    found = cost(dataclasses.replace(FULL, answers_per_month=0.0), "finetune", 0.9)
    assert found.per_month == pytest.approx(850)


def test_without_a_volume_there_is_no_month_and_it_is_said():
    found = money_of(experiment({"prompt": 0.5}), TOKENS)
    assert found.costs["prompt"].per_month is None
    assert money_rows(found).rows[0][4:] == ("no volume given", "no volume given")


def test_what_is_not_given_is_listed_and_counts_as_nothing():
    found = cost(TOKENS, "finetune")
    assert found.up_front == pytest.approx(0.03), "evaluating alone"
    assert set(found.missing) == {
        "engineer_per_hour", "label_per_example", "finetune_setup_hours", "answers_per_month",
        "wrong_answer_cost", "tuned_hosting_per_month", "changes_per_month", "retraining_hours",
    }  # fmt: skip
    assert "tuned_hosting_per_month" not in cost(TOKENS, "rag").missing


# Where two rungs cost the same


def crossing(prices, **arms):
    found = experiment(arms)
    costs = costs_of(found, prices)
    (pair,) = break_evens(found, costs)
    return pair, costs


def test_a_dearer_rung_pays_from_where_its_saving_has_paid_for_it():
    prices = dataclasses.replace(
        TOKENS, engineer_per_hour=100.0, prompt_setup_hours=0.0, finetune_setup_hours=12.0
    )
    short = one("finetune", prompt_tokens=50.0)
    pair, _ = crossing(prices, prompt=one(), finetune=short)
    # 1,200 more to build is 100 a month (less 0.01 in evaluating); an answer saves 0.0001
    assert (pair.dearer, pair.cheaper) == ("finetune", "prompt")
    assert pair.answers_per_month == pytest.approx((1200 - 0.01) / 12 / 0.0001)


def test_a_dearer_rung_that_saves_nothing_never_pays():
    pair, _ = crossing(FULL, prompt=one(), finetune=one("finetune", completion_tokens=20.0))
    assert (pair.dearer, pair.answers_per_month) == ("finetune", None)
    pair, _ = crossing(
        dataclasses.replace(FULL, wrong_answer_cost=None), prompt=one(), finetune=one("finetune")
    )
    assert pair.answers_per_month is None, "an answer costs the same"


def test_fewer_wrong_answers_can_pay_for_a_rung_whose_answers_are_dear():
    dear = one("finetune", 0.9, completion_tokens=20.0)
    pair, _ = crossing(FULL, prompt=one(), finetune=dear)
    assert pair.answers_per_month is not None


def test_saying_that_it_is_not_known_is_not_charged_as_a_wrong_answer():
    prices = Prices(machine_per_hour=0.0, wrong_answer_cost=1.0, answers_per_month=10.0)
    found = experiment({"prompt": 0.5})
    assert costs_of(found, prices)["prompt"].wrong_per_answer == pytest.approx(0.5)
    held = Abstention(Share(0.4, 0.3, 0.5, 50), Share(0.0, 0.0, 0.1, 50))
    told = RungDiagnosis(abstention=held)
    known = dataclasses.replace(
        found, diagnostics=dataclasses.replace(found.diagnostics, rungs={"prompt": told})
    )
    cost = costs_of(known, prices)["prompt"]
    # 20 of the 100 questions were not answered though there is an answer
    assert cost.wrong_per_answer == pytest.approx(0.3) and cost.per_month == pytest.approx(3.0)


def test_a_rung_that_is_no_dearer_to_build_and_cheaper_to_ask_pays_at_any_volume():
    prices = dataclasses.replace(Prices(machine_per_hour=0.0), wrong_answer_cost=1.0)
    pair, _ = crossing(prices, prompt=one(), few_shot=one("few_shot", 0.8))
    assert (pair.dearer, pair.answers_per_month) == ("few_shot", 0)


def test_rungs_without_a_price_or_a_comparison_have_no_crossing():
    found = experiment({"prompt": 0.5, "rag": 0.6})
    assert break_evens(found, costs_of(found, Prices())) == ()
    apart = dataclasses.replace(found, comparisons=())
    assert break_evens(apart, costs_of(apart, TOKENS)) == ()


AMOUNT = st.floats(0, 1e6) | st.none()
MONEY_KEYS = [key.key for key in PRICE_KEYS if key.unit in ("money", "amount")]
PRICES = st.builds(
    Prices,
    cached_share_of_price=st.floats(0, 1) | st.none(),
    **{key: AMOUNT for key in MONEY_KEYS if not key.endswith("_per_million")},
    input_per_million=st.floats(0, 1e6),
    output_per_million=st.floats(0, 1e6),
)
SHARE = st.floats(0, 1)


@given(PRICES, SHARE, SHARE, st.floats(1, 1e5), st.floats(0, 1e5))
def test_a_right_answer_costs_no_less_than_an_answer_and_crossings_equate_the_totals(
    prices, low, high, read, written
):
    first = one("prompt", low, prompt_tokens=read)
    found = experiment({"prompt": first, "finetune": one("finetune", high)})
    costs = costs_of(found, prices)
    for each in costs.values():
        assert each.per_answer is not None and each.per_answer >= 0
        if each.per_right_answer is not None:
            assert each.per_right_answer >= each.per_answer
            assert each.per_right_low <= each.per_right_answer * (1 + 1e-12)
    for pair in break_evens(found, costs):
        if pair.answers_per_month is None:
            continue
        dearer, cheaper = costs[pair.dearer], costs[pair.cheaper]
        at = pair.answers_per_month
        # twelve months written out, not by the formula that found the crossing
        totals = [
            (c.up_front or 0) + 12 * (sum(p.amount for p in c.monthly_parts)
            + at * (c.per_answer + (c.wrong_per_answer or 0)))
            for c in (dearer, cheaper)
        ]  # fmt: skip
        assert totals[0] == pytest.approx(totals[1], rel=1e-6, abs=1e-6)
        assert dearer.month_at(2 * at + 1) <= cheaper.month_at(2 * at + 1) * (1 + 1e-9)


# Words


def test_without_prices_it_is_said_that_nothing_is_priced_and_how_to_change_that():
    found = money_of(experiment({"prompt": 0.5}), Prices(currency="EUR", answers_per_month=5.0))
    (said,) = sentences(found, full=False)
    assert said.startswith("Nothing is priced yet") and "[prices]" in said


def test_prices_carry_their_date_or_it_is_said_that_they_do_not():
    dated = Prices(date=datetime.date(2026, 1, 31))
    assert at_prices(dated) == "at your prices of 31 January 2026"
    assert at_prices(Prices()) == "at your prices, which carry no date"


def test_every_price_that_was_used_is_told_as_it_was_given():
    prices = dataclasses.replace(
        FULL, currency="EUR", date=datetime.date(2026, 1, 31), wrong_answer_cost=0.0004
    )
    told = dict(used_prices(prices))
    assert told["A wrong answer"] == "0.0004 EUR" and told["Answers a month"] == "10,000"
    given_keys = [key for key in PRICE_KEYS if getattr(prices, key.key) not in (None, "")]
    assert len(told) == len(given_keys)


def test_the_cache_is_said_to_move_a_crossing_and_what_it_was_taken_to_hold():
    arms = {"prompt": one(prompt_tokens=500.0), "finetune": one("finetune", 0.9)}
    found = experiment(arms, {("finetune", "prompt"): "better"})
    prices = dataclasses.replace(FULL, wrong_answer_cost=None, cached_share_of_price=0.1)
    said = " ".join(sentences(money_of(found, prices), full=False))
    assert "No token was priced as cached" in said
    prices = dataclasses.replace(prices, shared_tokens=400.0)
    money = money_of(found, prices)
    said = " ".join(sentences(money, full=False))
    assert "The first 400 tokens of each prompt were priced as cached" in said
    (with_cache,), (without,) = (
        money.pairs,
        money_of(found, dataclasses.replace(prices, cached_share_of_price=None)).pairs,
    )
    assert with_cache.answers_per_month > without.answers_per_month
    assert "Without the cache fine-tuning would cost less than prompt from about" in said


def test_tables_and_sentences_read_plainly_at_all_prices():
    found = money_of(experiment({"prompt": 0.5, "rag": 0.7, "finetune": 0.9}), FULL)
    tables = [time_rows(found), money_rows(found), pair_rows(found), part_rows(found)]
    for rows in tables:
        assert all(len(row) == len(rows.head) for row in rows.rows)
    for text in sentences(found, full=True):
        assert text[0].isupper() and text.endswith(".") and "None" not in text


def test_the_keys_that_are_asked_for_are_those_of_the_section():
    assert {key.key for key in PRICE_KEYS} == {f.name for f in dataclasses.fields(Prices)}

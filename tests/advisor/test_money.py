"""Prices as people write them, and costs where people read them: terminal, report, page, chart."""

import dataclasses
import itertools
import json
import tomllib

import pytest

from advisor import charts, workflow
from advisor.charts import DARK, svg
from advisor.money_tables import money_of
from advisor.money_words import sentences
from advisor.new_project import create_project
from advisor.prices import PRICE_KEYS, Prices
from advisor.project import open_project, prices_of
from advisor.sample_projects import SAMPLES, copy_sample
from advisor.settings_file import change
from harness.errors import RungwiseError
from tests.advisor.experiments import arm, experiment
from tests.command import here, refused

GIVEN = """
[prices]
currency = "EUR"
date = 2026-01-31
machine_per_hour = 3.6
engineer_per_hour = 100
prompt_setup_hours = 1
rag_setup_hours = 10
finetune_setup_hours = 20
answers_per_month = 50000
wrong_answer_cost = 0.02
"""


def write(root, text):
    file = root / "rungwise.toml"
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


# Written


def test_prices_are_read_with_the_project_and_alone(root):
    assert open_project(root).prices == Prices() and not Prices().given
    write(root, GIVEN)
    prices = open_project(root).prices
    assert prices == prices_of(root) and prices.given
    assert (prices.machine_per_hour, prices.answers_per_month) == (3.6, 50_000.0)
    assert prices.date.isoformat() == "2026-01-31"


def test_a_date_may_also_be_a_text(root):
    write(root, '[prices]\ndate = "2026-01-31"\n')
    assert prices_of(root).date.isoformat() == "2026-01-31"


def test_a_folder_without_a_project_has_no_prices(tmp_path):
    assert prices_of(tmp_path) == Prices()


def test_everything_that_is_wrong_with_prices_is_said_at_once(root, run):
    write(
        root,
        '[prices]\ninput_per_milion = 1\noutput_per_million = -2\ncached_share_of_price = 2\n'
        'date = "soon"\nanswers_per_month = true\nmachine_per_hour = nan\n'
        'label_per_example = 1e12\n'
        'engineer_per_hour = "80"\ncurrency = "pounds and pence"\nwrong_answer_cost = inf\n',
    )  # fmt: skip
    expected = {
        "there is no key 'input_per_milion'": "did you mean input_per_million?",
        "date cannot be \"soon\"": "write date = 2026-01-31",
        "answers_per_month cannot be true": "write answers_per_month = 0",
        "engineer_per_hour cannot be \"80\"": "write engineer_per_hour = 0.00",
        "output_per_million must be 0 or more": "with your figure, or remove it",
        "cached_share_of_price must be a share from 0 to 1": "with your figure, or remove it",
        "machine_per_hour must be 0 or more": "with your figure",
        "label_per_example must be a billion at most": "with your figure",
        "wrong_answer_cost must be a billion at most": "with your figure",
        "currency must be a word of at most 12 letters": 'write currency = "EUR"',
    }  # fmt: skip
    for command in (("cost", run.folder), ("check", root)):
        found = {
            error.removeprefix("rungwise.toml, [prices]: "): fix
            for error, fix in refused(here(*command)).items()
        }
        assert set(found) == set(expected)
        assert not [error for error, fix in expected.items() if fix not in found[error]]


def test_one_price_of_tokens_without_the_other_is_said_to_be_half_of_one(root):
    with pytest.raises(RungwiseError) as error:
        change(root, {("prices", "input_per_million"): 1})
    (problem,) = error.value.problems
    assert problem.message == "input_per_million is given without output_per_million"
    assert change(root, {("prices", "engineer_per_hour"): 80}).prices.engineer_per_hour == 80


def prices_block(text: str) -> str:
    """The section, up to the next one."""
    return text[text.index("[prices]") :].partition("\n[")[0].rstrip()


def test_a_new_project_names_every_price_and_gives_none(tmp_path):
    create_project(tmp_path / "new", [])
    text = (tmp_path / "new" / "rungwise.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["prices"] == {}
    block = prices_block(text)
    lines = [line.removeprefix("# ") for line in block.splitlines() if " = " in line]
    written = tomllib.loads("\n".join(lines))
    assert list(written) == [key.key for key in PRICE_KEYS], "as they stand, they can be taken up"


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_asks_for_the_same_prices_as_a_new_project_and_gives_none(name, tmp_path):
    def block(root):
        text = (root / "rungwise.toml").read_text(encoding="utf-8")
        return prices_block(text)

    create_project(tmp_path / "new", [])
    root = copy_sample(name, tmp_path / name)
    assert block(root) == block(tmp_path / "new") and open_project(root).prices == Prices()


# Read


def test_answers_whose_tokens_nobody_counted_have_no_price_and_it_is_said(root, run):
    write(root, "[prices]\ninput_per_million = 2\noutput_per_million = 10\n")
    said = here("cost", run.folder).stdout
    assert "No tokens were counted for Prompt, Prompt with examples, Retrieval, Fine-tuning" in said


def test_cost_says_time_without_prices_and_what_is_asked_for(run):
    said = here("cost", run.folder)
    assert said.returncode == 0 and "1,000 right ones" in said.stdout
    assert "Nothing is priced yet" in said.stdout and "EUR" not in said.stdout


def test_cost_as_json_holds_prices_every_rung_and_every_pair(root, run):
    write(root, GIVEN)
    told = json.loads(here("cost", run.folder, "--json").stdout)
    assert told["prices"]["date"] == "2026-01-31"
    assert list(told["rungs"]) == ["prompt", "few_shot", "rag", "finetune"]
    assert len(told["break_even"]) == 6
    rag = told["rungs"]["rag"]
    assert rag["per_right_answer"] > rag["per_answer"] > 0
    assert rag["per_right_low"] < rag["per_right_answer"] < rag["per_right_high"]


def test_show_gains_costs_and_both_reports_say_which_prices_they_used(root, run):
    write(root, GIVEN)
    assert "Cost in EUR, at your prices of 31 January 2026:" in here("show", run.folder).stdout
    for audience in ("executive", "technical"):
        for path in workflow.write_report(run, ("html", "json"), audience):
            text = path.read_text(encoding="utf-8")
            assert "at your prices of 31 January 2026" in text and "1,000 right ones" in text
            assert ("Hours to set up retrieval" in text) == (audience == "technical")


def test_a_report_of_a_run_apart_from_its_project_has_no_prices(run, tmp_path):
    apart = tmp_path / "a" / "b" / "run"
    apart.parent.mkdir(parents=True)
    run.folder.rename(apart)
    (path,) = workflow.write_report(workflow.find_run(str(apart)), ("html",))
    assert "Nothing is priced yet" in path.read_text(encoding="utf-8")


def test_a_currency_is_shown_letter_by_letter(root, run):
    write(root, GIVEN.replace('"EUR"', '"<b>E</b>"'))
    (path,) = workflow.write_report(run, ("html",))
    text = path.read_text(encoding="utf-8")
    assert "&lt;b&gt;E&lt;/b&gt;" in text and "<b>E</b>" not in text


# Drawn


def crossing(**prices):
    given = {"input_per_million": 2.0, "output_per_million": 10.0, "engineer_per_hour": 100.0,
             "prompt_setup_hours": 0.0, "finetune_setup_hours": 12.0, **prices}  # fmt: skip
    short = dataclasses.replace(arm("finetune", 0.9), prompt_tokens=50.0)
    return money_of(experiment({"prompt": 0.5, "finetune": short}), Prices(**given))


def lines(found):
    """Points of every line of the chart."""
    spec = charts.break_even(found).to_dict()
    return [
        [(row["answers"], row["cost"]) for row in spec["datasets"][layer["data"]["name"]]]
        for layer in spec["layer"]
        if layer["mark"]["type"] == "line"
    ]


def test_the_lines_of_the_chart_cross_where_the_break_even_is():
    found = crossing()
    ((zero, a0), (reach, a1)), ((_, b0), (_, b1)) = lines(found)
    assert zero == 0
    at = (b0 - a0) / ((a1 - a0) - (b1 - b0)) * reach
    assert at == pytest.approx(found.pairs[0].answers_per_month) and at < reach


def test_the_chart_reaches_beyond_the_expected_volume_and_leaves_far_crossings_out():
    ((_, (reach, _)), _) = lines(crossing(answers_per_month=1000.0))
    assert 1000 < reach < 10_000
    ((_, (reach, _)), _) = lines(crossing(answers_per_month=900_000.0))
    assert reach > 1_000_000


def test_the_chart_names_every_line_and_says_in_words_where_they_cross():
    drawn = svg(charts.break_even(crossing(answers_per_month=900_000.0), DARK))
    for words in (">Prompt<", ">Fine-tuning<", ">expected<", "fine-tuning below prompt from"):
        assert words in drawn


def test_names_of_lines_that_end_together_do_not_lie_on_each_other():
    means = dict.fromkeys(("prompt", "few_shot", "constrained", "rag", "finetune"), 0.5)
    prices = Prices(input_per_million=2.0, output_per_million=10.0)
    spec = charts.break_even(money_of(experiment(means), prices)).to_dict()
    (names,) = [layer for layer in spec["layer"] if layer["mark"]["type"] == "text"]
    rows = spec["datasets"][names["data"]["name"]]
    top = names["encoding"]["y"]["scale"]["domain"][1]
    heights = sorted(row["cost"] / top * 280 for row in rows)
    assert all(b - a > 16 for a, b in itertools.pairwise(heights))
    assert heights[-1] <= 280


def test_without_a_price_of_answers_there_is_no_chart():
    assert charts.break_even(money_of(experiment({"prompt": 0.5}), Prices())) is None
    free = Prices(input_per_million=0.0, output_per_million=0.0)
    assert svg(charts.break_even(money_of(experiment({"prompt": 0.5}), free)))


def test_what_the_rung_that_counts_must_reach_is_one_sentence():
    arms = {"prompt": 0.5, "few_shot": 0.6, "finetune": 0.9}
    better = {("finetune", name): "better" for name in ("prompt", "few_shot")}
    found = experiment(arms, {**better, ("few_shot", "prompt"): "better"})
    prices = Prices(input_per_million=2.0, output_per_million=10.0, engineer_per_hour=100.0,
                    prompt_setup_hours=0.0, finetune_setup_hours=12.0, wrong_answer_cost=0.01,
                    answers_per_month=5000.0)  # fmt: skip
    (text,) = [s for s in sentences(money_of(found, prices), full=False) if "you expect" in s]
    # 100 a month over 0.004 and over 0.003 an answer
    assert text == (
        "Fine-tuning costs more to build and keep, and less over 12 months than prompt from about "
        "25,000, than prompt with examples from about 34,000 answers a month on; you expect 5,000."
    )

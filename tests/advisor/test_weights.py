"""Weights as people write them, and how they are brought together."""

import tomllib

import pytest
from scipy.stats import friedmanchisquare

from advisor.criteria import COST_SECONDS, Overrides, Scale, criteria, judgement, scale_of
from advisor.project import open_project, read_project
from advisor.questionnaire import questions
from advisor.weights import EVERYBODY, Person, agreement, combined, proposed
from advisor.weights_file import read_values, read_weights
from advisor.weights_saving import named, reweighed, save_people, without
from harness.errors import UserError
from harness.rungs import LADDER
from tests.advisor.page_project import make_project

KEYS = [one.key for one in criteria()]


def person(name, *weights):
    return Person(name, dict(zip(KEYS, weights, strict=True)))


def weights(text):
    return read_weights(tomllib.loads(text).get("weights", {}))


def values(text):
    return read_values(tomllib.loads(text).get("values", {}))


def told(problems):
    return [str(one) for one in problems]


# the table


def test_every_rung_of_the_ladder_is_judged_under_every_judged_criterion_with_a_reason():
    judged = [one.key for one in criteria() if one.kind == "judged"]
    assert judged == ["freshness", "citation", "privacy", "upkeep"]
    for rung in LADDER:
        for key in judged:
            found = judgement(rung, key, Overrides())
            assert 0 <= found.value <= 1 and len(found.because) > 20


def test_every_option_of_an_asked_question_proposes_a_weight():
    options = {one.key: {option.key for option in one.options} for one in questions()}
    for one in criteria():
        assert set(one.weights) == options[one.asked] - {"dont_know"}
        assert all(0 <= weight <= 10 for weight in one.weights.values())


def test_an_answer_moves_the_proposed_weight_and_nothing_else():
    before, after = proposed({}).weights, proposed({"citations": "must"}).weights
    assert after["citation"] == 8 and {k for k in KEYS if before[k] != after[k]} == {"citation"}


def test_a_rung_that_nobody_judged_stands_in_the_middle_and_the_project_goes_first():
    assert judgement("mine", "upkeep", Overrides()).value == 0.5
    own = Overrides(judged={"rag": {"freshness": 0.3}})
    assert judgement("rag", "freshness", own).value == 0.3
    assert judgement("rag", "citation", own).value == 1.0


@pytest.mark.parametrize(
    ("figure", "value"), [(0.05, 1), (0.1, 1), (1, 0.5), (10 / 2, 0.1505), (10, 0), (99, 0)]
)
def test_a_scale_takes_the_same_for_every_doubling(figure, value):
    assert Scale(0.1, 10).value(figure) == pytest.approx(value, abs=1e-4)


def test_seconds_that_stand_for_cost_have_a_scale_of_their_own():
    own = Overrides(scales={"cost": Scale(1, 2)})
    assert scale_of("cost", own) == Scale(1, 2)
    assert scale_of("cost", own, seconds_for_cost=True) == Scale(*COST_SECONDS)
    assert scale_of("latency", own) == Scale(0.1, 10)


# several people


def test_each_person_counts_alike_however_large_the_numbers():
    loud, quiet = person("a", 10, 10, 0, 0, 0, 0, 0), person("b", 0, 0, 1, 0, 0, 0, 0)
    found = combined([loud, quiet])
    assert [found[key] for key in KEYS] == [0.25, 0.25, 0.5, 0, 0, 0, 0]
    assert sum(found.values()) == pytest.approx(1)
    with pytest.raises(ValueError, match="at least one weight"):
        combined([loud, person("c", 0, 0, 0, 0, 0, 0, 0)])


def test_kendalls_w_by_hand_for_people_who_agree_and_who_do_not():
    up, down = person("a", 1, 2, 3, 4, 5, 6, 7), person("b", 7, 6, 5, 4, 3, 2, 1)
    assert agreement([up, up]).w == pytest.approx(1)
    assert agreement([up, down]).w == pytest.approx(0)
    assert agreement([up]) is None
    assert agreement([person("a", 5, 5, 5, 5, 5, 5, 5)] * 2) is None, "nobody prefers anything"


@pytest.mark.parametrize(
    "rows",
    [
        [(1, 2, 3, 4, 5, 6, 7), (2, 1, 4, 3, 6, 5, 7), (7, 1, 2, 3, 4, 5, 6)],
        [(10, 3, 3, 0, 0, 2, 5), (8, 8, 1, 1, 0, 0, 0), (10, 0, 0, 0, 9, 9, 1)],
        [(5, 5, 5, 5, 5, 5, 1), (1, 2, 2, 3, 3, 3, 3), (4, 4, 0, 0, 4, 4, 4),
         (1, 2, 3, 4, 5, 6, 7)],
    ],
)  # fmt: skip
def test_kendalls_w_is_friedmans_chi_square_scaled_ties_and_all(rows):
    people = [person(str(i), *row) for i, row in enumerate(rows)]
    chi, _ = friedmanchisquare(*zip(*rows, strict=True))
    assert agreement(people).w == pytest.approx(chi / (len(rows) * (len(KEYS) - 1)))


@pytest.mark.parametrize(("w", "words"), [(0.9, "agree on the whole"), (0.5, "agree in part"),
                                          (0.1, "hardly agree")])  # fmt: skip
def test_agreement_is_said_in_words(w, words):
    from advisor.weights import Agreement

    assert Agreement(w, 3).words == words


# rungwise.toml


def test_one_set_or_several_people_are_read():
    assert weights("[weights]\nquality = 10\ncost = 2.5").people == (
        Person(EVERYBODY, {"quality": 10.0, "cost": 2.5}),
    )
    two = weights("[weights.support]\nquality = 1\n[weights.'IT & law']\nquality = 3")
    assert [one.name for one in two.people] == ["support", "IT & law"] and not two.problems
    assert weights("") == ((), ())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[weights]\nquality = 0\ncost = 0", "rungwise.toml, [weights]: all weights are 0"),
        ("[weights]\nquality = -1", "the weight of quality cannot be -1"),
        ("[weights]\nquality = 11", "the weight of quality cannot be 11"),
        ("[weights]\nquality = nan", "the weight of quality cannot be nan"),
        ("[weights]\nquality = true", "the weight of quality cannot be True"),
        ("[weights]\nquality = 'much'", "the weight of quality cannot be 'much'"),
        ("[weights]\nqualty = 3", "there is no criterion 'qualty'"),
        ("[weights.ada]\nqualty = 3", "rungwise.toml, [weights.ada]: there is no criterion"),
        ("[weights.ada]\nquality = 0", "[weights.ada]: all weights are 0"),
        ("[weights.ada]", "[weights.ada]: all weights are 0"),
        ("weights = 3", "weights is a value, not a section"),
        ("[weights]\ncost = 3\n[weights.ada]\ncost = 2", "both one set of weights and"),
        ("[weights.ada]\nquality = 3\ncost = 1\n[weights.bo]\nquality = 2",
         "rungwise.toml, [weights.bo]: bo gives no weight to cost, others do"),
    ],
)  # fmt: skip
def test_weights_that_cannot_be_used_are_named_with_their_place(text, problem):
    found = weights(text)
    assert found.people == ()
    (said,) = told(found.problems)
    assert problem in said and found.problems[0].fix


def test_all_that_is_wrong_is_said_at_once_and_the_near_name_is_guessed():
    found = weights("[weights.ada]\nqualty = 3\ncost = -2\n[weights.bo]\ncost = 99")
    assert len(found.problems) == 3
    assert "did you mean quality?" in found.problems[0].fix


def test_a_projects_own_judgements_and_scales_are_read():
    found = values(
        '[values]\nlatency = "p95"\n[values.scale]\nlatency = [0.5, 20]\ncost = [0.01, 2]\n'
        "[values.rag]\nfreshness = 0.9"
    ).overrides
    assert found.latency == "p95" and found.scale("latency") == Scale(0.5, 20)
    assert found.judgement("rag", "freshness") == 0.9
    assert found.judgement("rag", "upkeep") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[values]\nlatency = "p50s"', "latency cannot be 'p50s'"),
        ("[values.rga]\nfreshness = 1", "there is no rung or key 'rga'"),
        ("[values]\nrag = 1", "rag is a value, not a section"),
        ("[values.rag]\nquality = 1", "quality is measured, not judged"),
        ("[values.rag]\nfresh = 1", "there is no criterion 'fresh'"),
        ("[values.rag]\nfreshness = 2", "freshness cannot be 2"),
        ("[values.scale]\nlatency = [10, 0.1]", "the scale of latency cannot be"),
        ("[values.scale]\nlatency = [0, 1]", "the scale of latency cannot be"),
        ("[values.scale]\nlatency = 1", "the scale of latency cannot be"),
        ("[values.scale]\nquality = [1, 2]", "there is no scale 'quality'"),
        ("values = 1", "values is a value, not a section"),
    ],
)
def test_values_that_cannot_be_used_are_named(text, problem):
    (said,) = told(values(text).problems)
    assert problem in said


def test_the_project_says_what_is_wrong_together_with_all_else(tmp_path):
    root = make_project(tmp_path / "p")
    file = root / "rungwise.toml"
    file.write_text(
        file.read_text(encoding="utf-8") + "\n[weights]\nquality = -1\n[values.rag]\ncost = 1\n",
        encoding="utf-8",
    )
    assert len(read_project(root).problems) == 2
    with pytest.raises(UserError, match="the weight of quality"):
        open_project(root)


# saving


def test_weights_are_written_beside_the_users_remarks_and_read_again(tmp_path):
    root = make_project(tmp_path / "p")
    one = reweighed((proposed({}),), EVERYBODY, "cost", 7.0)
    project = save_people(root, one, ())
    assert project.sections.weights == one
    text = (root / "rungwise.toml").read_text(encoding="utf-8")
    assert "# a remark of the user" in text and "cost = 7\n" in text


def test_the_first_name_takes_the_weights_over_and_the_last_one_gives_them_back(tmp_path):
    root = make_project(tmp_path / "p")
    shared = (Person(EVERYBODY, {"quality": 3.0, "cost": 1.5}),)
    save_people(root, shared, ())
    ada = named(shared, " Ada  K. ")
    assert [one.name for one in ada] == ["Ada K."]
    assert save_people(root, ada, shared).sections.weights == ada
    both = named(ada, "[data]\nheldout = 1")
    assert save_people(root, both, ada).sections.weights == both
    assert open_project(root).data.heldout == 40, "a name is a name"
    again = without(both, both[1].name)
    assert save_people(root, again, both).sections.weights == ada
    nobody = without(ada, "Ada K.")
    assert save_people(root, nobody, ada).sections.weights == shared


@pytest.mark.parametrize("name", ["", "  ", "quality", "Ada"])
def test_a_name_that_cannot_be_used_is_refused(name):
    with pytest.raises(UserError, match=r"no name|is taken"):
        named((Person("Ada", {"quality": 1.0}),), name)


def test_weights_that_are_all_zero_leave_the_file_as_it_was(tmp_path):
    root = make_project(tmp_path / "p")
    before = (root / "rungwise.toml").read_bytes()
    with pytest.raises(UserError, match="all weights are 0"):
        save_people(root, (Person(EVERYBODY, {"quality": 0.0}),), ())
    assert (root / "rungwise.toml").read_bytes() == before

"""Charts: what is drawn, what is said to those who do not see it, what is left without colour."""

import dataclasses
import itertools
import re
from html import unescape
from pathlib import Path

import pytest

from advisor import charts
from advisor.charts import DARK, LIGHT, PAGE, style_of, svg
from advisor.charts.names import around, free_spot
from advisor.recommend import recommend
from advisor.recommendation import Axes
from advisor.workflow import experiment_of
from harness.experiment import Estimate, Latency
from harness.rungs import LADDER
from tests.advisor.report_runs import fullest, smallest


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    return experiment_of(fullest(tmp_path_factory.mktemp("full")))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return experiment_of(smallest(tmp_path_factory.mktemp("small")))


@pytest.fixture(scope="module")
def ladder(full):
    return charts.ladder(full)


@pytest.fixture(scope="module")
def ladder_svg(ladder):
    return svg(ladder)


def words(drawn: str) -> list[str]:
    """The texts of a picture, in drawing order."""
    return [unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", drawn)]


def description(drawn: str) -> str:
    return unescape(re.search(r'aria-label="([^"]*)"', drawn).group(1))


def marks(chart, kind: str) -> list[dict]:
    """The definitions of all marks of a kind."""
    found = [layer["mark"] for layer in chart.to_dict()["layer"]]
    return [mark for mark in found if isinstance(mark, dict) and mark["type"] == kind]


def rows(chart, layer: dict) -> list[dict]:
    """The data of a layer, which the chart keeps apart under a name."""
    return chart.to_dict()["datasets"][layer["data"]["name"]]


def drawn_markers(chart) -> dict[str, str]:
    """Shape to colour of the rungs' markers."""
    spec = chart.to_dict()
    (layer,) = [one for one in spec["layer"] if "shape" in one["encoding"]]
    return {row["shape"]: row["fill"] for row in spec["datasets"][layer["data"]["name"]]}


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.1."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_rung_has_a_colour_and_a_marker_of_its_own():
    styles = [style_of(rung) for rung in LADDER]
    assert len({style.colour for style in styles}) == len(LADDER)
    assert len({style.shape for style in styles}) == len(LADDER)
    assert style_of("added_by_a_plugin").shape not in {style.shape for style in styles}


@pytest.mark.parametrize(("theme", "page"), [(LIGHT, "#ffffff"), (DARK, "#0e1117")])
def test_text_and_markers_stand_out_from_the_page_and_from_the_band(theme, page):
    for behind in (page, theme.band):
        assert contrast(theme.ink, behind) >= 7
        assert contrast(theme.muted, behind) >= 4.5


def test_ladder_shows_every_rung_in_order_of_effort_with_its_figures(full, ladder_svg):
    seen = words(ladder_svg)
    titles = [arm.title for arm in (*full.rungs.values(), *full.floors.values())]
    assert [text for text in seen if text in titles] == titles
    assert seen.count("74 % (55–87 %)") == 1
    assert "wanted: 60 %" in seen
    assert seen.count("recommended") == 1


def test_ladder_marks_the_recommended_rung_by_a_ring_not_by_colour(ladder, small):
    rings = [mark for mark in marks(ladder, "point") if mark.get("size") == 560]
    assert len(rings) == 1
    assert rings[0]["filled"] is False
    nothing = dataclasses.replace(small, verdict={**small.verdict, "recommended": "none"})
    assert "recommended" not in words(svg(charts.ladder(nothing)))


def test_ladder_runs_from_nothing_to_everything_so_that_lengths_can_be_compared(ladder_svg):
    seen = words(ladder_svg)
    assert [text for text in seen if re.fullmatch(r"\d+ %", text)] == [
        "0 %", "25 %", "50 %", "75 %", "100 %"
    ]  # fmt: skip


def test_band_ends_at_the_best_floor(full, ladder):
    band = ladder.to_dict()["layer"][0]
    assert band["mark"]["type"] == "rect"
    best = max(arm.scores["fact_score"].mean for arm in full.floors.values())
    assert rows(ladder, band) == [{"from": 0, "to": best}]


def test_a_ceiling_is_a_row_and_a_line(full):
    oracle = dataclasses.replace(full.rungs["rag"], title="With the right passage")
    seen = charts.ladder(dataclasses.replace(full, ceilings={"oracle": oracle}))
    assert "With the right passage" in words(svg(seen))
    at = oracle.scores["fact_score"].mean
    assert [{"at": at}] in seen.to_dict()["datasets"].values()


def test_a_rung_without_a_score_has_a_row_and_no_mark(full):
    none = Estimate(None, None, None, 0, 40)
    arm = dataclasses.replace(full.rungs["few_shot"], scores={"fact_score": none})
    chart = charts.ladder(dataclasses.replace(full, rungs={**full.rungs, "few_shot": arm}))
    assert "no score" in words(svg(chart))
    assert style_of("few_shot").shape not in drawn_markers(chart)
    assert style_of("prompt").shape in drawn_markers(chart)


def test_the_same_rung_looks_the_same_in_every_chart(full, ladder):
    expected = {style_of(rung).shape: style_of(rung).colour or LIGHT.ink for rung in full.rungs}
    assert len(expected) == 5
    assert drawn_markers(ladder) == expected
    assert drawn_markers(charts.cost_quality(full)) == expected


def test_description_tells_the_figures_in_words(ladder_svg):
    said = description(ladder_svg)
    assert said.startswith("Share of right facts on 40 held-out questions")
    assert "Retrieval: 74 % (55–87 %), recommended" in said
    assert "Prompt: 20 % (5–52 %);" in said


def test_the_same_chart_gives_the_same_picture_without_an_address(full, ladder_svg):
    assert svg(charts.ladder(full)) == ladder_svg
    assert set(re.findall(r"https?://[^\"'\s<]+", ladder_svg)) == {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_turkish_letters_and_markup_in_titles_survive(full):
    arm = dataclasses.replace(full.rungs["rag"], title="Şık ığdır <b>&")
    chart = charts.ladder(dataclasses.replace(full, rungs={"rag": arm}))
    drawn = svg(chart)
    assert "Şık ığdır <b>&" in words(drawn)
    assert "<b>" not in drawn


def test_differences_hold_every_rival_against_the_advised_rung(full):
    chart = charts.differences(full)
    seen = words(svg(chart))
    assert "−56 (−78 to −20), worse" in seen
    assert "0 (−36 to +36), too close to call" in seen
    assert "Retrieval" not in seen
    assert rows(chart, chart.to_dict()["layer"][0]) == [{"from": -0.03, "to": 0.03}]


def test_differences_of_a_single_rung_are_no_picture(small):
    assert charts.differences(small) is None


def test_curve_rings_the_state_that_was_kept(full):
    chart = charts.curve(full.rungs["finetune"])
    for panel in chart.to_dict()["hconcat"]:
        ring = panel["layer"][-1]
        assert ring["mark"]["size"] == 190
        assert [point["epoch"] for point in rows(chart, ring)] == [2.0]
    assert "kept at epoch 2.0, where the score on dev was 50 %" in description(svg(chart))
    # the rate that was not taken is there, dotted
    dashes = [layer["mark"].get("strokeDash") for layer in chart.to_dict()["hconcat"][0]["layer"]]
    assert dashes[:3] == [[1, 3], [5, 3], [1, 0]]


def test_curve_of_an_untrained_rung_is_no_picture(full):
    assert charts.curve(full.rungs["rag"]) is None


def test_axes_show_the_case_as_a_point_or_as_a_line_where_one_axis_is_open():
    asked = recommend({"main_failure": "facts", "knowledge": "private"})
    both = dataclasses.replace(asked, axes=Axes(0.9, 0.2))
    drawn = svg(charts.axes(both))
    assert "this case" in words(drawn)
    assert description(drawn) == "The case: need for knowledge high, need for behaviour low."
    one = dataclasses.replace(asked, axes=Axes(0.9, None))
    assert "this case" not in words(svg(charts.axes(one)))
    assert len(marks(charts.axes(one), "rule")) == 3
    none = dataclasses.replace(asked, axes=Axes(None, None))
    assert len(marks(charts.axes(none), "rule")) == 2


def test_a_name_does_not_stand_higher_than_the_plot_where_it_would_be_cut():
    here = around(0, 0)
    first = free_spot("Prompt", 0, 0, 360, [here])
    second = free_spot("your answers", 0, 0, 360, [here, first.box])
    assert not second.box.meets(first.box) and second.box.top >= -8


def test_names_in_the_cost_chart_cover_neither_each_other_nor_a_marker(full):
    names = [arm.title for arm in full.rungs.values()]
    drawn = svg(charts.cost_quality(full))
    boxes = []
    for name in names:
        element = re.search(rf"<text ([^>]*)>{name}<", drawn).group(1)
        anchor = re.search(r'text-anchor="(\w+)"', element).group(1)
        x, y = re.search(r"translate\(([-\d.]+),([-\d.]+)\)", element).groups()
        left = float(x) if anchor == "start" else float(x) - 6 * len(name)
        boxes.append((left, float(y) - 11, left + 6 * len(name), float(y) + 2))
    for a, b in itertools.combinations(boxes, 2):
        assert a[0] > b[2] or b[0] > a[2] or a[1] > b[3] or b[1] > a[3]


def test_cost_chart_needs_timed_answers(full):
    untimed = {
        name: dataclasses.replace(arm, latency_s=Latency(None, None, None, 0))
        for name, arm in full.rungs.items()
    }
    assert charts.cost_quality(dataclasses.replace(full, rungs=untimed)) is None


def test_the_page_theme_uses_only_variables_that_the_page_sets(full):
    sheet = Path("advisor/report/templates/style.css").read_text(encoding="utf-8")
    used = set(re.findall(r"var\((--\w+)\)", svg(charts.ladder(full, PAGE))))
    assert used == {"--ink", "--muted", "--grid", "--band"}
    assert all(f"{name}: #" in sheet for name in used)
    assert "var(" not in svg(charts.ladder(full, DARK))

"""Why each rung fails, in words: which lever, which sentence, and where they are shown."""

import dataclasses
import re
from html import unescape

import msgspec
import pytest
from selectolax.lexbor import LexborHTMLParser

from advisor import charts
from advisor.charts import svg
from advisor.cli import main
from advisor.diagnosis import besides, conclusion, reasons, telling
from advisor.lever import FEWEST, lever
from advisor.report import build, report_format
from advisor.report.document import Figure, Table, Terms
from advisor.workflow import experiment_of, prior_of
from harness.diagnosis.findings import Diagnostics, Retrieval, Share
from harness.diagnosis.retrieval import gains
from harness.disk import write_json
from harness.types import Answer, Context, Example, Failure, Task, TaskSpec
from rag.types import Document
from tests.advisor.report_runs import (
    ABSTENTION,
    LONG,
    SCRIPT,
    TURNED,
    finish,
    fullest,
    put,
    smallest,
    start,
)

RIGHT, WRONG = "It takes 5 days.", "It takes 9 weeks."
GOLD = Context("page.md", "That takes 5 days.", 0.7)
MISS = Context("page.md", "Something else.", 0.6)
MARGIN = 0.03
N = 40


def retrieval(n: int, n_found: int, used: float, luck: float, half: float = 0.02) -> Retrieval:
    """A decomposition with shares as given, and so wide an interval of the lead."""
    search, reading = gains(n_found, n - n_found, used, luck)
    lead = None if search is None else reading - search

    def share(mean: float | None, n: int) -> Share:
        return Share(mean, max(0, mean - 0.1), min(1, mean + 0.1), n) if n else Share()

    return Retrieval(
        recall=share(n_found / n, n),
        used=share(used, n_found),
        luck=share(luck, n - n_found),
        accuracy=None,
        better_search=search,
        better_reading=reading,
        reading_over_search=Share() if lead is None else Share(lead, lead - half, lead + half, n),
        by_document=0,
        n_unknown=0,
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        # found 73 %, read 41 %: a perfect reader wins 43 points, a perfect search 10
        (retrieval(100, 73, 0.41, 0.05), "reading"),
        # found 30 %, read 90 %: a perfect search wins 60 points, a perfect reader 3
        (retrieval(100, 30, 0.90, 0.05), "search"),
        # both win 25 points, and that is known to the point
        (retrieval(100, 50, 0.50, 0.0, half=0.01), "alike"),
        (retrieval(100, 50, 0.50, 0.0, half=0.10), "open"),
        # the larger one is not shown to be the larger
        (retrieval(100, 60, 0.50, 0.0, half=0.20), "open"),
        (retrieval(100, 98, 0.99, 0.5), "neither"),
        # a model that answers better without the passage: search has less than nothing to add
        (retrieval(100, 50, 0.20, 0.40), "reading"),
        (retrieval(100, FEWEST - 1, 0.5, 0.1), "unknown"),
    ],
)
def test_the_larger_lever_is_the_one_whose_perfection_wins_more_back(found, expected):
    assert lever(found, MARGIN) == expected


def test_nothing_found_says_nothing_of_reading_and_everything_found_leaves_search_nothing():
    nothing = dataclasses.replace(
        retrieval(40, 0, 0.0, 0.1), used=Share(), better_search=None, reading_over_search=Share()
    )
    assert lever(nothing, MARGIN) == "unknown"
    everything = dataclasses.replace(
        retrieval(40, 40, 0.0, 0.0), better_search=0.0, reading_over_search=Share(n=40)
    )
    assert lever(everything, MARGIN) == "reading"
    assert lever(dataclasses.replace(everything, better_reading=0.01), MARGIN) == "neither"
    half = dataclasses.replace(retrieval(40, 20, 0.2, 0.0), reading_over_search=Share(n=40))
    assert lever(half, MARGIN) == "open", "without an interval nothing is claimed"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (retrieval(100, 73, 0.41, 0.05), "document"),
        (retrieval(100, 50, 0.50, 0.0, half=0.10), "document"),
        # the passage is missed at least as often as the document
        (retrieval(100, 30, 0.90, 0.05), "search"),
        (retrieval(100, 98, 0.99, 0.5), "neither"),
    ],
)
def test_where_only_the_right_document_is_known_reading_is_not_blamed(found, expected):
    few, most = (dataclasses.replace(found, by_document=n) for n in (50, 51))
    assert lever(few, MARGIN) == lever(found, MARGIN) and lever(most, MARGIN) == expected


# sentences


def desk(folder, cells, *, items=None, name="desk", **spec):
    """A finished check: cells of (rung, answers) on N questions, six of them unanswerable."""
    given = {"kind": "answer", "abstention": ABSTENTION, "metric": "fact_score", **spec}
    spec = TaskSpec(name, instruction="Answer.", **given)
    items = items or [question(i) for i in range(N)]
    train = tuple(Example(f"t{i}", f"Question {i}?", (RIGHT,)) for i in range(9))
    page = Document("page.md", "That takes 5 days.", "page.md", None, "Page")
    documents = (page,) if given["kind"] == "answer" else ()
    task = Task(spec, train[:6], train[6:], tuple(items), documents, "f")
    run = start(folder / "runs" / "first", task, [f"{rung}-s0" for rung in cells])
    for rung, answers in cells.items():
        put(run, rung, 0, [a for a in answers if isinstance(a, Answer)],
            [a for a in answers if isinstance(a, Failure)])  # fmt: skip
    finish(run, None)
    return run


def question(i: int) -> Example:
    if i >= N - 6:
        return Example(f"h{i}", f"Who is number {i}?", ())
    return Example(f"h{i}", f"How long is step {i}?", (RIGHT,), (), f"g{i}", ("5 days",))


def said(right, contexts=lambda i: (), wrong=WRONG, last=ABSTENTION) -> list[Answer]:
    """Right where `right` says so; `last` to the unanswerable ones."""
    return [
        Answer(f"h{i}", last if i >= N - 6 else RIGHT if right(i) else wrong, contexts(i))
        for i in range(N)
    ]


def found_for(n: int):
    return lambda i: (GOLD,) if i < n else (MISS,)


def told(run, rung: str) -> str:
    return conclusion(experiment_of(run), rung)


def test_a_reader_that_does_not_use_what_it_is_given(tmp_path):
    run = desk(tmp_path, {"rag": said(lambda i: i < 6, found_for(30))})
    assert told(run, "rag") == (
        "Retrieval found the passage for 30 of 34 questions with an answer (88 %). When it did, "
        "the model answered right 20 % of the time; when it did not, 0 %. A larger reader, or "
        "training with passages, would help more than a better search: up to 71 points on these "
        "questions, against 2."
    )


def test_training_with_passages_is_advised_with_what_it_gave_or_not_at_all(tmp_path):
    rag = said(lambda i: i < 6, found_for(30))
    good = said(lambda i: i < 24, found_for(30))
    run = desk(tmp_path / "good", {"rag": rag, "rag_finetune": good})
    assert "A larger reader, or training with passages (80 % then), would help" in told(run, "rag")
    own = told(run, "rag_finetune")
    assert "A larger reader would help more" in own or "too close to call" in own
    run = desk(tmp_path / "bad", {"rag": rag, "rag_finetune": said(lambda i: i < 3, found_for(30))})
    assert " A larger reader would help more than a better search" in told(run, "rag")


def test_a_search_that_misses(tmp_path):
    run = desk(tmp_path, {"rag": said(lambda i: i < 11, found_for(12))})
    assert "A better search would help more than a larger reader: up to 59 points" in told(
        run, "rag"
    )


def test_a_model_that_lacks_knowledge_is_told_so_by_what_it_does_with_passages(tmp_path):
    cells = {"prompt": said(lambda i: i == 0), "rag": said(lambda i: i < 25, found_for(30))}
    run = desk(tmp_path / "both", cells)
    assert told(run, "prompt") == (
        "33 of 40 answers (82 %) were wrong or incomplete in content. It reads no documents; with "
        "the passage before it the same model answered right 83 % of the time, so what is missing "
        "is knowledge."
    )
    seldom = {"prompt": said(lambda i: False), "rag": said(lambda i: i < 9, found_for(30))}
    assert told(desk(tmp_path / "seldom", seldom), "prompt").endswith(
        "the same model answered right 30 % of the time, so it lacks knowledge and seldom uses it "
        "when given."
    )
    tuned = desk(tmp_path / "tuned", {"rag": cells["rag"], "finetune": cells["prompt"]})
    assert told(tuned, "finetune").endswith(
        "It reads no documents: it has what the model knew and what it was taught. With the "
        "passage the untrained model does better, 83 % against 3 %."
    )
    alone = desk(tmp_path / "alone", {"prompt": cells["prompt"]})
    assert told(alone, "prompt").endswith("all it has is what the model knows.")


def test_refusing_and_answering_anyway_are_named(tmp_path):
    refused = said(lambda i: i < 4, wrong=ABSTENTION)
    anyway = said(lambda i: True, last="It is 5 days.")
    run = desk(tmp_path, {"prompt": refused, "few_shot": anyway})
    assert told(run, "prompt") == (
        "It said that it does not know to 30 of 34 questions that have an answer (88 %)."
    )
    assert told(run, "few_shot") == (
        "It answered 6 of 6 questions that nothing answers (100 %) instead of saying so."
    )


def test_a_perfect_rung_and_a_failed_one_have_their_sentence(tmp_path):
    failed = [Failure(f"h{i}", "out_of_memory", "") for i in range(N)]
    run = desk(tmp_path, {"prompt": said(lambda i: True), "rag": failed})
    assert told(run, "prompt") == "Nothing to mend: every scored answer was right."
    assert told(run, "rag").startswith("No answer of retrieval could be scored")
    assert shown(run).css_first("#fails") is not None


def test_where_nothing_is_known_of_the_passages_that_is_said(tmp_path):
    text = "Water it when the top inch of the soil is dry to the touch."
    items = [Example(f"h{i}", f"When {i}?", (text,)) for i in range(N)]
    answers = [Answer(e.id, WRONG, (MISS,)) for e in items]
    run = desk(tmp_path, {"rag": answers}, items=items, metric="token_f1_score", abstention="")
    assert "is not known: the rows name neither the document nor the facts" in told(run, "rag")


def label_desk(folder, texts, labels=("a", "b", "c"), rungs=("prompt",)):
    items = [Example(f"h{i}", f"message {i}", (labels[i % 3],)) for i in range(30)]
    cells = {
        rung: [Answer(e.id, text) for e, text in zip(items, texts(items), strict=True)]
        for rung in rungs
    }
    return desk(folder, cells, items=items, kind="label", labels=labels, abstention="",
                metric="accuracy_score")  # fmt: skip


def test_answers_that_are_no_label_lead_to_constrained_output(tmp_path):
    run = label_desk(tmp_path / "one", lambda items: ["I think a"] * 30)
    assert told(run, "prompt") == (
        "30 of 30 answers (100 %) were no label of the list. Decoding that can write nothing else "
        "would mend that without training."
    )
    both = label_desk(
        tmp_path / "two", lambda items: ["I think a"] * 30, rungs=("prompt", "constrained")
    )
    assert "Constrained prompt, which can write nothing else, scored 0 %" in told(both, "prompt")
    assert "would mend" not in told(both, "constrained")


def test_all_answers_on_one_label_and_one_label_for_another(tmp_path):
    run = label_desk(tmp_path / "all", lambda items: ["b"] * 30)
    assert told(run, "prompt") == "It says b to 100 % of all messages; 33 % are."
    run = label_desk(
        tmp_path / "some",
        lambda items: [
            "c" if e.references[0] == "a" and i < 24 else e.references[0]
            for i, e in enumerate(items)
        ],
    )
    assert told(run, "prompt") == "The commonest mistake: c where a is right, 8 of 10 times."


def test_json_that_is_cut_and_fields_that_are_wrong(tmp_path):
    items = [Example(f"h{i}", f"order {i}", ('{"unit": "kg", "n": 1}',)) for i in range(20)]
    cut = [Answer(e.id, '{"unit": "kg', truncated=i < 5) for i, e in enumerate(items)]
    wrong = [Answer(e.id, '{"unit": "g", "n": 1}') for e in items]
    run = desk(tmp_path, {"prompt": cut, "finetune": wrong}, items=items, kind="json",
               schema='{"type": "object"}', abstention="", metric="field_f1_score")  # fmt: skip
    assert told(run, "prompt").startswith(
        "20 of 20 answers (100 %) were no valid JSON by the schema, 5 of them cut at the length"
    )
    assert told(run, "finetune") == (
        "Of the valid answers these fields were wrong most often: unit (100 %)."
    )


def test_what_training_taught_is_told_by_what_it_showed(tmp_path):
    items = [
        Example(f"h{i}", f"q {i}", (RIGHT,), (("old" if i < 20 else f"new{i}"),), "", ("5 days",))
        for i in range(40)
    ]
    train = (Example("t", "x", (RIGHT,), ("old",)), Example("u", "y", (RIGHT,), ("old",)))
    spec = TaskSpec("desk", "answer", "Answer.", metric="fact_score")
    page = Document("old", "That takes 5 days.", "old", None, "Old")
    run = start(tmp_path / "runs" / "r", Task(spec, train, train, tuple(items), (page,), "f"),
                ["finetune-s0"])  # fmt: skip
    put(run, "finetune", 0, [Answer(e.id, RIGHT if i < 19 else WRONG) for i, e in enumerate(items)])
    more = besides(finish(run, None), "finetune")
    assert more[0].startswith("Whether training rows ask") or more[0].startswith("It knows best")
    assert "95 % (n = 20) against 0 % (n = 20)" in more[0]


def everything(tmp_path_factory):
    """Runs of every kind of task."""
    folder = tmp_path_factory.mktemp("all")
    cells = {"prompt": said(lambda i: i < 5), "rag": said(lambda i: i % 2 == 0, found_for(20))}
    return [
        fullest(folder / "full"),
        smallest(folder / "small"),
        desk(folder / "desk", cells),
        label_desk(folder / "labels", lambda items: ["a", "x"] * 15),
    ]


def test_every_sentence_reads_plainly(tmp_path_factory):
    for run in everything(tmp_path_factory):
        experiment = experiment_of(run)
        for rung in experiment.rungs:
            for text in (*reasons(experiment, rung), *besides(experiment, rung)):
                assert text[0].isupper() or text[0].isdigit(), text
                assert text.endswith("."), text
                odd = re.search(r"\bNone\b|\bnan\b|[{}_!]|  |\.\.|not known \(|no interval", text)
                assert not odd, text
                assert not re.search(r"\b1 (points|questions|answers|times)\b", text), text


def test_the_questions_to_look_at_begin_with_what_the_advised_rung_misses(tmp_path):
    cells = {"prompt": said(lambda i: i in (30, 31)), "rag": said(lambda i: i < 25, found_for(30))}
    experiment = experiment_of(desk(tmp_path, cells))
    ids = telling(experiment, "rag")
    assert ids[:2] == ("h30", "h31")
    assert len(ids) == len(set(ids)) == 10
    assert telling(experiment, "unknown") == experiment.diagnostics.disagreed


# where it is shown


def shown(run) -> LexborHTMLParser:
    report = build(run, experiment_of(run), prior_of(run), "technical")
    return LexborHTMLParser(report_format("html").render(report).decode())


def section(run, audience="technical"):
    report = build(run, experiment_of(run), prior_of(run), audience)
    return next((part for part in report.sections if part.key == "fails"), None)


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    return fullest(tmp_path_factory.mktemp("full"))


def test_the_report_has_one_line_a_rung_the_picture_and_the_tables(full):
    part, experiment = section(full), experiment_of(full)
    terms = part.blocks[0]
    assert isinstance(terms, Terms)
    assert terms.pairs == tuple(
        (arm.title, conclusion(experiment, name)) for name, arm in experiment.rungs.items()
    )
    assert isinstance(part.blocks[1], Figure)
    captions = [block.caption for block in part.blocks if isinstance(block, Table)]
    assert any(caption.startswith("Search and reading, apart") for caption in captions)
    assert "Saying “I do not know”" in captions
    last = part.blocks[-1]
    assert isinstance(last, Table) and len(last.rows) == 10
    assert section(full, "executive") is None


def test_hostile_labels_names_and_questions_are_shown_as_they_are_and_do_nothing(tmp_path):
    labels = (SCRIPT, TURNED, "<b>" + LONG)
    run = label_desk(tmp_path, lambda items: [labels[1]] * 15 + [labels[2]] * 15, labels)
    page = shown(run)
    fails = page.css_first("#fails")
    assert "<script>alert('question')</script>" in fails.text()
    assert page.css("script, b, i, img") == []
    assert "long " * 20 not in fails.css_first("dl").text(), "labels are cut inside sentences"
    for node in page.css("*"):
        if "\u202e" in (node.text(deep=False) or ""):
            assert "auto" in (node.attributes.get("dir"), node.parent.attributes.get("dir"))


def old(run):
    """The run as an earlier version wrote it."""
    stored = msgspec.to_builtins(experiment_of(run))
    write_json(run.folder / "experiment.json", {**stored, "diagnostics": {}})
    return run


def test_a_run_from_before_there_was_a_diagnosis_still_opens(tmp_path, capsys):
    run = old(smallest(tmp_path))
    experiment = experiment_of(run)
    assert experiment.diagnostics == Diagnostics()
    assert section(run) is None and charts.losses(experiment) is None
    assert shown(run).css_first("#fails") is None
    assert main(["show", str(run.folder)]) == 0
    assert "Where each rung fails" not in capsys.readouterr().out


def test_show_prints_a_line_a_rung_and_json_holds_the_figures(full, capsys):
    assert main(["show", str(full.folder)]) == 0
    printed = capsys.readouterr().out.partition("Where each rung fails:\n")[2]
    experiment = experiment_of(full)
    for name, arm in experiment.rungs.items():
        assert f"  - {arm.title}: {conclusion(experiment, name)}" in printed
    assert "passage found" in printed and "Retrieval with fine-tuning" in printed
    assert main(["show", str(full.folder), "--json"]) == 0
    found = msgspec.json.decode(capsys.readouterr().out.encode())["diagnostics"]
    assert msgspec.convert(found, Diagnostics) == experiment.diagnostics


def test_the_picture_adds_up_to_everything_and_marks_the_largest_loss(full):
    experiment = experiment_of(full)
    drawn = svg(charts.losses(experiment))
    texts = [unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", drawn)]
    assert [text for text in texts if text in {a.title for a in experiment.rungs.values()}] == [
        arm.title for arm in experiment.rungs.values()
    ]
    bold = re.findall(r'font-weight="bold"[^>]*>([^<]*)<', drawn)
    assert len(bold) == len(experiment.rungs)
    for one in experiment.diagnostics.rungs.values():
        assert one.score.mean + sum(loss.share.mean for loss in one.losses) == pytest.approx(1)
    description = unescape(re.search(r'aria-label="([^"]*)"', drawn).group(1))
    assert "Prompt: scored 20 %, wrong in content 70 %" in description


def test_the_picture_is_drawn_with_the_pages_own_greys(full):
    drawn = svg(charts.losses(experiment_of(full), charts.PAGE))
    assert set(re.findall(r"var\((--\w+)\)", drawn)) <= {"--ink", "--muted", "--grid", "--band"}
    assert "var(" not in svg(charts.losses(experiment_of(full), charts.DARK))


def test_the_picture_holds_no_lists_in_its_data_for_the_app_would_show_them_as_text(full):
    sets = charts.losses(experiment_of(full)).to_dict()["datasets"].values()
    assert not [v for rows in sets for row in rows for v in row.values() if isinstance(v, list)]


def test_the_picture_without_any_loss_or_score(tmp_path):
    run = desk(tmp_path / "right", {"prompt": said(lambda i: True)})
    assert charts.losses(experiment_of(run)) is None
    failed = [Failure(f"h{i}", "out_of_memory", "") for i in range(N)]
    run = desk(tmp_path / "failed", {"prompt": said(lambda i: i < 3), "rag": failed})
    assert "Retrieval: no score" in unescape(svg(charts.losses(experiment_of(run))))

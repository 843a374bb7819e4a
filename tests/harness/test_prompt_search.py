"""Other wordings, the search among them, and instructions that another model proposes."""

import dataclasses
import json

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from harness.decoding import FREE, HELD
from harness.demonstrations import FIXED, NEAREST, Chosen
from harness.errors import JobError
from harness.given import DecodingSettings, Given, PromptSettings, wrong_prompt
from harness.instructions import PLAIN, Source, instructed, moves, plain, typical_words, worded
from harness.prompt_search import Search, Shown, in_words
from harness.prompts import Demonstration, Prompt, render, system_prompt
from harness.proposing import KEY, SHOWN, instructions_in, propose
from harness.rungs import rungs
from harness.scoring import Scored
from harness.types import Example, TaskSpec
from tests.harness.chat_server import chat_server
from tests.harness.rung_bench import DEV, HELDOUT, QUERIES, SPEC, TRAIN, VIEW, bench, closed

LABELS = TaskSpec(
    "desk", "label", "Sort the message.", labels=("late", "lost"), abstention="none of these"
)
ROWS = tuple(
    Example(f"r{at}", f"My {word} number {at} has not come", (label,))
    for at in range(8)
    for word, label in (("train", "late"), ("umbrella", "lost"))
)
FORM = TaskSpec("form", "json", "Take the order.", schema='{"type": "object"}')
FORMS = tuple(Example(f"f{at}", f"{at} rolls", (json.dumps({"rolls": at}),)) for at in range(8))
SOURCE = Source(LABELS, ROWS)
TASKS = {"label": (LABELS, ROWS), "json": (FORM, FORMS), "answer": (SPEC, TRAIN)}
CLOSED = closed(SPEC)
QUESTION = Prompt("", (Demonstration("An earlier one", "late"),), "Where is it?")


# Wordings


@pytest.mark.parametrize("kind", TASKS)
def test_every_move_asks_the_same_in_other_words(kind):
    spec, rows = TASKS[kind]
    asked = {plain(spec).of(QUESTION)}
    assert asked == {Prompt(system_prompt(spec), QUESTION.turns, QUESTION.user)}
    for name in moves(kind):
        wording = worded(Source(spec, rows), [name])
        assert wording is not None and wording.name == name
        prompt = wording.of(QUESTION)
        assert "Where is it?" in prompt.user and "An earlier one" in prompt.turns[0].question
        assert spec.instruction in prompt.system and spec.abstention in prompt.system
        assert all(label in prompt.system for label in spec.labels)
        asked.add(prompt)
    assert len(asked) == 1 + len(moves(kind)), "each of them asks otherwise"


def test_a_set_of_moves_is_one_wording_in_whatever_order_it_is_named():
    names = list(moves("label"))
    assert worded(SOURCE, names) == worded(SOURCE, names[::-1])
    assert worded(SOURCE, []).name == PLAIN


def test_worked_examples_are_asked_as_the_question_is():
    prompt = worded(SOURCE, ["a cue before the answer"]).of(QUESTION)
    assert prompt.user == "Text: Where is it?\nLabel:"
    assert prompt.turns == (Demonstration("Text: An earlier one\nLabel:", "late"),)


def test_a_labels_typical_words_are_those_that_the_others_lack():
    found = typical_words(LABELS, ROWS)
    assert found["late"][0] == "train" and found["lost"][0] == "umbrella"
    assert not {"come", "not"} & {word for words in found.values() for word in words}
    only = dataclasses.replace(LABELS, labels=("late", "never"))
    assert list(typical_words(only, ROWS)) == ["late"], "a label without rows has none"
    assert typical_words(LABELS, [Example("e", "?!", ("late",))]) == {}
    assert worded(Source(LABELS, ()), ["typical words of each label"]) is None


def test_a_long_answer_is_not_quoted_in_the_instruction():
    long = [Example("e", "Why?", ("because " * 200,))]
    assert worded(Source(SPEC, long), ["an answer to write like"]) is None


CHINESE = ["我们会在三个工作日内回复。", "包裹已经寄出，请耐心等待。", "您的退款正在处理中。"] * 4
ENGLISH = [*["It takes " + "very " * at + "long." for at in range(20)], "wow " * 400]


def answering(texts):
    rows = tuple(Example(f"e{at}", "When?", (text,)) for at, text in enumerate(texts))
    return Source(dataclasses.replace(SPEC, kind="text"), rows)


def test_how_long_an_answer_is_is_told_as_the_length_metric_counts_it():
    found = worded(answering(ENGLISH), ["how long an answer is"])
    assert "Answer in at most 22 words." in found.system, "one in twenty is longer"
    short = worded(answering(["Yes.", "No."]), ["how long an answer is"])
    assert "Answer in at most 1 word." in short.system
    nobody = [Example(f"e{at}", "Who?", ()) for at in range(9)]
    assert worded(Source(SPEC, nobody), ["how long an answer is"]) is None


def test_where_nothing_stands_between_words_none_are_counted_and_none_are_typical():
    assert worded(answering(CHINESE), ["how long an answer is"]) is None
    some = worded(answering([*ENGLISH, CHINESE[0]]), ["how long an answer is"])
    assert some is not None, "one foreign row among many"
    rows = [
        Example("a", "我的包裹在哪里 parcel", ("late",)),
        Example("b", "我的雨伞丢了", ("lost",)),
    ]
    assert typical_words(LABELS, rows) == {"late": ["parcel"]}


def test_an_answer_to_write_like_is_said_to_belong_to_another_question():
    found = worded(answering(ENGLISH), ["an answer to write like"])
    assert "Write in the manner of this answer to another question: It takes" in found.system


# The search


def searching(score, candidates=12, spec=LABELS, rows=ROWS, proposed=()):
    return Search(spec, rows, candidates, score, lambda message, figures: None, proposed)


def level(wording, shown):
    return Scored(0.5, (1.0, 0.0) * 10)


@pytest.mark.parametrize("kind", TASKS)
@pytest.mark.parametrize("candidates", [2, 6, 12, 18])
def test_as_many_prompts_are_tried_as_the_budget_says_and_each_once(kind, candidates):
    search = searching(level, candidates, *TASKS[kind])
    wording, shown = search.run([2, 4])
    tried = [one["prompt"] for one in search.tried]
    assert len(tried) == len(set(tried)) == candidates
    assert tried[0] == PLAIN and (wording, shown) == (plain(TASKS[kind][0]), Shown())
    again = searching(level, candidates, *TASKS[kind])
    again.run([2, 4])
    assert again.tried == search.tried, "seeded"


def test_the_wording_and_then_the_examples_that_lead_clearly_are_taken():
    def score(wording, shown):
        right = 6 + 6 * ("a role" in wording.name) + 6 * (shown.chosen.way == FIXED)
        return Scored(right / 20, tuple(float(at < right) for at in range(20)))

    search = searching(score)
    wording, shown = search.run([2])
    assert "a role" in wording.name and shown.chosen.way == FIXED
    assert score(wording, shown).score == 0.9
    assert in_words(wording, shown) == f"{wording.name}; 2 examples, the same for all (set 1)"


def test_one_example_is_told_as_one():
    assert in_words(plain(LABELS), Shown(1)) == f"{PLAIN}; 1 example, {NEAREST}"


def test_more_examples_than_there_are_rows_become_all_there_are_and_the_budget_is_used():
    search = searching(level, 12, LABELS, ROWS[:5])
    search.run([50])
    shown = [one["prompt"] for one in search.tried if "examples" in one["prompt"]]
    assert len(search.tried) == 12 and len(shown) >= 6
    assert all("; 5 examples, " in one for one in shown)


def test_words_are_counted_once_a_search_however_many_wordings_use_them(monkeypatch):
    fits = []
    fit = TfidfVectorizer.fit_transform
    monkeypatch.setattr(
        TfidfVectorizer, "fit_transform", lambda self, texts: fits.append(1) or fit(self, texts)
    )

    def score(wording, shown):
        right = 6 + 2 * wording.name.count("typical words")
        return Scored(right / 20, tuple(float(at < right) for at in range(20)))

    search = searching(score, 18)
    search.run([2])
    using = [one for one in search.tried if "typical words" in one["prompt"]]
    assert len(using) > 2 and fits == [1]


def test_moves_that_gained_alone_are_tried_together():
    good = {"a role", "a cue before the answer"}

    def score(wording, shown):
        right = 6 + 2 * len(good & set(wording.name.split(" + ")))
        return Scored(right / 20, tuple(float(at < right) for at in range(20)))

    search = searching(score, 18)
    wording, shown = search.run([2])
    assert good <= set(wording.name.split(" + ")) and score(wording, shown).score == 0.5


def test_examples_are_also_tried_with_the_plain_wording():
    def score(wording, shown):
        if shown.count:
            right = 18 if wording.name == PLAIN and shown.chosen.way == NEAREST else 2
        else:
            right = 12 if wording.name == "a role" else 6
        return Scored(right / 20, tuple(float(at < right) for at in range(20)))

    wording, shown = searching(score).run([2])
    assert (wording.name, shown) == (PLAIN, Shown(2))


def test_what_dev_gave_the_plain_prompt_already_is_not_asked_again():
    asked = []

    def score(wording, shown):
        asked.append(in_words(wording, shown))
        return level(wording, shown)

    search = searching(score, 6)
    search.run([2], Scored(0.25, (1.0, 0.0, 0.0, 0.0) * 5))
    assert PLAIN not in asked and len(asked) == 5
    assert search.tried[0] == {"prompt": PLAIN, "dev_score": 0.25} and len(search.tried) == 6


def test_without_rows_to_show_only_wordings_are_tried():
    search = searching(level, 6, LABELS, ())
    wording, shown = search.run([2, 4])
    assert shown == Shown() and wording.name == PLAIN
    assert not any("examples" in one["prompt"] for one in search.tried)


def test_a_metric_without_a_value_on_dev_leaves_the_plain_prompt():
    def score(wording, shown):
        return Scored(None, (None,) * 20)

    assert searching(score).run([2]) == (plain(LABELS), Shown())


# Proposed instructions


NEW = ["Name the queue.", "Which queue takes this message?"]


def proposing(said):
    return chat_server(lambda asked: said)


def test_another_models_instructions_are_asked_for_with_training_rows_only():
    said = f"Here you are:\n```json\n{json.dumps({'instructions': [*NEW, NEW[0]]})}\n```"
    with proposing(said) as server:
        assert propose(server.endpoint, SPEC, TRAIN, 4) == NEW
        assert propose(server.endpoint, SPEC, TRAIN, 1) == NEW[:1]
    sent = json.dumps(server.requests[0])
    assert sum(row.question in sent for row in TRAIN) == SHOWN
    assert not any(row.question in sent for row in (*DEV, *HELDOUT))
    wording = instructed(LABELS, NEW[0], "proposed instruction 1")
    assert wording.system == system_prompt(LABELS).replace("Sort the message.", NEW[0])


def test_a_proposer_sees_each_label_however_the_file_is_sorted():
    rows = sorted(ROWS, key=lambda row: row.references)
    assert {row.references[0] for row in rows[:SHOWN]} == {"late"}
    with proposing(json.dumps({"instructions": NEW})) as server:
        propose(server.endpoint, LABELS, rows, 2)
        propose(server.endpoint, LABELS, rows, 2)
    first, again = (request["messages"][-1]["content"] for request in server.requests)
    assert first.count('"answer": "late"') == first.count('"answer": "lost"') == SHOWN // 2
    assert first == again, "seeded"


def test_a_proposer_gets_its_own_key_and_never_the_models(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "of the model")
    monkeypatch.setenv("RUNGWISE_API_KEY", "of the model too")
    monkeypatch.delenv(KEY, raising=False)
    with proposing(json.dumps({"instructions": NEW})) as server:
        propose(server.endpoint, SPEC, TRAIN, 2)
        monkeypatch.setenv(KEY, "of the proposer")
        propose(server.endpoint, SPEC, TRAIN, 2)
    sent = [headers.get("Authorization") for headers in server.headers]
    assert sent == [None, "Bearer of the proposer"]
    with proposing("No.") as server, pytest.raises(JobError) as error:
        propose(server.endpoint, SPEC, TRAIN, 2)
    assert KEY in error.value.problems[0].fix
    with chat_server(status=403) as server, pytest.raises(JobError) as error:
        server.says = {"error": {"message": "Not this model."}}
        propose(server.endpoint, SPEC, TRAIN, 2)
    assert "403: Forbidden: Not this model." in error.value.problems[0].message


@pytest.mark.parametrize(
    "said",
    [
        "I would rather not.",
        "{}",
        '{"instructions": "Name the queue."}',
        '{"instructions": [1]}',
        '{"instructions": [""]}',
        '{"instructions": []}',
        json.dumps({"instructions": ["x" * 2_001]}),
        json.dumps({"instructions": ["Name the queue.", "Half a letter: \ud800"]}),
        "[" * 100_000,
        "{" * 100_000 + "}",
    ],
)
def test_a_reply_that_holds_no_instructions_is_an_error(said):
    with pytest.raises((ValueError, LookupError, RecursionError)):
        instructions_in(said)
    with proposing(said) as server, pytest.raises(JobError, match="proposed no instruction"):
        propose(server.endpoint, SPEC, TRAIN, 2)


def rung_with(proposer, tmp_path, tiny_model):
    tools = bench(tmp_path, tiny_model, "searched_prompt-s0")
    tools.given = Given(prompt=PromptSettings(proposer=proposer))
    tools.effort = dataclasses.replace(tools.effort, prompts=8)
    return rungs()["searched_prompt"].build(VIEW, tools)


def test_proposed_instructions_are_tried_on_dev_and_on_record(tmp_path, tiny_model):
    with proposing(json.dumps({"instructions": NEW})) as server:
        rung = rung_with(server.endpoint, tmp_path, tiny_model)
        effort = rung.prepare(None).effort
    assert len(server.requests) == 1
    assert effort["proposer"] == {"endpoint": server.endpoint, "instructions": NEW}
    tried = [one["prompt"] for one in effort["prompts_tried"]]
    assert tried[1:3] == ["proposed instruction 1", "proposed instruction 2"]
    assert len(tried) == 8 and effort["dev_answers"] == 8 * 4
    asked = {prompt.system for prompt, _ in rung.bench.generator.asked}
    assert all(any(text in system for system in asked) for text in NEW)


def test_a_proposer_that_does_not_answer_is_on_record_and_the_search_goes_on(tmp_path, tiny_model):
    with chat_server(status=404) as server:
        rung = rung_with(server.endpoint, tmp_path, tiny_model)
        effort = rung.prepare(None).effort
    assert "proposed no instruction" in effort["proposer"]["failed"]
    assert len(effort["prompts_tried"]) == 8


@pytest.mark.parametrize(("constrained", "held"), [("always", True), ("never", False)])
def test_without_dev_rows_answers_are_still_held_as_the_user_decided(
    tmp_path, tiny_model, constrained, held
):
    tools = dataclasses.replace(bench(tmp_path, tiny_model, "searched_prompt-s0"), spec=CLOSED)
    tools.given = Given(decoding=DecodingSettings(constrained=constrained))
    view = dataclasses.replace(VIEW, spec=CLOSED, dev=())
    rung = rungs()["searched_prompt"].build(view, tools)
    settings = rung.prepare(None).settings
    assert (settings["prompt"], settings["decoding"]) == (PLAIN, HELD if held else FREE)
    said = {answer.text for answer in rung.answer(QUERIES, 0)}
    assert (said <= {*CLOSED.labels, CLOSED.abstention}) is held


def test_what_is_asked_is_the_prompt_on_record(tmp_path, tiny_model):
    rung = rung_with("", tmp_path, tiny_model)
    settings = rung.prepare(None).settings
    later = rung_with("", tmp_path, tiny_model)
    settings = {**settings, "system": "Be brief.", "before": "Q: ", "after": "\nA:", "count": 1}
    later.prepare(settings)
    list(later.answer(QUERIES[:1], 0))
    ((prompt, _),) = later.bench.generator.asked
    assert prompt.system == "Be brief." and prompt.user == f"Q: {QUERIES[0].text}\nA:"
    assert len(prompt.turns) == 1 and prompt.turns[0].question.startswith("Q: ")
    assert render(SPEC, QUERIES[0].text).system != prompt.system


def test_examples_that_are_the_same_for_all_are_on_record_as_they_are_shown(tmp_path, tiny_model):
    rung = rung_with("", tmp_path, tiny_model)
    rung.shown = Shown(2, Chosen(FIXED, 1))
    settings = rung._settings()
    later = rung_with("", tmp_path, tiny_model)
    later.prepare(settings)
    list(later.answer(QUERIES, 0))
    shown = [[turn.question, turn.answer] for turn in later.bench.generator.asked[0][0].turns]
    assert settings["shown"] == shown and len(shown) == 2
    assert all(
        [[turn.question, turn.answer] for turn in prompt.turns] == shown
        for prompt, _ in later.bench.generator.asked
    )


@pytest.mark.parametrize("proposer", ["http://127.0.0.1/v1", "openai:127.0.0.1#m", "gpt"])
def test_a_proposer_has_to_be_an_endpoint(proposer):
    ((key, said, fix),) = wrong_prompt(PromptSettings(proposer=proposer))
    assert key == "proposer" and "is not an endpoint" in said and "openai:http" in fix
    assert wrong_prompt(PromptSettings(proposer="openai:http://127.0.0.1:1/v1#m")) == []

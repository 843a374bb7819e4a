"""The sample projects keep what the README and the pages promise of them."""

import json
import tomllib
from collections import Counter
from pathlib import Path

import jsonschema
import pytest
from rapidfuzz import fuzz, process

from advisor.audit import audit
from advisor.project import Project, open_project
from advisor.recommend import recommend
from advisor.sample_projects import SAMPLES
from advisor.workflow import answers_of, load
from harness.text import holds
from harness.types import Example, Task
from rag.load import load_folder

ROOT = Path(__file__).parents[1] / "advisor" / "samples"
DOCUMENTS = ROOT / "support-desk" / "data" / "documents"


@pytest.fixture(scope="module")
def projects() -> dict[str, Project]:
    return {name: open_project(ROOT / name) for name in SAMPLES}


@pytest.fixture(scope="module")
def tasks(projects) -> dict[str, Task]:
    loaded = {name: load(project) for name, project in projects.items()}
    assert not [problem for one in loaded.values() for problem in one.problems]
    return {name: one.task for name, one in loaded.items()}


@pytest.fixture(scope="module")
def desk(tasks) -> Task:
    return tasks["support-desk"]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Source to text of the support desk's documents, all pages together."""
    loaded = load_folder(DOCUMENTS)
    assert loaded.problems == ()
    found: dict[str, list[str]] = {}
    for document in loaded.documents:
        found.setdefault(document.source, []).append(document.text)
    return {source: "\n".join(parts) for source, parts in found.items()}


every_sample = pytest.mark.parametrize("name", SAMPLES)


def all_rows(task: Task) -> tuple[Example, ...]:
    return (*task.train, *task.dev, *task.heldout)


# All samples


@every_sample
def test_a_sample_opens_with_answers_that_lead_to_advice(name, projects):
    sheet = answers_of(projects[name])
    assert sheet is not None and len(sheet.answers) >= 8
    assert recommend(sheet.answers).aim


def test_the_samples_are_different_cases_with_different_advice(projects):
    aims = {name: recommend(answers_of(project).answers).aim for name, project in projects.items()}
    assert aims["support-desk"] in ("rag", "rag_finetune")
    assert len(set(aims.values())) >= 2, aims


@every_sample
def test_a_sample_says_that_it_was_written_for_demonstration(name):
    config = (ROOT / name / "rungwise.toml").read_text(encoding="utf-8")
    assert "written for demonstration" in tomllib.loads(config)["project"]["note"]
    assert "written for demonstration" in config.split("\n")[0]


@every_sample
def test_the_audit_finds_no_error_in_a_sample(name, projects):
    project = projects[name]
    findings = audit(load(project), project.spec()).findings
    assert [str(found) for found in findings if found.severity == "error"] == []


@every_sample
def test_no_held_out_question_is_nearly_one_that_is_learned_from(name, tasks):
    task = tasks[name]
    learned = [example.question for example in (*task.train, *task.dev)]
    asked = [example.question for example in task.heldout]
    scores = process.cdist(asked, learned, scorer=fuzz.token_set_ratio, score_cutoff=95)
    near = [(asked[i], learned[j]) for i, j in zip(*scores.nonzero(), strict=True)]
    assert near == []


@every_sample
def test_no_question_of_a_sample_stands_there_twice(name, tasks):
    counted = Counter(example.question.casefold() for example in all_rows(tasks[name]))
    assert [question for question, n in counted.items() if n > 1] == []


# Support desk


def test_the_support_desk_has_thirty_documents_in_four_formats_all_readable(texts):
    files = [path for path in DOCUMENTS.iterdir() if path.is_file()]
    kinds = Counter(path.suffix for path in files)
    assert len(files) >= 30
    assert kinds[".md"] >= 5 and kinds[".html"] >= 5
    assert kinds[".pdf"] >= 1 and kinds[".docx"] >= 1
    assert set(texts) == {path.name for path in files}
    assert min(len(text.split()) for text in texts.values()) >= 50


def test_the_support_desk_has_enough_questions_and_some_that_nothing_answers(desk):
    assert len(all_rows(desk)) >= 300
    assert len(desk.heldout) >= 80
    for part in (desk.train, desk.heldout):
        unanswerable = sum(not example.answerable for example in part)
        assert 3 <= unanswerable <= len(part) // 4


def test_some_held_out_facts_are_in_documents_that_no_training_row_touches(desk):
    learned = {source for e in (*desk.train, *desk.dev) for source in e.context_ids}
    fresh = [e for e in desk.heldout if e.answerable and not learned & set(e.context_ids)]
    assert len(fresh) >= 5


def test_no_fact_is_on_both_sides_of_the_split(desk):
    sides = [{e.group for e in part if e.group} for part in (desk.train, desk.dev, desk.heldout)]
    assert not sides[0] & sides[2] and not sides[1] & sides[2] and not sides[0] & sides[1]


def test_every_answer_can_be_read_in_its_document(desk, texts):
    rows = [example for example in all_rows(desk) if example.answerable]
    # but for the capital letter at the start of a sentence, which no scorer minds
    flat = {source: " ".join(text.split()).casefold() for source, text in texts.items()}
    missing = [
        (example.id, fact)
        for example in rows
        for fact in example.key_facts
        if not any(fact.casefold() in flat[source] for source in example.context_ids)
    ]
    assert all(example.key_facts and example.context_ids for example in rows)
    assert missing == []


def test_every_answer_holds_its_facts_and_ends_with_the_page_in_brackets(desk):
    for example in all_rows(desk):
        answer = example.references[0] if example.answerable else desk.spec.abstention
        assert answer.endswith("]") and answer.count("[") == 1, example.id
        assert all(holds(answer, fact) for fact in example.key_facts), example.id
    assert desk.spec.abstention.endswith("[No page]")


def test_the_page_in_brackets_is_the_title_of_the_document(desk):
    titles = {document.source: document.title for document in desk.documents}
    for example in all_rows(desk):
        if example.answerable:
            said = example.references[0].rpartition("[")[2].rstrip("]")
            assert said in {titles[source] for source in example.context_ids}, example.id


# Ticket routing and orders


def test_ticket_routing_has_enough_rows_of_each_of_its_labels(tasks):
    task = tasks["ticket-routing"]
    counted = Counter(example.references[0] for example in all_rows(task))
    assert 8 <= len(task.spec.labels) <= 12
    assert set(counted) == set(task.spec.labels)
    assert len(all_rows(task)) >= 400
    assert min(counted.values()) >= 15
    assert {e.references[0] for e in task.heldout} == set(task.spec.labels)


def test_every_order_is_json_that_the_schema_allows(tasks):
    task = tasks["order-json"]
    schema = json.loads((ROOT / "order-json" / "schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    rows = all_rows(task)
    assert len(rows) >= 300
    for example in rows:
        assert not list(validator.iter_errors(json.loads(example.references[0]))), example.id

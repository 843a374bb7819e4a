"""What people really hand over, through the real command: said in one go, with a way out each."""

import json

import pytest

from advisor import workflow
from advisor.project import open_project
from tests.command import here, make_project, refused, rungwise, said
from tests.conftest import label_rows

ROWS = "\n".join(json.dumps(row) for row in label_rows(90))
FILL_IN = (
    'fill it in, or leave such rows out: incomplete = "leave_out" under [data] in rungwise.toml'
)
LABEL_TASK = '[data]\nexamples = "data/examples.jsonl"\nheldout = 30\n[task]\nkind = "label"\n'


# Everything at once


def test_all_that_is_wrong_with_a_project_is_said_in_one_run_and_nothing_is_started(tmp_path):
    root = make_project(
        tmp_path / "p",
        """
        [project]
        nmae = "Desk"
        [model]
        generator = "smollm3"
        embedder = "data"
        [data]
        train = "data/train.csv"
        heldout = "data/heldout.jsonl"
        documents = "data/documents"
        preferences = "data/pairs.jsonl"
        [task]
        kind = "label"
        labels = ["billing", "login"]
        metric = "f1"
        [check]
        rungs = ["prompt", "ragg"]
        seeds = 0
        effort = "hard"
        margin = -1
        """,
        train__csv="text,label\nfine,billing\nodd,shipping\nfine too,login\n,login\nno label,\n",
        heldout__jsonl="\n".join(json.dumps({"text": i, "label": "login"}) for i in "abc"),
        documents__empty__txt="",
        documents__full__md="# Cards\n\nA card takes five days.\n",
    )
    (root / "answers.toml").write_text('[answers]\nvoyce = "high"\n', encoding="utf-8")
    found = refused(rungwise("check", root, "--run", "a/b"))
    expected = {
        "rungwise.toml, [project]: there is no key 'nmae'": "did you mean name?",
        "rungwise.toml, [check]: margin must be 0 or more": "write margin = 0.03",
        "data/pairs.jsonl: there is no such file or folder": "correct preferences",
        "--run: 'a/b' is no name for a run": "use letters",
        "answers.toml: unknown question: 'voyce'": "did you mean 'voice'?",
        "data/train.csv, row 3: label 'shipping' is not in the list": "add it under [task] labels",
        "data/train.csv, row 5: no text": FILL_IN,
        "data/train.csv, row 6: no label": FILL_IN,
        "data/documents/empty.txt: it has no content (0 bytes)": "copy it again",
        "data/heldout.jsonl: the held-out set has 3 rows; below 10 nothing can be said, below 30 "
        "only very large differences can be seen": "add rows to it",
        "[check] rungs: there is no rung 'ragg'": "choose from prompt, few_shot",
        "effort: there is no effort 'hard'": "choose from quick, normal, thorough",
        "[task] metric: there is no metric 'f1'": "choose from accuracy_score",
        "[model] generator: there is no model named 'smollm3'": "did you mean smollm2",
        "[model] embedder: there is no model named 'data'": "a folder with a config.json",
        "[check] seeds: at least one seed is needed": "write seeds = 1",
    }
    assert set(found) == set(expected)
    assert [error for error, fix in expected.items() if fix not in found[error]] == []
    assert not (root / "runs").exists()


# Rows and documents
def test_rows_that_all_have_one_answer_are_refused_by_audit_and_check(tmp_path):
    rows = "\n".join(json.dumps({"text": f"message {i}", "label": "billing"}) for i in range(90))
    root = make_project(tmp_path / "p", LABEL_TASK, examples__jsonl=rows)
    ((error, fix),) = refused(rungwise("check", root)).items()
    assert error.endswith("every row has the same answer (billing): there is nothing to learn")
    assert "add rows with other answers" in fix
    assert "there is nothing to learn" in here("audit", root).stdout


@pytest.mark.parametrize(
    ("name", "content", "config", "error", "fix"),
    [
        (
            "rows__csv",
            "frage,label\na,billing\n",
            '[data.columns]\nquestion = "text"\nanswer = "label"\n[task]\nkind = "label"\n',
            "data/rows.csv: there is no column 'text' (columns: frage, label)",
            "set question under [data.columns] in rungwise.toml",
        ),
        (
            "rows__jsonl",
            f"{ROWS}\n{{text: not json}}\n",
            '[task]\nkind = "label"\n',
            "data/rows.jsonl, row 91: not JSON (Expecting property name enclosed in double quotes)",
            "write one JSON object a line, or leave the line out",
        ),
        (
            "rows__jsonl",
            f'{ROWS}\n{{"text": "new", "label": "shipping"}}\n',
            '[task]\nkind = "label"\nlabels = ["billing", "delivery", "login"]\n',
            "data/rows.jsonl, row 91: label 'shipping' is not in the list",
            "add it under [task] labels, or mend",
        ),
        (
            "rows__csv",
            "",
            '[task]\nkind = "label"\n',
            "data/rows.csv: the file holds no rows",
            "add examples, one a row",
        ),
    ],
    ids=[
        "a column that is not there",
        "a line that is not JSON",
        "an unknown label",
        "an empty file",
    ],
)
def test_rows_that_cannot_be_used_stop_a_check_with_file_and_row(
    tmp_path, name, content, config, error, fix
):
    file = name.replace("__", ".")
    config = f'[data]\nexamples = "data/{file}"\n{config}'
    root = make_project(tmp_path / "p", config, **{name: content})
    assert refused(rungwise("check", root)) == {error: fix}
    audited = here("audit", root)
    assert audited.returncode == 1, "an error among the findings"
    where, _, message = error.partition(": ")
    assert message in audited.stdout and where.partition(",")[0] in audited.stdout
    assert f"fix: {fix}" in audited.stdout
    assert said(audited) == {}


def test_descriptions_of_labels_that_there_are_not_are_named_with_the_nearest_label(tmp_path):
    config = f'{LABEL_TASK}[task.descriptions]\nbiling = "invoices"\nlogin = "passwords"\n'
    root = make_project(tmp_path / "p", config, examples__jsonl=ROWS)
    ((error, fix),) = refused(here("check", root)).items()
    assert error == "rungwise.toml, [task.descriptions]: there is no label 'biling'"
    assert fix == "did you mean billing? write one of: billing, delivery, login"
    config = config.replace("biling", "billing").replace('"passwords"', '" "')
    (tmp_path / "p" / "rungwise.toml").write_text(config, encoding="utf-8")
    (error,) = refused(here("check", root))
    assert error == "rungwise.toml, [task]: a label's description is empty"


def test_a_handful_of_rows_is_refused_with_both_numbers(tmp_path):
    rows = "\n".join(ROWS.splitlines()[:3])
    root = make_project(tmp_path / "p", LABEL_TASK.replace("30", "0.4"), examples__jsonl=rows)
    errors = list(refused(here("check", root)))
    assert errors[0].startswith("data/examples.jsonl: the held-out set has 1 rows; below 10")
    assert errors[1] == "data/examples.jsonl: 2 rows are left to learn from; at least 8 are needed"


def grouped(*sizes):
    """Rows of groups of these sizes, a line each."""
    groups = [str(g) for g, size in enumerate(sizes) for _ in range(size)]
    rows = label_rows(len(groups))
    return "\n".join(json.dumps({**row, "of": of}) for row, of in zip(rows, groups, strict=True))


@pytest.mark.parametrize(
    ("sizes", "heldout", "error"),
    [
        ((100, 100), "0.25", "the held-out set has 0 rows; below 10 nothing can be said"),
        ((9, 4, 2, 100, 100), "30", ""),
        ((60,) * 5, "0.25", ""),
        ((100,) * 4, "30", ""),
        ((200,), "0.25", "the held-out set has 0 rows"),
    ],
)
def test_few_large_groups_are_parted_into_three_or_named_as_what_stands_in_the_way(
    tmp_path, sizes, heldout, error
):
    config = LABEL_TASK.replace("30", heldout).replace("[task]", 'group = "of"\n[task]')
    root = make_project(tmp_path / "p", config, examples__jsonl=grouped(*sizes))
    loaded = workflow.load(open_project(root))
    if not error:
        assert loaded.problems == ()
        assert min(map(len, (loaded.task.train, loaded.task.dev, loaded.task.heldout))) >= 2
        return
    (problem,) = loaded.problems
    assert error in problem.message and "never parted: name a finer column" in problem.fix


def test_a_dev_set_that_cannot_be_parted_off_is_said_before_anything_runs(tmp_path):
    config = LABEL_TASK.replace('examples = "data/examples', 'train = "data/examples')
    config = config.replace("heldout = 30", 'heldout = "data/heldout.jsonl"\ngroup = "of"')
    files = {"examples__jsonl": grouped(90), "heldout__jsonl": grouped(*[1] * 30)}
    files["heldout__jsonl"] = files["heldout__jsonl"].replace('"of": "', '"of": "h')
    files["heldout__jsonl"] = files["heldout__jsonl"].replace('"text": "', '"text": "other ')
    root = make_project(tmp_path / "p", config, **files)
    ((error, fix),) = refused(here("check", root)).items()
    assert error.endswith("choose settings on: all 90 to learn from have one group or question in "
                          "common")  # fmt: skip
    assert "name a finer column as group" in fix
    assert not (root / "runs").exists()


def test_a_held_out_file_of_few_rows_needs_more_rows_whatever_groups_the_examples_have(tmp_path):
    config = LABEL_TASK.replace('examples = "data/examples', 'train = "data/examples')
    config = config.replace("heldout = 30", 'heldout = "data/heldout.jsonl"\ngroup = "of"')
    rows = grouped(*[1] * 5).replace('"of": "', '"of": "h').replace('"text": "', '"text": "other ')
    files = {"examples__jsonl": grouped(*[30] * 4), "heldout__jsonl": rows}
    loaded = workflow.load(open_project(make_project(tmp_path / "p", config, **files)))
    (problem,) = loaded.problems
    assert "the held-out set has 5 rows" in problem.message and problem.fix == "add rows to it"


@pytest.mark.parametrize(
    ("files", "where", "error", "fix"),
    [
        ({}, "", "no file in it", "put documents into it"),
        ({".DS_Store": "litter"}, "", "no file in it", "put documents into it"),
        ({"a.md": ""}, "/a.md", "it has no content (0 bytes)", "copy it again"),
        ({"a.md": " \n\n"}, "/a.md", "there is no text in it", "check that it is the right file"),
    ],
    ids=["an empty folder", "litter only", "an empty file", "nothing but white space"],
)
def test_an_empty_corpus_is_said_by_audit_and_stops_a_check_before_anything_runs(
    tmp_path, files, where, error, fix
):
    config = LABEL_TASK.replace("[task]", 'documents = "data/documents"\n[task]')
    config += '[check]\nrungs = ["prompt", "rag"]\n'
    root = make_project(tmp_path / "p", config, examples__jsonl=ROWS)
    (root / "data" / "documents").mkdir()
    for name, text in files.items():
        (root / "data" / "documents" / name).write_text(text, encoding="utf-8")
    audited = here("audit", root)
    assert audited.returncode == 1, "an error among the findings"
    assert f"{error}\n  where: data/documents{where}\n  fix: {fix}\n" in audited.stdout
    assert "90 examples, 0 documents" in audited.stdout
    assert refused(rungwise("check", root)) == {f"data/documents{where}: {error}": fix}
    assert not (root / "runs").exists()


def test_a_missing_file_is_named_with_its_key_while_questions_and_history_need_no_data(tmp_path):
    root = make_project(tmp_path / "p", LABEL_TASK)
    error = "data/examples.jsonl: there is no such file or folder"
    expected = {error: "put it there, or correct examples in rungwise.toml"}
    assert refused(rungwise("check", root)) == expected
    assert refused(here("audit", root)) == expected
    (root / "a.toml").write_text('[answers]\nvoice = "high"\n', encoding="utf-8")
    assert here("ask", root, "--answers", root / "a.toml").returncode == 0
    assert here("runs", root).returncode == 0


# rungwise.toml


def test_a_path_that_leaves_the_project_is_refused_and_what_is_there_is_not_read(tmp_path):
    (tmp_path / "secret.jsonl").write_text("not json", encoding="utf-8")
    config = (
        '[data]\nexamples = "../secret.jsonl"\ndocuments = "data/link"\n[task]\nschema = "/etc"'
    )
    root = make_project(tmp_path / "p", config)
    (root / "data" / "link").symlink_to(tmp_path)
    for command in (rungwise, here):
        assert set(refused(command("check", root))) == {
            "rungwise.toml, [data]: examples: ../secret.jsonl leads out of the project",
            "rungwise.toml, [data]: documents: data/link leads out of the project",
            "rungwise.toml, [task]: schema: /etc leads out of the project",
        }


def test_every_wrong_setting_is_named_with_a_right_one(tmp_path):
    config = """
        [data]
        exampels = "data/examples.jsonl"
        heldout = true
        max_train = 0
        [data.columns]
        qustion = "text"
        tags = "topic"
        [task]
        kind = "labels"
        labels = "billing"
        [chekc]
        seeds = 3
        [check]
        seeds = "three"
        target = 80
        """
    found = refused(here("check", make_project(tmp_path / "p", config)))
    where = "rungwise.toml, "
    assert found == {
        "rungwise.toml: there is no section 'chekc'": "did you mean check? known: project, model, "
        "data, task, check, tuning, preference, retrieval, prompt, decoding, prices, privacy, "
        "judge, weights, values",
        f"{where}[data]: there is no key 'exampels'": "did you mean examples? known: examples, "
        "train, heldout, documents, preferences, dev, max_train, max_heldout, group, seed, "
        "columns, preference_columns, max_preferences, incomplete",
        f"{where}[data]: heldout cannot be true": "write heldout = 0.25 (a share), 200 (a count) "
        'or "data/heldout.jsonl"',
        f"{where}[data]: max_train must be 1 or more": "write max_train = 400, or remove it to use "
        "all rows",
        f"{where}[data.columns]: there is no key 'qustion'": "did you mean question? known: "
        "question, answer, id, group, document, key_facts, tags",
        f"{where}[data.columns]: tags is not the name of a column": 'write tags = ["one", "two"]',
        f'{where}[task]: kind cannot be "labels"': 'write kind = "label", "json", "answer" or '
        '"text"',
        f'{where}[task]: labels cannot be "billing"': 'write labels = ["billing", "delivery"]',
        f'{where}[check]: seeds cannot be "three"': "write seeds = 3",
        f"{where}[check]: target must be a share from 0 to 1": "for 80 % write target = 0.80",
    }


@pytest.mark.parametrize(
    ("config", "schema", "error"),
    [
        ("[data\n", "", "rungwise.toml: not TOML: "),
        ('[task]\nkind = "json"\n', "", "rungwise.toml, [task]: kind = json needs a schema"),
        ('[task]\nschema = "data/s.json"\n', "{", "data/s.json: not a JSON Schema: "),
        ('[task]\nschema = "data/s.json"\n', '{"type": 3}', "data/s.json: not a JSON Schema: 3 is"),
    ],
    ids=["not TOML", "no schema", "a schema that is not JSON", "JSON that is no schema"],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, config, schema, error):
    config = config if config == "[data\n" else f'[data]\nexamples = "data/e.jsonl"\n{config}'
    root = make_project(tmp_path / "p", config, e__jsonl=ROWS, s__json=schema)
    (found,) = refused(here("audit", root))
    assert found.startswith(error)


def test_a_folder_without_a_project_says_how_to_make_one(tmp_path):
    for verb in ("ask", "audit", "check", "runs", "app"):
        found = refused(here(verb, tmp_path / "nowhere"))
        assert found == {
            f"{tmp_path / 'nowhere'}: there is no rungwise.toml here": "make a project with: "
            f"rungwise new {tmp_path / 'nowhere'} --from your-data.csv"
        }


# Models and settings on the command line


@pytest.mark.parametrize(
    ("model", "error", "fix"),
    [
        ("smollm2-135m", "there is no model named", "did you mean smollm2-135m-instruct?"),
        ("empty-folder", "there is no model named", "a folder with a config.json"),
        ("nobody/nothing", "is not on this machine", "run: rungwise models pull nobody/nothing"),
        ("all-minilm-l6-v2", "cannot be the generator", "swap the two"),
    ],
)
def test_a_model_that_cannot_be_used_says_what_can(tmp_path, model, error, fix):
    root = make_project(tmp_path / "p", LABEL_TASK, examples__jsonl=ROWS)
    (root / "empty-folder").mkdir()
    ((found, way_out),) = refused(here("check", root, "--model", model)).items()
    assert error in found and model in found
    assert fix in way_out


def test_all_wrong_settings_of_a_command_are_said_at_once(tmp_path):
    root = make_project(
        tmp_path / "p", f'{LABEL_TASK}metric = "token_f1_score"', examples__jsonl=ROWS
    )
    settings = ("--rungs", "prompt, tuned", "--seeds", "0", "--effort", "max", "--run", "..")
    assert set(refused(here("check", root, *settings))) == {
        "--run: '..' is no name for a run",
        "[check] rungs: there is no rung 'tuned'",
        "effort: there is no effort 'max'",
        "[task] metric: token_f1_score does not fit a task of kind label",
        "[check] seeds: at least one seed is needed",
    }
    assert "[check] rungs: no rung is chosen" in refused(here("check", root, "--rungs", ","))


def test_answers_that_do_not_fit_are_all_named_and_the_old_ones_stay(tmp_path):
    root = make_project(tmp_path / "p", LABEL_TASK)
    good, bad = root / "good.toml", root / "bad.toml"
    good.write_text('[answers]\nvoice = "high"\n', encoding="utf-8")
    bad.write_text('[answers]\nvoyce = "high"\nspeed = "fast"\n', encoding="utf-8")
    assert here("ask", root, "--answers", good).returncode == 0
    before = (root / "answers.toml").read_bytes()
    found = refused(here("ask", root, "--answers", bad))
    assert list(found) == [
        "bad.toml: unknown question: 'voyce'",
        "bad.toml: unknown option of speed: 'fast'",
    ]
    assert (root / "answers.toml").read_bytes() == before

"""What people really hand over, through the real command: said in one go, with a way out each."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from advisor.cli import main
from tests.conftest import label_rows

# A machine that does other work besides may need minutes for what takes seconds.
pytestmark = pytest.mark.timeout(600)

ROWS = "\n".join(json.dumps(row) for row in label_rows(90))
LABEL_TASK = '[data]\nexamples = "data/examples.jsonl"\nheldout = 30\n[task]\nkind = "label"\n'


def rungwise(*arguments: object, **more) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "advisor", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **more)


def here(*arguments: object) -> subprocess.CompletedProcess:
    """The same without a process of its own, where many commands are tried."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as end:
            status = end.code
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def said(done: subprocess.CompletedProcess) -> dict[str, str]:
    """Every error with its fix; they come in pairs, a line each, and nothing looks like a crash."""
    assert "Traceback" not in done.stderr, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith(("error: ", "fix: "))]
    assert [line.split(": ")[0] for line in lines] == ["error", "fix"] * (len(lines) // 2)
    errors = [line.removeprefix("error: ") for line in lines[::2]]
    fixes = [line.removeprefix("fix: ") for line in lines[1::2]]
    assert len(set(errors)) == len(errors), "nothing is said twice"
    assert all(len(fix) > 8 for fix in fixes)
    return dict(zip(errors, fixes, strict=True))


def project(root: Path, config: str, **files: str) -> Path:
    """A project with these files under data; two underscores stand for a folder."""
    (root / "data").mkdir(parents=True)
    (root / "rungwise.toml").write_text(config, encoding="utf-8")
    for name, text in files.items():
        *folders, stem, ending = name.split("__")
        file = root.joinpath("data", *folders, f"{stem}.{ending}")
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


def refused(done: subprocess.CompletedProcess) -> dict[str, str]:
    """The errors of a command that blames the user's input."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    return said(done)


# Everything at once


def test_all_that_is_wrong_with_a_project_is_said_in_one_run_and_nothing_is_started(tmp_path):
    root = project(
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
        "data/train.csv, row 5: no text": "fill it in or leave the row out",
        "data/train.csv, row 6: no label": "fill it in or leave the row out",
        "data/documents/empty.txt: it has no content (0 bytes)": "copy it again",
        "data/heldout.jsonl: the held-out set has 3 rows; below 10 nothing can be said, below 30 "
        "only very large differences can be seen": "add rows to it",
        "[check] rungs: there is no rung 'ragg'": "choose from prompt, few_shot",
        "effort: there is no effort 'hard'": "choose one of quick, normal, thorough",
        "[task]: there is no metric 'f1'": "choose one of accuracy_score",
        "[model] generator: there is no model named 'smollm3'": "did you mean smollm2",
        "[model] embedder: there is no model named 'data'": "a folder with a config.json",
        "[check] seeds: at least one seed is needed": "write seeds = 1",
    }
    assert set(found) == set(expected)
    assert [error for error, fix in expected.items() if fix not in found[error]] == []
    assert not (root / "runs").exists()


# Rows and documents


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
    root = project(tmp_path / "p", config, **{name: content})
    assert refused(rungwise("check", root)) == {error: fix}
    audited = here("audit", root)
    assert audited.returncode == 1, "an error among the findings"
    where, _, message = error.partition(": ")
    assert message in audited.stdout and where.partition(",")[0] in audited.stdout
    assert f"fix: {fix}" in audited.stdout
    assert said(audited) == {}


def test_a_handful_of_rows_is_refused_with_both_numbers(tmp_path):
    rows = "\n".join(ROWS.splitlines()[:3])
    root = project(tmp_path / "p", LABEL_TASK.replace("30", "0.4"), examples__jsonl=rows)
    errors = list(refused(here("check", root)))
    assert errors[0].startswith("data/examples.jsonl: the held-out set has 1 rows; below 10")
    assert errors[1] == "data/examples.jsonl: 2 rows are left to learn from; at least 8 are needed"


def test_a_missing_file_is_named_with_its_key_while_questions_and_history_need_no_data(tmp_path):
    root = project(tmp_path / "p", LABEL_TASK)
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
    root = project(tmp_path / "p", config)
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
    found = refused(here("check", project(tmp_path / "p", config)))
    where = "rungwise.toml, "
    assert found == {
        "rungwise.toml: there is no section 'chekc'": "did you mean check? known: project, model, "
        "data, task, check",
        f"{where}[data]: there is no key 'exampels'": "did you mean examples? known: examples, "
        "train, heldout, documents, preferences, dev, max_train, max_heldout, group, seed, columns",
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
    root = project(tmp_path / "p", config, e__jsonl=ROWS, s__json=schema)
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
    root = project(tmp_path / "p", LABEL_TASK, examples__jsonl=ROWS)
    (root / "empty-folder").mkdir()
    ((found, way_out),) = refused(here("check", root, "--model", model)).items()
    assert error in found and model in found
    assert fix in way_out


def test_all_wrong_settings_of_a_command_are_said_at_once(tmp_path):
    root = project(tmp_path / "p", f'{LABEL_TASK}metric = "token_f1_score"', examples__jsonl=ROWS)
    settings = ("--rungs", "prompt, tuned", "--seeds", "0", "--effort", "max", "--run", "..")
    assert set(refused(here("check", root, *settings))) == {
        "--run: '..' is no name for a run",
        "[check] rungs: there is no rung 'tuned'",
        "effort: there is no effort 'max'",
        "[task] metric: token_f1_score does not fit a task of kind label",
        "[check] seeds: at least one seed is needed",
    }
    assert "[check] rungs: no rung is chosen" in refused(here("check", root, "--rungs", ","))


@pytest.mark.parametrize(
    ("arguments", "error", "fix"),
    [
        (("chek",), "there is no verb 'chek'", "did you mean check? see: rungwise --help"),
        (("check",), "the following arguments are required: dir", "see: rungwise check --help"),
        (("check", "p", "--seeds", "x"), "argument --seeds: invalid int value: 'x'", "--help"),
        (("show", "nope"), "there is no run 'nope'", "give the run's folder"),
        (("report", "nope"), "there is no run 'nope'", "give the run's folder"),
        (("report", "x", "--format", "odt"), "there is no report format 'odt'", "choose from"),
        (("report", "x", "--format", ","), "--format: no format is chosen", "choose from"),
        (("models", "pull"), "no model is named", "rungwise models pull"),
        (("models", "pull", "gpt"), "there is no model 'gpt'", "embedded: smollm2"),
        (("new", "p", "--from", "gone.csv"), "gone.csv: there is no such file", "check the path"),
        (("demo", "--sample", "x"), "there is no sample 'x'", "choose one of support-desk"),
        (("app", "--port", "0"), "--port: 0 is no port", "from 1 to 65535"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_that_cannot_be_meant_says_what_can(tmp_path, monkeypatch, arguments, error, fix):
    monkeypatch.chdir(tmp_path)
    found = refused(here(*arguments))
    assert any(error in one and fix in way_out for one, way_out in found.items()), found


def importable() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


def test_answers_that_do_not_fit_are_all_named_and_the_old_ones_stay(tmp_path):
    root = project(tmp_path / "p", LABEL_TASK)
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


# Runs, and a disk without room


class Runs(NamedTuple):
    root: Path
    full: bool
    """Whether the first try met a disk without room."""
    first: subprocess.CompletedProcess
    again: subprocess.CompletedProcess


ON_A_SMALL_DISK = """
mount -t tmpfs -o size=2m tmpfs "$1" || exit 99
cp -r "$2/." "$1"
free=$(df --output=avail -k "$1" | tail -1)
head -c $(( (free - 116) * 1024 )) /dev/zero > "$1/filler"
"$3" -m advisor check "$1" --run first > "$2/first.out" 2> "$2/first.err"
echo $? > "$2/first.rc"
cp -a "$1/runs/first/cells" "$2/before"
rm "$1/filler"
"$3" -m advisor check "$1" --run first > "$2/again.out" 2> "$2/again.err"
echo $? > "$2/again.rc"
cp -a "$1/runs" "$2/runs"
"""
"""The mount is seen by this shell alone and gone with it. There is room for the floors' answers but
not for an adapter."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory, tiny_model) -> Runs:
    """A check that met a full disk while it trained, and then went on."""
    model = f'[model]\ngenerator = "{tiny_model.as_posix()}"\n'
    check = '[check]\nrungs = ["finetune"]\neffort = "quick"\n'
    folder = tmp_path_factory.mktemp("disk")
    root = project(folder / "p", f"{model}{LABEL_TASK}{check}", examples__jsonl=ROWS)
    (folder / "small").mkdir()
    done = None
    if shutil.which("unshare"):
        shell = ["unshare", "--map-root-user", "--mount", "sh", "-c", ON_A_SMALL_DISK, "sh"]
        command = [*shell, str(folder / "small"), str(root), sys.executable]
        done = subprocess.run(command, env=importable(), capture_output=True, check=False)
    if done is None or not (root / "again.rc").is_file():
        plain = rungwise("check", root, "--run", "first")
        return Runs(root, False, plain, plain)

    def read(name: str) -> subprocess.CompletedProcess:
        out, err, rc = (
            (root / f"{name}.{part}").read_text(encoding="utf-8") for part in ("out", "err", "rc")
        )
        return subprocess.CompletedProcess([], int(rc), out, err)

    return Runs(root, True, read("first"), read("again"))


def test_a_disk_without_room_ends_the_job_with_a_way_out_and_keeps_what_is_done(runs):
    if not runs.full:
        pytest.skip("no small disk can be mounted here (unshare and tmpfs are needed)")
    assert runs.first.returncode == 1
    ((error, fix),) = said(runs.first).items()
    assert error == "finetune-s0: the disk is full; free some space"
    assert "--run first goes on" in fix
    assert runs.again.returncode == 0, runs.again.stderr
    before = {
        file.name: file.stat().st_mtime_ns for file in (runs.root / "before").glob("*-s0.json")
    }
    assert set(before) == {"majority-s0.json", "nearest-s0.json", "linear-s0.json"}
    cells = runs.root / "runs" / "first" / "cells"
    assert {name: (cells / name).stat().st_mtime_ns for name in before} == before
    assert (cells / "finetune-s0.json").is_file()


def test_a_disk_without_room_from_the_start_leaves_no_half_made_run(tmp_path):
    resource = pytest.importorskip("resource", reason="limits on files are a matter of Unix")
    root = project(tmp_path / "p", LABEL_TASK, examples__jsonl=ROWS)
    (root / "model").mkdir()
    shutil.copyfile(Path(__file__), root / "model" / "config.json")
    done = rungwise(
        "check",
        root,
        "--model",
        "openai:http://127.0.0.1:9/v1#none",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
    )
    assert done.returncode == 1
    ((error, fix),) = said(done).items()
    assert "cannot write (File too large)" in error and "data/train.jsonl" in error
    assert "free disk space" in fix
    assert not list(root.glob("runs/*/run.json")), "a run without its data is no run"


def test_a_run_that_is_not_finished_says_how_to_go_on(runs, tmp_path):
    root = tmp_path / "p"
    shutil.copytree(runs.root, root)
    (root / "runs" / "first" / "experiment.json").unlink()
    for verb in ("show", "report"):
        found = refused(here(verb, root / "runs" / "first"))
        assert found == {
            "first: the run is not finished": f"go on with: rungwise check {root} --run first"
        }
    assert "unfinished" in here("runs", root).stdout


@pytest.mark.parametrize("content", ['{"schema": 1, "run": "fi', "", "{}", b"\xff\xfe"])
def test_a_broken_experiment_is_named_and_written_again_from_what_was_measured(
    runs, tmp_path, content
):
    root = tmp_path / "p"
    shutil.copytree(runs.root, root)
    file = root / "runs" / "first" / "experiment.json"
    whole = json.loads(file.read_bytes())
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    for verb in ("show", "report"):
        ((error, fix),) = refused(here(verb, root / "runs" / "first")).items()
        assert error.startswith(f"{file}: damaged (")
        assert fix.endswith(f"rungwise check {root} --run first")
    listed = here("runs", root, "--json")
    assert [row["state"] for row in json.loads(listed.stdout)] == ["damaged"]
    if content:
        return  # once is enough for the way out
    assert rungwise("check", root, "--run", "first").returncode == 0
    assert json.loads(file.read_bytes()) == whole

"""Verbs that look: audit, models, doctor. JSON only on stdout, and an exit status to script by."""

import json

import pytest

from advisor.verbs import doctor
from harness.device import Card, Device
from harness.models import EMBEDDED
from tests.command import here, make_project, said
from tests.conftest import label_rows
from tests.fake_card import machine_with

ROWS = "\n".join(json.dumps(row) for row in label_rows(90))
LABEL_TASK = '[data]\nexamples = "data/examples.jsonl"\nheldout = 30\n[task]\nkind = "label"\n'


@pytest.fixture
def root(tmp_path):
    return make_project(tmp_path / "p", LABEL_TASK, examples__jsonl=ROWS)


def read(done):
    """JSON and nothing else on stdout."""
    assert done.stdout.startswith(("{", "[")), done.stderr
    return json.loads(done.stdout)


def test_audit_prints_what_the_contract_promises(root):
    done = here("audit", root, "--json")
    assert done.returncode == 0 and said(done) == {}
    report = read(done)
    assert report["examples"] == 90 and report["documents"] == 0
    assert report["findings"]
    for finding in report["findings"]:
        assert set(finding) >= {"code", "severity", "count", "rows", "message", "fix"}
        assert finding["severity"] in ("warning", "info")


def test_audit_says_what_comes_next(root):
    assert (
        f"nothing stands against a check; next: rungwise check {root}" in here("audit", root).stdout
    )


def test_an_audit_that_takes_long_says_how_far_it_is_and_prints_its_json_alone(root, monkeypatch):
    monkeypatch.setattr("advisor.terminal_progress._SILENT_S", 1e6)
    assert here("audit", root).stderr == "", "it was over soon"
    monkeypatch.setattr("advisor.terminal_progress._SILENT_S", 0.0)
    done = here("audit", root, "--json")
    lines = done.stderr.splitlines()
    assert lines[0].startswith("    looking for what is odd 1/") and len(lines) <= 11
    assert read(done)["examples"] == 90


def test_what_a_setting_mends_is_mended_from_the_command_and_looked_at_again(root):
    with (root / "data" / "examples.jsonl").open("a", encoding="utf-8") as file:
        file.write('\n{"text": "no label", "label": ""}\n')
    with (root / "rungwise.toml").open("a", encoding="utf-8") as file:
        file.write('[project]\nlanguage = "tr"\n')
    offered = here("audit", root)
    assert f"or:  rungwise audit {root} --mend empty" in offered.stdout
    refused = here("audit", root, "--mend", "leak", "--mend", "pii")
    assert refused.returncode == 2
    assert set(said(refused)) == {
        f"--mend: no setting mends '{one}' here" for one in ("leak", "pii")
    }
    done = here("audit", root, "--mend", "empty", "--mend", "language")
    assert done.returncode == 0 and "must fix" not in done.stdout
    written = (root / "rungwise.toml").read_text(encoding="utf-8")
    assert 'incomplete = "leave_out"' in written and 'language = "en"' in written


@pytest.mark.parametrize("as_json", [True, False], ids=["JSON", "text"])
def test_audit_ends_with_status_1_where_a_finding_stops_a_check(root, as_json):
    with (root / "data" / "examples.jsonl").open("a", encoding="utf-8") as file:
        file.write('\n{"text": "no label", "label": ""}\n')
    done = here("audit", root, *(["--json"] if as_json else []))
    assert done.returncode == 1 and said(done) == {}
    if as_json:
        (error,) = [one for one in read(done)["findings"] if one["severity"] == "error"]
        assert "data/examples.jsonl, row 91" in str(error)
    else:
        assert "must fix: " in done.stdout and "data/examples.jsonl, row 91" in done.stdout
        assert f"then run: rungwise audit {root}" in done.stdout


def test_models_lists_what_is_embedded_and_whether_it_is_here(monkeypatch):
    listed = read(here("models", "list", "--json"))
    states = {row["name"]: row["state"] for row in listed}
    assert set(EMBEDDED) <= set(states)
    assert all(set(row) == {"name", "role", "state", "note"} for row in listed)
    monkeypatch.setattr("advisor.verbs.models.locate", lambda name: None)
    gone = read(here("models", "--json"))
    assert {row["state"] for row in gone if row["name"] in EMBEDDED} == {"not installed"}
    text = here("models").stdout.splitlines()
    at = text[0].index("role")
    assert all(text[i][at - 1] == " " and text[i][at] != " " for i in (1, 2)), "columns line up"


def test_models_lists_what_the_hubs_cache_holds(tmp_path, monkeypatch):
    (tmp_path / "hub" / "models--some--thing").mkdir(parents=True)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    listed = read(here("models", "--json"))
    assert {"name": "some/thing", "role": "from the hub", "state": "in the hub's cache",
            "note": ""} in listed  # fmt: skip


def test_doctor_says_what_is_here_and_what_would_not_work(monkeypatch):
    found = read(here("doctor", "--json"))
    assert set(found) == {"facts", "obstacles", "remarks"}
    assert {"python", "torch", "device", "precision", "memory free", "disk free"} <= set(
        found["facts"]
    )
    monkeypatch.setattr(doctor, "ENOUGH_DISK", 1e18)
    monkeypatch.setattr(doctor, "LEAST_MEMORY", 2e15)
    monkeypatch.setattr(doctor, "locate", lambda name: None)
    short = here("doctor")
    assert short.returncode == 1
    wrong = [line for line in short.stdout.splitlines() if line.startswith("will not work: ")]
    assert len([line for line in wrong if "rungwise models pull" in line]) == len(EMBEDDED)
    assert any("of disk are free" in line for line in wrong)
    assert any("of memory are free; give at least 2000000 GB" in line for line in wrong)
    monkeypatch.undo()
    monkeypatch.setattr(doctor, "ENOUGH_MEMORY", 7e15)
    little = here("doctor")
    assert little.returncode == 0, "the other rungs run here"
    (doubt,) = (one for one in little.stdout.splitlines() if one.startswith("may not work: "))
    assert "takes 7000000 GB" in doubt, "the figure it goes by"
    monkeypatch.undo()
    monkeypatch.setattr(doctor, "ENOUGH_MEMORY", 0)
    monkeypatch.setattr(doctor, "ENOUGH_DISK", 0)
    monkeypatch.setattr(doctor, "locate", lambda name: "here")
    whole = here("doctor")
    assert whole.returncode == 0
    assert "everything that the default check needs is here" in whole.stdout


def test_doctor_names_the_variables_that_hold_keys_and_no_key(monkeypatch):
    names = ("RUNGWISE_API_KEY", "OPENAI_API_KEY", "RUNGWISE_PROPOSER_API_KEY",
             "RUNGWISE_JUDGE_API_KEY")  # fmt: skip
    for name in names:
        monkeypatch.delenv(name, raising=False)
    keys = read(here("doctor", "--json"))["facts"]["keys of endpoints"]
    assert keys == "none is set; the model's would stand in RUNGWISE_API_KEY"
    for name in names:
        monkeypatch.setenv(name, "sk-secret")
    found = here("doctor").stdout
    assert all(name in found for name in names) and "secret" not in found
    assert "OPENAI_API_KEY (the model's at https://api.openai.com alone)" in found


@pytest.mark.parametrize(
    ("built", "why", "fix"),
    [
        (None, "is built without CUDA", "install the build for CUDA"),
        ("12.8", "built for CUDA 12.8, cannot open it", "update the NVIDIA driver"),
    ],
)
def test_doctor_does_not_pass_over_a_card_that_torch_cannot_use(
    tmp_path, monkeypatch, built, why, fix
):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", built)
    machine_with(tmp_path, monkeypatch, "15360, Tesla T4")
    (told,) = (one for one in read(here("doctor", "--json"))["remarks"] if "Tesla" in one)
    assert told.startswith("Tesla T4 is not used, all runs on the CPU: ")
    assert why in told and fix in told and "CUDA_VISIBLE_DEVICES" in told
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert not [one for one in read(here("doctor", "--json"))["remarks"] if "Tesla" in one]


def test_doctor_says_how_much_of_a_card_is_free(monkeypatch):
    card = Device("cuda", "NVIDIA Test", "bfloat16", "a CUDA device with bfloat16", 1)
    monkeypatch.setattr("harness.device.pick_device", lambda: card)
    monkeypatch.setattr(doctor, "free_from_outside", lambda kind: {"cuda": 20 * 10**9}[kind])
    monkeypatch.setattr(doctor, "find_card", lambda: Card("NVIDIA Test", 24 * 10**9))
    found = read(here("doctor", "--json"))
    assert found["facts"]["card memory free"] == "20.0 GB"
    assert not [one for one in found["remarks"] if "NVIDIA" in one]


@pytest.mark.parametrize(
    ("more", "named"),
    [({"ID": "n{}"}, "ids (column 'ID'): n30, n31"), ({}, "ids (file and its row): a-31, a-32")],
)
def test_audit_says_whether_a_number_is_an_id_or_a_row_of_the_file(tmp_path, more, named):
    rows = [{"text": f"item {i}", "label": "ab"[i % 2]} for i in range(30)]
    rows += [{"text": "one text", "label": label} for label in "ab"]
    for i, row in enumerate(rows):
        row.update({key: value.format(i) for key, value in more.items()})
    text = "\n".join(map(json.dumps, rows))
    config = '[data]\nexamples = "data/a.jsonl"\n[task]\nkind = "label"\n'
    root = make_project(tmp_path / "p", config, a__jsonl=text)
    assert f"  {named}\n" in here("audit", root).stdout
    (root / "data" / "a.jsonl").write_text(f'{text}\n{{"text": "x"}}\n', encoding="utf-8")
    assert "  where: data/a.jsonl, row 33\n" in here("audit", root).stdout

"""What the page Report lets one take along."""

# ruff: noqa: F811 (fixtures of the other pages, taken over by name)

import time

import pytest

from advisor.exporting import Wanted, export
from advisor.report.formats import formats
from harness.exporting import exports_of
from tests.advisor.test_pages import (  # noqa: F401
    own_projects,
    page,
    patience,
    project,
    run,
    shown,
    words,
)
from tests.advisor.trained_run import trained_run
from tests.conftest import write_label_project
from tests.tuning.oracle import PEFT_WARNING

pytestmark = pytest.mark.filterwarnings(PEFT_WARNING)


@pytest.fixture
def tuned(tmp_path, tiny_model):
    root = write_label_project(tmp_path / "tuned", tiny_model, ["finetune"])
    return root, trained_run(root, tiny_model)


def opened(project, run):
    """The page with the part unfolded: what is folded away is not made."""
    at = page("report", project, run.name)
    made = at.get("download_button")[len(formats()) :]
    assert not made, "nothing is made before it is asked for"
    at.session_state["taking"] = True
    return shown(at.run())


def test_a_check_without_an_adapter_says_so_and_offers_the_rows_in_every_format(project, run):
    at = opened(project, run)
    assert "Nothing was trained in this check, or its adapters are gone." in words(at)
    assert "Nothing was exported from this check." in words(at)
    labels = [button.label for button in at.get("download_button")]
    assert sum("OpenAI" in label or "TRL" in label for label in labels) == 2


def test_a_folder_that_is_taken_is_refused_before_anything_starts(tuned, tmp_path):
    root, run = tuned
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    at = opened(root, run)
    at.text_input[0].set_value(str(tmp_path))
    at.button(key="start_export").click()
    said = words(shown(at.run()))
    assert "the folder is not empty" in said and "give a folder that is not there yet" in said
    assert exports_of(run) == ()


def test_an_export_is_shown_with_whether_it_is_verified(tuned, tmp_path):
    root, run = tuned
    done = export(run, Wanted("finetune", questions=6), tmp_path / "out")
    said = words(opened(root, run))
    assert '<span class="rw-tag good">verified</span> Fine-tuning, seed 0, adapter' in said
    assert "6 of 6 (100 %) answers identical" in said and str(done.folder) in said


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
def test_the_button_starts_a_process_that_exports_beside_the_project(tuned):
    root, run = tuned
    at = opened(root, run)
    at.segmented_control(key="export_form").set_value("merged")
    at = shown(at.run())
    at.button(key="start_export").click()
    assert "At work: " in words(shown(at.run()))
    until = time.monotonic() + 150
    while not exports_of(run) and time.monotonic() < until:
        time.sleep(0.2)
    (record,) = exports_of(run)
    assert record.verified and record.folder == str(root / "exports" / "first-finetune-s0-merged")
    assert "verified</span>" in words(opened(root, run))

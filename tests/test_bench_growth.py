"""Growth curves and the GPU measurement, at sizes of seconds."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench import gpu, growing
from bench.growth import Curve, breaks_first, exponent, grown
from tests.tuning.oracle import PEFT_WARNING


def linear(size):
    """As long as it is large."""
    time.sleep(size / 2000)
    return size / 2000


def squared(size):
    """Said to be quadratic."""
    return (size / 100) ** 2


def broken(size):
    """Cannot be done."""
    raise RuntimeError("too large for this machine")


def test_a_curve_says_how_time_grows_and_leaves_out_what_takes_too_long():
    found = grown(Curve("items", (100, 200, 400), linear, True))
    assert [one["size"] for one in found["points"]] == [100, 200, 400]
    assert found["time grows by size to the power of"] == 1.0
    short = grown(Curve("items", (100, 1_000_000), linear, True), most_s=60)
    assert short["left out for want of time"] == [1_000_000]
    assert short["time grows by size to the power of"] is None


def test_what_breaks_first_is_said_in_words():
    found = {"pairs": grown(Curve("pairs", (100, 400), squared, False))}
    assert breaks_first(found) == ["pairs: time grows by size to the power of 2.0"]
    points = [{"size": 1, "s": 1.0, "peak_gb": 0.1}, {"size": 10, "s": 10.0, "peak_gb": 0.9}]
    kept = {
        "points": points,
        "time grows by size to the power of": exponent(points),
        "memory grew by, GB": 0.8,
        "memory should stay flat": True,
        "left out for want of time": [100],
    }
    assert breaks_first({"rows": kept}) == [
        "rows: memory grew by 0.8 GB although data streams",
        "rows: 100 did not fit into the 80 s of a curve",
    ]


def test_a_size_that_fails_ends_the_measurement_with_an_error_and_a_fix(capfd):
    with pytest.raises(SystemExit, match=r"error: broken ended at size 1,000\nfix: "):
        grown(Curve("items", (1000,), broken, True))
    assert "too large for this machine" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("work", "size"),
    [(growing.answers, 20), (growing.passages, 200), (growing.training, 20), (growing.cells, 5)],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_what_grows_is_the_products_own_work(work, size, monkeypatch):
    monkeypatch.setattr(growing, "VOCABULARY", 200)
    monkeypatch.setattr(growing, "ITEMS", 60)
    assert work(size) > 0


def test_the_dry_run_goes_through_the_same_code_as_the_card(tmp_path, capsys, monkeypatch):
    # what a machine without them would do; with them it would take minutes
    monkeypatch.setattr(gpu, "find_spec", lambda name: None)
    file = tmp_path / "gpu.json"
    assert gpu.main(["--dry", "--repeats", "1", "--out", str(file)]) == 0
    written = json.loads(file.read_text(encoding="utf-8"))
    assert json.loads(capsys.readouterr().out) == written
    found = written["figures"]
    for name in ("LoRA", "full tuning"):
        assert found[name]["tokens_per_s"][0] > 0
        assert found[name]["share of the matmul rate"] > 0
    assert found["generation"]["answers the same"] == f"{gpu.DRY.prompts} of {gpu.DRY.prompts}"
    assert found["skipped"] == {
        "TRL": "without trl, peft, datasets",
        "QLoRA": "without bitsandbytes",
        "QLoRA by PEFT alone": "without a CUDA device",
    }


@pytest.mark.filterwarnings(PEFT_WARNING)
def test_the_product_s_own_learning_in_four_bits_is_measured_too(tmp_path):
    folder = gpu.random_llama(tmp_path, gpu.TINY)
    found = gpu._training(folder, gpu.DRY, 1e9, "qlora")
    assert found["tokens_per_s"][0] > 0 and found["share of the matmul rate"] > 0


def test_a_line_that_fails_is_left_out_with_the_reason_and_costs_no_other_its_figures(monkeypatch):
    whole = gpu._training

    def training(folder, sizes, rate, method):
        if method == "lora":
            raise RuntimeError("CUDA out of memory. Tried to allocate 9 GiB.\nSee the docs")
        return whole(folder, sizes, rate, method)

    monkeypatch.setattr(gpu, "_training", training)
    # all is said to be there but 4 bits, which would take long
    monkeypatch.setattr(gpu, "find_spec", lambda name: None if name == gpu.PACKAGE else True)
    found = gpu.measure(gpu.replace(gpu.DRY, repeats=1))
    assert "LoRA" not in found and found["full tuning"]["tokens_per_s"][0] > 0
    assert found["generation"]["ratio"]["median"] > 0
    assert found["skipped"]["LoRA"] == "RuntimeError: CUDA out of memory. Tried to allocate 9 GiB."
    assert found["skipped"]["TRL"] == "without LoRA, which it stands beside"


def test_without_a_card_there_is_an_error_and_a_fix(capsys, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "gone after this test")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert gpu.main([]) == 2
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0", "one card, or TRL would take them all"
    said = capsys.readouterr().out.splitlines()
    assert [one.split(":")[0] for one in said] == ["error", "fix"]


def test_what_is_measured_on_a_card_is_loaded_without_the_rest_of_the_product():
    code = (
        "import sys, bench.gpu, bench.stock_gpu as stock; "
        "loaded = {name.partition('.')[0] for name in sys.modules}; "
        "print(stock.padded.__module__, sorted(loaded & {'msgspec', 'advisor', 'torch'}))"
    )
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "bench.tiny []\n"


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not here")
def test_with_a_python_that_is_named_nothing_is_installed_for_the_tests_on_a_card():
    root = Path(__file__).parents[1]

    def would_run(*given: str) -> str:
        command = ["make", "--no-print-directory", "--dry-run", "--always-make", "gpu-test"]
        done = subprocess.run(
            [*command, *given], cwd=root, capture_output=True, text=True, check=True
        )
        return done.stdout

    assert "pip" in would_run()
    named = would_run("PYTHON=some-python")
    assert named.startswith("some-python -m pytest") and "pip" not in named
    assert "tests" in named

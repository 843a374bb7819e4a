"""The counters are files of the system here, as they are on a machine that has them."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from harness.cell import run_cell
from harness.energy import EnergyMeter, find_counters
from harness.store import Run
from harness.types import Answer, Example, Task, TaskSpec
from tests.advisor.report_runs import start

RANGE = 262_143_328_850


def domain(root, name, label, microjoules):
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "name").write_text(f"{label}\n", "ascii")
    (folder / "energy_uj").write_text(f"{microjoules}\n", "ascii")
    (folder / "max_energy_range_uj").write_text(f"{RANGE}\n", "ascii")


@pytest.fixture
def powercap(tmp_path):
    root = tmp_path / "powercap"
    domain(root, "intel-rapl:0", "package-0", 1_000_000)
    domain(root, "intel-rapl:0:0", "core", 500_000)
    domain(root, "intel-rapl:0:1", "dram", 7_000_000)
    domain(root, "intel-rapl:1", "psys", 9_000_000)
    return root


def test_packages_and_memory_are_counted_and_what_is_part_of_them_is_not(powercap):
    found = find_counters(False, powercap)
    assert found.why == "counted: package-0, dram"
    meter = EnergyMeter(found.counters)
    domain(powercap, "intel-rapl:0", "package-0", 31_000_000)
    domain(powercap, "intel-rapl:0:0", "core", 90_500_000)
    domain(powercap, "intel-rapl:0:1", "dram", 9_500_000)
    assert meter.read() == pytest.approx(32.5)
    assert meter.read() == 0.0
    meter.close()


def test_a_counter_that_began_again_is_followed(powercap):
    domain(powercap, "intel-rapl:0", "package-0", RANGE - 2_000_000)
    meter = EnergyMeter(find_counters(False, powercap).counters)
    domain(powercap, "intel-rapl:0", "package-0", 3_000_000)
    assert meter.read() == pytest.approx(5.0)
    meter.close()


def test_a_counter_that_goes_away_makes_that_part_unknown_and_not_small(powercap):
    meter = EnergyMeter(find_counters(False, powercap).counters)
    file = powercap / "intel-rapl:0" / "energy_uj"
    file.unlink()
    assert meter.read() is None
    file.write_text("4000000\n", "ascii")
    meter.read()
    file.write_text("9000000\n", "ascii")
    assert meter.read() == pytest.approx(5.0)
    meter.close()


def test_without_counters_nothing_is_known_and_it_says_why(tmp_path):
    found = find_counters(False, tmp_path)
    assert not found.counters and "no energy counter of its processor" in found.why
    assert EnergyMeter(found.counters).read() is None


def test_a_counter_for_root_only_says_how_to_open_it(powercap, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("harness.energy.Rapl.joules", refuse)
    found = find_counters(False, powercap)
    assert not found.counters and "sudo chmod a+r" in found.why


def test_a_damaged_counter_is_named(powercap):
    domain(powercap, "intel-rapl:0", "package-0", "?")
    assert "intel-rapl:0 cannot be read" in find_counters(False, powercap).why


def test_on_a_card_the_processor_alone_would_be_half_of_it(powercap, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    found = find_counters(True, powercap)
    assert not found.counters and "pip install nvidia-ml-py" in found.why


class Nvml(ModuleType):
    """The few names of nvidia-ml-py that are used; the card takes 2 J from look to look."""

    class NVMLError(Exception):
        pass

    def __init__(self, fails=False):
        super().__init__("pynvml")
        self.spent, self.fails = 0, fails

    def nvmlInit(self):  # noqa: N802
        if self.fails:
            raise self.NVMLError("driver not loaded")

    def nvmlDeviceGetHandleByUUID(self, uuid):  # noqa: N802
        if uuid != "GPU-7a":
            raise self.NVMLError(f"no card {uuid}")
        return uuid

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):  # noqa: N802
        self.spent += 2000
        return self.spent


def test_the_card_that_the_model_is_on_counts_with_the_processor(powercap, monkeypatch):
    properties = SimpleNamespace(uuid="7a")
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda index: properties)
    monkeypatch.setitem(sys.modules, "pynvml", Nvml())
    found = find_counters(True, powercap)
    assert found.why == "counted: package-0, dram, card"
    meter = EnergyMeter(found.counters)
    domain(powercap, "intel-rapl:0", "package-0", 2_000_000)
    assert meter.read() == pytest.approx(1.0 + 2.0)
    meter.close()
    monkeypatch.setitem(sys.modules, "pynvml", Nvml(fails=True))
    assert "driver not loaded" in find_counters(True, powercap).why
    monkeypatch.setitem(sys.modules, "pynvml", Nvml())
    properties.uuid = "8b"
    assert "no card GPU-8b" in find_counters(True, powercap).why


def test_what_a_broken_off_preparation_took_is_not_known(tmp_path, powercap, monkeypatch):
    spec = TaskSpec("desk", "label", "Sort.", labels=("a", "b"))
    task = Task(spec, HELDOUT[:3], HELDOUT[:1], HELDOUT, (), "f1")
    run: Run = start(tmp_path / "runs" / "first", task, ["majority-s0"])
    monkeypatch.setattr("harness.cell.find_counters", lambda card: find_counters(card, powercap))
    file = run.cell_file("majority-s0", ".preparing")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()  # as a killed process leaves it
    run_cell(run, "majority-s0")
    assert run.cell("majority-s0").preparation.joules is None and not file.exists()


HELDOUT = tuple(Example(f"h{i}", f"message {i}", ("a",)) for i in range(6))


def test_a_cell_keeps_what_it_took_and_an_earlier_process_that_did_not_know_makes_it_unknown(
    tmp_path, powercap, monkeypatch
):
    spec = TaskSpec("desk", "label", "Sort.", labels=("a", "b"))
    task = Task(spec, HELDOUT[:3], HELDOUT[:1], HELDOUT, (), "f1")
    run: Run = start(tmp_path / "runs" / "first", task, ["majority-s0", "nearest-s0"])
    monkeypatch.setattr("harness.cell.find_counters", lambda card: find_counters(card, powercap))
    run.append_results("nearest-s0", [Answer("h0", "a")], 2.0)
    run_cell(run, "nearest-s0")
    assert run.cell("nearest-s0").answer_joules is None
    run.append_results("majority-s0", [Answer("h0", "a")], 2.0, 4.5)
    run_cell(run, "majority-s0")
    cell = run.cell("majority-s0")
    assert cell.answer_joules == pytest.approx(4.5) and cell.preparation.joules == 0.0

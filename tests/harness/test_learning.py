"""A learning curve of a finished run: subsets, begun, gone on with, measured, refused."""

import dataclasses
import itertools
import shutil
from types import SimpleNamespace

import pytest
from filelock import FileLock

from harness import beside, reopen
from harness.beside import is_probing
from harness.disk import write_json, write_lines
from harness.errors import JobError, UserError
from harness.given import Given, RetrievalSettings
from harness.learning.need import seconds_needed
from harness.learning.point import bench_of, train_point
from harness.learning.result import CurveResult, plan_of, result_of, rows_of, store_of
from harness.learning.running import begin, run_curve
from harness.learning.subsets import subset
from harness.reopen import workbench_of
from harness.retraining import recipe_of
from harness.retrieval import open_index
from harness.runner import LOCK
from harness.speed import Speed
from harness.store import PASSAGE_SIZE, Run
from harness.types import Example
from tests.harness.probed_run import make_run
from tests.harness.rung_bench import Bench
from tests.rag.cross_encoder import make_cross_encoder

CELLS = ["majority-s0", "prompt-s0", "finetune-s0"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, tiny_model):
    with pytest.MonkeyPatch.context() as patch:
        yield make_run(tmp_path_factory.mktemp("curved"), tiny_model, patch, CELLS)


@pytest.fixture
def run(finished, tmp_path, monkeypatch) -> Run:
    monkeypatch.setattr(beside, "run_process", in_this_process)
    monkeypatch.setattr(reopen, "Workbench", Bench)
    return Run(shutil.copytree(finished.folder, tmp_path / "runs" / "first"))


def in_this_process(store: Run, cells: list[str], watch, module: str) -> int:
    assert module == "harness.learning.point"
    for cell in cells:
        train_point(store, cell)
    watch()
    return 0


# Subsets


def rows(count: int, groups: int = 0, labels: int = 1) -> tuple[Example, ...]:
    return tuple(
        Example(f"t{i}", f"text {i}", (f"l{i % labels}",), group=f"g{i % groups}" if groups else "")
        for i in range(count)
    )


@pytest.mark.parametrize("seed", range(5))
def test_smaller_sets_are_parts_of_larger_ones_and_keep_label_shares(seed):
    train = rows(200, labels=5)
    parts = [subset(train, "label", count, seed) for count in (25, 50, 100, 150, 200)]
    assert [len(part) for part in parts] == [25, 50, 100, 150, 200]
    for small, large in itertools.pairwise(parts):
        assert set(small) < set(large)
    for part in parts:
        said = [row.references[0] for row in part]
        assert all(abs(said.count(f"l{i}") - len(part) / 5) <= 1 for i in range(5))
        assert list(part) == [row for row in train if row in set(part)], "in their order"
    assert subset(train, "label", 25, seed + 1) != parts[0]


def test_groups_come_whole_or_not_at_all():
    train = rows(60, groups=12)
    for count in (10, 20, 31, 45):
        part = subset(train, "answer", count, 1)
        taken = {row.group for row in part}
        assert len(part) == sum(row.group in taken for row in train)
        assert abs(len(part) - count) <= 3


def test_a_group_larger_than_the_set_is_better_than_none():
    assert len(subset(rows(40, groups=2), "answer", 5, 0)) == 20


# The curve


def test_sizes_are_trained_by_the_checks_recipe_and_its_own_training_is_not_repeated(run):
    before = {file: file.read_bytes() for file in run.folder.rglob("*") if file.is_file()}
    events = []
    store = begin(run, shares=(0.4, 0.7))
    plan = plan_of(store)
    assert plan.counts == (12, 21, 30) and plan.taken == ("finetune-s0",)
    assert plan.cells == (
        "finetune.12-s0", "finetune.12-s1", "finetune.21-s0", "finetune.21-s1", "finetune.30-s1"
    )  # fmt: skip
    result = run_curve(store, events.append)
    assert result_of(run) == result and isinstance(result, CurveResult)
    assert [point.rows for point in result.points] == [12, 21, 30]
    assert [point.seeds for point in result.points] == [(0, 1)] * 3
    done = run.cell("finetune-s0").preparation.settings
    for cell in plan.cells:
        settings = store.cell(cell).preparation.settings
        assert settings["training_rows"] == rows_of(cell)
        assert all(settings[k] == done[k] for k in ("learning_rate", "rank", "batch_rows"))
        assert {a.query_id for a in store.cell(cell).answers} == {q.id for q in run.queries()}
    assert not any((store.folder / "adapters").glob("*")), "what nobody needs is not kept"
    assert result.foretold is not None and result.verdict in ("help", "hardly", "unclear")
    assert "5 more times" in result.facts[2]
    assert {file: file.read_bytes() for file in before} == before, "the run stays as it was"
    ended = [event.cell for event in events if event.kind == "finished"]
    assert ended == [*plan.cells, ""]


def test_what_was_trained_is_not_trained_again_after_a_stop_or_with_other_sizes(run, monkeypatch):
    store = begin(run, shares=(0.4, 0.7))
    trained = []

    def stopping(store, cells, watch, module):
        trained.extend(cells)
        status = in_this_process(store, cells, lambda: None, module)
        if len(trained) == 2:
            store.cancel_file.touch()
        watch()
        return status

    monkeypatch.setattr(beside, "run_process", stopping)
    with pytest.raises(JobError, match="what is finished is kept"):
        run_curve(store)
    assert result_of(run) is None
    assert begin(run).folder == store.folder and plan_of(store).counts == (12, 21, 30)
    wider = begin(run, shares=(0.4, 0.5, 0.7), seeds=1)
    assert plan_of(wider).cells == ("finetune.12-s0", "finetune.15-s0", "finetune.21-s0")
    run_curve(wider)
    assert trained == ["finetune.12-s0", "finetune.12-s1", "finetune.15-s0", "finetune.21-s0"]


def test_a_training_that_fails_is_told_and_missing_and_not_a_zero(run, monkeypatch):
    store = begin(run, shares=(0.4, 0.7), seeds=1)

    def failing(store, cells, watch, module):
        if cells == ["finetune.12-s0"]:
            store.say("failed", "out of memory", cells[0], {"fix": "close something"})
            watch()
            return 1
        return in_this_process(store, cells, watch, module)

    monkeypatch.setattr(beside, "run_process", failing)
    result = run_curve(store)
    assert result.failed == {"finetune.12-s0": "out of memory"}
    assert [point.rows for point in result.points] == [21, 30]
    assert result.foretold is None and result.verdict == "none"
    monkeypatch.setattr(beside, "run_process", in_this_process)
    assert run_curve(begin(run)).failed == {} and result_of(run).verdict != "none"


def test_a_training_that_somebody_ended_is_no_point_of_the_curve(run):
    file = run.cell_file("finetune-s0")
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace('"method":', '"stopped_by_user":"after step 1 of 4","method":'), "utf-8"
    )
    plan = plan_of(begin(run, shares=(0.4, 0.7), seeds=1))
    assert plan.taken == () and plan.cells[-1] == "finetune.30-s0"


def test_fewer_rows_are_trained_at_the_rate_that_a_check_of_so_few_would_take(run, monkeypatch):
    plan, view = run.plan(), run.view()
    rate = run.cell("finetune-s0").preparation.settings["learning_rate"]
    many = dataclasses.replace(view, train=(view.train * 40)[:1000])
    monkeypatch.setattr(Run, "view", lambda self: many)
    own = dataclasses.replace(plan, tuning=dataclasses.replace(plan.tuning, learning_rate=0.1))
    monkeypatch.setattr(Run, "plan", lambda self: own)
    assert recipe_of(run, "finetune", rows=8).learning_rate == rate, "what the user set stays"
    free = dataclasses.replace(plan, tuning=dataclasses.replace(plan.tuning, learning_rate=None))
    monkeypatch.setattr(Run, "plan", lambda self: free)
    assert recipe_of(run, "finetune", rows=1000).learning_rate == rate
    assert recipe_of(run, "finetune", rows=8).learning_rate == pytest.approx(3 * rate, rel=0.05)
    with monkeypatch.context() as large:
        sizes = SimpleNamespace(parameters=494e6)
        large.setattr("harness.retraining.sizes_of", lambda base: sizes)
        assert recipe_of(run, "finetune", rows=8).learning_rate == rate, "of small bases alone"
    whole = dataclasses.replace(free.tuning, method="full")
    monkeypatch.setattr(Run, "plan", lambda self: dataclasses.replace(free, tuning=whole))
    assert recipe_of(run, "finetune", rows=8).learning_rate == rate, "not tried for all weights"


def test_documents_are_looked_up_in_the_runs_index_and_vectors_stay_in_one_place(run):
    bench = bench_of(begin(run, shares=(0.4, 0.7)), "finetune.12-s1")
    assert bench.index == run.folder / "index" and bench.project == run.folder.parents[1]
    assert bench.vectors == run.folder.parent / ".embeddings"
    assert bench.tuning == recipe_of(run, "finetune") and bench.effort.learning_rates == 1


@pytest.mark.parametrize(
    ("given", "said", "fix"),
    [
        ({"rung": "rag_finetune"}, "was not trained in this run", "choose from finetune"),
        ({"rung": "prompt"}, "was not trained", "choose from finetune"),
        ({"rung": "magic"}, "no rung 'magic'", "choose from prompt"),
        ({"shares": (0.1, 0.5)}, "the smallest size would be 3 of 30 rows", "larger sizes"),
        ({"shares": (0.5,)}, "2 sizes tell no curve", "such as 25,50,100"),
        ({"shares": (0.5, 1.5)}, "no part of the training rows", "up to 100"),
        ({"shares": (0.4, 0.7), "seeds": 0}, "0 trainings a size", "1 to 20"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(run, given, said, fix):
    with pytest.raises(UserError) as error:
        begin(run, **given)
    (problem,) = error.value.problems
    assert said in problem.message and fix in problem.fix
    assert not store_of(run).folder.exists()


def test_a_run_without_a_training_says_how_to_get_one(run):
    run.cell_file("finetune-s0").unlink()
    with pytest.raises(UserError, match="no rung of this run was trained") as error:
        begin(run)
    assert "--rungs prompt,finetune" in error.value.problems[0].fix


def test_one_process_at_a_time_works_on_a_run(run):
    store = begin(run, shares=(0.4, 0.7))
    other = run.folder / "probes" / "freshness"
    other.mkdir()
    with FileLock(other / LOCK):
        assert is_probing(run)
        with pytest.raises(UserError, match="a probe is working on this run"):
            run_curve(store)
    assert not is_probing(run)


def test_a_damaged_file_says_what_to_remove(run):
    store = begin(run, shares=(0.4, 0.7))
    (store.folder / "curve.json").write_text("{", encoding="utf-8")
    with pytest.raises(UserError) as error:
        result_of(run)
    assert "remove the file" in error.value.problems[0].fix


def test_what_it_will_take_grows_with_the_rows(run, monkeypatch):
    pace = Speed(1e3, 300.0, 50.0, 20.0, 2.0, int(1e8), 4, "a core", "cpu", 1)
    monkeypatch.setattr("harness.learning.need.speed", lambda model, say: pace)
    plan = plan_of(begin(run, shares=(0.4, 0.7)))
    long = seconds_needed(run, plan)
    short = seconds_needed(run, dataclasses.replace(plan, seeds=1))
    assert 0 < short < long
    monkeypatch.setattr("harness.learning.need.known_speed", lambda model, **more: None)
    assert seconds_needed(run, plan, measure=False) is None


def test_a_forecast_after_a_stop_is_of_what_is_left(run, monkeypatch):
    pace = Speed(1e3, 300.0, 50.0, 20.0, 2.0, int(1e8), 4, "a core", "cpu", 1)
    monkeypatch.setattr("harness.learning.need.speed", lambda model, say: pace)
    store = begin(run, shares=(0.4, 0.7), seeds=1)
    whole = seconds_needed(run, plan_of(store))
    train_point(store, "finetune.12-s0")
    assert 0 < seconds_needed(run, plan_of(store)) < whole


def test_groups_that_leave_no_different_sizes_are_refused_before_any_training(run):
    view = run.view()
    write_lines(
        run.folder / "data" / "train.jsonl",
        [dataclasses.replace(e, group="one") for e in view.train],
    )
    with pytest.raises(UserError, match="the sizes would be 30, 30, 30 rows"):
        begin(run, shares=(0.4, 0.7))


def test_a_rung_that_learned_from_pairs_has_no_curve_of_training_rows(run):
    cell = run.cell("finetune-s0")
    write_json(run.cell_file("preference-s0"), dataclasses.replace(cell, rung="preference"))
    plan = run.plan()
    run.change_plan(dataclasses.replace(plan, cells=(*plan.cells, "preference-s0")))
    with pytest.raises(UserError, match="preference was not trained"):
        begin(run, "preference")


def test_a_rung_that_reads_is_trained_on_passages_cut_as_in_the_check(
    tmp_path, tiny_model, monkeypatch
):
    run = make_run(tmp_path, tiny_model, monkeypatch, ["majority-s0", "rag_finetune-s0"])
    shutil.rmtree(run.folder / "index")
    (run.folder / PASSAGE_SIZE).write_text('{"words": 40}', encoding="utf-8")
    open_index(workbench_of(run, run.view(), "rag_finetune-s0", 0, print), run.view().documents)
    before = {
        file: file.read_bytes() for file in (run.folder / "index").rglob("*") if file.is_file()
    }
    store = begin(run, shares=(0.4, 0.7), seeds=1)
    assert bench_of(store, "rag_finetune.12-s0").passage_words == 40
    train_point(store, "rag_finetune.12-s0")
    assert {file: file.read_bytes() for file in before} == before
    pace = Speed(1e3, 300.0, 50.0, 20.0, 2.0, int(1e8), 4, "a core", "cpu", 1)
    monkeypatch.setattr("harness.learning.need.speed", lambda model, say: pace)
    alone = seconds_needed(run, plan_of(store))
    cross = RetrievalSettings(reranker=make_cross_encoder(tmp_path / "cross").as_posix())
    run.change_plan(dataclasses.replace(run.plan(), given=Given(cross)))
    assert seconds_needed(run, plan_of(store)) > alone + 7, "the second look takes time here too"


def test_cells_never_open_the_references(run):
    store = begin(run, shares=(0.4, 0.7), seeds=1)
    (run.folder / "data" / "heldout.jsonl").unlink()
    train_point(store, "finetune.12-s0")
    assert store.finished("finetune.12-s0")

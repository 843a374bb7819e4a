"""What a check is said to take, on a small real model and a speed that is really measured."""

import dataclasses
import json
import os
import time

import psutil
import pytest
import torch

from harness import estimate as estimates
from harness import speed as speeds
from harness.counting import count_amounts
from harness.effort import EFFORTS, effort_of
from harness.errors import UserError
from harness.estimate import estimate, known_estimate, need_of, slower_by
from harness.given import Given, RetrievalSettings
from harness.models import resolve
from harness.rungs import rungs
from harness.settings import CheckSettings
from harness.tuning_memory import HOLDS_S, free_bytes, free_from_outside, free_of_card
from harness.types import Example, Task, TaskSpec
from harness.work import Amounts
from rag.rerank import Size, size_of
from rag.types import Document
from tests.conftest import LABELS, label_rows
from tests.fake_card import machine_with
from tests.harness.tuned_run import DEVICE
from tests.rag.cross_encoder import make_cross_encoder
from tuning.at_once import at_once
from tuning.models import open_model
from tuning.recipe import MICRO_TOKENS, TuningSettings
from tuning.sizes import ModelSizes

ROWS = tuple(Example(f"e{i}", r["text"], (r["label"],)) for i, r in enumerate(label_rows(60)))
PAGE = Document("a.md", "Parcels come late. " * 90, "a.md", None, "A")
TASK = Task(
    TaskSpec("desk", "label", "Sort the message.", labels=LABELS),
    ROWS[:30], ROWS[30:40], ROWS[40:], (PAGE,), "f00d",
)  # fmt: skip
SMOLLM = ModelSizes(30, 576, 1536, 9, 3, 64, 49152, True)
PACE = speeds.Speed(500, 200, 100, 10, 7, 300_000_000, 4, "CPU, 2 cores", "cpu", 99)
AMOUNTS = Amounts(249, 32, 126, 32, 25, 54, 86, 66)


@pytest.fixture
def settings(tiny_model) -> CheckSettings:
    model = tiny_model.as_posix()
    return CheckSettings(tuple(rungs()), effort="quick", generator=model, embedder=model)


def needed(task=TASK, amounts=AMOUNTS, pace=PACE, **changes):
    chosen = CheckSettings(tuple(rungs()), effort="quick")
    return need_of(task, dataclasses.replace(chosen, **changes), amounts, SMOLLM, pace)


def by_rung(need) -> dict[str, float]:
    return {one.rung: one.seconds for one in need.rungs}


def test_a_machine_is_measured_once_and_then_known(settings, tmp_path):
    model = resolve(settings.generator, "generator")
    heard = []
    found = estimate(tmp_path, TASK, settings, heard.append)
    assert [need.rung for need in found.rungs] == [n for n in rungs() if n != "preference"]
    pace = found.speed
    assert min(pace.reads, pace.learns, pace.writes, pace.writes_alone) > 0
    assert pace.process_bytes > 1e8 and pace.kind in ("cpu", "cuda")
    heard.clear()
    pace = dataclasses.replace(pace, quiet=True)  # others may have been at work just now
    speeds.write_json(speeds._file(model), pace)
    assert estimate(tmp_path, TASK, settings, heard.append).speed == pace and heard == []
    assert known_estimate(tmp_path, TASK, settings).speed == speeds.known_speed(model) == pace


def test_the_ceiling_of_a_rung_that_reads_is_counted_with_it_and_takes_a_part_of_its_answering():
    told = dataclasses.replace(TASK.heldout[0], key_facts=("come late",))
    free = dataclasses.replace(TASK.spec, kind="answer")
    known = dataclasses.replace(TASK, spec=free, heldout=(told, *TASK.heldout[1:]))
    silent = tuple(dataclasses.replace(e, references=("word " * 9,)) for e in TASK.heldout)
    with_it = by_rung(needed(known))
    without = by_rung(needed(dataclasses.replace(known, heldout=silent)))
    more = {rung: with_it[rung] - without[rung] for rung in with_it}
    assert {rung for rung, seconds in more.items() if seconds} == {"rag", "rag_finetune"}
    assert PACE.starts_s < more["rag"] < 0.6 * without["rag"]
    assert more["rag_finetune"] < more["rag"], "a tuned model's answers are short"


@pytest.mark.parametrize("spoilt", ["", "{", json.dumps({"reads": 1})])
def test_a_speed_file_that_cannot_be_read_is_measured_anew(settings, monkeypatch, tmp_path, spoilt):
    monkeypatch.setenv("RUNGWISE_CACHE", str(tmp_path))
    model = resolve(settings.generator, "generator")
    file = speeds._file(model)
    file.parent.mkdir(parents=True)
    file.write_text(spoilt, encoding="utf-8")
    assert speeds.known_speed(model) is None
    assert known_estimate(tmp_path, TASK, settings) is None


def test_a_speed_measured_beside_other_work_holds_for_ten_minutes(settings, monkeypatch, tmp_path):
    monkeypatch.setenv("RUNGWISE_CACHE", str(tmp_path))
    model = resolve(settings.generator, "generator")
    speeds.write_json(speeds._file(model), PACE)
    assert speeds.known_speed(model) == PACE
    for beside in ({"threads": 0}, {"quiet": False}):
        busy = dataclasses.replace(PACE, **beside)
        speeds.write_json(speeds._file(model), busy)
        assert speeds.known_speed(model) == busy
        before = time.time() - speeds.BUSY_HOLDS_S
        os.utime(speeds._file(model), (before, before))
        assert speeds.known_speed(model) is None
    # good enough for a page, which says so
    beside = known_estimate(tmp_path, TASK, settings)
    assert beside.busy_cores > 0 and beside.seconds > 0


def test_a_speed_is_known_of_the_card_and_the_torch_that_it_was_measured_with(
    settings, monkeypatch, tmp_path
):
    monkeypatch.setenv("RUNGWISE_CACHE", str(tmp_path))
    model = resolve(settings.generator, "generator")
    machine_with(tmp_path, monkeypatch, "15360, Tesla T4")
    here = speeds._file(model)
    speeds.write_json(here, PACE)
    assert speeds.known_speed(model) == PACE and speeds._file(model) == here
    files = {here}
    for says, visible, release in (
        ("81559, NVIDIA H100 80GB HBM3", None, None),
        ("15360, Tesla T4", "0,1", None),
        ("15360, Tesla T4", "", None),  # all runs on the CPU
        ("15360, Tesla T4", None, "2.99.0"),
    ):
        with monkeypatch.context() as patch:
            machine_with(tmp_path, patch, says, visible=visible)
            if release:
                patch.setattr(speeds, "version", lambda package, release=release: release)
            files.add(speeds._file(model))
            assert speeds.known_speed(model) is None
    assert len(files) == 5


@pytest.mark.parametrize(("kind", "rows", "written"), [("cpu", 4, 32), ("cuda", 64, 128)])
def test_speed_is_measured_on_as_much_at_once_as_keeps_the_device_at_work(
    tiny_model, monkeypatch, kind, rows, written
):
    seen = []
    monkeypatch.setattr("harness.device.pick_device", lambda: DEVICE._replace(kind=kind))
    opened = open_model(tiny_model, dtype=torch.float32, device=torch.device("cpu"))
    monkeypatch.setattr("tuning.models.open_model", lambda *given, **more: opened)
    for name in ("_reads", "_learns"):
        monkeypatch.setattr(speeds, name, lambda model, ids: seen.append(len(ids)) or 1.0)
    monkeypatch.setattr(speeds, "_writes", lambda model, count: seen.append(count) or 1.0)
    assert speeds.measure(tiny_model).kind == kind
    assert seen == [rows, rows, written, 1]


def test_a_card_too_small_for_the_rows_that_speed_is_measured_on_learns_from_fewer(tiny_model):
    model = open_model(tiny_model, dtype=torch.float32, device=torch.device("cpu"))
    loss, tries = model.loss, []

    def small(rows):
        tries.append(len(rows))
        if len(rows) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return loss(rows)

    model.loss = small
    assert speeds._learns(model, speeds._rows(8, 30)) > 0
    assert tries[:3] == [8, 4, 2] and max(tries[3:]) == 2


def test_tokens_are_counted_with_the_models_own_tokenizer(settings, tmp_path):
    model = resolve(settings.generator, "generator")
    amounts = count_amounts(tmp_path, TASK, settings, model)
    assert (amounts.train, amounts.dev, amounts.heldout) == (30, 10, 20)
    assert 10 < amounts.question < 80 and 1 <= amounts.answer < 12
    assert amounts.answer < amounts.longest_answer and amounts.passage > 50
    bare = dataclasses.replace(TASK, documents=())
    assert count_amounts(tmp_path, bare, settings, model).passage == 0


def test_every_rung_says_what_it_will_do_at_every_effort():
    for effort in EFFORTS.values():
        work = {name: rung.work(AMOUNTS, effort) for name, rung in rungs().items()}
        assert all(one.reads > 0 and one.writes > 0 and one.row > 0 for one in work.values())
        tuned = {name for name, one in work.items() if one.learns}
        assert tuned == {name for name, rung in rungs().items() if "weights" in rung.needs}


def test_more_passages_more_training_and_more_seeds_take_longer():
    once = by_rung(needed())
    assert once["rag_finetune"] > once["finetune"] > once["prompt"]
    assert once["rag"] > once["prompt"]
    thrice = by_rung(needed(seeds=3))
    assert thrice["finetune"] == pytest.approx(3 * once["finetune"])
    assert thrice["prompt"] == once["prompt"]
    assert by_rung(needed(effort="normal"))["finetune"] > 2 * once["finetune"]


def test_a_check_of_the_sample_on_two_slow_cores_takes_what_it_was_seen_to_take():
    """float32, two cores, five rungs: about 25 minutes and 5 GB were seen."""
    need = needed(rungs=("prompt", "few_shot", "rag", "finetune", "rag_finetune"))
    assert 18 * 60 < need.seconds < 34 * 60
    assert 4e9 < need.memory_bytes < 6e9


def test_rungs_that_cannot_run_are_left_out_with_the_reason():
    bare = needed(task=dataclasses.replace(TASK, documents=()))
    assert "documents" in bare.skipped["rag"] and "rag" not in by_rung(bare)


def test_some_of_the_rungs_take_the_time_of_these_and_the_index_where_one_searches():
    need = needed()
    some = need.only(["prompt"])
    assert some.seconds == by_rung(need)["prompt"] and some.index_s == 0
    assert need.only(["rag"]).seconds == pytest.approx(by_rung(need)["rag"] + need.index_s)
    assert need.only([]).seconds == 0 and need.only([]).memory_bytes == 0


def test_memory_that_is_not_free_is_said():
    need = needed()
    assert dataclasses.replace(need, free_bytes=2**40).fits
    assert not dataclasses.replace(need, free_bytes=10**9).fits


def test_on_a_card_the_cards_memory_counts_and_what_the_process_holds_beside_it_does_not(
    monkeypatch,
):
    asked = []
    monkeypatch.setattr(
        estimates, "free_from_outside", lambda kind: asked.append(kind) or 24 * 10**9
    )
    card = dataclasses.replace(PACE, kind="cuda", process_bytes=4 * 10**9)
    need = needed(pace=card)
    assert asked == ["cuda"] and need.free_bytes == 24 * 10**9 and need.on_card
    assert need.has_room_for(27e9) and not need.has_room_for(29e9)


def test_what_torch_keeps_of_freed_memory_is_free_for_this_process(monkeypatch):
    figures = {"mem_get_info": (10, 24), "memory_reserved": 7, "memory_allocated": 4}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for name, said in figures.items():
        monkeypatch.setattr(torch.cuda, name, lambda said=said: said)
    assert free_bytes("cuda") == 10 + 7 - 4


def test_a_card_takes_more_at_once_and_needs_memory_for_it():
    card = dataclasses.replace(PACE, kind="cuda", precision_bytes=2)
    same = dataclasses.replace(PACE, precision_bytes=2)
    long = dataclasses.replace(AMOUNTS, train=5000, question=900)
    work = rungs()["finetune"].work
    effort = effort_of("quick", TuningSettings())
    ours, cards = (
        work(dataclasses.replace(long, learned_at_once=at_once(kind).learned), effort)
        for kind in ("cpu", "cuda")
    )
    assert ours.learns_at_once <= 2048 < 14_000 < cards.learns_at_once <= 16_384
    assert cards.learns < ours.learns, "what rows share is computed once a part"
    needs = {pace.kind: needed(amounts=long, pace=pace).rungs for pace in (card, same)}
    for mine, theirs in zip(needs["cuda"], needs["cpu"], strict=True):
        assert mine.memory_bytes > theirs.memory_bytes


def test_the_driver_is_asked_how_much_of_the_card_is_free_once_a_minute(monkeypatch, tmp_path):
    clock = [600.0]
    monkeypatch.setattr("harness.tuning_memory.time.monotonic", lambda: clock[0])
    free_of_card.cache_clear()
    program = tmp_path / "nvidia-smi"
    program.write_text('#!/bin/sh\necho "$2" >> "$0.asked"\necho 20480\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,1")
    for _ in range(3):
        assert free_from_outside("cuda") == 20480 * 2**20
    assert (tmp_path / "nvidia-smi.asked").read_text(encoding="utf-8") == "3\n"
    clock[0] += HOLDS_S
    program.write_text("#!/bin/sh\necho 1024\n", encoding="utf-8")
    assert free_from_outside("cuda") == 1024 * 2**20, "a check has begun meanwhile"
    assert free_from_outside("cpu") == pytest.approx(psutil.virtual_memory().available, rel=0.3)


def test_a_step_of_many_rows_holds_what_goes_through_together_not_the_whole_step():
    many = dataclasses.replace(AMOUNTS, train=5000, question=200)
    work = rungs()["finetune"].work(many, effort_of("quick", TuningSettings()))
    assert 1500 < work.learns_at_once <= MICRO_TOKENS
    long = dataclasses.replace(many, question=5000)
    work = rungs()["finetune"].work(long, effort_of("quick", TuningSettings()))
    assert work.learns_at_once == pytest.approx(5000 + 25 + 66), "a row is not cut"
    assert work.answers_at_once == pytest.approx(25)


def test_the_rerankers_second_look_takes_time_in_every_process_that_searches_and_memory(
    settings, tmp_path
):
    without, twice = (
        needed(amounts=dataclasses.replace(AMOUNTS, reranker=size))
        for size in (None, Size(90_000_000, 10_600_000))
    )
    more = {rung: by_rung(twice)[rung] - seconds for rung, seconds in by_rung(without).items()}
    assert {rung for rung, seconds in more.items() if seconds} == {"rag", "rag_finetune"}
    assert more["rag_finetune"] > 1.9 * more["rag"] - 7 > 7, "it looks its training rows up too"
    grown = [
        a.memory_bytes - b.memory_bytes for a, b in zip(twice.rungs, without.rungs, strict=True)
    ]
    assert {one for one in grown if one} == {90_000_000}
    cross = make_cross_encoder(tmp_path / "cross")
    given = Given(RetrievalSettings(reranker=cross.as_posix()))
    model = resolve(settings.generator, "generator")
    chosen = dataclasses.replace(settings, given=given)
    size = count_amounts(tmp_path, TASK, chosen, model).reranker
    # two layers of width 32 that widen to 64, the pooler, the score
    assert size == size_of(cross) and size.linear == 2 * (4 * 32**2 + 2 * 32 * 64) + 32**2 + 32
    assert size.file_bytes == (cross / "model.safetensors").stat().st_size


def test_embedding_takes_as_long_whatever_passages_and_context_the_user_decides(settings, tmp_path):
    page = dataclasses.replace(PAGE, text="Parcels come late. " * 13_000)
    task, model = (
        dataclasses.replace(TASK, documents=(page,)),
        resolve(settings.generator, "generator"),
    )

    def index_s(**given):
        chosen = dataclasses.replace(settings, given=Given(RetrievalSettings(**given)))
        amounts = count_amounts(tmp_path, task, chosen, model)
        return need_of(task, chosen, amounts, SMOLLM, PACE).index_s

    usual = index_s() - 8
    assert index_s(context="window") - 8 == pytest.approx(usual)
    assert index_s(passage_words=400) - 8 == pytest.approx(usual, rel=0.1)


def test_wider_contexts_make_the_prompts_of_rungs_that_read_longer_also_where_one_is_only_tried():
    rag, tuned = (rungs()[name].work for name in ("rag", "rag_finetune"))
    usual, window, tried = (
        dataclasses.replace(EFFORTS["quick"], contexts=contexts)
        for contexts in (("passage",), ("window",), ("passage", "window"))
    )
    wide = 32 + 3 * 2 * 86
    assert rag(AMOUNTS, window).reads == 126 * wide
    assert rag(AMOUNTS, tried).reads == (126 + 32) * (32 + 2 * 86) + 32 * wide
    assert rag(AMOUNTS, window).row == rag(AMOUNTS, tried).row > rag(AMOUNTS, usual).row
    assert tuned(AMOUNTS, window).row == tuned(AMOUNTS, usual).row + 2 * 2 * 86
    assert tuned(AMOUNTS, tried) == tuned(AMOUNTS, usual), "it tries none"


def test_a_budget_of_passages_shortens_the_prompts_of_rungs_that_read_and_of_no_other():
    usual, held = EFFORTS["quick"], dataclasses.replace(AMOUNTS, budget=100)
    rag, tuned, prompt = (rungs()[name].work for name in ("rag", "rag_finetune", "prompt"))
    assert rag(AMOUNTS, usual).row - rag(held, usual).row == 2 * 86 - 100
    assert tuned(AMOUNTS, usual).row - tuned(held, usual).row == 2 * 86 - 100
    assert prompt(held, usual) == prompt(AMOUNTS, usual)
    assert rag(dataclasses.replace(AMOUNTS, budget=500), usual) == rag(AMOUNTS, usual)


@pytest.mark.parametrize("rung", ["finetune", "rag_finetune", "preference"])
@pytest.mark.parametrize("before", [False, True])
def test_answering_dev_freely_and_held_is_counted_where_answers_are_closed(rung, before):
    amounts = dataclasses.replace(AMOUNTS, pairs=300, pair_side=60, tuned_already=before)
    work = rungs()[rung].work
    free, closed = (
        work(dataclasses.replace(amounts, closed=one), EFFORTS["quick"]) for one in (False, True)
    )
    assert closed.writes - free.writes == pytest.approx(2 * 32 * 25)
    prompt = 32 + 2 * 86 * (rung == "rag_finetune")
    assert closed.reads - free.reads == pytest.approx(2 * 32 * prompt)
    assert (closed.row, closed.learns) == (free.row, free.learns)


@pytest.mark.parametrize("rung", ["finetune", "preference"])
def test_rows_of_a_step_that_the_user_decides_are_counted(rung):
    pairs = dataclasses.replace(AMOUNTS, pairs=300, pair_side=60, tuned_already=True)
    once, more = (
        rungs()[rung].work(pairs, effort_of("quick", TuningSettings(batch_rows=rows)))
        for rows in (1, 4)
    )
    assert more.learns_at_once > 2 * once.learns_at_once
    assert needed(tuning=TuningSettings(batch_rows=1)).memory_bytes < needed().memory_bytes


def test_long_rows_take_longer_a_token():
    assert slower_by(SMOLLM, 128) == slower_by(SMOLLM, 10) == 1
    assert 1 < slower_by(SMOLLM, 300) < slower_by(SMOLLM, 2000) < 3


def test_of_an_endpoint_nothing_is_foretold(settings, tmp_path):
    elsewhere = dataclasses.replace(settings, generator="openai:http://127.0.0.1:9/v1#model")
    assert estimate(tmp_path, TASK, elsewhere) is None
    assert known_estimate(tmp_path, TASK, elsewhere) is None


def test_a_model_that_does_not_say_its_sizes_is_named(settings, tmp_path, tiny_model):
    odd = tmp_path / "odd"
    odd.mkdir()
    (odd / "tokenizer.json").write_bytes((tiny_model / "tokenizer.json").read_bytes())
    (odd / "config.json").write_text('{"n_embd": 768}', encoding="utf-8")
    with pytest.raises(UserError, match="does not say how large"):
        estimate(tmp_path, TASK, dataclasses.replace(settings, generator=str(odd)))


@pytest.mark.parametrize(
    ("first_s", "whole_s", "expected"),
    [(0.1, 0.9, 320.0), (0.9, 0.8, 360.0), (0.8, 0.8, 360.0), (0.0, 0.9, 284.44)],
    ids=["after the first", "the first was held up", "both the same", "no time for the first"],
)
def test_how_fast_a_model_writes_is_never_told_by_a_first_token_that_was_held_up(
    first_s, whole_s, expected
):
    assert speeds.written_a_second(first_s, 32, whole_s, 288) == pytest.approx(expected, rel=1e-3)
    assert speeds.written_a_second(first_s, 32, whole_s, 32) <= 32 / whole_s

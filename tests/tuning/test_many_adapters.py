"""Several adapters on one base: each row's answer is the one its adapter gives alone."""

import pytest
import torch

from tests.tuning.oracle import (
    CPU,
    PEFT_WARNING,
    opened,
    peft_adapter,
    plain_greedy,
    some_rows,
    trained,
    with_adapter,
)
from tuning.encode import stop_ids
from tuning.errors import TuningError
from tuning.models.llama import engine
from tuning.models.llama.batch import pack

pytestmark = pytest.mark.filterwarnings(PEFT_WARNING)

PATHS = ("engine", "library")
PROMPTS = [
    row.prompt
    for row in some_rows([(5, 1), (20, 1), (33, 1), (8, 1), (9, 1), (40, 1), (12, 1)], shared=3)
]
NAMES = ["a", "b", None, "c", "a", "b", "c"]
NEW = 12


@pytest.fixture(scope="module")
def adapters(untied, tmp_path_factory):
    """Three that differ in rank, in what they adapt, and in who made them."""
    root = tmp_path_factory.mktemp("many")
    return {
        "a": trained(opened(untied), root / "a", seed=1),
        "b": trained(opened(untied), root / "b", rank=5, seed=2),
        "c": peft_adapter(untied, root / "c", target_modules=["q_proj", "v_proj"]),
    }


def with_all(base, adapters, path="engine", dtype=torch.float32):
    model = opened(base, path, dtype)
    for name, folder in adapters.items():
        model.add_adapter(name, folder)
    return model


def by_row(done):
    return {one.row: (one.ids, one.truncated) for one in done}


def alone(base, adapters, path="engine"):
    """Each row by a model of its own that holds one adapter."""
    found = {}
    for name in dict.fromkeys(NAMES):
        model = opened(base, path)
        model.load_adapter(adapters.get(name))
        rows = [at for at, one in enumerate(NAMES) if one == name]
        for done in model.generate([PROMPTS[at] for at in rows], NEW):
            found[rows[done.row]] = (done.ids, done.truncated)
    return found


@pytest.mark.parametrize("path", PATHS)
def test_rows_of_one_call_are_answered_as_each_adapter_answers_alone(untied, adapters, path):
    model = with_all(untied, adapters, path)
    found = by_row(model.generate_with(PROMPTS, NAMES, NEW))
    assert found == alone(untied, adapters, path)
    swapped = by_row(model.generate_with(PROMPTS, ["b"] * len(PROMPTS), NEW))
    assert swapped != found, "adapters that make no difference are no test"


def test_every_answer_is_pefts(untied, adapters):
    model = with_all(untied, adapters)
    found = by_row(model.generate_with(PROMPTS, NAMES, NEW))
    stops = stop_ids(model.tokenizer)
    for at, name in enumerate(NAMES):
        if name is not None:
            reference = with_adapter(untied, adapters[name])
            assert found[at] == plain_greedy(reference, PROMPTS[at], NEW, stops), name


@pytest.mark.parametrize("path", PATHS)
def test_without_a_name_the_base_answers_also_beside_adapters(untied, adapters, path):
    bare = by_row(opened(untied, path).generate(PROMPTS, NEW))
    model = with_all(untied, adapters, path)
    assert by_row(model.generate_with(PROMPTS, [None] * len(PROMPTS), NEW)) == bare
    assert by_row(model.generate(PROMPTS, NEW)) == bare, "before one was asked for"
    assert by_row(model.generate_with(PROMPTS, ["a"] * len(PROMPTS), NEW)) != bare
    assert by_row(model.generate(PROMPTS, NEW)) == bare, "and after"
    model.load_adapter(None)
    assert by_row(model.generate(PROMPTS, NEW)) == bare


def test_one_batch_holds_them_all_and_rows_that_end_are_dropped(untied, adapters, monkeypatch):
    model = with_all(untied, adapters)
    batches = []
    real = engine.decode
    monkeypatch.setattr(
        engine, "decode", lambda *given: batches.append(len(given[2])) or real(*given)
    )
    many = [PROMPTS[at % 7][at % 3 :] for at in range(21)]
    names = [NAMES[at % 7] for at in range(21)]
    found = by_row(model.generate_with(many, names, 40))
    assert batches == [21]
    for at in (0, 4, 9, 15, 20):
        (one,) = model.generate_with([many[at]], [names[at]], 40)
        assert found[at] == (one.ids, one.truncated)


@pytest.mark.parametrize("path", PATHS)
def test_one_adapter_more_or_loaded_alone_leaves_no_trace(untied, adapters, path):
    model = with_all(untied, {"a": adapters["a"]}, path)
    first = by_row(model.generate_with(PROMPTS, ["a"] * 7, NEW))
    model.add_adapter("b", adapters["b"])
    assert by_row(model.generate_with(PROMPTS, ["a"] * 7, NEW)) == first
    model.load_adapter(adapters["a"])
    assert by_row(model.generate(PROMPTS, NEW)) == first
    with pytest.raises(TuningError, match="no adapter 'b'"):
        list(model.generate_with(PROMPTS[:1], ["b"], NEW))
    model.add_adapter("b", adapters["b"])
    assert by_row(model.generate_with(PROMPTS, ["b"] * 7, NEW)) != first


def test_the_weights_of_the_base_are_held_once_and_stay_what_they_were(untied, adapters):
    model = opened(untied)
    before = [projection.weight.clone() for projection in model._projections()]
    for name, folder in adapters.items():
        model.add_adapter(name, folder)
    for projection, weight in zip(model._projections(), before, strict=True):
        assert torch.equal(projection.weight, weight)
        assert projection.weight.data_ptr() == projection.adapter.wide.data_ptr()
    model.load_adapter(None)
    for projection, weight in zip(model._projections(), before, strict=True):
        assert torch.equal(projection.weight, weight) and projection.adapter is None


def test_in_bfloat16_the_low_rank_part_is_not_lost(untied, adapters):
    """A row's logits differ from those of its adapter alone by rounding, not by the adapter."""
    model = with_all(untied, adapters, dtype=torch.bfloat16)
    single = opened(untied, dtype=torch.bfloat16)
    single.load_adapter(adapters["a"])
    x = torch.randn(6, next(model._projections()).n_in, dtype=torch.bfloat16)
    model.model.route.choose(["a", "b", "a", None, "c", "a"])
    model.model.route.begin(pack([], [[5]] * 6, torch.bfloat16, CPU))
    with torch.no_grad():
        mixed, plain = next(model._projections())(x), next(single._projections())(x)
    rows = [0, 2, 5]
    torch.testing.assert_close(mixed[rows], plain[rows], atol=2e-2, rtol=2e-2)


@pytest.mark.parametrize("path", PATHS)
def test_what_cannot_be_added_is_refused_by_name_and_the_others_stay(
    untied, tiny_model, adapters, tmp_path, path
):
    model = with_all(untied, {"a": adapters["a"]}, path)
    first = by_row(model.generate_with(PROMPTS, ["a"] * 7, NEW))
    foreign = trained(opened(tiny_model), tmp_path / "foreign")
    for name, folder, said in (
        ("a", adapters["b"], "'a' is there already"),
        ("a.b", adapters["b"], "cannot name an adapter"),
        ("x", tmp_path / "nowhere", "is missing"),
        ("x", foreign, "this base"),
        ("x", untied, "is a whole model"),
    ):
        with pytest.raises(TuningError, match=said) as error:
            model.add_adapter(name, folder)
        assert error.value.fix
    assert by_row(model.generate_with(PROMPTS, ["a"] * 7, NEW)) == first
    with pytest.raises(TuningError, match="no adapter 'z'") as error:
        list(model.generate_with(PROMPTS[:1], ["z"], NEW))
    assert "there: a" in error.value.fix
    with pytest.raises(ValueError, match="2 adapters for 1 prompts"):
        list(model.generate_with(PROMPTS[:1], ["a", "a"], NEW))

"""Common openings and waves, by property."""

from hypothesis import given
from hypothesis import strategies as st

from tuning.models.shared import common_prefix, known_targets, waves

ROWS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=8), min_size=2, max_size=8)


@given(rows=ROWS, opening=st.lists(st.integers(0, 2), max_size=6))
def test_the_common_opening_is_the_longest_that_leaves_every_row_something(rows, opening):
    rows = [opening + row for row in rows]
    shared = common_prefix(rows)
    assert shared >= len(opening) - 1
    assert all(row[:shared] == rows[0][:shared] for row in rows)
    assert all(len(row) > shared for row in rows)
    longer = {tuple(row[: shared + 1]) for row in rows}
    assert len(longer) > 1 or min(len(row) for row in rows) == shared + 1


def test_one_row_shares_nothing():
    assert common_prefix([[1, 2, 3]]) == 0
    assert common_prefix([]) == 0


def test_rows_are_compared_whatever_their_type():
    assert common_prefix([[1, 2, 3], (1, 2, 4)]) == 2


@given(
    lengths=st.lists(st.integers(1, 100), max_size=40),
    budget=st.integers(1, 300),
    most=st.integers(1, 10),
)
def test_waves_hold_every_row_once_by_length_within_the_budget(lengths, budget, most):
    found = list(waves(lengths, budget, most))
    order = [index for wave in found for index in wave]
    assert sorted(order) == list(range(len(lengths)))
    assert [lengths[index] for index in order] == sorted(lengths)
    for wave in found:
        assert len(wave) <= most
        assert len(wave) == 1 or len(wave) * max(lengths[i] for i in wave) <= budget


def test_waves_are_as_large_as_the_budget_allows():
    assert list(waves([10, 10, 10, 10], 30)) == [[0, 1, 2], [3]]
    assert list(waves([1] * 130, 10_000)) == [
        list(range(64)), list(range(64, 128)), [128, 129]
    ]  # fmt: skip


def test_adapters_go_on_every_linear_layer_but_the_head():
    llama = ["model.layers.0.self_attn.q_proj", "model.layers.0.mlp.down_proj", "lm_head"]
    assert known_targets(llama) == ["down_proj", "q_proj"]
    neox = ["layers.0.attention.query_key_value", "layers.0.attention.dense", "embed_out"]
    assert known_targets(neox) == ["dense", "query_key_value"]
    phi = ["layers.0.self_attn.qkv_proj", "layers.0.self_attn.o_proj", "layers.0.mlp.gate_up_proj"]
    assert known_targets([*phi, "lm_head"]) == ["gate_up_proj", "o_proj", "qkv_proj"]

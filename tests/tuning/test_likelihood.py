"""What a model makes of given rows, against whole sequences through transformers."""

import pytest
import torch

from tests.tuning.oracle import (
    PEFT_WARNING,
    opened,
    plain_greedy,
    plain_model,
    some_rows,
    trained,
    with_adapter,
)
from tuning.encode import Encoded
from tuning.likelihood import as_text, read_all

pytestmark = pytest.mark.filterwarnings(PEFT_WARNING)

ROWS = some_rows([(3, 4), (40, 1), (1, 9), (12, 20), (12, 20), (5, 2)], shared=5)


def plain_reading(model, row: Encoded) -> tuple[list[float], list[bool]]:
    """Token by token, the row alone, with the loss that transformers users know."""
    ids = torch.tensor([[*row.prompt, *row.completion]])
    with torch.no_grad():
        logits = model(ids).logits.float()[0, len(row.prompt) - 1 : -1]
    wanted = torch.tensor(row.completion)
    nll = -torch.log_softmax(logits, -1)[torch.arange(len(wanted)), wanted]
    return nll.tolist(), (logits.argmax(-1) == wanted).tolist()


@pytest.mark.parametrize("path", ["engine", "library"])
@pytest.mark.parametrize("tuned", [False, True])
def test_every_tokens_likelihood_is_that_of_the_whole_row_alone(untied, tmp_path, path, tuned):
    model, plain = opened(untied, path), plain_model(untied)
    if tuned:
        adapter = trained(opened(untied), tmp_path / "adapter")
        model.load_adapter(adapter)
        plain = with_adapter(untied, adapter)
    found = model.read(ROWS)
    for row, one in zip(ROWS, found, strict=True):
        nll, likeliest = plain_reading(plain, row)
        assert one.nll == pytest.approx(nll, abs=2e-4)
        assert one.likeliest == likeliest
    with torch.no_grad():
        assert sum(sum(one.nll) for one in found) == pytest.approx(float(model.loss(ROWS)), 1e-5)


@pytest.mark.parametrize("path", ["engine", "library"])
def test_likeliest_to_the_end_is_what_greedy_decoding_gives_back(untied, path):
    model, plain = opened(untied, path), plain_model(untied)
    row = some_rows([(9, 1)], seed=3)[0]
    said, _ = plain_greedy(plain, row.prompt, 8, frozenset())
    changed = [*said[:5], said[5] + 1, *said[6:]]
    own, other = model.read([Encoded(row.prompt, said), Encoded(row.prompt, changed)])
    assert all(own.likeliest)
    assert other.likeliest[:5] == [True] * 5 and not other.likeliest[5]


def test_batches_hold_every_row_once_and_say_what_one_call_says(untied):
    model = opened(untied)
    batches = list(read_all(model, ROWS, budget=60))
    assert len(batches) > 1
    found = {at: one for batch in batches for at, one in batch}
    assert sorted(found) == list(range(len(ROWS)))
    for at, one in enumerate(model.read(ROWS)):
        assert found[at].nll == pytest.approx(one.nll, abs=2e-4)


def test_a_text_by_itself_is_foretold_from_its_first_token_and_cut_at_the_context():
    assert as_text([5, 6, 7, 8], 9) == Encoded([5], [6, 7, 8])
    assert as_text([5, 6, 7, 8], 3) == Encoded([5], [6, 7])

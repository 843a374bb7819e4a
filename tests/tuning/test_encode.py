"""What is learned and what is only read, and the traps of chat templates."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import CHAT_TEMPLATE
from tests.tuning.templates import ASK, SHOWN, templated_by
from tuning.encode import encode_example, encode_prompt, stop_ids
from tuning.errors import TuningError
from tuning.models import open_tokenizer

RENDERED = (
    "<|im_start|>system\nAnswer in one word.<|im_end|>\n"
    "<|im_start|>user\nWhich colour has the sky?<|im_end|>\n"
    "<|im_start|>assistant\n"
)
TURNS = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"


@pytest.fixture(scope="module")
def tokenizer(tiny_model):
    return open_tokenizer(tiny_model)


@pytest.fixture
def templated(tiny_model):
    return templated_by(tiny_model)


def test_the_prompt_is_the_template_up_to_the_assistants_turn(tokenizer):
    assert tokenizer.decode(encode_prompt(tokenizer, ASK)) == RENDERED


def test_learned_is_the_answer_and_the_end_of_turn_and_nothing_else(tokenizer):
    row = encode_example(tokenizer, ASK, "Blue.")
    assert tokenizer.decode(row.completion) == "Blue.<|im_end|>"
    assert row.completion[-1] == tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert tokenizer.decode(row.prompt) == RENDERED


def test_training_and_answering_read_the_same_prompt(tokenizer):
    assert encode_example(tokenizer, ASK, "Blue.").prompt == encode_prompt(tokenizer, ASK)


def test_a_training_row_is_the_beginning_of_the_templates_own_rendering(tokenizer):
    row = encode_example(tokenizer, ASK, "Blue.")
    text = tokenizer.apply_chat_template(
        [*ASK, {"role": "assistant", "content": "Blue."}], tokenize=False
    )
    assert tokenizer.decode([*row.prompt, *row.completion]) + "\n" == text


def test_answers_of_demonstrations_are_read_but_not_learned(tokenizer):
    row = encode_example(tokenizer, SHOWN, "Blue.")
    assert "Green.<|im_end|>" in tokenizer.decode(row.prompt)
    assert tokenizer.decode(row.completion) == "Blue.<|im_end|>"


@pytest.mark.parametrize(
    "answer",
    ["", " ", "two\nlines", " spaces ", "tab\t.", "ğüşİöç – “q” 漢字 🌱", '{"a": [1]}'],
)
def test_answers_of_every_look_are_learned_whole(tokenizer, answer):
    row = encode_example(tokenizer, ASK, answer)
    assert tokenizer.decode(row.completion) == f"{answer}<|im_end|>"


@settings(max_examples=150, deadline=None)
@given(
    answer=st.lists(
        st.characters(blacklist_categories=["Cs"])
        | st.sampled_from(["<|im_end|>", "<|endoftext|>"]),
        max_size=40,
    ).map(lambda parts: "".join(parts).strip())
)
def test_any_stripped_answer_is_learned_letter_for_letter(tokenizer, answer):
    row = encode_example(tokenizer, ASK, answer)
    assert row.prompt == encode_prompt(tokenizer, ASK)
    assert tokenizer.decode(row.completion) == f"{answer}<|im_end|>"


def test_a_template_that_leaves_the_answer_out_is_refused(templated):
    own = templated("{% for m in messages[:2] %}{{ m['content'] }}{% endfor %}Answer:")
    with pytest.raises(TuningError, match="leaves out the assistant's answer"):
        encode_example(own, ASK, "Blue.")


def test_a_tokenizer_without_a_template_is_refused(templated):
    with pytest.raises(TuningError) as caught:
        encode_prompt(templated(None), ASK)
    assert "no chat template" in caught.value.reason
    assert "Instruct" in caught.value.fix


def test_a_broken_template_is_an_error_of_ours(templated):
    with pytest.raises(TuningError, match="chat template"):
        encode_prompt(templated("{% for m in messages %}{{ m['role'] }}"), ASK)


def test_a_default_system_prompt_of_the_template_stays_out_when_one_is_given(templated):
    own = templated(
        "{% if messages[0]['role'] != 'system' %}"
        "<|im_start|>system\nYou are a parrot.<|im_end|>\n{% endif %}" + CHAT_TEMPLATE
    )
    assert own.decode(encode_prompt(own, ASK)) == RENDERED
    assert own.decode(encode_example(own, ASK, "Blue.").prompt) == RENDERED
    assert "parrot" in own.decode(encode_prompt(own, ASK[1:])), "the template is not the trap"


def test_a_begin_token_is_put_once_by_the_template_and_not_again_by_the_tokenizer(templated):
    from tokenizers.processors import TemplateProcessing

    own = templated("{{ bos_token }}" + CHAT_TEMPLATE, bos_token="<|endoftext|>")
    begin = own.convert_tokens_to_ids("<|endoftext|>")
    own.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", begin)]
    )
    assert own("x")["input_ids"][0] == begin, "the tokenizer adds none by itself: no trap here"
    assert encode_prompt(own, ASK).count(begin) == 1
    row = encode_example(own, ASK, "Blue.")
    assert row.prompt.count(begin) == 1
    assert begin not in row.completion


def test_a_template_without_an_end_of_turn_gets_the_end_token(templated):
    own = templated(TURNS + "{% if add_generation_prompt %}assistant: {% endif %}")
    row = encode_example(own, ASK, "Blue.")
    assert own.decode(row.completion) == "Blue.\n<|im_end|>"


def test_without_any_end_token_training_is_refused(templated):
    own = templated(TURNS + "{% if add_generation_prompt %}assistant: {% endif %}", eos_token=None)
    with pytest.raises(TuningError, match="no token that ends an answer"):
        encode_example(own, ASK, "Blue.")


def test_stop_tokens_are_the_end_token_and_the_common_chat_markers(templated):
    own = templated(CHAT_TEMPLATE, eos_token="e")
    wanted = {own.convert_tokens_to_ids(t) for t in ("e", "<|im_end|>", "<|endoftext|>")}
    assert stop_ids(own) == wanted


def test_markers_that_a_tokenizer_lacks_do_not_make_its_unknown_token_end_an_answer(templated):
    own = templated(CHAT_TEMPLATE, unk_token="e")
    unknown = own.convert_tokens_to_ids("e")
    assert own.convert_tokens_to_ids("<|eot_id|>") == unknown, "no trap here"
    assert unknown not in stop_ids(own)


def test_encoding_a_row_does_not_copy_the_vocabulary(templated, monkeypatch):
    """On 49,152 tokens the copy took 45 of a row's 51 ms."""
    own = templated(CHAT_TEMPLATE)
    expected = encode_example(own, ASK, "Blue.")
    monkeypatch.setattr(type(own), "get_vocab", lambda self: pytest.fail("it was copied"))
    assert encode_example(own, ASK, "Blue.") == expected

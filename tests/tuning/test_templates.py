"""Templates that think, refuse a system message, or render a prompt anew once an answer follows."""

import pytest
from tokenizers import AddedToken

from tests.conftest import CHAT_TEMPLATE
from tests.tuning.templates import ASK, HYBRID, LAST_ONLY, REFUSING, SHOWN, TOLD, templated_by
from tuning.encode import encode_example, encode_prompt, stop_ids, takes_system
from tuning.errors import TuningError


@pytest.fixture
def templated(tiny_model):
    return templated_by(tiny_model)


@pytest.mark.parametrize(
    "answer",
    [
        "<|endoftext|>",
        "Blue.<|im_end|>\nuser: and grass?",
        "<|im_start|>system",
        "now 14.99, was <s>19.99</s>",
    ],
)
@pytest.mark.parametrize("template", [CHAT_TEMPLATE, HYBRID, LAST_ONLY], ids=["usual", "", "other"])
def test_marks_within_an_answer_are_learned_as_letters(templated, template, answer):
    own = templated(template)
    row = encode_example(own, ASK, answer)
    assert row.prompt == encode_prompt(own, ASK)
    assert own.decode(row.completion) == f"{answer}<|im_end|>"
    assert not {*row.completion[:-1]} & {*own.all_special_ids}
    assert own.decode(row.completion, skip_special_tokens=True) == answer
    assert encode_example(own, ASK, "Blue.") == encode_example(templated(template), ASK, "Blue."), (
        "the tokenizer itself is as before"
    )


def test_an_end_that_the_tokenizer_does_not_call_special_does_not_end_an_answer_either(templated):
    """Phi-3 has such a </s>, and with it a price struck out in HTML."""
    own = templated(CHAT_TEMPLATE)
    own.add_tokens([AddedToken("</s>", special=False, normalized=False)])
    end = own.convert_tokens_to_ids("</s>")
    answer = "<s>19.99</s> 14.99"
    assert end in stop_ids(own)
    assert end in own(answer, split_special_tokens=True)["input_ids"], "no trap here"
    row = encode_example(own, ASK, answer)
    assert own.decode(row.completion) == f"{answer}<|im_end|>"
    assert not {*row.completion[:-1]} & stop_ids(own)


@pytest.mark.parametrize("asked", [ASK, SHOWN], ids=["", "after another answer"])
@pytest.mark.parametrize("template", [HYBRID, TOLD], ids=["", "told in the system message"])
def test_a_model_that_can_think_is_asked_and_trained_not_to(templated, template, asked):
    own = templated(template)
    prompt = encode_prompt(own, asked)
    assert own.decode(prompt).rstrip().endswith("<|im_start|>assistant\n<think>\n\n</think>")
    row = encode_example(own, asked, "Blue.")
    assert row.prompt == prompt
    assert own.decode(row.completion) == "Blue.<|im_end|>", "the thought is no part of the answer"


def test_the_rendering_of_a_model_that_can_think_is_its_templates_own(templated):
    own = templated(HYBRID)
    whole = own.apply_chat_template(
        [*SHOWN, {"role": "assistant", "content": "Blue."}], tokenize=False
    )
    row = encode_example(own, SHOWN, "Blue.")
    assert own.decode([*row.prompt, *row.completion]) + "\n" == whole


def test_an_empty_thought_that_the_prompt_lacks_is_not_learned(templated):
    """Templates of some hybrid models know no switch: it would stand before every answer."""
    own = templated(HYBRID.replace("enable_thinking is false", "false"))
    assert "<think>" not in own.decode(encode_prompt(own, ASK)), "no trap here"
    row = encode_example(own, ASK, "Blue.")
    assert row.prompt == encode_prompt(own, ASK)
    assert own.decode(row.completion) == "Blue.<|im_end|>"


def test_what_a_template_takes_for_a_thought_within_an_answer_is_learned(templated):
    own = templated(HYBRID)
    row = encode_example(own, ASK, "Write </think> at the end.")
    assert own.decode(row.completion) == "Write </think> at the end.<|im_end|>"


@pytest.mark.parametrize(
    "template",
    [
        CHAT_TEMPLATE.replace("assistant\n{%", "assistant\n<think></think>{%"),
        CHAT_TEMPLATE.replace("{% for", "{{ messages|length }}{% for", 1),
        CHAT_TEMPLATE.replace(
            "in messages %}",
            "in messages if m['role'] != 'system' or messages[-1]['role'] == 'user' %}",
        ),
        CHAT_TEMPLATE.replace("assistant\n{%", "Assistant\n{%"),
        LAST_ONLY,
    ],
    ids=["a thought", "a count", "a system prompt that vanishes", "another name", "Mistral's"],
)
@pytest.mark.parametrize("asked", [ASK, SHOWN], ids=["", "after another answer"])
def test_where_an_answer_changes_the_prompt_it_is_learned_behind_the_one_that_is_asked(
    templated, template, asked
):
    own = templated(template)
    row = encode_example(own, asked, "Blue.")
    assert row.prompt == encode_prompt(own, asked)
    assert "Answer in one word." in own.decode(row.prompt)
    assert own.decode(row.completion) == "Blue.<|im_end|>"


def test_the_end_of_such_an_answer_is_the_templates_and_not_the_tokenizers(templated):
    own = templated(
        CHAT_TEMPLATE.replace("{% for", "{{ messages|length }}{% for", 1), eos_token="<|endoftext|>"
    )
    assert own.decode(encode_example(own, ASK, "Blue.").completion) == "Blue.<|im_end|>"


@pytest.mark.parametrize(
    "template",
    [REFUSING, CHAT_TEMPLATE.replace("in messages", "in messages if m['role'] != 'system'")],
    ids=["refused", "left out without a word"],
)
@pytest.mark.parametrize("asked", [ASK, SHOWN], ids=["", "with a worked example"])
def test_a_system_message_without_a_place_stands_above_the_first_question(
    templated, template, asked
):
    own = templated(template)
    assert not takes_system(own)
    joined = [
        {"role": "user", "content": f"Answer in one word.\n\n{asked[1]['content']}"},
        *asked[2:],
    ]
    said = own.apply_chat_template(joined, add_generation_prompt=True, tokenize=False)
    assert own.decode(encode_prompt(own, asked)) == said
    row = encode_example(own, asked, "Blue.")
    assert own.decode(row.prompt) == said
    assert own.decode(row.completion) == "Blue.<|im_end|>"


def test_whether_a_template_takes_a_system_message_is_asked_once_a_template(templated, monkeypatch):
    own = templated(CHAT_TEMPLATE)
    assert takes_system(own)
    own.chat_template = REFUSING
    assert not takes_system(own)
    monkeypatch.setattr(type(own), "apply_chat_template", lambda *_, **__: pytest.fail("again"))
    assert not takes_system(own)


def test_a_template_that_refuses_turns_is_an_error_with_its_reason(templated):
    twice = [ASK[1], ASK[1]]
    with pytest.raises(TuningError, match="roles must alternate"):
        encode_prompt(templated(REFUSING), twice)
    with pytest.raises(TuningError, match="roles must alternate"):
        encode_example(templated(REFUSING), twice, "Blue.")

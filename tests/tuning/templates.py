"""Tokenizers with other chat templates, and what matters of those that are met with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tuning.models import open_tokenizer

ASK = [
    {"role": "system", "content": "Answer in one word."},
    {"role": "user", "content": "Which colour has the sky?"},
]
SHOWN = [
    ASK[0],
    {"role": "user", "content": "Which colour has grass?"},
    {"role": "assistant", "content": "Green."},
    ASK[1],
]
HYBRID = (
    "{% set ns = namespace(asked=0) %}{% for m in messages %}"
    "{% if m.role == 'user' %}{% set ns.asked = loop.index0 %}{% endif %}{% endfor %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.role == 'assistant' and loop.last and loop.index0 > ns.asked %}"
    "<think>\n\n</think>\n\n{% endif %}"
    "{{ m.content.split('</think>')[-1].lstrip('\n') }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking is false %}"
    "<think>\n\n</think>\n\n{% endif %}{% endif %}"
)
"""As Qwen3's: an empty thought before the last answer, and in the prompt where none is wanted."""
TOLD = (
    "{% set think = enable_thinking is not defined or enable_thinking %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}"
    "{% if m.role == 'system' %} /{{ 'think' if think else 'no_think' }}{% endif %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if not think %}<think>\n\n</think>\n{% endif %}{% endif %}"
)
"""As SmolLM3's, told in the system message; here earlier answers have no thought at all."""
REFUSING = (
    "{% if messages[0].role == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}"
    "<|im_start|>{{ m.role }}\n{{ m.content | trim }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""As Gemma 2's."""
LAST_ONLY = (
    "{% for m in messages %}{% if m.role == 'user' %}[INST] "
    "{% if loop.last and messages[0].role == 'system' %}{{ messages[0].content }}\n\n{% endif %}"
    "{{ m.content }}[/INST]{% elif m.role == 'assistant' %} {{ m.content | trim }}{{ eos_token }}"
    "{% endif %}{% endfor %}"
)
"""As Mistral's: the system message stands with the last question, and only while it is the last."""


def templated_by(folder: Path) -> Callable[..., Any]:
    """What makes a tokenizer of its own with another template."""

    def make(template: str | None, **attributes: Any) -> Any:
        own = open_tokenizer(folder)
        own.chat_template = template
        for name, value in attributes.items():
            setattr(own, name, value)
        return own

    return make

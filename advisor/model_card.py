"""The README.md of an export: what it is, what it scored, what it may hold, how to load it.

Texts of the user stand in code blocks, so that nothing in them is read as Markdown or HTML.
"""

import json
import shlex
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from advisor.card_tests import Tested, limits, privacy
from advisor.export_words import FORMS, parity_sentences
from advisor.markdown import bullets, code, fenced
from advisor.numbers import count, interval, percent, setting
from advisor.tested_words import sentences
from harness.experiment import ArmResult, Experiment
from harness.exporting import Form, Trained, known_as
from harness.models import EMBEDDED
from harness.parity import Parity
from harness.prompts import render
from harness.rungs import title_of
from harness.store import Run
from harness.types import Context
from tuning.encode import NO_THINKING, takes_system
from tuning.models import open_tokenizer

HIDDEN = ("curve",)
THINKING = (
    "The base can think aloud before it answers. That was off in training and in everything that "
    "was measured, and has to be off wherever this is served: send `chat_template_kwargs` "
    '`{"enable_thinking": false}` with each request or, for a server that knows no such thing, '
    "write `{%- set enable_thinking = false -%}` above the first line of chat_template.jinja."
)
OFF = """ --default-chat-template-kwargs '{"enable_thinking": false}'"""
"""What vLLM takes for it."""
QUESTION = "(the question)"
PASSAGE = Context("", "(its text, the closest passage last)", 0.0, "(title of a passage)")


class Template(NamedTuple):
    """What a chat template makes of a conversation."""

    system: bool
    """It has room for a system message."""
    thinks: bool
    """It has a switch for thinking aloud, which was off."""


@dataclass(frozen=True)
class Card:
    """What a card is written from."""

    run: Run
    experiment: Experiment
    trained: Trained
    form: Form
    parity: Parity
    tested: Tested
    """What probes found about it."""

    @property
    def rung(self) -> str:
        """Its name."""
        return self.trained.cell.rung

    @cached_property
    def template(self) -> "Template":
        """What has to be known of the base's chat template."""
        tokenizer = open_tokenizer(self.trained.base.folder)
        said = str(tokenizer.chat_template)
        return Template(takes_system(tokenizer), any(switch in said for switch in NO_THINKING))

    @property
    def alone(self) -> bool:
        """It is a model of its own, and no adapter."""
        return self.form != "adapter"


def _yaml(text: str) -> str:
    """Text that YAML takes for text: `no` alone would be false, and a colon another key."""
    return json.dumps(text, ensure_ascii=False)


def _lora_rank(rank: int) -> int:
    """The least of the ranks that vLLM reserves room for (`vllm.config.lora`) which is enough."""
    return next(one for one in (8, 16, 32, 64, 128, 256) if one >= rank)


def model_card(card: Card) -> str:
    """The card as Markdown."""
    task, name = card.experiment.task, known_as(card.trained.base)
    license_of, note = _base(card)
    head = ["---", f"base_model: {_yaml(name.name)}", "library_name: " + _library(card)]
    head += [f"license: {license_of}"] if license_of else []
    head += [f"language: {_yaml(task.language)}", "pipeline_tag: text-generation", "---", ""]
    parts = [
        f"# {title_of(card.rung)}: {FORMS[card.form]}",
        fenced(task.name),
        f"Made by Rungwise from run {code(card.run.name)}, rung {code(card.rung)}, seed "
        f"{card.trained.cell.seed}. {note}",
        "## Does it answer as what was measured?",
        bullets([*parity_sentences(card.parity), "All figures: `rungwise_parity.json`."]),
        "## What it scored",
        *_scores(card),
        "## What it was made from",
        bullets(_recipe(card)),
        "## What was not tested",
        bullets(limits(card.run, card.experiment, card.parity, card.tested)),
        *_forgotten(card),
        "## What may be in it",
        bullets(privacy(card.run, card.tested)),
        "## How to ask it",
        *_layout(card),
        "## How to load it",
        *_loading(card),
    ]
    return "\n".join(head) + "\n\n".join(parts) + "\n"


def _library(card: Card) -> str:
    return "transformers" if card.alone else "peft"


def _base(card: Card) -> tuple[str, str]:
    """Licence where it is known, and a sentence on the base."""
    base = card.trained.base
    embedded = EMBEDDED.get(base.name)
    if embedded is None:
        return "", (
            f"The base is {code(known_as(base).name)} (weights {code(base.revision)}); its "
            "licence holds for this as well: look it up where the base comes from."
        )
    words = f"The base is the copy that comes with Rungwise: {embedded.note}."
    if not card.alone:
        words += (
            f" `{embedded.hub_id}` is the same model before it was stored in 4 bits: on it the "
            "adapter loads, but it was trained and verified on the other copy, so some answers "
            "will differ. For the very same answers export with --merge."
        )
    return "apache-2.0", words


def _scores(card: Card) -> list[str]:
    experiment = card.experiment
    arms = {card.rung: experiment.rungs[card.rung], **experiment.floors}
    lines = ["| | score | 95 % interval | n | failed |", "|---|--:|--:|--:|--:|"]
    lines += [_score(name, arm, experiment.task.metric) for name, arm in arms.items()]
    seeds = experiment.rungs[card.rung].seeds
    title = experiment.task.metric_title
    below = f"{title[:1].upper()}{title[1:]} on the held-out questions"
    if len(seeds) > 1:
        below += f"; the rung's score is over seeds {', '.join(map(str, seeds))}, this is one"
    return ["\n".join(lines), f"{below}. The floors need no language model."]


def _score(name: str, arm: ArmResult, metric: str) -> str:
    found = arm.scores[metric]
    between = interval(found.low, found.high)
    return f"| {name} | {percent(found.mean)} | {between} | {found.n} | {found.n_failed} |"


def _recipe(card: Card) -> list[str]:
    task, settings = card.experiment.task, card.trained.cell.preparation.settings
    made = ", ".join(
        f"{key.replace('_', ' ')} {setting(value)}"
        for key, value in settings.items()
        if key not in HIDDEN
    )
    return [
        f"Data: {count(task.n_train, 'training row')}, {count(task.n_dev, 'dev row')} for choosing "
        f"settings, fingerprint {code(task.fingerprint)}.",
        f"Settings: {made}.",
        f"Trained and measured in {card.trained.precision}; "
        f"these weights are to be loaded in {card.parity.precision}.",
    ]


def _forgotten(card: Card) -> list[str]:
    if card.tested.forgetting is None:
        return []
    return ["## What it forgot", bullets(sentences(card.tested.forgetting))]


def _layout(card: Card) -> list[str]:
    """System prompt and turn, with places where a question and passages go."""
    with_passages = "rag" in card.rung
    prompt = render(card.run.plan().spec, QUESTION, (PASSAGE,) if with_passages else ())
    if card.template.system:
        lines = [
            "System message, letter for letter; without it the model is another one:",
            fenced(prompt.system),
            "User message:",
            fenced(prompt.user),
        ]
        what = "Both go"
    else:
        lines = [
            "User message, letter for letter; the chat template has no room for a system message, "
            "so that its text stands above the question:",
            fenced(f"{prompt.system}\n\n{prompt.user}"),
        ]
        what = "It goes"
    if with_passages:
        k = card.trained.cell.preparation.settings.get("passages", "the same number of")
        lines.append(
            f"It was trained with {k} passages before each question; without them it is lost."
        )
    return [
        *lines,
        f"{what} through the chat template in this folder, with nothing before or after. Answers "
        "are greedy (temperature 0) and end at a token that generation_config.json names.",
        *([THINKING] if card.template.thinks else []),
    ]


def _loading(card: Card) -> list[str]:
    base = known_as(card.trained.base)
    revision = f", revision={base.revision!r}" if base.revision else ""
    dtype = f"dtype={card.parity.precision!r}"
    off = OFF if card.template.thinks else ""
    if card.alone:
        load = [f'model = AutoModelForCausalLM.from_pretrained("DIR", {dtype})']
        serve = [f"vllm serve DIR --generation-config DIR{off}"]
        stock = [
            "transformers itself, ask with `temperature` 0:",
            fenced("transformers serve DIR"),
        ]
        llama = ["python convert_hf_to_gguf.py DIR --outfile model.gguf"]
    else:
        load = [
            f"base = AutoModelForCausalLM.from_pretrained({base.name!r}{revision}, {dtype})",
            'model = PeftModel.from_pretrained(base, "DIR")',
            'model.generation_config = GenerationConfig.from_pretrained("DIR")',
        ]
        at = f" --revision {shlex.quote(base.revision)}" if base.revision else ""
        serve = [
            f"vllm serve {shlex.quote(base.name)}{at} --enable-lora --max-lora-rank "
            f"{_lora_rank(int(card.trained.cell.preparation.settings.get('rank', 16)))} "
            "--lora-modules tuned=DIR --chat-template DIR/chat_template.jinja "
            f"--generation-config DIR{off}"
        ]
        stock = ["`transformers serve` takes no adapter: export with --merge for it."]
        llama = ["python convert_lora_to_gguf.py DIR --base BASE-FOLDER --outfile adapter.gguf"]
    lines = [
        "from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig",
        *([] if card.alone else ["from peft import PeftModel"]),
        'tokenizer = AutoTokenizer.from_pretrained("DIR")',
        *load,
        *_asking(card.template),
    ]
    return [
        "DIR stands for this folder. Only the first way was run here.",
        f"transformers{'' if card.alone else ' and peft'}:",
        fenced("\n".join(lines), "python"),
        "vLLM, ask with `temperature` 0:",
        fenced("\n".join(serve)),
        *stock,
        "llama.cpp, with the converter of its source folder; ask again what was held out, for "
        "neither conversion nor quantisation was verified:",
        fenced("\n".join(llama)),
    ]


def _asking(template: Template) -> list[str]:
    """A question and its answer, in Python."""
    system = '{"role": "system", "content": SYSTEM}, ' if template.system else ""
    indent = " " * len("inputs = tokenizer.apply_chat_template(")
    return [
        f'messages = [{system}{{"role": "user", "content": QUESTION}}]',
        "inputs = tokenizer.apply_chat_template(messages, add_generation_prompt=True,",
        *([f"{indent}enable_thinking=False,"] if template.thinks else []),
        f'{indent}return_dict=True, return_tensors="pt")',
        "out = model.generate(**inputs)",
        'print(tokenizer.decode(out[0, inputs["input_ids"].shape[1]:], skip_special_tokens=True))',
    ]

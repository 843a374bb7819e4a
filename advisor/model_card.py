"""The README.md of an export: what it is, what it scored, what it may hold, how to load it.

Texts of the user stand in code blocks, so that nothing in them is read as Markdown or HTML.
"""

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.export_words import FORMS, parity_sentences
from advisor.numbers import count, interval, percent, setting
from harness.experiment import ArmResult, Experiment
from harness.exporting import Trained, known_as
from harness.models import EMBEDDED
from harness.parity import Parity
from harness.personal import PERSONAL_KINDS, find_personal
from harness.prompts import render
from harness.rungs import title_of
from harness.store import Run
from harness.types import Context, Example

HIDDEN = ("curve",)
QUESTION = "(the question)"
PASSAGE = Context("", "(its text, the closest passage last)", 0.0, "(title of a passage)")


@dataclass(frozen=True, slots=True)
class Card:
    """What a card is written from."""

    run: Run
    experiment: Experiment
    trained: Trained
    merged: bool
    parity: Parity

    @property
    def rung(self) -> str:
        """Its name."""
        return self.trained.cell.rung


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
        f"# {title_of(card.rung)}: {FORMS[_form(card)]}",
        _fenced(task.name),
        f"Made by Rungwise from run {_code(card.run.name)}, rung {_code(card.rung)}, seed "
        f"{card.trained.cell.seed}. {note}",
        "## Does it answer as what was measured?",
        _bullets([*parity_sentences(card.parity), "All figures: `rungwise_parity.json`."]),
        "## What it scored",
        *_scores(card),
        "## What it was made from",
        _bullets(_recipe(card)),
        "## What was not tested",
        _bullets(_limits(card)),
        "## What may be in it",
        _bullets(privacy(card.run)),
        "## How to ask it",
        *_layout(card),
        "## How to load it",
        *_loading(card),
    ]
    return "\n".join(head) + "\n\n".join(parts) + "\n"


def _form(card: Card) -> str:
    return "merged" if card.merged else "adapter"


def _library(card: Card) -> str:
    return "transformers" if card.merged else "peft"


def _base(card: Card) -> tuple[str, str]:
    """Licence where it is known, and a sentence on the base."""
    base = card.trained.base
    embedded = EMBEDDED.get(base.name)
    if embedded is None:
        return "", (
            f"The base is {_code(known_as(base).name)} (weights {_code(base.revision)}); its "
            "licence holds for this as well: look it up where the base comes from."
        )
    words = f"The base is the copy that comes with Rungwise: {embedded.note}."
    if not card.merged:
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
        f"settings, fingerprint {_code(task.fingerprint)}.",
        f"Settings: {made}.",
        f"Trained and measured in {card.trained.precision}; "
        f"these weights are to be loaded in {card.parity.precision}.",
    ]


def _limits(card: Card) -> list[str]:
    task = card.experiment.task
    lines = [
        f"Measured on {count(task.n_heldout, 'question')} in language {_code(task.language)}: "
        "others, longer ones and other languages were not.",
        f"Prompt and answer together have to fit into the model's context; answers end after "
        f"{card.run.plan().max_new_tokens} tokens.",
        "Whether people find the answers good: scores were computed.",
        "Safety, and what it says to questions that are not of this task.",
    ]
    if card.parity.free_score is not None:
        lines.insert(
            0,
            "While it was measured it could write allowed answers only. A server has to hold it to "
            "them as well (guided or structured decoding, by choice or JSON Schema); without that "
            f"it scores {percent(card.parity.free_score)}.",
        )
    return lines


def privacy(run: Run) -> list[str]:
    """What the weights may have learned from the training rows."""
    view = run.view()
    kinds: dict[str, int] = {}
    rows = 0
    for row in view.train:
        spans = [span for text in _texts(row) for span in find_personal(text, view.spec.language)]
        rows += bool(spans)
        for span in spans:
            kinds[span.kind] = kinds.get(span.kind, 0) + 1
    shown = ", ".join(f"{PERSONAL_KINDS[kind]} {n:,}×" for kind, n in kinds.items())
    found = (
        f"Personal data was found in {rows:,} of {count(len(view.train), 'training row')}: "
        f"{shown}. Treat these files as you treat the rows."
        if rows
        else "No personal data was found in the training rows by its form (addresses of mail, "
        "numbers of accounts, cards, telephones and identities)."
    )
    return [
        found,
        "Names and postal addresses are not looked for.",
        "The weights were trained on the rows and may give parts of them back; whether they do "
        "was not tested. A row is taken back by training again without it.",
    ]


def _texts(row: Example) -> tuple[str, ...]:
    return (row.question, *row.references)


def _layout(card: Card) -> list[str]:
    """System prompt and turn, with places where a question and passages go."""
    with_passages = "rag" in card.rung
    prompt = render(card.run.plan().spec, QUESTION, (PASSAGE,) if with_passages else ())
    lines = [
        "System message, letter for letter; without it the model is another one:",
        _fenced(prompt.system),
        "User message:",
        _fenced(prompt.user),
        "Both go through the chat template in this folder, with nothing before or after. Answers "
        "are greedy (temperature 0) and end at a token that generation_config.json names.",
    ]
    if with_passages:
        k = card.trained.cell.preparation.settings.get("passages", "the same number of")
        lines.insert(
            4, f"It was trained with {k} passages before each question; without them it is lost."
        )
    return lines


def _loading(card: Card) -> list[str]:
    base = known_as(card.trained.base)
    revision = f", revision={base.revision!r}" if base.revision else ""
    dtype = f"dtype={card.parity.precision!r}"
    if card.merged:
        load = [f'model = AutoModelForCausalLM.from_pretrained("DIR", {dtype})']
        serve = ["vllm serve DIR --generation-config DIR"]
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
            "--generation-config DIR"
        ]
        llama = ["python convert_lora_to_gguf.py DIR --base BASE-FOLDER --outfile adapter.gguf"]
    code = [
        "from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig",
        *([] if card.merged else ["from peft import PeftModel"]),
        'tokenizer = AutoTokenizer.from_pretrained("DIR")',
        *load,
        'messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]',
        "inputs = tokenizer.apply_chat_template(messages, add_generation_prompt=True,",
        '                                       return_dict=True, return_tensors="pt")',
        "out = model.generate(**inputs)",
        'print(tokenizer.decode(out[0, inputs["input_ids"].shape[1]:], skip_special_tokens=True))',
    ]
    return [
        "DIR stands for this folder. Only the first way was run here.",
        f"transformers{'' if card.merged else ' and peft'}:",
        _fenced("\n".join(code), "python"),
        "vLLM, ask with `temperature` 0:",
        _fenced("\n".join(serve)),
        "llama.cpp, with the converter of its source folder; ask again what was held out, for "
        "neither conversion nor quantisation was verified:",
        _fenced("\n".join(llama)),
    ]


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _code(text: str) -> str:
    """A short untrusted text inside a sentence."""
    line = re.sub(r"[`\s]+", " ", text).strip()
    return f"`{line}`"


def _fenced(text: str, kind: str = "text") -> str:
    """A block whose fence is longer than any in the text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{kind}\n{text}\n{fence}"

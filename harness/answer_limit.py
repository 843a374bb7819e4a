"""How long an answer may be: one limit for every rung and for what is foretold of a check."""

from pathlib import Path

from harness.context import context_of
from harness.errors import Problem, UserError
from harness.generators.endpoint import PREFIX
from harness.models import resolve
from harness.prompts import target
from harness.settings import CheckSettings
from harness.token_estimate import at_most
from harness.types import Task

LONGEST_ANSWER = 512
"""Tokens that an answer may have under any model, where the training answers want them."""


def answer_limit(project: Path, task: Task, settings: CheckSettings) -> int:
    """Tokens an answer may have: the user's number, or the longest training answer's.

    Without a number, a quarter more than those and 8, up to `longest_allowed`. A model that rambles
    is cut there, and the cuts are counted.

    Raises:
        UserError: the model cannot be used.
    """
    if decided := settings.given.decoding.answer_tokens:
        return decided
    texts = [target(task.spec, example) for example in (*task.train, *task.dev)]
    if settings.generator.startswith(PREFIX):
        longest = max(at_most(text) for text in texts)
    else:
        from tokenizers import Tokenizer

        folder = resolve(settings.generator, "generator", project, revision=settings.revision)
        file = folder.folder / "tokenizer.json"
        if not file.is_file():
            raise UserError(
                Problem(
                    "there is no such file",
                    "put the model's tokenizer beside its weights",
                    str(file),
                )
            )
        tokenizer = Tokenizer.from_file(str(file))
        longest = max(len(encoded.ids) for encoded in tokenizer.encode_batch(texts))
    context = context_of(settings.generator, project, settings.revision)
    return min(longest_allowed(context), longest + longest // 4 + 8)


def longest_allowed(context: int | None, decided: int = 0) -> int:
    """Tokens that an answer has at most, whatever the training answers are.

    Half of what the model takes: the other half stays for instruction, question, worked examples
    and passages, which would be cut or refused for an answer that is hardly ever so long.

    Args:
        context: tokens of prompt and answer together; None where that is not known.
        decided: by the user; 0: nothing.
    """
    return decided or max(LONGEST_ANSWER, (context or 0) // 2)

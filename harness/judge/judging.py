"""Asking the judge, some requests at a time; each verdict is on disk as it comes."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.error import HTTPError

from harness.errors import JobError, Problem, UserError
from harness.generators.endpoint import MALFORMED, UNREACHABLE, EndpointGenerator
from harness.judge.prompts import (
    BETTER,
    CORRECT,
    VERDICTS,
    correctness,
    preference,
    rendering,
)
from harness.judge.reply import Reply, read_reply
from harness.judge.rules import KEY, SETTING, sending
from harness.judge.store import (
    Consent,
    JudgeStore,
    Pair,
    Sending,
    Verdict,
    pairs_of,
    single_keys,
)
from harness.prompts import Prompt
from harness.store import Run, now

AT_ONCE = 4
TIMEOUT_S = 60.0
LONGEST_REPLY = 300
"""Tokens."""
DEAD_AFTER = 3
"""Questions in a row without any reply, after which the address is taken for dead."""

REFUSED = (400, 413, 422)
"""Of HTTP: the server is there and will not have this request, most often for its length."""

OnProgress = Callable[[int, int], None]
"""Told how many of how many requests are done."""


class _Question(NamedTuple):
    item: str
    answers: tuple[str, ...]
    prompt: Prompt


class _Outcome(NamedTuple):
    reply: Reply | None
    failure: str
    message: str
    fix: str = ""
    """What to do where every other question would be refused as well."""


def judge_answers(
    run: Run,
    consent: Consent,
    tested: Sequence[str],
    *,
    on_progress: OnProgress = lambda done, total: None,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Ask for every verdict that is missing; what a judge has said is never asked again.

    Args:
        run: whose answers.
        consent: to what would be sent, a pair of rungs included; it is compared with what is to
            be sent now.
        tested: models that the judge must not be, besides the run's own.
        on_progress: see `OnProgress`.
        timeout_s: seconds for one reply.

    Raises:
        UserError: something stands against it, or it is not what was agreed to. Nothing is sent.
        JobError: the address does not answer, or refuses; what came before is kept.
    """
    agreed = consent.sending
    judge, pair = agreed.endpoint, agreed.pair
    wanted = sending(run, judge, tested, pair)
    if (wanted.answers, wanted.pairs) != (0, 0) and not _covers(agreed, wanted):
        fix = "look at what would be sent now, and agree to that"
        raise UserError(Problem("something else would be sent than was agreed to", fix, SETTING))
    store = JudgeStore(run)
    busy = Problem("another process asks the judge", "wait for it, or stop it there", run.name)
    with store.alone(busy):
        store.stop_file.unlink(missing_ok=True)
        store.agree(consent)
        client = EndpointGenerator(judge, key=KEY, timeout_s=timeout_s)
        questions = [*_singles(store, judge), *(_pairs(store, judge, pair) if pair else ())]
        _ask_all(store, client, questions, on_progress)


def _covers(agreed: Sending, wanted: Sending) -> bool:
    """What is to be sent is no more than was agreed to; labels and stops can have made it less."""
    same = dataclasses.replace(
        wanted, answers=agreed.answers, pairs=agreed.pairs, requests=agreed.requests
    )
    more = wanted.answers > agreed.answers or wanted.pairs > agreed.pairs
    return same == agreed and not more and wanted.requests <= agreed.requests


def _singles(store: JudgeStore, judge: str) -> Iterator[_Question]:
    """Answers that people have looked at first: whether the judge is of use is soon known."""
    done = store.verdicts(judge)
    looked_at = {label.key for label in store.labels()}
    by_key = {one.key: one for one in store.material.said}
    for key in sorted(single_keys(store.material), key=lambda key: key not in looked_at):
        if key not in done:
            one = by_key[key]
            prompt = correctness(one.question, one.reference, one.answer)
            yield _Question(key[0], (key[1],), prompt)


def _pairs(store: JudgeStore, judge: str, pair: Pair) -> Iterator[_Question]:
    done = store.preferences(judge)
    by_key = {one.key: one for one in store.material.said}
    for key in pairs_of(store.material, pair):
        if key not in done:
            item, first, second = key
            one, other = by_key[item, first], by_key[item, second]
            prompt = preference(one.question, one.reference, one.answer, other.answer)
            yield _Question(item, (first, second), prompt)


def _ask_all(
    store: JudgeStore,
    client: EndpointGenerator,
    questions: Sequence[_Question],
    on_progress: OnProgress,
) -> None:
    dead, message, prompt = 0, "", rendering()
    ever = bool(store.verdicts(client.name) or store.preferences(client.name))
    on_progress(0, len(questions))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # the first one alone: an address that is dead is asked once
        for start, end in _batches(len(questions)):
            if store.stop_file.exists():
                raise KeyboardInterrupt
            batch = questions[start:end]
            outcomes = list(pool.map(lambda question: _ask(client, question), batch))
            store.add(
                [
                    Verdict(client.name, prompt, question.item, question.answers,
                            *(found.reply or ("", "")), found.failure, found.message, now())
                    for question, found in zip(batch, outcomes, strict=True)
                ]
            )  # fmt: skip
            for found in outcomes:
                if found.fix:
                    said = f"the judge refuses ({found.message})"
                    raise JobError(Problem(said, found.fix, client.address))
                dead = dead + 1 if found.failure in ("no_reply", "refused") else 0
                ever = ever or found.failure != "no_reply"
                message = found.message or message
            if dead >= (DEAD_AFTER if ever else 1):
                raise JobError(_dead(client, message))
            on_progress(end, len(questions))


def _batches(n: int) -> Iterator[tuple[int, int]]:
    if n:
        yield 0, 1
    for start in range(1, n, AT_ONCE):
        yield start, min(n, start + AT_ONCE)


def _ask(client: EndpointGenerator, question: _Question) -> _Outcome:
    """One verdict, with a second try where the first reply cannot be read."""
    allowed = VERDICTS[CORRECT if len(question.answers) == 1 else BETTER]
    messages = question.prompt.messages()
    wrong = ""
    for _ in range(2):
        try:
            reply = client.ask(messages, LONGEST_REPLY)
        except UNREACHABLE as error:
            refused = isinstance(error, HTTPError) and error.code in REFUSED
            said = _one_line(error)
            return _Outcome(None, "refused" if refused else "no_reply", said, client.way_out(error))
        except MALFORMED as error:
            wrong = _one_line(error)
            continue
        try:
            return _Outcome(read_reply(reply.text, allowed), "", "")
        except ValueError as error:
            wrong = str(error)
        # what was wrong is said in our words; its own reply is not put before it again
        again = f"Your last reply could not be read: {wrong}. Reply with the JSON object alone."
        messages = [*question.prompt.messages()]
        messages[-1] = {"role": "user", "content": f"{messages[-1]['content']}\n\n{again}"}
    return _Outcome(None, "unreadable_reply", wrong)


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def _dead(client: EndpointGenerator, message: str) -> Problem:
    address = client.address
    if any(f"HTTP Error {code}" in message for code in REFUSED):
        what = f"the judge takes none of the questions ({message})"
        fix = f"see whether its model has that name and room for 4,000 characters a part: {SETTING}"
        return Problem(what, fix, address)
    fix = f"start it, or correct {SETTING} in rungwise.toml; what it has said is kept"
    return Problem(f"the judge does not answer ({message})", fix, address)

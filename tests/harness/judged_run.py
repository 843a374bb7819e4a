"""A finished run with open answers of three rungs, for tests of labels and the judge."""

from pathlib import Path

from harness.judge.labels import add_label, in_turn
from harness.judge.material import Said, material_of
from harness.judge.rules import sending
from harness.judge.store import Consent
from harness.store import Run
from harness.types import Answer, Example, Failure, Task, TaskSpec
from tests.advisor.report_runs import finish, put, start

N = 40
ABSTENTION = "That is not in our pages."


def small_run(root: Path, kind: str = "answer", *, done: bool = False) -> Run:
    """Forty questions; prompt is right on a fifth, rag on three quarters, with one failure."""
    spec = TaskSpec("desk", kind, "Answer.", labels=("a", "b") if kind == "label" else (),
                    abstention=ABSTENTION, metric="token_f1_score")  # fmt: skip
    heldout = tuple(
        Example(f"h{i}", f"How long does step {i} take?", (f"{i} days",) if i % 10 else ())
        for i in range(N)
    )
    train = tuple(Example(f"t{i}", f"What is {i}?", (f"Number {i}",)) for i in range(6))
    task = Task(spec, train[:4], train[4:], heldout, (), "f00d")
    run = start(root / "runs" / "first", task, ["majority-s0", "prompt-s0", "rag-s0"])
    put(run, "majority", 0, [Answer(f"h{i}", "no") for i in range(N)], timed=False)
    put(run, "prompt", 0, [answer(i, i % 5 == 0) for i in range(N)])
    put(run, "rag", 0, [answer(i, i % 4 != 0) for i in range(1, N)],
        [Failure("h0", "prompt_too_long", "2,100 tokens")])  # fmt: skip
    if done:
        finish(run, None)
    return run


def answer(i: int, right: bool) -> Answer:
    """The right answer in a sentence, or a wrong one."""
    said = f"It takes {i} days, usually." if i % 10 else ABSTENTION
    return Answer(f"h{i}", said if right else f"Nobody knows about {i}.")


def truly(said: Said) -> bool:
    """What a person who knows finds."""
    return "Nobody" not in said.answer


def label(run: Run, n: int = 30, by: str = "Ada") -> None:
    """Somebody looks at the first n answers in turn."""
    for one in in_turn(material_of(run).said)[:n]:
        add_label(run, one, "right" if truly(one) else "wrong", by)


def agreed(run: Run, endpoint: str, pair: tuple[str, str] | None = None) -> Consent:
    """Somebody has seen what would be sent, and says yes."""
    return Consent(sending(run, endpoint, (), pair), "Ada", "2026-01-02T03:04:05+00:00")

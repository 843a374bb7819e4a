"""Training steps whose rows are of other lengths each time: batches filled up, and as they are.

On the CPU in bfloat16 oneDNN compiles for every shape it meets and keeps the result, so that a
training of ever other shapes grows. Filled up, shapes come again. In float32 and on a card nothing
is filled up.
"""

import random
import tempfile
from pathlib import Path

from bench.lines import Measured, apart, line
from bench.sides import Side, in_turn
from bench.training import Given, engine_steps, first_adapter
from harness.device import pick_device
from harness.models import resolve
from harness.types import Json
from tuning.encode import Encoded
from tuning.recipe import adapter_shape

STEPS, ROWS = 30, 8
JOB = f"{STEPS} steps of {ROWS} rows"


def measure() -> dict[str, Json]:
    """Tokens a second, the most memory, and how far the losses are apart."""
    device = pick_device()
    if (device.kind, device.precision) != ("cpu", "bfloat16"):
        return {"skipped": "batches are filled up in bfloat16 on the CPU only"}
    ref = resolve("smollm2-135m-instruct", "generator", Path.cwd())
    steps = drawn()
    with tempfile.TemporaryDirectory() as folder:
        first_adapter(ref.folder, Path(folder), adapter_shape(300))
        given = Given(
            ref.folder, Path(folder), {JOB: steps}, device.precision, device.kind, device.threads
        )
        sides = [
            Side("filled up", engine_steps, (given,)),
            Side("as they are", engine_steps, (given._replace(even=False),)),
        ]
        turns = in_turn(sides, {JOB: [side.name for side in sides]}, repeats=1)[JOB]
    tokens = sum(len(one.prompt) + len(one.completion) for rows in steps for one in rows)
    ours, bare = turns["filled up"], turns["as they are"]
    made = line(
        f"LoRA, {JOB} of other lengths each, {tokens / STEPS:,.0f} tokens a step",
        "tokens",
        Measured("filled up", tokens, ours),
        Measured("as they are", tokens, bare),
        agree=apart(ours[0].outputs, bare[0].outputs, "losses"),
        must=None,
    )
    return {"threads": device.threads, "lines": [made]}


def drawn() -> list[list[Encoded]]:
    """Rows of a shared beginning, 100 to 159 tokens of their own and an answer of 30."""
    rng = random.Random(0)

    def ids(n: int) -> list[int]:
        return [rng.randrange(1000, 40_000) for _ in range(n)]

    shared = ids(100)
    return [
        [Encoded(shared + ids(rng.randrange(100, 160)), ids(30)) for _ in range(ROWS)]
        for _ in range(STEPS)
    ]

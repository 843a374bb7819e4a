"""What has to hold before anything is sent to a judge, and what would be sent."""

import getpass
from collections.abc import Sequence

from harness.errors import Problem, UserError, problems_of
from harness.generators.endpoint import HERE, PREFIX, EndpointGenerator, address_of
from harness.judge.labels import NEEDED, counted
from harness.judge.store import JudgeStore, Pair, Sending, pairs_of, single_keys
from harness.store import Run

SETTING = "[judge] endpoint"
KEY = "RUNGWISE_JUDGE_API_KEY"
"""Not the model's own variable: its key is not for another host."""


def endpoint_problems(endpoint: str, tested: Sequence[str]) -> list[Problem]:
    """Why an address cannot be a judge.

    Args:
        endpoint: as it stands in rungwise.toml.
        tested: models that the judge must not be.
    """
    if not endpoint:
        fix = f'write endpoint = "{PREFIX}http://127.0.0.1:8000/v1#model" under [judge]'
        return [Problem("no judge is set", f"{fix} in rungwise.toml", SETTING)]
    found = problems_of([lambda: EndpointGenerator(endpoint)])
    if found:
        return [Problem(one.message, one.fix, SETTING) for one in found]
    parts = address_of(endpoint)
    if parts is None or not parts.hostname or parts.query or "@" in parts.netloc:
        fix = f"write the address alone; a key belongs into the variable {KEY}"
        return [Problem("the address has no host, a wrong port, or holds a key", fix, SETTING)]
    if any(endpoint == one or _model(endpoint) == _model(one) for one in tested):
        fix = "name another model, best one of another family"
        return [Problem("the judge is the model under test", fix, SETTING)]
    return []


def _model(name: str) -> str:
    """A model's own name: behind the address, the owner, the folders."""
    own = name.rpartition("#")[2] if name.startswith(PREFIX) else name
    return own.replace("\\", "/").rstrip("/").rpartition("/")[2].casefold()


def sending(run: Run, endpoint: str, tested: Sequence[str], pair: Pair | None = None) -> Sending:
    """What a judge would be sent now; asks nobody.

    Args:
        run: whose answers.
        endpoint: the judge.
        tested: models that it must not be, besides the run's own.
        pair: two rungs to compare as well.

    Raises:
        UserError: everything that stands against it, at once.
    """
    store = JudgeStore(run)
    material = store.material  # where there is nothing to judge, an address would not help
    problems = endpoint_problems(endpoint, (*tested, run.plan().generator))
    done = counted(store.labels())
    if done < NEEDED:
        fix = f"look at {NEEDED - done} more, in the app or with: rungwise label {run.folder}"
        said = f"a judge needs {NEEDED} answers that people have looked at; there are {done}"
        problems.append(Problem(said, fix, run.name))
    if pair is not None:
        known = material.rungs
        problems += [
            Problem(f"the run has no rung {name!r}", f"choose from {', '.join(known)}", "pair")
            for name in pair
            if name not in known
        ]
        if pair[0] == pair[1]:
            problems.append(Problem("a rung is compared with itself", "name two rungs", "pair"))
    if problems:
        raise UserError(*problems)
    singles = set(single_keys(material)) - set(store.verdicts(endpoint))
    comparisons = pairs_of(material, pair) if pair else []
    open_pairs = set(comparisons) - set(store.preferences(endpoint))
    address = address_of(endpoint)
    assert address is not None  # that is among the problems
    host = address.hostname or ""
    return Sending(
        endpoint=endpoint,
        host=f"{host}:{address.port}" if address.port else host,
        model=endpoint.partition("#")[2],
        answers=len(singles),
        pairs=len({frozenset(key[1:]) | {key[0]} for key in open_pairs}),
        requests=len(singles) + len(open_pairs),
        leaves=host not in HERE,
        encrypted=address.scheme == "https",
        pair=pair,
    )


def who() -> str:
    """The name this machine knows the user by; empty where it knows none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""

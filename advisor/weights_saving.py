"""People's weights written to rungwise.toml, the user's remarks kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from advisor.criteria import criteria
from advisor.project import Project
from advisor.settings_file import Place, change
from advisor.weights import EVERYBODY, Person
from harness.errors import Problem, UserError


def save_people(root: Path, people: Sequence[Person], before: Sequence[Person]) -> Project:
    """Write who has a say and what matters to them.

    Args:
        root: the project folder.
        people: one without a name, or several with names; nobody takes all weights out.
        before: what rungwise.toml says now.

    Raises:
        UserError: weights that cannot be used; the file is as before.
    """
    values: dict[Place, Any] = {}
    kept = {one.name for one in people}
    for one in before:
        if one.name in kept:
            continue
        if one.name == EVERYBODY:
            values.update({("weights", key): None for key in one.weights})
        else:
            values["weights", one.name] = None
    for one in people:
        place = ("weights", one.name) if one.name else ("weights",)
        for key, weight in one.weights.items():
            # whole numbers as people write them
            values[(*place, key)] = int(weight) if weight == int(weight) else weight
    return change(root, values)


def named(people: Sequence[Person], name: str) -> tuple[Person, ...]:
    """One more person; the first one takes the weights that belong to nobody over.

    A newcomer starts with the weights of the last one.

    Raises:
        UserError: no name, a name that is taken, or one that a criterion has.
    """
    name = " ".join(name.split())
    taken = {one.name for one in people} - {EVERYBODY}
    if not name:
        raise UserError(Problem("there is no name", "write whose weights these are", "name"))
    if name in taken or name in {one.key for one in criteria()}:
        raise UserError(Problem(f"{name} is taken", "write another name", "name"))
    others = tuple(one for one in people if one.name != EVERYBODY)
    return (*others, Person(name, people[-1].weights))


def without(people: Sequence[Person], name: str) -> tuple[Person, ...]:
    """One person fewer; the last one's weights stay, as those of nobody in particular."""
    left = tuple(one for one in people if one.name != name)
    return left or (Person(EVERYBODY, people[0].weights),)


def reweighed(people: Sequence[Person], name: str, key: str, weight: float) -> tuple[Person, ...]:
    """One person's weight of one criterion changed."""
    return tuple(
        Person(one.name, {**one.weights, key: weight}) if one.name == name else one
        for one in people
    )

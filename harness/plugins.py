"""One plug-in, one file: whatever stands in the folder is there, and a broken file is an error."""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import TypeVar

from harness.errors import Problem, UserError

Plugin = TypeVar("Plugin")


def load_plugins(package: str, attribute: str, kind: type[Plugin]) -> list[Plugin]:
    """Import every module of a package and collect what it declares, in order of file name.

    Args:
        package: dotted name of the package.
        attribute: the constant each module must define.
        kind: what it must be.

    Raises:
        TypeError: a module defines no such constant, or one of another type.
    """
    modules = pkgutil.iter_modules(importlib.import_module(package).__path__)
    return [load_plugin(f"{package}.{module.name}", attribute, kind) for module in modules]


def load_plugin(module: str, attribute: str, kind: type[Plugin]) -> Plugin:
    """What one module declares; arguments and errors as for all of a package."""
    plugin = getattr(importlib.import_module(module), attribute, None)
    if not isinstance(plugin, kind):
        raise TypeError(f"{module} must define {attribute}, a {kind.__name__}")
    return plugin


def pick(found: Mapping[str, Plugin], name: str, what: str, where: str) -> Plugin:
    """One by name.

    Args:
        found: all there are; the message lists them.
        name: the one wanted.
        what: what they are, for the message.
        where: the setting or option that names it.

    Raises:
        UserError: there is none of that name.
    """
    if name not in found:
        problem = f"there is no {what} {name!r}"
        raise UserError(Problem(problem, f"choose from {', '.join(found)}", where))
    return found[name]

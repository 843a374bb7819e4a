"""One plug-in, one file: whatever stands in the folder is there, and a broken file is an error."""

import importlib
import pkgutil
from typing import TypeVar

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
    found = []
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        loaded = importlib.import_module(f"{package}.{module.name}")
        plugin = getattr(loaded, attribute, None)
        if not isinstance(plugin, kind):
            raise TypeError(f"{loaded.__name__} must define {attribute}, a {kind.__name__}")
        found.append(plugin)
    return found

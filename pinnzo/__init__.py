"""pinnzo: solve partial differential equations with neural networks, using forward passes only.

The public names are listed in ``__init__.pyi``. Each is imported when it is first asked for, so that ``import pinnzo``
takes no time and whoever only declares a problem does not wait for the comparisons.
"""

import importlib as _importlib
import logging as _logging
import pkgutil as _pkgutil
import re as _re
import sys as _sys
from importlib.metadata import version as _version
from types import ModuleType as _ModuleType
from typing import Any as _Any

__version__ = _version("pinnzo")

_LISTED = (_pkgutil.get_data(__name__, "__init__.pyi") or b"").decode("utf-8")
_HOMES = {name: home for home, name in _re.findall(r"^from (\S+) import (\w+) as \2$", _LISTED, _re.MULTILINE)}
"""From each public name to the module that defines it."""


__all__ = list(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> _Any:
    if _HOMES.get(name, __name__) != __name__:
        value = getattr(_importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    if not name.startswith("_"):
        try:
            return _importlib.import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":
                raise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


class _Package(_ModuleType):
    """A package in which a module does not hide the public name that it shares: ``pinnzo.solve`` is the function."""

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, _ModuleType) and _HOMES.get(name) == f"{__name__}.{name}":
            # The import system has just loaded the module.
            value = getattr(value, name)
        super().__setattr__(name, value)


_sys.modules[__name__].__class__ = _Package

# A library says nothing by itself: whoever wants its records adds a handler.
_logging.getLogger("pinnzo").addHandler(_logging.NullHandler())

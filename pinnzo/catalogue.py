"""The bundled problems, and problem files of the user's own."""

from __future__ import annotations

import importlib.util
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pinnzo.errors import DeclarationError, PinnzoError, SettingError, StorageError
from pinnzo.symbolic.problem import Problem


@dataclass(frozen=True)
class Entry:
    """A function that declares a problem.

    Attributes:
        name: as in ``pinnzo solve NAME``.
        declare: the function; its parameters are the problem's settings.
        settings: their defaults.
        summary: one line about the problem.
    """

    name: str
    declare: Callable[..., Problem]
    settings: dict[str, Any]
    summary: str

    def build(self, **settings: Any) -> Problem:
        """Declare the problem.

        Raises:
            SettingError: it has no such setting, or the value has another type than the default.
        """
        for key, value in settings.items():
            if key not in self.settings:
                known = ", ".join(self.settings) or "none"
                raise SettingError(f"The problem {self.name!r} has no setting {key!r}; its settings are: {known}.")
            default = self.settings[key]
            if type(value) is not type(default) and not (isinstance(default, float) and isinstance(value, int)):
                kind = type(default).__name__
                raise SettingError(f"The setting {key} of {self.name!r} is {value!r}: give a value of type {kind}.")
            if key == "dimension" and value < 1:
                raise SettingError(f"The setting dimension of {self.name!r} is {value}: it must be at least 1.")
        problem = self.declare(**settings)
        problem.name = self.name
        problem.description = self.summary
        return problem


def _folder() -> Path:
    """In a wheel the problems lie inside the package; in a checkout beside it."""
    inside = Path(__file__).parent / "bundled_problems"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "problems"


def entries_of(path: Path) -> dict[str, Entry]:
    """All problems that a Python file declares: functions annotated to return a Problem, and Problem objects.

    Raises:
        StorageError: the file cannot be read.
        DeclarationError: running it fails, or it declares nothing.
    """
    if not path.is_file():
        raise StorageError(f"There is no problem file {path}.")
    spec = importlib.util.spec_from_file_location(f"pinnzo_problem_{re.sub(r'[^a-zA-Z0-9_]', '_', path.stem)}", path)
    if spec is None or spec.loader is None:
        raise StorageError(f"{path} is not a Python file: a problem is declared in a file that ends with .py.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except PinnzoError:
        raise
    except Exception as error:
        raise DeclarationError(f"The problem file {path} fails with {type(error).__name__}: {error}") from error
    found: dict[str, Entry] = {}
    for attribute, value in vars(module).items():
        name = attribute.replace("_", "-")
        if isinstance(value, Problem):
            found[name] = Entry(name, lambda value=value: value, {}, value.description)
        elif inspect.isfunction(value) and value.__module__ == module.__name__ and _returns_problem(value):
            parameters = inspect.signature(value).parameters.values()
            defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
            summary = (inspect.getdoc(value) or "").split("\n")[0]
            found[name] = Entry(name, value, defaults, summary)
    if not found:
        raise DeclarationError(
            f"The problem file {path} declares no problem: assign a pz.Problem to a name, or define a function with "
            "the annotation -> pz.Problem."
        )
    return found


def _returns_problem(function: Callable[..., Any]) -> bool:
    annotation = function.__annotations__.get("return")
    return annotation is Problem or (isinstance(annotation, str) and annotation.split(".")[-1] == "Problem")


def problems() -> dict[str, Entry]:
    """The bundled problems by name.

    Example:
        >>> list(problems())
        ['heat', 'hjb', 'poisson', 'poisson-2d']
    """
    found: dict[str, Entry] = {}
    for path in sorted(_folder().glob("[a-z]*.py")):
        found.update(entries_of(path))
    return dict(sorted(found.items()))


def problem(name: str, **settings: Any) -> Problem:
    """Declare a bundled problem.

    Args:
        name: one of ``problems()``.
        settings: such as ``dimension=20``.

    Raises:
        SettingError: there is no such problem or setting.

    Example:
        >>> problem("hjb", dimension=3).dimension
        4
    """
    known = problems()
    key = str(name).replace("_", "-")
    if key not in known:
        raise SettingError(f"There is no problem {name!r}; the bundled ones are: {', '.join(known)}.")
    return known[key].build(**settings)

"""The bundled problems, and problem files of the user's own."""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pinnzo.errors import DeclarationError, PinnzoError, SettingError, StorageError
from pinnzo.symbolic.problem import Problem

DEFAULT_NAME = inspect.signature(Problem).parameters["name"].default


@dataclass(frozen=True)
class Entry:
    """A function that declares a problem.

    Attributes:
        name: as in ``pinnzo solve NAME``.
        declare: the function; its parameters are the problem's settings.
        settings: their defaults.
        summary: one line about the problem.
        required: the settings that have no default.
    """

    name: str
    declare: Callable[..., Problem]
    settings: dict[str, Any]
    summary: str
    required: tuple[str, ...] = ()

    def check(self, **settings: Any) -> None:
        """Check settings without declaring the problem.

        Raises:
            SettingError: it has no such setting, one is missing, or the value has another type than the default.
        """
        if missing := [key for key in self.required if key not in settings]:
            raise SettingError(f"The problem {self.name!r} needs the setting {missing[0]}, which has no default.")
        for key, value in settings.items():
            if key in self.required:
                continue
            if key not in self.settings:
                known = ", ".join([*self.required, *self.settings]) or "none"
                raise SettingError(f"The problem {self.name!r} has no setting {key!r}; its settings are: {known}.")
            default = self.settings[key]
            if type(value) is not type(default) and not (isinstance(default, float) and isinstance(value, int)):
                kind = type(default).__name__
                raise SettingError(f"The setting {key} of {self.name!r} is {value!r}: give a value of type {kind}.")
            if key == "dimension" and value < 1:
                raise SettingError(f"The setting dimension of {self.name!r} is {value}: it must be at least 1.")

    def build(self, **settings: Any) -> Problem:
        """Declare the problem.

        Raises:
            SettingError: as for ``check``.
            DeclarationError: the function fails, or returns something else.
        """
        self.check(**settings)
        try:
            problem = self.declare(**settings)
        except PinnzoError:
            raise
        except Exception as error:
            raise DeclarationError(f"Declaring {self.name!r} fails with {type(error).__name__}: {error}") from error
        if not isinstance(problem, Problem):
            raise DeclarationError(f"The function that declares {self.name!r} returned {problem!r}, not a Problem.")
        if problem.name == DEFAULT_NAME:
            problem.name = self.name
        problem.description = problem.description or self.summary
        return problem


def problem_folder() -> Path:
    """Where the bundled problems lie: in a wheel inside the package, in a checkout beside it."""
    inside = Path(__file__).parent / "bundled_problems"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "problems"


def entries_of(path: Path) -> dict[str, Entry]:
    """All problems that a Python file declares: functions annotated to return a Problem, and Problem objects.

    Raises:
        StorageError: the file cannot be read.
        DeclarationError: running it fails, or it declares nothing.
    """
    if not os.path.isfile(path):  # which has no error for names that are too long
        raise StorageError(f"There is no problem file {path}.")
    module = _run_file(path)
    found: dict[str, Entry] = {}
    for attribute, value in vars(module).items():
        name = attribute.replace("_", "-")
        if isinstance(value, Problem):
            found[name] = Entry(name, lambda value=value: value, {}, value.description)
        elif inspect.isfunction(value) and value.__module__ == module.__name__ and _returns_problem(value):
            parameters = inspect.signature(value).parameters.values()
            named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
            defaults = {p.name: p.default for p in named if p.default is not p.empty}
            required = tuple(p.name for p in named if p.default is p.empty)
            summary = (inspect.getdoc(value) or "").split("\n")[0]
            found[name] = Entry(name, value, defaults, summary, required)
    if not found:
        raise DeclarationError(
            f"The problem file {path} declares no problem: assign a pz.Problem to a name, or define a function with "
            "the annotation -> pz.Problem."
        )
    return found


def _run_file(path: Path) -> ModuleType:
    """Run a Python file as a module of its own, without leaving compiled files beside it."""
    module = ModuleType(f"pinnzo_problem_{re.sub(r'[^a-zA-Z0-9_]', '_', path.stem)}")
    module.__file__ = str(path)
    # Dataclasses and the like look their module up by its name.
    sys.modules[module.__name__] = module
    try:
        exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), vars(module))
    except PinnzoError as error:
        raise DeclarationError(f"The problem file {path} is refused. {error}") from error
    except OSError as error:
        raise StorageError(f"The problem file {path} cannot be read: {error.strerror or error}.") from None
    except (Exception, SystemExit) as error:
        raise DeclarationError(f"The problem file {path} fails with {type(error).__name__}: {error}") from error
    finally:
        del sys.modules[module.__name__]
    return module


def _returns_problem(function: Callable[..., Any]) -> bool:
    annotation = function.__annotations__.get("return")
    return annotation is Problem or (
        isinstance(annotation, str) and annotation.strip("'\"").split(".")[-1] == "Problem"
    )


def problems() -> dict[str, Entry]:
    """The bundled problems by name.

    Example:
        >>> [name for name in problems() if name.startswith("heat")]
        ['heat', 'heat-high', 'heat-nd']
    """
    found: dict[str, Entry] = {}
    for path in sorted(problem_folder().glob("[a-z]*.py")):
        found.update(entries_of(path))
    return dict(sorted(found.items()))


def entry(name: str) -> Entry:
    """The bundled problem of that name; words may be joined by either kind of dash.

    Raises:
        SettingError: there is none.
    """
    known = problems()
    key = str(name).replace("_", "-")
    if key not in known:
        raise SettingError(f"There is no problem {name!r}; the bundled ones are: {', '.join(known)}.")
    return known[key]


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
    found = entry(name)
    declared = found.build(**settings)
    declared.bundled = (found.name, dict(settings))
    return declared

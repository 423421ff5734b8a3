"""The command that draws saved solutions."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, Literal

import sympy as sp
import typer

import pinnzo as pz
from pinnzo.cli_options import words_of
from pinnzo.errors import SettingError
from pinnzo.slices import Axis
from pinnzo.storage import prepare_folder, replacing

FIGURES = ("slice.png", "history.png")
FILM = "slice.gif"
FORMATS = ("png", "pdf", "svg")

Kinds = Literal["image", "contour", "surface"]
Errors = Literal["absolute", "signed"]


def plot(
    folder: Annotated[Path, typer.Argument(help="The folder of a saved solution.")],
    axes: Annotated[str | None, typer.Option(help="One or two variables, such as x1,x2.")] = None,
    along: Annotated[
        str | None,
        typer.Option(help="Variables that move together, as an axis: x1,x2,x3; x for all of x1, x2, …"),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(help="Value of another variable: t=0.5; x=0.5 for all of x1, x2, …; t=0,0.5,1 for several."),
    ] = None,
    of: Annotated[str | None, typer.Option(help="Of a system, the unknown function: all by default.")] = None,
    kind: Annotated[Kinds, typer.Option(help="How planes are drawn.")] = "image",
    error: Annotated[Errors, typer.Option(help="Draw |solution − exact|, or solution − exact.")] = "absolute",
    unit: Annotated[list[str] | None, typer.Option(help="Unit of a variable or an unknown function: u=K.")] = None,
    points: Annotated[int | None, typer.Option(help="Grid points along each axis.")] = None,
    outside: Annotated[bool, typer.Option("--outside", help="Show what the network says outside the domain.")] = False,
    animate: Annotated[str | None, typer.Option(help="Make a film: the variable that runs, such as t.")] = None,
    frames: Annotated[int, typer.Option(help="Frames of a film.")] = 50,
    fps: Annotated[float, typer.Option(help="Frames of a film in a second.")] = 15,
    output: Annotated[
        Path | None, typer.Option(help="Write the slice alone, to this file: .png, .pdf or .svg; a film to .gif.")
    ] = None,
) -> None:
    """Draw a saved solution: slice.png and history.png in its folder, or a film, slice.gif."""
    _check_output(output, animate is not None)
    solution = pz.load(folder)
    names = _Names(solution.problem)
    chosen = names.axes(axes, along, animate)
    options = {
        "at": {names.key(key): value for key, value in _values_of(at or []).items()},
        "points": points,
        "of": of,
        "outside": outside,
        "kind": kind,
        "error": error,
        "units": {names.key(key, functions=True): text for key, text in _pairs(unit or [], "--unit")},
    }
    if animate is not None:
        film = solution.animate_slice(*chosen, over=names.symbol(animate), frames=frames, fps=fps, **options)
        written = [output or folder / FILM]
        _write(written[0], _as_gif(film))
    elif output is not None:
        written = [output]
        drawn = BytesIO()
        solution.plot_slice(*chosen, **options).savefig(drawn, format=output.suffix[1:].lower())
        _write(output, drawn.getvalue())
    else:
        written = [folder / name for name in FIGURES]
        draw(solution, folder, chosen, options)
    for path in written:
        sys.stdout.write(f"{path}\n")


def draw(
    solution: pz.Solution,
    folder: Path,
    axes: Sequence[Axis] | None = None,
    options: Mapping[str, Any] | None = None,
) -> None:
    """Write the figures of a solution to a folder.

    Args:
        solution: what is drawn.
        folder: where to; it is made where there is none.
        axes: of the slice, by default the first two variables.
        options: of ``plot_slice``.
    """
    chosen = axes or solution.problem.variables[:2]
    figures = (solution.plot_slice(*chosen, **(options or {})), solution.plot_history())
    prepare_folder(folder)
    for figure, name in zip(figures, FIGURES, strict=True):
        with replacing(folder / name) as temporary:
            figure.savefig(temporary, format="png")


class _Names:
    """What the words of the command line stand for in a problem."""

    def __init__(self, problem: pz.Problem) -> None:
        self._symbols = {s.name: s for s in problem.variables}
        self._functions = [u.func.__name__ for u in problem.functions]

    def symbol(self, name: str) -> sp.Symbol:
        """A variable."""
        if name not in self._symbols:
            raise SettingError(f"{name!r} is not a variable of the problem; they are {', '.join(self._symbols)}.")
        return self._symbols[name]

    def symbols(self, name: str) -> list[sp.Symbol]:
        """A variable, or all those that are numbered after a name."""
        numbered = [s for key, s in self._symbols.items() if re.fullmatch(re.escape(name) + r"\d+", key)]
        return numbered if numbered and name not in self._symbols else [self.symbol(name)]

    def key(self, words: str, functions: bool = False) -> Any:
        """What a value belongs to: one variable or several, or the name of an unknown function."""
        if functions and words in self._functions and words not in self._symbols:
            return words
        found = [symbol for word in words_of(words) for symbol in self.symbols(word)]
        return found[0] if len(found) == 1 else tuple(found)

    def axes(self, axes: str | None, along: str | None, running: str | None) -> list[Axis]:
        """The axes of the slice; by default the first two variables that do not run from frame to frame."""
        chosen: list[Axis] = [self.symbol(word) for word in words_of(axes)] if axes else []
        if along:
            chosen.append(pz.Diagonal(tuple(s for word in words_of(along) for s in self.symbols(word))))
        free = [s for name, s in self._symbols.items() if name != running]
        return chosen or list(free[:2])


def _pairs(given: list[str], option: str) -> list[tuple[str, str]]:
    pairs = []
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise SettingError(f"{option} {text!r} is not of the form name=value.")
        pairs.append((key.strip(), value.strip()))
    return pairs


def _values_of(given: list[str]) -> dict[str, Any]:
    """One number for each name, or a list of them."""
    found: dict[str, Any] = {}
    for key, text in _pairs(given, "--at"):
        try:
            numbers = [float(word) for word in words_of(text)]
        except ValueError:
            raise SettingError(f"--at {key}={text} is not a number, nor several with commas between them.") from None
        found[key] = numbers if len(numbers) > 1 else numbers[0]
    return found


def _check_output(output: Path | None, film: bool) -> None:
    """Refuse a file that cannot be written in the format of its name, before anything is drawn."""
    if output is None:
        return
    suffix = output.suffix[1:].lower()
    if film and suffix != "gif":
        raise SettingError(f"--output {output}: a film is written as GIF, so give a name that ends in .gif.")
    if not film and suffix == "gif":
        raise SettingError(f"--output {output}: a GIF is a film: name the variable that runs, such as --animate t.")
    if not film and suffix not in FORMATS:
        raise SettingError(f"--output {output}: give a name that ends in .{', .'.join(FORMATS)}.")


def _as_gif(film: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILM
        film.save(path)
        return path.read_bytes()


def _write(path: Path, data: bytes) -> None:
    prepare_folder(path.parent)
    with replacing(path) as temporary:
        temporary.write_bytes(data)

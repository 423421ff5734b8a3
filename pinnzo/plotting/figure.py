"""Figures of slices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pinnzo.plotting.labels import name_of, plain
from pinnzo.plotting.lines import draw_lines, prepare_lines
from pinnzo.plotting.look import Look, Scale
from pinnzo.plotting.planes import draw_plane, mappable
from pinnzo.plotting.style import COLUMN, DPI, PAGE, print_style
from pinnzo.slices import Slice

BESIDE, ABOVE_AND_BELOW, BETWEEN, TITLE = 0.83, 0.8, 0.18, 0.32
"""Inches that labels and colour bars take beside a plane, above and below all of them, and between two rows of them."""
SURFACE_TITLE = 1.0
"""Height of a title over a surface, in that of its axes."""


class SliceFigure:
    """A figure of slices over the same axes, whose contents can be replaced.

    Planes have one row for each slice: the solution and, where it is known, the exact solution and the error. Lines
    have one row for each unknown function, with one curve for each slice. What is of one unknown function has one scale
    for solutions and exact solutions and one for errors.

    Args:
        slices: what is shown, all slices of one unknown function after each other.
        title: of the figure; it is followed by what all slices are held at.
        look: how they are drawn.
        scaled_by: slices that the scales have to hold as well.

    Attributes:
        figure: of matplotlib.
    """

    def __init__(
        self, slices: Sequence[Slice], title: str = "", look: Look | None = None, scaled_by: Sequence[Slice] = ()
    ) -> None:
        self._title, self._look = title, look or Look()
        groups = _by_function(slices)
        everything = _by_function([*slices, *scaled_by])
        self._values = {name: Scale.of_values(group) for name, group in everything.items()}
        self._errors = {name: Scale.of_errors(group, self._look) for name, group in everything.items()}
        self._known, self._line = slices[0].exact is not None, len(slices[0].axes) == 1
        self._several = len(groups) > 1
        # What moves between frames needs a legend that does not.
        self._legend = "upper right" if scaled_by else "best"
        self._artists: list[Artist] = []
        with print_style():
            self._panels = self._lay_out(groups)
            for index, slice_ in enumerate(self._heads(groups)):
                self._prepare(index, slice_, slices)
            if not self._line and self._look.kind != "surface":
                self._add_bars(groups)
        self.show(slices)

    def show(self, slices: Sequence[Slice], title: str | None = None) -> None:
        """Draw other slices in place of those that are shown; scales and labels stay.

        Args:
            slices: as many as before.
            title: in place of the figure's own.
        """
        for artist in self._artists:
            artist.remove()
        varying, look = _varying(slices), self._look
        with print_style():
            if self._line:
                self._artists = []
                for row, group in zip(self._panels, _by_function(slices).values(), strict=True):
                    names = [_place(s, varying, look) for s in group]
                    self._artists += draw_lines(row, group, names, look, self._legend)
            else:
                self._artists = [
                    artist
                    for row, slice_ in zip(self._panels, slices, strict=True)
                    for panel, (_, array, scale) in zip(row, self._fields(slice_), strict=True)
                    for artist in draw_plane(panel, slice_, array, scale, look.kind)
                ]
            fixed = {s: value for s, value in slices[0].at.items() if s not in varying}
            parts = [plain(self._title) if title is None else title, look.units.held(fixed) if title is None else ""]
            self.figure.suptitle(" — ".join(part for part in parts if part))

    def _heads(self, groups: dict[str, list[Slice]]) -> list[Slice]:
        """The slices that rows take their labels from."""
        return [s for group in groups.values() for s in (group[:1] if self._line else group)]

    def _fields(self, slice_: Slice) -> list[tuple[str, Any, Scale]]:
        """What the panels of a row show: its name, the values and their scale."""
        scale = self._values[slice_.name]
        fields: list[tuple[str, Any, Scale]] = [("solution", slice_.values, scale)]
        if slice_.exact is not None:
            fields.append(("exact", slice_.exact, scale))
            fields.append((self._look.error_label, self._look.errors(slice_), self._errors[slice_.name]))
        return fields

    def _lay_out(self, groups: dict[str, list[Slice]]) -> Any:
        heads = self._heads(groups)
        rows, columns = len(heads), 1 + self._known * (1 if self._line else 2)
        width = COLUMN if columns == 1 else PAGE
        surface = self._look.kind == "surface" and not self._line
        aspect = None if self._line else self._look.aspect(heads[0])
        layout = "compressed" if aspect else "constrained"
        if self._line or surface:
            height = 0.35 + (2.2 if self._line else 2.0) * rows
        else:
            side = (width / columns - BESIDE) * min(aspect or 0.9, 2)
            height = ABOVE_AND_BELOW + rows * side + (rows - 1) * (TITLE if self._several else BETWEEN)
        self.figure = Figure(figsize=(width, height), dpi=DPI, layout=layout)
        shared: Any = {} if surface or self._line else {"sharex": True, "sharey": True}
        kind: Any = {"projection": "3d"} if surface else {}
        return self.figure.subplots(rows, columns, squeeze=False, subplot_kw=kind, **shared)

    def _prepare(self, index: int, slice_: Slice, slices: Sequence[Slice]) -> None:
        row, look = self._panels[index], self._look
        scales = self._values[slice_.name], self._errors[slice_.name]
        if self._line:
            prepare_lines(row, slice_, *scales, look, look.named or self._several)
            return
        x, y = (look.units.axis(axis) for axis in slice_.axes)
        place = _place(slice_, _varying(slices), look)
        prefix = f"{name_of(slice_.name)}: " if look.named or self._several else ""
        titled, last = index == 0 or self._several, index == len(self._panels) - 1
        three = look.kind == "surface"
        for panel, (what, _, _) in zip(row, self._fields(slice_), strict=True):
            if titled:
                unit = f" {look.units.unit_of(slice_.name)}" if three else ""  # others have it at their colour bar
                panel.set_title(prefix + what + unit.rstrip(), y=SURFACE_TITLE if three else None)
            if last or three:
                panel.set_xlabel(x)
            if look.aspect(slice_) is not None:
                panel.set_aspect("equal")
            if three:
                _prepare_surface(panel, y)
        if three:
            row[0].text2D(-0.06, 0.5, place, transform=row[0].transAxes, rotation=90, va="center")
        else:
            row[0].set_ylabel(f"{place}\n{y}" if place else y)

    def _add_bars(self, groups: dict[str, list[Slice]]) -> None:
        """A colour bar beside every panel of a single row; of several rows one for values and one for errors."""
        units, kind, start = self._look.units, self._look.kind, 0
        for name, group in groups.items():
            rows = self._panels[start : start + len(group)]
            start += len(group)
            parts = [rows[:, [i]] for i in range(rows.shape[1])]
            if len(group) > 1 and self._known:
                parts = [rows[:, :2], rows[:, 2:]]
            scales = [self._values[name]] * (len(parts) - self._known) + [self._errors[name]] * self._known
            for panels, scale in zip(parts, scales, strict=True):
                bar = self.figure.colorbar(mappable(scale, kind), ax=panels.ravel().tolist(), aspect=20 * len(group))
                bar.formatter.set_powerlimits((-2, 3))
                # A power of ten begins above the bar, so that it does not keep the bar away from its panel.
                bar.ax.yaxis.set_offset_position("left")
                bar.outline.set_linewidth(0.4)
                if unit := units.unit_of(name):
                    what = self._look.error_label if scale is self._errors[name] else name_of(name)
                    bar.set_label(f"{what} {unit}")


def plot_slices(slices: Sequence[Slice], title: str = "", look: Look | None = None) -> Figure:
    """Draw slices over the same one or two axes, with exact solutions and errors where known; see ``SliceFigure``.

    Args:
        slices: those of one unknown function after each other.
        title: of the figure.
        look: how they are drawn.
    """
    return SliceFigure(slices, title, look).figure


def _prepare_surface(panel: Any, label: str) -> None:
    panel.set_ylabel(label)
    panel.view_init(elev=28, azim=-55)
    panel.set_box_aspect((1, 1, 0.72), zoom=1.08)
    panel.tick_params(labelsize=6, pad=-3)
    panel.tick_params(axis="z", pad=-1)
    for axis in (panel.xaxis, panel.yaxis, panel.zaxis):
        axis.set_pane_color("white")
        axis.labelpad = -7
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    panel.zaxis.get_major_formatter().set_powerlimits((-2, 3))
    panel.zaxis.get_offset_text().set_fontsize(6)


def _by_function(slices: Sequence[Slice]) -> dict[str, list[Slice]]:
    groups: dict[str, list[Slice]] = {}
    for slice_ in slices:
        groups.setdefault(slice_.name, []).append(slice_)
    return groups


def _varying(slices: Sequence[Slice]) -> list[sp.Symbol]:
    """The variables that are held at several values."""
    return [symbol for symbol, value in slices[0].at.items() if any(s.at[symbol] != value for s in slices)]


def _place(slice_: Slice, varying: Sequence[sp.Symbol], look: Look) -> str:
    """What tells a slice from those that are held elsewhere."""
    return look.units.held({symbol: slice_.at[symbol] for symbol in varying})

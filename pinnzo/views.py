"""The ways to look at a solution: slices of it, figures and films."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sympy as sp
import torch

from pinnzo.accuracy import Accuracy
from pinnzo.slices import Axis, Slice, make_slice, several_values
from pinnzo.symbolic.problem import Problem
from pinnzo.training import History

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation
    from matplotlib.figure import Figure

ROUNDING = 1e-12
"""By how much of its size a point may lie outside a domain and still count as one of its boundary."""
PLANE, LINE = 101, 401
"""Points that are drawn along an axis of a plane, and along a line."""


class Views(ABC):
    """What can be seen of a function that solves a problem.

    Attributes:
        problem: the declaration.
        history: what was recorded on the way.
    """

    problem: Problem
    history: History

    @abstractmethod
    def _values(self, x: torch.Tensor) -> torch.Tensor:
        """Its values (N,), or (N, C) for C unknown functions, at points (N, D), also where they are not finite."""

    @abstractmethod
    def error(self) -> Accuracy:
        """Errors against the exact solution."""

    def slice(
        self,
        *axes: Axis,
        at: Mapping[Any, Any] | None = None,
        points: int = 101,
        of: Any = None,
        outside: bool = False,
    ) -> Slice:
        """Values on a line (one axis) or a plane (two) through the domain.

        Points of the line or plane that are not in the domain have the value NaN.

        Args:
            axes: the variables that run over their range, or a ``Diagonal``, along which several move together.
            at: values of the others, by variable, or by a tuple of variables for all of them at once; those not named
                stay at their mean, the middle of the domain.
            points: grid points along each axis.
            of: the unknown function, as u(x, …) or by its name; by default the first.
            outside: keep the values outside the domain, where a network continues the solution as it likes.

        Raises:
            SettingError: a variable is unknown, or named twice, ``of`` is none of the unknown functions, or no point of
                the slice is in the domain.

        Example:
            >>> import pinnzo as pz
            >>> solution = pz.solve("hjb", budget=pz.Budget(steps=1), progress=False)
            >>> *x, t = solution.problem.variables
            >>> line = solution.slice(pz.Diagonal(x), at={t: 0.5}, points=3)
            >>> line.coordinates[0].tolist(), line.exact.tolist(), line.points.shape
            ([0.0, 0.5, 1.0], [0.5, 10.5, 20.5], (3, 21))
        """
        component = 0 if of is None else self.problem.component(of)
        domain = self.problem.domain
        order = [self.problem.variables.index(s) for s in domain.variables]

        def chosen(values: torch.Tensor) -> torch.Tensor:
            return values if values.ndim == 1 else values[:, component]

        def exact(x: torch.Tensor) -> torch.Tensor | None:
            values = self.problem.exact_values(x)
            return None if values is None else chosen(values)

        return make_slice(
            lambda x: chosen(self._values(x)).to(x.device),
            exact,
            self.problem.variables,
            dict(zip(domain.variables, domain.scale(), strict=True)),
            dict(zip(domain.variables, domain.middle(), strict=True)),
            # The boundary belongs to the domain, whatever the rounding.
            lambda x: domain.inside(x[:, order], -ROUNDING * domain.extent),
            axes,
            at,
            points,
            outside,
            self.problem.functions[component].func.__name__,
        )

    def plot_slice(
        self,
        *axes: Axis,
        at: Mapping[Any, Any] | None = None,
        points: int | None = None,
        of: Any = None,
        outside: bool = False,
        kind: str = "image",
        error: str = "absolute",
        units: Mapping[Any, Any] | None = None,
    ) -> Figure:
        """Draw a slice: the solution and, where it is known, the exact solution and the error.

        Arguments and errors are those of ``slice``, but of a system all unknown functions are drawn by default, and one
        variable may be held at several values, ``at={t: [0, 0.5, 1]}``: one row of planes for each, or one curve.
        Solution and exact solution share one scale in all rows, the errors another.

        Args:
            axes: one or two variables or diagonals.
            at: what is held.
            points: grid points along each axis, by default 101, and 401 of a line.
            of: the unknown function.
            outside: show what the network says outside the domain, which is blank otherwise.
            kind: of planes: "image", "contour" or "surface".
            error: "absolute" draws |solution − exact| from zero upwards, "signed" draws solution − exact in two colours
                that meet at zero.
            units: of variables and unknown functions for the labels, such as ``{x: "m", t: "s", u: "K"}``.
        """
        from pinnzo.plotting import Look, plot_slices

        look = Look.of(self.problem, kind, error, units)
        options = {"points": _drawn_points(axes, points), "outside": outside}
        places = several_values(at)
        slices = [self.slice(*axes, at=place, of=u, **options) for u in self._drawn_functions(of) for place in places]
        return plot_slices(slices, title=self.problem.name, look=look)

    def animate_slice(
        self,
        *axes: Axis,
        over: sp.Symbol,
        frames: int | Sequence[float] = 50,
        fps: float = 15,
        at: Mapping[Any, Any] | None = None,
        points: int | None = None,
        of: Any = None,
        outside: bool = False,
        kind: str = "image",
        error: str = "absolute",
        units: Mapping[Any, Any] | None = None,
    ) -> FuncAnimation:
        """Let one variable of a slice run, time above all: one figure a frame, with the same scales in all of them.

        ``animate_slice(x[0], x[1], over=t).save("u.gif")`` writes a film, for which Pillow is enough;
        ``.to_jshtml()`` is one for a notebook. Further arguments and errors are those of ``plot_slice``.

        Args:
            axes: one or two variables or diagonals.
            over: the variable that runs from frame to frame.
            frames: how many, spread evenly over the range of the variable, or its values.
            fps: frames a second.
            at: what is held, at one value each.
            points: grid points along each axis.
            of: the unknown function.
            outside: show what the network says outside the domain.
            kind: of planes: "image", "contour" or "surface".
            error: "absolute" or "signed".
            units: of variables and unknown functions.
        """
        from pinnzo.plotting import Look, animate_slices, frame_values

        look = Look.of(self.problem, kind, error, units)
        domain = self.problem.domain
        values = frame_values(over, frames, dict(zip(domain.variables, domain.scale(), strict=True)), axes, at)
        options = {"points": _drawn_points(axes, points), "outside": outside}
        held = dict(at or {})
        slices = [
            [self.slice(*axes, at={**held, over: value}, of=u, **options) for u in self._drawn_functions(of)]
            for value in values
        ]
        return animate_slices(slices, over, fps, title=self.problem.name, look=look)

    def _drawn_functions(self, of: Any) -> Sequence[Any]:
        return self.problem.functions if of is None else [of]

    def plot_history(self) -> Figure:
        """Draw loss and error against network evaluations and against time."""
        from pinnzo.plotting import plot_history

        baseline = self.error().zero_network if self.problem.exact is not None else None
        return plot_history(self.history, title=self.problem.name, zero_network=baseline)


def _drawn_points(axes: Sequence[Axis], points: int | None) -> int:
    if points is not None:
        return points
    return PLANE if len(axes) > 1 else LINE

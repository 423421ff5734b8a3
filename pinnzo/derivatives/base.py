"""What every derivative estimator looks like from outside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

import torch

from pinnzo.derivatives.steps import Scale, scale_of
from pinnzo.errors import NonFiniteError, SettingError, ShapeError, StencilError
from pinnzo.multiindex import LinearOperator, Order, multi_index


class Field(Protocol):
    """K scalar functions of points that can be evaluated at shifted points."""

    @property
    def width(self) -> int:
        """Numbers that one point takes while all K functions are evaluated there."""
        ...

    def values(self, x: torch.Tensor) -> torch.Tensor:
        """The functions at points x (P, D): (K, P)."""
        ...

    def values_at(self, x: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
        """The functions at x_p + δ_j, nodes (J, D): (K, P, J)."""
        ...


class Discretisation(ABC):
    """R linear operators made computable: from function values to (K, P, R) numbers.

    Attributes:
        rows: the operators, in the order of the last axis.
        evaluations_per_point: network evaluations that one point costs.
        random_rows: the rows that are random and right on average, which may enter an equation only linearly.
        random_norms: the same for squared gradients.
        projections: for each squared gradient the directions w_k whose w_k·∇f stand for it, (V, axes).
    """

    rows: tuple[LinearOperator, ...]
    evaluations_per_point: int
    random_rows: frozenset[int] = frozenset()
    random_norms: frozenset[int] = frozenset()
    projections: tuple[torch.Tensor, ...] = ()

    @abstractmethod
    def apply(self, field: Field, x: torch.Tensor) -> torch.Tensor:
        """The rows of K functions at points x (P, D): (K, P, R)."""

    def drawn(self, generator: torch.Generator) -> Discretisation:
        """The same operators with a fresh draw of what is random in them; itself where nothing is."""
        return self


class Estimator(ABC):
    """A way to get derivatives of a function; its subclasses are frozen dataclasses of settings.

    Attributes:
        projects_gradients: whether squared gradients are estimated from a few directions instead of all partial
            derivatives.
    """

    projects_gradients: ClassVar[bool] = False

    @abstractmethod
    def discretise(self, rows: Sequence[LinearOperator], dimension: int) -> Discretisation:
        """Prepare the given linear operators in ``dimension`` variables.

        The identity row is the function's own value at the point. An estimator with ``projects_gradients`` takes a
        third argument, the axes of each squared gradient, and appends the columns of their ``projections``.

        Raises:
            StencilError: this estimator cannot see one of the derivatives.
        """

    def fitted(self, rows: Sequence[LinearOperator], scale: Scale, dtype: torch.dtype, noise: float = 0.0) -> Estimator:
        """The same with numbers in place of steps that were left to choose ("auto").

        Args:
            rows: the operators that will be asked for.
            scale: for each variable the ends of its usual range.
            dtype: of the points.
            noise: the standard deviation of the noise of values of order one.
        """
        return self

    def smoothing(self, dimension: int) -> Discretisation:
        """The function f_σ(x) = E f(x + σz), z ~ N(0, I), whose derivatives this estimator approximates.

        Raises:
            StencilError: it approximates those of f itself.
        """
        raise StencilError(
            f"{type(self).__name__} does not smooth: it approximates the derivatives of the function itself. "
            "SmolyakStein and MonteCarloStein smooth."
        )

    def derivatives(
        self,
        f: Callable[[torch.Tensor], torch.Tensor],
        points: torch.Tensor,
        orders: Sequence[Order],
        *,
        generator: torch.Generator | None = None,
    ) -> torch.Tensor:
        """Estimate derivatives of any function of points.

        Args:
            f: maps points (N, D) to values (N,).
            points: where, (N, D).
            orders: multi-indices, each a tuple of D derivative orders or a mapping ``{axis: order}``.
            generator: of what is random in the estimator; by default the same draw every time.

        Returns:
            (len(orders), N)

        Raises:
            ShapeError: ``points``, an order or what ``f`` returns has another shape.
            NonFiniteError: ``points`` or an estimate has NaN or infinite entries.
            StencilError: this estimator cannot see one of the derivatives.
        """
        dimension = _dimension(points)
        if not isinstance(orders, Sequence) or isinstance(orders, (str, bytes)):
            raise ShapeError(
                f"orders is {orders!r}, but has to be a list of multi-indices, such as [(2, 0), {{1: 1}}]."
            )
        rows = [LinearOperator.derivative(multi_index(order, dimension)) for order in orders]
        return self.operators(f, points, rows, generator=generator)

    def laplacian(
        self,
        f: Callable[[torch.Tensor], torch.Tensor],
        points: torch.Tensor,
        axes: Sequence[int] | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> torch.Tensor:
        """Estimate Σ_i ∂_i² f over the given axes, by default all; arguments and errors as for ``operators``.

        Returns:
            (N,)
        """
        row = LinearOperator.laplacian(range(_dimension(points)) if axes is None else axes)
        return self.operators(f, points, [row], generator=generator)[0]

    def gradient_norm_squared(
        self,
        f: Callable[[torch.Tensor], torch.Tensor],
        points: torch.Tensor,
        axes: Sequence[int] | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> torch.Tensor:
        """Estimate Σ_i (∂_i f)² over the given axes, by default all; arguments and errors as for ``operators``.

        Returns:
            (N,)
        """
        rows = [
            LinearOperator.derivative(((axis, 1),)) for axis in (range(_dimension(points)) if axes is None else axes)
        ]
        return self.operators(f, points, rows, generator=generator).square().sum(0)

    def operators(
        self,
        f: Callable[[torch.Tensor], torch.Tensor],
        points: torch.Tensor,
        rows: Sequence[LinearOperator],
        *,
        generator: torch.Generator | None = None,
    ) -> torch.Tensor:
        """Estimate linear differential operators of any function of points, each by one weighted sum.

        Args:
            f: maps points (N, D) to values (N,).
            points: where, (N, D).
            rows: the operators.
            generator: of what is random in the estimator; by default the same draw every time.

        Returns:
            (len(rows), N)

        Raises:
            ShapeError: ``points`` or what ``f`` returns has another shape, or an operator names an axis that is not
                there.
            StencilError: this estimator cannot see one of the operators.
        """
        dimension = _dimension(points)
        discretisation = self.fitted(rows, scale_of(points), points.dtype).discretise(rows, dimension)
        return columns_of(discretisation, f, points, generator)


def columns_of(
    discretisation: Discretisation,
    f: Callable[[torch.Tensor], torch.Tensor],
    points: torch.Tensor,
    generator: torch.Generator | None,
) -> torch.Tensor:
    """All columns of a discretisation for a plain function, (R, N), on a fresh draw where a generator is given."""
    from pinnzo.derivatives.evaluation import FunctionField

    if not callable(f):
        raise SettingError(f"f is {f!r}, but has to be a function of points (N, D) with values (N,).")
    drawn = discretisation if generator is None else discretisation.drawn(generator)
    columns = drawn.apply(FunctionField(f), points)[0].T
    if not columns.isfinite().all():
        which = int(columns.detach().isfinite().all(0).to(torch.uint8).argmin())
        raise NonFiniteError(
            f"The estimate is NaN or infinite at point {which}: f has to be finite there, and at the nodes of the "
            "estimator around it; take a smaller step near singular points."
        )
    return columns


def _dimension(points: torch.Tensor) -> int:
    from pinnzo.derivatives.evaluation import check_points

    return check_points(points)

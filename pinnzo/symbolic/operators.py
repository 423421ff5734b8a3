"""The differential operators that users write; their SymPy nodes are in ``nodes``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp

from pinnzo.errors import DeclarationError
from pinnzo.symbolic.domains import Ball
from pinnzo.symbolic.nodes import Divergence, Gradient, GradientNormSquared, Laplacian


def laplacian(u: Any, x: Iterable[sp.Symbol] | sp.Symbol) -> Laplacian:
    """The Laplacian Δu = Σ_i ∂²u/∂x_i² in the coordinates ``x``.

    Args:
        u: a SymPy expression.
        x: the coordinates, one symbol or several.

    Returns:
        An unevaluated node; ``.doit()`` writes the sum out.

    Raises:
        DeclarationError: ``x`` holds no symbol, or something else than symbols.

    Example:
        >>> import sympy as sp
        >>> x, y = sp.symbols("x y", real=True)
        >>> laplacian(x**2 + y**4, (x, y)).doit()
        12*y**2 + 2
    """
    return Laplacian(u, x)


def gradient_norm_squared(u: Any, x: Iterable[sp.Symbol] | sp.Symbol) -> GradientNormSquared:
    """The squared Euclidean norm of the gradient, ‖∇u‖² = Σ_i (∂u/∂x_i)².

    Args:
        u: a SymPy expression.
        x: the coordinates, one symbol or several.

    Returns:
        An unevaluated node; ``.doit()`` writes the sum out.

    Example:
        >>> import sympy as sp
        >>> x, y = sp.symbols("x y", real=True)
        >>> gradient_norm_squared(x + 3 * y, (x, y)).doit()
        10
    """
    return GradientNormSquared(u, x)


def gradient(u: Any, x: Iterable[sp.Symbol] | sp.Symbol) -> Gradient:
    """The gradient ∇u as a column (D, 1) that combines with SymPy matrices.

    Args:
        u: a SymPy expression.
        x: the coordinates, one symbol or several.

    Returns:
        An unevaluated matrix expression; ``.doit()`` gives the column of derivatives.

    Example:
        >>> import sympy as sp
        >>> x, y = sp.symbols("x y", real=True)
        >>> gradient(x * y, (x, y)).doit()
        Matrix([
        [y],
        [x]])
    """
    return Gradient(u, x)


def divergence(field: Any, x: Iterable[sp.Symbol] | sp.Symbol) -> Divergence:
    """The divergence ∇·F = Σ_i ∂F_i/∂x_i.

    Args:
        field: a column or row of D components: a SymPy matrix, a matrix expression such as
            ``k * gradient(u, x)``, or a sequence of expressions.
        x: the D coordinates.

    Returns:
        An unevaluated node; ``.doit()`` writes the sum out.

    Raises:
        DeclarationError: the field has another number of components than there are coordinates.

    Example:
        >>> import sympy as sp
        >>> x, y = sp.symbols("x y", real=True)
        >>> divergence(x * gradient(x * y, (x, y)), (x, y)).doit()
        y
    """
    return Divergence(field, x)


def normal_derivative(u: Any, ball: Ball) -> sp.Expr:
    """The outward normal derivative on the sphere of a ball, ∂u/∂n = Σ_i (x_i − c_i)/r ∂u/∂x_i.

    Args:
        u: a SymPy expression.
        ball: whose sphere it is; for a ball with time beside it, ``Ball(x) * Box({t: …})``, the ball alone.

    Returns:
        The sum, for ``Boundary(normal_derivative(u, ball), g)``.

    Raises:
        DeclarationError: ``ball`` is no ball. On a box the normal changes from face to face: write an equation such
            as ``Eq(u.diff(x).subs(x, 0), g)`` for each.

    Example:
        >>> import sympy as sp
        >>> x, y = sp.symbols("x y", real=True)
        >>> normal_derivative(x**2 + y, Ball((x, y), radius=2))
        x**2 + y/2
    """
    if not isinstance(ball, Ball):
        raise DeclarationError(
            f"ball is {ball!r}: pass a Ball. On a box, write an equation such as Eq(u.diff(x).subs(x, 0), g) for each "
            "face."
        )
    radius = sp.nsimplify(ball.radius)
    offsets = [(s, s - sp.nsimplify(c)) for s, c in zip(ball.variables, ball.center, strict=True)]
    return sp.Add(*(offset / radius * sp.diff(u, s) for s, offset in offsets))

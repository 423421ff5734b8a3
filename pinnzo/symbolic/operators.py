"""The differential operators that users write; their SymPy nodes are in ``nodes``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp

from pinnzo.errors import DeclarationError
from pinnzo.symbolic.domains import Box, Domain, Shell
from pinnzo.symbolic.expressions import scalar_expression
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


def normal_derivative(u: Any, ball: Domain) -> sp.Expr:
    """The outward normal derivative on the boundary of a domain, ∂u/∂n = Σ_i n_i ∂u/∂x_i.

    On the sphere of a ball n_i = (x_i − c_i)/r, and on the inner sphere of a shell the same with the opposite sign.
    On a simplex or a difference n is that of the part of the boundary that is nearest.

    Args:
        u: a SymPy expression.
        ball: a ``Ball``, a ``Shell``, a ``Simplex`` or a difference of domains; with time beside it, as in
            ``Ball(x) * Box({t: …})``, the ball alone.

    Returns:
        The sum, for ``Boundary(normal_derivative(u, ball), g)``.

    Raises:
        DeclarationError: ``ball`` is none of these. On a box the normal changes from face to face: write an equation
            such as ``Eq(u.diff(x).subs(x, 0), g)`` for each.

    Example:
        >>> import sympy as sp
        >>> from pinnzo.symbolic import Ball
        >>> x, y = sp.symbols("x y", real=True)
        >>> normal_derivative(x**2 + y, Ball((x, y), radius=2))
        x**2 + y/2
    """
    parts = ball.boundary_parts() if isinstance(ball, Domain) and not isinstance(ball, Box) else []
    if not parts:
        raise DeclarationError(
            f"ball is {ball!r}: pass a Ball, a Shell, a Simplex or a difference. On a box, write an equation such as "
            "Eq(u.diff(x).subs(x, 0), g) for each face."
        )
    u = scalar_expression(u, "normal_derivative")
    slopes = [sp.diff(u, s) for s in ball.variables]
    if len(parts) == 1:
        return sp.Add(*(n * slope for n, slope in zip(parts[0][1], slopes, strict=True)))
    if isinstance(ball, Shell):
        return _on_spheres(ball, slopes)
    distances, normals = zip(*parts, strict=True)
    # The first part that is no farther than those after it is the nearest of all.
    nearest = [sp.Le(d, sp.Min(*distances[k + 1 :])) for k, d in enumerate(distances[:-1])] + [sp.true]
    components = [sp.Piecewise(*zip(n, nearest, strict=True), evaluate=False) for n in zip(*normals, strict=True)]
    return sp.Add(*(n * slope for n, slope in zip(components, slopes, strict=True)))


def _on_spheres(shell: Shell, slopes: list[sp.Expr]) -> sp.Expr:
    """The outward normal derivative on the two spheres of a shell."""
    offsets = [s - sp.nsimplify(c) for s, c in zip(shell.variables, shell.center, strict=True)]
    norm = sp.sqrt(sp.Add(*(d**2 for d in offsets)))
    side = sp.sign(norm - sp.nsimplify((shell.inner + shell.outer) / 2))
    return sp.Add(*(side * d / norm * slope for d, slope in zip(offsets, slopes, strict=True)))

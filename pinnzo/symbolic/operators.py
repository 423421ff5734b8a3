"""Differential operators as SymPy nodes that stay unevaluated until ``.doit()``.

They print as mathematics, and the compiler turns each into one weighted sum instead of D separate derivatives.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixExpr

from pinnzo.errors import DeclarationError


def _variables(x: Any, operator: str) -> sp.Tuple:
    symbols = (x,) if isinstance(x, sp.Symbol) else tuple(x)
    if not symbols or not all(isinstance(s, sp.Symbol) for s in symbols):
        raise DeclarationError(
            f"{operator} needs the coordinates to differentiate by: pass one symbol or a tuple of symbols, not {x!r}."
        )
    if len(set(symbols)) != len(symbols):
        raise DeclarationError(f"{operator} got a coordinate twice in {symbols}: name each one once.")
    return sp.Tuple(*symbols)


class _ScalarOperator(sp.Expr):
    """An operator with arguments (expression, coordinates) and a scalar result."""

    latex_form = ""
    text_form = ""

    def __new__(cls, expression: Any, x: Any) -> _ScalarOperator:
        return sp.Expr.__new__(cls, sp.sympify(expression), _variables(x, cls.text_form))

    @property
    def expression(self) -> Any:
        """What the operator is applied to."""
        return self.args[0]

    @property
    def coordinates(self) -> tuple[sp.Symbol, ...]:
        """The coordinates that it differentiates by."""
        return tuple(self.args[1])  # type: ignore[arg-type]

    def _eval_subs(self, old: sp.Basic, new: sp.Basic) -> sp.Basic | None:
        # As for sympy.Derivative: a value put in for a coordinate must wait until the derivative is taken.
        return sp.Subs(self, old, new) if old in self.coordinates and not isinstance(new, sp.Symbol) else None

    def _eval_derivative(self, s: sp.Symbol) -> sp.Expr:
        return self.doit().diff(s)

    def _sympystr(self, printer: Any) -> str:
        inner = ", ".join(printer.doprint(s) for s in self.coordinates)
        return f"{self.text_form}({printer.doprint(self.expression)}, ({inner}))"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        body = self.latex_form.format(printer.doprint(self.expression))
        return body if exp is None else rf"\left({body}\right)^{{{exp}}}"


class Laplacian(_ScalarOperator):
    """Δu = Σ_i ∂²u/∂x_i²."""

    latex_form = r"\Delta {}"
    text_form = "laplacian"

    def doit(self, **hints: Any) -> sp.Expr:
        """Write the sum of second derivatives out."""
        inner = self.expression.doit(**hints)
        return sp.Add(*(inner.diff(s, 2) for s in self.coordinates))

    def _eval_derivative(self, s: sp.Symbol) -> sp.Expr:
        return Laplacian(self.expression.diff(s), self.coordinates)


class GradientNormSquared(_ScalarOperator):
    """‖∇u‖² = Σ_i (∂u/∂x_i)²."""

    latex_form = r"\left\| \nabla {} \right\|^2"
    text_form = "gradient_norm_squared"

    def doit(self, **hints: Any) -> sp.Expr:
        """Write the sum of squares out."""
        inner = self.expression.doit(**hints)
        return sp.Add(*(inner.diff(s) ** 2 for s in self.coordinates))


class Divergence(_ScalarOperator):
    """∇·F = Σ_i ∂F_i/∂x_i."""

    latex_form = r"\nabla \cdot \left( {} \right)"
    text_form = "divergence"

    def __new__(cls, field: Any, x: Any) -> Divergence:
        variables = _variables(x, cls.text_form)
        if not isinstance(field, (MatrixExpr, sp.MatrixBase)):
            field = sp.ImmutableMatrix(list(field))
        if isinstance(field, sp.MatrixBase):
            field = field.as_immutable()
        rows, columns = field.shape
        if (columns != 1 and rows != 1) or max(rows, columns) != len(variables):
            raise DeclarationError(
                f"divergence got a field of shape {(rows, columns)} for {len(variables)} coordinates: "
                "give one component for each coordinate."
            )
        return sp.Expr.__new__(cls, field, variables)

    def components(self) -> list[sp.Expr]:
        """The field's components, with inner operators evaluated."""
        field = self.args[0]
        explicit = field.as_explicit() if isinstance(field, MatrixExpr) else field
        return [entry.doit() for entry in explicit]  # type: ignore[union-attr]

    def doit(self, **hints: Any) -> sp.Expr:
        """Write the sum of derivatives out."""
        return sp.Add(*(f.diff(s) for f, s in zip(self.components(), self.coordinates, strict=True)))


class Gradient(MatrixExpr):
    """∇u, a column of first derivatives; it adds, scales and multiplies like any SymPy matrix expression."""

    def __new__(cls, expression: Any, x: Any) -> Gradient:
        return MatrixExpr.__new__(cls, sp.sympify(expression), _variables(x, "gradient"))

    @property
    def shape(self) -> tuple[Any, Any]:
        """(D, 1)."""
        return (sp.Integer(len(self.args[1].args)), sp.Integer(1))

    def _entry(self, i: Any, j: Any, **kwargs: Any) -> sp.Expr:
        return sp.Derivative(self.args[0], self.args[1].args[int(i)])

    def doit(self, **hints: Any) -> sp.ImmutableMatrix:
        """The column of derivatives."""
        inner = self.args[0].doit(**hints)
        return sp.ImmutableMatrix([inner.diff(s) for s in self.args[1].args])

    def _sympystr(self, printer: Any) -> str:
        inner = ", ".join(printer.doprint(s) for s in self.args[1].args)
        return f"gradient({printer.doprint(self.args[0])}, ({inner}))"

    def _latex(self, printer: Any) -> str:
        return rf"\nabla {printer.doprint(self.args[0])}"


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

"""Differential operators as SymPy nodes that stay unevaluated until ``.doit()``.

They print as mathematics, and the compiler turns each into one weighted sum instead of D separate derivatives.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixElement, MatrixExpr
from sympy.matrices.expressions.matmul import MatMul
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.pretty.stringpict import prettyForm

from pinnzo.checks import entries_of
from pinnzo.errors import DeclarationError
from pinnzo.symbolic.expressions import scalar_expression


def _variables(x: Any, operator: str) -> sp.Tuple:
    symbols = (x,) if isinstance(x, sp.Symbol) else entries_of(x) or ()
    if not symbols or not all(isinstance(s, sp.Symbol) for s in symbols):
        raise DeclarationError(
            f"{operator} needs the coordinates to differentiate by: pass one symbol or a tuple of symbols, not {x!r}."
        )
    if len(set(symbols)) != len(symbols):
        raise DeclarationError(f"{operator} got a coordinate twice in {symbols}: name each one once.")
    return sp.Tuple(*symbols)


def _operand(expression: sp.Expr, printer: Any) -> str:
    """LaTeX of what an operator is applied to, in parentheses unless it is a function or a symbol."""
    return printer.parenthesize(expression, PRECEDENCE["Func"], strict=True)


class _ScalarOperator(sp.Expr):
    """An operator with arguments (expression, coordinates) and a scalar result."""

    # SymPy would infer it from the arguments, and the tuple of coordinates has no answer.
    is_commutative = True
    latex_form = ""
    text_form = ""

    def __new__(cls, expression: Any, x: Any) -> _ScalarOperator:
        operand = scalar_expression(expression, f"The operand of {cls.text_form}")
        return sp.Expr.__new__(cls, operand, _variables(x, cls.text_form))

    @property
    def expression(self) -> Any:
        """What the operator is applied to."""
        return self.args[0]

    # By their class names, SymPy's pretty and MathML printers take these for operators of sympy.vector.
    _expr = expression

    @property
    def coordinates(self) -> tuple[sp.Symbol, ...]:
        """The coordinates that it differentiates by."""
        return tuple(self.args[1])  # type: ignore[arg-type]

    def _eval_subs(self, old: sp.Basic, new: sp.Basic) -> sp.Basic | None:
        # As for sympy.Derivative: a value put in for a coordinate must wait until the derivative is taken.
        renamed = isinstance(new, sp.Symbol) and new not in self.free_symbols
        return sp.Subs(self, old, new) if old in self.coordinates and not renamed else None

    def _eval_derivative(self, s: sp.Symbol) -> sp.Expr:
        return self.doit().diff(s)

    def _sympystr(self, printer: Any) -> str:
        inner = ", ".join(printer.doprint(s) for s in self.coordinates)
        return f"{self.text_form}({printer.doprint(self.expression)}, ({inner}))"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        body = self.latex_form.format(_operand(self.expression, printer))
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

    latex_form = r"{{\left\| \nabla {} \right\|^2}}"  # in braces, so that it can be raised to a power
    text_form = "gradient_norm_squared"

    def _pretty(self, printer: Any) -> Any:
        inner = prettyForm(*printer._print(self.expression).parens())
        return prettyForm(*prettyForm(*inner.left("‖∇")).right("‖²"))

    def doit(self, **hints: Any) -> sp.Expr:
        """Write the sum of squares out."""
        inner = self.expression.doit(**hints)
        return sp.Add(*(inner.diff(s) ** 2 for s in self.coordinates))


class Divergence(_ScalarOperator):
    """∇·F = Σ_i ∂F_i/∂x_i."""

    latex_form = r"\nabla \cdot {}"
    text_form = "divergence"

    def __new__(cls, field: Any, x: Any) -> Divergence:
        variables = _variables(x, cls.text_form)
        if not isinstance(field, (MatrixExpr, sp.MatrixBase)):
            if isinstance(field, str) or not isinstance(field, Iterable):
                raise DeclarationError(f"divergence got {field!r}: give a vector field, one component per coordinate.")
            field = sp.ImmutableMatrix([scalar_expression(f, "A component in divergence") for f in field])
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
        operand = scalar_expression(expression, "The operand of gradient")
        return MatrixExpr.__new__(cls, operand, _variables(x, "gradient"))

    @property
    def shape(self) -> tuple[Any, Any]:
        """(D, 1)."""
        return (sp.Integer(len(self.args[1].args)), sp.Integer(1))

    @property
    def _expr(self) -> Any:
        return self.args[0]

    def _entry(self, i: Any, j: Any, **kwargs: Any) -> sp.Expr:
        if not sp.sympify(i).is_Integer:
            return MatrixElement(self, i, j)  # a running index, as in the sum that an entry of a product is
        return sp.Derivative(self.args[0], self.args[1].args[int(i)])

    def _eval_subs(self, old: sp.Basic, new: sp.Basic) -> Any:
        if old not in self.args[1].args or (isinstance(new, sp.Symbol) and new not in self.free_symbols):
            return None
        return self.doit().subs(old, new)

    def _eval_derivative(self, x: sp.Symbol) -> Gradient:
        return Gradient(self.args[0].diff(x), self.args[1])

    # MatrixExpr evaluates every product at once, which would write the gradient out.
    def __mul__(self, other: Any) -> Any:
        return MatMul(self, sp.sympify(other)).doit(deep=False)

    def __rmul__(self, other: Any) -> Any:
        return MatMul(sp.sympify(other), self).doit(deep=False)

    def __neg__(self) -> Any:
        return self * sp.Integer(-1)

    def __truediv__(self, other: Any) -> Any:
        return self * sp.sympify(other) ** -1

    def doit(self, **hints: Any) -> sp.ImmutableMatrix:
        """The column of derivatives."""
        inner = self.args[0].doit(**hints)
        return sp.ImmutableMatrix([inner.diff(s) for s in self.args[1].args])

    def _sympystr(self, printer: Any) -> str:
        inner = ", ".join(printer.doprint(s) for s in self.args[1].args)
        return f"gradient({printer.doprint(self.args[0])}, ({inner}))"

    def _latex(self, printer: Any) -> str:
        return rf"\nabla {_operand(self.args[0], printer)}"

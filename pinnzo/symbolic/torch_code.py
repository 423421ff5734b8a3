"""SymPy expressions as torch code."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy as sp
import torch

from pinnzo.errors import DeclarationError
from pinnzo.symbolic.repeated_terms import gathered

FUNCTIONS: Mapping[str, str] = {
    name: f"torch.{target}"
    for name, target in {
        "Abs": "abs", "acos": "acos", "acosh": "acosh", "asin": "asin", "asinh": "asinh", "atan": "atan",
        "atanh": "atanh", "ceiling": "ceil", "cos": "cos", "cosh": "cosh",
        "erf": "erf", "erfc": "erfc", "erfinv": "erfinv", "exp": "exp", "floor": "floor",
        "log": "log", "loggamma": "lgamma", "sign": "sign", "sin": "sin", "sinh": "sinh", "tan": "tan",
        "tanh": "tanh",
    }.items()
}  # fmt: skip
RECIPROCALS = {"sec": "cos", "csc": "sin", "cot": "tan", "sech": "cosh", "csch": "sinh", "coth": "tanh"}
RELATIONS = {"StrictLessThan": "<", "LessThan": "<=", "StrictGreaterThan": ">", "GreaterThan": ">="}
BESSEL = {
    ("besselj", 0): "torch.special.bessel_j0", ("besselj", 1): "torch.special.bessel_j1",
    ("bessely", 0): "torch.special.bessel_y0", ("bessely", 1): "torch.special.bessel_y1",
    ("besseli", 0): "torch.special.i0", ("besseli", 1): "torch.special.i1",
    ("besselk", 0): "torch.special.modified_bessel_k0", ("besselk", 1): "torch.special.modified_bessel_k1",
}  # fmt: skip


class _Writer:
    """Writes one expression tree as Python source, given the source of each symbol."""

    def __init__(self, names: Mapping[sp.Symbol, str]) -> None:
        self.names = dict(names)
        self.like = next(iter(names.values()), "torch.tensor(0.0)")

    def write(self, e: Any) -> str:
        if e in (sp.true, sp.false):
            return str(bool(e))
        if isinstance(e, sp.Symbol):
            return self.names[e]
        if not e.free_symbols:
            return self._constant(e)
        handler = getattr(self, f"_{type(e).__name__}", None)
        if handler is not None:
            return handler(e)
        name = type(e).__name__
        if isinstance(e, sp.Function) or name in FUNCTIONS:
            return self._function(e, name)
        if name in RELATIONS:
            return f"({self.write(e.args[0])} {RELATIONS[name]} {self.write(e.args[1])})"
        raise DeclarationError(f"{name} has no counterpart in torch, in {e}: write it with other functions.")

    def _constant(self, e: sp.Expr) -> str:
        try:
            value = complex(sp.N(e, 20))
        except (TypeError, ValueError):
            value = complex(math.nan)
        # Numeric evaluation may leave a trace of an imaginary part, as in the roots of a cubic.
        if abs(value.imag) > 1e-15 * abs(value.real) or not math.isfinite(value.real):
            raise DeclarationError(f"The constant {e} is not a finite real number: write it with finite real numbers.")
        return f"({value.real!r})"

    def _function(self, e: Any, name: str) -> str:
        if name in FUNCTIONS:
            return f"{FUNCTIONS[name]}({self.write(e.args[0])})"
        if name in RECIPROCALS:
            return f"(1.0 / torch.{RECIPROCALS[name]}({self.write(e.args[0])}))"
        order_and_name = (name, e.args[0])
        if len(e.args) == 2 and order_and_name in BESSEL:
            return f"{BESSEL[order_and_name]}({self.write(e.args[1])})"
        raise DeclarationError(
            f"The function {name} in {e} is not one that torch has: write it with functions such as sin, exp, log, "
            "sqrt, tanh, erf, Abs, Max, Min or Piecewise."
        )

    def _Add(self, e: sp.Add) -> str:
        return "(" + " + ".join(map(self.write, _fold_constants(e))) + ")"

    def _Mul(self, e: sp.Mul) -> str:
        return "(" + " * ".join(map(self.write, _fold_constants(e))) + ")"

    def _Pow(self, e: sp.Pow) -> str:
        base, exponent = self.write(e.base), e.exp
        if exponent == sp.Rational(1, 2):
            return f"torch.sqrt({base})"
        if exponent == sp.Rational(-1, 2):
            return f"torch.rsqrt({base})"
        if exponent == -1:
            return f"(1.0 / {base})"
        if exponent.is_Integer:
            return f"({base} ** {int(exponent)})"
        return f"({base} ** {self.write(exponent)})"

    def _atan2(self, e: Any) -> str:
        y, x = (self._tensor(a) for a in e.args)
        return f"torch.atan2({y}, {x})"

    def _polygamma(self, e: Any) -> str:
        if not e.args[0].is_Integer:
            raise DeclarationError(f"torch has polygamma only of a fixed whole order, not {e}.")
        return f"torch.polygamma({int(e.args[0])}, {self.write(e.args[1])})"

    def _tensor(self, a: Any) -> str:
        """A constant as a tensor of the arguments' type: some functions take nothing else, or fall to float32."""
        return self.write(a) if a.free_symbols else f"{self.like}.new_tensor({self.write(a)})"

    def _Max(self, e: Any) -> str:
        return self._fold("torch.maximum", e)

    def _Min(self, e: Any) -> str:
        return self._fold("torch.minimum", e)

    def _fold(self, function: str, e: Any) -> str:
        first, *rest = e.args
        text = self._tensor(first)
        for a in rest:
            text = f"{function}({text}, {self._tensor(a)})"
        return text

    def _Piecewise(self, e: Any) -> str:
        text = f"{self.like}.new_tensor(math.nan)"
        for value, condition in reversed(e.args):
            if condition in (sp.true, True):
                text = self._tensor(value)
            else:
                text = f"torch.where({self.write(condition)}, {self._tensor(value)}, {text})"
        return text

    def _Heaviside(self, e: Any) -> str:
        return f"torch.heaviside({self._tensor(e.args[0])}, {self._tensor(e.args[1])})"

    def _sinc(self, e: Any) -> str:
        return f"torch.sinc({self.write(e.args[0])} / math.pi)"

    def _frac(self, e: Any) -> str:
        return f"torch.remainder({self.write(e.args[0])}, 1.0)"

    def _gamma(self, e: Any) -> str:
        argument = self.write(e.args[0])
        # Γ changes sign between the negative integers, which lgamma leaves out.
        odd_cell = f"(torch.remainder(torch.floor({argument}), 2) == 1) & ({argument} < 0)"
        return f"(torch.where({odd_cell}, -1.0, 1.0) * torch.exp(torch.lgamma({argument})))"

    def _Mod(self, e: Any) -> str:
        return f"torch.remainder({self.write(e.args[0])}, {self.write(e.args[1])})"

    def _And(self, e: Any) -> str:
        return "(" + " & ".join(self.write(a) for a in e.args) + ")"

    def _Or(self, e: Any) -> str:
        return "(" + " | ".join(self.write(a) for a in e.args) + ")"

    def _Not(self, e: Any) -> str:
        return f"(~{self.write(e.args[0])})"

    def _Equality(self, e: Any) -> str:
        return f"({self.write(e.args[0])} == {self.write(e.args[1])})"

    def _Unequality(self, e: Any) -> str:
        return f"({self.write(e.args[0])} != {self.write(e.args[1])})"


def _fold_constants(e: Any) -> list[Any]:
    """The arguments of a sum or product, its constants as one: each may be complex where all together are real."""
    constants = [a for a in e.args if not a.free_symbols]
    if len(constants) < 2:
        return list(e.args)
    return [e.func(*constants), *(a for a in e.args if a.free_symbols)]


TorchFunction = Callable[..., "list[torch.Tensor | float]"]


def columns(function: TorchFunction, x: torch.Tensor) -> list[torch.Tensor]:
    """The values of a function of the variables alone at points x (..., D), each (...)."""
    values = function(x.movedim(-1, 0))
    return [torch.as_tensor(v, dtype=x.dtype, device=x.device).expand(x.shape[:-1]) for v in values]


def evaluate(expressions: Sequence[sp.Expr], x: torch.Tensor, variables: Sequence[sp.Symbol]) -> list[torch.Tensor]:
    """Known expressions at points x (..., D), each (...)."""
    return columns(torch_function([variables], expressions), x)


def torch_function(arguments: Sequence[Sequence[sp.Symbol]], expressions: Sequence[sp.Expr]) -> TorchFunction:
    """Compile expressions into one function of torch tensors; common subexpressions are computed once.

    Sums of alike terms in the first group of arguments are computed all at once; see ``repeated_terms``.

    Args:
        arguments: groups of symbols; the function takes one sequence of tensors for each group.
        expressions: what to compute.

    Returns:
        A function of ``len(arguments)`` sequences of tensors (which broadcast against each other) that returns one
        tensor, or a float for a constant, for each expression.

    Raises:
        DeclarationError: an expression contains a function that torch does not have, or a number that is not
            finite and real.

    Example:
        >>> import torch
        >>> x, y = sp.symbols("x y", real=True)
        >>> torch_function([(x, y)], [x * sp.exp(y), sp.pi])([torch.tensor(2.0), torch.tensor(0.0)])
        [tensor(2.), 3.141592653589793]
    """
    names = {s: f"a{group}[{i}]" for group, symbols in enumerate(arguments) for i, s in enumerate(symbols)}
    for e in expressions:
        if strangers := sorted(str(s) for s in e.free_symbols - names.keys()):
            raise DeclarationError(f"{', '.join(strangers)} in {e} is not one of the problem's variables.")
        if e.has(sp.DiracDelta):
            raise DeclarationError(f"{e} contains a Dirac delta: the data are not smooth enough for this equation.")
    scope: dict[str, Any] = {"torch": torch, "math": math}
    coordinates = {s: i for i, s in enumerate(arguments[0])} if arguments else {}
    expressions, sums = gathered(expressions, coordinates)
    for i, (symbol, total) in enumerate(sums.items()):
        scope[f"sum{i}"] = total.function(torch_function([total.placeholders], total.templates))
        names[symbol] = f"s{i}"
    shared, reduced = sp.cse(list(expressions), symbols=sp.numbered_symbols("pinnzo_shared_"), order="none")
    writer = _Writer(names)
    lines = [f"    s{i} = sum{i}(a0)" for i in range(len(sums))]
    constants: dict[Any, Any] = {}
    for i, (symbol, shared_expression) in enumerate(shared):
        e = shared_expression.xreplace(constants)
        if not e.free_symbols:
            # A shared constant goes back to where it came from: torch's functions take no plain numbers.
            constants[symbol] = e
            continue
        lines.append(f"    c{i} = {writer.write(e)}")
        writer.names[symbol] = f"c{i}"
    lines.append(f"    return [{', '.join(writer.write(e.xreplace(constants)) for e in reduced)}]")
    header = f"def generated({', '.join(f'a{group}' for group in range(len(arguments)))}):\n"
    # No text of the user's is in it: symbols are written as names of this module's, numbers as their values.
    exec(compile(header + "\n".join(lines), "<pinnzo>", "exec"), scope)
    return scope["generated"]

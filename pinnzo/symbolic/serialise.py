"""Problems as JSON, read back without evaluating any text.

SymPy's own ``srepr`` has to be run as Python code, which a file from elsewhere must never be. Here an expression is a
tree of class names from a fixed list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction
from sympy.functions.elementary.piecewise import ExprCondPair
from sympy.matrices.expressions.matexpr import MatrixElement

from pinnzo.errors import StorageError
from pinnzo.symbolic.conditions import Boundary, Condition
from pinnzo.symbolic.domains import Ball, Box, Difference, Domain, Gaussian, Product, Shell, Simplex
from pinnzo.symbolic.measurements import Data
from pinnzo.symbolic.nodes import Divergence, Gradient, GradientNormSquared, Laplacian
from pinnzo.symbolic.problem import Problem
from pinnzo.symbolic.torch_code import BESSEL, FUNCTIONS, RECIPROCALS

_OPERATORS = (Divergence, Gradient, GradientNormSquared, Laplacian)
_STRUCTURE = (
    "Add", "And", "Derivative", "Equality", "GreaterThan", "Heaviside", "Integral", "LessThan", "MatAdd",
    "MatMul", "Max", "Min",
    "Mod", "Mul", "Not", "Or", "Piecewise", "Pow", "Product", "StrictGreaterThan", "StrictLessThan", "Subs", "Sum",
    "Transpose",
    "Tuple", "UnevaluatedExpr", "Unequality", "atan2", "conjugate", "frac", "gamma", "im", "polygamma", "re", "sinc",
)  # fmt: skip
_CLASSES: dict[str, Any] = {
    **{name: getattr(sp, name) for name in (*_STRUCTURE, *FUNCTIONS, *RECIPROCALS, *{n for n, _ in BESSEL})},
    **{cls.__name__: cls for cls in _OPERATORS},
    "ExprCondPair": ExprCondPair,
    "MatrixElement": MatrixElement,
}
MAX_EXPONENT = 10_000
"""Of a number: SymPy evaluates powers of numbers at once, and a damaged one would fill the memory."""

MAX_MEASURED_NUMBERS = 200_000
"""Of one ``Data`` that is saved: coordinates and values, about 4 MB of text."""

_CONSTANTS = {"Pi": sp.pi, "Exp1": sp.E, "GoldenRatio": sp.GoldenRatio, "EulerGamma": sp.EulerGamma,
              "BooleanTrue": sp.true, "BooleanFalse": sp.false}  # fmt: skip


def expression_to_json(e: Any) -> Any:
    """A SymPy expression as nested lists of strings.

    Raises:
        StorageError: it contains something that cannot be read back.
    """
    name = type(e).__name__
    if type(e) is sp.Symbol:
        if e == sp.Symbol(e.name, real=True):
            return ["Symbol", e.name]
        return ["Symbol", e.name, {key: value for key, value in sorted(e.assumptions0.items()) if value is not None}]
    if isinstance(e, sp.Integer):
        return ["Rational", str(e.p), "1"]
    if isinstance(e, sp.Rational):
        return ["Rational", str(e.p), str(e.q)]
    if isinstance(e, sp.Float):
        # All bits: decimal digits would lose the last of them.
        sign, mantissa, exponent, _ = e._mpf_
        return ["Float", int(sign), str(mantissa), int(exponent), e._prec]
    if name in _CONSTANTS:
        return [name]
    if isinstance(e, AppliedUndef):
        return ["Unknown", e.func.__name__, *(expression_to_json(a) for a in e.args)]
    if isinstance(e, sp.MatrixBase):
        return ["Matrix", *e.shape, *(expression_to_json(a) for a in e)]
    if name in _CLASSES:
        return [name, *(expression_to_json(a) for a in e.args)]
    raise StorageError(f"{name} in {e} cannot be saved: save only its values, or declare the problem in a file.")


def expression_from_json(tree: Any) -> Any:
    """The expression that ``expression_to_json`` wrote.

    Raises:
        StorageError: the tree has another form.
    """
    try:
        if not isinstance(tree, list):
            raise StorageError(f"An expression in the file is {tree!r} where a list should be.")
        name, *args = tree
        if name == "Symbol":
            return _symbol(args)
        if name == "Rational":
            return sp.Rational(int(args[0]), int(args[1]))
        if name == "Float":
            sign, mantissa, exponent, precision = map(int, args)
            return sp.Float((sign, mantissa, exponent, mantissa.bit_length()), precision=precision)
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        if name == "Unknown":
            return UndefinedFunction(str(args[0]))(*(expression_from_json(a) for a in args[1:]))
        if name == "Matrix":
            return sp.ImmutableMatrix(int(args[0]), int(args[1]), [expression_from_json(a) for a in args[2:]])
        parts = [expression_from_json(a) for a in args]
        if name == "Pow" and all(p.is_number for p in parts) and abs(parts[1]) > MAX_EXPONENT:
            raise StorageError(f"An expression in the file holds the power {parts[1]}, which is too large.")
        return _CLASSES[name](*parts)
    except StorageError:
        raise
    except Exception as error:
        # Whatever SymPy makes of a damaged tree, from a wrong count of arguments to too deep a nesting.
        raise StorageError(f"An expression in the file is damaged: {type(error).__name__}: {error}.") from None


def _symbol(args: list[Any]) -> sp.Symbol:
    assumptions = args[1] if len(args) > 1 else {"real": True}
    if not all(isinstance(value, bool) for value in assumptions.values()):
        raise StorageError(f"The symbol {args[0]!r} in the file has damaged assumptions.")
    return sp.Symbol(args[0], **assumptions)


def _domain_to_json(domain: Domain) -> dict[str, Any]:
    if isinstance(domain, Product):
        return {"type": "Product", "factors": [_domain_to_json(f) for f in domain.factors]}
    if isinstance(domain, Difference):
        return {"type": "Difference", "base": _domain_to_json(domain.base), "removed": _domain_to_json(domain.removed)}
    variables = [expression_to_json(s) for s in domain.variables]
    if isinstance(domain, Box):
        return {"type": "Box", "variables": variables, "intervals": list(domain.scale())}
    if isinstance(domain, Ball):
        return {
            "type": "Ball",
            "variables": variables,
            "radius": domain.radius,
            "center": list(domain.center),
            "radial": domain.radial,
        }
    if isinstance(domain, Shell):
        radii = {"inner": domain.inner, "outer": domain.outer}
        return {"type": "Shell", "variables": variables, **radii, "center": list(domain.center)}
    if isinstance(domain, Simplex):
        shape = {"size": domain.size} if domain.size is not None else {"vertices": domain.vertices}
        return {"type": "Simplex", "variables": variables, **shape}
    if isinstance(domain, Gaussian):
        time = None if domain.time is None else expression_to_json(domain.time)
        return {"type": "Gaussian", "variables": variables, "mean": domain.mean, "std": domain.std, "time": time}
    raise StorageError(f"The domain {domain!r} is of a kind that cannot be saved.")


def _domain_from_json(data: dict[str, Any]) -> Domain:
    if data["type"] == "Product":
        return Product(*(_domain_from_json(f) for f in data["factors"]))
    if data["type"] == "Difference":
        return Difference(_domain_from_json(data["base"]), _domain_from_json(data["removed"]))
    symbols = tuple(expression_from_json(tree) for tree in data["variables"])
    if data["type"] == "Box":
        return Box({s: tuple(ends) for s, ends in zip(symbols, data["intervals"], strict=True)})
    if data["type"] == "Ball":
        return Ball(symbols, data["radius"], data["center"], data.get("radial", "volume"))
    if data["type"] == "Shell":
        return Shell(symbols, data["inner"], data["outer"], data["center"])
    if data["type"] == "Simplex":
        return Simplex(symbols, data["size"]) if "size" in data else Simplex(symbols, vertices=data["vertices"])
    if data["type"] == "Gaussian":
        time = data.get("time")
        return Gaussian(symbols, data["mean"], data["std"], None if time is None else expression_from_json(time))
    raise StorageError(f"The file names a domain of unknown type {data['type']!r}.")


def _measurements_to_json(data: Data) -> dict[str, Any]:
    if (count := data.points.numel() + len(data.values)) > MAX_MEASURED_NUMBERS:
        raise StorageError(
            f"The data {data.name!r} hold {count} numbers, but at most {MAX_MEASURED_NUMBERS} are saved with a "
            "problem: declare fewer measurements, or keep the problem in a file and train without a checkpoint."
        )
    return {
        "of": expression_to_json(sp.sympify(data.expression)),
        "points": data.points.tolist(),
        "values": data.values.tolist(),
        "name": data.name,
        "weight": data.weight,
        "batch": data.batch,
    }


def _exact_to_json(problem: Problem) -> Any:
    """The exact solution, where all of it is expressions, as a list of [unknown, value]."""
    if problem.exact is None:
        return None
    exact = problem.exact if isinstance(problem.exact, tuple) else (problem.exact,)
    expressions = [part for part in exact if isinstance(part, sp.Expr)]
    if len(expressions) < len(problem.functions):
        return None
    values = [*zip(problem.functions, expressions, strict=True), *problem.exact_unknowns.items()]
    return [[expression_to_json(unknown), expression_to_json(sp.sympify(value))] for unknown, value in values]


def _exact_from_json(data: Any, functions: Sequence[Any]) -> Any:
    if data is None:
        return None
    # Files of older versions hold the expression of the only unknown function.
    if not (isinstance(data, list) and data and isinstance(data[0], list)):
        return {functions[0]: expression_from_json(data)}
    return {expression_from_json(unknown): expression_from_json(value) for unknown, value in data}


def problem_to_json(problem: Problem) -> dict[str, Any]:
    """A declaration as JSON data. An exact solution given as a Python function is left out.

    Raises:
        StorageError: it contains something that cannot be read back.
    """
    conditions = []
    for c in problem.declared_conditions:
        if isinstance(c, Data):
            conditions.append(_measurements_to_json(c))
            continue
        common = {"name": c.name, "weight": c.weight, "enforce": c.enforce, "points": c.points}
        if isinstance(c, Boundary):
            of, value = (expression_to_json(sp.sympify(e)) for e in (c.expression, c.value))
            conditions.append({"boundary": value, "of": of, **common})
        else:
            conditions.append({"equation": expression_to_json(c.equation), **common})
    return {
        "equations": [expression_to_json(equation) for equation in problem.equations],
        "functions": [expression_to_json(unknown) for unknown in problem.functions],
        "unknowns": [[expression_to_json(symbol), guess] for symbol, guess in problem.unknowns.items()],
        "domain": _domain_to_json(problem.domain),
        "conditions": conditions,
        "exact": _exact_to_json(problem),
        "ansatz": [[expression_to_json(e) for e in part] for part in problem.ansatz.parts],
        "time": None if problem.time is None else expression_to_json(problem.time),
        "name": problem.name,
        "description": problem.description,
        "features": [expression_to_json(feature) for feature in problem.features],
    }


def problem_from_json(data: dict[str, Any]) -> Problem:
    """The problem that ``problem_to_json`` wrote.

    Raises:
        StorageError: the data are damaged.
    """
    try:
        # Files of older versions have one equation in one unknown function.
        old = "equation" in data
        functions = [expression_from_json(tree) for tree in ([data["unknown"]] if old else data["functions"])]
        equations = [expression_from_json(tree) for tree in ([data["equation"]] if old else data["equations"])]
        parts = [[expression_from_json(e) for e in part] for part in ([data["ansatz"]] if old else data["ansatz"])]
        ansatz = {u: tuple(part) for u, part in zip(functions, parts, strict=True)}
        conditions = []
        for c in data["conditions"]:
            if "values" in c:
                of = expression_from_json(c["of"])
                conditions.append(Data(of, c["points"], c["values"], c["name"], c["weight"], c["batch"]))
                continue
            common = {"name": c["name"], "weight": c["weight"], "enforce": c["enforce"], "points": c.get("points")}
            if "boundary" in c:
                # Files of older versions know Dirichlet data alone.
                of = expression_from_json(c["of"]) if "of" in c else functions[0]
                conditions.append(Boundary(of, expression_from_json(c["boundary"]), **common))
            else:
                conditions.append(Condition(expression_from_json(c["equation"]), **common))
        return Problem(
            equations,
            _domain_from_json(data["domain"]),
            conditions,
            exact=_exact_from_json(data["exact"], functions),
            ansatz=ansatz,
            time=None if data["time"] is None else expression_from_json(data["time"]),
            name=data["name"],
            description=data["description"],
            features=[expression_from_json(feature) for feature in data.get("features", ())],
            functions=functions,
            unknowns={expression_from_json(symbol): guess for symbol, guess in data.get("unknowns", ())},
        )
    except StorageError:
        raise
    except Exception as error:
        # Also a problem that contradicts itself: what was saved did not.
        raise StorageError(f"The saved problem is damaged: {type(error).__name__}: {error}.") from None

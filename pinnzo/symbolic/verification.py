"""Does a declared exact solution satisfy the equation and the conditions?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp
import torch

from pinnzo.derivatives import FiniteDifference
from pinnzo.derivatives.evaluation import FunctionField
from pinnzo.errors import DeclarationError
from pinnzo.multiindex import LinearOperator
from pinnzo.symbolic.boundary import Sampler, point_text
from pinnzo.symbolic.calculus import Differentiator
from pinnzo.symbolic.conditions import ParsedCondition
from pinnzo.symbolic.exact import Exact, exact_values
from pinnzo.symbolic.quantities import Lowered
from pinnzo.symbolic.torch_code import evaluate, torch_function
from pinnzo.symbolic.unknowns import Unknowns

TOLERANCE = 1e-8
"""How large a residual may be, relative to the sum of the absolute values of its terms."""

SINGLE_TOLERANCE = 1e-4
"""The same where a Bessel function J or Y occurs, which torch computes to about seven digits in any precision."""

DIFFERENCE_POINTS = 4
"""At how few points a function is differentiated: each costs a stencil of values, and a reference may be dear."""

DIFFERENCE_CANDIDATES = 256
"""Of points in a domain with holes: those deep enough in it serve."""

DIFFERENCE_VARIABLES = 1000
"""Beyond so many variables a function is not differentiated: the stencil's coordinates alone fill the memory."""

DIFFERENCE_STEP = 0.02
"""Of the differences, as a fraction of the extent of each coordinate; half of it is tried too."""

DIFFERENCE_TOLERANCE = 1e-2
"""How large a residual by differences may be, relative to the sum of the absolute values of its terms."""

Derivatives = Callable[[int, Sequence[LinearOperator], torch.Tensor], torch.Tensor]
"""Linear operators of one of the exact unknown functions at points (N, D): (operators, N)."""


def verify_exact(
    exact: Exact,
    equations: Sequence[Lowered],
    conditions: Sequence[ParsedCondition],
    sampler: Sampler,
    unknowns: Unknowns,
) -> None:
    """Put an exact solution into the equations and the conditions.

    Args:
        exact: of all unknown functions.
        equations: with the true coefficients in place of unknown ones.
        conditions: the same.
        sampler: of the domain.
        unknowns: of the problem.

    Raises:
        DeclarationError: it breaks one of them; the message says which, and by how much.
        ShapeError: a function does not return one value for each point and unknown.
    """
    parts = exact if isinstance(exact, tuple) else (exact,)
    expressions = [part for part in parts if isinstance(part, sp.Expr)]
    _check_finite(exact, sampler, unknowns)
    if len(expressions) == len(parts):
        _verify_expressions(expressions, equations, conditions, sampler)
    else:
        _verify_function(exact, equations, conditions, sampler, unknowns)


def _equation_name(index: int, equations: Sequence[Lowered]) -> str:
    return "the equation" if len(equations) == 1 else f"equation {index + 1}"


def _verify_expressions(
    exact: Sequence[sp.Expr], equations: Sequence[Lowered], conditions: Sequence[ParsedCondition], sampler: Sampler
) -> None:
    """Put SymPy expressions into the equations and the conditions, at random points.

    The derivatives are SymPy's; whether the residual is zero is judged by its value against that of its terms.
    """
    calculus = [Differentiator(part, sampler.variables) for part in exact]
    generator = torch.Generator().manual_seed(1)
    points = [sampler.interior(128, generator)]
    for i, equation in enumerate(equations):
        _check(equation, calculus, points, sampler, _equation_name(i, equations))
    for condition in conditions:
        if condition.measured is not None:
            # Measurements are noisy.
            continue
        points = sampler.condition(condition, 128, generator)
        what = f"the condition {condition.name!r} ({condition.text})"
        _check(condition.lowered, calculus, points, sampler, what)


def _verify_function(
    exact: Exact,
    equations: Sequence[Lowered],
    conditions: Sequence[ParsedCondition],
    sampler: Sampler,
    unknowns: Unknowns,
) -> None:
    """Compare a solution given as a function of points with Dirichlet data, and put it into the equations.

    Its derivatives are estimated by central differences. Two steps must agree on the residual before the function is
    refused: a reference from simulation is too noisy to be differentiated, and one with kinks has no derivative.
    Conditions on derivatives are not checked, since differences would leave the domain.
    """
    generator = torch.Generator().manual_seed(1)
    if (deep := _deep_points(sampler, generator)) is not None:
        for i, equation in enumerate(equations):
            _check_differences(exact, equation, deep, sampler, unknowns, _equation_name(i, equations))
    for condition in conditions:
        if condition.dirichlet_data is None:
            continue
        (points,) = sampler.condition(condition, 128, generator)
        (data,) = evaluate([condition.dirichlet_data], points, sampler.variables)
        gap = (_component(exact, points, condition.component, unknowns) - data).abs()
        # References come from quadrature or simulation, so they need not agree to machine precision.
        worst = int(gap.argmax())
        if gap[worst] > 1e-3 * (1.0 + float(data.abs().max())):
            raise DeclarationError(
                f"The exact solution breaks the condition {condition.name!r} by {float(gap[worst]):.3g} at "
                f"{point_text(points[worst], sampler)}."
            )


def _component(exact: Exact, points: torch.Tensor, component: int, unknowns: Unknowns) -> torch.Tensor:
    """One of the exact unknown functions at points (N, D): (N,)."""
    values = exact_values(exact, points, unknowns)
    return values if values.ndim == 1 else values[:, component]


def _check_finite(exact: Exact, sampler: Sampler, unknowns: Unknowns) -> None:
    points = sampler.interior(128, torch.Generator().manual_seed(0))
    broken = ~exact_values(exact, points, unknowns).reshape(len(points), -1).isfinite().all(1)
    if broken.any():
        worst = int(broken.to(torch.uint8).argmax())
        raise DeclarationError(f"exact is NaN or infinite at {point_text(points[worst], sampler)}: it must be finite.")


def _extents(sampler: Sampler) -> tuple[torch.Tensor, torch.Tensor]:
    columns = dict(zip(sampler.domain.variables, sampler.domain.scale(), strict=True))
    low, high = torch.tensor([columns[s] for s in sampler.variables], dtype=torch.float64).T
    return low, high


def _deep_points(sampler: Sampler, generator: torch.Generator) -> torch.Tensor | None:
    """Points around which differences do not leave the domain, (N, D), if there are any."""
    if len(sampler.variables) > DIFFERENCE_VARIABLES:
        return None
    low, high = _extents(sampler)
    if sampler.domain.convex:
        middle = (low + high) / 2
        return middle + 0.8 * (sampler.interior(DIFFERENCE_POINTS, generator) - middle)
    points = sampler.domain.sample(DIFFERENCE_CANDIDATES, generator)
    deep = points[sampler.domain.inside(points, 3 * DIFFERENCE_STEP * float((high - low).max()))]
    return sampler.arranged(deep[:DIFFERENCE_POINTS]) if len(deep) else None


def _check_differences(
    exact: Exact, equation: Lowered, x: torch.Tensor, sampler: Sampler, unknowns: Unknowns, what: str
) -> None:
    """Refuse a function whose residual, by differences at points (N, D), is beyond doubt not zero."""
    low, high = _extents(sampler)
    results = []
    for fraction in (1, 2):
        step = tuple((DIFFERENCE_STEP / fraction * (high - low)).tolist())

        def derivatives(
            component: int, operators: Sequence[LinearOperator], at: torch.Tensor, step: Any = step
        ) -> torch.Tensor:
            estimator = FiniteDifference(step).discretise(operators, at.shape[1])
            field = FunctionField(lambda points: _component(exact, points, component, unknowns))
            return estimator.apply(field, at)[0].T

        results.append(_terms(equation, derivatives, [x], sampler))
    coarse, fine = (terms.sum(0) for terms in results)
    # The error of central differences falls by 4.
    residual, doubt = (4 * fine - coarse) / 3, (fine - coarse).abs()
    size = results[1].abs().sum(0)
    excess = (residual.abs() - 10 * doubt - DIFFERENCE_TOLERANCE * size).nan_to_num(-torch.inf)
    worst = int(excess.argmax())
    if excess[worst] > 0:
        raise DeclarationError(
            f"The exact solution does not satisfy {what}: by finite differences the residual is "
            f"{float(residual[worst]):.3g} at {point_text(x[worst], sampler)}, where the terms' absolute values sum to "
            f"{float(size[worst]):.3g}."
        )


def _check(
    lowered: Lowered, calculus: Sequence[Differentiator], points: list[torch.Tensor], sampler: Sampler, what: str
) -> None:
    def derivatives(component: int, operators: Sequence[LinearOperator], x: torch.Tensor) -> torch.Tensor:
        return _evaluate([calculus[component].apply(operator) for operator in operators], x, sampler)

    terms = _terms(lowered, derivatives, points, sampler)
    residual, size = terms.sum(0), terms.abs().sum(0)
    known = residual.isfinite()
    if not known.any():
        raise DeclarationError(f"The exact solution makes {what} infinite or undefined everywhere in the domain.")
    # On a boundary every term may vanish; the size that they have inside the domain tells what counts as small.
    inside = sampler.interior(len(points[0]), torch.Generator().manual_seed(1))
    usual = _terms(lowered, derivatives, [inside] * len(points), sampler).abs().sum(0)
    scale = float(torch.cat([size, usual]).nan_to_num(0.0, 0.0, 0.0).max())
    tolerance = SINGLE_TOLERANCE if _is_single(lowered, calculus) else TOLERANCE
    excess = torch.where(known, residual.abs() - tolerance * (size + scale), -torch.inf)
    worst = int(excess.argmax())
    if excess[worst] > 0:
        raise DeclarationError(
            f"The exact solution does not satisfy {what}: the residual is {float(residual[worst]):.3g} at "
            f"{point_text(points[0][worst], sampler)}, where the terms' absolute values sum to "
            f"{float(size[worst]):.3g}."
        )


def _is_single(lowered: Lowered, calculus: Sequence[Differentiator]) -> bool:
    exact = [c.derivative(()) for c in calculus]
    return any(e.has(sp.besselj, sp.bessely) for e in (lowered.expression, *exact))


def _terms(lowered: Lowered, derivatives: Derivatives, points: list[torch.Tensor], sampler: Sampler) -> torch.Tensor:
    """What a lowered expression sums up once the exact solution is put in, derivative by derivative: (terms, N)."""
    places, symbols = lowered.places, list(lowered.quantities)
    split: list[torch.Tensor] = []
    values: list[torch.Tensor] = []
    for quantity in lowered.quantities.values():
        x = points[places.index(quantity.place)]
        single = [LinearOperator((term,)) for operator in quantity.operators for term in operator.terms]
        parts = derivatives(quantity.component, single, x)
        if quantity.squared:
            lengths = [len(operator.terms) for operator in quantity.operators]
            sums = torch.stack([part.sum(0) for part in parts.split(lengths)])
            values.append(sums.square().sum(0))
            split.append(values[-1][None])
        else:
            values.append(parts.sum(0))
            split.append(parts)
    terms = list(sp.Add.make_args(lowered.expression))
    function = torch_function([sampler.variables, symbols], terms)
    numbers = []
    for term, value in zip(terms, function(points[0].T, values), strict=True):
        inside = [i for i, s in enumerate(symbols) if term.has(s)]
        slope = term.diff(symbols[inside[0]]) if len(inside) == 1 else None
        if slope is not None and slope.free_symbols.isdisjoint(symbols):
            # A quantity that occurs linearly is shown by its parts: u_t − Δu as one number would hide its size.
            numbers.append(_evaluate([slope], points[0], sampler) * split[inside[0]])
        else:
            numbers.append(torch.as_tensor(value, dtype=torch.float64).expand(1, len(points[0])))
    return torch.cat(numbers)


def _evaluate(expressions: Sequence[sp.Expr], points: torch.Tensor, sampler: Sampler) -> torch.Tensor:
    """Known expressions at points (N, D): (len(expressions), N)."""
    # A kink's second derivative is a Dirac delta, which is zero at almost every point.
    smooth = [e.replace(sp.DiracDelta, lambda *_: sp.Integer(0)) if e.has(sp.DiracDelta) else e for e in expressions]
    rows = evaluate(smooth, points, sampler.variables)
    return torch.stack(rows) if rows else points.new_zeros(0, len(points))

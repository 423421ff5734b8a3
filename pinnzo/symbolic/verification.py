"""Does a declared exact solution satisfy the equation and the conditions?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy as sp
import torch

from pinnzo.derivatives import FiniteDifference
from pinnzo.derivatives.evaluation import FunctionField
from pinnzo.errors import DeclarationError, ShapeError
from pinnzo.multiindex import LinearOperator
from pinnzo.symbolic.boundary import Sampler, point_text
from pinnzo.symbolic.calculus import Differentiator
from pinnzo.symbolic.conditions import ParsedCondition
from pinnzo.symbolic.quantities import Lowered
from pinnzo.symbolic.torch_code import evaluate, torch_function

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

ExactFunction = Callable[[torch.Tensor], object]
Derivatives = Callable[[Sequence[LinearOperator], torch.Tensor], torch.Tensor]
"""Linear operators of the exact solution at points (N, D): (operators, N)."""


def evaluate_exact(
    exact: sp.Expr | ExactFunction, points: torch.Tensor, variables: Sequence[sp.Symbol]
) -> torch.Tensor:
    """The exact solution at points (N, D), as a float64 tensor (N,).

    Raises:
        ShapeError: a function returned something else than N numbers.
        DeclarationError: a function failed, or returned complex numbers.
    """
    points = points.to(torch.float64)
    if isinstance(exact, sp.Basic):
        (value,) = torch_function([variables], [exact])(points.T)
        return torch.as_tensor(value, dtype=torch.float64, device=points.device).expand(len(points))
    try:
        result = exact(points)
        values = torch.as_tensor(np.asarray(result) if not isinstance(result, torch.Tensor) else result)
    except Exception as error:
        raise DeclarationError(
            f"exact fails on a tensor of points of shape {tuple(points.shape)} with {type(error).__name__}: {error}"
        ) from error
    if values.shape != (len(points),):
        raise ShapeError(
            f"exact returned shape {tuple(values.shape)} for points of shape {tuple(points.shape)}: return one value "
            f"for each point, shape ({len(points)},)."
        )
    if values.is_complex():
        raise DeclarationError("exact returned complex numbers: return real values.")
    return values.to(points)


def verify_expression(
    exact: sp.Expr, equation: Lowered, conditions: Sequence[ParsedCondition], sampler: Sampler
) -> None:
    """Put a SymPy solution into the equation and the conditions, at random points.

    The derivatives are SymPy's; whether the residual is zero is judged by its value against that of its terms.

    Raises:
        DeclarationError: it breaks one of them; the message says which, and by how much.
    """
    calculus = Differentiator(exact, sampler.variables)
    generator = torch.Generator().manual_seed(0)
    _check_finite(exact, sampler, generator)
    points = [sampler.interior(128, generator)]
    _check(equation, calculus, points, sampler, "the equation")
    for condition in conditions:
        if condition.measured is not None:
            # Measurements are noisy.
            continue
        points = sampler.condition(condition, 128, generator)
        _check(
            condition.lowered,
            calculus,
            points,
            sampler,
            f"the condition {condition.name!r} ({condition.text})",
        )


def verify_function(
    exact: ExactFunction, equation: Lowered, conditions: Sequence[ParsedCondition], sampler: Sampler
) -> None:
    """Compare a solution given as a function of points with Dirichlet data, and put it into the equation.

    Its derivatives are estimated by central differences. Two steps must agree on the residual before the function is
    refused: a reference from simulation is too noisy to be differentiated, and one with kinks has no derivative.
    Conditions on derivatives are not checked, since differences would leave the domain.

    Raises:
        DeclarationError: it differs from the data of a condition, or breaks the equation.
        ShapeError: it does not return one value for each point.
    """
    generator = torch.Generator().manual_seed(0)
    _check_finite(exact, sampler, generator)
    _check_differences(exact, equation, sampler, generator)
    for condition in conditions:
        if condition.dirichlet_data is None:
            continue
        (points,) = sampler.condition(condition, 128, generator)
        data = evaluate_exact(condition.dirichlet_data, points, sampler.variables)
        gap = (evaluate_exact(exact, points, sampler.variables) - data).abs()
        # References come from quadrature or simulation, so they need not agree to machine precision.
        worst = int(gap.argmax())
        if gap[worst] > 1e-3 * (1.0 + float(data.abs().max())):
            raise DeclarationError(
                f"The exact solution breaks the condition {condition.name!r} by {float(gap[worst]):.3g} at "
                f"{point_text(points[worst], sampler)}."
            )


def _check_finite(exact: sp.Expr | ExactFunction, sampler: Sampler, generator: torch.Generator) -> None:
    points = sampler.interior(128, generator)
    broken = ~evaluate_exact(exact, points, sampler.variables).isfinite()
    if broken.any():
        worst = int(broken.to(torch.uint8).argmax())
        raise DeclarationError(f"exact is NaN or infinite at {point_text(points[worst], sampler)}: it must be finite.")


def _check_differences(exact: ExactFunction, equation: Lowered, sampler: Sampler, generator: torch.Generator) -> None:
    """Refuse a function whose residual, by differences, is beyond doubt not zero."""
    if len(sampler.variables) > DIFFERENCE_VARIABLES:
        return
    columns = dict(zip(sampler.domain.variables, sampler.domain.scale(), strict=True))
    low, high = torch.tensor([columns[s] for s in sampler.variables], dtype=torch.float64).T
    # Differences must not leave the domain.
    if sampler.domain.convex:
        middle = (low + high) / 2
        x = middle + 0.8 * (sampler.interior(DIFFERENCE_POINTS, generator) - middle)
    else:
        points = sampler.domain.sample(DIFFERENCE_CANDIDATES, generator)
        deep = points[sampler.domain.inside(points, 3 * DIFFERENCE_STEP * float((high - low).max()))]
        if not len(deep):
            return
        x = sampler.arranged(deep[:DIFFERENCE_POINTS])
    results = []
    for fraction in (1, 2):
        step = tuple((DIFFERENCE_STEP / fraction * (high - low)).tolist())

        def derivatives(operators: Sequence[LinearOperator], at: torch.Tensor, step: Any = step) -> torch.Tensor:
            estimator = FiniteDifference(step).discretise(operators, at.shape[1])
            field = FunctionField(lambda points: evaluate_exact(exact, points, sampler.variables))
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
            f"The exact solution does not satisfy the equation: by finite differences the residual is "
            f"{float(residual[worst]):.3g} at {point_text(x[worst], sampler)}, where the terms' absolute values sum to "
            f"{float(size[worst]):.3g}."
        )


def _check(lowered: Lowered, calculus: Differentiator, points: list[torch.Tensor], sampler: Sampler, what: str) -> None:
    def derivatives(operators: Sequence[LinearOperator], x: torch.Tensor) -> torch.Tensor:
        return _evaluate([calculus.apply(operator) for operator in operators], x, sampler)

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


def _is_single(lowered: Lowered, calculus: Differentiator) -> bool:
    return any(e.has(sp.besselj, sp.bessely) for e in (lowered.expression, calculus.derivative(())))


def _terms(lowered: Lowered, derivatives: Derivatives, points: list[torch.Tensor], sampler: Sampler) -> torch.Tensor:
    """What a lowered expression sums up once the exact solution is put in, derivative by derivative: (terms, N)."""
    places, symbols = lowered.places, list(lowered.quantities)
    split: list[torch.Tensor] = []
    values: list[torch.Tensor] = []
    for quantity in lowered.quantities.values():
        x = points[places.index(quantity.place)]
        single = [LinearOperator((term,)) for operator in quantity.operators for term in operator.terms]
        parts = derivatives(single, x)
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

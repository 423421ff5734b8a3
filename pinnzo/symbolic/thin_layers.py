"""How thin the layers of a solution may be, estimated from the equation alone."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

import sympy as sp
import torch

from pinnzo.errors import PinnzoError
from pinnzo.symbolic.quantities import Lowered, Quantity
from pinnzo.symbolic.torch_code import evaluate, torch_function

if TYPE_CHECKING:
    from pinnzo.symbolic.problem import Problem

POINTS = 256
"""Where coefficients are looked at."""

CHANGE = 1e-6


def thinnest_layer(problem: Problem) -> float:
    r"""The thickness of the thinnest layer that the equation can sustain, as a share of the domain's extent.

    Along each axis, the derivative of highest order m with its coefficient c_m balances one of lower order k with c_k
    where the solution varies over the length

        δ = |c_m / c_k|^{1/(m − k)},

    as in the matched asymptotics of singular perturbations: ν/U for u_t + u u_x = ν u_xx, √(ε/s) for a reaction of
    rate s against a diffusion ε. In a system every pair of an equation and an unknown function is looked at.
    Coefficients are root mean squares over the domain, of the equations linearised at the constant U that is the
    largest value of A in u = A + B f, known from the data, or 1 where A vanishes. That an equation *can* sustain such a
    layer does not mean that its solution has one.

    Returns:
        The smallest δ over the extent of its axis, or infinity where no two orders compete.

    Example:
        >>> import pinnzo as pz
        >>> round(thinnest_layer(pz.problem("burgers")), 4), thinnest_layer(pz.problem("poisson-2d"))
        (0.0016, inf)
    """
    x = problem.sampler.interior(POINTS, torch.Generator().manual_seed(0))
    extents = dict(zip(problem.domain.variables, problem.domain.scale(), strict=True))
    try:
        sizes = [_coefficients(equation, problem, x) for equation in problem.trial_equations]
    except PinnzoError:
        # What keeps an equation from being compiled is told when it is compiled.
        return math.inf
    found = math.inf
    for of_equation, component in product(sizes, range(len(problem.functions))):
        for axis, variable in enumerate(problem.variables):
            low, high = extents[variable]
            here = {(c, a, n): size for (c, a, n), size in of_equation.items() if c == component and a in (axis, -1)}
            orders = {n: size for (_, _, n), size in here.items() if size > 0}
            highest = max(orders, default=0)
            for lower in orders.keys() - {highest}:
                delta = (orders[highest] / orders[lower]) ** (1 / (highest - lower))
                found = min(found, delta / (high - low))
    return found


def _coefficients(equation: Lowered, problem: Problem, x: torch.Tensor) -> dict[tuple[int, int, int], float]:
    """The sizes of the linearised equation's coefficients by unknown function, axis and order.

    Those of the functions themselves have the axis -1 and the order 0.
    """
    symbols, quantities = list(equation.quantities), list(equation.quantities.values())
    function = torch_function([problem.variables, symbols], [equation.expression])
    constants = [_size(A, x, problem) for A, _ in problem.ansatz.parts]
    state = [_at_constant(q, constants[q.component]) for q in quantities]

    def residual(values: list[float]) -> torch.Tensor:
        given = [x.new_full((len(x),), v) for v in values]
        return torch.as_tensor(function(x.T, given)[0], dtype=x.dtype).expand(len(x))

    centre = residual(state)
    total: dict[tuple[int, int, int], torch.Tensor] = {}
    for i, quantity in enumerate(quantities):
        if quantity.squared:
            continue
        step = CHANGE * max(1.0, abs(state[i]))
        slope = (residual([v + step * (j == i) for j, v in enumerate(state)]) - centre) / step
        slope = torch.where(slope.isfinite(), slope, 0.0)
        for index, factor in quantity.operators[0].terms:
            if len(index) <= 1:
                key = (quantity.component, *(index[0] if index else (-1, 0)))
                total[key] = total.get(key, torch.zeros_like(slope)) + factor * slope
    # What rounding leaves of coefficients that cancel is none.
    sizes = {key: float(value.square().mean().sqrt()) for key, value in total.items()}
    least = 1e-9 * max(sizes.values(), default=0.0)
    return {key: value for key, value in sizes.items() if value > least}


def _size(A: sp.Expr, x: torch.Tensor, problem: Problem) -> float:
    """The largest value of an A, or 1 where it vanishes."""
    (known,) = evaluate([A], x, problem.variables)
    finite = known[known.isfinite()]
    return (float(finite.abs().max()) if len(finite) else 0.0) or 1.0


def _at_constant(quantity: Quantity, value: float) -> float:
    """A quantity's value where u is constant."""
    values = [dict(operator.terms).get((), 0.0) * value for operator in quantity.operators]
    return sum(v**2 for v in values) if quantity.squared else values[0]

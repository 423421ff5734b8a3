"""Do the equations and the conditions say something that can be computed, of all unknowns?"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp
import torch

from pinnzo.errors import DeclarationError
from pinnzo.symbolic.boundary import Sampler, point_text
from pinnzo.symbolic.conditions import ParsedCondition
from pinnzo.symbolic.expressions import listed
from pinnzo.symbolic.quantities import Lowered
from pinnzo.symbolic.torch_code import evaluate, torch_function
from pinnzo.symbolic.unknowns import Unknowns


def verify_meaning(lowered: Lowered, what: str, declared: object, sampler: Sampler) -> None:
    """Refuse what says nothing of the unknown, or what torch cannot compute.

    Args:
        lowered: an equation or a condition.
        what: "equation" or "condition".
        declared: as the user wrote it; printed in the message only, since long sums take long to print.
        sampler: of the domain.

    Raises:
        DeclarationError: quotes it.
    """
    try:
        torch_function([sampler.variables, list(lowered.quantities)], [lowered.expression])
    except DeclarationError as error:
        raise DeclarationError(f"The {what} {declared} cannot be compiled. {error}") from None
    expression, symbols = _written_out(lowered)
    function = torch_function([sampler.variables, symbols], [expression])
    generator = torch.Generator().manual_seed(0)
    x = sampler.interior(16, generator)
    draws = [torch.randn(len(symbols), 16, generator=generator, dtype=x.dtype) for _ in range(2)]
    first, second = (torch.as_tensor(function(x.T, values)[0]) for values in draws)
    # Multiplying out is dear, so it waits for a hint; and the hint alone may err, as with Max(u, -100).
    if torch.allclose(first, second) and sp.expand(expression).free_symbols.isdisjoint(symbols):
        raise DeclarationError(f"The {what} {declared} says nothing of the unknown: it cancels.")


def _written_out(lowered: Lowered) -> tuple[sp.Expr, list[sp.Symbol]]:
    """The expression in the values of operators, without quantities that are sums of their squares."""
    symbols: dict[object, sp.Symbol] = {}
    meaning: dict[sp.Basic, sp.Basic] = {}
    for symbol, quantity in lowered.quantities.items():
        keys = [(quantity.component, quantity.place, op) for op in quantity.operators]
        values = [symbols.setdefault(key, sp.Dummy(real=True)) for key in keys]
        meaning[symbol] = sp.Add(*(v**2 for v in values)) if quantity.squared else values[0]
    return lowered.expression.xreplace(meaning), list(symbols.values())


def verify_data(equations: Sequence[Lowered], conditions: Sequence[ParsedCondition], sampler: Sampler) -> None:
    """Refuse source terms and data that are NaN or infinite inside the domain or where a condition holds.

    Raises:
        DeclarationError: names the term and a point.
    """
    generator = torch.Generator().manual_seed(0)
    inside = [sampler.interior(256, generator)]
    places = [("the equation", equation, inside) for equation in equations]
    for condition in conditions:
        points = sampler.condition(condition, 256, generator)
        places.append((f"the condition {condition.name!r}", condition.lowered, points))
    for what, lowered, points in places:
        known = [e for e in sp.Add.make_args(lowered.expression) if e.free_symbols.isdisjoint(lowered.quantities)]
        if not known:
            continue
        broken = ~torch.stack(evaluate(known, points[0], sampler.variables)).isfinite()
        if broken.any():
            which, where = divmod(int(broken.to(torch.uint8).argmax()), len(points[0]))
            raise DeclarationError(
                f"The term {known[which]} in {what} is NaN or infinite at {point_text(points[0][where], sampler)}: "
                "every term without the unknown must be finite in the domain."
            )


def check_coefficients(equations: Sequence[Lowered], conditions: Sequence[ParsedCondition], unknowns: Unknowns) -> None:
    """Refuse unknown coefficients that nothing is known of.

    Raises:
        DeclarationError: one does not occur, or there are no measurements.
    """
    if not unknowns.coefficients:
        return
    met = {s for lowered in (*equations, *(c.lowered for c in conditions)) for s in lowered.expression.free_symbols}
    if idle := set(unknowns.coefficients) - met:
        raise DeclarationError(
            f"The unknown coefficient {listed(idle)} occurs in no equation and no condition: drop it."
        )
    if not any(c.measured is not None for c in conditions):
        raise DeclarationError(
            f"The unknown coefficient {listed(unknowns.coefficients)} is to be found, but nothing was measured: add "
            f"pz.Data({unknowns.functions[0]}, points, values) to the conditions."
        )

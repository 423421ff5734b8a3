"""Sums of many alike terms, such as Σ_i c_i sin(x_i + x_{i+1}), written as one term for rows of coordinates.

In hundreds of variables such a sum is thousands of operations on vectors of a few points each, where calls take
longer than arithmetic. The same operations on (terms, points) are a few.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
import torch

LEAST_TERMS = 8
"""Shorter sums are left as they are."""


@dataclass(frozen=True, eq=False)
class RepeatedSum:
    """Σ_n Σ_t c_tn T_t(rows[n]) for templates T_t in placeholders, which stand for some coordinates.

    Attributes:
        placeholders: the arguments of the templates, k of them.
        templates: T_t.
        rows: the coordinates that stand for them in each term, (n, k).
        coefficients: c_tn.
    """

    placeholders: tuple[sp.Symbol, ...]
    templates: tuple[sp.Expr, ...]
    rows: tuple[tuple[int, ...], ...]
    coefficients: tuple[tuple[float, ...], ...]

    def function(self, templates: Callable[..., Sequence[Any]]) -> Callable[[Any], torch.Tensor]:
        """The sum as a function of all coordinates, from a function of the placeholders that gives the templates."""
        columns = [list(column) for column in zip(*self.rows, strict=True)]
        indices = [slice(c[0], c[-1] + 1) if c == list(range(c[0], c[-1] + 1)) else c for c in columns]
        known: dict[tuple[torch.dtype, torch.device], torch.Tensor] = {}

        def total(coordinates: Any) -> torch.Tensor:
            x = coordinates if isinstance(coordinates, torch.Tensor) else torch.stack(tuple(coordinates))
            values = templates([x[index] for index in indices])
            key = (x.dtype, x.device)
            if key not in known:
                with torch.inference_mode(False):
                    known[key] = torch.tensor(self.coefficients, dtype=x.dtype, device=x.device)
            parts = [torch.tensordot(c, v, 1) for c, v in zip(known[key], values, strict=True)]
            return torch.stack(parts).sum(0) if len(parts) > 1 else parts[0]

        return total


def gathered(
    expressions: Sequence[sp.Expr], coordinates: Mapping[sp.Symbol, int]
) -> tuple[list[sp.Expr], dict[sp.Symbol, RepeatedSum]]:
    """The expressions with a symbol in place of alike terms in their sums, and what each symbol stands for.

    Args:
        expressions: any.
        coordinates: the symbols that the terms may differ in, with their places.

    Example:
        >>> x = sp.symbols("x1:21", real=True)
        >>> (left,), sums = gathered([1 + sp.Add(*(xi**2 for xi in x))], {xi: i for i, xi in enumerate(x)})
        >>> len(left.args), [len(s.rows) for s in sums.values()]
        (2, [20])
    """
    placeholders = tuple(sp.Symbol(f"pinnzo_row_{k}", real=True) for k in range(len(coordinates)))
    sums: dict[sp.Symbol, RepeatedSum] = {}
    known: dict[Any, Any] = {}

    def visit(e: Any) -> Any:
        if not getattr(e, "args", ()) or len(e.free_symbols) < LEAST_TERMS:
            return e
        if e not in known:
            left, new = list(e.args), []
            if isinstance(e, sp.Add):
                left, found = _split(e.args, coordinates, placeholders)
                for total in found:
                    symbol = sp.Dummy("pinnzo_sum", real=True)
                    sums[symbol] = total
                    new.append(symbol)
            parts = [visit(a) for a in left]
            unchanged = not new and all(a is b for a, b in zip(left, parts, strict=True))
            known[e] = e if unchanged else e.func(*parts, *new)
        return known[e]

    return [visit(e) for e in expressions], sums


def _split(
    terms: Sequence[sp.Expr], coordinates: Mapping[sp.Symbol, int], placeholders: Sequence[sp.Symbol]
) -> tuple[list[sp.Expr], list[RepeatedSum]]:
    """The terms that are alone, and the sums of those that are alike."""
    groups: dict[sp.Expr, dict[tuple[int, ...], tuple[float, sp.Expr]]] = {}
    left = []
    for term in terms if len(terms) >= LEAST_TERMS else ():
        found = _template(term, coordinates, placeholders)
        if found is not None:
            groups.setdefault(found[0], {})[found[1]] = (found[2], term)
    alike = {template: found for template, found in groups.items() if len(found) >= LEAST_TERMS}
    gone = {term for found in alike.values() for _, term in found.values()}
    left = [term for term in terms if term not in gone]
    # Templates of the same rows share what they have in common.
    by_rows: dict[tuple[tuple[int, ...], ...], list[sp.Expr]] = {}
    for template, found in alike.items():
        by_rows.setdefault(tuple(sorted(found)), []).append(template)
    sums = []
    for rows, templates in by_rows.items():
        coefficients = tuple(tuple(alike[template][row][0] for row in rows) for template in templates)
        sums.append(RepeatedSum(tuple(placeholders[: len(rows[0])]), tuple(templates), rows, coefficients))
    return left, sums


def _template(
    term: sp.Expr, coordinates: Mapping[sp.Symbol, int], placeholders: Sequence[sp.Symbol]
) -> tuple[sp.Expr, tuple[int, ...], float] | None:
    """A term as number × template(coordinates); None if anything but coordinates is in it."""
    number, rest = term.as_coeff_Mul()
    free = rest.free_symbols
    if not free or not free <= coordinates.keys() or not number.is_finite or number.is_real is not True:
        return None
    order = sorted(free, key=lambda s: coordinates[s])
    return (
        rest.xreplace(dict(zip(order, placeholders, strict=False))),
        tuple(coordinates[s] for s in order),
        float(number),
    )

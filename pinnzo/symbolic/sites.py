"""An unknown at one place: rows of f that an estimator computes, and how they make operators of u."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sympy as sp
import torch

from pinnzo.multiindex import LinearOperator, MultiIndex, sub_indices
from pinnzo.symbolic.calculus import Differentiator
from pinnzo.symbolic.norms import PreparedNorm, SquaredNorm
from pinnzo.symbolic.torch_code import TorchFunction, columns, torch_function

MAX_DENSE_SCATTER = 1 << 14
"""Up to this many entries, rows are gathered by a product with a 0/1 matrix, which beats ``index_add`` on a CPU."""

MAX_ADDED = 8
"""Up to this many rows that are added to others are added one by one."""

IDENTITY = LinearOperator.derivative(())

Terms = dict[sp.Expr, dict[MultiIndex, float]]


def product_rule(operator: LinearOperator, B: Differentiator) -> list[tuple[sp.Expr, LinearOperator]]:
    """Write L(B f) as a sum of (coefficient function) × (operator applied to f).

    Terms that share a coefficient function become one operator: with B free of x, the Laplacian in x of B f is the
    one row B Δf.
    """
    terms: Terms = {}
    for index, c in operator.terms:
        for of_network, of_factor, binomial in sub_indices(index):
            factor = B.derivative(of_factor)
            if factor == 0:
                continue
            number, function = factor.as_coeff_Mul() if factor.is_Mul or factor.is_number else (sp.Integer(1), factor)
            group = terms.setdefault(function, {})
            group[of_network] = group.get(of_network, 0.0) + c * binomial * float(number)
    rows = ((function, LinearOperator.from_terms(group)) for function, group in terms.items())
    return [(function, row) for function, row in rows if row.terms]


class Site:
    """All that is needed of an unknown at one place: rows of f, and how they combine to operators of u.

    Attributes:
        operators: of u, Q, that are wanted.
        rows: operators to be applied to the network, R.
        norms: the axes of the squared gradients that are taken from directions.
    """

    def __init__(
        self,
        operators: Sequence[LinearOperator],
        norms: Sequence[tuple[int, ...]],
        A: Differentiator,
        B: Differentiator,
        variables: Sequence[sp.Symbol],
    ) -> None:
        self.operators, self.norms = list(operators), tuple(norms)
        rows: dict[LinearOperator, int] = {}
        entries: list[tuple[int, int, sp.Expr]] = []
        for target, operator in enumerate(self.operators):
            for coefficient, row in product_rule(operator, B):
                entries.append((target, rows.setdefault(row, len(rows)), coefficient))
        self._norms = [SquaredNorm(axes, A, B, variables) for axes in self.norms]
        if any(norm.needs_network for norm in self._norms):
            rows.setdefault(IDENTITY, len(rows))
        self.identity = rows.get(IDENTITY)
        self.rows = tuple(rows)
        # The first entry of every operator in order, then those that are added to it.
        firsts = {entry[0]: entry for entry in reversed(entries)}
        entries = [firsts[t] for t in sorted(firsts)] + [e for e in entries if firsts[e[0]] is not e]
        self.targets = torch.tensor([target for target, _, _ in entries], dtype=torch.long)
        self.sources = torch.tensor([source for _, source, _ in entries], dtype=torch.long)
        self.mostly_single = len(firsts) == len(operators) and len(entries) - len(firsts) <= MAX_ADDED
        coefficients = list(dict.fromkeys(c for _, _, c in entries))
        self.coefficient_of = torch.tensor([coefficients.index(c) for _, _, c in entries], dtype=torch.long)
        self._known = torch_function([variables], [A.apply(operator) for operator in self.operators])
        self._coefficients = torch_function([variables], coefficients)

    def uses(self, row: int) -> list[int]:
        """The operators of u that a row of f takes part in."""
        return self.targets[self.sources == row].tolist()

    def prepare(self, x: torch.Tensor, projections: Sequence[torch.Tensor]) -> PreparedSite:
        known = _columns(self._known, x)
        factors = _columns(self._coefficients, x)[:, self.coefficient_of.to(x.device)]
        norms = [norm.prepare(x, w) for norm, w in zip(self._norms, projections, strict=True)]
        return PreparedSite(self, known, factors, norms)


@dataclass(frozen=True, eq=False)
class PreparedSite:
    """A site with everything that depends on the points alone computed."""

    site: Site
    known: torch.Tensor
    factors: torch.Tensor
    norms: Sequence[PreparedNorm] = ()

    @property
    def finite(self) -> torch.Tensor:
        """At which points everything is finite, (P,)."""
        return torch.cat([self.known, self.factors, *(norm.known for norm in self.norms)], dim=1).isfinite().all(1)

    def combine(self, rows: torch.Tensor) -> torch.Tensor:
        """Operators and squared norms of u, (K, P, Q), from rows and directional derivatives of f, (K, P, R)."""
        if not self.norms:
            return self._operators(rows)
        network = None if self.site.identity is None else rows[..., self.site.identity]
        values, start = [self._operators(rows[..., : len(self.site.rows)])], len(self.site.rows)
        for norm in self.norms:
            stop = start + norm.projected.shape[1]
            values.append(norm.value(rows[..., start:stop], network)[..., None])
            start = stop
        return torch.cat([v.expand(*rows.shape[:-1], -1) for v in values], dim=-1)

    def _operators(self, rows: torch.Tensor) -> torch.Tensor:
        count = self.known.shape[-1]
        sources, targets = self.site.sources.to(rows.device), self.site.targets.to(rows.device)
        if self.site.mostly_single:
            in_order = len(self.site.rows) == count and torch.equal(sources[:count], torch.arange(count).to(sources))
            firsts = rows if in_order else rows[..., sources[:count]]
            total = torch.addcmul(self.known, firsts, self.factors[:, :count])
            for entry in range(count, len(sources)):
                added = rows[..., sources[entry]] * self.factors[:, entry]
                total = total.index_add(-1, targets[entry, None], added[..., None])
            return total
        products = rows[..., sources] * self.factors
        if len(targets) * count <= MAX_DENSE_SCATTER:
            scatter = torch.zeros(len(targets), count, dtype=rows.dtype, device=rows.device)
            scatter[torch.arange(len(targets)), targets] = 1.0
            return self.known + products @ scatter
        return self.known.expand(*rows.shape[:-1], -1).index_add(-1, targets, products)

    def part(self, points: slice) -> PreparedSite:
        """The same at some of the points."""
        norms = [norm.part(points) for norm in self.norms]
        return replace(self, known=self.known[points], factors=self.factors[points], norms=norms)


def _columns(function: TorchFunction, x: torch.Tensor) -> torch.Tensor:
    values = columns(function, x)
    return torch.stack(values, dim=1) if values else x.new_zeros(len(x), 0)

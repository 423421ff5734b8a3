"""All unknown functions at one place: they share the rows that an estimator computes of the network's outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from pinnzo.multiindex import LinearOperator
from pinnzo.symbolic.sites import PreparedSite, Site


class SitesOfPlace:
    """The sites of all unknown functions at one place.

    Args:
        sites: one for each unknown function, C.

    Attributes:
        rows: the operators that any of them needs, without repetition, R.
        norms: the axes of their squared gradients that are taken from directions, without repetition.
    """

    def __init__(self, sites: Sequence[Site]) -> None:
        self.sites = list(sites)
        self.rows: tuple[LinearOperator, ...] = tuple(dict.fromkeys(row for site in sites for row in site.rows))
        self.norms = tuple(dict.fromkeys(axes for site in sites for axes in site.norms))

    def prepare(self, x: torch.Tensor, projections: Sequence[torch.Tensor]) -> PreparedPlace:
        """Compute what depends on points (P, D), and on the directions of each squared gradient, alone."""
        prepared, picked = [], []
        # Directional derivatives come after the rows, those of one squared gradient after the other's.
        starts = [len(self.rows)]
        for directions in projections:
            starts.append(starts[-1] + len(directions))
        for site in self.sites:
            norms = [self.norms.index(axes) for axes in site.norms]
            prepared.append(site.prepare(x, [projections[n] for n in norms]))
            columns = [self.rows.index(row) for row in site.rows]
            columns += [column for n in norms for column in range(starts[n], starts[n + 1])]
            picked.append(None if columns == list(range(starts[-1])) else torch.tensor(columns, dtype=torch.long))
        return PreparedPlace(prepared, picked)


@dataclass(frozen=True, eq=False)
class PreparedPlace:
    """All unknown functions at one place, with everything that depends on the points alone computed.

    Attributes:
        sites: of each unknown function.
        picked: which of the common rows and directional derivatives each one uses; None for all, in this order.
    """

    sites: Sequence[PreparedSite]
    picked: Sequence[torch.Tensor | None]

    @property
    def finite(self) -> torch.Tensor:
        """At which points everything is finite, (P,)."""
        return torch.stack([site.finite for site in self.sites]).all(0)

    def combine(self, rows: torch.Tensor) -> list[torch.Tensor]:
        """For each unknown function its operators and squared norms, (K, P, Q), from rows (K·C, P, R)."""
        count = len(self.sites)
        found = []
        for component, (site, picked) in enumerate(zip(self.sites, self.picked, strict=True)):
            own = rows[component::count]
            found.append(site.combine(own if picked is None else own[..., picked.to(rows.device)]))
        return found

    def part(self, points: slice) -> PreparedPlace:
        """The same at some of the points."""
        return PreparedPlace([site.part(points) for site in self.sites], self.picked)

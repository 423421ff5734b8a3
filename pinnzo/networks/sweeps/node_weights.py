"""Weighted sums over the nodes of a stencil, inside a sweep."""

from __future__ import annotations

import torch

from . import tiles

FEW_NODES = 4
"""Sums over up to so many nodes are added up one by one."""


class NodeWeights:
    """Weighted sums over J nodes at each of P points, of values in P·J columns with the node running fastest.

    Rows with few nodes, such as the components of a gradient, are gathered; the others are matrix products.

    Args:
        weights: w_pjr, (P, J, R).

    Attributes:
        results: the length R·P of a result, point by point for one row after the other.
    """

    def __init__(self, weights: torch.Tensor) -> None:
        self.shape = weights.shape
        points, count, rows = weights.shape
        self.results = rows * points
        used = (weights != 0).any(0)
        counts = used.sum(0)
        few = counts <= FEW_NODES
        self._many = [(r, weights[:, :, r].contiguous()) for r in (~few).nonzero()[:, 0].tolist()]
        self._rows = few.nonzero()[:, 0]
        # The nodes of each of these rows, (R', n); to rows with fewer some are added, with their weights of zero.
        n = max(1, int(counts[few].max())) if len(self._rows) else 1
        self._nodes = used[:, few].to(torch.uint8).T.topk(min(n, count), dim=1).indices
        self._weights = weights[:, self._nodes, self._rows[:, None]].permute(2, 1, 0)

    def of(self, values: torch.Tensor) -> torch.Tensor:
        """The sums (…, R·P) of values (…, P·J)."""
        points, count, rows = self.shape
        values = values.unflatten(-1, (points, count))
        out = values.new_empty(*values.shape[:-2], rows, points)
        for r, weights in self._many:
            out[..., r, :] = torch.linalg.vecdot(values, weights)
        if len(self._rows):
            by_node = values.transpose(-1, -2)
            total = 0.0
            for nodes, weights in zip(self._nodes.T, self._weights, strict=True):
                total = total + by_node[..., nodes, :] * weights
            out[..., self._rows, :] = total
        return out.flatten(-2)

    def add_products(self, out: torch.Tensor, a: torch.Tensor, h: torch.Tensor) -> None:
        """Add the sums of all products a_uo h_i, with a (U, O, P·J) and h (I, P·J), to ``out``, (U, I, O, R·P)."""
        points, count, rows = self.shape
        a, h = a.unflatten(-1, (points, count)), h.unflatten(-1, (points, count))
        out = out.unflatten(-1, (rows, points))
        by_point = h.permute(1, 2, 0)
        for r, weights in self._many:
            products = torch.bmm((a * weights).flatten(0, 1).transpose(0, 1), by_point)
            out[..., r, :] += products.unflatten(1, a.shape[:2]).permute(1, 3, 2, 0)
        if not len(self._rows):
            return
        group = max(1, tiles.CHUNK_ELEMENTS // (h.shape[0] * a.shape[1] * len(self._rows) * points))
        left, right = a.transpose(-1, -2)[:, None], h.transpose(-1, -2)[None, :, None]
        for start in range(0, len(a), group):
            part = slice(start, start + group)
            total = out[part][..., self._rows, :]
            for nodes, weights in zip(self._nodes.T, self._weights, strict=True):
                total.addcmul_(left[part][..., nodes, :] * weights, right[..., nodes, :])
            out[part][..., self._rows, :] = total

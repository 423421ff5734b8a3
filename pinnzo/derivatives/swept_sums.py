"""Weighted sums of a network's changes by perturbed parameters, taken inside the sweep."""

from __future__ import annotations

import torch

from pinnzo.derivatives.base import Field
from pinnzo.derivatives.tiles import TILE_ELEMENTS
from pinnzo.fields import NetworkField, SolutionChange
from pinnzo.networks.base import Sweep


def swept_sums(field: Field, x: torch.Tensor, nodes: torch.Tensor, weights: torch.Tensor) -> torch.Tensor | None:
    """The sums s_kpr = Σ_j w_jr f_k(x_p + δ_j) of a sweep's changes, without the changes at the nodes.

    The factor B of u = A + B f goes into the weights, w_pjr = w_jr B(x_p + δ_j).

    Args:
        field: K changes.
        x: points, (P, D).
        nodes: shifts, (J, D).
        weights: (J, R).

    Returns:
        (K, P, R); None where the field is no sweep, or holds one at single nodes, where there is nothing to gain.
    """
    network = field.network if isinstance(field, SolutionChange) else field
    if not isinstance(network, NetworkField) or not isinstance(network.bound, Sweep) or len(nodes) == 1:
        return None
    parts = []
    numbers = max(network.count * weights.shape[1] // 8, network.bound.inner * len(nodes))
    for some in x.split(max(1, TILE_ELEMENTS // numbers)):
        at_points = weights.expand(len(some), *weights.shape)
        if isinstance(field, SolutionChange):
            at_points = at_points * field.ansatz(some[:, None, :] + nodes)[1][..., None]
        # Later calls use the memory again.
        parts.append(network.bound.sums_at(some, nodes, at_points)[..., 0].clone())
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)

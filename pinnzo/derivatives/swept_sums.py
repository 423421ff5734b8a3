"""Weighted sums of a field's changes, taken where the changes come from."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch

from pinnzo.derivatives.base import Field
from pinnzo.derivatives.tiles import TILE_ELEMENTS


@runtime_checkable
class FieldWithSums(Field, Protocol):
    """A field of K changes that may know weighted sums of them without the changes at the nodes."""

    def inner(self, nodes: int, rows: int) -> int | None:
        """Numbers that one point takes while R sums over J nodes are made; None where there is nothing to gain."""
        ...

    def sums_at(self, x: torch.Tensor, nodes: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """The sums Σ_j w_jr f_k(x_p + δ_j) at points (P, D), with nodes (J, D) and weights (J, R): (K, P, R)."""
        ...


def swept_sums(field: Field, x: torch.Tensor, nodes: torch.Tensor, weights: torch.Tensor) -> torch.Tensor | None:
    """The sums s_kpr = Σ_j w_jr f_k(x_p + δ_j) of a sweep's changes, without the changes at the nodes.

    Args:
        field: K changes.
        x: points, (P, D).
        nodes: shifts, (J, D).
        weights: (J, R).

    Returns:
        (K, P, R); None where the field does not know them, or where it holds single nodes.
    """
    if not isinstance(field, FieldWithSums) or len(nodes) == 1:
        return None
    numbers = field.inner(len(nodes), weights.shape[1])
    if numbers is None:
        return None
    # Later calls use the memory again.
    parts = [field.sums_at(some, nodes, weights).clone() for some in x.split(max(1, TILE_ELEMENTS // numbers))]
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)

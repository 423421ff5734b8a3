"""What a layered network changes by between points and shifted points, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from pinnzo.networks.changes import Change

if TYPE_CHECKING:
    from pinnzo.networks.layered import BoundLayeredNetwork


def values_and_changes(
    network: BoundLayeredNetwork, change: Change, x: torch.Tensor, nodes: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The network at x_p, and f(x_p + δ_j) − f(x_p) with the relative precision of δ_j.

    With z_k(x) the arguments of layer k's activation σ,

        Δz_1 = W_1 δ_j,   Δh_k = σ(z_k + Δz_k) − σ(z_k),   Δz_{k+1} = W_{k+1} Δh_k,

    the changes pass from layer to layer, and values never are subtracted. Memory is that of the plain evaluation, and
    what belongs to the points alone is computed once for all nodes.

    Args:
        network: K networks, without features; autograd has to be off.
        change: σ(z + ε) − σ(z).
        x: points, (P, D).
        nodes: shifts, (J, D).

    Returns:
        The values (K, P, outputs) and the changes (K, P, J, outputs), the latter not contiguous.
    """
    points, steps = network.scaled(x), network.scaled(nodes, shift=False)
    # The longer of the two axes goes last: long inner loops are faster.
    points_last = x.shape[0] > nodes.shape[0]
    shape = (nodes.shape[0], x.shape[0]) if points_last else (x.shape[0], nodes.shape[0])
    axis = 2 if points_last else 3
    all_values, all_changes = [], []
    for part in network.parts(x.shape[0] * nodes.shape[0]):
        z, step = part.first.from_common(points), part.first.from_common(steps, bias=False)
        h = part.activation.function(z)
        out = part.scratch.take("odd", (*z.shape[:2], *shape), z)
        assert out is not None, "autograd is on"
        changes = change.of_sums(z.unsqueeze(axis), h.unsqueeze(axis), step.unsqueeze(5 - axis), out)
        for k, layer in enumerate(part.others[:-1]):
            z = layer(h)
            h = part.activation.function(z)
            slot, other = ("odd", "even") if k % 2 else ("even", "odd")
            changes = layer.linear(changes.flatten(2), part.scratch, slot).unflatten(2, shape)
            spare = part.scratch.take(other, tuple(changes.shape), changes)
            assert spare is not None, "autograd is on"
            changes = change.of_steps(z.unsqueeze(axis), h.unsqueeze(axis), changes, spare)
        all_values.append(part.others[-1](h))
        # The result is the caller's: it gets memory of its own.
        all_changes.append(part.others[-1].linear(changes.flatten(2)))
    values, joined = torch.cat(all_values).transpose(1, 2), torch.cat(all_changes).unflatten(2, shape)
    return values, joined.permute(0, 3, 2, 1) if points_last else joined.permute(0, 2, 3, 1)

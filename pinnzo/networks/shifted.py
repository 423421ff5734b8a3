"""What a layered network changes by between points and shifted points, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from pinnzo.networks.changes import Change, Steps

if TYPE_CHECKING:
    from pinnzo.networks.layered import BoundLayeredNetwork


class LayeredNeighbourhood:
    """K networks at points x_p and their changes f(x_p + δ_j) − f(x_p), with the relative precision of δ_j.

    With z_k(x) the arguments of layer k's activation σ,

        Δz_1 = W_1 δ_j,   Δh_k = σ(z_k + Δz_k) − σ(z_k),   Δz_{k+1} = W_{k+1} Δh_k,

    the changes pass from layer to layer, and values never are subtracted. What belongs to the points alone is computed
    once for all nodes, what belongs to the nodes once for all points.

    Args:
        network: K networks, without features; autograd has to be off.
        change: the changes of σ.
        x: points, (P, D).

    Attributes:
        values: the networks at the points, (K, P, outputs).
    """

    def __init__(self, network: BoundLayeredNetwork, change: type[Change], x: torch.Tensor) -> None:
        self._network, self._change = network, change
        self._layers = [change(network.first.from_common(network.scaled(x)))]
        for layer in network.others[:-1]:
            self._layers.append(change(layer(self._layers[-1].h)))
        self.values = network.others[-1](self._layers[-1].h).transpose(1, 2)

    def prepare(self, nodes: torch.Tensor) -> Steps:
        """What is needed of nodes (J, D)."""
        return self._change.prepare(
            self._network.first.from_common(self._network.scaled(nodes, shift=False), bias=False)
        )

    def changes(self, points: slice, steps: Steps) -> torch.Tensor:
        """The changes at some of the points by prepared nodes: (K, points, J, outputs), not contiguous."""
        network = self._network
        start, stop, _ = points.indices(self.values.shape[1])
        p, j = stop - start, steps[0].shape[2]
        # The longer of the two axes goes last: long inner loops are faster.
        points_last = p > j
        shape, axis = ((j, p), 2) if points_last else ((p, j), 3)
        out = network.scratch.take("odd", (*steps[0].shape[:2], *shape), steps[0])
        assert out is not None, "autograd is on"
        changes = self._layers[0].of_sums(points, axis, steps, out)
        for k, (layer, change) in enumerate(zip(network.others[:-1], self._layers[1:], strict=True)):
            slot, other = ("odd", "even") if k % 2 else ("even", "odd")
            changes = layer.linear(changes.flatten(2), network.scratch, slot).unflatten(2, shape)
            spare = network.scratch.take(other, tuple(changes.shape), changes)
            assert spare is not None, "autograd is on"
            changes = change.of_steps(points, axis, changes, spare)
        # The result is the caller's: it gets memory of its own.
        result = network.others[-1].linear(changes.flatten(2)).unflatten(2, shape)
        return result.permute(0, 3, 2, 1) if points_last else result.permute(0, 2, 3, 1)

r"""Sweeps of one number a point: what a weighted sum of the outputs changes by when each parameter is perturbed.

A Gauss–Newton step of a classifier asks for wᵀ(f(x; θ + μ e_i) − f(x; θ)) with one weight vector w a point. For
networks with one hidden layer that is far cheaper than the changes of all outputs:

- the outputs are linear in the hidden units, so that the weights go into the last layer once for all coordinates;
- each hidden unit is followed along the chord through its activation at z − μ and z + μ. A unit's change is then linear
  in the change of its sum, and what remains for a tensor-train core is one small matrix product a point.

The results are those of the perturbed forward passes up to O(μ²) for smooth activations (the chord is a central
difference, so they are closer to the limit μ → 0 than the passes themselves), and for ReLU up to rounding, except at
the points where a perturbation takes a unit across its kink: there the chord stands for both sides. They count as that
many passes, since a device that knows nothing but forward passes answers the same questions; nothing is differentiated.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch

from pinnzo.networks.layers import Layer

if TYPE_CHECKING:
    from pinnzo.networks.layered import LayeredNetwork


class WeightedSweep:
    """wᵀ(f(x; θ + μ e_i) − f(x; θ)) for K coordinates i of a network with one hidden layer.

    Args:
        network: f.
        theta: θ, (d,).
        step: μ, of either sign.
        indices: some of the coordinates, (K,), without repetition; None for all.

    Attributes:
        width: numbers that one point takes at the same time; callers size their tiles by it.
    """

    def __init__(
        self, network: LayeredNetwork, theta: torch.Tensor, step: float, indices: torch.Tensor | None = None
    ) -> None:
        self.network, self.step, self.indices = network, step, indices
        wanted = torch.ones(network.parameter_count, dtype=torch.bool)
        if indices is not None:
            wanted = torch.zeros_like(wanted).index_fill_(0, indices.cpu(), True)
        self.first, self.last = (_Products(layer, theta, wanted) for layer in network.layers)
        base = network.bind(theta[None])
        self._inputs = base.inputs
        layer = network.layers[-1]
        weight = theta[None, layer.weight]
        self._matrix = weight.reshape(layer.outputs, -1) if layer.matrix is None else layer.matrix.dense(weight)[0]
        self._hidden = base.first
        self.width = network.parameter_count + self.first.width + self.last.width + 6 * network.width

    def values(self, x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """The weighted changes at points ``x`` (P, D) for R weight vectors a point, (R, P, O): (R, P, K)."""
        activation, eta = self.network.activation.function, abs(self.step)
        inputs = self._inputs(x)
        z = self._hidden.from_common(inputs)[0].T
        hidden = activation(z)
        slope = (activation(z + eta) - activation(z - eta)).div_(2 * eta)
        out = x.new_empty(*weights.shape[:2], self.network.parameter_count)
        for products, entries, scales in (
            (self.first, inputs.T, (weights @ self._matrix).mul_(slope)),
            (self.last, hidden, weights),
        ):
            products.fill(entries, scales, out)
        return (out if self.indices is None else out[..., self.indices]).mul_(self.step)


class _Products:
    """What Σ_u s_u (W h + b)_u changes by, for each point's scales s, when a parameter of the layer grows by 1."""

    def __init__(self, layer: Layer, theta: torch.Tensor, wanted: torch.Tensor) -> None:
        self.layer = layer
        self.cores: list[tuple[slice, tuple[int, ...], torch.Tensor, torch.Tensor]] = []
        self.width = 0
        if layer.matrix is None:
            return
        places = pairwise(block.start for block in layer.blocks)
        for core, ((start, stop), shape) in enumerate(zip(places, layer.matrix.core_shapes, strict=True)):
            if not bool(wanted[start:stop].any()):
                continue
            left, right = (side[0] for side in layer.matrix.surroundings(theta[None, layer.weight], core))
            self.cores.append((slice(start, stop), shape, left, right))
            sizes = (left.shape[1] * shape[2] * right[..., 0].numel(), left[0].numel() * shape[1] * right.shape[1])
            self.width = max(self.width, 2 * sum(sizes))

    def fill(self, h: torch.Tensor, scales: torch.Tensor, out: torch.Tensor) -> None:
        """Write them into their places of ``out`` (R, P, d), from inputs h (P, I) and scales (R, P, outputs)."""
        layer, points = self.layer, len(h)
        out[..., layer.bias] = scales
        if layer.matrix is None:
            out[..., layer.weight] = (scales[..., None] * h[:, None]).flatten(2)
        for place, (a, n, m, b), left, right in self.cores:
            n_left, m_left, _ = left.shape
            _, n_right, m_right = right.shape
            # The inputs times what follows the core: (points, m_left, n_right, m, b).
            after = h.reshape(-1, m_right) @ right.reshape(-1, m_right).T
            after = after.reshape(points, m_left, m, b, n_right).permute(0, 1, 4, 2, 3)
            after = after.reshape(points, m_left * n_right, m * b)
            before = left.permute(2, 1, 0).reshape(-1, n_left)
            for scale, rows in zip(scales, out, strict=True):
                # The scales times what precedes it: (points, a, n, m_left, n_right).
                ahead = before @ scale.reshape(points, n_left, -1).transpose(0, 1).reshape(n_left, -1)
                ahead = ahead.reshape(a, m_left, points, n, n_right).permute(2, 0, 3, 1, 4)
                found = torch.bmm(ahead.reshape(points, a * n, m_left * n_right), after)
                rows[:, place] = found.reshape(points, a * n * m * b)

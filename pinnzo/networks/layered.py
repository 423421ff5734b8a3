"""The network that the settings of ``mlp.py`` and ``tensor_train_mlp.py`` build."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from pinnzo.errors import SettingError, ShapeError
from pinnzo.networks.activations import Activation
from pinnzo.networks.base import BoundNetwork, Neighbourhood, Network
from pinnzo.networks.features import Features
from pinnzo.networks.layers import BoundLayer, Layer
from pinnzo.networks.scratch import Scratch
from pinnzo.networks.shifted import LayeredNeighbourhood
from pinnzo.networks.sweeps import CoordinateSweep, WeightedSweep

# Hidden units of one layer that are computed at once where the caller does not tile: a few megabytes.
CACHED_ELEMENTS = 2**18

Scaling = tuple["Sequence[float] | torch.Tensor", "Sequence[float] | torch.Tensor"]


class LayeredNetwork(Network):
    """Affine layers with an activation function between them.

    Args:
        layers: at least two, as ``stack_layers`` lays them out.
        activation: applied after every layer but the last.
        scaling: (low, high), each with one number an input. Input d is mapped from [low_d, high_d] to [-1, 1]
            first; one with an infinite end is left as it is.
        features: further inputs of the first layer, which come after the coordinates, or stand in place of some.
        bias: initial biases of hidden units are uniform in ±bias; ±1/√inputs by default.
    """

    def __init__(
        self,
        layers: tuple[Layer, ...],
        activation: Activation,
        scaling: Scaling | None = None,
        features: Features | None = None,
        bias: float | None = None,
    ) -> None:
        self.layers, self.bias = layers, bias
        self.activation = activation
        self.features = features
        self.inputs = layers[0].inputs - (features.count - len(features.replaced) if features is not None else 0)
        self.outputs = layers[-1].outputs
        self.parameter_count = layers[-1].stop
        self.width = max(layer.outputs for layer in layers)
        self.scratch = Scratch()
        if features is not None:
            # The first layer's inputs are then held at every shifted point.
            self.width = max(self.width, layers[0].inputs)
        self.scaling = None if scaling is None else _slope_and_shift(scaling, self.inputs)

    def initial(self, generator: torch.Generator, dtype: torch.dtype) -> torch.Tensor:
        """Draw an initial θ (d,).

        Weights have the variance gain / inputs, hidden biases are uniform in ±bias (±1/√inputs), the last bias is 0.
        A sine network thus starts in the nearly linear part of its sines: in many dimensions random phases
        make it a function too rough to be unlearnt from a few hundred points.
        """
        pieces = []
        for layer in self.layers[:-1]:
            bias = layer.inputs**-0.5 if self.bias is None else self.bias
            pieces.append(layer.initial(generator, dtype, self.activation.gain, bias))
        pieces.append(self.layers[-1].initial(generator, dtype, 1.0, 0.0))
        return torch.cat(pieces)

    @property
    def blocks(self) -> tuple[slice, ...]:
        """The dense matrices, tensor-train cores and biases, in the order of θ."""
        return tuple(block for layer in self.layers for block in layer.blocks)

    def sweep(self, theta: torch.Tensor, indices: torch.Tensor, step: float) -> CoordinateSweep:
        """The changes by single perturbed parameters, from kept activations; see ``Network.sweep``."""
        return CoordinateSweep(self, theta, indices, step)

    def weighted_sweep(self, theta: torch.Tensor, indices: torch.Tensor, step: float) -> WeightedSweep | None:
        """The changes of weighted sums of the outputs, where there is one hidden layer."""
        return WeightedSweep(self, theta, step, indices) if len(self.layers) == 2 else None

    def bind(self, theta: torch.Tensor) -> BoundLayeredNetwork:
        """Fill in K parameter vectors, ``theta`` of shape (K, d)."""
        if theta.ndim != 2 or theta.shape[1] != self.parameter_count:
            raise ShapeError(
                f"theta has shape {tuple(theta.shape)}, but bind takes K parameter vectors of this "
                f"network as (K, {self.parameter_count})."
            )
        scaling = self.scaling
        if scaling is not None:
            scaling = (scaling[0].to(theta), scaling[1].to(theta))
        return BoundLayeredNetwork(
            [layer.bind(theta) for layer in self.layers], self.activation, scaling, self.features
        )


class BoundLayeredNetwork(BoundNetwork):
    """A layered network with K parameter vectors filled in.

    Inside, hidden units are (K, units, R) for R points. Where autograd is off, activations overwrite their
    argument.
    """

    def __init__(
        self,
        layers: list[BoundLayer],
        activation: Activation,
        scaling: tuple[torch.Tensor, torch.Tensor] | None,
        features: Features | None = None,
        scratch: Scratch | None = None,
    ) -> None:
        self.first = layers[0]
        self.others = layers[1:]
        self.activation = activation
        self.scaling = scaling
        self.features = features
        self.scratch = scratch or Scratch()
        self.width = max(layer.bias.shape[1] for layer in layers)

    def values(self, x: torch.Tensor) -> torch.Tensor:
        """Evaluate at points ``x`` of shape (P, D); returns (K, P, outputs)."""
        points = self.inputs(x).split(max(1, CACHED_ELEMENTS // self.width), dim=1)
        values = [
            torch.cat([part._finish(self.activation(part.first.from_common(some))) for some in points], dim=2)
            for part in self.parts(points[0].shape[1])
        ]
        return torch.cat(values).transpose(1, 2)

    def values_at(self, x: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
        """Evaluate at x_p + δ_j for every point and node.

        The first layer is affine, W(x + δ) + b = (W x + b) + W δ, so it acts on P + J vectors instead of P·J.
        After it sin(α + β) = sin α cos β + cos α sin β does the same for the sines, which take most of the
        time of a narrow network; the rounding error of the sum is that of the direct evaluation. With features
        there is no such short cut: they are evaluated at every pair.

        Args:
            x: points, (P, D).
            nodes: shifts, (J, D).

        Returns:
            (K, P, J, outputs), not contiguous.
        """
        if self.features is not None:
            pairs = self.inputs_at(x, nodes)
            all_values = [p._finish(p.activation(p.first.from_common(pairs))) for p in self.parts(pairs.shape[1])]
            return torch.cat(all_values).unflatten(2, (x.shape[0], nodes.shape[0])).permute(0, 2, 3, 1)
        points, steps = self.scaled(x), self.scaled(nodes, shift=False)
        # The longer of the two axes goes last: long inner loops are faster.
        points_last = x.shape[0] > nodes.shape[0]
        values = []
        for part in self.parts(x.shape[0] * nodes.shape[0]):
            a = part.first.from_common(points)
            b = part.first.from_common(steps, bias=False)
            hidden = part._first_activation(b, a) if points_last else part._first_activation(a, b)
            values.append(part._finish(hidden))
        shape = (nodes.shape[0], x.shape[0]) if points_last else (x.shape[0], nodes.shape[0])
        joined = torch.cat(values).unflatten(2, shape)
        return joined.permute(0, 3, 2, 1) if points_last else joined.permute(0, 2, 3, 1)

    def around(self, x: torch.Tensor, pairs: int) -> Sequence[Neighbourhood] | None:
        """See ``BoundNetwork.around``; with tanh and without features there is a way."""
        change = self.activation.change
        if change is None or self.features is not None or torch.is_grad_enabled():
            return None
        return [LayeredNeighbourhood(part, change, x) for part in self.parts(pairs)]

    def inputs(self, x: torch.Tensor) -> torch.Tensor:
        """What the first layer gets at points (P, D): the scaled coordinates, then the features, (I, P)."""
        scaled = self.scaled(x)
        return scaled if self.features is None else self._with_features(scaled, x)

    def inputs_at(self, x: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
        """What the first layer gets at all x_p + δ_j, from points (P, D) and nodes (J, D).

        Returns:
            (I, P·J), point by point with the node running fastest.
        """
        scaled = (self.scaled(x)[:, :, None] + self.scaled(nodes, shift=False)[:, None, :]).flatten(1)
        if self.features is None:
            return scaled
        # Laid out as columns, so that features read each coordinate from contiguous memory.
        shifted = (x.T[:, :, None] + nodes.T[:, None, :]).flatten(1)
        return self._with_features(scaled, shifted.T)

    def _with_features(self, scaled: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Scaled coordinates (D, P) without those that features replace, and the features at points x (P, D)."""
        assert self.features is not None
        if replaced := self.features.replaced:
            scaled = scaled[[axis for axis in range(len(scaled)) if axis not in replaced]]
        return torch.cat([scaled, self.features.function(x).T])

    def parts(self, rows: int) -> list[BoundLayeredNetwork]:
        """Split the K networks into groups whose hidden units at ``rows`` points stay in the cache."""
        count = self.first.bias.shape[0]
        group = max(1, CACHED_ELEMENTS // (self.width * max(rows, 1)))
        if group >= count:
            return [self]
        return [
            BoundLayeredNetwork(
                [layer.part(start, start + group) for layer in (self.first, *self.others)],
                self.activation,
                self.scaling,
                self.features,
                self.scratch,
            )
            for start in range(0, count, group)
        ]

    def _first_activation(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """The activation of all sums of a (K, units, A) and b (K, units, B): (K, units, A·B)."""
        shape = (*a.shape, b.shape[2])
        out = self.scratch.take("odd", shape, a)
        few = a.shape[2] * b.shape[2] < 4 * (a.shape[2] + b.shape[2])
        if few or self.activation.name != "sine":
            return self.activation(torch.add(a[..., None], b[:, :, None, :], out=out).flatten(2))
        hidden = torch.mul(torch.sin(a)[..., None], torch.cos(b)[:, :, None, :], out=out)
        other = torch.cos(a)[..., None], torch.sin(b)[:, :, None, :]
        if out is None:
            return (hidden + other[0] * other[1]).flatten(2)
        return hidden.addcmul_(*other).flatten(2)

    def _finish(self, hidden: torch.Tensor) -> torch.Tensor:
        """Layers after the first, from hidden units (K, units, R) to (K, outputs, R)."""
        for k, layer in enumerate(self.others[:-1]):
            hidden = self.activation(layer(hidden, self.scratch, "odd" if k % 2 else "even"))
        # The result is the caller's: it gets memory of its own.
        return self.others[-1](hidden, self.scratch)

    def scaled(self, x: torch.Tensor, *, shift: bool = True) -> torch.Tensor:
        """Points (P, D) as columns (D, P) of scaled coordinates; differences of points without the shift."""
        if self.scaling is None:
            return x.T
        return torch.addcmul(self.scaling[1], self.scaling[0], x.T) if shift else self.scaling[0] * x.T


def _slope_and_shift(scaling: Scaling, inputs: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The map from [low, high] to [-1, 1] as columns (D, 1): slope and shift."""
    low, high = (torch.as_tensor(end, dtype=torch.float64).reshape(-1) for end in scaling)
    if low.numel() != inputs or high.numel() != inputs:
        raise ShapeError(
            f"scaling has {low.numel()} lower and {high.numel()} upper ends, but the network has {inputs} "
            "inputs: give one of each an input."
        )
    if bool(torch.isnan(low).any() or torch.isnan(high).any() or (high <= low).any()):
        raise SettingError(
            f"scaling maps [low, high] to [-1, 1], which low={low.tolist()} and high={high.tolist()} do not "
            "allow: every upper end must exceed the lower one."
        )
    bounded = torch.isfinite(low) & torch.isfinite(high)
    slope = torch.where(bounded, 2 / (high - low), 1.0)
    shift = torch.where(bounded, -(high + low) / (high - low), 0.0)
    return slope[:, None], shift[:, None]

"""Affine layers, dense or in tensor-train format, and their place in the flat parameter vector."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate, pairwise

import torch

from pinnzo.errors import SettingError
from pinnzo.networks.contraction import DenseProduct, TwoFactorProduct, bind_tensor_train
from pinnzo.networks.scratch import Scratch
from pinnzo.networks.tensor_train import TensorTrainMatrix


@dataclass(frozen=True)
class Layer:
    """y = W h + b; its part of θ is W (dense in row-major order, or the tensor-train cores), then b.

    Attributes:
        inputs: columns of W.
        outputs: rows of W.
        start: where its part of θ begins.
        matrix: the tensor-train format of W, or None for a dense W.
    """

    inputs: int
    outputs: int
    start: int
    matrix: TensorTrainMatrix | None = None

    @property
    def weight(self) -> slice:
        """The weight's place in θ."""
        count = self.inputs * self.outputs if self.matrix is None else self.matrix.parameter_count
        return slice(self.start, self.start + count)

    @property
    def bias(self) -> slice:
        """The bias' place in θ."""
        return slice(self.weight.stop, self.weight.stop + self.outputs)

    @property
    def stop(self) -> int:
        """Where the next layer's part of θ begins."""
        return self.bias.stop

    @property
    def blocks(self) -> tuple[slice, ...]:
        """The dense weight or the tensor-train cores, then the bias: their places in θ."""
        shapes = [(self.weight.stop - self.weight.start,)] if self.matrix is None else self.matrix.core_shapes
        ends = list(accumulate((math.prod(shape) for shape in shapes), initial=self.start))
        return (*(slice(a, b) for a, b in pairwise(ends)), self.bias)

    def initial(self, generator: torch.Generator, dtype: torch.dtype, gain: float, bias_range: float) -> torch.Tensor:
        """Draw this layer's part of θ.

        Weights have mean 0 and variance gain / inputs (LeCun's initialisation for gain 1, He's for 2), so
        that a layer neither shrinks nor blows up the signal; a tensor-train matrix gets the same variance of
        its entries. Biases are uniform in ±bias_range.

        Returns:
            (stop - start,)
        """
        variance = gain / self.inputs
        if self.matrix is None:
            shape = (self.inputs * self.outputs,)
            # Drawn in double precision, so that a seed gives the same network in either.
            draw = torch.randn(shape, generator=generator, dtype=torch.float64, device=generator.device)
            weight = (draw * variance**0.5).to(dtype)
        else:
            weight = self.matrix.initial(generator, dtype, variance)
        bias = torch.rand(self.outputs, generator=generator, dtype=torch.float64, device=generator.device)
        return torch.cat([weight, ((2 * bias - 1) * bias_range).to(dtype)])

    def bind(self, theta: torch.Tensor) -> BoundLayer:
        """Fill in K parameter vectors (K, d)."""
        flat = theta[:, self.weight]
        if self.matrix is None:
            product = DenseProduct(flat.reshape(theta.shape[0], self.outputs, self.inputs))
        else:
            product = bind_tensor_train(self.matrix, flat)
        return BoundLayer(product, theta[:, self.bias, None])


class BoundLayer:
    """A layer with K parameter vectors filled in.

    Units lie in the axis before the last and the R points in the last one, (K, units, R): the bias is a
    column, and the matrix products of both kinds of layers need no transposition.
    """

    def __init__(self, product: DenseProduct | TwoFactorProduct, bias: torch.Tensor) -> None:
        self.product = product
        self.bias = bias

    def part(self, start: int, stop: int) -> BoundLayer:
        """The layer of networks ``start`` to ``stop`` alone; its numbers are shared, not copied."""
        return BoundLayer(self.product.part(start, stop), self.bias[start:stop])

    def __call__(self, h: torch.Tensor, scratch: Scratch | None = None, slot: str | None = None) -> torch.Tensor:
        """Map (K, inputs, R) to (K, outputs, R); see ``Scratch`` for the memory it uses."""
        return self.product(h, self.bias, scratch, slot)

    def linear(self, h: torch.Tensor, scratch: Scratch | None = None, slot: str | None = None) -> torch.Tensor:
        """W h alone, without the bias."""
        return self.product(h, None, scratch, slot)

    def from_common(self, h: torch.Tensor, *, bias: bool = True) -> torch.Tensor:
        """Map inputs (inputs, R) that all K networks share to (K, outputs, R)."""
        if isinstance(self.product, DenseProduct):
            count, outputs, inputs = self.product.weight.shape
            weight = self.product.weight.reshape(count * outputs, inputs)
            out = torch.addmm(self.bias.reshape(count * outputs, 1), weight, h) if bias else torch.mm(weight, h)
            return out.reshape(count, outputs, h.shape[1])
        return self.product(h.expand(self.bias.shape[0], -1, -1), self.bias if bias else None)


def stack_layers(sizes: tuple[int, ...], matrices: tuple[TensorTrainMatrix | None, ...]) -> tuple[Layer, ...]:
    """Lay layers out one after another in θ.

    Args:
        sizes: units from the inputs to the outputs.
        matrices: for each layer its tensor-train format, or None for a dense one.

    Raises:
        SettingError: a tensor-train matrix has another size than its place asks for.
    """
    layers: list[Layer] = []
    start = 0
    for k, matrix in enumerate(matrices):
        if matrix is not None and (matrix.input_size, matrix.output_size) != (sizes[k], sizes[k + 1]):
            raise SettingError(
                f"layers[{k}] maps {matrix.input_size} numbers to {matrix.output_size}, but this layer "
                f"of the network maps {sizes[k]} to {sizes[k + 1]}: change its modes, or inputs, width or "
                "outputs."
            )
        layer = Layer(sizes[k], sizes[k + 1], start, matrix)
        layers.append(layer)
        start = layer.stop
    return tuple(layers)

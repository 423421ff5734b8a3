"""Settings of a multilayer perceptron whose weight matrices are tensor trains."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from pinnzo.checks import as_tuple
from pinnzo.errors import SettingError
from pinnzo.networks.activations import activation
from pinnzo.networks.features import (
    Features,
    Period,
    Range,
    agreed_features,
    checked_features,
    checked_periods,
    checked_ranges,
    with_periods,
)
from pinnzo.networks.layered import LayeredNetwork, Scaling
from pinnzo.networks.layers import Layer, stack_layers
from pinnzo.networks.mlp import MLP, check_sizes
from pinnzo.networks.settings import agreed_inputs
from pinnzo.networks.tensor_train import TensorTrainMatrix, balanced_modes


@dataclass(frozen=True)
class TensorTrainMLP:
    """A perceptron whose hidden-to-hidden matrices are tensor trains of low rank.

    Its few parameters are what makes training by perturbation affordable (Zhao et al., arXiv 2308.09858). The
    first layer is dense by default, since inputs are few, and so is the last.

    Args:
        width: units of each hidden layer; a product of small factors such as 32, 64 or 512.
        depth: number of hidden layers.
        rank: rank of every tensor train.
        activation: "sine", "tanh", "gelu", "silu", "softplus", "relu" or "identity".
        inputs: number of coordinates; None takes it from the problem.
        outputs: components of f.
        modes: how the width is factorised; None balances the factors, 32 into (4, 4, 2), 512 into (8, 4, 4,
            4).
        compress_first: make the first layer a tensor train too.
        layers: the format of each of the depth + 1 layers, None for a dense one. It replaces ``rank``,
            ``modes`` and ``compress_first``.
        features: further inputs of the first layer, SymPy expressions of the problem's variables such as ‖x‖². A
            radial function of many coordinates, say, is hard to learn without.
        feature_ranges: (low, high) of each feature, mapped to [-1, 1]; None measures them at points of the domain.
        periodic: (axis, low, high) of each coordinate x along which f is periodic: the first layer sees cos and sin of
            2π(x − low)/(high − low) in place of x. None takes them from the problem's periodic conditions; with (),
            these are left to penalties.

    Raises:
        SettingError: a number is not positive, the activation is unknown, the width does not factorise,
            ``layers`` does not fit the other sizes, or a feature is no SymPy expression.

    Example:
        >>> TensorTrainMLP(width=32, depth=2, rank=2, inputs=21).parameter_count
        873
    """

    width: int = 64
    depth: int = 2
    rank: int = 2
    activation: str = "sine"
    inputs: int | None = None
    outputs: int = 1
    modes: tuple[int, ...] | None = None
    compress_first: bool = False
    layers: tuple[TensorTrainMatrix | None, ...] | None = None
    features: Sequence[sp.Expr] = ()
    feature_ranges: Sequence[Range] | None = None
    periodic: Sequence[Period] | None = None

    def __post_init__(self) -> None:
        check_sizes(self.width, self.depth, self.inputs, self.outputs)
        activation(self.activation)
        object.__setattr__(self, "features", checked_features(self.features))
        object.__setattr__(self, "feature_ranges", checked_ranges(self.feature_ranges, len(self.features)))
        object.__setattr__(self, "periodic", checked_periods(self.periodic))
        if not isinstance(self.rank, int) or self.rank < 1:
            raise SettingError(f"rank={self.rank!r} must be a positive whole number.")
        if self.layers is not None:
            self._check_layers()
            return
        if self.modes is not None:
            object.__setattr__(self, "modes", as_tuple("TensorTrainMLP", "modes", self.modes))
            if not all(isinstance(mode, int) for mode in self.modes):
                raise SettingError(f"modes={self.modes!r} must be whole numbers whose product is the width.")
            if math.prod(self.modes) != self.width:
                raise SettingError(
                    f"modes={self.modes} make {math.prod(self.modes)} units, but width={self.width}: "
                    "change the one or the other."
                )
        elif len(self._width_modes) < 2 and (self.depth > 1 or self.compress_first):
            raise SettingError(
                f"width={self.width} has no factors to make a tensor train of: take a width such as "
                f"{2 ** max(3, round(math.log2(self.width)))}, or MLP for dense layers."
            )

    @property
    def parameter_count(self) -> int:
        """Length of θ.

        Raises:
            SettingError: ``inputs`` is not known.
        """
        return self._layers(None)[-1].stop

    def dense(self) -> MLP:
        """The perceptron of equal shape with dense layers.

        Example:
            >>> TensorTrainMLP(width=512, inputs=21).dense().parameter_count
            274433
        """
        return MLP(
            self.width,
            self.depth,
            self.activation,
            self.inputs,
            self.outputs,
            self.features,
            self.feature_ranges,
            self.periodic,
        )

    def build(
        self, inputs: int | None = None, scaling: Scaling | None = None, features: Features | None = None
    ) -> LayeredNetwork:
        """Make the network; see ``NetworkSettings.build``."""
        features = agreed_features(self.features, features)
        features = with_periods(self.periodic or (), features, agreed_inputs(self.inputs, inputs))
        return LayeredNetwork(self._layers(inputs), activation(self.activation), scaling, features)

    def _layers(self, inputs: int | None) -> tuple[Layer, ...]:
        first = agreed_inputs(self.inputs, inputs) + len(self.periodic or ()) + len(self.features)
        sizes = (first, *(self.width,) * self.depth, self.outputs)
        return stack_layers(sizes, self.layers or self._default_layers(first))

    @property
    def _width_modes(self) -> tuple[int, ...]:
        return self.modes if self.modes is not None else balanced_modes(self.width)

    def _default_layers(self, inputs: int) -> tuple[TensorTrainMatrix | None, ...]:
        modes = self._width_modes
        hidden = TensorTrainMatrix(modes, modes, self.rank)
        first = None
        if self.compress_first:
            # Smallest input modes against the largest output modes, as the paper pairs them: the cores stay
            # even.
            first = TensorTrainMatrix(balanced_modes(inputs, len(modes))[::-1], modes, self.rank)
        return (first, *(hidden,) * (self.depth - 1), None)

    def _check_layers(self) -> None:
        layers = as_tuple("TensorTrainMLP", "layers", self.layers)
        object.__setattr__(self, "layers", layers)
        if len(layers) != self.depth + 1:
            raise SettingError(
                f"layers has {len(layers)} entries, but depth={self.depth} makes {self.depth + 1} layers: "
                "give one TensorTrainMatrix or None for each."
            )
        if self.modes is not None or self.compress_first:
            raise SettingError("layers states every layer's modes: leave modes and compress_first out.")
        for entry in layers:
            if entry is not None and not isinstance(entry, TensorTrainMatrix):
                raise SettingError(f"layers contains {entry!r}: give TensorTrainMatrix objects or None.")
        # Sizes that are known already are checked now, not when the network is built.
        first = self.inputs and self.inputs + len(self.periodic or ()) + len(self.features)
        if first is None:
            first = layers[0].input_size if layers[0] is not None else 1
        stack_layers((first, *(self.width,) * self.depth, self.outputs), layers)

"""Settings of a dense multilayer perceptron."""

from __future__ import annotations

from dataclasses import dataclass

from pinnzo.errors import SettingError
from pinnzo.networks.activations import activation
from pinnzo.networks.layered import LayeredNetwork, Scaling
from pinnzo.networks.layers import stack_layers
from pinnzo.networks.settings import agreed_inputs


@dataclass(frozen=True)
class MLP:
    """A perceptron with dense layers, f(x) = W_L a(… a(W_1 x + b_1) …) + b_L.

    Args:
        width: units of each hidden layer.
        depth: number of hidden layers.
        activation: "sine", "tanh", "gelu", "silu", "softplus", "relu" or "identity".
        inputs: number of coordinates; None takes it from the problem.
        outputs: components of f.

    Raises:
        SettingError: a number is not positive or the activation is unknown.

    Example:
        >>> MLP(width=512, depth=2, inputs=21).parameter_count
        274433
    """

    width: int = 64
    depth: int = 2
    activation: str = "sine"
    inputs: int | None = None
    outputs: int = 1

    def __post_init__(self) -> None:
        check_sizes(self.width, self.depth, self.inputs, self.outputs)
        activation(self.activation)

    @property
    def parameter_count(self) -> int:
        """Length of θ.

        Raises:
            SettingError: ``inputs`` is not known.
        """
        return self.build().parameter_count

    def build(self, inputs: int | None = None, scaling: Scaling | None = None) -> LayeredNetwork:
        """Make the network; see ``NetworkSettings.build``."""
        sizes = (agreed_inputs(self.inputs, inputs), *(self.width,) * self.depth, self.outputs)
        layers = stack_layers(sizes, (None,) * (self.depth + 1))
        return LayeredNetwork(layers, activation(self.activation), scaling)


def check_sizes(width: int, depth: int, inputs: int | None, outputs: int) -> None:
    """Refuse sizes that are not positive whole numbers."""
    for name, number in (("width", width), ("depth", depth), ("inputs", inputs), ("outputs", outputs)):
        if number is None and name == "inputs":
            continue
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise SettingError(f"{name}={number!r} must be a positive whole number.")

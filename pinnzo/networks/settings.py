"""What all settings of networks share, and the one function that turns any of them into a network."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import nn

from pinnzo.errors import SettingError
from pinnzo.networks.base import Network
from pinnzo.networks.features import Features
from pinnzo.networks.layered import Scaling
from pinnzo.networks.modules import TorchModule


@runtime_checkable
class NetworkSettings(Protocol):
    """Frozen settings that become a network once the number of inputs is known."""

    def build(self, inputs: int | None = None, scaling: Scaling | None = None) -> Network:
        """Make the network.

        Args:
            inputs: the number of coordinates, where the settings leave it open.
            scaling: (low, high) of each input, for settings that scale their inputs.

        Raises:
            SettingError: ``inputs`` is missing or contradicts the settings.
        """
        ...


def agreed_inputs(declared: int | None, asked: int | None) -> int:
    """The number of inputs that settings and caller agree on."""
    if declared is not None and asked is not None and declared != asked:
        raise SettingError(
            f"the network is set to inputs={declared}, but the problem has {asked} variables: "
            f"set inputs={asked} or leave it out."
        )
    inputs = declared if declared is not None else asked
    if inputs is None:
        raise SettingError("the number of inputs is not known yet: give inputs=.")
    return inputs


def build_network(
    network: NetworkSettings | Network | nn.Module,
    inputs: int | None = None,
    scaling: Scaling | None = None,
    features: Features | None = None,
) -> Network:
    """Turn whatever a user passes as a network into a ``Network``.

    Args:
        network: settings such as ``MLP`` or ``TensorTrainMLP``, a ``BlackBox``, any ``torch.nn.Module``, or a
            network that is built already.
        inputs: the number of coordinates.
        scaling: (low, high) of each input. Only pinnzo's own networks use it; a module or a black box gets
            the coordinates as they are.
        features: the compiled features of settings that have some; see ``pinnzo.features``.

    Raises:
        SettingError: the argument is none of these, or has another number of inputs.

    Example:
        >>> from pinnzo.networks import MLP
        >>> build_network(MLP(width=8), inputs=3).parameter_count
        113
    """
    if isinstance(network, Network):
        agreed_inputs(network.inputs, inputs)
        return network
    if isinstance(network, nn.Module):
        return TorchModule(network).build(inputs)
    if isinstance(network, NetworkSettings) and not isinstance(network, type):
        if features is not None:
            return network.build(inputs, scaling, features)  # type: ignore[call-arg]
        return network.build(inputs, scaling)
    raise SettingError(
        f"network={network!r} is not a network: pass MLP(...), TensorTrainMLP(...), BlackBox(...) or a torch.nn.Module."
    )

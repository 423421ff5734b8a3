"""Any ``torch.nn.Module`` as a network."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.func import functional_call, vmap

from pinnzo.checks import check_flags
from pinnzo.errors import SettingError, ShapeError
from pinnzo.networks.base import BoundNetwork, Network


@dataclass(frozen=True, eq=False)
class TorchModule:
    """Settings that use a module as it is, in the mode (train or eval) it is in.

    θ is its parameters, flattened in the order of ``named_parameters()``; the module itself is left
    unchanged. Its ``forward`` maps points (P, D) to (P,), (P, 1) or (P, outputs) and needs no backward: it
    may leave torch.

    Args:
        module: the module. It gets coordinates as they are, without scaling.
        vectorised: evaluate many parameter vectors by ``torch.func.vmap`` instead of one after another:
            faster for small batches, but ``forward`` must consist of torch operations alone.

    Raises:
        SettingError: the argument is no module or has no parameters.

    Example:
        >>> TorchModule(torch.nn.Linear(3, 1)).build(inputs=3).parameter_count
        4
    """

    module: nn.Module
    vectorised: bool = False

    def __post_init__(self) -> None:
        check_flags("TorchModule", vectorised=self.vectorised)
        if not isinstance(self.module, nn.Module):
            raise SettingError(f"module={self.module!r} is no torch.nn.Module.")
        if self.parameter_count == 0:
            raise SettingError("module has no parameters to train: register tensors as torch.nn.Parameter.")

    @property
    def parameter_count(self) -> int:
        """Length of θ."""
        return sum(parameter.numel() for parameter in self.module.parameters())

    def build(self, inputs: int | None = None, scaling: object = None) -> ModuleNetwork:
        """Make the network; ``scaling`` is ignored. See ``NetworkSettings.build``.

        Raises:
            SettingError: the number of inputs is missing, or the module does not take so many.
        """
        del scaling
        if inputs is None:
            raise SettingError("the number of inputs of a module is not known: give inputs=.")
        return ModuleNetwork(self.module, inputs, vectorised=self.vectorised)


class ModuleNetwork(Network):
    """A module with a known number of inputs."""

    def __init__(self, module: nn.Module, inputs: int, *, vectorised: bool = False) -> None:
        self.module = module
        self.inputs = inputs
        self.vectorised = vectorised
        self.shapes = {name: parameter.shape for name, parameter in module.named_parameters()}
        self.parameter_count = sum(math.prod(shape) for shape in self.shapes.values())
        # A module's widest layer is not known; the longest row or column of its matrices is a good guess.
        self.width = max((max(shape) for shape in self.shapes.values() if len(shape) > 0), default=1)
        self.outputs = self._count_outputs()

    def initial(self, generator: torch.Generator, dtype: torch.dtype) -> torch.Tensor:
        """A copy of the module's current parameters (d,); nothing is drawn."""
        pieces = [parameter.detach().reshape(-1) for parameter in self.module.parameters()]
        return torch.cat(pieces).to(generator.device, dtype, copy=True)

    def bind(self, theta: torch.Tensor) -> BoundModule:
        """Fill in K parameter vectors, ``theta`` of shape (K, d)."""
        sizes = [math.prod(shape) for shape in self.shapes.values()]
        pieces = torch.split(theta, sizes, dim=1)
        parameters = {
            name: piece.reshape(theta.shape[0], *shape)
            for (name, shape), piece in zip(self.shapes.items(), pieces, strict=True)
        }
        return BoundModule(self, parameters, theta)

    def buffers(self, like: torch.Tensor) -> dict[str, torch.Tensor]:
        """Copies of the module's buffers, so that running statistics do not change it."""
        return {
            name: buffer.to(like.device, like.dtype if buffer.is_floating_point() else buffer.dtype, copy=True)
            for name, buffer in self.module.named_buffers()
        }

    def _count_outputs(self) -> int:
        parameter = next(self.module.parameters())
        points = torch.zeros(2, self.inputs, dtype=parameter.dtype, device=parameter.device)
        try:
            with torch.no_grad():
                state = {**dict(self.module.named_parameters()), **self.buffers(parameter.detach())}
                values = as_columns(functional_call(self.module, state, (points,)), points, "the module")
        except (RuntimeError, ValueError, IndexError, TypeError) as error:
            raise SettingError(
                f"the module fails on points of shape (2, {self.inputs}): it must take one row a point and "
                "return (P,) "
                f"or (P, outputs). It said: {error}"
            ) from error
        return values.shape[1]


class BoundModule(BoundNetwork):
    """A module with K parameter vectors filled in."""

    def __init__(self, network: ModuleNetwork, parameters: dict[str, torch.Tensor], like: torch.Tensor) -> None:
        self.network = network
        self.parameters = parameters
        self.count = like.shape[0]
        self.buffers = network.buffers(like)

    def values(self, x: torch.Tensor) -> torch.Tensor:
        """Evaluate at points ``x`` of shape (P, D); returns (K, P, outputs)."""
        if self.network.vectorised:
            return vmap(lambda parameters: self._one(parameters, x))(self.parameters)
        rows = [self._one({name: value[k] for name, value in self.parameters.items()}, x) for k in range(self.count)]
        return torch.stack(rows)

    def _one(self, parameters: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
        values = functional_call(self.network.module, {**parameters, **self.buffers}, (x,))
        return as_columns(values, x, "the module")


def as_columns(values: torch.Tensor, x: torch.Tensor, source: str) -> torch.Tensor:
    """Check what a user's function returned for points (P, D), and make (P,) a column (P, 1).

    Raises:
        ShapeError: it has another shape.
    """
    if not isinstance(values, torch.Tensor):
        raise ShapeError(f"{source} returned {type(values).__name__}, but should return a tensor (P,) or (P, 1).")
    if values.ndim not in (1, 2) or values.shape[0] != x.shape[0]:
        raise ShapeError(
            f"{source} returned shape {tuple(values.shape)} for {x.shape[0]} points: it should return (P,) "
            f"or (P, outputs) with P = {x.shape[0]}."
        )
    return values if values.ndim == 2 else values[:, None]

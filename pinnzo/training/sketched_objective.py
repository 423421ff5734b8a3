"""The loss of a network on data for Gauss–Newton steps that need one row a sample instead of one an output."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch

from pinnzo.errors import SettingError
from pinnzo.networks.base import Network

from .base import perturbed
from .data_objective import DataObjective, _Batch
from .losses import OutputLoss

TILE_ELEMENTS = 1 << 21
"""The numbers that a sweep works on at once: some fifty samples of a network with 4,000 parameters."""

LEAST_TILES = 8
"""A batch is cut into at least so many tiles, for as many threads."""

GRADIENT_SHARE = 1e-6
"""The share of ‖A‖² that the row with the gradient has."""


class SketchedObjective(DataObjective):
    r"""A ``DataObjective`` whose Gauss–Newton matrix is sketched, and whose trial steps are judged on other samples.

    The generalised Gauss–Newton matrix JᵀHJ of N samples with C outputs has N·C rows A_n = S_nᵀ J_n / √(2N) with
    H_n = S_n S_nᵀ. Here each sample draws signs ε_n ∈ {±1}^C and gives the one row (S_n ε_n)ᵀ J_n / √(2N), whose
    second moment is A_nᵀ A_n: the matrix is right on average, with C times fewer rows, so that a batch may have C times
    as many samples. The gradient stays exact: it is one more row, δ·Jᵀg/2, with the residual 1/δ for a small δ.

    Both are weighted sums of the changed outputs, which networks with one hidden layer answer especially fast
    (``Network.weighted_sweep``).

    A step fits its own batch too well, if the batch is of the order of the number of parameters or smaller: judged
    there, the least damping wins always. So losses, those of trial steps among them, are those on ``held_out`` further
    samples of the draw, on which the step was not computed.

    Args:
        inputs: x, (N, I).
        targets: labels (N,) for the cross-entropy, vectors (N, C) for the squared error.
        network: f.
        loss: ℓ.
        batch: the samples of a step.
        held_out: further samples of a step that judge it.
        dtype: of the inputs.
        workers: threads that share a step.

    Raises:
        SettingError: there are fewer samples than ``batch`` and ``held_out`` together.

    References:
        Schraudolph 2002 (generalised Gauss–Newton matrix); Martens & Grosse, K-FAC, 2015 (sampled Fisher matrix).
    """

    def __init__(
        self,
        inputs: Any,
        targets: Any,
        network: Network,
        loss: OutputLoss | None = None,
        batch: int = 1000,
        held_out: int = 1000,
        dtype: torch.dtype = torch.float64,
        workers: int = 1,
    ) -> None:
        if batch < 1 or held_out < 1 or batch + held_out > len(inputs):
            raise SettingError(
                f"batch={batch} and held_out={held_out} must be at least 1 and at most the {len(inputs)} samples "
                "together: take smaller ones."
            )
        super().__init__(inputs, targets, network, loss, batch + held_out, dtype, workers)
        self.fitted, self.held_out = batch, held_out
        self.evaluations_per_query = held_out
        # One random row a sample is far from the exact matrix: rounding does not matter.
        self.normal_dtype = dtype
        self._drawn: _Batch | None = None
        self._signs = torch.empty(0)

    def draw(self, generator: torch.Generator, scale: float = 1.0) -> None:
        """Draw the samples of a step without replacement, ``scale`` times as many, and their signs."""
        total = len(self)
        factor = min(max(scale, 1 / self.fitted), total / (self.fitted + self.held_out))
        self._held = max(1, int(factor * self.held_out))
        count = max(1, int(factor * self.fitted)) + self._held
        order = torch.randperm(total, generator=generator, device=generator.device)
        self._drawn = self._data.part(order[:count].to(self._data.inputs.device))
        shape = (count - self._held, self.network.outputs)
        signs = 2 * torch.randint(2, shape, generator=generator, device=generator.device) - 1
        self._signs = signs.to(self._drawn.inputs)
        self.evaluations_per_query = self._held

    def losses(self, theta: torch.Tensor) -> torch.Tensor:
        """The loss of K parameter vectors on the samples that judge, (K, d) → (K,)."""
        batch = self._batch.part(slice(len(self._batch) - self._held, None))
        self.evaluations += len(theta) * len(batch)
        values = self._workers.map(lambda one: self.loss.value(self._values(one, batch), batch.targets), theta.split(1))
        return torch.cat(values)

    def loss_of(self, outputs: torch.Tensor) -> float:
        """The loss of outputs that are known already, on the samples that judge."""
        judging = self._batch.targets[-self._held :]
        return float(self.loss.value(self._by_sample(outputs)[-self._held :], judging))

    def differences(
        self, theta: torch.Tensor, indices: torch.Tensor, step: float, outputs: torch.Tensor
    ) -> torch.Tensor:
        """For K coordinates what each sample's curvature vector makes of the changed outputs, and the gradient of all.

        Returns:
            (K, fitted + 1)
        """
        batch = self._batch.part(slice(0, len(self._batch) - self._held))
        weights = self._weights(outputs)
        self.evaluations += len(indices) * len(batch)
        sweep = None if torch.is_grad_enabled() else self.network.weighted_sweep(theta, indices, step)
        everything = None if torch.is_grad_enabled() or sweep is not None else self._sweep(theta, indices, step)
        rows = outputs.new_empty(len(batch) + 1, len(indices))

        def fill(part: slice) -> torch.Tensor:
            x, w = batch.inputs[part], weights[:, part]
            if sweep is not None:
                found = sweep.values(x, w)
            elif everything is not None:
                found = _combined(everything.values(x), w)
            else:
                before = self._by_sample(outputs)[: len(batch)][part]
                pieces = [
                    _combined(self._values(perturbed(theta, some, step), batch.part(part)) - before, w)
                    for some in indices.split(64)
                ]
                found = torch.cat(pieces, dim=2)
            rows[:-1][part] = found[0]
            return found[1].sum(0)

        width = sweep.width if sweep is not None else len(indices) * self.network.outputs
        rows[-1] = torch.stack(self._workers.map(fill, _tiles(len(batch), width))).sum(0)
        return rows.T

    def least_squares(self, outputs: torch.Tensor, jacobian: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """ρ and A of the sketched matrix.

        Args:
            outputs: o, of all samples.
            jacobian: what ``differences`` gave, (fitted + 1, n), or ∂o/∂θ of all samples.
        """
        if len(jacobian) == len(outputs):
            weights = self._weights(outputs)
            changes = jacobian.T.unflatten(1, (-1, self.network.outputs))[:, : weights.shape[1]]
            curvature, slope = _combined(changes, weights)
            jacobian = torch.cat([curvature, slope.sum(0, keepdim=True)])
        size, slope = jacobian[:-1].norm(), jacobian[-1].norm()
        delta = float(GRADIENT_SHARE**0.5 * size / slope) if float(slope) > 0 and float(size) > 0 else 1.0
        jacobian[-1] *= delta
        residual = jacobian.new_zeros(len(jacobian))
        residual[-1] = 1 / delta
        return residual, jacobian

    def _weights(self, outputs: torch.Tensor) -> torch.Tensor:
        """What the changed outputs of the fitted samples are multiplied by, (2, fitted, C): S ε/√(2N) and g/(2N)."""
        fitted = len(self._signs)
        o, targets = self._by_sample(outputs)[:fitted], self._batch.targets[:fitted]
        curvature = self.loss.curvature_sample(o, self._signs)
        return torch.stack([curvature * (2 * fitted) ** -0.5, self.loss.gradient(o, targets) / (2 * fitted)])


def _combined(changes: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Changes (K, S, C) and weights (R, S, C) → (R, S, K)."""
    return torch.einsum("ksc,rsc->rsk", changes, weights)


def _tiles(count: int, width: int) -> list[slice]:
    """Samples that a sweep takes together; they do not depend on the number of workers."""
    tiles = min(count, max(LEAST_TILES, -(-count * width // TILE_ELEMENTS)))
    return [slice(a, b) for a, b in pairwise(count * i // tiles for i in range(tiles + 1))]

"""The loss of a network on data, as an objective that forward passes answer: classification and regression."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from pinnzo.arrays import in_memory
from pinnzo.errors import NonFiniteError, PinnzoError, SettingError, ShapeError
from pinnzo.networks.base import Network, Sweep
from pinnzo.parallel import Workers

from .base import Objective
from .losses import CrossEntropy, OutputLoss

PIECES = 8
"""The parameter vectors of a step are shared out in at least so many pieces, where there are enough of them."""

MEMORY_ELEMENTS = 1 << 25
"""The most numbers that a piece's weights or hidden units may take at once (256 MB in float64)."""

TILE_ELEMENTS = 1 << 21
"""The numbers that a sweep works on at once. With ten outputs few samples fill a tile, and each tile costs some 2,000
small operations: tiles are larger than the cache, up to where that costs more than it saves."""


@dataclass(frozen=True, eq=False)
class _Batch:
    """Samples and their targets."""

    inputs: torch.Tensor
    targets: torch.Tensor

    def __len__(self) -> int:
        return len(self.inputs)

    def part(self, which: slice | torch.Tensor) -> _Batch:
        return _Batch(self.inputs[which], self.targets[which])


class DataObjective(Objective):
    r"""The mean loss of a network's outputs over a batch of data, L(θ) = (1/B) Σ_n ℓ(f(x_n; θ), y_n).

    A forward query tells the outputs of all samples, (B·C,) sample by sample. ``LevenbergMarquardt`` makes steps of
    the generalised Gauss–Newton method of them, for any loss that is convex in the outputs; the other trainers use the
    loss alone. All parameter vectors of a step see the same batch.

    Args:
        inputs: x, (N, I), an array or a tensor.
        targets: labels (N,) for the cross-entropy, vectors (N, C) for the squared error.
        network: f, with I inputs and C outputs.
        loss: ℓ.
        batch: B, the samples of a step; None takes all of them, and then nothing has to be drawn.
        dtype: of the inputs, and so of everything computed.
        workers: threads that share a step.

    Raises:
        ShapeError: the shapes of inputs, targets and network do not fit.
        SettingError: ``batch`` is out of range, or a label is.
        NonFiniteError: an input or a target is NaN or infinite.

    Example:
        >>> from pinnzo.networks import MLP
        >>> inputs, labels = torch.tensor([[0.0], [1.0]]), torch.tensor([0, 1])
        >>> network = MLP(width=4, outputs=2).build(inputs=1)
        >>> objective = DataObjective(inputs, labels, network)
        >>> objective.losses(torch.zeros(1, network.parameter_count, dtype=torch.float64)).exp()
        tensor([2.], dtype=torch.float64)
    """

    def __init__(
        self,
        inputs: Any,
        targets: Any,
        network: Network,
        loss: OutputLoss | None = None,
        batch: int | None = None,
        dtype: torch.dtype = torch.float64,
        workers: int = 1,
    ) -> None:
        self.network, self.dtype = network, dtype
        self.loss = CrossEntropy() if loss is None else loss
        x, targets = _tensor("inputs", inputs), _tensor("targets", targets)
        if x.ndim != 2 or x.shape[1] != network.inputs:
            raise ShapeError(
                f"inputs has shape {tuple(x.shape)}, but this network takes samples of shape (N, {network.inputs})."
            )
        if not len(x):
            raise ShapeError("inputs has no samples: pass at least one.")
        if x.is_complex():
            raise ShapeError("inputs is complex: give real numbers.")
        x = x.to(dtype)
        if not bool(x.isfinite().all()):
            raise NonFiniteError("inputs holds NaN or infinite numbers: remove those samples or fill them in.")
        checked = self.loss.checked(targets, len(x), network.outputs, dtype)
        self._data = _Batch(x, checked.to(x.device))
        if batch is not None and (isinstance(batch, bool) or not isinstance(batch, int) or not 1 <= batch <= len(x)):
            raise SettingError(
                f"batch is {batch!r}: give the number of samples of a step, from 1 to the {len(x)} that there are."
            )
        self.batch = len(x) if batch is None else batch
        self.parameter_count = network.parameter_count
        self.evaluations = 0
        self.evaluations_per_query = self.batch
        self._workers = Workers(workers)
        self._drawn = self._data if self.batch == len(x) else None

    def __len__(self) -> int:
        """The number of samples N, drawn or not."""
        return len(self._data)

    @property
    def blocks(self) -> tuple[slice, ...]:
        """The parts of θ that the network names."""
        return self.network.blocks

    def draw(self, generator: torch.Generator, scale: float = 1.0) -> None:
        """Draw a batch without replacement, ``scale`` times the usual number of samples but at most all."""
        total = len(self._data)
        count = min(total, max(1, round(scale * self.batch)))
        if count == total:
            self._drawn = self._data
        else:
            order = torch.randperm(total, generator=generator, device=generator.device)
            self._drawn = self._data.part(order[:count].to(self._data.inputs.device))
        self.evaluations_per_query = count

    def outputs(self, theta: torch.Tensor) -> torch.Tensor:
        """The outputs of the batch's samples, one sample after the other, (K, d) → (K, B·C)."""
        return torch.cat(self._by_pieces(lambda part: self._values(part, self._batch).flatten(1), theta))

    def losses(self, theta: torch.Tensor) -> torch.Tensor:
        """The loss of K parameter vectors, (K, d) → (K,)."""
        batch = self._batch
        return torch.cat(self._by_pieces(lambda part: self.loss.value(self._values(part, batch), batch.targets), theta))

    def loss_of(self, outputs: torch.Tensor) -> float:
        """The loss of outputs (B·C,) that are known already."""
        return float(self.loss.value(self._by_sample(outputs), self._batch.targets))

    def least_squares(self, outputs: torch.Tensor, jacobian: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """ρ and A of the generalised Gauss–Newton matrix; A takes the memory of J (B·C, n)."""
        return self.loss.least_squares(self._by_sample(outputs), jacobian, self._batch.targets)

    def differences(
        self, theta: torch.Tensor, indices: torch.Tensor, step: float, outputs: torch.Tensor
    ) -> torch.Tensor:
        """What the outputs change by when one parameter is perturbed, (K, B·C); by a sweep, if the network has one."""
        batch, sweep = self._batch, self._sweep(theta, indices, step)
        if sweep is None:
            return super().differences(theta, indices, step, outputs)
        self.evaluations += len(indices) * len(batch)
        changes = batch.inputs.new_empty(len(indices), len(batch), self.network.outputs)

        def fill(part: slice) -> None:
            changes[:, part] = sweep.values(batch.inputs[part])

        self._workers.map(fill, _tiles(len(batch), max(sweep.width, len(indices) * self.network.outputs)))
        return changes.flatten(1)

    def losses_at_coordinates(self, theta: torch.Tensor, indices: torch.Tensor, steps: Sequence[float]) -> torch.Tensor:
        """The losses at θ + μ e_i, (len(steps), K); by a sweep, if the network has one."""
        batch = self._batch
        sweeps = [sweep for step in steps if (sweep := self._sweep(theta, indices, step)) is not None]
        if len(sweeps) < len(steps):
            return super().losses_at_coordinates(theta, indices, steps)
        # The outputs at θ are the sweep's own: perturbed queries alone are counted.
        self.evaluations += len(steps) * len(indices) * len(batch)
        centre = self.network.bind(theta[None])

        def totals(part: slice) -> torch.Tensor:
            some = batch.part(part)
            before = centre.values(some.inputs)
            return torch.stack([self.loss.each(s.values(some.inputs) + before, some.targets).sum(1) for s in sweeps])

        width = max(sweeps[0].width, len(indices) * self.network.outputs)
        return torch.stack(self._workers.map(totals, _tiles(len(batch), width))).sum(0) / len(batch)

    @property
    def numbers_per_coordinate(self) -> int:
        """Where there is a sweep, only the changed outputs; no parameter vector is written out."""
        swept = self._has_sweep and not torch.is_grad_enabled()
        return len(self._batch) * self.network.outputs if swept else self.parameter_count

    @cached_property
    def _has_sweep(self) -> bool:
        """Asked once: a sweep takes some milliseconds to prepare."""
        anywhere = torch.zeros(self.parameter_count, dtype=self.dtype)
        with torch.no_grad():
            return self.network.sweep(anywhere, torch.zeros(1, dtype=torch.long), 1.0) is not None

    def share(
        self,
        function: Callable[[Any], torch.Tensor],
        jobs: Sequence[Any],
        shapes: Sequence[tuple[int, ...]],
        costs: Sequence[float],
        like: torch.Tensor,
    ) -> list[torch.Tensor]:
        """``[function(job) for job in jobs]``, by all threads; see ``Objective.share``."""
        return self._workers.map(function, jobs)

    def accuracy(self, theta: torch.Tensor) -> float:
        """The share of all N samples, drawn or not, whose largest output is that of the label, for one θ (d,).

        Raises:
            SettingError: the targets are no labels.
        """
        if self._data.targets.dtype.is_floating_point:
            raise SettingError("accuracy needs labels, but the targets are vectors: ask for the loss instead.")
        self.evaluations += len(self._data)
        values = self._values(theta[None], self._data)[0]
        return float((values.argmax(1) == self._data.targets).double().mean())

    @property
    def _batch(self) -> _Batch:
        if self._drawn is None:
            raise PinnzoError("The objective has no batch yet: call draw(generator) before it is asked for a loss.")
        return self._drawn

    def _by_pieces(self, function: Callable[[torch.Tensor], torch.Tensor], theta: torch.Tensor) -> list[torch.Tensor]:
        """Apply a function of parameter vectors to pieces of (K, d), which do not depend on the number of workers."""
        network, count = self.network, len(self._batch)
        # A tensor-train layer expands to a dense matrix for each parameter vector.
        per_vector = max(network.parameter_count, network.width**2, network.width * count)
        piece = max(1, min(MEMORY_ELEMENTS // per_vector, len(theta) // PIECES))
        self.evaluations += len(theta) * count
        return self._workers.map(function, theta.split(piece))

    def _values(self, theta: torch.Tensor, batch: _Batch) -> torch.Tensor:
        """The outputs (K, B, C) at the samples of a batch."""
        return self.network.bind(theta).values(batch.inputs)

    def _by_sample(self, outputs: torch.Tensor) -> torch.Tensor:
        return outputs.unflatten(-1, (-1, self.network.outputs))

    def _sweep(self, theta: torch.Tensor, indices: torch.Tensor, step: float) -> Sweep | None:
        return None if torch.is_grad_enabled() else self.network.sweep(theta, indices, step)


def _tensor(name: str, data: Any) -> torch.Tensor:
    if isinstance(data, torch.Tensor):
        return in_memory(data, name)
    try:
        # By way of NumPy, which keeps the double precision of plain numbers; a copy, since arrays can be read-only.
        return torch.tensor(np.asarray(data))
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise SettingError(f"{name} is no array of numbers: {error}") from error


def _tiles(count: int, width: int) -> list[slice]:
    """Samples that a sweep takes together; they do not depend on the number of workers, so neither do the results."""
    tiles = math.ceil(count / max(1, TILE_ELEMENTS // width))
    return [slice(a, b) for a, b in pairwise(count * i // tiles for i in range(tiles + 1))]

"""What a classifier is trained on, and what chooses its parameters."""

from __future__ import annotations

import torch

from pinnzo.networks.base import Network
from pinnzo.training import AveragedGaussNewton, DataObjective, LevenbergMarquardt, SketchedObjective, Trainer

from .images import ImageData, LabelledImages

PIECE = 500
"""Images of a forward pass; pieces are shared out among the threads."""


class HeldOut(DataObjective):
    """The loss on images that are not trained on, and their error rate from the same forward pass."""

    def __init__(self, data: ImageData, part: LabelledImages, network: Network, dtype: torch.dtype, workers: int):
        super().__init__(data.inputs(part, dtype), data.targets(part), network, dtype=dtype, workers=workers)
        self._seen: tuple[torch.Tensor, float] | None = None

    def values(self, theta: torch.Tensor) -> torch.Tensor:
        """The outputs at all images for one θ, (d,) → (N, C)."""
        bound, inputs = self.network.bind(theta[None]), self._data.inputs
        self.evaluations += len(inputs)
        return torch.cat(self._workers.map(lambda some: bound.values(some)[0], inputs.split(PIECE)))

    def losses(self, theta: torch.Tensor) -> torch.Tensor:
        """The loss of K parameter vectors, (K, d) → (K,)."""
        found = []
        for one in theta:
            values = self.values(one)
            self._remember(one, values)
            found.append(self.loss.value(values, self._data.targets))
        return torch.stack(found)

    def error_rate(self, theta: torch.Tensor) -> float:
        """The share of the images that get a wrong label, for one θ (d,)."""
        if self._seen is None or not torch.equal(self._seen[0], theta):
            self._remember(theta, self.values(theta))
        assert self._seen is not None
        return self._seen[1]

    def _remember(self, theta: torch.Tensor, values: torch.Tensor) -> None:
        wrong = values.argmax(1) != self._data.targets
        self._seen = (theta.clone(), float(wrong.double().mean()))


def training_objective(
    data: ImageData, network: Network, trainer: Trainer, batch: int, dtype: torch.dtype, workers: int
) -> DataObjective:
    """The loss on the training images, in the form that suits a trainer.

    Gauss–Newton steps of all parameters get sketched rows and judge their trials on as many further images.
    """
    images, labels = data.inputs(data.train, dtype), data.targets(data.train)
    if isinstance(trainer, (LevenbergMarquardt, AveragedGaussNewton)):
        count = min(batch, len(images) // 2)
        return SketchedObjective(images, labels, network, None, count, count, dtype, workers)
    return DataObjective(images, labels, network, None, min(batch, len(images)), dtype, workers)

"""A trained classifier: its answers, its accuracy on images that it has not seen, and its figures."""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from pinnzo.errors import ShapeError
from pinnzo.networks.base import Network
from pinnzo.parallel import default_workers, one_thread_kernels
from pinnzo.settings import DTYPES, RunSettings
from pinnzo.training import History
from pinnzo.training.fit import RunState

from .images import ImageData, LabelledImages
from .objectives import HeldOut

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Classifier:
    """A network with the parameters that had the lowest loss on the validation images.

    Args:
        data: the images.
        network: the network.
        settings: of the run.
        state: at its end.
        status: why it stopped, as a sentence.

    Attributes:
        theta: the parameters, (d,).
        history: per step: loss, loss and error rate on the validation images, network evaluations, seconds.
    """

    def __init__(self, data: ImageData, network: Network, settings: RunSettings, state: RunState, status: str) -> None:
        self.data, self.network, self.settings, self.status = data, network, settings, status
        self.theta: torch.Tensor = state.best_theta
        self.history: History = state.history
        self._state = state

    def logits(self, images: np.ndarray) -> np.ndarray:
        """The network's outputs at images (N, height, width) as they are in the data, (N, classes).

        Raises:
            ShapeError: they have another size.
        """
        if images.shape[1:] != self.data.shape:
            raise ShapeError(
                f"images has shape {images.shape}, but this classifier takes (N, {self.data.shape[0]}, "
                f"{self.data.shape[1]})."
            )
        labels = np.zeros(len(images), dtype=np.int64)
        return self._values(LabelledImages(images, labels)).double().numpy()

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """The labels of images (N, height, width), (N,)."""
        return self.logits(images).argmax(1)

    @property
    def parameter_count(self) -> int:
        """The number of trained parameters."""
        return self.network.parameter_count

    @cached_property
    def predictions(self) -> np.ndarray:
        """The labels that the test images get, (N,)."""
        return self._values(self.data.test).argmax(1).numpy()

    @property
    def test_accuracy(self) -> float:
        """The share of the test images that get the right label."""
        return float((self.predictions == self.data.test.labels).mean())

    @cached_property
    def validation_accuracy(self) -> float:
        """The same for the validation images, which chose the parameters."""
        found = self._values(self.data.validation).argmax(1).numpy()
        return float((found == self.data.validation.labels).mean())

    @cached_property
    def train_loss(self) -> float:
        """The mean cross-entropy on all training images."""
        with torch.inference_mode(), one_thread_kernels():
            return float(self._part(self.data.train).losses(self.theta[None])[0])

    @property
    def confusion(self) -> np.ndarray:
        """How many test images with label i get the label j, (classes, classes)."""
        counts = np.zeros((self.data.classes, self.data.classes), dtype=np.int64)
        np.add.at(counts, (self.data.test.labels, self.predictions), 1)
        return counts

    def summary(self) -> dict[str, Any]:
        """What ``--json`` prints: plain numbers and words."""
        state = self._state
        return {
            "task": self.data.name,
            "test_accuracy": self.test_accuracy,
            "validation_accuracy": self.validation_accuracy,
            "validation_loss": state.best_loss if math.isfinite(state.best_loss) else None,
            "train_loss": self.train_loss if math.isfinite(self.train_loss) else None,
            "trainer": type(self.settings.trainer).__name__,
            "uses_backpropagation": self.settings.trainer.uses_backpropagation,
            "parameters": self.parameter_count,
            "batch": self.settings.points,
            "evaluations": state.evaluations,
            "steps": state.trainer.step,
            "seconds": state.seconds,
            "seed": self.settings.seed,
            "dtype": self.settings.dtype,
            "status": self.status,
        }

    def plot_history(self) -> Figure:
        """Loss and error rate against network evaluations and against time."""
        from .figures import learning_curves

        return learning_curves(self)

    def plot_confusion(self) -> Figure:
        """The confusion matrix of the test images."""
        from .figures import confusion_matrix

        return confusion_matrix(self)

    def plot_mistakes(self, count: int = 40) -> Figure:
        """Test images that get the wrong label, those with the most confident mistakes first."""
        from .figures import mistakes

        return mistakes(self, count)

    def save(self, folder: str | Path) -> Path:
        """Write parameters, summary, history and figures to a folder; ``load_classifier`` reads them.

        Raises:
            StorageError: they cannot be written.
        """
        from .storage import save_classifier

        return save_classifier(self, Path(folder))

    @property
    def state(self) -> RunState:
        """The state at the end of the run."""
        return self._state

    def _values(self, part: LabelledImages) -> torch.Tensor:
        with torch.inference_mode(), one_thread_kernels():
            return self._part(part).values(self.theta)

    def _part(self, part: LabelledImages) -> HeldOut:
        return HeldOut(self.data, part, self.network, DTYPES[self.settings.dtype], default_workers())

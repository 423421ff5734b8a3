"""Labelled images for classification: what to train on, what to choose parameters by, and what to judge them by."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from pinnzo.errors import SettingError, ShapeError


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images and their labels.

    Attributes:
        images: (N, height, width), of any real type.
        labels: whole numbers, (N,).
        source: what to call them in messages.

    Raises:
        ShapeError: the shapes do not fit, or there are none.
    """

    images: np.ndarray
    labels: np.ndarray
    source: str = "images"

    def __post_init__(self) -> None:
        if self.images.ndim != 3 or not len(self.images):
            raise ShapeError(f"{self.source} has shape {self.images.shape}: pass images (N, height, width), N ≥ 1.")
        if self.labels.shape != (len(self.images),):
            raise ShapeError(
                f"{self.source} holds {len(self.images)} images, but there are labels of shape {self.labels.shape}: "
                "each image needs one label."
            )

    def __len__(self) -> int:
        return len(self.images)

    def part(self, which: slice) -> LabelledImages:
        """Some of them."""
        return LabelledImages(self.images[which], self.labels[which], self.source)


@dataclass(frozen=True, eq=False)
class ImageData:
    """A classification task.

    Parameters are trained on ``train`` alone and chosen by ``validation`` alone. ``test`` is looked at once, after the
    training.

    Attributes:
        name: of the task.
        train: to train on.
        validation: held out of the training images, to choose parameters by.
        test: to judge by.
        peak: the brightest value; inputs are images divided by it.
        classes: the number of classes.
        origin: where the data are, for a checkpoint.

    Raises:
        SettingError: a label is outside of 0 … classes − 1, or ``peak`` is not positive.
        ShapeError: the images of the parts have different sizes.
    """

    name: str
    train: LabelledImages
    validation: LabelledImages
    test: LabelledImages
    peak: float = 255.0
    classes: int = 10
    origin: str = ""

    def __post_init__(self) -> None:
        if not self.peak > 0:
            raise SettingError(f"peak is {self.peak!r}: give the brightest value that an image can have.")
        for part in (self.train, self.validation, self.test):
            if part.images.shape[1:] != self.shape:
                raise ShapeError(
                    f"{part.source} has images of {part.images.shape[1:]} pixels, {self.train.source} of {self.shape}: "
                    "all images need the same size."
                )
            if part.labels.min() < 0 or part.labels.max() >= self.classes:
                raise SettingError(
                    f"{part.source} has labels from {part.labels.min()} to {part.labels.max()}, but there are "
                    f"{self.classes} classes, 0 … {self.classes - 1}."
                )

    @classmethod
    def split(cls, name: str, training: LabelledImages, test: LabelledImages, held_out: int, **given: Any) -> ImageData:
        """Hold the last images of a training set out for validation.

        Args:
            name: of the task.
            training: the training set.
            test: the test set.
            held_out: how many images are held out.
            given: further attributes.

        Raises:
            SettingError: nothing would be left to train on.
        """
        if not 0 < held_out < len(training):
            raise SettingError(f"held_out is {held_out}: hold out at least 1 and not all {len(training)} images.")
        kept = len(training) - held_out
        return cls(name, training.part(slice(0, kept)), training.part(slice(kept, None)), test, **given)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the images in pixels."""
        height, width = self.train.images.shape[1:]
        return height, width

    @cached_property
    def checksum(self) -> int:
        """A checksum of all images and labels."""
        total = 0
        for part in (self.train, self.validation, self.test):
            total = zlib.crc32(np.ascontiguousarray(part.images).tobytes(), total)
            total = zlib.crc32(part.labels.astype(np.int64).tobytes(), total)
        return total

    def inputs(self, part: LabelledImages, dtype: torch.dtype) -> torch.Tensor:
        """What a network gets of some images: their pixels in 0 … 1, (N, height·width)."""
        return torch.from_numpy(part.images.reshape(len(part), -1).copy()).to(dtype) / self.peak

    def targets(self, part: LabelledImages) -> torch.Tensor:
        """Their labels, (N,)."""
        return torch.from_numpy(part.labels.astype(np.int64))

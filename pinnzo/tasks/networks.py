"""Classifiers with one hidden layer, tensor-train or dense."""

from __future__ import annotations

from pinnzo.errors import SettingError
from pinnzo.networks import MLP, TensorTrainMatrix, TensorTrainMLP, balanced_modes

CORES = 4


def tensor_train_classifier(inputs: int = 784, width: int = 1024, rank: int = 6, classes: int = 10) -> TensorTrainMLP:
    """A ReLU classifier whose two matrices are tensor trains; with the defaults the paper's, ``paper_mnist()``.

    Args:
        inputs: pixels.
        width: hidden units.
        rank: of both tensor trains.
        classes: outputs.

    Example:
        >>> from pinnzo.networks import paper_mnist
        >>> tensor_train_classifier() == paper_mnist()
        True
    """
    for name, value in (("width", width), ("rank", rank)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise SettingError(f"{name} is {value!r}: give a whole number of at least 1.")
    hidden = _large_outside(balanced_modes(width, CORES))
    few = balanced_modes(classes, CORES)
    first = TensorTrainMatrix(_large_outside(balanced_modes(inputs, CORES)), hidden, rank)
    last = TensorTrainMatrix(hidden, (few[-1], *few[:-1]), rank)
    return TensorTrainMLP(
        width=width, depth=1, rank=rank, activation="relu", inputs=inputs, outputs=classes, layers=(first, last)
    )


def dense_classifier(inputs: int = 784, width: int = 1024, classes: int = 10) -> MLP:
    """The same with dense matrices: 814,090 parameters with the defaults.

    Example:
        >>> dense_classifier().parameter_count
        814090
    """
    return MLP(width=width, depth=1, activation="relu", inputs=inputs, outputs=classes)


def _large_outside(modes: tuple[int, ...]) -> tuple[int, ...]:
    """The two largest of the modes at the ends, where a core has one neighbour only, and costs least."""
    first, last, *middle = modes
    return (first, *middle, last)

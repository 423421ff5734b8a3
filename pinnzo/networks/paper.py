"""The two networks of Zhao et al., arXiv 2308.09858."""

from __future__ import annotations

from pinnzo.networks.tensor_train import TensorTrainMatrix
from pinnzo.networks.tensor_train_mlp import TensorTrainMLP


def paper_hjb() -> TensorTrainMLP:
    """The network for the 20-dimensional Hamilton–Jacobi–Bellman equation: 21-512-512-1, sine, rank 2.

    Example:
        >>> paper_hjb().parameter_count, paper_hjb().dense().parameter_count
        (1929, 274433)
    """
    first = TensorTrainMatrix(input_modes=(1, 1, 3, 7), output_modes=(8, 4, 4, 4), ranks=2)
    middle = TensorTrainMatrix(input_modes=(4, 4, 4, 8), output_modes=(8, 4, 4, 4), ranks=2)
    return TensorTrainMLP(width=512, depth=2, rank=2, activation="sine", inputs=21, layers=(first, middle, None))


def paper_mnist() -> TensorTrainMLP:
    """The classifier for MNIST: 784-1024-10, rank 6.

    Example:
        >>> paper_mnist().parameter_count, paper_mnist().dense().parameter_count
        (3962, 814090)
    """
    first = TensorTrainMatrix(input_modes=(7, 4, 4, 7), output_modes=(8, 4, 4, 8), ranks=6)
    last = TensorTrainMatrix(input_modes=(8, 4, 4, 8), output_modes=(1, 5, 2, 1), ranks=6)
    return TensorTrainMLP(width=1024, depth=1, rank=6, activation="relu", inputs=784, outputs=10, layers=(first, last))

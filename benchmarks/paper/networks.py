"""The networks of the paper and of its successors, dense and as tensor trains."""

from __future__ import annotations

import pinnzo as pz
from pinnzo.networks import MLP, TensorTrainMatrix, TensorTrainMLP, paper_hjb


def networks_for(problem: str) -> dict[str, MLP | TensorTrainMLP]:
    """The dense network and the tensor train by name.

    Args:
        problem: "hjb-20", "black-scholes", "burgers" or "darcy".

    Example:
        >>> [network.parameter_count for network in networks_for("hjb-20").values()]
        [274433, 1929]
    """
    trains = {"hjb-20": paper_hjb, "black-scholes": black_scholes, "burgers": five_layers, "darcy": five_layers}
    train = trains[problem]()
    return {"dense": train.dense(), "tensor-train": train}


def black_scholes() -> TensorTrainMLP:
    """2-128-128-1, tanh, the middle layer of rank 2 (optical_pinn_training).

    Example:
        >>> black_scholes().parameter_count, black_scholes().dense().parameter_count
        (833, 17025)
    """
    middle = TensorTrainMatrix(input_modes=(4, 4, 8), output_modes=(8, 4, 4), ranks=2)
    return pz.TensorTrainMLP(width=128, depth=2, activation="tanh", inputs=2, layers=(None, middle, None))


def five_layers() -> TensorTrainMLP:
    """2-100-100-100-100-1, tanh, the three middle layers of rank 2 (optical_pinn_training).

    Example:
        >>> five_layers().parameter_count, five_layers().dense().parameter_count
        (1241, 30701)
    """
    middle = TensorTrainMatrix(input_modes=(4, 5, 5), output_modes=(5, 5, 4), ranks=2)
    return pz.TensorTrainMLP(width=100, depth=4, activation="tanh", inputs=2, layers=(None, *(middle,) * 3, None))

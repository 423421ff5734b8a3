"""Arrays that users pass, brought into one form."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from pinnzo.errors import ShapeError


def in_memory(tensor: torch.Tensor, name: str) -> torch.Tensor:
    """The tensor without its graph, if its numbers lie in memory one beside the other.

    Raises:
        ShapeError: it is sparse, or has no numbers (the "meta" device).
    """
    if tensor.is_meta:
        raise ShapeError(f"{name} is on the device 'meta', where tensors have no numbers: pass one with numbers.")
    if tensor.layout is not torch.strided:
        raise ShapeError(f"{name} has the layout {tensor.layout}: pass a dense tensor, such as {name}.to_dense().")
    return tensor.detach()


def real_tensor(given: Any, name: str, shape: str) -> torch.Tensor:
    """Real numbers from whatever holds them: a tensor as it is, anything else as float64.

    Args:
        given: a tensor, an array or nested lists.
        name: what the argument is called.
        shape: the shape that it should have, for messages.

    Raises:
        ShapeError: it holds something else than real numbers.

    Example:
        >>> real_tensor([[1, 2]], "points", "(N, 2)")
        tensor([[1., 2.]], dtype=torch.float64)
    """
    if isinstance(given, torch.Tensor):
        numbers = in_memory(given, name)
    else:
        try:
            array = np.asarray(given)
            # A copy: torch wants memory that is writable and has no negative strides.
            numbers = torch.from_numpy(np.array(array, complex if np.iscomplexobj(array) else float))
        except (ValueError, TypeError, RuntimeError, OverflowError) as error:
            raise ShapeError(f"{name} cannot be read as an array of numbers {shape}: {error}.") from None
    if numbers.is_complex():
        raise ShapeError(f"{name} is complex: give real coordinates.")
    return numbers

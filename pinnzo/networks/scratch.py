"""Memory that is used again from tile to tile."""

from __future__ import annotations

import math
import threading

import torch


class Scratch:
    """Buffers for intermediate results that live no longer than one call.

    Buffers of a few megabytes that are allocated for each tile come fresh from the operating system each
    time, and its page faults then take as long as the arithmetic. Each thread has buffers of its own.
    """

    def __init__(self) -> None:
        self._local = threading.local()

    def take(self, slot: str, shape: tuple[int, ...], like: torch.Tensor) -> torch.Tensor | None:
        """The buffer of a slot, as an ``out=`` argument; what it held before is lost.

        Args:
            slot: which buffer.
            shape: the shape of the result.
            like: a tensor of the result's type and device.

        Returns:
            None where autograd is on: a graph keeps its intermediate results, so they need memory of their
            own.
        """
        if torch.is_grad_enabled():
            return None
        size = math.prod(shape)
        buffer: torch.Tensor | None = getattr(self._local, slot, None)
        if buffer is None or buffer.numel() < size or (buffer.dtype, buffer.device) != (like.dtype, like.device):
            # Not an inference tensor even in inference mode, so that the next caller may be in another mode.
            with torch.inference_mode(False):
                buffer = torch.empty(size, dtype=like.dtype, device=like.device)
            setattr(self._local, slot, buffer)
        return buffer[:size].view(shape)

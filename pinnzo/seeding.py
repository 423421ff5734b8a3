"""One seed, many independent streams of random numbers."""

from __future__ import annotations

import zlib

import numpy as np
import torch

from pinnzo.errors import SettingError


def stream_seed(seed: int, purpose: str) -> int:
    """A 63-bit seed for one purpose, such as "points", that is independent of those for others.

    Raises:
        SettingError: ``seed`` is not a non-negative integer.

    Example:
        >>> stream_seed(0, "points") != stream_seed(0, "parameters")
        True
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise SettingError(f"seed is {seed!r}: give an integer of at least 0.")
    sequence = np.random.SeedSequence([seed, zlib.crc32(purpose.encode())])
    return int(sequence.generate_state(1, np.uint64)[0] >> 1)


def generator(seed: int, purpose: str, device: torch.device | str = "cpu") -> torch.Generator:
    """A torch generator for one purpose."""
    return torch.Generator(device=device).manual_seed(stream_seed(seed, purpose))

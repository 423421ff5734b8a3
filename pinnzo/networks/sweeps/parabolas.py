"""How far a change may go before a parabola no longer follows it."""

from __future__ import annotations

import math

import torch

PARABOLA_TOLERANCE = 100.0
"""In units of the rounding error: a parabola's error η³/15 may be as large as this, times a third derivative that is
of the order of 0.01 in networks of the usual scale."""


def largest_parabola(dtype: torch.dtype) -> float:
    """The largest change that is followed by a parabola; larger ones are evaluated one by one."""
    return (15 * PARABOLA_TOLERANCE * torch.finfo(dtype).eps) ** (1 / 3)


def next_power_of_two(size: float) -> float:
    """The next power of two: coordinates of alike sizes then share their parabolas."""
    return 2.0 ** math.ceil(math.log2(size)) if 0 < size < math.inf else (1e-30 if size == 0 else size)

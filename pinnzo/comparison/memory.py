"""How much memory one call takes at most, from torch's own record of allocations."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from torch.profiler import ProfilerActivity, profile

# The profiler's library tells about itself on standard error, from a level on that it reads at its first use.
_QUIET = ("KINETO_LOG_LEVEL", "99")


def peak_memory(call: Callable[[], Any]) -> int:
    """The most bytes of tensors on the CPU that a call holds at once, beyond those that were there before it.

    Every allocation that torch's allocator makes while the call runs, and the release of it, is recorded and added up
    in the order of time. Buffers that the call finds and uses again, and older tensors that it frees, count as nothing.
    Memory that kernels take by other ways (the packing of a matrix product, say) is not seen.

    Example:
        >>> import torch
        >>> peak_memory(lambda: torch.zeros(1000, dtype=torch.float64)[:1].clone())
        8008
    """
    name, level = _QUIET
    before = os.environ.get(name)
    os.environ.setdefault(name, level)
    try:
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
            call()
    finally:
        if before is None:
            del os.environ[name]
    # The public list of events adds memory up by operators, which loses the order within one of them.
    kineto: Any = record.profiler.kineto_results  # pyright: ignore[reportOptionalMemberAccess]
    changes = [(e.start_ns(), e.nbytes()) for e in kineto.events() if e.name() == "[memory]"]
    held = peak = 0
    # Sorting is stable: changes of the same nanosecond keep their order.
    for _, change in sorted(changes, key=lambda pair: pair[0]):
        held += change
        peak = max(peak, held)
    return peak

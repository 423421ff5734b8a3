"""How much memory a run may take: what the user says, or what the machine has."""

from __future__ import annotations

import contextlib
import math
import os
import re
from pathlib import Path

from pinnzo.errors import SettingError

UNITS = {
    "": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
    "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
}  # fmt: skip
CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_SIZE = re.compile(r"\s*(\d+(?:\.\d*)?(?:e\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)


def memory_bound(memory: int | float | str | None) -> float:
    """The bytes that a run may take.

    Args:
        memory: a number of bytes, or a text with a unit: kB, MB, GB and TB are powers of 1000, KiB, MiB, GiB and TiB of
            1024. None takes what the machine has.

    Raises:
        SettingError: it is neither.

    Example:
        >>> memory_bound("1.5 GB"), memory_bound("512MiB"), memory_bound(2_000_000)
        (1500000000.0, 536870912.0, 2000000.0)
    """
    if memory is None:
        return machine_memory()
    size = math.nan
    if isinstance(memory, str):
        found = _SIZE.fullmatch(memory)
        if found and found[2].lower() in UNITS:
            size = float(found[1]) * UNITS[found[2].lower()]
    elif not isinstance(memory, bool) and isinstance(memory, (int, float)):
        size = float(memory)
    if not 0 < size < math.inf:
        raise SettingError(f"memory is {memory!r}: give a number of bytes, or a text such as '2 GB' or '512 MiB'.")
    return size


def machine_memory() -> float:
    """The bytes of physical memory that this process may use; infinity where the system does not tell.

    A container (control group) may have less than the machine.
    """
    sizes = []
    with contextlib.suppress(AttributeError, ValueError, OSError):
        sizes.append(float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE"))
    for path in CGROUPS:
        try:
            sizes.append(float(int(Path(path).read_text(encoding="ascii"))))
        except (OSError, ValueError):
            # There is no such group, or its limit is "max".
            continue
    return min((size for size in sizes if size > 0), default=math.inf)


def as_text(size: float) -> str:
    """A number of bytes for people.

    Example:
        >>> as_text(1.5e9), as_text(27_000_000), as_text(300)
        ('1.5 GB', '27 MB', '300 B')
    """
    for unit in ("TB", "GB", "MB", "kB"):
        number = size / UNITS[unit.lower()]
        if number >= 1:
            return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"
    return f"{size:.0f} B"

"""How near the evaluation of a network comes to the machine's own rates."""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.throughput import machine_rates, measure

DTYPES = (torch.float32, torch.float64)
VECTORS = (1, 20)
REPEATS = 3


@torch.inference_mode()
def rates(width: int) -> dict[str, Any]:
    """The rates of networks of one width; see ``benchmarks.growth.measure``."""
    names = ("evaluations_per_second", "share_of_ideal")
    found: dict[str, Any] = {"width": width, **{name: {} for name in names}}
    products, sines = {}, {}
    for dtype in DTYPES:
        precision = str(dtype).removeprefix("torch.")
        products[precision], sines[precision] = machine_rates(dtype, REPEATS)
        for count in VECTORS:
            row = measure(width, count, dtype, None, REPEATS)
            for name in names:
                found[name][f"{precision}/{count}"] = row[name]
    return {**found, "products_per_second": products, "sines_per_second": sines}

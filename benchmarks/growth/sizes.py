"""The cases of the suite, and the sizes that it goes through."""

from __future__ import annotations

from typing import Any

from benchmarks.cases import Case

MODULE = "benchmarks.growth.measure"
DIMENSIONS = (2, 5, 10, 20, 50, 100, 200)
POINTS = (50, 100, 200, 400, 800, 1600, 3200)
WIDTHS = (16, 32, 64, 128, 256, 512)
RANKS = (1, 2, 4, 8, 16)
PROCESSES = (1, 2)
RATES = (32, 64, 128, 256, 512)
SOLVED = 21
"""Variables, time among them, where it is not the dimension that grows: those of the paper's equation."""


def cases() -> list[Case]:
    """All cases; those of ``processes/P`` want P cores, so that ``--core`` is not for them.

    A case of P processes starts them itself, with one thread each.
    """
    return [
        *(_case("dimension", size, 50 if size > 100 else 15, variables=size, points=100) for size in DIMENSIONS),
        *(_case("points", size, 15, variables=SOLVED, points=size) for size in POINTS),
        *(_case("width", size, 12, variables=SOLVED, points=100, width=size) for size in WIDTHS),
        *(_case("rank", size, 10, variables=SOLVED, points=100, rank=size) for size in RANKS),
        *(_case("processes", size, 30, processes=size) for size in PROCESSES),
        *(_case("rates", size, 12, width=size) for size in RATES),
    ]


def _case(what: str, size: int, seconds: float, **settings: Any) -> Case:
    return Case("growth", f"{what}/{size}", 0, MODULE, {"what": what, **settings}, seconds)

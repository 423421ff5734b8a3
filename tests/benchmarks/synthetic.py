"""Made-up results, with numbers that are easy to follow by hand."""

from __future__ import annotations

from typing import Any

MACHINE = {"processor": "Abacus 1", "architecture": "x86_64", "cores": 2, "memory_bytes": 8e9, "system": "Linux 6"}


def record(case: str, errors: list[float | None], seed: int = 0, own: bool = True, **entries: Any) -> dict[str, Any]:
    """A run that looks at its error after 1, 2, 4, 8 … seconds; 100 evaluations a second where it is pinnzo's."""
    times = [2.0**k for k in range(len(errors))]
    finite = [e for e in errors if e is not None]
    result: dict[str, Any] = {
        "relative_l2": errors[-1],
        "lowest_relative_l2": min(finite, default=None),
        "seconds": times[-1],
        "cpu_seconds": times[-1],
        "steps": 1000,
        "peak_memory": 300_000_000,
        "memory_before": 180_000_000,
        "trace": [[t, e] for t, e in zip(times, errors, strict=True) if e is not None],
        "parameters": 4321,
    }
    if own:
        counts = [int(100 * t) for t in times]
        result |= {
            "zero_network": 0.5, "affine_network": 1e-15, "evaluations": counts[-1], "trace_evaluations": counts,
        }  # fmt: skip
    else:
        result |= {"declaration_lines": 17, "versions": {"python": "3.11.0"}}
    return {
        "case": case, "seed": seed, "settings": {"problem": "hjb", "of_problem": {"dimension": 20}},
        "commit": "0123456789ab", "date": "2026-11-26T10:00:00+00:00", "machine": MACHINE, "result": result | entries,
    }  # fmt: skip


def peers(problem: str = "hjb-20") -> list[dict[str, Any]]:
    """All but one of the methods on one problem. The lowest errors of the peers lie on the way."""
    return [
        record(f"{problem}/pinnzo/levenberg-marquardt", [1e-2, 1e-5, 1e-6, 2e-7]),
        record(f"{problem}/pinnzo/hybrid", [2e-1, 1e-1, 5e-2, 4e-2]),
        record(f"{problem}/deepxde/documented", [3e-1, 1e-1, 4e-3, 9e-3], own=False),
        record(f"{problem}/deepxde/small", [1e-1, 3e-3, 1e-4, 2e-4], own=False),
        record(f"{problem}/pina/documented", [4e-1, 2e-1, 1e-2, 9e-3], own=False),
        record(f"{problem}/pina/small", [None, None, None, None], own=False),
        record(f"{problem}/torch/small", [2e-1, 2e-2, 6e-3, 5e-3], own=False),
    ]


def paper(problem: str = "hjb-20") -> list[dict[str, Any]]:
    """Three seeds of some methods, two of another, and one whose error is not finite."""
    rows = {
        "default/tensor-train/levenberg-marquardt": ([1e-4, 2e-4, 3e-4], 1e-1),
        "default/dense/back-propagation": ([2e-3, 2e-3, 2e-3], 3e-1),
        "sparse-grid/tensor-train/hybrid": ([1e-2, 3e-2], 3e-1),
        "monte-carlo/tensor-train/rge": ([5e-2, None, 5e-2], 3e-1),
    }
    return [
        record(f"{problem}/{name}", [first, 0.1 * first, last], seed)
        for name, (errors, first) in rows.items()
        for seed, last in enumerate(errors)
    ]


def ablations() -> list[dict[str, Any]]:
    """One kind with two trainers, one with one, and one whose values are words."""
    rows = {"rank/levenberg-marquardt": 1e-4, "rank/hybrid": 1e-2, "sigma": 1e-3}
    values = {"rank": ["10", "2", "4", "full"], "sigma": ["0.1", "0.001", "1"]}
    found = [
        record(f"{name}/{value}", [0.1, error * (1 + seed) / (1 + place)], seed)
        for name, error in rows.items()
        for place, value in enumerate(values[name.split("/")[0]])
        for seed in range(2)
    ]
    return [*found, record("dtype/float32", [0.1, 1e-3]), record("dtype/float64", [0.1, 1e-5])]


def growth() -> list[dict[str, Any]]:
    """Times that grow like D² by autodiff and like D by the stencil, memory like the time."""
    found = []
    for size in (2, 20, 200):
        times = {
            "residual/stencil": 0.5 * size, "residual/autodiff": 0.1 * size**2, "step/levenberg_marquardt": 40.0 * size,
            "step/adam": 10.0,
        }  # fmt: skip
        once = ["residual/autodiff"] if size == 200 else []
        found.append(
            _size(
                "dimension", size, milliseconds=times, once=once,
                peak_memory={name: int(1e6 * time) for name, time in times.items() if name not in once},
                evaluations=dict.fromkeys(times, 100 * size), difference={"residual/stencil": 1e-5 * size},
            )
        )  # fmt: skip
    for size in (16, 512):
        times = {"step/adam": 3.0} | ({"step/levenberg_marquardt": 70.0} if size == 16 else {})
        why = {"step/levenberg_marquardt": "9,999 parameters, perturbed one by one"} if size == 512 else {}
        found.append(_size("width", size, milliseconds=times, left_out=why))
    numbers = {"levenberg_marquardt": 1.6, "random_gradient": 1.8}
    halves = {name: value / 2 for name, value in numbers.items()}
    found.append(_size("processes", 2, cores=2, seconds=halves, speedup=numbers, ceiling=numbers, share=halves))
    rates = {"float32/1": 2.5e8, "float64/20": 1.25e8}
    shares = {"float32/1": 1.234, "float64/20": 0.9}
    return [*found, _size("rates", 64, evaluations_per_second=rates, share_of_ideal=shares)]


def _size(what: str, size: int, **result: Any) -> dict[str, Any]:
    """A result of the suite of growth."""
    made = record(f"{what}/{size}", [1.0])
    return made | {"result": {"parameters": 10 * size, **result}}


def cells(text: str) -> dict[str, list[str]]:
    """The rows of a table in Markdown by their first cell."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return {first: rest for first, *rest in (rows[0], *rows[2:])}

"""Laplacian and gradient of a network: the default stencil against automatic differentiation.

One call answers, for 1,000 points in D variables, the Laplacian and all D first derivatives of a dense tanh network
with two hidden layers. Compared are

- ``stencil``: pinnzo's default estimator, 2D + 1 forward evaluations a point;
- ``nested reverse``: the gradient by ``torch.autograd.grad``, and its D components differentiated once more, each
  second derivative added up at once so that no D × D matrix is held;
- ``Autodiff``: pinnzo's own reference estimator, the same in general form;
- ``vmap(hessian)``, ``vmap(jacfwd(grad))`` and ``vmap(jacrev(grad))`` of ``torch.func``, the last two with the
  gradient taken along and not computed again.

Why it is fair: all get the same parameters, points, type and number of torch threads, and autodiff differentiates a
network of plain ``torch.nn.functional.linear`` and ``torch.tanh`` calls without any of pinnzo in between. Their results
are compared before anything is timed: the ways of autodiff have to agree to rounding, the stencil up to its O(h²). They
take turns, so that a neighbour's load meets all of them, and the shortest time of each counts. The ratio is that to
the *fastest* autodiff of the table. Peak memory is what a child process grows by in the full call, after a call for two
points which has loaded and built all it needs.

    python benchmarks/derivatives.py [--threads 1] [--quick] [--json FILE] [--figure FILE]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.func import grad, hessian, jacfwd, jacrev, vmap

from pinnzo.derivatives import Autodiff, SmolyakStein
from pinnzo.derivatives.default import default_estimator
from pinnzo.fields import NetworkField
from pinnzo.multiindex import LinearOperator
from pinnzo.networks import MLP

Call = Callable[[], torch.Tensor]
POINTS = 1000
DIMENSIONS = (2, 5, 10, 21, 50, 100, 200)
DTYPES = {"float32": torch.float32, "float64": torch.float64}
MOST_SECONDS = 20.0
MOST_BYTES = 6 * 2**30
AUTODIFF = ("nested reverse", "Autodiff", "vmap(hessian)", "vmap(jacfwd(grad))", "vmap(jacrev(grad))")


def operators(dimension: int) -> list[LinearOperator]:
    gradient = [LinearOperator.derivative(((axis, 1),)) for axis in range(dimension)]
    return [LinearOperator.laplacian(range(dimension)), *gradient]


def calls(
    dimension: int, width: int, dtype: torch.dtype, points: int = POINTS, level: int | None = None
) -> dict[str, Call]:
    """The competitors, each a function to (points, 1 + D): Laplacian and gradient, or the Laplacian at level 3."""
    network = MLP(width=width, activation="tanh").build(dimension, ([0.0] * dimension, [1.0] * dimension))
    theta = network.initial(torch.Generator().manual_seed(0), dtype)
    x = torch.rand(points, dimension, generator=torch.Generator().manual_seed(1), dtype=dtype)
    rows, unit = operators(dimension), [(0.0, 1.0)] * dimension
    estimator = default_estimator(rows, unit, dtype) if level is None else SmolyakStein(level=level, sigma=0.05)
    stencil = estimator.discretise(rows if level is None else rows[:1], dimension)
    field = NetworkField(network.bind(theta[None]), network.width)
    layers = [(theta[la.weight].reshape(la.outputs, la.inputs), theta[la.bias]) for la in network.layers]

    def function(x: torch.Tensor) -> torch.Tensor:
        h = 2 * x - 1
        for weight, bias in layers[:-1]:
            h = torch.tanh(torch.nn.functional.linear(h, weight, bias))
        return torch.nn.functional.linear(h, *layers[-1])[..., 0]

    def by_stencil() -> torch.Tensor:
        with torch.inference_mode():
            return stencil.apply(field, x)[0]

    def nested() -> torch.Tensor:
        at = x.clone().requires_grad_()
        (slopes,) = torch.autograd.grad(function(at).sum(), at, create_graph=True)
        total = torch.zeros(points, dtype=dtype)
        for axis in range(dimension):
            (second,) = torch.autograd.grad(slopes[:, axis].sum(), at, retain_graph=axis < dimension - 1)
            total += second[:, axis]
        return torch.cat([total[:, None], slopes.detach()], 1)

    def joined(second: torch.Tensor, first: torch.Tensor) -> torch.Tensor:
        return torch.cat([second.diagonal().sum()[None], first])

    def twice(at: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        slope = grad(function)(at)
        return slope, slope

    autodiff = Autodiff().discretise(rows, dimension)
    return {
        "stencil": by_stencil,
        "nested reverse": nested,
        "Autodiff": lambda: autodiff.apply(field, x)[0],
        "vmap(hessian)": lambda: vmap(lambda at: joined(hessian(function)(at), grad(function)(at)))(x),
        "vmap(jacfwd(grad))": lambda: vmap(lambda at: joined(*jacfwd(twice, has_aux=True)(at)))(x),
        "vmap(jacrev(grad))": lambda: vmap(lambda at: joined(*jacrev(twice, has_aux=True)(at)))(x),
    }


def compare(dimension: int, width: int, name: str, repeats: int) -> dict:
    """Check and time all competitors; what is too large or too slow is left out, with the reason."""
    dtype = DTYPES[name]
    ways, notes, seconds, gaps = calls(dimension, width, dtype), {}, {}, {}
    # Forward over reverse and the like hold several hidden layers for each variable at once.
    held = 8 * POINTS * dimension * width * dtype.itemsize
    for way in AUTODIFF[2:]:
        if held > MOST_BYTES:
            del ways[way]
            notes[way] = f"skipped: would hold about {held / 2**30:.0f} GiB"
    reference = None
    for way in [*list(ways)[1:], "stencil"]:
        start = time.perf_counter()
        found = ways[way]()
        if (spent := time.perf_counter() - start) > MOST_SECONDS:
            del ways[way]
            notes[way] = f"skipped: {spent:.0f} s a call"
            continue
        reference = found if reference is None else reference
        parts = ((found[:, :1], reference[:, :1]), (found[:, 1:], reference[:, 1:]))
        gaps[way] = max(float((a - b).norm() / b.norm()) for a, b in parts)
        # The default step is √3 σ = 0.14 in single precision, which counts where D is small.
        allowed = {"float32": 2e-1, "float64": 1e-3} if way == "stencil" else {"float32": 1e-4, "float64": 1e-11}
        if not gaps[way] <= allowed[name]:
            raise SystemExit(f"{way} differs by {gaps[way]:.1e} in D = {dimension}, {name}: nothing to compare.")
    for _ in range(repeats):
        for way, call in ways.items():
            start = time.perf_counter()
            call()
            seconds[way] = min(seconds.get(way, float("inf")), time.perf_counter() - start)
    best = min((way for way in seconds if way != "stencil"), key=seconds.__getitem__)
    return {
        "dimension": dimension, "width": width, "dtype": name, "seconds": seconds, "difference": gaps,
        "notes": notes, "fastest_autodiff": best, "ratio": seconds[best] / seconds["stencil"],
        "nanoseconds_per_node": 1e9 * seconds["stencil"] / (POINTS * (2 * dimension + 1)),
    }  # fmt: skip


def child(way: str, dimension: int, width: int, name: str, points: int, level: int | None, threads: int) -> dict:
    """Make one call in a process of its own; its peak memory in MiB and its time."""
    options = [way, str(dimension), str(width), name, str(points), str(level or 0), str(threads)]
    done = subprocess.run([sys.executable, __file__, "--child", *options], capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr.strip().splitlines()[-1:]}


def run_child(way: str, dimension: str, width: str, name: str, points: str, level: str, threads: str) -> None:
    torch.set_num_threads(int(threads))
    sizes = (int(dimension), int(width), DTYPES[name])
    calls(*sizes, 2, int(level) or None)[way]()
    call = calls(*sizes, int(points), int(level) or None)[way]
    before = peak()
    start = time.perf_counter()
    shape = tuple(call().shape)
    spent = time.perf_counter() - start
    print(json.dumps({"peak_mib": peak(), "of_call_mib": peak() - before, "seconds": spent, "shape": shape}))


def peak() -> float:
    """The most memory that this process has had so far, MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux hands the parent's ru_maxrss down to a child
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if "VmHWM" in line) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 2**20)


def peaks(dimension: int, width: int, name: str, threads: int) -> dict[str, float | None]:
    """Peak memory of each competitor's call, MiB."""
    found: dict[str, float | None] = {}
    for way in ("stencil", *AUTODIFF):
        made = child(way, dimension, width, name, POINTS, None, threads)
        found[way] = None if "error" in made else max(0.1, made["of_call_mib"])
    return found


def print_row(row: dict) -> None:
    memory = row.get("peak_mib", {})
    print(
        f"\nD = {row['dimension']}, width {row['width']}, {row['dtype']}: stencil {row['ratio']:.2f} times as fast as",
        end="",
    )
    print(f" {row['fastest_autodiff']}; {row['nanoseconds_per_node']:.0f} ns a node and point")
    for way in ("stencil", *AUTODIFF):
        if way in row["notes"]:
            print(f"  {way:20s} {row['notes'][way]}")
            continue
        text = f"  {way:20s} {1e3 * row['seconds'][way]:9.2f} ms   difference {row['difference'][way]:.1e}"
        if memory:
            text += f"   peak {memory[way]:8.1f} MiB" if memory[way] is not None else "   peak: the process failed"
        print(text, flush=True)


def figure(rows: list[dict], file: Path) -> None:
    import matplotlib.pyplot as plt

    # Okabe & Ito: told apart by all kinds of colour vision.
    colours = ("#000000", "#D55E00", "#E69F00", "#0072B2", "#56B4E9", "#CC79A7")
    drawing, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
    for way, colour in zip(("stencil", *AUTODIFF), colours, strict=True):
        some = [row for row in rows if way in row["seconds"]]
        across = [row["dimension"] for row in some]
        look = {"color": colour, "marker": "o", "linestyle": "-" if way == "stencil" else "--", "label": way}
        left.plot(across, [1e3 * row["seconds"][way] for row in some], **look)
        right.plot(across, [1e9 * row["seconds"][way] / POINTS / (2 * row["dimension"] + 1) for row in some], **look)
    for panel in (left, right):
        panel.set(xscale="log", yscale="log", xlabel="variables $D$")
        panel.set_xticks(DIMENSIONS, [str(d) for d in DIMENSIONS])
        panel.minorticks_off()
        panel.grid(alpha=0.25)
    left.set(ylabel="milliseconds", title=f"Laplacian and gradient at {POINTS:,} points")
    right.set(ylabel="nanoseconds", title="the same by point and by 2$D$ + 1 nodes")
    left.set_yticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
    right.set_yticks([200, 500, 1000, 2000], ["200", "500", "1,000", "2,000"])
    drawing.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=6, frameon=False, fontsize=9)
    drawing.savefig(file, dpi=96)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="the table of ratios alone")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    parser.add_argument("--figure", type=Path, help="draw the times over D to this file")
    parser.add_argument("--child", nargs=7, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        run_child(*arguments.child)
        return
    threads = arguments.threads
    torch.set_num_threads(threads)
    table, curves, large = [], [], []
    for width in (64, 512):
        for name in DTYPES:
            row = compare(21, width, name, arguments.repeats if width == 64 else max(3, arguments.repeats // 4))
            if not arguments.quick:
                row["peak_mib"] = peaks(21, width, name, threads)
            table.append(row)
            print_row(row)
    if not arguments.quick:
        print("\nOver D, width 64, float32")
        for dimension in DIMENSIONS:
            curves.append(compare(dimension, 64, "float32", max(3, arguments.repeats // (1 + dimension // 20))))
            print_row(curves[-1])
        print("\nLarge stencils, width 64, float32")
        for dimension, level, points, nodes in ((200, 3, 100, 80_401), (1000, None, 1000, 2001)):
            found = child("stencil", dimension, 64, "float32", points, level, threads)
            large.append({"dimension": dimension, "level": level or 2, "points": points, "nodes": nodes, **found})
            print(f"  D = {dimension}, level {level or 2}, {nodes:,} nodes, {points:,} points: {found}", flush=True)
    result = {"threads": threads, "torch": torch.__version__, "table": table, "curves": curves, "large": large}
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(result, indent=2))
    if arguments.figure is not None and curves:
        figure(curves, arguments.figure)


if __name__ == "__main__":
    main()

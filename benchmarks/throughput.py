"""How near stencil evaluations of tensor-train networks come to what this machine can do.

Measured are network evaluations a second of the 43 nodes 0, ±h e_i in 21 dimensions, through the same tiled
loop that training uses. The yardstick is made of rates measured in the same run, on sizes that stay in the
cache: a large matrix product and the sine. One evaluation of a network of width w and two hidden layers
counts as 2·w² + 2·w operations (dense-equivalent; the first layer costs next to nothing, since it is linear
in x + δ) and 2·w sines:

    ideal time = operations / product rate + sines / sine rate.

A share above 1 is possible: the addition theorem saves the first layer's sines, and a wide tensor train is
contracted without its dense matrix.

    python benchmarks/throughput.py [--threads 1] [--tiles] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import torch

from pinnzo.derivatives.evaluation import weighted_sums
from pinnzo.fields import NetworkField
from pinnzo.networks import TensorTrainMLP

DIMENSION = 21
NODES = 2 * DIMENSION + 1


def seconds(work: Callable[[], object], repeats: int) -> float:
    """The shortest of several times: what other programs on the machine disturb least."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def machine_rates(dtype: torch.dtype, repeats: int) -> tuple[float, float]:
    """Operations a second of a matrix product, and sines a second."""
    matrix = torch.randn(512, 512, dtype=dtype)
    product = torch.empty_like(matrix)
    numbers = torch.randn(2**17, dtype=dtype)
    sines = torch.empty_like(numbers)
    product_time = seconds(lambda: torch.mm(matrix, matrix, out=product), 5 * repeats)
    sine_time = seconds(lambda: torch.sin(numbers, out=sines), 5 * repeats)
    return 2 * 512**3 / product_time, numbers.numel() / sine_time


def stencil(dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """Nodes and weights of a Laplacian by central differences."""
    step = 0.1
    identity = torch.eye(DIMENSION, dtype=dtype)
    nodes = torch.cat([torch.zeros(1, DIMENSION, dtype=dtype), step * identity, -step * identity])
    weights = torch.ones(NODES, 1, dtype=dtype) / step**2
    weights[0] = -2 * DIMENSION / step**2
    return nodes, weights


def measure(width: int, count: int, dtype: torch.dtype, tile: int | None, repeats: int) -> dict[str, float | int | str]:
    """One row of the table."""
    generator = torch.Generator().manual_seed(0)
    settings = TensorTrainMLP(width=width, depth=2, rank=2, inputs=DIMENSION)
    network = settings.build(scaling=([0.0] * DIMENSION, [1.0] * DIMENSION))
    theta = network.initial(generator, dtype).repeat(count, 1)
    field = NetworkField(network.bind(theta), network.width, len(theta))
    nodes, weights = stencil(dtype)
    points = max(50, 2**22 // (width * count * NODES))
    x = torch.rand(points, DIMENSION, generator=generator, dtype=dtype)

    def sums() -> torch.Tensor:
        if tile is None:
            return weighted_sums(field, x, nodes, weights)
        # The network itself splits many parameter vectors into groups: a tile is that of one of them.
        return weighted_sums(field, x, nodes, weights, tile_elements=tile * count)

    # Rates and network take turns, so that a neighbour's load meets both.
    shares, speeds = [], []
    for _ in range(repeats):
        product_rate, sine_rate = machine_rates(dtype, 2)
        ideal = (2 * width**2 + 2 * width) / product_rate + 2 * width / sine_rate
        spent = seconds(sums, 3)
        evaluations = points * NODES * count
        shares.append(ideal * evaluations / spent)
        speeds.append(evaluations / spent)
    return {
        "width": width,
        "K": count,
        "dtype": str(dtype).removeprefix("torch."),
        "tile": "default" if tile is None else tile,
        "points": points,
        "evaluations_per_second": max(speeds),
        "share_of_ideal": sorted(shares)[len(shares) // 2],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--tiles",
        action="store_true",
        help="compare tiles of 2**16 to 2**20 units of a layer, for each network",
    )
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    tiles: list[int | None] = [2**k for k in range(16, 21)] if arguments.tiles else [None]
    rows = []
    print(f"{'width':>5} {'K':>3} {'dtype':>8} {'tile':>8} {'evaluations/s':>14} {'share of ideal':>14}")
    with torch.inference_mode():
        for dtype in (torch.float32, torch.float64):
            for width in (32, 128, 512):
                for count in (1, 20):
                    for tile in tiles:
                        row = measure(width, count, dtype, tile, arguments.repeats)
                        rows.append(row)
                        print(
                            f"{width:>5} {count:>3} {row['dtype']:>8} {row['tile']:>8} "
                            f"{row['evaluations_per_second']:>14.3g} {row['share_of_ideal']:>14.2f}"
                        )
    result = {"threads": arguments.threads, "torch": torch.__version__, "rows": rows}
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(result, indent=2))
    print(json.dumps(result))


if __name__ == "__main__":
    main()

"""How much memory a run will take, before it begins."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pinnzo.assembly import TEST_POINTS, VALIDATION_POINTS, Assembly
from pinnzo.derivatives.autodiff import AutodiffDiscretisation
from pinnzo.derivatives.stencil import NodeSums
from pinnzo.derivatives.tiles import TILE_ELEMENTS
from pinnzo.errors import SettingError
from pinnzo.memory_bound import as_text
from pinnzo.networks.base import Network
from pinnzo.networks.extended import ExtendedNetwork
from pinnzo.networks.layered import LayeredNetwork
from pinnzo.networks.layers import Layer
from pinnzo.training import (
    LBFGS,
    AutodiffGaussNewton,
    AveragedGaussNewton,
    CoordinateGradient,
    GradientEstimator,
    HybridZO,
    LevenbergMarquardt,
    RandomGradient,
    ResidualAdaptive,
    Trainer,
    ZerothOrder,
)
from pinnzo.training.autodiff_gauss_newton import NODES
from pinnzo.training.gradients import rows_at_once
from pinnzo.training.residual_objective import MEMORY_ELEMENTS, PIECES, SWEEP_TILE
from pinnzo.training.residual_terms import Term

PROGRAM = 48e6
"""Bytes for what does not grow: compiled equations, code that is loaded on the way, the allocator's slack."""

TILE_BUFFERS, NORMAL_BUFFERS, GRAPH_BUFFERS, ROW_BUFFERS = 6, 12, 6, 12
"""Arrays that exist at once: of a tile's size, of a normal matrix' size (where an eigendecomposition stands in for
Cholesky factors), of a layer's size in a graph, and of the size of a residual's terms."""

LATE_STEP = 1 << 20
"""By then a growing batch has its largest size."""

_REMEDIES = {
    "Jacobian": "fewer points, LevenbergMarquardt(directions=50)",
    "normal matrix": "LevenbergMarquardt(directions=50)",
    "perturbed parameters": "a smaller max_batch of the trainer",
    "autograd's graph": "fewer points, RandomDirections(16), a trainer that is forward-only",
    "stencil": "RandomDirections(16)",
    "residuals": "fewer points, RandomDirections(16)",
    "tiles": "one thread (OMP_NUM_THREADS=1)",
}


@dataclass(frozen=True)
class MemoryEstimate:
    """The most memory that a run will take at once, beside Python, torch and SymPy themselves.

    Attributes:
        parts: bytes by what they are for.
    """

    parts: Mapping[str, float]

    @property
    def total(self) -> float:
        """Bytes of all parts together."""
        return sum(self.parts.values())

    def check(self, bound: float) -> None:
        """Refuse a run that does not fit.

        Raises:
            SettingError: the total is more than ``bound`` bytes; the message names both, and remedies.
        """
        if self.total <= bound:
            return
        largest = sorted(self.parts, key=lambda name: -self.parts[name])[:2]
        named = " and ".join(f"{as_text(self.parts[name])} for the {name}" for name in largest)
        remedies = dict.fromkeys(r for name in largest for r in _REMEDIES.get(name, "").split(", ") if r)
        raise SettingError(
            f"This run needs up to about {as_text(self.total)} of memory, {named}, but may take {as_text(bound)}: take "
            f"{', '.join([*remedies, 'a smaller network'])}, or allow more (memory)."
        )


def estimate_memory(assembly: Assembly, workers: int | None = None) -> MemoryEstimate:
    """The most memory that a run will take at once, from the sizes of its arrays.

    It is meant to be too much rather than too little: on the configurations of ``tests/test_memory.py`` the measured
    growth of the process is between a quarter of it and all of it, apart from 100 MB.

    Args:
        assembly: the run.
        workers: threads, by default those of the run.

    Example:
        >>> import pinnzo as pz
        >>> from pinnzo.settings import settings_for
        >>> problem = pz.problem("poisson-2d")
        >>> few, many = (Assembly(problem, settings_for(problem, {"points": n})) for n in (100, 10_000))
        >>> round(estimate_memory(many).parts["Jacobian"] / estimate_memory(few).parts["Jacobian"])
        100
    """
    trainer, network, objective = assembly.settings.trainer, assembly.network, assembly.objective
    number = assembly.dtype.itemsize
    workers = objective.workers if workers is None else workers
    scale, parameters = trainer.batch_scale(LATE_STEP), network.parameter_count
    more = max(VALIDATION_POINTS, objective.points) / objective.points
    terms = [(math.ceil(scale * term.points), term) for term in objective.terms]
    held = [(math.ceil(more * term.points), term) for term in objective.terms]
    if isinstance(objective.sampling, ResidualAdaptive):
        held.append((math.ceil(objective.sampling.candidates * terms[0][0]), terms[0][1]))
    length = sum(count * term.residual.count for count, term in terms)
    sweeps = bool(_layers(network)) and all(isinstance(rows, NodeSums) for _, term in terms for rows in term.rows)

    def residuals(sizes: Sequence[tuple[int, Term]], vectors: int) -> float:
        rows = [count * sum(len(r.rows) for r in term.rows) for count, term in sizes]
        points = sum(count for count, _ in sizes) * assembly.problem.dimension
        return ROW_BUFFERS * (vectors * sum(rows) + points)

    nodes = max(rows.evaluations_per_point for _, term in terms for rows in term.rows)
    at_once = vectors_at_once(trainer, parameters, sweeps)
    pieces = max(1, min(MEMORY_ELEMENTS // max(parameters, network.width**2), at_once // PIECES))
    dense = _dense_numbers(network) * pieces * workers
    tile = max(TILE_ELEMENTS, SWEEP_TILE, 4 * network.width * (nodes if sweeps else 1), pieces * network.width)
    evaluated = TEST_POINTS * (3 * network.width + 8 * assembly.problem.dimension)
    parts = {
        # A sweep goes through the layers above each one.
        "tiles": TILE_BUFFERS * max(1.0, (len(_layers(network)) - 1) / 2) * tile * workers + evaluated,
        "dense weights": 2 * dense,
        "perturbed parameters": 4 * at_once * parameters,
        "residuals": residuals(terms, max(1, pieces) * workers) + residuals(held, 2) + 2 * at_once * length,
        "stencil": sum(_stencil_numbers(rows, assembly.problem.dimension) for _, term in terms for rows in term.rows),
        **_trainer_numbers(trainer, assembly, length, terms),
    }
    return MemoryEstimate({"program": PROGRAM, **{name: number * size for name, size in parts.items()}})


def fit_workers(assembly: Assembly, bound: float) -> None:
    """Take as many threads as fit: results do not depend on their number, but each has memory of its own.

    Raises:
        SettingError: even one thread takes more than ``bound`` bytes.
    """
    workers = assembly.objective.workers
    while workers > 1 and estimate_memory(assembly, workers).total > bound:
        workers -= 1
    estimate_memory(assembly, workers).check(bound)
    if workers < assembly.objective.workers:
        assembly.use_workers(workers)


def vectors_at_once(trainer: Trainer | GradientEstimator, parameters: int, sweeps: bool) -> int:
    """How many parameter vectors a query of a trainer holds at once."""
    if isinstance(trainer, HybridZO):
        return max(vectors_at_once(stage, parameters, sweeps) for stage in (trainer.first, trainer.second))
    if isinstance(trainer, ZerothOrder):
        return vectors_at_once(trainer.gradient, parameters, sweeps)
    if isinstance(trainer, RandomGradient):
        return min(trainer.queries, rows_at_once(trainer.max_batch, parameters))
    if isinstance(trainer, CoordinateGradient):
        return 1 if sweeps else min(parameters, rows_at_once(trainer.max_batch, parameters))
    if isinstance(trainer, LevenbergMarquardt) and not trainer.uses_backpropagation:
        tried = len(trainer.trials) * (3 if trainer.fresh else 1) + 1
        if trainer.directions is not None:
            return max(tried, min(trainer.directions + 1, trainer.max_batch))
        return tried if sweeps else max(tried, min(parameters, trainer.max_batch))
    return 4


def _trainer_numbers(
    trainer: Trainer, assembly: Assembly, length: int, terms: Sequence[tuple[int, Term]]
) -> dict[str, float]:
    """Numbers of the arrays that only some trainers have."""
    count = assembly.network.parameter_count
    found: dict[str, float] = {"trainer": 8.0 * count}
    if isinstance(trainer, AveragedGaussNewton):
        return {**found, "Jacobian": 2.0 * length * count, "normal matrix": NORMAL_BUFFERS * float(count) ** 2}
    if isinstance(trainer, LevenbergMarquardt):
        columns = count
        if trainer.directions is not None:
            columns = trainer.directions + 1
        elif trainer.blockwise:
            columns = max(block.stop - block.start for block in assembly.network.blocks)
        found["Jacobian"] = (3.0 if trainer.central else 2.0) * length * columns
        found["normal matrix"] = NORMAL_BUFFERS * float(min(length, columns)) ** 2
        if trainer.directions is not None:
            found["trainer"] += 3.0 * columns * count
    if trainer.uses_backpropagation:
        graph = sum(_graph_numbers(rows, assembly, points) for points, term in terms for rows in term.rows)
        if isinstance(trainer, AutodiffGaussNewton):
            queries = max(1, assembly.objective.evaluations_per_query)
            graph *= 1 + max(1, min(trainer.max_batch, NODES // queries)) / 2
        if isinstance(trainer, LBFGS):
            found["trainer"] += 2.0 * trainer.history * count
        found["autograd's graph"] = graph
    return found


def _graph_numbers(rows: object, assembly: Assembly, points: int) -> float:
    """What autograd keeps of one evaluation of the rows at some points."""
    network = assembly.network
    units = sum(layer.outputs for layer in _layers(network)) or 4 * network.width
    passes = getattr(rows, "evaluations_per_point", 1)
    if isinstance(rows, AutodiffDiscretisation):
        # The graph of each gradient is about as large again as that of what it is the gradient of.
        passes = 1 + 2 * rows.gradients
    return GRAPH_BUFFERS * float(points) * passes * (units + network.inputs)


def _dense_numbers(network: Network) -> float:
    """Of the matrices that tensor trains expand to."""
    return float(sum(layer.inputs * layer.outputs for layer in _layers(network)) or network.parameter_count)


def _layers(network: Network) -> tuple[Layer, ...]:
    """The layers of a network that has some."""
    inner = network.network if isinstance(network, ExtendedNetwork) else network
    return inner.layers if isinstance(inner, LayeredNetwork) else ()


def _stencil_numbers(rows: object, dimension: int) -> float:
    if not isinstance(rows, NodeSums):
        return 0.0
    return 4.0 * rows.evaluations_per_point * (dimension + min(len(rows.rows), 32))

"""One measurement of growth as a case: ``python -m benchmarks.growth.measure SETTINGS``.

What is measured (``what``) decides about the rest of the settings and about the result.

``dimension``, ``points``, ``width``, ``rank``: the problem ``hjb`` and the default network, two hidden sine layers
with a tensor train between them, in double precision on one thread. All of them have the same entries:

- ``variables``, ``points``, ``width``, ``rank``, ``parameters``: the size.
- ``milliseconds``: by name, of the shortest of a few calls, which take turns. A name is ``residual/WAY`` or
  ``step/TRAINER``; only ``dimension`` has residuals.
- ``peak_memory``: by name, the bytes of tensors that a call holds at once beyond those that were there before it.
  Missing for what is slow.
- ``evaluations``: by name, of the network at a point. A parameter whose change is swept counts as a whole pass, and
  backward passes and tangents as none: compare milliseconds.
- ``difference``: of a way from automatic differentiation, relative to the norm; by names as above.
- ``once``: the names of calls that took so long that the first one counts.
- ``left_out``: by name, why something was not measured.

Ways: ``stencil`` is pinnzo's default, ``directions`` its 16 random directions (complete where there are no more
variables than that, noisy beyond), ``autodiff`` its own reference; ``nested_reverse`` and ``forward_laplacian`` are
written by hand in torch. Trainers: ``levenberg_marquardt`` (with the stencil; with random directions by another name),
``random_gradient`` and ``coordinate_gradient`` need forward passes only; ``gauss_newton`` (its Jacobian), ``adam``
(with ``autodiff``) and ``adam_stencil`` back-propagate.

``processes``: steps that several processes share, with one thread each, of ``hjb`` in 21 variables with a network that
is 64 wide.

- ``processes``, ``points``, ``cores``: their number, that of the points of a step, and of the cores they may use.
- ``seconds``: of a step by ``levenberg_marquardt`` and ``random_gradient``.
- ``speedup``: over one process that takes whole steps, the median of rounds.
- ``ceiling``: the most that sharing can reach, which is what as many processes with work of their own do at the same
  time, in units of one process.
- ``share``: of the linear speedup, ``speedup`` divided by the processes.

``rates``: network evaluations of the 43 nodes of a stencil in 21 dimensions (see ``benchmarks.throughput``).

- ``width``.
- ``evaluations_per_second``, ``share_of_ideal``: by ``PRECISION/K`` for K parameter vectors at once, such as
  ``float64/20``. The ideal is the time that the machine's rates of matrix products and sines give.
- ``products_per_second``, ``sines_per_second``: those rates, by precision; operations of a product are counted.

All results have ``versions``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import torch

from benchmarks.growth.costs import costs
from benchmarks.growth.equation import Size
from benchmarks.growth.rates import rates
from benchmarks.growth.residuals import Residuals
from benchmarks.growth.shared import shared
from benchmarks.growth.steps import Steps, too_much
from benchmarks.machine import versions
from benchmarks.meter import report

TRAINERS = {
    "dimension": (
        "levenberg_marquardt", "levenberg_marquardt_directions", "gauss_newton", "adam", "adam_stencil",
        "random_gradient",
    ),
    "points": ("levenberg_marquardt", "gauss_newton", "adam", "random_gradient"),
    "width": ("levenberg_marquardt", "coordinate_gradient", "adam", "random_gradient"),
    "rank": ("levenberg_marquardt", "coordinate_gradient", "adam", "random_gradient"),
}  # fmt: skip


def measure(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a case, as the head of this file describes it.

    Args:
        settings: ``what``, and what belongs to it; ``seed`` is not looked at.
    """
    given = {name: value for name, value in settings.items() if name not in ("what", "seed")}
    if settings["what"] == "processes":
        found = shared(**given)
    elif settings["what"] == "rates":
        found = rates(**given)
    else:
        found = sized(settings["what"], Size(**given))
    return {**found, "versions": versions("pinnzo", "torch", "numpy")}


def sized(what: str, size: Size) -> dict[str, Any]:
    """The costs at one size of the problem and the network."""
    count = size.assembly().network.parameter_count
    left_out = {name: why for name in TRAINERS[what] if (why := too_much(name, size, count))}
    steps = Steps(size, [name for name in TRAINERS[what] if name not in left_out])
    calls = {f"step/{name}": call for name, call in steps.calls.items()}
    evaluations, difference = {}, {}
    if what == "dimension":
        residuals = Residuals(size)
        calls |= {f"residual/{name}": call for name, call in residuals.calls.items()}
        evaluations = {f"residual/{name}": n for name, n in residuals.evaluations.items()}
        difference = {f"residual/{name}": gap for name, gap in residuals.difference.items()}
    found = costs(calls)
    return {
        "variables": size.variables, "points": size.points, "width": size.width, "rank": size.rank, "parameters": count,
        **found.entries(),
        "evaluations": evaluations | {f"step/{name}": n for name, n in steps.evaluations.items()},
        "difference": difference, "left_out": {f"step/{name}": why for name, why in left_out.items()},
    }  # fmt: skip


if __name__ == "__main__":
    torch.set_num_threads(1)
    report(measure(json.loads(sys.argv[1])))

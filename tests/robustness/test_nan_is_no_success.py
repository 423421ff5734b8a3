"""Networks, functions and data that are NaN or infinite end in an error or a status that says so, never in a number."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from fuzzing import check_sentence
from running import command, disc, never_finite, quick

import pinnzo as pz
from pinnzo.errors import memory_shortage_told
from pinnzo.training import CrossEntropy, DataObjective, SquaredError

BAD = {"NaN": math.nan, "infinite": math.inf, "minus infinite": -math.inf, "too large": 1e200}


class Spoilt(torch.nn.Module):
    """Answers a number that is none from the n-th call on, at one of the points or at all of them."""

    def __init__(self, value: float, after: int, everywhere: bool) -> None:
        super().__init__()
        self.inner = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()
        self.value, self.after, self.everywhere, self.calls = value, after, everywhere, 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        values = self.inner(x)
        if self.calls <= self.after:
            return values
        spoilt = values * 0 + self.value
        return spoilt if self.everywhere else torch.where(x[:, :1] > 0.3, spoilt, values)


@pytest.mark.parametrize(
    "trainer", [None, pz.ZerothOrder(), pz.HybridZO(), pz.FirstOrder(), pz.LBFGS()], ids=lambda t: type(t).__name__
)
@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize(("after", "everywhere"), [(0, True), (0, False), (40, True), (400, False)])
def test_networks(trainer, value, after, everywhere):
    """Either the best loss is a finite one, of parameters whose values were finite, or the status says that none was."""
    network = Spoilt(BAD[value], after, everywhere)
    solution = quick(disc(), network=network, trainer=trainer, points=5, budget=pz.Budget(steps=3))
    check_sentence(solution.status)
    if after == 0 and value != "too large":
        assert not math.isfinite(solution.loss)
        assert "never finite" in solution.status
    assert math.isfinite(solution.loss) or "never finite" in solution.status
    summary = solution.summary()
    assert summary["loss"] is None or math.isfinite(summary["loss"])
    json.dumps(summary, allow_nan=False)


def test_values_of_a_solution_that_is_nowhere_finite():
    solution = quick(disc(), network=Spoilt(math.nan, 0, True), points=5, budget=pz.Budget(steps=1))
    for ask in (solution, solution.residual, solution.smoothed):
        with pytest.raises(pz.PinnzoError, match="NaN or infinite"):
            ask(np.zeros((2, 2)))


def test_the_command_line_ends_with_another_exit_code(tmp_path):
    declaration = """
import sympy as sp
import pinnzo as pz
from pinnzo.errors import memory_shortage_told
x = pz.coordinates("x", 2)
u = sp.Function("u")(*x)
mine = pz.Problem(sp.Eq(pz.laplacian(u, x) + sp.log(u), -4), pz.Ball(x), [pz.Boundary(u, -1)])
"""
    (tmp_path / "mine.py").write_text(declaration)
    result = command(
        "solve", tmp_path / "mine.py", "--steps", 2, "--width", 8, "--json", "--quiet", "--output", tmp_path / "run"
    )
    assert result.exit_code == 1
    summary = json.loads(result.stdout)
    assert summary["loss"] is None
    assert "never finite" in summary["status"]
    assert pz.load(tmp_path / "run").status == summary["status"]


@pytest.mark.parametrize("trainer", [None, pz.ZerothOrder(), pz.HybridZO(), pz.LBFGS()], ids=lambda t: type(t).__name__)
def test_equations_that_are_never_finite(trainer):
    solution = quick(never_finite(), trainer=trainer, points=5, budget=pz.Budget(steps=2))
    assert not math.isfinite(solution.loss)
    assert "never finite" in solution.status


@pytest.mark.parametrize("kind", ["inputs", "targets"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_data(kind, value):
    data = {"inputs": np.ones((3, 2)), "targets": np.ones((3, 1))}
    data[kind][1, 0] = value
    network = pz.MLP(width=2).build(inputs=2)
    with pytest.raises(pz.PinnzoError, match=r"NaN or infinit|finite"):
        DataObjective(data["inputs"], data["targets"], network, SquaredError())


def test_classification_by_a_network_that_answers_nan():
    network = pz.networks.modules.TorchModule(Spoilt(math.nan, 0, True)).build(2)
    objective = DataObjective(np.ones((3, 2)), np.zeros(3, int), network, CrossEntropy())
    losses = objective.losses(torch.zeros(1, network.parameter_count, dtype=torch.float64))
    assert not losses.isfinite().any()


@pytest.mark.parametrize("trainer", [pz.FirstOrder(), pz.LBFGS()], ids=lambda t: type(t).__name__)
def test_networks_that_leave_torch(trainer):
    """Nothing can be propagated back through a black box: the sentence names a trainer that can do without."""
    box = pz.BlackBox(
        lambda theta, p: torch.from_numpy(np.sin(p.numpy(force=True) @ theta.numpy(force=True))), torch.ones(2)
    )
    with pytest.raises(pz.PinnzoError, match="such as LevenbergMarquardt"):
        quick(disc(), network=box, trainer=trainer, budget=pz.Budget(steps=1))


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_what_does_not_fit_is_a_sentence(error):
    with pytest.raises(pz.PinnzoError, match="does not fit in memory: take fewer points"), memory_shortage_told():
        raise error


@pytest.mark.parametrize("error", [RuntimeError("another"), pz.errors.StorageError("cannot allocate")])
def test_other_errors_pass(error):
    with pytest.raises(type(error), match=str(error)), memory_shortage_told():
        raise error

"""Every settings object with odd values in its fields: refused with a sentence, or fit for use."""

from __future__ import annotations

import dataclasses

import pytest
import sympy as sp
import torch
from fuzzing import REFUSED, attempt, fuzz
from hypothesis import given
from hypothesis import strategies as st
from odd_values import FLOATS, INTEGERS, ODD, WORDS
from running import disc, quick

import pinnzo as pz
from pinnzo import training
from pinnzo.networks import BlackBox
from pinnzo.networks.modules import TorchModule
from pinnzo.symbolic.compiler import CompiledProblem

x, t = pz.coordinates("x", 2), sp.Symbol("t", real=True)
u = sp.Function("u")(*x)
DISC = disc()
SOFT = pz.Problem(sp.Eq(pz.laplacian(u, x), 1), pz.Box({x: (0, 1)}), [pz.Boundary(u, 0, enforce="soft")])
POINTS = torch.rand(4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
HELD = sp.Eq(u.subs(x[0], 0), x[1])


def problem(domain=None, conditions=(), **more):
    return pz.Problem(sp.Eq(pz.laplacian(u, x), 1), domain or pz.Box({x: (0, 1)}), conditions, **more)


def use_estimator(estimator):
    values = estimator.derivatives(lambda p: p[:, 0] ** 2 + p[:, 1], POINTS, [(1, 0), (2, 0)])
    assert values.shape == (2, 4)
    assert values.isfinite().all()


def use_network(settings):
    network = settings.build(2) if getattr(settings, "inputs", None) is None else settings.build(settings.inputs)
    theta = network.initial(torch.Generator().manual_seed(0), torch.float64)
    assert theta.shape == (network.parameter_count,)
    values = network.values(theta[None], torch.rand(3, network.inputs, dtype=torch.float64))
    assert values.shape[:2] == (1, 3)
    assert values.isfinite().all()


def use_matrix(matrix):
    flat = matrix.initial(torch.Generator().manual_seed(0), torch.float64, 1.0)[None]
    assert matrix.dense(flat).shape == (1, matrix.output_size, matrix.input_size)


def use_trainer(trainer):
    solution = quick(DISC, trainer=trainer, budget=pz.Budget(steps=2), points=4)
    assert solution.loss == solution.loss
    assert solution.steps <= 2


def use_budget(budget):
    """No limit of any kind keeps a run going for ever."""
    assert budget.reason_to_stop(1e300, 10**31, 10**31, 0.0, 0.0)


def use_balance(balance):
    quick(SOFT, balance=balance, budget=pz.Budget(steps=2), points=4)


def use_sampling(sampling):
    quick(DISC, sampling=sampling, budget=pz.Budget(steps=2), points=4)


def use_domain(domain):
    assert len(domain.variables) == domain.dimension
    domain.check()
    sample = domain.sample(5, torch.Generator().manual_seed(0))
    assert sample.shape == (5, domain.dimension)
    assert sample.isfinite().all()
    assert domain.contains(sample).all()


def use_condition(condition):
    CompiledProblem(problem(conditions=[condition]))


def use_data(objective_loss):
    objective_loss.value(torch.zeros(1, 2, 3, dtype=torch.float64), torch.tensor([0, 1]))


KINDS = {
    # a class, the arguments that it cannot do without, what is done with an object that was made, and small settings
    pz.FiniteDifference: ({}, use_estimator),
    pz.SmolyakStein: ({"level": 2}, use_estimator),
    pz.MonteCarloStein: ({"samples": 4}, use_estimator),
    pz.RandomDirections: ({"directions": 2}, use_estimator),
    pz.MLP: ({"width": 4}, use_network),
    pz.TensorTrainMLP: ({"width": 8}, use_network),
    pz.TensorTrainMatrix: ({"input_modes": (2, 2), "output_modes": (2, 3)}, use_matrix),
    BlackBox: ({"values": lambda theta, p: p @ theta, "theta": torch.ones(2, dtype=torch.float64)}, use_network),
    TorchModule: ({"module": torch.nn.Linear(2, 1, dtype=torch.float64)}, use_network),
    pz.LevenbergMarquardt: ({}, use_trainer),
    pz.AutodiffGaussNewton: ({}, use_trainer),
    training.AveragedGaussNewton: ({}, use_trainer),
    pz.HybridZO: ({}, use_trainer),
    pz.ZerothOrder: ({}, use_trainer),
    pz.FirstOrder: ({}, use_trainer),
    pz.LBFGS: ({"line_search": 3}, use_trainer),
    pz.RandomGradient: ({"samples": 2}, lambda g: use_trainer(pz.ZerothOrder(g))),
    pz.CoordinateGradient: ({}, lambda g: use_trainer(pz.ZerothOrder(g))),
    pz.Budget: ({}, use_budget),
    pz.ReLoBRaLo: ({}, use_balance),
    pz.SoftAdapt: ({}, use_balance),
    pz.ResidualAdaptive: ({}, use_sampling),
    training.CrossEntropy: ({}, use_data),
    pz.Box: ({"ranges": {x: (0, 1)}}, use_domain),
    pz.Ball: ({"x": x}, use_domain),
    pz.Shell: ({"x": x, "inner": 1, "outer": 2}, use_domain),
    pz.Simplex: ({"x": x}, use_domain),
    pz.Gaussian: ({"x": x}, lambda domain: use_domain(domain * pz.Box({t: (0, 1)}))),
    pz.Condition: ({"equation": HELD}, use_condition),
    pz.Boundary: ({"expression": u, "value": 0}, use_condition),
}
SLOW = (use_trainer, use_balance, use_sampling)


def parameters(cls) -> list[str]:
    import inspect

    return list(inspect.signature(cls).parameters)


RANGES = st.tuples(ODD, ODD) | st.tuples(FLOATS, FLOATS) | ODD
LIKELY = {
    "ranges": st.dictionaries(st.sampled_from([x, x[0], x[1], (x[0], x[0]), t, "x", 3, sp.Symbol("x")]), RANGES, max_size=2) | ODD,
    "x": st.sampled_from([x, x[0], (x[0], t), [t], sp.Symbol("y")]) | ODD,
    "vertices": st.lists(st.tuples(FLOATS, FLOATS), min_size=2, max_size=4) | ODD,
    "center": st.tuples(FLOATS, FLOATS) | ODD,
    "equation": st.sampled_from([HELD, sp.Eq(u, 0), sp.Eq(u.diff(x[0]).subs(x[0], 1), u.subs(x[0], 1)), HELD.lhs > 0]) | ODD,
    "expression": st.sampled_from([u, u**2, u.diff(x[0]), x[0], sp.log(u)]) | ODD,
    "value": st.sampled_from([x[0], sp.sqrt(x[0] - 2), u, t, 1 / x[0], sp.I]) | ODD,
    "theta": st.sampled_from([torch.ones(2), torch.ones(2, 1), torch.tensor([float("nan"), 1])]) | ODD,
    "optimizer": st.sampled_from(["Adam", "SGD", "LBFGS", "adam", "Optimizer", "Rprop", "SparseAdam", torch.optim.SGD, torch.optim.LBFGS, dict]) | ODD,
    "scheduler": st.sampled_from(["StepLR", "ExponentialLR", "ReduceLROnPlateau", "LambdaLR", "LRScheduler", torch.optim.lr_scheduler.StepLR]) | ODD,
    "optimizer_options": st.dictionaries(st.sampled_from(["momentum", "lr", "params", "betas", "foreach"]), ODD, max_size=2) | ODD,
    "scheduler_options": st.dictionaries(st.sampled_from(["step_size", "gamma", "optimizer", "milestones"]), ODD, max_size=2) | ODD,
    "modes": st.lists(INTEGERS, max_size=3) | ODD,
    "input_modes": st.lists(INTEGERS, max_size=3) | ODD,
    "layers": st.lists(st.just(None) | st.just(pz.TensorTrainMatrix((2, 4), (2, 4))) | ODD, max_size=4) | ODD,
    "features": st.lists(st.just(x[0] ** 2) | ODD, max_size=2) | ODD,
    "feature_ranges": st.lists(RANGES, max_size=2) | ODD,
    "periodic": st.lists(st.tuples(INTEGERS, FLOATS, FLOATS) | ODD, max_size=2) | ODD,
    "activation": st.sampled_from(["tanh", "relu", "sin", torch.tanh]) | ODD,
    "gradient": st.sampled_from([pz.CoordinateGradient(), pz.RandomGradient, pz.ZerothOrder()]) | ODD,
    "first": st.sampled_from([pz.ZerothOrder(), pz.LevenbergMarquardt(), pz.HybridZO(), pz.FirstOrder()]) | ODD,
    "second": st.sampled_from([pz.ZerothOrder(), pz.LevenbergMarquardt(), pz.RandomGradient()]) | ODD,
    "trials": st.lists(FLOATS, max_size=3) | ODD,
    "growth": st.sampled_from(["linear", "odd", "nested"]) | ODD,
    "time": st.sampled_from([t, x[0], sp.Symbol("t")]) | ODD,
    "radial": st.sampled_from(["volume", "uniform", "radius"]) | ODD,
    "enforce": st.sampled_from(["auto", "hard", "soft"]) | ODD,
    "distribution": st.sampled_from(["rademacher", "gaussian", "coordinates"]) | ODD,
    "directions": st.sampled_from(["rademacher", "gaussian"]) | ODD,
    "values": st.sampled_from([lambda theta, p: p, lambda theta, p: None, lambda theta, p: p[:1]]) | ODD,
    "module": st.sampled_from([torch.nn.Linear(3, 1), torch.nn.Linear, torch.nn.ReLU(), torch.nn.Identity()]) | ODD,
}  # fmt: skip


@st.composite
def settings_of(draw, cls):
    """One or two fields with odd values, the others as they should be."""
    chosen = draw(st.lists(st.sampled_from(parameters(cls)), min_size=1, max_size=2, unique=True))
    return {name: draw(LIKELY.get(name, ODD)) for name in chosen}


@pytest.mark.parametrize("cls", KINDS, ids=lambda cls: cls.__name__)
def test_settings(cls):
    needed, use = KINDS[cls]

    @fuzz(14 if use in SLOW else 35)
    @given(settings_of(cls))
    def check(odd):
        def make():
            made = cls(**{**needed, **odd})
            use(made)
            return made

        made = attempt(f"settings ({cls.__name__})", odd, make)
        if made is not REFUSED and dataclasses.is_dataclass(made):
            assert repr(made)

    check()


RUNS = ("problem", "network", "derivatives", "trainer", "points", "seed", "dtype", "device", "budget", "estimate",
        "weights", "sampling", "balance")  # fmt: skip
HINTS = {
    "weights": st.dictionaries(st.sampled_from(["boundary", "b", ""]) | INTEGERS, ODD, max_size=2) | ODD,
    "dtype": st.sampled_from(["float32", torch.float32, torch.float16, float, "double"]) | ODD,
    "device": st.sampled_from(["cpu", "cuda", "meta", "cpu:3", torch.device("cpu")]) | ODD,
    "sampling": st.sampled_from(["sobol", "uniform", pz.ResidualAdaptive]) | ODD,
    "balance": st.sampled_from(["relobralo", "ReLoBRaLo", pz.SoftAdapt]) | ODD,
    "network": st.sampled_from([torch.nn.Linear(1, 1), torch.nn.Linear(2, 2), pz.MLP, pz.MLP(outputs=2), pz.MLP(inputs=3)]) | ODD,
    "problem": st.sampled_from(["poisson", "Poisson", "hjb.py"]) | ODD,
    "budget": st.sampled_from([pz.Budget(steps=1), {"steps": 1}, 1]) | ODD,
    "points": st.integers(-2, 3) | st.sampled_from([0.5, float("nan"), "3", None, True]) | WORDS,
}  # fmt: skip


@fuzz(120)
@given(st.lists(st.sampled_from(RUNS), min_size=1, max_size=2, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: HINTS.get(name, ODD) for name in names})
))  # fmt: skip
def test_solve(odd):
    given = {"budget": pz.Budget(steps=1), "points": 4, "network": pz.MLP(width=3), **odd}
    given = (
        {**given, "budget": given["budget"] or pz.Budget(steps=1)}
        if isinstance(given["budget"], pz.Budget | None)
        else given
    )
    answer = attempt("settings of solve", odd, lambda: pz.solve(given.pop("problem", SOFT), progress=False, **given))
    if answer is not REFUSED:
        assert answer.status
        assert torch.isfinite(torch.tensor(answer.loss))

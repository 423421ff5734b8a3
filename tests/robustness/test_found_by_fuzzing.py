"""What fuzzing has found: each input ended in an exception of Python, SymPy or torch once, and is a sentence now."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp
import torch
from fuzzing import check_sentence
from running import disc

import pinnzo as pz
from pinnzo.networks import BlackBox
from pinnzo.training import AveragedGaussNewton, DataObjective

x = pz.coordinates("x", 2)
u = sp.Function("u")(*x)
POINTS = torch.rand(3, 2, dtype=torch.float64)
DIFFERENCES, STEIN, MONTE_CARLO = (
    pz.FiniteDifference(step=0.1),
    pz.SmolyakStein(level=2, growth="odd"),
    pz.MonteCarloStein(samples=8),
)
FORMAT = pz.TensorTrainMatrix((2, 3), (3, 2), 2)
NETWORK = pz.MLP(width=2).build(2)


def first(p):
    return p[:, 0]


def derivatives(f=first, points=POINTS, orders=((1, 0),), estimator=DIFFERENCES):
    return lambda: estimator.derivatives(f, points, orders)


FOUND = {
    "points without numbers": (lambda: pz.Box({x: (0, 1)}).contains(POINTS.to("meta")), "points is on the device 'meta'"),
    "sparse points": (derivatives(points=POINTS.to_sparse()), r"points has the layout .*: pass a dense tensor"),
    "words as points of a domain": (lambda: pz.Ball(x).contains("auto"), r"points cannot be read as an array of numbers \(N, 2\)"),
    "a type as points of a domain": (lambda: pz.Ball(x).contains(object), "points cannot be read"),
    "measurements without numbers": (lambda: pz.Data(u, POINTS.to("meta"), [1, 2, 3]), "points of Data are no real numbers"),
    "numbers beyond floats": (lambda: pz.Data(u, [[0, 10**400]], [1]), "points of Data are no real numbers"),
    "sparse inputs": (lambda: DataObjective(POINTS.to_sparse(), [0, 1, 0], NETWORK), "inputs has the layout"),
    "f that is no function": (derivatives(3), "f is 3, but has to be a function"),
    "f of whole numbers": (derivatives(lambda p: p[:, 0].int()), "f returned torch.int32 numbers"),
    "f of complex numbers": (derivatives(lambda p: p[:, 0] * 1j, estimator=pz.Autodiff()), "f returned torch.complex128 numbers"),
    "f that is NaN": (derivatives(lambda p: torch.log(p[:, 0] - 5)), "NaN or infinite at point 0: f has to be finite there"),
    "f that is infinite at one node": (derivatives(lambda p: 1 / (p[:, 0] - 0.25), torch.tensor([[0.75, 0], [0.5, 0]]).double(), estimator=pz.FiniteDifference(step=0.25)), "at point 1"),
    "orders that are no list": (derivatives(orders=None), "orders is None, but has to be a list of multi-indices"),
    "an order that is no multi-index": (derivatives(orders=[None]), "order is None: give one derivative order for each variable"),
    "an order in words": (derivatives(orders=[("a", "b")]), r"order is \('a', 'b'\)"),
    "half an order": (derivatives(orders=[(1.5, 0)]), r"order is \(1.5, 0\): give one .* a whole number"),
    "an axis in words": (derivatives(orders=[{"a": 1}]), "order is {'a': 1}"),
    "no dimension": (lambda: DIFFERENCES.stencil(None), "dimension is None, but a stencil needs at least one variable"),
    "endless dimensions": (lambda: DIFFERENCES.stencil(math.inf), "dimension is inf"),
    "a dimension in words": (lambda: MONTE_CARLO.stencil("nan"), "dimension is 'nan'"),
    "a list of dimensions": (lambda: STEIN.stencil([]), r"dimension is \[\]"),
    "dimensions that are floats": (lambda: STEIN.stencil(2.0), "dimension is 2.0"),
    "cores that are no tensor": (lambda: FORMAT.dense(object), "flat is a type, but these cores have 24 parameters"),
    "cores in NumPy": (lambda: FORMAT.dense(np.zeros((1, 24))), "flat is a ndarray"),
    "vectors of another length": (lambda: FORMAT.apply(torch.zeros(1, 24), torch.zeros(2, 5)), r"x has shape \(2, 5\), but this matrix"),
    "vectors of another type": (lambda: FORMAT.apply(torch.zeros(1, 24), torch.zeros(2, 6).double()), "give both in the same"),
    "whole numbers beyond floats as a step": (lambda: pz.FiniteDifference(step=10**400), "step is 1000"),
    "theta that is no vector of numbers": (lambda: BlackBox(lambda t, p: p, sp.Eq(x[0], 1)), "theta is no vector of numbers"),
    "a flag that is neither": (lambda: BlackBox(lambda t, p: p, [1.0], numpy=NotImplemented), "numpy must be True or False"),
    "a sign that is neither": (lambda: pz.ZerothOrder(sign="yes"), "sign must be True or False"),
    "a symbol as a bias": (lambda: pz.MLP(bias=x[0]), "bias=x1 must be a positive number"),
    "no modes": (lambda: pz.TensorTrainMatrix(None, (2, 2)), "input_modes must be a list or a tuple, got None"),
    "a number of modes": (lambda: pz.TensorTrainMatrix((2, 2), 3), "output_modes must be a list or a tuple, got 3"),
    "no ranks": (lambda: pz.TensorTrainMatrix((2, 2), (2, 2), None), "ranks must be a list or a tuple, got None"),
    "modes of a network in words": (lambda: pz.TensorTrainMLP(modes="ab"), "modes must be a list or a tuple"),
    "a number of layers": (lambda: pz.TensorTrainMLP(layers=3), "layers must be a list or a tuple"),
    "more layers than memory": (lambda: pz.MLP(depth=10**30), "depth=.* give at most 1,000"),
    "more units than memory": (lambda: pz.MLP(width=10**9), "width=1000000000 is more than .* at most 1,000,000"),
    "coordinates in an array of words": (lambda: pz.Ball(np.array("x")), "Ball needs coordinates"),
    "a centre in an array of words": (lambda: pz.Ball(x, center=np.array("x")), "center of Ball"),
    "one number as vertices": (lambda: pz.Simplex(x, vertices=-1.5), "vertices of Simplex is -1.5: give a list of points"),
    "one trial": (lambda: pz.LevenbergMarquardt(trials=0.1), "trials must be a list or a tuple, got 0.1"),
    "one trial of the averaged method": (lambda: AveragedGaussNewton(trials=1), "trials must be a list or a tuple, got 1"),
    "momentum in words": (lambda: pz.LevenbergMarquardt(momentum="much"), r"momentum must lie in \[0, 1\), got 'much'"),
    "no momentum": (lambda: AveragedGaussNewton(momentum=None), r"momentum must lie in \[0, 1\), got None"),
    "an array for an equation": (lambda: pz.Problem(np.zeros((2, 2)), pz.Box({x: (0, 1)})), "equation is array"),
    "functions in a mapping": (lambda: pz.Problem(sp.Eq(u, 1), pz.Box({x: (0, 1)}), functions={}), "functions is {}"),
    "a step too small for its powers": (lambda: pz.SmolyakStein(sigma=1e-320), "has to be a positive number from 1e-60 to 1e\\+60"),
    "samples beyond any memory": (lambda: pz.MonteCarloStein(samples=2**63, antithetic=np.True_).stencil(1), "Take fewer samples"),
    "ranks beyond any memory": (lambda: pz.TensorTrainMatrix((2, 2), (2, 2), 2**63), "positive whole numbers up to 1,000,000"),
    "a learning rate beyond 64 bits": (lambda: pz.LBFGS(learning_rate=10**30), "learning_rate is a whole number beyond 64 bits"),
    "options of an optimiser in words": (lambda: pz.FirstOrder(optimizer_options={"betas": ""}), "torch refuses the optimizer"),
    "a shell too wide for its squares": (lambda: pz.Shell(x, 1, 1e308), "outer of Shell is 1e\\+308: give a finite number of at most"),
    "an array of nothing as coordinates": (lambda: pz.divergence((u, u), np.array(None)), "divergence needs the coordinates"),
    "the normal derivative of a list": (lambda: pz.normal_derivative([], pz.Ball(x)), "normal_derivative"),
    "unknowns in arrays": (lambda: pz.Problem(sp.Eq(u, 1), pz.Box({x: (0, 1)}), unknowns=[np.zeros(2)]), "unknowns has array"),
    "time in an array": (lambda: pz.Problem(sp.Eq(u, 1), pz.Box({x: (0, 1)}), time=np.zeros(2)), "time is array"),
    "complex inputs": (lambda: DataObjective(POINTS * 1j, [0, 1, 0], NETWORK), "inputs is complex"),
    "an order beyond the range of numbers": (lambda: MONTE_CARLO.stencil(2).weights((97, 300)), "leave the range of numbers: take a larger step"),
    "a ball lost in rounding": (lambda: pz.Ball(x, center=-1e30), "lost in rounding there: shift the coordinates"),
    "a shell lost in rounding": (lambda: pz.Shell(x, 1, 1.001, center=1e8), "center of Shell has a coordinate of size 1e\\+08"),
    "growth in an array": (lambda: pz.SmolyakStein(growth=np.zeros((2, 2))), "growth is array"),
    "modes in halves": (lambda: pz.TensorTrainMLP(width=8, modes=(0.5, 16)), "must be whole numbers whose product"),
    "no number of vectors": (lambda: pz.BlackBox(lambda theta, x: x, np.ones(1), vectors=None), "vectors=None must be a positive whole number"),
    "a flag that is an error": (lambda: pz.BlackBox(lambda theta, x: x, np.ones(1), allow_nonfinite=ValueError()), "allow_nonfinite must be True or False"),
    "sampling in an array": (lambda: pz.solve(disc(), sampling=np.zeros(2), progress=False), "sampling is array"),
    "a condition in an array": (lambda: pz.Problem(sp.Eq(u, 1), pz.Box({x: (0, 1)}), [np.zeros(2)]), "condition"),
    "more points than memory": (lambda: pz.solve(disc(), points=10**15, progress=False), "This run needs up to about .* TB of memory.*: take fewer points"),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_a_sentence(name):
    call, says = FOUND[name]
    with pytest.raises(pz.PinnzoError, match=says) as caught:
        call()
    check_sentence(str(caught.value))


def test_what_is_allowed_still_is():
    """Whole numbers of other types, arrays that are read-only or run backwards, and tensors that require gradients."""
    assert pz.FiniteDifference(step=np.float32(0.1)).derivatives(
        first, POINTS, [(np.int64(1), 0), {0: sp.Integer(1)}]
    ).shape == (2, 3)
    assert STEIN.stencil(np.int64(2)).dimension == 2
    assert pz.Ball(x, center=np.zeros(2)).contains(np.zeros((4, 2))[::-1]).all()
    assert pz.Ball(x).contains(POINTS.requires_grad_()).all() in (True, False)
    assert pz.LevenbergMarquardt(trials=[0.1, 1], momentum=0).trials == (0.1, 1)


@pytest.mark.parametrize("central", [False, True])
def test_a_step_that_chooses_no_coordinate(central):
    """A share so small that no weight takes part ends in no error; the parameters stay what they are."""
    from running import quick

    gradient = pz.CoordinateGradient(share=1e-12, central=central)
    solution = quick(disc(), trainer=pz.ZerothOrder(gradient), budget=pz.Budget(steps=2))
    assert solution.steps == 2
    assert math.isfinite(solution.loss)

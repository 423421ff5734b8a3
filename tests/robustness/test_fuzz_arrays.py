"""Points and data of any kind: a sentence, or the values that the plain array of the same numbers has."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
import torch
from fuzzing import REFUSED, attempt, fuzz
from hypothesis import given
from hypothesis import strategies as st
from odd_values import FLOATS, INTEGERS, ODD, WORDS, points
from running import quick

import pinnzo as pz
from pinnzo.networks import MLP
from pinnzo.training import CrossEntropy, DataObjective, SquaredError

ESTIMATORS = (
    pz.FiniteDifference(step=0.1), pz.SmolyakStein(level=2, growth="odd"), pz.MonteCarloStein(samples=8),
    pz.RandomDirections(2), pz.Autodiff(),
)  # fmt: skip


@pytest.fixture(scope="module")
def solved():
    return quick(budget=pz.Budget(steps=1)), quick("kovasznay", budget=pz.Budget(steps=1), network=pz.MLP(width=4))


def numbers(given_points) -> torch.Tensor:
    """The same points in plain float64."""
    if isinstance(given_points, torch.Tensor):
        return given_points.detach().to_dense().double() if given_points.is_sparse else given_points.detach().double()
    return torch.tensor(np.asarray(given_points).astype(float))


@fuzz(200)
@given(points(2), st.sampled_from(["value", "residual", "smoothed"]), st.integers(0, 1))
def test_solution(solved, x, what, which):
    solution = solved[which]
    ask = {"value": solution, "residual": solution.residual, "smoothed": solution.smoothed}[what]
    answer = attempt(f"points of a solution ({what})", (x, which), lambda: ask(x))
    if answer is REFUSED:
        return
    assert isinstance(answer, torch.Tensor) == isinstance(x, torch.Tensor)
    plain = numbers(x)
    assert tuple(answer.shape) == ((len(plain),) if which == 0 else (len(plain), 3))
    assert np.isfinite(np.asarray(answer)).all()
    np.testing.assert_array_equal(np.asarray(answer), np.asarray(ask(plain)))


@fuzz(150)
@given(
    points(2),
    st.sampled_from(ESTIMATORS),
    st.lists(ODD | st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=2) | ODD,
)
def test_derivatives(x, estimator, orders):
    answer = attempt("derivatives", (x, estimator, orders), lambda: estimator.derivatives(lambda p: p[:, 0], x, orders))
    if answer is not REFUSED:
        assert tuple(answer.shape) == (len(orders), len(x))
        assert answer.isfinite().all()


@fuzz(80)
@given(points(2), st.sampled_from(ESTIMATORS))
def test_derivatives_of_order_one(x, estimator):
    answer = attempt(
        "derivatives",
        (x, estimator),
        lambda: estimator.derivatives(lambda p: p[:, 0] + 2 * p[:, 1], x, [(1, 0), (0, 1)]),
    )
    if answer is not REFUSED and isinstance(estimator, pz.FiniteDifference | pz.Autodiff):
        plain = x.double()
        if plain.numel() == 0 or (plain.abs().max() < 10 and x.dtype in (torch.float32, torch.float64)):
            torch.testing.assert_close(
                answer.double(), torch.tensor([[1.0], [2.0]]).double().expand(2, len(x)), atol=1e-4, rtol=0
            )


RETURNED = [
    lambda p: p, lambda p: p[:, :1], lambda p: p[:, 0] / 0 * 0, lambda p: 1.0, lambda p: None, lambda p: p.sum(),
    lambda p: p.numpy()[:, 0], lambda p: p[:, 0].int(), lambda p: p[:, 0] * 1j, lambda p: p[1:, 0],
    lambda p: torch.log(p[:, 0] - 5), lambda p: p.to("meta")[:, 0], lambda p: p[:, 0].to_sparse(), 3, None, "f",
]  # fmt: skip


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("which", range(len(RETURNED)))
def test_functions_that_return_something_else(estimator, which):
    """What is returned counts: NaN derivatives are refused too."""
    x = torch.rand(3, 2, dtype=torch.float64)
    answer = attempt("functions", (estimator, which), lambda: estimator.derivatives(RETURNED[which], x, [(1, 0)]))
    assert answer is REFUSED or (answer.shape == (1, 3) and bool(answer.isfinite().all()))


@fuzz(120)
@given(
    ODD
    | st.tuples(st.integers(-1, 3), st.integers(-1, 3))
    | st.dictionaries(INTEGERS | FLOATS | WORDS, ODD, max_size=2),
    ODD,
    st.sampled_from(ESTIMATORS[:3]),
)
def test_stencils(order, dimension, estimator):
    made = attempt("stencils", (estimator, dimension), lambda: estimator.stencil(dimension))
    stencil = estimator.stencil(2) if made is REFUSED else made
    if made is not REFUSED:
        assert stencil.nodes.shape[1] == stencil.dimension == dimension
    weights = attempt("stencils", (estimator, order), lambda: stencil.weights(order))
    if weights is not REFUSED:
        assert weights.shape == (len(stencil.nodes),)
        assert weights.isfinite().all()


FORMAT = pz.TensorTrainMatrix((2, 3), (3, 2), 2)


@fuzz(100)
@given(points(FORMAT.parameter_count), points(6))
def test_tensor_trains(theta, x):
    dense = attempt("tensor trains", theta, lambda: FORMAT.dense(theta))
    if dense is not REFUSED:
        assert dense.shape[-2:] == (6, 6)
    answer = attempt("tensor trains", (theta, x), lambda: FORMAT.apply(theta, x))
    if answer is not REFUSED:
        assert answer.shape[-1] == 6


@fuzz(120)
@given(points(2), ODD | points(1), st.sampled_from([CrossEntropy(), SquaredError(), None]), st.none() | ODD)
def test_data_objective(inputs, targets, loss, batch):
    network = MLP(width=2, outputs=3).build(inputs=2)
    theta = torch.zeros(1, network.parameter_count, dtype=torch.float64)

    def losses():
        objective = DataObjective(inputs, targets, network, loss, batch)
        objective.draw(torch.Generator().manual_seed(0))
        return objective.losses(theta)

    answer = attempt("data objectives", (inputs, targets, loss, batch), losses)
    if answer is not REFUSED:
        assert answer.shape == (1,)
        assert answer.isfinite().all()


xs = pz.coordinates("x", 2)
u = sp.Function("u")(*xs)


@fuzz(150)
@given(ODD | st.just(u) | st.just(u.diff(xs[0])), points(2), ODD | points(1), st.none() | ODD, st.none() | ODD)
def test_data_conditions(expression, where, values, weight, batch):
    def declare():
        data = pz.Data(expression, where, values, weight=weight, batch=batch)
        return pz.Problem(sp.Eq(pz.laplacian(u, xs), 1), pz.Box({xs: (0, 1)}), [data])

    problem = attempt("measurements", (expression, where, values, weight, batch), declare)
    if problem is not REFUSED:
        solution = quick(problem, budget=pz.Budget(steps=1))
        assert np.isfinite(solution.loss)


@fuzz(80)
@given(
    points(2), st.sampled_from([pz.Box({xs: (0, 1)}), pz.Ball(xs), pz.Shell(xs, 1, 2), pz.Gaussian(xs), pz.Simplex(xs)])
)
def test_domains(x, domain):
    inside = attempt("points of domains", (x, domain), lambda: domain.contains(x))
    if inside is not REFUSED:
        assert inside.shape == (len(numbers(x)),)
        assert inside.dtype == torch.bool

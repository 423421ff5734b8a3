from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from derivative_checks import SmoothFunction, multi_indices, random_points
from numpy.polynomial import hermite_e

import pinnzo as pz
from pinnzo.derivatives import LinearOperator, MonteCarloStein
from pinnzo.derivatives.evaluation import FunctionField
from pinnzo.derivatives.monte_carlo import MonteCarloStencil
from pinnzo.errors import SettingError, StencilError

VARIANTS = list(product([True, False], repeat=2))  # antithetic, control variate


def hermite(z: torch.Tensor, order: tuple[int, ...], sigma: float) -> torch.Tensor:
    """∏ He_{α_i}(z_i)/σ^|α| at z (N, D)."""
    out = torch.ones(len(z), dtype=z.dtype)
    for i, m in enumerate(order):
        out = out * torch.from_numpy(hermite_e.hermeval(z[:, i].numpy(), np.eye(m + 1)[m])) / sigma**m
    return out


def moments(f, x: torch.Tensor, order: tuple[int, ...], sigma: float, antithetic: bool, control: bool):
    """Mean and variance of one draw of the estimator, by a tensor Gauss–Hermite rule of 40 points an axis."""
    nodes, weights = hermite_e.hermegauss(40)
    z = torch.tensor(list(product(nodes, repeat=x.shape[1])), dtype=torch.float64)
    w = torch.tensor([np.prod(ws) for ws in product(weights, repeat=x.shape[1])], dtype=torch.float64)
    w = w / w.sum()
    even = sum(order) % 2 == 0
    ahead, behind, here = f(x + sigma * z), f(x - sigma * z), f(x)
    if antithetic:
        term = (ahead + behind) / 2 - (here if control else 0) if even else (ahead - behind) / 2
    else:
        term = ahead - (here if control else 0)
    value = term * hermite(z, order, sigma)
    mean = (w * value).sum()
    return float(mean), float((w * value**2).sum() - mean**2)


@pytest.mark.parametrize(("antithetic", "control"), VARIANTS)
def test_mean_and_variance_over_ten_thousand_draws(antithetic, control):
    f, x, sigma, samples, draws = SmoothFunction(2, seed=3), random_points(1, 2), 0.7, 32, 10_000
    orders = [(1, 0), (0, 2), (1, 1), (2, 1), (2, 2)]
    estimator = MonteCarloStein(samples, sigma, antithetic, control)
    rows = [LinearOperator.derivative(tuple((i, m) for i, m in enumerate(o) if m)) for o in orders]
    discretisation, generator = estimator.discretise(rows, 2), torch.Generator().manual_seed(0)
    seen = []
    for _ in range(draws):
        discretisation = discretisation.drawn(generator)
        seen.append(discretisation.apply(FunctionField(f), x)[0, 0])
    values = torch.stack(seen)
    for k, order in enumerate(orders):
        mean, variance = moments(f, x, order, sigma, antithetic, control)
        assert float(values[:, k].var()) == pytest.approx(variance / samples, rel=0.1), order
        assert abs(float(values[:, k].mean()) - mean) < 4 * (variance / samples / draws) ** 0.5, order


@pytest.mark.parametrize("dimension", [1, 2])
def test_bias_is_of_second_order_for_every_derivative(dimension):
    """The mean over all draws, exactly: each node of a Gauss–Hermite rule is one draw, with its weight."""
    nodes, weights = hermite_e.hermegauss(30)
    z = np.array(list(product(nodes, repeat=dimension)))
    probability = np.array([np.prod(w) for w in product(weights / weights.sum(), repeat=dimension)])
    points = random_points(4, dimension)
    for order in multi_indices(dimension, 4, least=1):
        function = SmoothFunction(dimension, seed=sum(order))
        exact = function.derivative(order, points)
        errors = []
        for sigma in (0.1, 0.05):
            stencil = MonteCarloStencil(MonteCarloStein(len(z), sigma), z)
            values = function((points[:, None] + stencil.nodes).reshape(-1, dimension)).reshape(len(points), -1)
            of_draws = stencil.weights(order)[1:].reshape(2, -1) * torch.from_numpy(len(z) * probability)
            mean = (values[:, 1:] - values[:, :1]) @ of_draws.flatten()
            errors.append(np.linalg.norm(mean.numpy() - exact))
        assert np.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.2), order


def test_error_falls_like_the_root_of_the_samples():
    f, x = SmoothFunction(3, seed=1), random_points(1, 3)
    generator = torch.Generator().manual_seed(0)

    def spread(samples: int) -> float:
        estimator = MonteCarloStein(samples, 0.1)
        values = [estimator.laplacian(f, x, generator=generator) for _ in range(400)]
        return float(torch.cat(values).std())

    assert np.log2(spread(64) / spread(1024)) / 4 == pytest.approx(0.5, abs=0.1)


def test_antithetic_draws_and_the_control_variate_lower_the_variance():
    f, x, sigma = SmoothFunction(2, seed=3), random_points(1, 2), 0.1
    first = {v: moments(f, x, (1, 0), sigma, *v)[1] for v in VARIANTS}
    second = {v: moments(f, x, (2, 0), sigma, *v)[1] for v in VARIANTS}
    assert first[True, True] < first[False, True] < 0.05 * first[False, False]
    assert second[True, True] < 0.5 * second[False, True] < 0.025 * second[False, False]
    # Antithetic first derivatives need no control variate.
    assert first[True, True] == pytest.approx(first[True, False])


def test_the_draw_is_shared_and_repeats():
    estimator, rows = MonteCarloStein(8), [LinearOperator.laplacian(range(3))]
    first = estimator.discretise(rows, 3)
    assert torch.equal(first.nodes, estimator.discretise(rows, 3).nodes)
    again = [first.drawn(torch.Generator().manual_seed(5)).nodes for _ in range(2)]
    assert torch.equal(*again)
    assert not torch.equal(again[0], first.nodes)
    assert first.evaluations_per_point == 17
    assert not torch.equal(first.nodes, MonteCarloStein(8, seed=1).discretise(rows, 3).nodes)


def test_training_draws_anew_at_each_step_and_all_queries_see_the_same_draw():
    problem = pz.problem("hjb", dimension=3)
    assembly = pz.solution.Assembly(problem, pz.settings.RunSettings(derivatives=MonteCarloStein(16)))
    objective, theta = assembly.objective, assembly.initial()
    generator = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        objective.draw(generator)
        twice = objective.residuals(torch.stack([theta, theta]))
        torch.testing.assert_close(twice[0], twice[1])
        points = objective._batches[0].points[0].clone()
        nodes = objective._batches[0].term.rows[0].nodes
        objective.draw(generator)
    assert not torch.equal(nodes, objective._batches[0].term.rows[0].nodes)
    assert not torch.equal(points, objective._batches[0].points[0])


def test_steps_of_their_own_for_each_variable():
    """F(x) = g(x/s) has the derivatives of g, scaled; the estimator with steps sσ sees the same values."""
    g, scale = SmoothFunction(2, seed=0), torch.tensor([1.0, 100.0], dtype=torch.float64)
    points = random_points(5, 2)
    plain = MonteCarloStein(64, 0.1).derivatives(g, points, [(1, 0), (0, 2), (1, 1)])
    scaled = MonteCarloStein(64, (0.1, 10.0)).derivatives(
        lambda x: g(x / scale), points * scale, [(1, 0), (0, 2), (1, 1)]
    )
    torch.testing.assert_close(scaled, plain / torch.tensor([[1.0], [1e4], [100.0]], dtype=torch.float64))


def test_weights_of_order_zero_smooth():
    stencil = MonteCarloStein(100, 0.5).stencil(2)
    assert float(stencil.weights((0, 0)).sum()) == pytest.approx(1.0)
    assert float(stencil.weights((0, 0))[0]) == 0.0


@pytest.mark.parametrize(
    "settings",
    [
        {"samples": 0},
        {"samples": 2.5},
        {"sigma": -1},
        {"sigma": "big"},
        {"seed": -1},
        {"seed": 2**64},
        {"antithetic": "no"},
        {"control_variate": None},
    ],
)
def test_bad_settings(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        MonteCarloStein(**settings)


def test_refusals():
    with pytest.raises(SettingError, match="sigma has 2 entries"):
        MonteCarloStein(sigma=(0.1, 0.2)).stencil(3)
    with pytest.raises(SettingError, match="auto"):
        MonteCarloStein(sigma="auto").stencil(3)
    with pytest.raises(StencilError, match="fewer samples"):
        MonteCarloStein(2_000_000).stencil(3)

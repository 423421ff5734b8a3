from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp
import torch
from derivative_checks import SmoothFunction, multi_indices, random_points
from hypothesis import given, settings
from hypothesis import strategies as st

import pinnzo as pz
from pinnzo.derivatives import LinearOperator, RandomDirections
from pinnzo.derivatives.evaluation import FunctionField
from pinnzo.errors import SettingError, ShapeError, StencilError

D, V, DRAWS = 12, 4, 10_000
KINDS = [("rademacher", False), ("gaussian", False), ("coordinates", False), ("coordinates", True)]


def quadratic(seed: int, dimension: int = D):
    """½ xᵀHx + g·x with its H and g."""
    generator = torch.Generator().manual_seed(seed)
    H = torch.randn(dimension, dimension, generator=generator, dtype=torch.float64)
    H, g = H + H.T, torch.randn(dimension, generator=generator, dtype=torch.float64)
    return (lambda x: 0.5 * (x @ H * x).sum(1) + x @ g), H, g


def sampled(estimator, f, rows, norms=(), dimension=D, draws=DRAWS):
    """The columns of many draws at the origin, (draws, R)."""
    discretisation = estimator.discretise(rows, dimension, norms)
    generator, x = torch.Generator().manual_seed(0), torch.zeros(1, dimension, dtype=torch.float64)
    seen = []
    for _ in range(draws):
        discretisation = discretisation.drawn(generator)
        seen.append(discretisation.apply(FunctionField(f), x)[0, 0])
    return torch.stack(seen)


def check_moments(values: torch.Tensor, mean: float, variance: float) -> None:
    assert float(values.var()) == pytest.approx(variance, rel=0.1)
    assert abs(float(values.mean()) - mean) < 4 * (variance / len(values)) ** 0.5


@pytest.mark.parametrize(("distribution", "replacement"), KINDS)
def test_mean_and_variance_over_ten_thousand_draws(distribution, replacement):
    f, H, g = quadratic(0)
    estimator = RandomDirections(V, 0.1, distribution, replacement)
    values = sampled(estimator, f, [LinearOperator.laplacian(range(D))], [tuple(range(D))])
    diagonal, g2, g4 = (H.diag() ** 2).sum(), (g**2).sum(), (g**4).sum()
    variance = {
        "rademacher": (2 * ((H**2).sum() - diagonal), 2 * (g2**2 - g4)),
        "gaussian": (2 * (H**2).sum(), 2 * g2**2),
        "coordinates": (D * diagonal - H.trace() ** 2, D * g4 - g2**2),
    }[distribution]
    factor = (D - V) / (D - 1) if distribution == "coordinates" and not replacement else 1.0
    check_moments(values[:, 0], float(H.trace()), float(variance[0]) * factor / V)
    check_moments(values[:, 1:].square().sum(1), float(g2), float(variance[1]) * factor / V)


def test_first_derivatives_from_the_directions():
    """More derivatives along single axes than directions are Σ_k v_ki (v_k·g)/V."""
    f, _, g = quadratic(1)
    rows = [LinearOperator.laplacian(range(D)), *(LinearOperator.derivative(((i, 1),)) for i in range(D))]
    estimator = RandomDirections(V, 0.1)
    discretisation = estimator.discretise(rows, D)
    assert discretisation.random_rows == frozenset(range(D + 1))
    assert discretisation.evaluations_per_point == 2 * V + 1
    values = sampled(estimator, f, rows)
    for i in range(D):
        check_moments(values[:, 1 + i], float(g[i]), float((g**2).sum() - g[i] ** 2) / V)


def test_biharmonic_of_gaussian_directions():
    c = torch.linspace(-1, 2, D, dtype=torch.float64)
    values = sampled(
        RandomDirections(V, 0.1, "gaussian"), lambda x: x**4 @ c / 24, [LinearOperator.biharmonic(range(D))]
    )
    check_moments(values[:, 0], float(c.sum()), 96 * float((c**2).sum()) / 9 / V)


def test_general_diffusion():
    """tr(AH) for an indefinite matrix A."""
    f, H, _ = quadratic(2)
    generator = torch.Generator().manual_seed(3)
    A = torch.randn(D, D, generator=generator, dtype=torch.float64)
    A = A + A.T
    row = LinearOperator.diffusion(A.tolist())
    exact = float((A * H).sum())
    values = sampled(RandomDirections(V, 0.1), f, [row], draws=4000)[:, 0]
    assert abs(float(values.mean()) - exact) < 4 * float(values.std()) / 4000**0.5
    complete = RandomDirections(D, 0.1).discretise([row], D)
    assert not complete.random_rows
    x = torch.zeros(1, D, dtype=torch.float64)
    assert float(complete.apply(FunctionField(f), x)) == pytest.approx(exact)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), dimension=st.integers(1, 6))
def test_complete_directions_are_exact_on_quadratics(seed, dimension):
    f, H, g = quadratic(seed, dimension)
    points = torch.rand(3, dimension, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    estimator = RandomDirections(dimension, step=0.1)
    slope = points @ H + g
    torch.testing.assert_close(estimator.laplacian(f, points), H.trace().expand(3))
    torch.testing.assert_close(estimator.gradient_norm_squared(f, points), (slope**2).sum(1))
    b = torch.arange(1.0, dimension + 1, dtype=torch.float64)
    torch.testing.assert_close(estimator.operators(f, points, [LinearOperator.directional(b.tolist())])[0], slope @ b)


@pytest.mark.parametrize("dimension", [2, 3])
def test_order_of_convergence(dimension):
    """All first and second derivatives, the fourth along an axis, and the biharmonic operator for its draw."""
    points = random_points(20, dimension)
    for order in multi_indices(dimension, 4, least=1):
        if sum(order) > 2 and max(order) < 4:
            continue
        function = SmoothFunction(dimension, seed=sum(order))
        exact = function.derivative(order, points)
        errors = [
            np.linalg.norm(RandomDirections(16, h).derivatives(function, points, [order])[0].numpy() - exact)
            for h in (0.1, 0.05)
        ]
        assert np.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.2), order


def test_order_of_convergence_along_random_directions():
    function, points = SmoothFunction(6, seed=0), random_points(20, 6)
    hessian = torch.stack(
        [
            torch.from_numpy(function.derivative(tuple((k == i) + (k == j) for k in range(6)), points))
            for i in range(6)
            for j in range(6)
        ]
    ).reshape(6, 6, -1)
    errors = []
    for h in (0.2, 0.1):
        found = RandomDirections(3, h).discretise([LinearOperator.laplacian(range(6))], 6, [tuple(range(6))])
        w = found.projections[0]
        exact = torch.einsum("ki,ijn,kj->n", w, hessian, w)
        errors.append(float((found.apply(FunctionField(function), points)[0, :, 0] - exact).norm()))
    assert math.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.2)


def test_evaluations_are_shared():
    rows = [LinearOperator.from_terms({((i, 2),): 1.0 for i in range(20)} | {((20, 1),): 1.0})]
    found = RandomDirections(16).fitted(rows, [(0, 1)] * 21, torch.float64).discretise(rows, 21, [tuple(range(20))])
    assert found.evaluations_per_point == 2 * 16 + 1 + 2
    again = RandomDirections(16, 0.1, "coordinates", replacement=True).discretise(rows, 21)
    assert again.evaluations_per_point <= 2 * 16 + 1 + 2


def test_the_first_node_lies_one_step_away():
    step = tuple(np.linspace(0.1, 0.5, 20))
    found = RandomDirections(4, step).discretise([LinearOperator.laplacian(range(20))], 20)
    lengths = (found.nodes / torch.tensor(step)).norm(dim=1)
    torch.testing.assert_close(lengths, torch.tensor([0.0] + [1.0] * 8, dtype=torch.float64))


def test_projected_derivatives_are_their_definition():
    """Σ_w (b·w) D_w f for many vectors b."""
    dimension, f = 40, SmoothFunction(40, seed=1)
    points = random_points(3, dimension)
    vectors = torch.randn(dimension, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    rows = [LinearOperator.directional(b.tolist()) for b in vectors.T] * 2 + [
        LinearOperator.laplacian(range(dimension))
    ]
    found = RandomDirections(V, 0.05).discretise(rows, dimension, [tuple(range(dimension))])
    values = found.apply(FunctionField(f), points)[0]
    w, slopes = found.projections[0], values[:, len(rows) :]
    torch.testing.assert_close(values[:, : 2 * 30], slopes @ (w @ vectors).repeat(1, 2))
    assert found.evaluations_per_point == 2 * V + 1


def test_axes_that_are_not_there():
    for axes in ([D], [-1]):
        with pytest.raises(ShapeError, match=r"axis .* 0 … 11"):
            RandomDirections(V, 0.1).gradient_norm_squared(lambda x: x.sum(1), torch.zeros(1, D), axes)


def test_directions_that_do_not_fit_into_memory():
    with pytest.raises(StencilError, match="fewer directions"):
        RandomDirections(2_000_000, 0.1, "gaussian").discretise([LinearOperator.biharmonic(range(3))], 3)
    with pytest.raises(StencilError, match="fewer variables"):
        RandomDirections(4, 0.1).discretise([LinearOperator.laplacian(range(30_000))], 30_000)


def test_draws_repeat():
    estimator, rows = RandomDirections(4, 0.1), [LinearOperator.laplacian(range(20))]
    first = estimator.discretise(rows, 20)
    assert torch.equal(first.nodes, estimator.discretise(rows, 20).nodes)
    again = [first.drawn(torch.Generator().manual_seed(5)).nodes for _ in range(2)]
    assert torch.equal(*again)
    assert not torch.equal(again[0], first.nodes)


def problem_of(left, right=0, dimension=20):
    x = pz.coordinates("x", dimension)
    u = sp.Function("u")(*x)
    domain = pz.Box({x: (0, 1)})
    return pz.Problem(sp.Eq(left(u, x), right), domain=domain, conditions=[pz.Boundary(u, 0)])


BIASED = {
    "square of a Laplacian": lambda u, x: pz.laplacian(u, x) ** 2 + u,
    "product of estimates": lambda u, x: pz.laplacian(u, x) * pz.gradient_norm_squared(u, x),
    "function of an estimate": lambda u, x: sp.sin(pz.laplacian(u, x)),
    "switch": lambda u, x: u + sp.Piecewise((1, pz.laplacian(u, x) > 0), (2, True)),
    "power of a norm": lambda u, x: sp.sqrt(1 + pz.gradient_norm_squared(u, x)) + pz.laplacian(u, x),
}
UNBIASED = {
    "Laplacian times u": lambda u, x: u**3 * pz.laplacian(u, x) + sp.exp(u),
    "norm": lambda u, x: x[0] * pz.gradient_norm_squared(u, x) + pz.laplacian(u, x),
    "drift": lambda u, x: sum(xi * u.diff(xi) for xi in x) + pz.laplacian(u, x),
    "few derivatives": lambda u, x: u.diff(x[0]) ** 2 + pz.laplacian(u, x),
    "sum in brackets": lambda u, x: u * (pz.laplacian(u, x) + pz.gradient_norm_squared(u, x)),
}


@pytest.mark.parametrize("name", BIASED)
def test_biased_equations_are_refused_unless_nothing_is_random(name):
    problem = problem_of(BIASED[name])
    compiled = pz.solution.Assembly(problem, pz.settings.RunSettings(derivatives=RandomDirections(16)))
    with pytest.raises(StencilError, match=r"biased.*E\[X²\]"):
        compiled.objective  # noqa: B018
    complete = pz.solution.Assembly(problem, pz.settings.RunSettings(derivatives=RandomDirections(20)))
    assert complete.objective.evaluations_per_query > 0


@pytest.mark.parametrize("name", UNBIASED)
@pytest.mark.parametrize("estimate", ["network", "solution"])
def test_unbiased_residuals(name, estimate):
    """The mean of the residual over many draws is the residual of complete directions."""
    problem = problem_of(UNBIASED[name])
    settings_ = [pz.settings.RunSettings(derivatives=RandomDirections(n, 0.01), estimate=estimate) for n in (4, 20)]
    few, all_ = (pz.solution.Assembly(problem, s) for s in settings_)
    theta = all_.initial()[None]
    points = problem.sampler.interior(3, torch.Generator().manual_seed(0), torch.float64)
    generator = torch.Generator().manual_seed(1)

    def residual(assembly, drawn):
        field = assembly.objective._field(theta)
        rows = drawn[0].apply(field, points)
        return assembly.compiled.equation.prepare([points], drawn).residual([rows])[0]

    with torch.inference_mode():
        drawn = few.compiled.equation.discretise(few.estimator)
        exact = residual(all_, all_.compiled.equation.discretise(all_.estimator))
        values = torch.stack([residual(few, [d.drawn(generator) for d in drawn]) for _ in range(1500)])
    error = (values.mean(0) - exact).abs()
    assert (error < 4.5 * values.std(0) / len(values) ** 0.5 + 1e-6).all()
    assert values.std() > 1e-6


def test_complete_directions_give_the_residual_of_partial_derivatives():
    """With A and B that depend on all coordinates, as on a ball."""
    x = pz.coordinates("x", 3)
    u = sp.Function("u")(*x)
    equation = sp.Eq(pz.laplacian(u, x) + u * pz.gradient_norm_squared(u, x), x[0])
    problem = pz.Problem(equation, domain=pz.Ball(x, radius=1), conditions=[pz.Boundary(u, 2)])
    theta = None
    found = []
    for estimator in (RandomDirections(3, 0.01), pz.FiniteDifference(0.01)):
        assembly = pz.solution.Assembly(problem, pz.settings.RunSettings(derivatives=estimator))
        theta = assembly.initial() if theta is None else theta
        objective = assembly.objective
        with torch.inference_mode():
            objective.draw(torch.Generator().manual_seed(0))
            found.append(objective.residuals(theta[None]))
    torch.testing.assert_close(found[0], found[1])


def test_a_hundred_variables_are_solved():
    solution = pz.solve(
        pz.problem("hjb", dimension=100),
        network=pz.TensorTrainMLP(width=8),
        derivatives=RandomDirections(16),
        points=50,
        budget=pz.Budget(steps=12),
        progress=False,
    )
    accuracy = solution.error(1000)
    assert accuracy.relative_l2 < 0.1 * accuracy.zero_network


def test_other_operators_are_refused():
    with pytest.raises(StencilError, match="FiniteDifference"):
        RandomDirections(step=0.1).discretise([LinearOperator.derivative(((0, 3),))], 30)
    with pytest.raises(StencilError, match="biharmonic"):
        RandomDirections(step=0.1).discretise([LinearOperator.derivative(((0, 2), (1, 2)))], 30)
    with pytest.raises(StencilError, match="gaussian"):
        RandomDirections(step=0.1).discretise([LinearOperator.biharmonic(range(3))], 30)


@pytest.mark.parametrize(
    "bad",
    [
        {"directions": 0},
        {"directions": 1.5},
        {"step": 0},
        {"distribution": "normal"},
        {"replacement": True},
        {"replacement": "no", "distribution": "coordinates"},
        {"seed": "x"},
        {"seed": 2**64},
    ],
)
def test_bad_settings(bad):
    with pytest.raises(SettingError, match=next(iter(bad))):
        RandomDirections(**bad)

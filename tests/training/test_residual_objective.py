"""The physics-informed loss against plain torch, written out by hand."""

import numpy as np
import pytest
import sympy as sp
import torch

import pinnzo as pz
from pinnzo.assembly import Assembly
from pinnzo.networks import build_network
from pinnzo.settings import RunSettings
from pinnzo.symbolic.compiler import CompiledProblem
from pinnzo.training import residual_objective
from pinnzo.training.base import perturbed
from pinnzo.training.residual_objective import ResidualObjective
from pinnzo.training.residual_terms import DEFAULT_WEIGHT

H = 2e-3


def square():
    """An equation with a first and a second derivative, a product, and a soft condition of two kinds."""
    x, y = sp.symbols("x y", real=True)
    u = sp.Function("u")(x, y)
    return pz.Problem(
        sp.Eq(u.diff(x, 2) + sp.exp(x) * u.diff(y) + u**2, sp.sin(x * y)),
        pz.Box({x: (0, 1), y: (0, 2)}),
        [
            pz.Condition(sp.Eq(u.subs(x, 0), sp.cos(y)), name="left", enforce="soft"),
            pz.Condition(sp.Eq(u.diff(y).subs(y, 2), 1), name="top", enforce="soft", weight=3.0),
        ],
    )


def objective_of(problem, points=12, weights=None, workers=1, network=None, estimate="network", estimator=None):
    compiled = CompiledProblem(problem, estimate)
    network = build_network(network or pz.MLP(width=6, depth=2), problem.dimension)
    estimator = estimator or pz.FiniteDifference(step=H, order=2)
    return ResidualObjective(compiled, network, estimator, points, weights, workers=workers)


def some_theta(objective, count=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    one = objective.network.initial(generator, torch.float64)
    return one + 0.1 * torch.randn(count, len(one), generator=generator, dtype=torch.float64)


def drawn(objective, seed=0):
    objective.draw(torch.Generator().manual_seed(seed))
    return objective


def test_the_loss_is_the_sum_of_squares_of_the_residuals():
    objective = drawn(objective_of(square()))
    theta = some_theta(objective)
    residuals = objective.residuals(theta)
    assert residuals.shape == (3, 12 + 6 + 6)
    torch.testing.assert_close(objective.losses(theta), residuals.square().sum(1), rtol=1e-14, atol=0)


def test_residuals_are_those_written_out_by_hand():
    objective = drawn(objective_of(square()))
    theta = some_theta(objective)
    (inside,), (left,), (top,) = (batch.points for batch in objective._batches)
    assert inside.shape == (12, 2)
    assert (left[:, 0] == 0).all()
    assert (top[:, 1] == 2).all()
    for one, found in zip(theta, objective.residuals(theta), strict=True):

        def f(x, one=one):
            return objective.network.values(one, x)[:, 0]

        def shifted(x, axis, step):
            return f(x + step * torch.eye(2, dtype=x.dtype)[axis])

        x, y = inside.T
        u_xx = (shifted(inside, 0, H) - 2 * f(inside) + shifted(inside, 0, -H)) / H**2
        u_y = (shifted(inside, 1, H) - shifted(inside, 1, -H)) / (2 * H)
        equation = u_xx + torch.exp(x) * u_y + f(inside) ** 2 - torch.sin(x * y)
        on_left = f(left) - torch.cos(left[:, 1])
        on_top = (shifted(top, 1, H) - shifted(top, 1, -H)) / (2 * H) - 1
        expected = torch.cat([
            equation / 12**0.5, (DEFAULT_WEIGHT / 6) ** 0.5 * on_left, (3 / 6) ** 0.5 * on_top
        ])  # fmt: skip
        torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-8)


def test_weights_given_to_the_run_come_before_those_of_the_declaration():
    plain, weighted = (drawn(objective_of(square(), weights=w)) for w in ({}, {"left": 1.0, "top": 48.0}))
    theta = some_theta(plain)
    before, after = plain.residuals(theta), weighted.residuals(theta)
    torch.testing.assert_close(after[:, :12], before[:, :12])
    torch.testing.assert_close(after[:, 12:18], before[:, 12:18] / DEFAULT_WEIGHT**0.5)
    torch.testing.assert_close(after[:, 18:], before[:, 18:] * 4)


def test_parts_are_unweighted():
    objective = drawn(objective_of(square()))
    theta = some_theta(objective, 1)
    parts = objective.parts(theta[0])
    assert list(parts) == ["equation", "left", "top"]
    total = parts["equation"] + DEFAULT_WEIGHT * parts["left"] + 3 * parts["top"]
    assert float(objective.losses(theta)[0]) == pytest.approx(total)


def test_all_parameter_vectors_see_the_same_points():
    objective = drawn(objective_of(square()))
    theta = some_theta(objective, 1)
    losses = objective.losses(theta.repeat(5, 1))
    assert (losses == losses[0]).all()
    assert objective.losses(theta)[0] == losses[0]
    drawn(objective, seed=1)
    assert objective.losses(theta)[0] != losses[0]
    drawn(objective, seed=0)
    assert objective.losses(theta)[0] == losses[0]


class Counting(torch.nn.Module):
    """Counts the points that it is asked for."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(2, dtype=torch.float64))
        self.asked = 0

    def forward(self, x):
        self.asked += len(x)
        return torch.sin(x @ self.scale)


@pytest.mark.parametrize(
    "estimator",
    [pz.FiniteDifference(step=H, order=2), pz.FiniteDifference(step=H, order=4), pz.SmolyakStein(level=3, sigma=0.1)],
    ids=repr,
)
@pytest.mark.parametrize("count", [1, 4])
def test_evaluations_are_counted_exactly(estimator, count):
    module = Counting()
    objective = drawn(objective_of(square(), network=module, estimator=estimator))
    module.asked = 0
    objective.losses(some_theta(objective, count))
    assert objective.evaluations == count * objective.evaluations_per_query == module.asked
    objective.parts(some_theta(objective, 1)[0])
    assert objective.evaluations == (count + 1) * objective.evaluations_per_query == module.asked


def test_evaluations_of_a_run_add_up():
    solution = pz.solve(square(), points=12, budget=pz.Budget(steps=3), progress=False, trainer=pz.CoordinateGradient())
    objective = Assembly(square(), RunSettings(points=12)).objective
    validation = Assembly(square(), RunSettings(points=12)).validation
    d = solution.parameter_count
    assert validation.points == 1000
    # The first validation judges the initial parameters too, and the last step is judged at the end.
    steps, validations = 3 * (d + 1) * objective.evaluations_per_query, validation.evaluations_per_query
    spent = solution.evaluations - steps
    assert spent % validations == 0
    assert spent // validations == 1 + np.isfinite(solution.history.column("validation")).sum()


@pytest.mark.parametrize("limit", [1, 100, 5000])
def test_the_size_of_pieces_and_tiles_changes_rounding_alone(monkeypatch, limit):
    objective = drawn(objective_of(square(), network=pz.TensorTrainMLP(width=8)))
    theta = some_theta(objective, 20)
    expected = objective.residuals(theta)
    monkeypatch.setattr(residual_objective, "MEMORY_ELEMENTS", limit)
    monkeypatch.setattr("pinnzo.derivatives.evaluation.TILE_ELEMENTS", limit)
    torch.testing.assert_close(objective.residuals(theta), expected, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("workers", [2, 3])
def test_the_number_of_workers_changes_nothing(workers):
    alone, shared = (drawn(objective_of(square(), workers=w)) for w in (1, workers))
    theta = some_theta(alone, 33)
    with torch.inference_mode():
        assert torch.equal(alone.residuals(theta), shared.residuals(theta))
    assert alone.evaluations == shared.evaluations


def test_one_vector_alone_has_the_residual_that_it_has_among_others():
    objective = drawn(objective_of(square()))
    theta = some_theta(objective, 20)
    together = objective.residuals(theta)
    torch.testing.assert_close(objective.residuals(theta[7:8])[0], together[7], rtol=1e-9, atol=1e-9)


@torch.no_grad()
@pytest.mark.parametrize("estimate", ["network", "solution"])
@pytest.mark.parametrize("step", [1e-5, -1e-5, 0.1])
def test_differences_are_those_of_perturbed_vectors(estimate, step):
    objective = drawn(objective_of(square(), estimate=estimate))
    theta = some_theta(objective, 1)[0]
    indices = torch.randperm(len(theta), generator=torch.Generator().manual_seed(0))[:30]
    before = objective.residuals(theta[None])[0]
    found = objective.differences(theta, indices, step, before)
    expected = objective.residuals(perturbed(theta, indices, step)) - before
    # The plain difference has the rounding of second derivatives, of the order of ε/h² ≈ 1e-10.
    torch.testing.assert_close(found, expected, rtol=1e-7, atol=2e-9)


@torch.no_grad()
def test_differences_of_a_sweep_have_less_rounding_than_plain_ones():
    objective = drawn(objective_of(square()))
    theta = some_theta(objective, 1)[0]
    indices = torch.arange(len(theta))
    before = objective.residuals(theta[None])[0]
    # A tenth of the stencil's step leaves a hundred times the rounding, but hardly any in differences of a sweep.
    exact = objective.differences(theta, indices, 1e-4, before) - objective.differences(theta, indices, -1e-4, before)
    exact = exact / 2e-4

    def error(step, differences):
        return float((differences / step - exact).abs().max())

    step = 1e-7
    swept = error(step, objective.differences(theta, indices, step, before))
    plain = error(step, objective.residuals(perturbed(theta, indices, step)) - before)
    assert swept < 1e-4
    assert plain > 10 * swept


@torch.no_grad()
def test_losses_at_coordinates_are_those_of_perturbed_vectors():
    objective = drawn(objective_of(square()))
    theta = some_theta(objective, 1)[0]
    indices = torch.tensor([11, 0, 5])
    spent = objective.evaluations
    found = objective.losses_at_coordinates(theta, indices, (1e-3, -1e-3))
    assert objective.evaluations - spent == 6 * objective.evaluations_per_query
    for step, losses in zip((1e-3, -1e-3), found, strict=True):
        torch.testing.assert_close(losses, objective.losses(perturbed(theta, indices, step)), rtol=1e-9, atol=0)


def test_a_scaled_draw_has_so_many_times_the_points():
    objective = objective_of(square())
    usual = objective.evaluations_per_query
    objective.draw(torch.Generator().manual_seed(0), 2.5)
    theta = some_theta(objective)
    assert objective.residuals(theta).shape == (3, 30 + 15 + 15)
    assert objective.evaluations_per_query == 2.5 * usual
    objective.draw(torch.Generator().manual_seed(0))
    assert objective.evaluations_per_query == usual


@pytest.mark.parametrize("name", ["hjb", "poisson-2d", "heat", "poisson"])
def test_estimating_the_whole_solution_agrees(name):
    problem = pz.problem(name, **({} if name == "poisson-2d" else {"dimension": 2}))
    network, whole = (drawn(objective_of(problem, estimate=e)) for e in ("network", "solution"))
    theta = some_theta(network)
    expected, found = network.residuals(theta), whole.residuals(theta)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max()))
    # hjb's ansatz is linear, heat's is not: only the truncation tells the two apart there.
    assert torch.equal(found, expected) == (name == "poisson")


def test_periodic_conditions_compare_two_places():
    x = sp.Symbol("x", real=True)
    u = sp.Function("u")(x)
    problem = pz.Problem(sp.Eq(u.diff(x), sp.cos(x)), pz.Box({x: (0, 1)}), [sp.Eq(u.subs(x, 0), u.subs(x, 1))])
    objective = drawn(objective_of(problem, points=4))
    theta = some_theta(objective, 1)
    ends = objective.network.values(theta[0], torch.tensor([[0.0], [1.0]], dtype=torch.float64))[:, 0]
    expected = (DEFAULT_WEIGHT / 2) ** 0.5 * (ends[0] - ends[1])
    torch.testing.assert_close(objective.residuals(theta)[0, 4:].abs(), expected.abs().repeat(2))


def test_a_black_box_is_enough():
    box = pz.BlackBox(lambda theta, x: np.sin(x @ theta), theta=np.ones(2), numpy=True)
    module = Counting()
    a, b = (drawn(objective_of(square(), network=n)) for n in (box, module))
    theta = some_theta(a)
    torch.testing.assert_close(a.residuals(theta), b.residuals(theta))


def test_points_come_before_losses():
    objective = objective_of(square())
    with pytest.raises(pz.PinnzoError, match="no points yet: call draw"):
        objective.losses(some_theta(objective))


@pytest.mark.parametrize("points", [0, -3, 1.5, True])
def test_no_points_are_refused(points):
    with pytest.raises(pz.PinnzoError, match="points is"):
        objective_of(square(), points=points)


def test_one_point_is_enough_for_all_conditions():
    objective = drawn(objective_of(square(), points=1))
    assert objective.residuals(some_theta(objective)).shape == (3, 3)


def test_unknown_conditions_cannot_be_weighted():
    with pytest.raises(
        pz.PinnzoError, match="weights names 'right', but the soft conditions of this problem are: 'left', 'top'"
    ):
        objective_of(square(), weights={"right": 1.0})
    with pytest.raises(pz.PinnzoError, match="are: none"):
        objective_of(pz.problem("poisson-2d"), weights={"boundary": 1.0})

"""Residual objectives of systems and of unknown coefficients: by hand, and by sweeps against full queries."""

import pytest
import sympy as sp
import torch

import pinnzo as pz
from pinnzo.assembly import Assembly
from pinnzo.settings import settings_for
from pinnzo.training.base import Objective, perturbed

x, y = sp.symbols("x y", real=True)
u, v = sp.Function("u")(x, y), sp.Function("v")(x, y)
k = sp.Symbol("k", positive=True)
c = sp.Symbol("c", real=True)
BOX = pz.Box({x: (0, 1), y: (0, 2)})
H = 2e-3
POINTS = torch.tensor([[0.2, 0.3], [0.7, 1.5], [0.9, 0.1]], dtype=torch.float64)


def system():
    """Two unknown functions, two coefficients, hard and soft conditions, and measurements."""
    return pz.Problem(
        [sp.Eq(k * pz.laplacian(u, (x, y)) + u * v, sp.sin(x)), sp.Eq(v.diff(x), c * u.diff(y) + x * v)],
        BOX,
        [
            sp.Eq(u.subs(x, 0), y),
            pz.Condition(sp.Eq(v.subs(y, 0), c * u.subs(y, 0)), name="below"),
            pz.Data(v, POINTS, [0.1, 0.2, 0.3]),
        ],
        unknowns={k: 0.5, c: -1.0},
    )


def assembled(network=None, problem=None, **given):
    given.setdefault("derivatives", pz.FiniteDifference(step=H))
    settings = {"network": network or pz.MLP(width=6, depth=2), "points": 12, **given}
    problem = problem or system()
    assembly = Assembly(problem, settings_for(problem, settings))
    assembly.objective.draw(torch.Generator().manual_seed(0))
    return assembly


def some_theta(assembly, count=3):
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(count, assembly.network.parameter_count, generator=generator, dtype=torch.float64)
    return assembly.initial() + 0.1 * noise


def test_residuals_are_those_written_out_by_hand():
    assembly = assembled()
    objective = assembly.objective
    theta = some_theta(assembly)
    inside, below, measured = (batch.points[0] for batch in objective._batches)
    found = objective.residuals(theta)
    assert found.shape == (3, 12 * 2 + 6 + 3)
    for one, residuals in zip(theta, found, strict=True):
        network = assembly.network.network

        def values(at, one=one, network=network):
            f, g = network.values(one[:-2], at).T
            return torch.stack([at[:, 1] + at[:, 0] * f, g])

        def moved(at, axis, step, values=values):
            return values(at + step * torch.eye(2, dtype=at.dtype)[axis])

        kappa, slope = 0.5 * one[-2].exp(), -1 + one[-1]
        (a, b), first = values(inside), [(moved(inside, i, H) - moved(inside, i, -H)) / (2 * H) for i in (0, 1)]
        second = sum((moved(inside, i, H) - 2 * values(inside) + moved(inside, i, -H)) / H**2 for i in (0, 1))
        equations = [
            kappa * second[0] + a * b - inside[:, 0].sin(),
            first[0][1] - slope * first[1][0] - inside[:, 0] * b,
        ]
        on_edge = values(below)[1] - slope * values(below)[0]
        misfit = values(measured)[1] - torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64)
        expected = torch.cat([
            torch.stack(equations, dim=1).flatten() / 12**0.5,
            (100 / 6) ** 0.5 * on_edge,
            (100 / 3) ** 0.5 * misfit,
        ])  # fmt: skip
        torch.testing.assert_close(residuals, expected, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(objective.losses(theta), found.square().sum(1), rtol=1e-12, atol=0)


def test_parts_add_up_to_the_loss():
    assembly = assembled()
    theta = some_theta(assembly, 1)
    parts = assembly.objective.parts(theta[0])
    total = parts["equation"] + 100 * (parts["below"] + parts["measurements"])
    assert float(assembly.objective.losses(theta)[0]) == pytest.approx(total)


NETWORKS = {
    "dense": pz.MLP(width=6, depth=2, activation="tanh"),
    "tensor train": pz.TensorTrainMLP(width=8, depth=2),
    "features": pz.MLP(width=6, features=[x * y]),
}


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("estimate", ["network", "solution"])
def test_a_sweep_gives_the_changes_of_full_queries(network, estimate):
    assembly = assembled(NETWORKS[network], estimate=estimate)
    objective, theta = assembly.objective, some_theta(assembly, 1)[0]
    count = assembly.network.parameter_count
    # All parameters, in an order of their own, coefficients among the others.
    indices = torch.randperm(count, generator=torch.Generator().manual_seed(2))
    assert assembly.network.sweep(theta, indices, 1e-4) is not None
    outputs = objective.residuals(theta[None])
    found = objective.differences(theta, indices, 1e-4, outputs)
    wanted = objective.residuals(perturbed(theta, indices, 1e-4)) - outputs
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-7)
    assert (found[indices >= count - 2].norm(dim=1) > 1e-6).all()
    losses = objective.losses_at_coordinates(theta, indices, [1e-4, -1e-4])
    for row, step in zip(losses, (1e-4, -1e-4), strict=True):
        torch.testing.assert_close(row, objective.losses(perturbed(theta, indices, step)), rtol=1e-9, atol=1e-12)


def test_a_sweep_over_coefficients_alone():
    assembly = assembled()
    objective, theta = assembly.objective, some_theta(assembly, 1)[0]
    last = torch.tensor([len(theta) - 1, len(theta) - 2])
    outputs = objective.residuals(theta[None])
    found = objective.differences(theta, last, 1e-3, outputs)
    wanted = Objective.differences(objective, theta, last, 1e-3, outputs)
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)


def test_the_coefficients_are_a_block_of_their_own():
    network = assembled(pz.TensorTrainMLP(width=8)).network
    assert network.blocks[-1] == slice(network.parameter_count - 2, network.parameter_count)
    assert network.blocks[:-1] == network.network.blocks


@pytest.mark.parametrize("estimate", ["network", "solution"])
def test_gradients_by_back_propagation_are_those_of_differences(estimate):
    assembly = assembled(estimate=estimate, derivatives=pz.Autodiff())
    objective = assembly.objective
    theta = some_theta(assembly, 1).requires_grad_()
    (gradient,) = torch.autograd.grad(objective.losses(theta).sum(), theta)
    steps = 1e-6 * torch.eye(theta.shape[1], dtype=theta.dtype)
    with torch.no_grad():
        differences = (objective.losses(theta + steps) - objective.losses(theta - steps)) / 2e-6
    torch.testing.assert_close(gradient[0], differences, rtol=1e-5, atol=1e-6)


def test_random_directions_that_are_complete_are_exact_for_systems():
    problem = pz.Problem(
        [sp.Eq(pz.laplacian(u, (x, y)) + v, 0), sp.Eq(pz.laplacian(v, (x, y)), pz.gradient_norm_squared(u, (x, y)))],
        BOX,
        [pz.Boundary(u, 0), pz.Boundary(v, x)],
    )
    theta = some_theta(assembled(problem=problem), 2)
    full = assembled(problem=problem).objective.residuals(theta)
    directions = pz.RandomDirections(2, step=H, distribution="coordinates")
    found = assembled(problem=problem, derivatives=directions).objective.residuals(theta)
    torch.testing.assert_close(found, full, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "trainer",
    [
        pz.LevenbergMarquardt(),
        pz.LevenbergMarquardt(directions=20),
        pz.LevenbergMarquardt(blockwise=True),
        pz.HybridZO(),
        pz.ZerothOrder(pz.CoordinateGradient()),
        pz.FirstOrder(),
    ],
    ids=lambda trainer: type(trainer).__name__,
)
def test_every_trainer_moves_network_and_coefficients(trainer):
    solution = pz.solve(system(), trainer=trainer, points=30, budget=pz.Budget(steps=12), progress=False)
    losses = solution.history.column("loss")
    assert losses[-1] < losses[0]
    assert solution.unknowns != {k: 0.5, c: -1.0}


def test_residual_adaptive_points_see_all_equations():
    assembly = assembled(sampling=pz.ResidualAdaptive(every=1))
    objective = assembly.objective
    objective.adapt(some_theta(assembly, 1)[0], 0, torch.Generator().manual_seed(0))
    assert objective._candidates is not None
    assert len(objective._candidates.weights) == len(objective._candidates.points)

"""Initial velocities, and other derivatives across a face, that are built into the ansatz."""

import pytest
import sympy as sp
import torch

import pinnzo as pz
from pinnzo.assembly import Assembly
from pinnzo.errors import DeclarationError
from pinnzo.settings import RunSettings
from pinnzo.symbolic.torch_code import evaluate

x = pz.coordinates("x", 2)
x1, x2 = x
t = sp.Symbol("t", real=True)
u = sp.Function("u")(*x, t)
BOX, BALL = pz.Box({x: (0, 1), t: (0, 2)}), pz.Ball(x, radius=2) * pz.Box({t: (0, 2)})
WAVE = sp.Eq(u.diff(t, 2), pz.laplacian(u, x))
ON_WALL = sp.sin(sp.pi * x1) * sp.sin(2 * sp.pi * x2)
INSIDE = 4 - x1**2 - x2**2
G, H = sp.exp(x1) * sp.cos(x2), x1**2 + sp.sin(x2)
WALL = G + t * H


def wave(*conditions, domain=BOX, equation=WAVE, **settings):
    return pz.Problem(equation, domain, list(conditions), **settings)


def start(g, h, at=0):
    return sp.Eq(u.subs(t, at), g), sp.Eq(u.diff(t).subs(t, at), h)


def slope(expression, at):
    return sp.Eq(u.diff(x1).subs(x1, at), expression.diff(x1).subs(x1, at))


EXACT = sp.exp(-t) * sp.cos(x1 + x2)
CASES = {
    "whole space": (BOX, start(G, H)),
    "at the end": (BOX, start(G, H, at=2)),
    "data that depend on time": (BOX, start(G * sp.cos(t), H + t)),
    "acceleration too": (BOX, (*start(G, H), sp.Eq(u.diff(t, 2).subs(t, 0), x1))),
    "start and end": (BOX, (*start(G, H), sp.Eq(u.subs(t, 2), x2))),
    "start and end with velocities": (BOX, (*start(G, H), *start(x1, x2 * x1, at=2))),
    "more at the end than at the start": (BOX, (sp.Eq(u.subs(t, 0), G), *start(x1, x2 * x1, at=2))),
    "fixed walls": (BOX, (*start(ON_WALL, 3 * ON_WALL), pz.Boundary(u, 0))),
    "moving walls": (BOX, (*start(G, H), pz.Boundary(u, WALL))),
    "two faces": (BOX, (*start(G, H), *(sp.Eq(u.subs(x1, a), WALL.subs(x1, a)) for a in (0, 1)))),
    "moving walls at the end": (BOX, (*start(G, H, at=2), pz.Boundary(u, G + (t - 2) * H))),
    "ball": (BALL, (*start(INSIDE, x1 * INSIDE), pz.Boundary(u, 0))),
    "moving ball": (BALL, (*start(G, H), pz.Boundary(u, WALL))),
    "a clamped wall": (BOX, (sp.Eq(u.subs(x1, 1), EXACT.subs(x1, 1)), slope(EXACT, 1))),
    "both ends clamped, with a start": (
        BOX,
        (*start(EXACT.subs(t, 0), EXACT.diff(t).subs(t, 0)),
         *(c for a in (0, 1) for c in (sp.Eq(u.subs(x1, a), EXACT.subs(x1, a)), slope(EXACT, a)))),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_values_and_velocities_hold_for_random_networks(name):
    domain, conditions = CASES[name]
    problem = wave(*conditions, domain=domain)
    assert problem.ansatz.soft == ()
    assembly = Assembly(problem, RunSettings(network=pz.MLP(width=8)))
    generator = torch.Generator().manual_seed(0)
    theta = torch.randn(assembly.network.parameter_count, generator=generator, dtype=torch.float64)
    for condition in problem.conditions:
        (points,) = problem.sampler.condition(condition, 30, generator)
        value = assembly.values(theta, points.requires_grad_())
        for _ in range(condition.order):
            ((axis, _),) = condition.places[0]
            (gradient,) = torch.autograd.grad(value.sum(), points, create_graph=True)
            value = gradient[:, axis]
        (wanted,) = evaluate((condition.data,), points.detach(), problem.variables)
        torch.testing.assert_close(value.detach(), wanted, rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("name", CASES)
def test_velocities_are_used_only_where_they_hold(name):
    domain, conditions = CASES[name]
    moved = []
    for condition in conditions:
        if isinstance(condition, pz.Boundary):
            moved.append(condition)
            continue
        ((axis, value),) = wave(condition, domain=domain).conditions[0].places[0]
        moved.append(sp.Eq(condition.lhs, condition.rhs + (problem_symbol(axis) - value) * sp.exp(x2 + t)))
    first, second = wave(*conditions, domain=domain), wave(*moved, domain=domain)
    points = first.sampler.interior(50, torch.Generator().manual_seed(0))
    for a, b in zip((first.ansatz.A, first.ansatz.B), (second.ansatz.A, second.ansatz.B), strict=True):
        values = evaluate((a, b), points, first.variables)
        torch.testing.assert_close(*values, rtol=1e-9, atol=1e-9)


def problem_symbol(axis):
    return (*x, t)[axis]


def test_the_network_has_its_say_inside():
    problem = wave(*start(G, H), pz.Boundary(u, WALL))
    points = problem.sampler.interior(200, torch.Generator().manual_seed(0))
    (factor,) = evaluate((problem.ansatz.B,), points, problem.variables)
    assert float(factor.min()) > 0
    assert 0.5 < float(factor.max()) <= 1


def test_the_plain_ansatz():
    problem = wave(*start(G, H))
    assert sp.expand(problem.ansatz.A - G - t * H) == 0
    assert sp.expand(problem.ansatz.B - t**2 / 4) == 0


def names(problem):
    return problem.ansatz.hard, tuple(c.name for c in problem.ansatz.soft)


def test_a_velocity_alone_stays_soft():
    _, velocity = start(G, H)
    assert names(wave(velocity)) == ((), ("t = 0",))
    assert names(wave(sp.Eq(u.subs(t, 2), G), velocity)) == (("t = 2",), ("t = 0",))


def test_a_missing_order_ends_the_chain():
    value, _ = start(G, H)
    problem = wave(value, sp.Eq(u.diff(t, 2).subs(t, 0), 1))
    assert names(problem) == (("t = 0",), ("t = 0 (2)",))


def test_a_velocity_that_disagrees_with_the_walls_is_soft_and_leaves_the_values_hard():
    problem = wave(*start(ON_WALL, 1), pz.Boundary(u, 0))
    assert names(problem) == (("t = 0", "boundary"), ("t = 0 (2)",))
    # The first power of t, as without the velocity.
    assert sp.degree(problem.ansatz.B, t) == 1


def test_a_velocity_with_kinks_is_soft():
    value, _ = start(G, H)
    problem = wave(value, sp.Eq(u.diff(t).subs(t, 0), sp.Abs(x1 - sp.Rational(1, 2))))
    assert names(problem) == (("t = 0",), ("t = 0 (2)",))


def test_a_slope_that_does_not_fit_leaves_walls_and_velocity_hard():
    walls = [sp.Eq(u.subs(x1, 0), 0), sp.Eq(u.diff(x1).subs(x1, 0), 7)]
    problem = wave(*start(x1 * G, x1 * H), *walls)
    assert names(problem) == (("t = 0", "t = 0 (2)", "x1 = 0"), ("x1 = 0 (2)",))


def test_enforcement_is_obeyed():
    value, velocity = start(G, H)
    soft = wave(value, pz.Condition(velocity, name="velocity", enforce="soft"))
    assert names(soft) == (("t = 0",), ("velocity",))
    soft = wave(pz.Condition(value, name="value", enforce="soft"), velocity)
    assert names(soft) == ((), ("value", "t = 0"))
    hard = wave(value, pz.Condition(velocity, enforce="hard"))
    assert names(hard) == (("t = 0", "t = 0 (2)"), ())
    with pytest.raises(DeclarationError, match="'velocity' cannot be built into an ansatz"):
        wave(pz.Condition(velocity, name="velocity", enforce="hard"))


def test_a_multiple_of_a_velocity_is_one():
    value, _ = start(G, H)
    problem = wave(value, sp.Eq(4 - 2 * u.diff(t).subs(t, 0), x1))
    assert sp.expand(problem.ansatz.A - G - t * (4 - x1) / 2) == 0


def test_the_users_own_ansatz_is_judged_by_its_velocity_too():
    conditions = start(x1, x2)
    assert names(wave(*conditions, ansatz=(x1 + t * x2, t**2))) == (("t = 0", "t = 0 (2)"), ())
    assert names(wave(*conditions, ansatz=(x1 + t * x2, t))) == (("t = 0",), ("t = 0 (2)",))
    assert names(wave(*conditions, ansatz=(x1, t**2))) == (("t = 0",), ("t = 0 (2)",))


def test_a_solution_given_as_a_function_is_not_held_against_a_velocity():
    plain = wave(*start(x1, x2), exact=lambda p: p[:, 0] + p[:, 2] * p[:, 1])
    assert plain.ansatz.soft == ()

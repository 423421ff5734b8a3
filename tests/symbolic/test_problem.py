import pytest
import sympy as sp
import torch

import pinnzo as pz
from pinnzo.errors import DeclarationError
from pinnzo.symbolic.compiler import CompiledProblem
from pinnzo.symbolic.serialise import problem_from_json, problem_to_json
from pinnzo.symbolic.torch_code import torch_function

x = pz.coordinates("x", 2)
x1, x2 = x
t = sp.Symbol("t", real=True)
u = sp.Function("u")(*x, t)
BOX = pz.Box({x: (0, 1), t: (0, 1)})
HEAT = sp.Eq(u.diff(t), pz.laplacian(u, x))
v = sp.Function("u")(*x)
POISSON = sp.Eq(pz.laplacian(v, x), 1)


def values(expression, points, variables):
    (value,) = torch_function([variables], [expression])(points.T)
    return torch.as_tensor(value, dtype=points.dtype).expand(len(points))


G = sp.exp(x1) * sp.cos(x2)
# Condition on data g, domain, equation, and a function that vanishes where the condition holds.
PLACES = {
    "initial": (lambda g: [sp.Eq(u.subs(t, 0), g)], BOX, HEAT, t * sp.sin(x1)),
    "terminal": (lambda g: [sp.Eq(u.subs(t, 1), g)], BOX, HEAT, (1 - t) * x2),
    "box": (lambda g: [pz.Boundary(v, g)], pz.Box({x: (0, 1)}), POISSON, x1 * (1 - x1) * x2 * (1 - x2)),
    "two faces": (lambda g: [sp.Eq(v.subs(x1, 0), g.subs(x1, 0)), sp.Eq(v.subs(x1, 1), g.subs(x1, 1))], pz.Box({x: (0, 1)}), POISSON, x1 * (1 - x1)),
    "ball": (lambda g: [pz.Boundary(v, g)], pz.Ball(x, radius=2), POISSON, 4 - x1**2 - x2**2),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_an_ansatz_uses_data_only_where_the_condition_holds(name):
    conditions, domain, equation, vanishing = PLACES[name]
    plain = pz.Problem(equation, domain, conditions(G))
    disguised = pz.Problem(equation, domain, conditions(G + vanishing * sp.exp(x2)))
    assert plain.ansatz.soft == disguised.ansatz.soft == ()
    points = plain.sampler.interior(50, torch.Generator().manual_seed(0))
    first, second = (values(p.ansatz.A, points, p.variables) for p in (plain, disguised))
    torch.testing.assert_close(first, second, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", PLACES)
def test_hard_conditions_hold_for_every_network(name):
    conditions, domain, equation, _ = PLACES[name]
    problem = pz.Problem(equation, domain, conditions(G))
    network = sp.sin(3 * x1) + x2**2 + 5
    whole = problem.ansatz.A + problem.ansatz.B * network
    for condition in problem.conditions:
        (points,) = problem.sampler.condition(condition, 40, torch.Generator().manual_seed(1))
        wanted = values(condition.data, points, problem.variables)
        torch.testing.assert_close(values(whole, points, problem.variables), wanted, rtol=1e-9, atol=1e-9)


def test_initial_and_boundary_data_together():
    g = sp.sin(sp.pi * x1) * sp.sin(sp.pi * x2)
    problem = pz.Problem(HEAT, BOX, [sp.Eq(u.subs(t, 0), g), pz.Boundary(u, 0)])
    assert set(problem.ansatz.hard) == {"t = 0", "boundary"}
    assert g == problem.ansatz.A


def test_corners_that_disagree_leave_the_later_condition_soft():
    problem = pz.Problem(HEAT, BOX, [sp.Eq(u.subs(t, 0), 1), pz.Boundary(u, 0, enforce="soft")])
    assert problem.ansatz.hard == ("t = 0",)
    assert [c.name for c in problem.ansatz.soft] == ["boundary"]
    with pytest.raises(DeclarationError, match="boundary"):
        pz.Problem(HEAT, BOX, [sp.Eq(u.subs(t, 0), 1), pz.Boundary(u, 0, enforce="hard")])


def test_absolute_values_are_resolved_by_the_domain_or_stay_soft():
    data = [sp.Eq(u.subs(t, 1), sp.Abs(x1) + sp.Abs(x2))]
    assert x1 + x2 == pz.Problem(HEAT, BOX, data).ansatz.A
    assert pz.Problem(HEAT, pz.Box({x: (-1, 1), t: (0, 1)}), data).ansatz.hard == ()


def test_the_same_by_expression_on_faces():
    for name in ("initial", "terminal", "two faces", "box"):
        conditions, domain, equation, vanishing = PLACES[name]
        plain = pz.Problem(equation, domain, conditions(G))
        disguised = pz.Problem(equation, domain, conditions(G + vanishing * sp.exp(x2)))
        assert sp.simplify(plain.ansatz.A - disguised.ansatz.A) == 0
        assert plain.ansatz.B == disguised.ansatz.B


def test_time_on_a_ball_with_initial_data():
    start = sp.cos(x1) + x2
    domain = pz.Ball(x, radius=2, center=(1, 0)) * pz.Box({t: (0, 1)})
    wall = start * (1 + t)
    problem = pz.Problem(HEAT, domain, [sp.Eq(u.subs(t, 0), start), pz.Boundary(u, wall)])
    assert set(problem.ansatz.hard) == {"t = 0", "boundary"}
    disguised = pz.Boundary(u, wall + (4 - (x1 - 1) ** 2 - x2**2) * sp.exp(t))
    other = pz.Problem(HEAT, domain, [sp.Eq(u.subs(t, 0), start), disguised])
    # (4 − …) exp(t) is not zero at t = 0 inside, but it is on the sphere, where alone the data count.
    points = problem.sampler.interior(50, torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        values(problem.ansatz.A, points, problem.variables), values(other.ansatz.A, points, problem.variables)
    )


def test_all_faces_and_initial_data_in_three_dimensions():
    """Data from one smooth function agree on all edges, and so are built in together."""
    y = pz.coordinates("y", 3)
    w = sp.Function("w")(*y, t)
    g = sp.exp(y[0] * y[1]) * sp.cos(t) + y[2] ** 2 * t
    faces = [sp.Eq(w.subs(s, end), g.subs(s, end)) for s in y for end in (0, 2)]
    box = pz.Box({y: (0, 2), t: (0, 1)})
    problem = pz.Problem(sp.Eq(w.diff(t), pz.laplacian(w, y)), box, [sp.Eq(w.subs(t, 0), g.subs(t, 0)), *faces])
    assert problem.ansatz.soft == ()
    whole = problem.ansatz.A + problem.ansatz.B * (sp.sin(5 * y[0]) + y[1] * t + 3)
    for condition in problem.conditions:
        (points,) = problem.sampler.condition(condition, 30, torch.Generator().manual_seed(1))
        wanted = values(condition.data, points, problem.variables)
        torch.testing.assert_close(values(whole, points, problem.variables), wanted, rtol=1e-9, atol=1e-9)


def test_a_ball_in_one_dimension_is_an_interval():
    w = sp.Function("w")(x1)
    problem = pz.Problem(sp.Eq(w.diff(x1, 2), 2), pz.Ball(x1, radius=2), [pz.Boundary(w, x1**2 + x1)], exact=x1**2 + x1)
    assert sp.expand(problem.ansatz.A - (4 + x1)) == 0
    assert CompiledProblem(problem).rows


def test_position_and_velocity_may_both_be_given_at_the_start():
    wave = sp.Eq(u.diff(t, 2), pz.laplacian(u, x))
    problem = pz.Problem(wave, BOX, [sp.Eq(u.subs(t, 0), x1), sp.Eq(u.diff(t).subs(t, 0), x2)], exact=x1 + t * x2)
    assert problem.ansatz.hard == ("t = 0", "t = 0 (2)")
    assert problem.ansatz.soft == ()


def test_the_users_own_ansatz_is_judged_by_what_it_satisfies():
    conditions = [sp.Eq(u.subs(t, 0), x1), sp.Eq(u.subs(x1, 0), t)]
    problem = pz.Problem(HEAT, BOX, conditions, ansatz=(x1 + x2 * t, t))
    assert problem.ansatz.hard == ("t = 0",)
    assert [c.name for c in problem.ansatz.soft] == ["x1 = 0"]


def test_bessel_solutions_are_accepted_at_the_precision_of_torch():
    w = sp.Function("w")(x1)
    equation = sp.Eq(w.diff(x1) / x1, -sp.besselj(1, x1) / x1 + (w - sp.besselj(0, x1)) ** 3)
    domain = pz.Box({x1: (1, 20)})
    assert pz.Problem(equation, domain, exact=sp.besselj(0, x1)).exact is not None
    with pytest.raises(DeclarationError, match="equation"):
        pz.Problem(equation, domain, exact=sp.besselj(0, x1) + sp.Rational(1, 2))


@pytest.mark.parametrize(
    ("domain", "inside"),
    [
        (pz.Box({x: (-1, 3), t: (0, 2)}), lambda p: (p[:, :2].abs() <= 3).all() and (p[:, 2] <= 2).all()),
        (pz.Ball(x, radius=2, center=(1, 0)), lambda p: ((p - torch.tensor([1.0, 0.0])).norm(dim=1) <= 2).all()),
    ],
)
def test_samples_lie_inside_and_fill_the_domain(domain, inside):
    points = domain.sample(4000, torch.Generator().manual_seed(0))
    assert inside(points)
    for column, (low, high) in zip(points.T, domain.scale(), strict=True):
        assert float(column.mean()) == pytest.approx((low + high) / 2, abs=0.05 * (high - low))


def test_ball_is_sampled_uniformly():
    radius = pz.Ball(pz.coordinates("x", 3)).sample(20000, torch.Generator().manual_seed(0)).norm(dim=1)
    assert float((radius < 0.5).double().mean()) == pytest.approx(1 / 8, abs=0.01)


def test_points_of_a_brownian_motion_spread_with_time():
    space = pz.coordinates("x", 3)
    domain = pz.Gaussian(space, mean=1.0, std=2.0, time=t) * pz.Box({t: (1, 3)})
    points = domain.sample(40_000, torch.Generator().manual_seed(0))
    elapsed = (points[:, 3] - 1) / 2
    scaled = (points[:, :3] - 1) / (2 * elapsed.sqrt()[:, None])
    # Standard normal at all times: the mean of squares is 1 early and late.
    for part in (scaled[elapsed < 0.2], scaled[elapsed > 0.8]):
        assert float(part.square().mean()) == pytest.approx(1.0, rel=0.03)
        assert float(part.mean()) == pytest.approx(0.0, abs=0.03)


def test_a_path_without_a_range_of_time_is_refused():
    with pytest.raises(DeclarationError, match="has no range"):
        pz.Problem(sp.Eq(u.diff(t), 0), pz.Gaussian(x, time=t) * pz.Gaussian(t))
    with pytest.raises(DeclarationError, match="time of Gaussian"):
        pz.Gaussian(x, time=x[0])


def test_features_of_a_problem_are_checked_and_saved():
    problem = pz.Problem(sp.Eq(v.diff(x1), 1), pz.Gaussian(x), features=[x[0] ** 2 + x[1] ** 2])
    assert problem_from_json(problem_to_json(problem)).features == problem.features
    with pytest.raises(DeclarationError, match=r"features\[0\]"):
        pz.Problem(sp.Eq(v.diff(x1), 1), pz.Gaussian(x), features=[sp.Symbol("z")])
    with pytest.raises(DeclarationError, match="features must be a list"):
        pz.Problem(sp.Eq(v.diff(x1), 1), pz.Gaussian(x), features=x[0])

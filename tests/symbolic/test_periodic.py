"""Periodic conditions: built in where the whole problem is periodic, else penalties."""

import pytest
import sympy as sp
import torch
from running import quick

import pinnzo as pz
from pinnzo.assembly import Assembly
from pinnzo.errors import DeclarationError, SettingError
from pinnzo.settings import RunSettings
from pinnzo.training.base import perturbed

x, y, t = sp.symbols("x y t", real=True)
U = sp.Function("u")
u, v = U(x, t), U(x, y)
BOX = pz.Box({x: (-1, 2), t: (0, 1)})
HEAT = sp.Eq(u.diff(t), u.diff(x, 2))
WAVE_NUMBER = 2 * sp.pi / 3
START = sp.Eq(u.subs(t, 0), sp.sin(WAVE_NUMBER * x))


def ends(order=0, of=u, along=x, low=-1, high=2):
    derivative = of.diff(along, order) if order else of
    return sp.Eq(derivative.subs(along, low), derivative.subs(along, high))


PAIR = (ends(), ends(1))


def heat(*conditions, equation=HEAT, **settings):
    return pz.Problem(equation, BOX, list(conditions), **settings)


def is_hard(problem):
    return bool(problem.ansatz.periods)


TORUS = pz.Problem(
    sp.Eq(pz.laplacian(v, (x, y)) - v, sp.sin(WAVE_NUMBER * x) * sp.cos(2 * sp.pi * y)),
    pz.Box({x: (-1, 2), y: (0, 1)}),
    [*(ends(k, v) for k in (0, 1)), *(ends(k, v, y, 0, 1) for k in (0, 1))],
)
BUILT_IN = {
    "with initial data": (heat(START, *PAIR), 1),
    "with initial data that are constant": (heat(sp.Eq(u.subs(t, 0), 3), *PAIR), 1),
    "transport": (heat(START, ends(), equation=sp.Eq(u.diff(t), u.diff(x))), 1),
    "with a velocity": (heat(START, sp.Eq(u.diff(t).subs(t, 0), 1), *PAIR, equation=sp.Eq(u.diff(t, 2), u.diff(x, 2))), 1),
    "torus": (TORUS, 2),
    "multiples": (heat(START, sp.Eq(3 * u.subs(x, 2) - 3 * u.subs(x, -1), 0), ends(1)), 1),
    "by force": (heat(START, pz.Condition(ends(), enforce="hard")), 1),
    "the user's ansatz": (heat(START, *PAIR, ansatz=(sp.sin(WAVE_NUMBER * x), t * (2 + sp.cos(WAVE_NUMBER * x)))), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("network", [pz.MLP(width=6), pz.TensorTrainMLP(width=8)], ids=["dense", "tensor train"])
def test_values_and_derivatives_are_equal_at_both_ends(name, network):
    problem, axes = BUILT_IN[name]
    assert problem.ansatz.soft == ()
    assert len(problem.ansatz.periods) == axes
    assembly = Assembly(problem, RunSettings(network=network))
    theta = torch.randn(
        assembly.network.parameter_count, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    for condition in problem.conditions:
        if condition.periodic_axis is None:
            continue
        points = problem.sampler.condition(condition, 20, torch.Generator().manual_seed(1))
        first, second = (derivatives(assembly, theta, p, condition.periodic_axis) for p in points)
        for a, b in zip(first, second, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)
        assert float(first[0].std()) > 1e-3


def test_features_of_the_users_own_come_beside_the_periodic_inputs():
    problem = heat(START, *PAIR)
    network = pz.TensorTrainMLP(width=8, features=[sp.cos(2 * WAVE_NUMBER * x)])
    assert Assembly(problem, RunSettings(network=network)).network.layers[0].inputs == 4


def derivatives(assembly, theta, points, axis):
    points = points.clone().requires_grad_()
    found = [assembly.values(theta, points)]
    for _ in range(2):
        found.append(torch.autograd.grad(found[-1].sum(), points, create_graph=True)[0][:, axis])
    return [d.detach() for d in found]


SOFT = {
    "no slope for an equation of second order": heat(START, ends()),
    "no value": heat(START, ends(1)),
    "initial data that are not periodic": heat(sp.Eq(u.subs(t, 0), x), *PAIR),
    "a source that is not periodic": heat(START, *PAIR, equation=sp.Eq(u.diff(t), u.diff(x, 2) + x)),
    "a coefficient that is not periodic": heat(START, *PAIR, equation=sp.Eq(u.diff(t), sp.exp(x) * u.diff(x, 2))),
    "a soft condition that is not periodic": heat(pz.Condition(sp.Eq(u.subs(t, 0), x), enforce="soft"), *PAIR),
    "data at one of the ends": heat(START, *PAIR, sp.Eq(u.subs(x, 2), sp.sin(2 * WAVE_NUMBER))),
    "on wish": heat(START, *(pz.Condition(c, enforce="soft") for c in PAIR)),
    "an ansatz of the user's own that is not periodic": heat(START, *PAIR, ansatz=(sp.sin(WAVE_NUMBER * x), t * (x + 2))),
    "opposite signs": heat(START, sp.Eq(u.subs(x, -1), -u.subs(x, 2)), ends(1)),
    "with a jump": heat(START, sp.Eq(u.subs(x, -1), u.subs(x, 2) + 1), ends(1)),
    "another derivative": pz.Problem(TORUS.equation, TORUS.domain, [sp.Eq(v.diff(y).subs(x, -1), v.diff(y).subs(x, 2))]),
}  # fmt: skip


@pytest.mark.parametrize("name", SOFT)
def test_what_is_not_periodic_throughout_is_left_to_penalties(name):
    assert not is_hard(SOFT[name])
    assert SOFT[name].ansatz.soft


def test_a_solution_with_a_jump_in_its_slope_is_not_lost():
    w = U(x)
    exact = x**2 - x
    problem = pz.Problem(
        sp.Eq(w.diff(x, 2), 2), pz.Box({x: (0, 1)}), [ends(0, w, x, 0, 1), sp.Eq(w.subs(x, 0), 0)], exact=exact
    )
    assert not is_hard(problem)


REFUSED = {
    "faces of two coordinates": (lambda: pz.Problem(TORUS.equation, TORUS.domain, [sp.Eq(v.subs(x, -1), v.subs(y, 0))]), "u at y = 0 with u at x = -1|u at x = -1 with u at y = 0"),
    "different other coordinates": (
        lambda: pz.Problem(TORUS.equation, TORUS.domain, [sp.Eq(v.subs({x: -1, y: 0}), v.subs({x: 2, y: 1}))]),
        "all other coordinates the same",
    ),
    "a face and an edge": (lambda: heat(sp.Eq(u.subs(x, -1), u.subs({x: 2, t: 0}))), "all other coordinates the same"),
    "off the ends": (lambda: heat(sp.Eq(u.subs(x, -1), u.subs(x, 1))), "off the boundary"),
    "data that are not periodic, by force": (
        lambda: heat(sp.Eq(u.subs(t, 0), x), *(pz.Condition(c, enforce="hard") for c in PAIR)),
        "cannot be built into an ansatz",
    ),
    "a slope alone, by force": (lambda: heat(START, pz.Condition(ends(1), enforce="hard")), "cannot be built into"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_pairs_that_make_no_sense_are_refused(name):
    declare, named = REFUSED[name]
    with pytest.raises(DeclarationError, match=named):
        declare()


def test_both_ends_of_an_edge_may_be_compared():
    problem = pz.Problem(TORUS.equation, TORUS.domain, [sp.Eq(v.subs({x: -1, y: 0}), v.subs({x: 2, y: 0}))])
    assert len(problem.ansatz.soft) == 1


class Wave(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(2, dtype=torch.float64))

    def forward(self, points):
        return torch.sin(points @ self.scale)


@pytest.mark.parametrize(
    "network",
    [Wave(), pz.MLP(width=4, periodic=()), pz.MLP(width=4, features=[sp.sin(x)])],
    ids=["module", "on wish", "features"],
)
def test_other_networks_get_penalties(network):
    problem = heat(START, *PAIR)
    assembly = Assembly(problem, RunSettings(network=network))
    assert [c.order for c in assembly.problem.ansatz.soft] == [0, 1]
    assert assembly.problem.ansatz.hard == ("t = 0",)
    assert len(assembly.compiled.conditions) == 2
    assert getattr(assembly.settings.network, "periodic", ()) == ()
    assert problem.ansatz.soft == ()
    forced = heat(START, pz.Condition(ends(), enforce="hard"), ends(1))
    with pytest.raises(SettingError, match="takes a network that is periodic"):
        Assembly(forced, RunSettings(network=network))


def test_a_period_takes_one_more_input():
    assembly = Assembly(heat(START, *PAIR), RunSettings(network=pz.TensorTrainMLP(width=8)))
    settings = assembly.settings.network
    assert settings.periodic == ((0, -1.0, 2.0),)
    assert assembly.network.inputs == 2
    assert assembly.network.layers[0].inputs == 3
    ready = pz.TensorTrainMLP(width=8, inputs=2, periodic=settings.periodic)
    assert ready.parameter_count == assembly.network.parameter_count
    assert ready.dense().periodic == settings.periodic


@torch.no_grad()
def test_sweeps_see_the_periodic_inputs():
    assembly = Assembly(heat(START, *PAIR), RunSettings(network=pz.TensorTrainMLP(width=8), points=7))
    objective = assembly.objective
    objective.draw(torch.Generator().manual_seed(0))
    theta = assembly.initial()
    indices, before = torch.arange(len(theta)), objective.residuals(theta[None])[0]
    found = objective.differences(theta, indices, 1e-4, before)
    expected = objective.residuals(perturbed(theta, indices, 1e-4)) - before
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-9)


def test_runs_are_saved_and_resumed(tmp_path):
    problem = heat(START, *PAIR)
    whole = quick(problem, budget=pz.Budget(steps=4))
    quick(problem, budget=pz.Budget(steps=2), checkpoint=tmp_path / "run")
    resumed = pz.resume(tmp_path / "run", budget=pz.Budget(steps=4), progress=False)
    assert torch.equal(resumed.theta, whole.theta)
    whole.save(tmp_path / "saved")
    points = [[-1, 0.5], [2, 0.5]]
    loaded = pz.load(tmp_path / "saved")
    assert (loaded(points) == whole(points)).all()
    assert float(loaded(points)[0]) == pytest.approx(float(loaded(points)[1]), abs=1e-12)


@pytest.mark.parametrize(
    ("periodic", "named"),
    [("xy", "must hold"), ([(0, 1, 0)], "must hold"), ([(0.5, 0, 1)], "must hold"), ([(0, 0, 1)] * 2, "twice"), ([3], "must hold")],
)  # fmt: skip
def test_periods_are_checked(periodic, named):
    with pytest.raises(SettingError, match=named):
        pz.MLP(periodic=periodic)
    with pytest.raises(SettingError, match=named):
        pz.TensorTrainMLP(periodic=periodic)


def test_a_period_of_a_coordinate_that_is_not_there():
    with pytest.raises(SettingError, match="names axis 2"):
        pz.MLP(periodic=[(2, 0, 1)]).build(2)

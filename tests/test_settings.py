"""Default settings: what they take from the declaration."""

import pytest
import sympy as sp

import pinnzo as pz
from pinnzo.cli_options import network_of
from pinnzo.settings import STEEP_POINTS, STEEP_SAMPLING, calls_for_depth, default_network, settings_for

ORDINARY = pz.TensorTrainMLP(width=32)
DEEP = {"burgers", "allen-cahn-sharp", "kovasznay", "schroedinger"}
STEEP = pz.MLP(width=12, depth=3, activation="tanh")


@pytest.mark.parametrize("name", sorted(DEEP))
def test_thin_layers_and_systems_get_a_deeper_network_and_more_points(name):
    settings = settings_for(pz.problem(name), {})
    assert settings.network == STEEP
    assert settings.points == STEEP_POINTS
    assert settings.sampling == STEEP_SAMPLING


@pytest.mark.parametrize("name", sorted(pz.problems().keys() - DEEP))
def test_all_other_bundled_problems_keep_the_small_network(name):
    problem = pz.problem(name)
    settings = settings_for(problem, {})
    assert settings.network == pz.TensorTrainMLP(width=32, features=problem.features)
    assert (settings.points, settings.sampling) == (200, "uniform")


def test_a_thick_layer_is_an_ordinary_problem():
    assert settings_for(pz.problem("burgers", viscosity=0.1), {}).network == ORDINARY


def test_four_variables_are_too_many_to_look_for_layers():
    x = pz.coordinates("x", 3)
    t = sp.Symbol("t", real=True)
    u = sp.Function("u")(*x, t)
    equation = sp.Eq(u.diff(t) + u.diff(x[0]), pz.laplacian(u, x) / 10_000)
    problem = pz.Problem(equation, pz.Box({x: (0, 1), t: (0, 1)}), [sp.Eq(u.subs(t, 0), x[0])])
    assert not calls_for_depth(problem)
    assert settings_for(problem, {}).network == ORDINARY


def test_what_is_given_is_taken():
    burgers = pz.problem("burgers")
    settings = settings_for(burgers, {"network": ORDINARY, "points": 30, "sampling": "uniform"})
    assert (settings.network, settings.points, settings.sampling) == (ORDINARY, 30, "uniform")
    other = settings_for(burgers, {"trainer": pz.HybridZO()})
    assert (other.points, other.sampling) == (pz.HybridZO.points, "uniform")


def test_the_default_network_has_the_declared_features():
    x = sp.Symbol("x", real=True)
    u = sp.Function("u")(x)
    for epsilon, cls in ((1, pz.TensorTrainMLP), (sp.Rational(1, 100_000), pz.MLP)):
        equation = sp.Eq(u - epsilon * u.diff(x, 2), 1)
        problem = pz.Problem(equation, pz.Box({x: (0, 1)}), [pz.Boundary(u, 0)], features=[x**2])
        network = default_network(problem)
        assert type(network) is cls
        assert network.features == (x**2,)


def test_options_of_the_command_line_change_the_default_network():
    burgers, heat = pz.problem("burgers"), pz.problem("heat")
    assert network_of(None, burgers, width=None, rank=None) is None
    assert network_of(None, burgers, width=20) == pz.MLP(width=20, depth=3, activation="tanh")
    assert network_of(None, burgers, rank=3) == pz.TensorTrainMLP(width=32, rank=3)
    assert network_of(None, heat, width=16, rank=3) == pz.TensorTrainMLP(width=16, rank=3)
    assert network_of("dense", burgers) == pz.MLP(width=32)
    assert network_of("tensor-train", burgers) == ORDINARY

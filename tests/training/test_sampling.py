"""How collocation points are drawn."""

import json
import math

import pytest
import sympy as sp
import torch
from running import command, quick
from scipy import stats

import pinnzo as pz
from pinnzo import storage
from pinnzo.assembly import Assembly
from pinnzo.errors import SettingError
from pinnzo.settings import settings_for
from pinnzo.training.sampling import RULES, latin_hypercube, sobol

SAMPLINGS = ("uniform", "sobol", "latin-hypercube", "residual-adaptive", pz.ResidualAdaptive(k=2, c=0, every=2))
samplings = pytest.mark.parametrize("sampling", SAMPLINGS, ids=str)
x = pz.coordinates("x", 2)
t = sp.Symbol("t", real=True)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def steps(count):
    return {"budget": pz.Budget(steps=count), "progress": False}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("columns", [1, 3, 40, 300])
def test_rules_fill_the_unit_cube(rule, columns):
    points = rule(256, columns, seeded())
    assert points.shape == (256, columns)
    assert points.dtype == torch.float64
    assert points.min() > 0
    assert points.max() < 1
    # Each of 256 intervals of every column holds one point, of a Sobol sequence as well.
    assert ((points * 256).floor().sort(0).values == torch.arange(256)[:, None]).all()
    assert torch.equal(points, rule(256, columns, seeded()))
    generator = seeded()
    assert not torch.equal(rule(256, columns, generator), rule(256, columns, generator))


def test_sobol_has_an_end():
    with pytest.raises(SettingError, match="at most 21201 coordinates, but 21202 are needed: use sampling="):
        sobol(2, 21_202, seeded())
    assert latin_hypercube(2, 21_202, seeded()).shape == (2, 21_202)


def error(domain, function, exact, count, rule):
    """The root mean square error of the mean over ``count`` points."""
    errors = []
    for seed in range(16):
        generator = seeded(seed)
        if rule is None:
            points = domain.sample(count, generator)
        else:
            points = domain.spread(count, lambda n, k, g=generator: rule(n, k, g))
        errors.append(float(function(points).mean()) - exact)
    return math.sqrt(sum(e * e for e in errors) / len(errors))


INTEGRALS = {
    "box": (pz.Box({x: (0, 1)}), lambda p: p.prod(1).exp(), 1.3179021514544),
    "disc": (pz.Ball(x), lambda p: p[:, 0].square() + p[:, 1], 0.25),
    "ball 4": (pz.Ball(pz.coordinates("x", 4)), lambda p: p.square().sum(1), 4 / 6),
    "annulus": (pz.Shell(x, 1, 2), lambda p: p.square().sum(1), 2.5),
    "triangle": (pz.Simplex(x), lambda p: p[:, 0].square(), 1 / 6),
    "gaussian": (pz.Gaussian(x, 1, 2), lambda p: (p[:, 0] - 1).square() + p[:, 1], 5.0),
    "time": (pz.Gaussian(x, time=t) * pz.Box({t: (0, 1)}), lambda p: p[:, 0].square(), 0.5),
}


@pytest.mark.parametrize("name", INTEGRALS)
def test_sobol_errors_fall_faster_than_those_of_independent_points(name):
    domain, function, exact = INTEGRALS[name]
    few, many = (error(domain, function, exact, n, sobol) for n in (64, 1024))
    random = error(domain, function, exact, 1024, None)
    assert many < random / 4
    # 16 times the points: a quarter of the error by independent points, a tenth or less by these.
    assert many < few / 8
    assert error(domain, function, exact, 1024, latin_hypercube) < random


def test_sobol_points_on_a_boundary():
    ring = pz.Shell(x, 1, 2)
    from pinnzo.symbolic.domains import Edge

    for domain in (ring, pz.Box({x: (0, 1)}), pz.Simplex(x)):
        edge = Edge(domain)

        def moment(p):
            return p[:, 0].square() + p[:, 1]

        exact = float(moment(edge.sample(400_000, seeded())).mean())
        assert error(edge, moment, exact, 512, sobol) < error(edge, moment, exact, 512, None) / 2


def test_differences_take_the_first_that_are_left():
    plate = pz.Box({x: (0, 1)}) - pz.Ball(x, 0.3, center=0.5)
    for rule in RULES.values():
        points = plate.spread(500, lambda n, k, r=rule: r(n, k, seeded()))
        assert plate.contains(points).all()
        assert len(points) == 500
    distances = stats.kstest(points[:, 0].numpy(), plate.sample(4000, seeded(1))[:, 0].numpy())
    assert distances.pvalue > 1e-3


def objective(problem, sampling, points=50, **more):
    return Assembly(problem, settings_for(problem, {"sampling": sampling, "points": points, **more})).objective


@samplings
@pytest.mark.parametrize("problem", ["poisson", "heat-nd", "hjb-lq"])
def test_every_problem_and_sampling(problem, sampling):
    problem = pz.problem(problem, dimension=3) if problem != "poisson" else pz.problem(problem)
    run = quick(problem, sampling=sampling, budget=pz.Budget(steps=2), weights={})
    assert run.steps == 2
    assert math.isfinite(run.loss)


@samplings
@pytest.mark.parametrize(
    "trainer", [pz.LevenbergMarquardt(), pz.LevenbergMarquardt(hold=4), pz.LevenbergMarquardt(growth=1.3, hold=2)]
)
def test_a_resumed_run_is_the_uninterrupted_one(tmp_path, sampling, trainer):
    whole = quick(trainer=trainer, sampling=sampling, **steps(6))
    quick(trainer=trainer, sampling=sampling, checkpoint=tmp_path, **steps(3))
    resumed = pz.resume(tmp_path, **steps(6))
    assert resumed.history.same_run(whole.history)
    assert torch.equal(resumed.theta, whole.theta)
    assert resumed.evaluations == whole.evaluations
    json.dumps(storage.settings_to_json(resumed.settings))
    assert resumed.settings.sampling == whole.settings.sampling


@pytest.mark.parametrize("trainer", [pz.FirstOrder(), pz.HybridZO()])
def test_other_trainers_adapt_too(trainer):
    assert quick(trainer=trainer, sampling="residual-adaptive").steps == 4


def test_evaluations_of_candidates_are_counted():
    plain, adaptive = (
        quick(sampling=s, trainer=pz.HybridZO(), **steps(4))
        for s in ("uniform", pz.ResidualAdaptive(candidates=5, every=2))
    )
    per_point = plain._assembly.objective.evaluations_per_query // 20
    assert adaptive.evaluations - plain.evaluations == 2 * 5 * 20 * per_point


def test_points_are_the_same_in_every_process():
    draws = []
    for _ in range(2):
        one = objective(pz.problem("poisson-2d"), "residual-adaptive")
        generator = seeded(4)
        theta = one.network.initial(seeded(), torch.float64)
        one.adapt(theta, 0, generator)
        one.draw(generator)
        draws.append(one._batches[0].points[0])
    assert torch.equal(*draws)


def peak(width=0.1):
    """−Δu = f on the unit square with u* = exp(−‖x − c‖²/w²), c in the middle: f lives in a spot of radius w."""
    v = sp.Function("u")(*x)
    exact = sp.exp(-sum((s - sp.Rational(1, 2)) ** 2 for s in x) / sp.Rational(str(width)) ** 2)
    return pz.Problem(
        sp.Eq(-pz.laplacian(v, x), -sum(exact.diff(s, 2) for s in x)),
        pz.Box({x: (0, 1)}),
        [pz.Boundary(v, exact)],
        exact=exact,
    )


def test_points_go_where_the_residual_is_large():
    problem = peak()
    shares = {}
    for sampling in ("uniform", "residual-adaptive", pz.ResidualAdaptive(k=2, c=0)):
        one = objective(problem, sampling, points=400)
        theta = torch.zeros(one.parameter_count, dtype=torch.float64)
        generator = seeded()
        one.adapt(theta, 0, generator)
        one.draw(generator)
        (points,) = one._batches[0].points
        assert len(points.unique(dim=0)) == 400
        shares[str(sampling)] = float(((points - 0.5).norm(dim=1) < 0.2).double().mean())
    uniform, adaptive, sharp = shares.values()
    assert uniform < 0.2
    assert adaptive > 2.5 * uniform
    assert sharp > 0.8


def test_a_peak_is_found_by_adaptive_points():
    """With 60 points a step, uniform ones seldom meet the peak; medians of six runs were 1.5 and 0.18."""
    problem, errors = peak(), {}
    for sampling in ("uniform", "residual-adaptive"):
        options = {"sampling": sampling, "points": 60, "network": pz.TensorTrainMLP(width=16), **steps(50)}
        errors[sampling] = [pz.solve(problem, seed=i, **options).error().relative_l2 for i in range(2)]
    assert max(errors["residual-adaptive"]) < min(errors["uniform"]) / 2


@samplings
def test_single_precision(sampling):
    problem = pz.problem("heat-nd", dimension=2)
    assert math.isfinite(quick(problem, sampling=sampling, dtype="float32").loss)


def test_weights():
    settings = pz.ResidualAdaptive(k=2, c=0.5)
    # The mean of r² is (1 + 9 + 0)/3.
    assert settings.weights(torch.tensor([1.0, 3.0, math.nan])).tolist() == pytest.approx([0.8, 3.2, 0.5])
    assert settings.weights(torch.zeros(3)).tolist() == [1, 1, 1]
    assert pz.ResidualAdaptive(k=400).weights(torch.tensor([1e300, 1.0])).isfinite().all()


def test_wrong_settings():
    for settings, message in {
        ("k", -1): "k of ResidualAdaptive is -1",
        ("c", math.nan): "c of ResidualAdaptive is nan",
        ("candidates", 0.5): "candidates of ResidualAdaptive is 0.5: give a finite number of at least 1",
        ("every", 0): "every of ResidualAdaptive is 0",
    }.items():
        with pytest.raises(SettingError, match=message):
            pz.ResidualAdaptive(**dict([settings]))
    with pytest.raises(SettingError, match="sampling is 'halton': choose one of uniform, sobol"):
        quick(sampling="halton")


def test_on_the_command_line():
    result = command("solve", "poisson-2d", "--sampling", "sobol", "--steps", 2, "--points", 20, "--json", "--quiet")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout.splitlines()[-1])["steps"] == 2

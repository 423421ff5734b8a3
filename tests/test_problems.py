"""Every bundled problem is verified when it is declared; these tests declare them in several dimensions."""

import pytest
import torch

import pinnzo as pz
from pinnzo.errors import SettingError
from pinnzo.symbolic.compiler import CompiledProblem

ENTRIES = pz.problems()
WITH_DIMENSION = [name for name, entry in ENTRIES.items() if "dimension" in entry.settings]


@pytest.mark.parametrize("name", ENTRIES)
def test_problems_say_what_they_are(name):
    entry = ENTRIES[name]
    assert 20 < len(entry.summary) <= 160
    problem = entry.build()
    assert (problem.name, problem.description) == (name, entry.summary)
    assert problem.exact is not None
    points = problem.sampler.interior(7, torch.Generator().manual_seed(0))
    values = problem.exact_values(points)
    assert values.shape == ((7,) if len(problem.functions) == 1 else (7, len(problem.functions)))
    assert values.isfinite().all()
    assert CompiledProblem(problem).equation.prepare([points])


@pytest.mark.parametrize("name", WITH_DIMENSION)
@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_problems_in_several_dimensions(name, dimension):
    if (name, dimension) == ("two-body-poisson", 1):
        pytest.skip("couples neighbours, so that it needs two")
    problem = pz.problem(name, dimension=dimension)
    assert len([s for s in problem.variables if s != problem.time]) == dimension
    assert CompiledProblem(problem).rows


@pytest.mark.parametrize("dimension", [3, 20, 100])
def test_hjb(dimension):
    problem = pz.problem("hjb", dimension=dimension)
    compiled = CompiledProblem(problem)
    assert problem.ansatz.soft == ()
    points = problem.sampler.interior(4, torch.Generator().manual_seed(0))
    # f ≡ 1 is the exact network: all derivatives vanish.
    rows = torch.tensor([dict(row.terms).get((), 0.0) for row in compiled.equation.rows[0]], dtype=points.dtype)
    residual = compiled.equation.prepare([points]).residual([rows.expand(1, 4, -1)])
    assert residual.abs().max() < 1e-10


def test_heat_nd_holds_its_initial_data_exactly_and_its_slopes_softly():
    problem = pz.problem("heat-nd")
    assert problem.dimension == 6
    assert problem.ansatz.hard == ("t = 0",)
    assert [c.name for c in problem.ansatz.soft] == ["boundary"]
    # The ansatz knows the initial data only.
    assert problem.time not in problem.ansatz.A.free_symbols
    points = torch.tensor([[0.0] * 5 + [0.0], [0.6, 0.8, 0, 0, 0, 1.0]], dtype=torch.float64)
    torch.testing.assert_close(problem.exact_values(points), torch.tensor([0.0, 1.5], dtype=torch.float64).exp())


HJB_LQ_AT_0 = {20: 2.92101474, 100: 4.59016172, 250: 5.51545917}


@pytest.mark.parametrize("dimension", HJB_LQ_AT_0)
def test_hjb_lq_at_the_origin(dimension):
    problem = pz.problem("hjb-lq", dimension=dimension)
    origin = torch.zeros(1, dimension + 1, dtype=torch.float64)
    assert float(problem.exact_values(origin)) == pytest.approx(HJB_LQ_AT_0[dimension], abs=1e-8)


@pytest.mark.parametrize("dimension", [1, 2, 20, 250])
def test_hjb_lq_by_more_nodes_and_at_the_end(dimension):
    problem = pz.problem("hjb-lq", dimension=dimension)
    points = problem.sampler.interior(200, torch.Generator().manual_seed(0))
    torch.testing.assert_close(problem.exact(points), problem.exact(points, nodes=400), rtol=0, atol=1e-12)
    points[:, -1] = 1
    data = ((1 + points[:, :-1].square().sum(1)) / 2).log()
    torch.testing.assert_close(problem.exact(points), data, rtol=0, atol=1e-12)
    assert problem.ansatz.soft == ()


def test_hjb_lq_against_simulation():
    problem = pz.problem("hjb-lq", dimension=3)
    point = torch.tensor([0.5, -1.0, 2.0, 0.3], dtype=torch.float64)
    draws = torch.randn(400_000, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    ends = point[:3] + (2 * (1 - point[3])).sqrt() * draws
    simulated = -(2 / (1 + ends.square().sum(1))).mean().log()
    assert float(problem.exact(point[None])) == pytest.approx(float(simulated), abs=5e-3)


@pytest.mark.parametrize("dimension", [0, -1, 2.5, "3", True])
def test_dimensions_that_mean_nothing(dimension):
    with pytest.raises(SettingError, match="dimension"):
        pz.problem("hjb", dimension=dimension)


def test_unknown_problems_and_settings():
    with pytest.raises(SettingError, match="hjb"):
        pz.problem("nonsense")
    with pytest.raises(SettingError, match="colour"):
        pz.problem("hjb", colour=1)


def test_the_default_network_gets_the_problem_s_features():
    problem = pz.problem("hjb-lq", dimension=3)
    solution = pz.solve(problem, points=20, budget=pz.Budget(steps=2), progress=False)
    assert solution.settings.network.features == problem.features
    # Four coordinates and one feature for each of 32 units, over those without.
    plain = pz.TensorTrainMLP(width=32, inputs=4).parameter_count
    assert solution.parameter_count == plain + 32

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
    assert values.shape == (7,)
    assert values.isfinite().all()
    assert CompiledProblem(problem).equation.prepare([points])


@pytest.mark.parametrize("name", WITH_DIMENSION)
@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_problems_in_several_dimensions(name, dimension):
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


@pytest.mark.parametrize("dimension", [0, -1, 2.5, "3", True])
def test_dimensions_that_mean_nothing(dimension):
    with pytest.raises(SettingError, match="dimension"):
        pz.problem("hjb", dimension=dimension)


def test_unknown_problems_and_settings():
    with pytest.raises(SettingError, match="hjb"):
        pz.problem("nonsense")
    with pytest.raises(SettingError, match="colour"):
        pz.problem("hjb", colour=1)

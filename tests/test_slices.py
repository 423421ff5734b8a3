"""Values on lines and planes through the domain."""

import numpy as np
import pytest
import sympy as sp
from running import disc, quick

import pinnzo as pz


@pytest.fixture(scope="module")
def hjb():
    return quick(pz.problem("hjb", dimension=3))


def test_a_plane_holds_the_values_of_the_solution(solution):
    x, y = solution.problem.variables
    plane = solution.slice(y, x, points=5)
    assert plane.axes == (y, x)
    assert plane.values.shape == plane.exact.shape == (5, 5)
    np.testing.assert_array_equal(plane.coordinates[0], [0, 0.25, 0.5, 0.75, 1])
    for i, yi in enumerate(plane.coordinates[0]):
        for j, xj in enumerate(plane.coordinates[1]):
            assert plane.values[i, j] == pytest.approx(solution([[xj, yi]])[0], abs=1e-14)
            assert plane.exact[i, j] == pytest.approx(np.sin(np.pi * xj) * np.sin(np.pi * yi))


def test_a_line(solution):
    x, y = solution.problem.variables
    line = solution.slice(x, at={y: 0.25}, points=3)
    np.testing.assert_allclose(line.values, solution([[0, 0.25], [0.5, 0.25], [1, 0.25]]), atol=1e-14)
    assert line.at == {y: 0.25}
    (grid,) = line.coordinates
    np.testing.assert_array_equal(grid, [0, 0.5, 1])


def test_an_array_of_it_is_the_values(solution):
    line = solution.slice(solution.problem.variables[0], points=4)
    np.testing.assert_array_equal(np.asarray(line), line.values)
    assert np.asarray(line, dtype=np.float32).dtype == np.float32


def test_the_default_grid_and_the_middle_of_what_is_not_named(hjb):
    *x, t = hjb.problem.variables
    plane = hjb.slice(x[0], x[2], at={t: 0.9})
    assert plane.values.shape == (101, 101)
    assert plane.at == {x[1]: 0.5, t: 0.9}
    assert plane.values[100, 50] == pytest.approx(hjb([[1, 0.5, 0.5, 0.9]])[0])
    assert plane.exact[100, 50] == pytest.approx(1 + 0.5 + 0.5 + 1 - 0.9)


def test_any_number_of_any_kind_holds_a_variable(hjb):
    *x, t = hjb.problem.variables
    for half in (0.5, np.float32(0.5), sp.Rational(1, 2)):
        np.testing.assert_array_equal(hjb.slice(x[0], at={t: half}, points=3).values, hjb.slice(x[0], points=3).values)


def test_ranges_are_those_of_the_domain():
    x = pz.coordinates("x", 2)
    u = sp.Function("u")(*x)
    shifted = pz.Problem(sp.Eq(pz.laplacian(u, x), -4), pz.Ball(x, radius=2, center=(1, 0)), [pz.Boundary(u, 0)])
    line = quick(shifted).slice(x[0], points=3)
    np.testing.assert_array_equal(line.coordinates[0], [-1, 1, 3])
    assert line.at == {x[1]: 0}
    assert line.exact is None
    unbounded = pz.Problem(sp.Eq(u, x[0]), pz.Gaussian(x, mean=1, std=3))
    np.testing.assert_array_equal(quick(unbounded).slice(x[1], points=3).coordinates[0], [-5, 1, 7])


@pytest.mark.parametrize(
    ("axes", "at", "named"),
    [
        ((), {}, "one variable or two"),
        (("x", "x"), {}, "one variable or two"),
        (("x", "y", "x"), {}, "one variable or two"),
        (("z",), {}, "z is not one of the variables x, y"),
        (("x",), {"z": 0.5}, "z is not one of the variables x, y"),
        (("x",), {"x": 0.5}, "x is held in at=, but it is also an axis"),
        (("x",), {"y": float("nan")}, "y at nan: give a finite number"),
        (("x",), {"y": "half"}, "y at 'half': give a finite number"),
    ],
)
def test_wrong_slices_are_refused(solution, axes, at, named):
    symbols = {s.name: s for s in solution.problem.variables}

    def symbol(name):
        return symbols.get(name, sp.Symbol(name))

    with pytest.raises(pz.PinnzoError, match=named):
        solution.slice(*map(symbol, axes), at={symbol(k): v for k, v in at.items()})


@pytest.mark.parametrize("points", [0, 1, 2.5, None])
def test_wrong_grids_are_refused(solution, points):
    with pytest.raises(pz.PinnzoError, match="points is"):
        solution.slice(solution.problem.variables[0], points=points)


def test_a_name_is_no_variable(solution):
    with pytest.raises(pz.PinnzoError, match="'x' is not one of the variables"):
        solution.slice("x")


def test_without_an_exact_solution():
    solution = quick(disc())
    assert solution.slice(*solution.problem.variables, points=3).exact is None

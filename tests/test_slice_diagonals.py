"""Slices along lines in several variables, where they lie, and what is outside the domain."""

import numpy as np
import pytest
import sympy as sp
from running import disc, quick

import pinnzo as pz

x = pz.coordinates("x", 4)
y = sp.Symbol("y", real=True)


@pytest.fixture(scope="module")
def hjb():
    return quick(pz.problem("hjb", dimension=4), budget=pz.Budget(steps=1))


@pytest.fixture(scope="module")
def ball():
    """Δu = −8 in a ball of radius 2 around (1, 1, 1, 1); u = 4 − ‖x − 1‖²."""
    u = sp.Function("u")(*x)
    exact = 4 - sum((xi - 1) ** 2 for xi in x)
    domain = pz.Ball(x, radius=2, center=1)
    problem = pz.Problem(sp.Eq(pz.laplacian(u, x), -8), domain, [pz.Boundary(u, 0)], exact=exact)
    return quick(problem, budget=pz.Budget(steps=1))


def test_on_a_diagonal_all_variables_are_alike(hjb):
    *space, t = hjb.problem.variables
    line = hjb.slice(pz.Diagonal(space), at={t: 0.25}, points=5)
    np.testing.assert_array_equal(line.coordinates[0], [0, 0.25, 0.5, 0.75, 1])
    by_hand = [[s, s, s, s, 0.25] for s in (0, 0.25, 0.5, 0.75, 1)]
    np.testing.assert_array_equal(line.points, by_hand)
    np.testing.assert_allclose(line.values, hjb(by_hand), rtol=1e-14)
    np.testing.assert_allclose(line.exact, [4 * s + 0.75 for s in (0, 0.25, 0.5, 0.75, 1)])
    np.testing.assert_array_equal(line.error, line.values - line.exact)
    assert line.at == {t: 0.25}
    assert line.axes == (pz.Diagonal(space, start=0, end=1),)


def test_a_diagonal_is_one_axis_of_a_plane(hjb):
    *space, t = hjb.problem.variables
    plane = hjb.slice(t, pz.Diagonal(space[1:], start=1, end=0.5), at={space[0]: 0.1}, points=3)
    for i, ti in enumerate((0, 0.5, 1)):
        for j, s in enumerate((1, 0.75, 0.5)):
            np.testing.assert_array_equal(plane.points[i, j], [0.1, s, s, s, ti])
            assert plane.values[i, j] == pytest.approx(hjb([[0.1, s, s, s, ti]])[0], abs=1e-14)


def test_a_line_between_any_two_points(hjb):
    *space, t = hjb.problem.variables
    line = pz.Diagonal((space[0], space[1], t), start=(0, 1, 0.2), end=(1, 0, 0.4))
    values = hjb.slice(line, at={space[2]: 0.3}, points=3)
    np.testing.assert_array_equal(values.coordinates[0], [0, 0.5, 1])
    by_hand = [[0, 1, 0.3, 0.5, 0.2], [0.5, 0.5, 0.3, 0.5, 0.3], [1, 0, 0.3, 0.5, 0.4]]
    np.testing.assert_allclose(values.points, by_hand, rtol=1e-15)
    np.testing.assert_allclose(values.values, hjb(by_hand), rtol=1e-14)


def test_a_diagonal_of_different_ranges_goes_from_corner_to_corner():
    u = sp.Function("u")(*x[:2])
    box = pz.Box({x[0]: (0, 1), x[1]: (-2, 2)})
    solution = quick(pz.Problem(sp.Eq(pz.laplacian(u, x[:2]), 1), box), budget=pz.Budget(steps=1))
    line = solution.slice(pz.Diagonal(x[:2]), points=3)
    np.testing.assert_array_equal(line.points, [[0, -2], [0.5, 0], [1, 2]])
    np.testing.assert_array_equal(line.coordinates[0], [0, 0.5, 1])


def test_a_diagonal_is_cut_to_the_domain(ball):
    line = ball.slice(pz.Diagonal(x), points=5)
    # ‖x − 1‖ = 2 |s − 1| ≤ 2 between s = 0 and s = 2, where the ranges go from −1 to 3.
    np.testing.assert_allclose(line.coordinates[0], [0, 0.5, 1, 1.5, 2], atol=1e-10)
    np.testing.assert_allclose(line.exact, [0, 3, 4, 3, 0], atol=1e-10)
    assert line.inside.all()
    shorter = ball.slice(pz.Diagonal(x[:2]), at={x[2]: 1 + np.sqrt(2)}, points=3)
    np.testing.assert_allclose(shorter.coordinates[0], [0, 1, 2], atol=1e-10)
    # What the user gives stays, and is blank outside.
    whole = ball.slice(pz.Diagonal(x, start=-1, end=3), points=5)
    np.testing.assert_array_equal(whole.coordinates[0], [-1, 0, 1, 2, 3])
    np.testing.assert_array_equal(np.isnan(whole.values), [True, False, False, False, True])


def test_a_plane_of_a_ball_is_blank_outside_and_outlined(ball):
    plane = ball.slice(x[0], x[1], points=21)
    distance = np.linalg.norm(plane.points - 1, axis=-1)
    np.testing.assert_array_equal(np.isnan(plane.values), distance > 2 + 1e-9)
    np.testing.assert_array_equal(np.isnan(plane.exact), np.isnan(plane.values))
    np.testing.assert_array_equal(plane.inside, ~np.isnan(plane.values))
    (circle,) = plane.outline
    np.testing.assert_allclose(np.linalg.norm(circle - 1, axis=1), 2, atol=1e-9)
    # Further out in another variable the disc is smaller.
    (smaller,) = ball.slice(x[0], x[1], at={x[3]: 2}, points=21).outline
    np.testing.assert_allclose(np.linalg.norm(smaller - 1, axis=1), np.sqrt(3), atol=1e-9)


def test_values_outside_are_there_for_those_who_ask(ball):
    plane = ball.slice(x[0], x[1], points=5, outside=True)
    np.testing.assert_allclose(plane.values.ravel(), ball(plane.points.reshape(-1, 4)), rtol=1e-14)
    assert not plane.inside[0, 0]
    assert plane.outline == ()


def test_a_hole_has_an_outline_of_its_own():
    u = sp.Function("u")(*x[:2])
    plate = pz.Box({x[0]: (0, 4), x[1]: (0, 4)}) - pz.Ball(x[:2], radius=1, center=2)
    solution = quick(pz.Problem(sp.Eq(pz.laplacian(u, x[:2]), 1), plate), budget=pz.Budget(steps=1))
    plane = solution.slice(*x[:2], points=17)
    outer, hole = sorted(plane.outline, key=lambda p: -np.ptp(p))
    # Corners of the outline are on the edge of the box and, to rounding, on the circle.
    assert set(np.unique(outer[[0], 0])) <= {0.0, 4.0} or set(np.unique(outer[[0], 1])) <= {0.0, 4.0}
    assert np.abs(outer - 2).max(axis=1).tolist() == pytest.approx([2] * len(outer))
    np.testing.assert_allclose(np.linalg.norm(hole - 2, axis=1), 1, atol=1e-9)


def test_the_middle_of_a_simplex_is_its_centroid():
    domain = pz.Simplex(x) * pz.Box({y: (0, 3)})
    u = sp.Function("u")(*x, y)
    solution = quick(pz.Problem(sp.Eq(u.diff(y), 1), domain, [sp.Eq(u.subs(y, 0), 0)]), budget=pz.Budget(steps=1))
    line = solution.slice(x[0], points=11)
    assert list(line.at.values()) == pytest.approx([0.2, 0.2, 0.2, 1.5])
    # The others leave 0.4 for x1.
    np.testing.assert_array_equal(line.inside, np.linspace(0, 1, 11) <= 0.4 + 1e-9)
    np.testing.assert_allclose(solution.slice(pz.Diagonal(x), points=3).coordinates[0], [0, 0.125, 0.25], atol=1e-10)


def test_several_variables_are_held_at_once(hjb):
    *space, t = hjb.problem.variables
    line = hjb.slice(space[0], at={tuple(space): sp.Rational(1, 4), space[2]: 0.75, t: sp.Integer(1)}, points=2)
    assert line.at == {space[1]: 0.25, space[2]: 0.75, space[3]: 0.25, t: 1}


def test_nothing_is_drawn_of_a_slice_beside_the_domain(ball):
    with pytest.raises(pz.PinnzoError, match=r"No point of this slice lies in the domain: .* at=.* outside=True"):
        ball.slice(x[0], at={x[1]: 9})
    assert np.isfinite(ball.slice(x[0], at={x[1]: 9}, points=3, outside=True).values).all()


@pytest.mark.parametrize(
    ("axes", "at", "named"),
    [
        ((pz.Diagonal((*x[:2], y)),), {}, "y is not one of the variables x1, x2"),
        ((pz.Diagonal(x[:2]), x[0]), {}, "x1 runs along both axes"),
        ((pz.Diagonal(x), pz.Diagonal(x)), {}, "one variable or two"),
        ((pz.Diagonal(x[:2]),), {x[1]: 0.5}, "x2 is held in at=, but it is also an axis"),
        ((pz.Diagonal(x),), {x: 0.5}, "all of these run along an axis"),
        ((x[0],), {x[1]: [0, 1]}, "plot_slice draws all"),
        ((x[0],), {(x[1], y): 0}, "y is not one of the variables"),
        ((x[0],), [0.5], "give a mapping"),
        ((x,), {}, "pass Diagonal"),
    ],
)
def test_wrong_lines_are_refused(ball, axes, at, named):
    with pytest.raises(pz.PinnzoError, match=named):
        ball.slice(*axes, at=at)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((x[0],), "two different variables or more"),
        ((x[:1],), "two different variables or more"),
        (((x[0], x[0]),), "two different variables or more"),
        (("xy",), "two different variables or more"),
        ((x, 0, 0), "two different points"),
        ((x, (0, 1)), "start of Diagonal is .* or 4: one a variable"),
        ((x, None, "up"), "end of Diagonal is 'up'"),
        ((x, float("inf")), "one finite number"),
    ],
)
def test_wrong_diagonals_are_refused(arguments, named):
    with pytest.raises(pz.PinnzoError, match=named):
        pz.Diagonal(*arguments)


def test_a_diagonal_without_ends_has_no_positions():
    with pytest.raises(pz.PinnzoError, match="no start or no end yet"):
        pz.Diagonal(x).positions(0.5)


def test_points_on_the_edge_belong_to_the_domain():
    line = quick(disc(), budget=pz.Budget(steps=1)).slice(pz.coordinates("x", 2)[0], points=3)
    np.testing.assert_allclose(line.values[[0, 2]], 0, atol=1e-14)

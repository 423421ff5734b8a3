"""Notes about data that disagree where conditions meet, and about data in time that are missing."""

import pytest
import sympy as sp

import pinnzo as pz

x, y, t = sp.symbols("x y t", real=True)
u, v = sp.Function("u")(x, y, t), sp.Function("v")(x, y)
BOX, DISC = pz.Box({(x, y): (0, 1), t: (0, 1)}), pz.Ball((x, y)) * pz.Box({t: (0, 1)})
HEAT, WAVE = (sp.Eq(u.diff(t, k), pz.laplacian(u, (x, y))) for k in (1, 2))
START = sp.Eq(u.subs(t, 0), sp.sin(sp.pi * x) * sp.sin(sp.pi * y))


def notes(*conditions, domain=BOX, equation=HEAT):
    return pz.Problem(equation, domain, list(conditions)).notes


def test_a_jump_on_the_edge_is_refused_unless_it_is_declared():
    with pytest.raises(pz.PinnzoError, match=r'u is 1 by the first and 0 by the second.*enforce="soft"'):
        notes(sp.Eq(u.subs(t, 0), 1), pz.Boundary(u, 0))
    (note,) = notes(sp.Eq(u.subs(t, 0), 1), pz.Boundary(u, 0, enforce="soft"))
    assert "'t = 0' and 'boundary' disagree where they meet: at" in note
    assert "t = 0 u is 1 by the first and 0 by the second, so at most one of them can be built in." in note


@pytest.mark.parametrize("enforce", ["soft", "auto"])
def test_soft_conditions_are_looked_at_too(enforce):
    (note,) = notes(
        pz.Condition(sp.Eq(u.subs(t, 1), x), enforce=enforce), pz.Boundary(u, 2, enforce="soft"), domain=DISC
    )
    assert "2 by the second" in note


def test_two_faces():
    first, second = pz.Condition(sp.Eq(v.subs(x, 0), sp.cos(y)), enforce="soft"), sp.Eq(v.subs(y, 1), x + 3)
    (note,) = notes(first, second, equation=sp.Eq(pz.laplacian(v, (x, y)), 0), domain=pz.Box({(x, y): (0, 1)}))
    assert "at x = 0, y = 1 v is 0.5403 by the first and 3 by the second" in note


@pytest.mark.parametrize(
    "conditions",
    [
        (START, pz.Boundary(u, 0)),
        (START, pz.Boundary(u, t)),
        (START, sp.Eq(u.diff(x).subs(x, 0), sp.pi * sp.sin(sp.pi * y)), sp.Eq(u.subs(y, 0), 0)),
        (sp.Eq(u.subs(t, 0), 1), pz.Boundary(u.diff(x), 0)),
        (sp.Eq(u.subs(t, 0), x + y), sp.Eq(u.subs(x, 0), u.subs(x, 1)), sp.Eq(u.subs(y, 0), x)),
    ],
)
def test_data_that_agree_or_say_different_things(conditions):
    assert notes(*conditions) == ()


def test_slopes_of_initial_data():
    (note,) = notes(START, sp.Eq(u.diff(x).subs(x, 0), 5))
    assert "the derivative of order 1 along x is 5 by the first" in note


def test_many_conditions_are_compared_with_the_initial_data_alone():
    z = pz.coordinates("z", 30)
    w = sp.Function("w")(*z, t)
    faces = [sp.Eq(w.subs(s, end), 0) for s in z for end in (0, 1)]
    equation, box = sp.Eq(w.diff(t), pz.laplacian(w, z)), pz.Box({z: (0, 1), t: (0, 1)})
    start = pz.Condition(sp.Eq(w.subs(t, 0), 1), enforce="soft")
    assert len(pz.Problem(equation, box, [start, *faces]).notes) == 60


def test_velocities_of_walls():
    conditions = (START, sp.Eq(u.diff(t).subs(t, 0), 0), pz.Boundary(u, t))
    (note,) = notes(*conditions, equation=WAVE)
    assert "the derivative of order 1 along t is 0 by the first and 1 by the second" in note
    assert notes(START, sp.Eq(u.diff(t).subs(t, 0), 0), pz.Boundary(u, t**2), equation=WAVE) == ()


def test_a_missing_velocity():
    (note,) = notes(START, pz.Boundary(u, 0), equation=WAVE)
    assert "u is differentiated 2 times along t, but only 1 of the conditions ('t = 0') is about it" in note
    assert "sp.Eq(u.diff(t).subs(t, 0), h)" in note
    assert notes(START, sp.Eq(u.subs(t, 1), 0), equation=WAVE) == ()
    (note,) = notes(pz.Boundary(u, 0))
    assert "none of the conditions is about it" in note
    assert "sp.Eq(u.subs(t, 0), g)" in note
    measured = pz.Data(u, [[0.5, 0.5, 0.5]], [0.0])
    assert notes(START, measured, equation=WAVE) == ()


def test_no_condition_at_all():
    (note,) = notes()
    assert note.startswith("The problem has no conditions, so that its solution is not unique")
    assert pz.Problem(HEAT, BOX, ansatz=(x, t)).notes == ()
    assert notes(equation=sp.Eq(u**3, x)) == ()
    assert notes(domain=pz.Gaussian((x, y)) * pz.Box({t: (0, 1)})) == ()


def test_unknown_functions_are_looked_at_one_by_one():
    w = sp.Function("w")(x, y, t)
    system = [sp.Eq(u.diff(t), w), sp.Eq(w.diff(t), pz.laplacian(u, (x, y)))]
    start = sp.Eq(w.subs(t, 0), 0)
    assert notes(START, start, pz.Boundary(u, 0), equation=system) == ()
    (note,) = notes(START, pz.Boundary(u, 0), pz.Boundary(w, 1), equation=system)
    assert note.startswith("w is differentiated 1 times along t, but none of the conditions is about it")
    with pytest.raises(pz.PinnzoError, match="w is 0 by the first and 1 by the second"):
        notes(START, start, pz.Boundary(u, 0), pz.Boundary(w, 1), equation=system)


def test_bundled_problems_have_no_notes():
    for name in pz.problems():
        assert pz.problem(name).notes == (), name

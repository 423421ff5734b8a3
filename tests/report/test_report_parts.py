"""The parts of a report: numbers, ticks, planes, packed values, charts and tables."""

import base64
import math
import re

import numpy as np
import pytest
import sympy as sp
from running import disc, quick

import pinnzo as pz
from pinnzo.report.charts import MOST_POINTS, Axis, Curve, Level, chart, fitted
from pinnzo.report.convergence import convergence
from pinnzo.report.planes import choose_planes
from pinnzo.report.readable import readable
from pinnzo.report.residuals import BINS, POINTS, residual_section
from pinnzo.report.samples import BYTES, FRAMES, HOLE, LARGEST_GRID, pack, sample_planes
from pinnzo.report.tables import coefficients, described, errors, settings
from pinnzo.report.ticks import linear_ticks, logarithmic_ticks, short

x, t = sp.symbols("x t", real=True)


def unpack(packed):
    """What the script of a page does."""
    steps = np.frombuffer(base64.b64decode(packed["data"]), "<u2")
    share = steps / (HOLE - 1)
    values = np.where(steps == HOLE, 0, packed["low"] * (1 - share) + packed["high"] * np.minimum(share, 1))
    return np.where(steps == HOLE, np.nan, values)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (0.0, "0"), (1234567, "1,234,567"), (123456789, "1.23 × 10⁸"), (-3, "−3"), (0.5, "0.5"),
        (-0.25, "−0.25"), (2e-5, "2.00 × 10⁻⁵"), (-4.56e12, "−4.56 × 10¹²"), (1183.4, "1,183"), (99.96, "100"),
        (math.inf, "not finite"), (math.nan, "not finite"), (None, "–"),
    ],
)  # fmt: skip
def test_numbers(value, text):
    assert readable(value) == text


@pytest.mark.parametrize("ends", [(0, 1), (-3, 7.2), (1e-9, 5e-9), (0, 3.3e9), (-1e-4, 1e-4)])
def test_linear_ticks_are_few_inside_and_evenly_spaced(ends):
    places = [value for value, _ in linear_ticks(*ends)]
    assert 3 <= len(places) <= 7
    slack = 1e-9 * (ends[1] - ends[0])
    assert ends[0] - slack <= places[0]
    assert places[-1] <= ends[1] + slack
    np.testing.assert_allclose(np.diff(places), places[1] - places[0])


def test_ticks_of_empty_and_wide_ranges():
    assert linear_ticks(2, 2) == [(2, "2")]
    assert [label for _, label in logarithmic_ticks(1e-16, 1)][-1] == "10⁰"
    assert len(logarithmic_ticks(1e-300, 1e300)) <= 8
    assert short(30000) == "30,000"


def test_packing_keeps_values_to_a_65534th_of_their_range_and_holes():
    values = np.random.default_rng(0).normal(size=(3, 4))
    values[1, 2] = np.nan
    values[2, 0] = np.inf
    found = unpack(pack(values)).reshape(3, 4)
    finite = np.isfinite(values)
    np.testing.assert_array_equal(np.isnan(found), ~finite)
    assert np.abs(found - values)[finite].max() <= 0.51 * np.ptp(values[finite]) / (HOLE - 1)


@pytest.mark.parametrize("values", [np.full(3, 2.5), np.full(3, np.nan), np.array([-1.7e308, 0, 1.7e308])])
def test_packing_of_constants_nothing_and_the_largest_numbers(values):
    np.testing.assert_allclose(unpack(pack(values)), values, atol=1e304 if values[0] < 0 else 0)


def named(planes):
    return [(",".join(map(str, p.axes)), str(p.over)) for p in planes]


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("hjb", {"dimension": 3}, [("x1,x2", "t"), ("x1,t", "x2")]),
        ("hjb", {"dimension": 1}, [("x1,t", "None"), ("x1", "t")]),
        ("poisson", {"dimension": 1}, [("x1", "None")]),
        ("poisson", {"dimension": 2}, [("x1,x2", "None"), ("x1", "x2")]),
        ("poisson", {"dimension": 3}, [("x1,x2", "x3"), ("x1,x3", "x2")]),
        ("heat-high", {"dimension": 8}, [("x1,x2", "t"), ("x1,t", "x2")]),
    ],
)
def test_default_planes(name, settings, expected):
    assert named(choose_planes(pz.problem(name, **settings))) == expected


def test_chosen_planes_over_and_held_values():
    problem = pz.problem("hjb", dimension=4)
    chosen = choose_planes(problem, [("x1", "x3"), "x2", (*problem.variables[:2],)], over="x4", at={"t": 0.25})
    assert named(chosen) == [("x1,x3", "x4"), ("x2", "x4"), ("x1,x2", "x4")]
    assert chosen[0].at == {sp.Symbol("t", real=True): 0.25}
    # A plane that contains the variable of the slider gets another one; held variables get none.
    assert named(choose_planes(problem, [("x1", "t"), ("x1", "x2")], over="t")) == [("x1,t", "x2"), ("x1,x2", "t")]
    assert named(choose_planes(pz.problem("hjb", dimension=1), [("x1",)], at={"t": 1})) == [("x1", "None")]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"planes": [("x1", "y")]}, "planes has 'y', which is not a variable of the problem; they are x1, x2, t."),
        ({"planes": [("x1", "x2", "t")]}, "a plane has two different variables"),
        ({"planes": [("x1", "x1")]}, "a plane has two different variables"),
        ({"planes": []}, "planes has 0 entries: give from 1 to 6"),
        ({"over": "z"}, "over has 'z'"),
        ({"planes": [("x1", "t")], "over": "t"}, "over is t, which every plane contains already"),
        ({"at": {"t": 0.5}, "over": "t"}, "at holds t, which over puts under the slider"),
        ({"at": {"x1": 0.5}}, "at holds x1, which is also an axis of a plane"),
        ({"at": {"w": 0.5}}, "at has 'w'"),
    ],
)
def test_wrong_planes(given, message):
    with pytest.raises(pz.PinnzoError, match=re.escape(message)):
        choose_planes(pz.problem("hjb", dimension=2), **given)


def test_samples_are_the_values_of_slices():
    solution = quick(pz.problem("hjb", dimension=3))
    first, second = sample_planes(solution, choose_planes(solution.problem, at={"x3": 0.2}))
    assert first["axes"] == [{"name": n, "low": 0.0, "high": 1.0, "points": LARGEST_GRID} for n in ("x₁", "x₂")]
    assert first["over"]["name"] == "t"
    assert first["over"]["values"] == pytest.approx(np.linspace(0, 1, FRAMES))
    assert first["held"] == "x₃ = 0.2"
    assert second["held"] == "x₃ = 0.2"
    packed = first["functions"][0]
    shape = (FRAMES, LARGEST_GRID, LARGEST_GRID)
    found, error = (unpack(packed[key]).reshape(shape) for key in ("solution", "error"))
    x1, x2, x3, time = solution.problem.variables
    expected = solution.slice(x1, x2, at={time: first["over"]["values"][4], x3: 0.2}, points=LARGEST_GRID)
    # Rows run along the first variable, and from the least value of the second up.
    np.testing.assert_allclose(found[4], expected.values.T, atol=1e-4)
    np.testing.assert_allclose(error[4], (expected.values - expected.exact).T, atol=1e-5)
    assert packed["range"] == pytest.approx([0.2, 3.2], abs=0.5)


def test_samples_of_a_system_and_many_planes_stay_within_their_size():
    solution = quick("fokker-planck")
    every = [(a, b) for i, a in enumerate(solution.problem.variables) for b in solution.problem.variables[i + 1 :]]
    planes = sample_planes(solution, choose_planes(solution.problem, every))
    assert len(planes) == 3
    size = sum(len(f[key]["data"]) for p in planes for f in p["functions"] for key in ("solution", "error"))
    assert 0.5 * BYTES < size <= BYTES


def test_nothing_is_drawn_outside_the_domain():
    (plane, _) = sample_planes(quick(disc()), choose_planes(disc()))
    n = plane["axes"][0]["points"]
    values = unpack(plane["functions"][0]["solution"]).reshape(n, n)
    grid = np.linspace(-1, 1, n)
    radius = np.hypot(*np.meshgrid(grid, grid))
    assert np.isnan(values[radius > 1.0001]).all()
    assert np.isfinite(values[radius < 0.9999]).all()
    assert "error" not in plane["functions"][0]


def test_charts_place_points_and_leave_gaps():
    axes = Axis(0, 10, "<time>"), Axis(1e-4, 1.0, "error", logarithmic=True)
    curve = Curve(np.array([0.0, 5.0, 6.0, 10.0]), np.array([1.0, 1e-2, np.nan, 1e-4]), "error", "a & b")
    drawn = chart("a <title>", *axes, [Level(1e-2, "zero", "zero network"), curve])
    assert '<path class="error" d="M64.0 12.0L249.0 134.0M434.0 256.0h0"/>' in drawn
    assert '<path class="zero" d="M64 134.0H434"/>' in drawn
    assert ">10⁻⁴<" in drawn
    assert "a &amp; b" in drawn
    assert "&lt;time&gt;" in drawn
    assert "<title>" not in drawn


def test_long_curves_are_thinned_out_but_end_where_they_end():
    n = 100_000
    drawn = chart("t", Axis(0, n - 1, ""), Axis(0, 1, ""), [Curve(np.arange(n), np.linspace(0, 1, n), "error")])
    points = re.search(r'class="error" d="M([^"]*)"', drawn)[1].split("L")
    assert len(points) <= MOST_POINTS + 1
    assert points[-1] == "434.0 12.0"


def test_an_axis_without_anything_to_show():
    assert fitted(np.array([np.nan, -1.0]), "y", logarithmic=True) == Axis(1.0, 10.0, "y", True)
    assert fitted(np.array([]), "y") == Axis(1.0, 10.0, "y")
    assert fitted(np.array([2.0]), "y") == Axis(2.0, 3.0, "y")


def test_convergence_shows_both_baselines_or_names_the_one_far_below(solution):
    accuracy = solution.error()
    page = convergence(solution.history, accuracy)
    assert page.count("<figure") == 4
    assert page.count('class="affine" d="M64') == page.count('class="zero" d="M64') == 2
    hjb = quick(pz.problem("hjb", dimension=2))
    page = convergence(hjb.history, hjb.error())
    assert 'class="affine" d="M64' not in page
    assert "The best affine network has a relative error of" in page
    without = convergence(solution.history, None)
    assert without.count("<figure") == 2
    assert "error" not in without
    assert "no steps" in convergence(pz.History(), None)


def test_the_table_of_errors_has_the_numbers_of_error(solution):
    accuracy = solution.error()
    page = errors(solution, accuracy)
    for value in (
        accuracy.relative_l2,
        accuracy.affine_network,
        accuracy.zero_network,
        accuracy.max_abs,
        accuracy.rmse,
    ):
        assert f"<td>{readable(value)}</td>" in page
    assert f"<td>{readable(accuracy.relative_l2 / accuracy.zero_network)}</td>" in page
    assert "by_function" not in page
    assert "No exact solution is known" in errors(solution, None)


def test_the_residual_of_every_equation_is_counted():
    solution = quick("kovasznay")
    page = residual_section(solution)
    assert page.count("<figure") == 3
    assert "equation 3" in page
    assert page.count('class="bar"') <= 3 * BINS
    beyond = [int(n) for n in re.findall(r"(\d+) of 2,000 points lie beyond", page)]
    assert beyond == [POINTS // 100] * 3
    generator_free = residual_section(solution)
    assert generator_free == page


def test_unknown_coefficients_are_listed_beside_the_truth(solution):
    inverse = quick("inverse-heat")
    page = coefficients(inverse)
    (value,) = inverse.unknowns.values()
    assert f"<td>{readable(value, 4)}</td><td>0.2</td><td>{readable(abs(value / 0.2 - 1))}</td><td>1</td>" in page
    assert coefficients(solution) == ""


def test_settings_are_in_words(solution):
    page = settings(solution)
    assert "TensorTrainMLP: width 8" in page
    assert "SmolyakStein: level 2" in page
    assert "Budget: steps 4" in page
    assert described(pz.SmolyakStein(sigma=(0.1, 0.1, 0.1))).startswith("SmolyakStein: level 3, sigma 0.1 each,")
    assert described(object()) == "object"

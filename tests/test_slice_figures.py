"""What figures of slices show: panels, scales, kinds, labels and what is left blank."""

import io
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
import sympy as sp
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from mpl_toolkits.mplot3d import Axes3D
from running import disc, never_finite, quick

import pinnzo as pz
from pinnzo.plotting import Look, plot_slices
from pinnzo.plotting.labels import Units, is_readable, maths
from pinnzo.plotting.style import BLUE, ERRORS, ORANGE, SIGNED, VALUES

KINDS = ("image", "contour", "surface")


@pytest.fixture(scope="module")
def heat():
    return quick("heat", budget=pz.Budget(steps=1))


@pytest.fixture(scope="module")
def system():
    s = sp.Symbol("s", real=True)
    a, b = sp.Function("a")(s), sp.Function("b")(s)
    equations = [sp.Eq(a.diff(s), b), sp.Eq(b.diff(s), -a)]
    conditions = [sp.Eq(a.subs(s, 0), 1), sp.Eq(b.subs(s, 0), 0)]
    exact = [sp.cos(s), -sp.sin(s)]
    problem = pz.Problem(equations, pz.Box({s: (0, 1)}), conditions, exact=exact)
    return quick(problem, budget=pz.Budget(steps=1))


def drawn(figure):
    """The pixels; figures are laid out only when they are drawn, and may warn only then."""
    file = io.BytesIO()
    figure.savefig(file, dpi=60, format="png")
    file.seek(0)
    return imread(file)[..., :3]


def panels_of(figure):
    return [a for a in figure.axes if a.get_label() != "<colorbar>"]


def shown(panel):
    """The values of an image, the first axis running with the first variable."""
    mesh = panel.collections[0]
    return mesh.get_array().reshape(mesh.get_coordinates().shape[:2]).T


def test_several_values_make_rows_on_common_scales(heat):
    x1, x2, t = heat.problem.variables
    figure = heat.plot_slice(x1, x2, at={t: [0, 0.5, 1]}, points=7)
    drawn(figure)
    panels = np.array(panels_of(figure)).reshape(3, 3)
    assert [p.get_title() for p in panels[0]] == ["solution", "exact", "|error|"]
    assert [row[0].get_ylabel().splitlines()[0] for row in panels] == ["$t$ = 0", "$t$ = 0.5", "$t$ = 1"]
    slices = [heat.slice(x1, x2, at={t: value}, points=7) for value in (0, 0.5, 1)]
    for row, slice_ in zip(panels, slices, strict=True):
        np.testing.assert_allclose(shown(row[0]), slice_.values)
        np.testing.assert_allclose(shown(row[1]), slice_.exact)
        np.testing.assert_allclose(shown(row[2]), abs(slice_.error))
    everything = np.stack([[s.values, s.exact] for s in slices])
    worst = max(abs(s.error).max() for s in slices)
    for row in panels:
        assert row[0].collections[0].get_clim() == row[1].collections[0].get_clim()
        assert row[0].collections[0].get_clim() == pytest.approx((everything.min(), everything.max()))
        assert row[2].collections[0].get_clim() == pytest.approx((0, worst))
    # One bar for solutions and exact solutions of all rows, another for the errors.
    assert len(figure.axes) == 9 + 2
    assert figure.get_suptitle() == "heat"


def test_several_values_make_curves_of_their_own(heat):
    x1, x2, t = heat.problem.variables
    figure = heat.plot_slice(x1, at={t: np.array([0.0, 1.0]), x2: 0.25}, points=5)
    drawn(figure)
    values, error = figure.axes
    assert [line.get_text() for line in values.get_legend().get_texts()] == ["$t$ = 0", "$t$ = 1", "exact"]
    slices = [heat.slice(x1, at={t: value, x2: 0.25}, points=5) for value in (0, 1)]
    for pair, error_line, slice_ in zip((0, 2), error.lines, slices, strict=True):
        np.testing.assert_array_equal(values.lines[pair].get_ydata(), slice_.values)
        np.testing.assert_array_equal(values.lines[pair + 1].get_ydata(), slice_.exact)
        assert values.lines[pair + 1].get_linestyle() == "--"
        np.testing.assert_array_equal(error_line.get_ydata(), abs(slice_.error))
    assert values.lines[0].get_color() is not values.lines[2].get_color()
    assert figure.get_suptitle() == "heat — $x_{2}$ = 0.25"


def test_only_one_variable_has_several_values(heat):
    x1, x2, t = heat.problem.variables
    with pytest.raises(pz.PinnzoError, match="several values for x2 and for t: give one of them one value"):
        heat.plot_slice(x1, at={x2: [0, 1], t: [0, 1]})
    with pytest.raises(pz.PinnzoError, match="empty list for t"):
        heat.plot_slice(x1, at={t: []})
    with pytest.raises(pz.PinnzoError, match="give a mapping"):
        heat.plot_slice(x1, at=[0.5])


def test_signed_errors_have_a_scale_around_zero(heat):
    x1, x2, _ = heat.problem.variables
    slice_ = heat.slice(x1, x2, points=7)
    panel = panels_of(heat.plot_slice(x1, x2, points=7, error="signed"))[2]
    assert panel.get_title() == "error"
    np.testing.assert_allclose(shown(panel), slice_.values - slice_.exact)
    most = abs(slice_.error).max()
    assert panel.collections[0].get_clim() == pytest.approx((-most, most))
    assert panel.collections[0].get_cmap().name == SIGNED
    line = heat.plot_slice(x1, points=7, error="signed").axes[1]
    np.testing.assert_array_equal(line.lines[0].get_ydata(), heat.slice(x1, points=7).error)
    assert line.get_ylabel() == "error"


def test_contours_share_their_levels(heat):
    x1, x2, _ = heat.problem.variables
    figure = heat.plot_slice(x1, x2, points=31, kind="contour")
    drawn(figure)
    solution, exact, error = (panel.collections[0] for panel in panels_of(figure))
    np.testing.assert_array_equal(solution.levels, exact.levels)
    slice_ = heat.slice(x1, x2, points=31)
    both = np.stack([slice_.values, slice_.exact])
    slack = 2e-3 * np.ptp(both)
    assert solution.levels[0] <= both.min() + slack < both.max() - slack <= solution.levels[-1]
    assert error.levels[0] == 0
    assert len(solution.levels) > 4
    assert len(figure.axes) == 6
    signed = panels_of(heat.plot_slice(x1, x2, points=31, kind="contour", error="signed"))[2].collections[0].levels
    np.testing.assert_allclose(signed, -signed[::-1])
    assert 0 not in signed
    assert signed[-2] < abs(slice_.error).max() < 1.01 * signed[-1]


@pytest.fixture
def surfaces(monkeypatch):
    """The arguments of the surfaces that are drawn: matplotlib has no public way to ask a surface for its corners."""
    found = []
    for name in ("plot_surface", "plot_trisurf"):
        draw = getattr(Axes3D, name)
        monkeypatch.setattr(Axes3D, name, lambda self, *a, draw=draw, **k: [found.append(a), draw(self, *a, **k)][1])
    return found


def test_a_surface_has_the_values_as_its_height(heat, surfaces):
    x1, x2, _ = heat.problem.variables
    figure = heat.plot_slice(x1, x2, points=9, kind="surface")
    drawn(figure)
    assert [panel.name for panel in figure.axes] == ["3d"] * 3
    slice_ = heat.slice(x1, x2, points=9)
    for (x, y, z), values in zip(surfaces, (slice_.values, slice_.exact, abs(slice_.error)), strict=True):
        np.testing.assert_array_equal(np.stack([x, y], axis=-1), slice_.points[..., :2])
        np.testing.assert_allclose(z, values, rtol=1e-14)
    assert figure.axes[0].get_zlim() == figure.axes[1].get_zlim() != figure.axes[2].get_zlim()


@pytest.mark.parametrize("kind", KINDS)
def test_a_disc_is_drawn_up_to_its_edge_and_blank_beyond(kind, surfaces):
    x, y = pz.coordinates("x", 2)
    solution = quick(disc(), budget=pz.Budget(steps=1))
    figure = solution.plot_slice(x, y, points=21, kind=kind)
    (panel,) = panels_of(figure)
    if kind == "surface":
        drawn(figure)
        ((mesh, heights),) = surfaces
        radii = np.hypot(mesh.x, mesh.y)
        assert radii.max() == pytest.approx(1, abs=1e-9)
        np.testing.assert_allclose(heights[radii > 1 - 1e-9], 0, atol=0.05)
        # The triangles fill the disc.
        a, b, c = (np.stack([mesh.x, mesh.y], axis=1)[mesh.triangles[:, k]] for k in range(3))
        area = 0.5 * abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).sum()
        assert area == pytest.approx(np.pi, rel=0.01)
        return
    pixels = drawn(figure)
    to_pixel = panel.transData.transform([[0.6, 0.6], [0.8, 0.8], [-0.8, 0.8], [0, 0]]) * 60 / figure.dpi
    colours = [pixels[len(pixels) - 1 - int(row), int(column)] for column, row in to_pixel]
    np.testing.assert_allclose(colours[1:3], 1, atol=0.01)
    assert min(colours[0]) < 0.9
    assert min(colours[3]) < 0.9
    assert panel.get_aspect() == 1


def test_a_surface_leaves_a_hole_open(surfaces):
    x, y = pz.coordinates("x", 2)
    u = sp.Function("u")(x, y)
    plate = pz.Box({(x, y): (0, 4)}) - pz.Ball((x, y), radius=1, center=2)
    solution = quick(pz.Problem(sp.Eq(pz.laplacian(u, (x, y)), 1), plate), budget=pz.Budget(steps=1))
    drawn(solution.plot_slice(x, y, points=33, kind="surface"))
    ((mesh, _),) = surfaces
    centres = np.stack([mesh.x, mesh.y], axis=1)[mesh.triangles].mean(axis=1)
    assert np.linalg.norm(centres - 2, axis=1).min() > 0.99
    assert (np.abs(centres - 2) < 1.5).all(axis=1).any()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_finite_and_nothing_but_one_value(heat, kind):
    never = quick(never_finite(), budget=pz.Budget(steps=1))
    drawn(never.plot_slice(*never.problem.variables, points=5, kind=kind))
    x1, x2, _ = heat.problem.variables
    zeros = np.zeros((5, 5))
    for constant in (zeros, zeros + 3):
        slice_ = replace(heat.slice(x1, x2, points=5), values=constant, exact=constant)
        for error in ("absolute", "signed"):
            drawn(plot_slices([slice_], look=Look(kind=kind, error=error)))


def test_labels_are_mathematics_with_units(heat):
    x1, x2, t = heat.problem.variables
    u = heat.problem.unknown
    units = {(x1, x2): "m", t: "s", u: "K"}
    figure = heat.plot_slice(x1, x2, at={t: 0.5}, points=5, units=units)
    drawn(figure)
    panels, bars = figure.axes[:3], figure.axes[3:]
    assert [p.get_xlabel() for p in panels] == ["$x_{1}$ (m)"] * 3
    assert panels[0].get_ylabel() == "$x_{2}$ (m)"
    assert [bar.get_ylabel() for bar in bars] == ["$u$ (K)", "$u$ (K)", "|error| (K)"]
    assert figure.get_suptitle() == "heat — $t$ = 0.5 s"
    line = heat.plot_slice(pz.Diagonal((x1, x2)), at={t: [0, 1]}, points=5, units={**units, "u": r"$^\circ$C"})
    drawn(line)
    assert line.axes[0].get_xlabel() == "$x_{1} = x_{2}$ (m)"
    assert line.axes[0].get_ylabel() == r"$u$ ($^\circ$C)"
    assert line.axes[0].get_legend().get_texts()[1].get_text() == "$t$ = 1 s"


def test_labels_of_diagonals():
    x = pz.coordinates("x", 5)
    units = Units()
    assert units.axis(pz.Diagonal(x, 0, 1)) == r"$x_{1} = \ldots = x_{5}$"
    assert units.axis(pz.Diagonal(x[:2], (0, 1), (1, 0))) == "$x_{1}, x_{2}$ from (0, 1) to (1, 0)"
    assert units.axis(pz.Diagonal(x, (0, 1, 1, 1, 1), 2)) == r"share of the diagonal of $x_{1}, \ldots, x_{5}$"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("theta_1", r"$\theta_{1}$"),
        ("x", "$x$"),
        ("velocity_2", r"$\mathrm{velocity}_{2}$"),
        ("cost_$", r"cost_\$"),
        ("50%", r"50%"),
        ("a{b", "a{b"),
        ("Größe", r"$\mathrm{Größe}$"),
    ],
)
def test_names_that_cannot_be_mathematics_are_text(name, label):
    found = maths(sp.Symbol(name))
    assert found == label or (is_readable(found) and "$" in found)
    # Whatever it is, it can be drawn.
    figure = mpl.figure.Figure()
    figure.suptitle(found)
    drawn(figure)


def test_units_of_sympy():
    from sympy.physics.units import meter, second

    x = pz.coordinates("x", 2)
    units = Units.of(disc(), {x[0]: meter / second})
    assert is_readable(units.axis(x[0]))
    assert "text{m}" in units.axis(x[0])


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"kind": "film"}, "kind is 'film': choose one of image, contour, surface"),
        ({"error": "relative"}, "error is 'relative': choose one of absolute, signed"),
        ({"units": {"w": "m"}}, "'w', which is neither a variable nor an unknown function"),
        ({"units": ["m"]}, "give a mapping"),
        ({"units": {"u": 3}}, "The unit of u is 3"),
    ],
)
def test_wrong_looks_are_refused(heat, options, named):
    x1, x2, _ = heat.problem.variables
    with pytest.raises(pz.PinnzoError, match=named):
        heat.plot_slice(x1, x2, **options)


def test_panels_of_a_system_say_whose_they_are(system):
    (s,) = system.problem.variables
    figure = system.plot_slice(s, points=5, units={"a": "V"})
    drawn(figure)
    assert [p.get_ylabel() for p in figure.axes] == ["$a$ (V)", "|error of $a$| (V)", "$b$", "|error of $b$|"]
    flow = quick("kovasznay", budget=pz.Budget(steps=1), network=pz.MLP(width=4), points=10)
    x, y = flow.problem.variables
    pressure = flow.plot_slice(x, y, points=3, of="p")
    assert panels_of(pressure)[0].get_title() == "$p$: solution"
    rows = np.array(panels_of(flow.plot_slice(x, y, points=3))).reshape(3, 3)
    assert [row[0].get_title() for row in rows] == ["$u$: solution", "$v$: solution", "$p$: solution"]
    # Unknowns of different sizes have different scales.
    assert len({row[0].collections[0].get_clim() for row in rows}) == 3


def test_lines_are_finer_than_planes(heat):
    x1, x2, _ = heat.problem.variables
    assert len(heat.plot_slice(x1).axes[0].lines[0].get_xdata()) == 401
    assert shown(heat.plot_slice(x1, x2).axes[0]).shape == (101, 101)


def test_meshes_are_pictures_in_a_pdf_and_letters_are_not(heat):
    x1, x2, _ = heat.problem.variables
    file = io.BytesIO()
    figure = heat.plot_slice(x1, x2, points=31)
    assert all(panel.collections[0].get_rasterized() for panel in panels_of(figure))
    figure.savefig(file, format="svg")
    text = file.getvalue().decode()
    assert 3 <= text.count("<image") <= 6
    # 900 cells as paths would be a large file of seams.
    assert text.count("<path") < 300


def test_the_users_settings_of_matplotlib_stay(heat):
    x1, x2, t = heat.problem.variables
    before = dict(mpl.rcParams)
    figure = heat.plot_slice(x1, x2, at={t: [0, 1]}, points=5)
    heat.plot_history()
    assert dict(mpl.rcParams) == before
    # Text is of the size that it has in print, across a page.
    assert figure.get_size_inches()[0] == 7
    assert figure.axes[0].xaxis.label.get_size() == 8


def lightness(colours):
    """CIE lightness of colours in sRGB, 0 … 100."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(y > 0.008856, 116 * np.cbrt(y) - 16, 903.3 * y)


# Machado, Oliveira & Fernandes (2009), full severity: what is left of linear colours without one kind of cones.
BLINDNESS = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def seen(colours, kind):
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    left = np.clip(linear @ np.transpose(BLINDNESS[kind]), 0, 1)
    return np.where(left <= 0.0031308, 12.92 * left, 1.055 * left ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("kind", BLINDNESS)
def test_colours_are_told_apart_by_all_kinds_of_colour_vision(kind):
    for name in (VALUES, ERRORS):
        steps = lightness(seen(mpl.colormaps[name](np.linspace(0, 1, 64))[:, :3], kind))
        assert (np.diff(steps) > 0).all(), name
    below, above = (seen(mpl.colormaps[SIGNED](ends)[:, :3], kind) for ends in ([0.1, 0.25], [0.9, 0.75]))
    assert np.linalg.norm(below - above, axis=1).min() > 0.3
    blue, orange = (seen(np.array([to_rgb(c)]), kind) for c in (BLUE, ORANGE))
    assert np.linalg.norm(blue - orange) > 0.3


def test_slices_alone_are_enough_for_a_figure(heat):
    x1, x2, _ = heat.problem.variables
    figure = plot_slices([heat.slice(x1, x2, points=5)], "50 % of $", Look(kind="contour"))
    drawn(figure)
    assert figure.get_suptitle().startswith(r"50 % of \$")

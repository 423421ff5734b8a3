"""Films of slices: what is in the frames, on which scales, and as a file."""

import gc
import itertools
import json

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.animation import FuncAnimation
from PIL import Image
from running import command, quick

import pinnzo as pz
from pinnzo.plotting.gif import palette


@pytest.fixture(scope="module")
def heat():
    return quick("heat", budget=pz.Budget(steps=1))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    quick(pz.problem("hjb", dimension=3), budget=pz.Budget(steps=1)).save(folder)
    return folder


def shown(panel):
    mesh = panel.collections[0]
    return mesh.get_array().reshape(mesh.get_coordinates().shape[:2]).T


def test_every_frame_shows_its_own_slice_on_common_scales(heat):
    x1, x2, t = heat.problem.variables
    film = heat.animate_slice(x1, x2, over=t, frames=3, points=5)
    assert isinstance(film, FuncAnimation)
    slices = [heat.slice(x1, x2, at={t: value}, points=5) for value in (0, 0.5, 1)]
    everything = np.stack([[s.values, s.exact] for s in slices])
    panels = film._fig.axes[:3]
    for index in (2, 0, 1):
        film._draw_frame(index)
        assert len(panels[0].collections) == 1
        np.testing.assert_allclose(shown(panels[0]), slices[index].values)
        np.testing.assert_allclose(shown(panels[1]), slices[index].exact)
        np.testing.assert_allclose(shown(panels[2]), abs(slices[index].error))
        for panel in panels[:2]:
            assert panel.collections[0].get_clim() == pytest.approx((everything.min(), everything.max()))
        worst = max(abs(s.error).max() for s in slices)
        assert panels[2].collections[0].get_clim() == pytest.approx((0, worst))
        assert film._fig.get_suptitle() == f"heat — $t$ = {(0, 0.5, 1)[index]:g}"
    film._fig.set_dpi(30)
    assert film.to_jshtml().count("data:image/png;base64") == 3


def test_frames_of_lines_and_of_given_times(heat):
    x1, x2, t = heat.problem.variables
    film = heat.animate_slice(x1, over=t, frames=[0, 0.125], at={x2: 0.25}, points=5, error="signed")
    values, error = film._fig.axes
    limits = values.get_ylim(), error.get_ylim()
    film._draw_frame(1)
    slice_ = heat.slice(x1, at={x2: 0.25, t: 0.125}, points=5)
    assert len(values.lines) == 2
    np.testing.assert_array_equal(values.lines[0].get_ydata(), slice_.values)
    np.testing.assert_array_equal(error.lines[0].get_ydata(), slice_.error)
    assert (values.get_ylim(), error.get_ylim()) == limits
    assert film._fig.get_suptitle() == "heat — $x_{2}$ = 0.25 — $t$ = 0.125"
    film._draw_was_started = True  # or it warns that it was never shown


@pytest.mark.parametrize("kind", ["contour", "surface"])
def test_other_kinds_replace_what_they_drew(heat, kind):
    x1, x2, t = heat.problem.variables
    film = heat.animate_slice(x1, x2, over=t, frames=2, points=5, kind=kind)
    counts = []
    for index in (0, 1, 0):
        film._draw_frame(index)
        counts.append([len(panel.collections) for panel in film._fig.axes[:3]])
    assert counts[0] == counts[2]
    film._draw_was_started = True


def test_a_gif_has_as_many_frames_and_they_differ(heat, tmp_path):
    x1, x2, t = heat.problem.variables
    film = heat.animate_slice(x1, x2, over=t, frames=4, fps=8, points=5)
    film.save(tmp_path / "heat.gif", writer="pillow", dpi=40)
    with Image.open(tmp_path / "heat.gif") as picture:
        assert picture.n_frames == 4
        assert picture.info["duration"] == pytest.approx(1000 / 8, abs=10)
        frames = []
        for index in range(4):
            picture.seek(index)
            frames.append(np.asarray(picture.convert("RGB"), dtype=float))
    assert all(abs(a - b).max() > 20 for a, b in itertools.pairwise(frames))


def test_a_gif_keeps_the_colours_of_its_colour_bars(heat, tmp_path):
    x1, x2, t = heat.problem.variables
    film = heat.animate_slice(x1, x2, over=t, frames=2, points=5)
    film.save(tmp_path / "heat.gif", dpi=60)
    bar = film._fig.axes[3]
    box = bar.get_window_extent().transformed(film._fig.dpi_scale_trans.inverted())
    with Image.open(tmp_path / "heat.gif") as picture:
        picture.seek(1)
        pixels = np.asarray(picture.convert("RGB")) / 255
    column = int(60 * (box.x0 + box.x1) / 2)
    rows = len(pixels) - 60 * np.linspace(box.y0 + 0.1, box.y1 - 0.1, 9)
    heights = np.linspace(0.1, box.height - 0.1, 9) / box.height
    found = pixels[rows.astype(int), column]
    np.testing.assert_allclose(found, mpl.colormaps["viridis"](heights)[:, :3], atol=0.05)


def test_the_palette_of_a_gif_has_256_colours():
    colours = palette(("viridis", "RdBu_r"))
    assert colours.shape == (256, 3)
    assert colours.dtype == np.uint8
    assert {(0, 0, 0), (255, 255, 255), (0, 114, 178), (213, 94, 0)} <= set(map(tuple, colours.tolist()))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"over": "t"}, "'t', which is not one of the variables x1, x2, t"),
        ({"over": 0}, "which is also an axis of the slice"),
        ({"over": 2, "at": 2}, "t is held in at=, but it also runs from frame to frame"),
        ({"over": 2, "frames": 1}, "frames is 1: give the number of frames, a whole number of at least 2"),
        ({"over": 2, "frames": [0.5]}, "give two values of t or more"),
        ({"over": 2, "frames": "all"}, "frames is 'all'"),
        ({"over": 2, "fps": 0}, "fps is 0: give the number of frames a second"),
        ({"over": 2, "kind": "film"}, "kind is 'film'"),
    ],
)
def test_wrong_films_are_refused(heat, options, named):
    variables = heat.problem.variables
    given = {"frames": 2, "points": 3, **options}
    if isinstance(given["over"], int):
        given["over"] = variables[given["over"]]
    if "at" in given:
        given["at"] = {variables[given["at"]]: 0.5}
    with pytest.raises(pz.PinnzoError, match=named):
        heat.animate_slice(*variables[:2], **given)
    gc.collect()


def test_the_command_writes_a_film(saved, tmp_path):
    file = tmp_path / "new" / "film.gif"
    arguments = ("--axes", "x1", "--along", "x2,x3", "--animate", "t", "--frames", 3, "--points", 5, "--fps", 5)
    result = command("plot", saved, *arguments, "--output", file)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [str(file)]
    with Image.open(file) as picture:
        assert picture.format == "GIF"
        assert picture.n_frames == 3
    assert sorted(f.name for f in file.parent.iterdir()) == ["film.gif"]
    result = command("plot", saved, "--animate", "t", "--frames", 2, "--points", 3, "--kind", "contour")
    assert result.stdout.splitlines() == [str(saved / "slice.gif")]


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_the_command_writes_one_slice(saved, tmp_path, suffix):
    file = tmp_path / f"slice.{suffix}"
    options = ("--at", "t=0,0.5", "--at", "x=0.25", "--unit", "u=K", "--unit", "x=m", "--error", "signed")
    result = command("plot", saved, "--axes", "x1,x2", *options, "--points", 5, "--output", file)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [str(file)]
    start = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[suffix]
    assert file.read_bytes().startswith(start)
    assert len(list(tmp_path.iterdir())) == 1


def test_the_commands_options_are_those_of_the_library(saved, monkeypatch):
    calls = []
    plot_slice = pz.Solution.plot_slice
    monkeypatch.setattr(
        pz.Solution, "plot_slice", lambda self, *a, **k: [calls.append((a, k)), plot_slice(self, *a, **k)][1]
    )
    solution = pz.load(saved)
    x1, x2, x3, t = solution.problem.variables
    options = ("--at", "t=0,0.5,1", "--along", "x", "--kind", "contour", "--points", 7, "--of", "u", "--outside")
    assert command("plot", saved, *options).exit_code == 0
    ((axes, given),) = calls
    assert axes == (pz.Diagonal((x1, x2, x3)),)
    assert given == {
        "at": {t: [0, 0.5, 1]}, "points": 7, "of": "u", "outside": True, "kind": "contour", "error": "absolute",
        "units": {},
    }  # fmt: skip
    assert json.loads((saved / "summary.json").read_text())["problem"] == "hjb"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (
            "--animate t --output film.mp4",
            "--output film.mp4: a film is written as GIF, so give a name that ends in .gif",
        ),
        ("--output slice.gif", "a GIF is a film: name the variable that runs, such as --animate t"),
        ("--output slice.jpeg", "--output slice.jpeg: give a name that ends in .png, .pdf, .svg"),
        ("--animate z", "'z' is not a variable of the problem"),
        ("--animate x1 --axes x1,x2", "over is x1, which is also an axis"),
        ("--animate t --at t=0.5", "t is held in at=, but it also runs"),
        ("--animate t --frames 1", "frames is 1"),
        ("--animate t --fps -3", "fps is -3"),
        ("--animate t --at x3=0,1", "x3 at several values"),
        ("--along x1", "two different variables or more"),
        ("--along y", "'y' is not a variable of the problem"),
        ("--axes x1 --along x1,x2", "x1 runs along both axes"),
        ("--at x", "--at 'x' is not of the form name=value"),
        ("--at t=0,noon", "--at t=0,noon is not a number, nor several"),
        ("--axes x1,t --at x2=0,1 --at x3=0,1", "several values for x2 and for x3"),
        ("--at t=7", "No point of this slice lies in the domain"),
        ("--unit w=m", "'w' is not a variable of the problem"),
        ("--of w", "not one of the unknown functions"),
        ("--points 1", "points is 1"),
        ("--kind film", "film"),
    ],
)
def test_wrong_commands_are_sentences(saved, options, named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = command("plot", saved, *options.split())
    assert result.exit_code == 2, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert named in " ".join(result.stderr.split())
    assert not list(tmp_path.iterdir())

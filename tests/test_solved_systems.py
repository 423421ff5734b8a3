"""Solving systems and finding unknown coefficients, from the declaration to files, figures and the command line."""

import json

import numpy as np
import pytest
import sympy as sp
import torch
from typer.testing import CliRunner

import pinnzo as pz
from pinnzo.cli import app
from pinnzo.errors import SettingError

t = sp.Symbol("t", real=True)
x = sp.Symbol("x", real=True)
a, b = sp.Function("a")(t), sp.Function("b")(t)
PENDULUM = pz.Problem(
    [sp.Eq(a.diff(t), b), sp.Eq(b.diff(t), -4 * a)],
    pz.Box({t: (0, 1)}),
    [sp.Eq(a.subs(t, 0), 1), sp.Eq(b.subs(t, 0), 0)],
    exact={a: sp.cos(2 * t), b: -2 * sp.sin(2 * t)},
    name="pendulum",
)
SETTINGS = {"network": pz.TensorTrainMLP(width=8), "points": 40, "progress": False}


def pendulum(steps=40, **more):
    return pz.solve(PENDULUM, budget=pz.Budget(steps=steps), **{**SETTINGS, **more})


@pytest.fixture(scope="module")
def solution():
    return pendulum()


def test_a_system_is_solved(solution):
    error = solution.error()
    assert error.relative_l2 < 1e-4 < 1e-2 * error.affine_network
    assert set(error.by_function) == {"a", "b"}
    assert max(error.by_function.values()) < 1e-4


def test_errors_are_over_all_unknowns_together(solution):
    error = solution.error(500)
    points, exact = solution._assembly.reference("test", 500)
    gap = (solution(points) - exact).double()
    assert error.relative_l2 == pytest.approx(float(gap.norm() / exact.norm()))
    assert error.by_function["b"] == pytest.approx(float(gap[:, 1].norm() / exact[:, 1].norm()))
    # With f ≡ 0 the ansatz is a = 1, b = 0.
    zero = (torch.tensor([1.0, 0.0]) - exact).norm() / exact.norm()
    assert error.zero_network == pytest.approx(float(zero))
    s = points[:, 0]
    for column, given in enumerate((1.0, 0.0)):
        design = s[:, None] * torch.stack([s, torch.ones_like(s)], dim=1)
        fit = design @ torch.linalg.lstsq(design, (exact[:, column] - given)[:, None]).solution
        exact[:, column] -= fit[:, 0] + given
    _, values = solution._assembly.reference("test", 500)
    assert error.affine_network == pytest.approx(float(exact.norm() / values.norm()), rel=0.1)


def test_values_have_one_column_for_each_unknown(solution):
    points = np.linspace(0, 1, 7)[:, None]
    values = solution(points)
    assert values.shape == (7, 2)
    np.testing.assert_allclose(values[:, 0], np.cos(2 * points[:, 0]), atol=1e-3)
    assert solution(torch.zeros(0, 1)).shape == (0, 2)
    residual = solution.residual(points)
    assert residual.shape == (7, 2)
    assert np.abs(residual).max() < 1e-2
    assert solution.residual(torch.zeros(0, 1)).shape == (0, 2)
    assert solution.smoothed(points, pz.SmolyakStein(level=2, sigma=1e-3)).shape == (7, 2)


def test_slices_are_of_one_unknown(solution):
    first, second = solution.slice(t), solution.slice(t, of=b)
    np.testing.assert_allclose(second.values, solution(second.coordinates[0][:, None])[:, 1])
    np.testing.assert_allclose(second.exact, -2 * np.sin(2 * second.coordinates[0]))
    assert (first.name, second.name) == ("a", "b")
    assert len(solution.plot_slice(t).axes) == 4
    assert len(solution.plot_slice(t, of="b").axes) == 2
    with pytest.raises(SettingError, match="not one of the unknown functions"):
        solution.slice(t, of="c")


def test_saved_and_loaded(solution, tmp_path):
    solution.save(tmp_path)
    again = pz.load(tmp_path)
    points = torch.rand(5, 1, dtype=torch.float64)
    assert torch.equal(again(points), solution(points))
    assert again.error() == solution.error()
    assert set(json.loads((tmp_path / "summary.json").read_text())["by_function"]) == {"a", "b"}


def test_single_precision_and_other_estimates():
    assert pendulum(dtype="float32").error().relative_l2 < 1e-2
    assert pendulum(derivatives=pz.SmolyakStein(level=3, sigma=0.02), estimate="solution").error().relative_l2 < 1e-2
    assert pendulum(derivatives=pz.Autodiff()).error().relative_l2 < 1e-4


def test_networks_of_another_number_of_outputs_are_refused():
    with pytest.raises(SettingError, match=r"3 outputs: a problem with the unknowns a\(t\), b\(t\) needs 2"):
        pendulum(network=pz.MLP(width=8, outputs=3))
    with pytest.raises(SettingError, match="1 outputs"):
        pendulum(network=torch.nn.Linear(1, 1).double())


def test_a_module_with_two_outputs():
    network = torch.nn.Sequential(torch.nn.Linear(1, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2)).double()
    assert pendulum(20, network=network).error().relative_l2 < 0.1


k = sp.Symbol("k", positive=True)
u = sp.Function("u")(x, t)
SENSORS = torch.rand(20, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
READINGS = torch.exp(-0.2 * torch.pi**2 * SENSORS[:, 1]) * torch.sin(torch.pi * SENSORS[:, 0])
ROD = pz.Problem(
    sp.Eq(u.diff(t), k * u.diff(x, 2)),
    pz.Box({x: (0, 1), t: (0, 1)}),
    [sp.Eq(u.subs(t, 0), sp.sin(sp.pi * x)), pz.Boundary(u, 0), pz.Data(u, SENSORS, READINGS)],
    exact={u: sp.exp(-(sp.pi**2) * t / 5) * sp.sin(sp.pi * x), k: 0.2},
    unknowns=[k],
)


def rod(steps=40, **more):
    return pz.solve(ROD, budget=pz.Budget(steps=steps), **{**SETTINGS, **more})


@pytest.fixture(scope="module")
def found():
    return rod()


def test_an_unknown_coefficient_is_found(found):
    assert found.unknowns[k] == pytest.approx(0.2, rel=1e-3)
    assert found.error().relative_l2 < 1e-3
    assert found.parameter_count == found.network.network.parameter_count + 1
    points = torch.rand(5, 2, dtype=torch.float64)
    step = 1e-3

    def at(column, change):
        moved = points.clone()
        moved[:, column] += change
        return found(moved)

    heating = (at(1, step) - at(1, -step)) / (2 * step)
    spreading = (at(0, step) - 2 * found(points) + at(0, -step)) / step**2
    torch.testing.assert_close(found.residual(points), heating - found.unknowns[k] * spreading, rtol=1e-2, atol=1e-3)


def test_it_is_saved_and_loaded(found, tmp_path):
    found.save(tmp_path)
    assert pz.load(tmp_path).unknowns == found.unknowns
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["unknowns"] == {"k": found.unknowns[k]}
    assert summary["exact_unknowns"] == {"k": 0.2}


@pytest.mark.parametrize("run", [pendulum, rod])
def test_a_run_that_goes_on_is_the_uninterrupted_one(run, tmp_path):
    whole = run(12)
    run(5, checkpoint=tmp_path)
    resumed = pz.resume(tmp_path, budget=pz.Budget(steps=12), progress=False)
    assert torch.equal(resumed.theta, whole.theta)
    assert resumed.unknowns == whole.unknowns


def test_the_command_line_shows_them(tmp_path):
    ran = CliRunner().invoke(app, ["solve", "inverse-heat", "--steps", "3", "--quiet"])
    assert ran.exit_code == 0
    assert "k, found" in ran.stdout
    assert "(exact 0.2)" in ran.stdout
    ran = CliRunner().invoke(app, ["solve", "kovasznay", "--steps", "2", "--quiet", "--output", str(tmp_path)])
    assert ran.exit_code == 0
    assert all(f"of {name}" in ran.stdout for name in "uvp")
    ran = CliRunner().invoke(app, ["compare", "derivatives", "kovasznay"])
    assert ran.exit_code == 2
    assert "several unknowns" in ran.stderr

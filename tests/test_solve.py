import json

import numpy as np
import pytest
import sympy as sp
import torch
from typer.testing import CliRunner

import pinnzo as pz
from pinnzo import parallel
from pinnzo.cli import app


def quick(problem="poisson-2d", **settings):
    settings = {
        "budget": pz.Budget(steps=4),
        "points": 20,
        "progress": False,
        "network": pz.TensorTrainMLP(width=8),
        **settings,
    }
    return pz.solve(problem, **settings)


@pytest.fixture(scope="module")
def solution():
    return quick()


def test_no_autograd_graph_can_exist(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("back-propagation on the forward-only path")

    monkeypatch.setattr(torch.autograd, "grad", refuse)
    monkeypatch.setattr(torch.Tensor, "backward", refuse)
    modes = []
    original = pz.solve.__globals__["fit"]

    def watched(trainer, objective, *rest):
        ask = objective.losses

        def losses(theta):
            modes.append((torch.is_inference_mode_enabled(), torch.is_grad_enabled(), theta.requires_grad))
            return ask(theta)

        objective.losses = losses
        return original(trainer, objective, *rest)

    monkeypatch.setitem(pz.solve.__globals__, "fit", watched)
    quick()
    assert modes
    assert set(modes) == {(True, False, False)}


def test_the_exact_solution_does_not_take_part_in_training():
    x = pz.coordinates("x", 2)
    u = sp.Function("u")(*x)
    declared = {"domain": pz.Ball(x), "conditions": [pz.Boundary(u, 0)]}
    equation = sp.Eq(pz.laplacian(u, x), -4)
    known = quick(pz.Problem(equation, exact=1 - x[0] ** 2 - x[1] ** 2, **declared))
    unknown = quick(pz.Problem(equation, **declared))
    assert torch.equal(known.theta, unknown.theta)


def test_one_seed_fixes_the_run_whatever_the_number_of_workers(monkeypatch, solution):
    again = quick()
    monkeypatch.setattr("pinnzo.assembly.default_workers", lambda: 2)
    shared = quick()
    other = quick(seed=1)
    for same in (again, shared):
        assert same.history.same_run(solution.history)
        assert torch.equal(same.theta, solution.theta)
    assert not torch.equal(other.theta, solution.theta)


@pytest.mark.parametrize(
    "trainer",
    [
        pz.HybridZO(switch_step=3), pz.RandomGradient(), pz.CoordinateGradient(share=0.5), pz.LevenbergMarquardt(),
        pz.ZerothOrder(optimizer="SGD", optimizer_options={"momentum": 0.9}), pz.FirstOrder(),
    ],
    ids=lambda t: type(t).__name__,
)  # fmt: skip
def test_resumed_run_is_the_uninterrupted_one(trainer, tmp_path):
    whole = quick(trainer=trainer, budget=pz.Budget(steps=6))
    quick(trainer=trainer, budget=pz.Budget(steps=2), checkpoint=tmp_path)
    resumed = pz.resume(tmp_path, budget=pz.Budget(steps=6), progress=False)
    assert resumed.steps == 6
    assert torch.equal(resumed.run.trainer.theta, whole.run.trainer.theta)
    assert np.array_equal(resumed.history.column("loss"), whole.history.column("loss"))


def test_interrupt_keeps_the_best_and_the_checkpoint(tmp_path):
    class Interrupting(pz.HybridZO):
        def step(self, objective, state):
            if state.step == 3:
                raise KeyboardInterrupt
            return super().step(objective, state)

    stopped = quick(trainer=Interrupting(), budget=pz.Budget(steps=10))
    assert stopped.steps == 3
    assert "interrupted after 3 steps" in stopped.status
    assert np.isfinite(stopped.loss)


def test_a_loss_that_is_never_finite_is_not_reported_as_a_success():
    x = pz.coordinates("x", 2)
    u = sp.Function("u")(*x)
    problem = pz.Problem(sp.Eq(pz.laplacian(u, x), sp.log(u - 1000)), pz.Ball(x), [pz.Boundary(u, 0)])
    for trainer in (pz.HybridZO(), pz.LevenbergMarquardt()):
        solution = quick(problem, trainer=trainer)
        assert "never finite" in solution.status
        assert not np.isfinite(solution.loss)


def test_shapes_and_kinds_of_points(solution):
    points = np.random.default_rng(0).random((5, 2))
    values = solution(points)
    assert isinstance(values, np.ndarray)
    assert values.shape == (5,)
    tensor = solution(torch.from_numpy(points))
    assert isinstance(tensor, torch.Tensor)
    np.testing.assert_array_equal(tensor.numpy(), values)
    np.testing.assert_array_equal(solution(points.tolist()), values)
    assert solution(np.zeros((0, 2))).shape == (0,)


@pytest.mark.parametrize("bad", [[0.5, 0.5], [[0.5]], [[0.5, float("nan")]], "points", [[0.5, 0.5, 0.5]]])
def test_bad_points_are_refused(solution, bad):
    with pytest.raises(pz.PinnzoError, match="points"):
        solution(bad)


def test_hard_conditions_hold_exactly(solution):
    edge = np.array([[0.0, 0.3], [1.0, 0.2], [0.6, 0.0], [0.1, 1.0]])
    np.testing.assert_allclose(solution(edge), 0, atol=1e-15)


def test_errors_and_baselines():
    error = quick("hjb", budget=pz.Budget(steps=1)).error()
    assert error.zero_network == pytest.approx(5.45e-2, rel=5e-3)
    assert error.affine_network < 1e-10  # the exact network is f = 1
    assert error.points == 10_000
    assert error.rmse <= error.max_abs


def test_residual_agrees_with_automatic_differentiation(solution):
    points = torch.rand(6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    laplacian = pz.Autodiff().derivatives(solution_values(solution), points, [(2, 0), (0, 2)]).sum(0)
    source = 2 * np.pi**2 * torch.sin(np.pi * points[:, 0]) * torch.sin(np.pi * points[:, 1])
    torch.testing.assert_close(solution.residual(points), laplacian + source, rtol=0, atol=5e-3)


def solution_values(solution):
    def u(points):
        bubble = 16 * (points * (1 - points)).prod(1)
        return bubble * solution.network.values(solution.theta, points)[:, 0]

    return u


def test_slices(solution):
    x, y = solution.problem.variables
    plane = solution.slice(y, x, points=5)
    assert plane.values.shape == (5, 5)
    assert plane.values[1, 3] == pytest.approx(solution([[0.75, 0.25]])[0])
    assert plane.exact[1, 3] == pytest.approx(0.5)
    line = solution.slice(x, at={y: 0.25}, points=3)
    np.testing.assert_allclose(np.asarray(line), solution([[0, 0.25], [0.5, 0.25], [1, 0.25]]))
    for wrong in ((), (x, x), (x, y, x), (sp.Symbol("z"),)):
        with pytest.raises(pz.PinnzoError):
            solution.slice(*wrong)
    with pytest.raises(pz.PinnzoError, match="held"):
        solution.slice(x, at={x: 0.5})


def test_figures(solution):
    x, y = solution.problem.variables
    assert [a.get_title() for a in solution.plot_slice(x, y, points=5).axes[:3]] == ["solution", "exact", "|error|"]
    assert len(solution.plot_slice(x, points=5).axes) == 2
    assert len(solution.plot_history().axes) == 4


def test_save_and_load(solution, tmp_path):
    solution.save(tmp_path / "run")
    loaded = pz.load(tmp_path / "run")
    points = np.random.default_rng(0).random((5, 2))
    np.testing.assert_array_equal(loaded(points), solution(points))
    assert loaded.error() == solution.error()
    assert loaded.status == solution.status
    assert not list(tmp_path.glob("run/.*"))


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, None])
def test_damaged_folders_are_refused(solution, tmp_path, content):
    solution.save(tmp_path)
    file = tmp_path / "solution.safetensors"
    file.write_bytes(file.read_bytes()[:-50] if content is None else content)
    with pytest.raises(pz.PinnzoError, match="damaged"):
        pz.load(tmp_path)
    with pytest.raises(pz.PinnzoError, match="holds no"):
        pz.load(tmp_path / "elsewhere")


def test_estimating_the_whole_solution_gives_the_same_run():
    network, whole = (quick(estimate=e, trainer=pz.LevenbergMarquardt()) for e in ("network", "solution"))
    assert whole.loss == pytest.approx(network.loss, rel=1e-2)


def test_workers_keep_order_and_mode():
    with torch.inference_mode():
        results = parallel.Workers(2).map(lambda i: (i, torch.is_inference_mode_enabled()), range(9))
    assert results == [(i, True) for i in range(9)]


def invoke(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_json_is_the_last_line(tmp_path):
    result = invoke("solve", "poisson-2d", "--steps", 2, "--width", 8, "--json", "--output", tmp_path / "run")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout.splitlines()[-1])
    needed = "relative_l2 zero_network affine_network loss parameters evaluations steps seconds status seed"
    assert set(needed.split()) <= set(data)
    assert data["steps"] == 2
    files = {f.name for f in (tmp_path / "run").iterdir()}
    assert files == {"solution.safetensors", "summary.json", "history.jsonl", "slice.png", "history.png"}


def test_list():
    names = [entry["name"] for entry in json.loads(invoke("list", "--json").stdout)]
    assert {"hjb", "poisson", "poisson-2d", "heat"} <= set(names)
    assert "hjb" in invoke("list").stdout


def test_a_file_of_the_users_own(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "import sympy as sp, pinnzo as pz\nx = pz.coordinates('x', 2)\nu = sp.Function('u')(*x)\n"
        "mine = pz.Problem(sp.Eq(pz.laplacian(u, x), -4), pz.Ball(x), [pz.Boundary(u, 0)])\n"
    )
    result = invoke("solve", file, "--steps", 2, "--quiet")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("solve", "nonsense"), "nonsense"), (("solve", "hjb", "--wrong"), "wrong"), (("solve", "hjb", "--set", "size=3"), "size"),
        (("solve", "hjb", "--set", "dimension"), "dimension"), (("solve", "hjb", "--set", "dimension=0"), "dimension"),
        (("solve", "hjb", "--seconds", "0"), "seconds"), (("solve", "hjb", "--steps", "-1"), "steps"),
        (("solve", "hjb", "--level", "1"), "level"), (("solve", "hjb", "--sigma", "0"), "sigma"),
        (("solve", "hjb", "--growth", "x"), "growth"), (("solve", "hjb", "--dtype", "int8"), "dtype"),
        (("solve", "hjb", "--device", "abacus"), "device"), (("solve", "hjb", "--seed", "-1"), "seed"),
        (("solve", "hjb", "--points", "0"), "points"), (("solve", "hjb", "--weight", "x=1"), "x"),
        (("solve", "hjb", "--set", "dimension=5", "--network", "paper"), "inputs"), (("solve", "hjb", "--step", "1", "--level", "2"), "step"),
        (("solve", "missing.py"), "missing.py"), (("solve", "hjb", "--output", "/dev/null/x"), "/dev/null"),
        (("resume", "nowhere"), "nowhere"), (("plot", "nowhere"), "nowhere"), (("solve", "hjb", "--trainer", "magic"), "magic"),
    ],
    ids=lambda a: " ".join(a) if isinstance(a, tuple) else "",
)  # fmt: skip
def test_wrong_use_gets_a_sentence_and_exit_code_two(arguments, named):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert named in result.stderr
    assert "Traceback" not in result.output
    assert not isinstance(result.exception, pz.PinnzoError)


@pytest.mark.parametrize("text", ["x = (", "raise ValueError('no')", "y = 1"])
def test_broken_problem_files(tmp_path, text):
    file = tmp_path / "broken.py"
    file.write_text(text)
    result = invoke("solve", file)
    assert result.exit_code == 2
    assert "broken.py" in result.stderr.replace("\n", "")
    assert "Traceback" not in result.output

"""Derivative estimators compared: the errors are right, and all ways to show them say the same."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest
import sympy as sp
import torch
from matplotlib.image import imread
from running import command, quick

import pinnzo as pz
from pinnzo.comparison.derivatives import measure
from pinnzo.comparison.derivatives.terms import terms_of
from pinnzo.derivatives import Estimator
from pinnzo.derivatives.base import Discretisation
from pinnzo.errors import DeclarationError, SettingError
from pinnzo.seeding import generator
from pinnzo.symbolic.torch_code import evaluate

SMALL = ("--points", 20, "--dimensions", "none", "--quiet")


def compare(problem="poisson-2d", estimators=None, **settings):
    settings = {"points": 40, "dimensions": None, "progress": False, **settings}
    return pz.compare_derivatives(problem, estimators, **settings)


def result_of(comparison, name, dtype="float64"):
    return next(r for r in comparison.results if (r.name, r.dtype) == (name, dtype))


@pytest.fixture(scope="module")
def heat():
    return compare("heat", dimensions=(2, 3))


def equation(left, variables=None, time=None):
    """A problem without conditions whose equation has the given left side."""
    x, y, t = variables or (*pz.coordinates("x", 2), sp.Symbol("t", real=True))
    u = sp.Function("u")(x, y, t)
    return pz.Problem(sp.Eq(left(u, x, y, t), 0), pz.Box({(x, y): (0, 1), t: (0, 1)}))


# ---- names ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "names"),
    [
        (lambda u, x, y, t: u.diff(t) + pz.laplacian(u, (x, y)) - pz.gradient_norm_squared(u, (x, y)),
         {"u_t", "Δu", "‖∇u‖²"}),
        (lambda u, x, y, t: u.diff(t) + u * u.diff(x) - u.diff(x, 2), {"u_t", "u_x1", "u_x1x1"}),
        (lambda u, x, y, t: u.diff(x, 2) - 3 * u.diff(y, 2) + u.diff(t, 2), {"Σ c ∂²u", "u_tt"}),
        (lambda u, x, y, t: u.diff(x, y) + u.diff(x) + u.diff(y) + u, {"u_x1x2", "Σ ∂u"}),
        (lambda u, x, y, t: u.diff(x, 4) + 2 * u.diff(x, 2, y, 2) + u.diff(y, 4), {"Σ ∂⁴u", "u_x1x1x2x2"}),
        (lambda u, x, y, t: u.diff(t) + u.diff(x) ** 2, {"u_t", "(u_x1)²"}),
    ],
)  # fmt: skip
def test_terms_have_the_names_that_people_read(left, names):
    assert {term.name for term in terms_of(equation(left))} == names


def test_an_equation_without_derivatives():
    with pytest.raises(SettingError, match="has no derivatives to compare"):
        compare(equation(lambda u, x, y, t: u - x))


# ---- errors -----------------------------------------------------------------------------------------------


def test_errors_agree_with_central_differences_by_hand():
    """Δ(B f) = B Δf + 2 ∇B·∇f + f ΔB, with f = u*/B at points that are not near the zeros of B."""
    result = result_of(compare(estimators={"differences": pz.FiniteDifference(0.02)}), "differences")
    x = pz.problem("poisson-2d").sampler.interior(40, generator(0, "points"), torch.float64).numpy()

    def factor(x):
        return 16 * x[:, 0] * x[:, 1] * (1 - x[:, 0]) * (1 - x[:, 1])

    def f(x):
        return np.sin(np.pi * x[:, 0]) * np.sin(np.pi * x[:, 1]) / factor(x)

    size = np.sort(factor(x))[(len(x) - 1) // 2]
    x = x[factor(x) >= 1e-2 * size]
    h, laplacian = 0.02, 0.0
    for i in range(2):
        step = h * np.eye(2)[i]
        first = (f(x + step) - f(x - step)) / (2 * h)
        second = (f(x + step) - 2 * f(x) + f(x - step)) / h**2
        other = x[:, 1 - i] * (1 - x[:, 1 - i])
        laplacian = laplacian + factor(x) * second + 2 * 16 * (1 - 2 * x[:, i]) * other * first - 32 * other * f(x)
    truth = -2 * np.pi**2 * np.sin(np.pi * x[:, 0]) * np.sin(np.pi * x[:, 1])
    difference = np.sqrt(np.mean((laplacian - truth) ** 2))
    errors = result.of("exact solution")
    assert errors.terms == pytest.approx([difference / np.sqrt(np.mean(truth**2))], rel=1e-6)
    # −Δu is all that the residual holds of u.
    assert errors.residual == pytest.approx(difference, rel=1e-6)
    assert (result.nodes, result.evaluations) == (5, 5)
    # The product rule asks for 16 Δf and for first derivatives, whose weights are smaller.
    assert result.amplification == pytest.approx(16 * 8 / h**2)


def test_autodiff_is_exact_to_rounding(heat):
    for dtype, rounding in (("float64", 1e-13), ("float32", 1e-5)):
        result = result_of(heat, "autodiff", dtype)
        for function in ("exact solution", "network"):
            errors = result.of(function)
            assert max(*errors.terms, errors.residual) < rounding
        assert (result.nodes, result.evaluations, result.uses_backpropagation) == (None, 1, True)
        assert math.isnan(result.amplification)


def test_higher_order_is_more_accurate_and_the_paper_has_its_bias(heat):
    for function in ("exact solution", "network"):
        second, fourth, paper = (
            result_of(heat, name).of(function).terms for name in ("finite-difference", "finite-difference-4", "paper")
        )
        assert all(a > 10 * b for a, b in zip(second, fourth, strict=True))
        assert all(a > 10 * b for a, b in zip(paper, second, strict=True))


def test_costs_are_those_of_the_equation(heat):
    # 2D + 1 nodes in 3 variables of level 2, 2D² + 2D + 1 of the paper's level 3, 4D + 1 of fourth order.
    for name, count in (("smolyak", 7), ("paper", 25), ("finite-difference-4", 13)):
        assert result_of(heat, name).evaluations == result_of(heat, name).nodes == count
    for result in heat.results:
        assert result.seconds > 0
        assert result.peak_bytes > 0
    # Half the bytes a number; the rounding of points is no error of the estimator.
    assert result_of(heat, "smolyak", "float32").peak_bytes < 0.6 * result_of(heat, "smolyak").peak_bytes


def test_nodes_without_weight_are_not_evaluated():
    (term,) = {e.name for e in terms_of(equation(lambda u, x, y, t: u.diff(x, 2)))}
    comparison = compare(equation(lambda u, x, y, t: u.diff(x, 2)), ["smolyak"], dtypes="float64")
    assert (term, comparison.results[0].nodes, comparison.results[0].evaluations) == ("u_x1x1", 7, 3)


def test_an_affine_network_says_nothing_and_is_left_out():
    comparison = compare(pz.problem("hjb", dimension=3), ["smolyak", "autodiff"])
    assert [f.name for f in comparison.functions] == ["network"]
    assert set(comparison.terms) == {"u_t", "Δu", "‖∇u‖²"}
    assert "is affine: every estimator is exact for it" in comparison.notes[0]


def test_a_term_that_vanishes_has_an_absolute_error():
    x = pz.coordinates("x", 2)
    u = sp.Function("u")(*x)
    problem = pz.Problem(
        sp.Eq(u.diff(x[1]) + pz.laplacian(u, x) - 12 * x[0] ** 2, 0), pz.Box({x: (0, 1)}), exact=x[0] ** 4
    )
    comparison = compare(problem, ["finite-difference"])
    scales = dict(zip(comparison.terms, comparison.functions[0].scales, strict=True))
    assert scales["u_x2"] == 0
    assert scales["Δu"] > 1
    assert "*" in comparison.markdown()


def test_a_trained_network_is_taken_with_its_problem():
    solution = quick("heat", seed=3)
    comparison = compare(
        "heat", solution=solution, estimators=[pz.SmolyakStein(level=2, sigma=0.02, growth="odd"), "autodiff"]
    )
    assert comparison.problem == "heat"
    assert "trained for 4 steps" in comparison.functions[-1].description
    # The function is the network of the solution.
    points = pz.problem("heat").sampler.interior(40, generator(0, "points"), torch.float64)
    truth = pz.Autodiff().derivatives(lambda x: values(solution, x), points, [(0, 0, 1)])[0]
    scale = comparison.functions[-1].scales[comparison.terms.index("u_t")]
    assert scale == pytest.approx(float(truth.square().mean().sqrt()), rel=1e-9)


def values(solution, x):
    """u = A + B f with an autograd graph, which the solution itself does not build."""
    A, B = evaluate((solution.problem.ansatz.A, solution.problem.ansatz.B), x, solution.problem.variables)
    return A + B * solution.network.values(solution.theta.clone(), x)[:, 0]


# ---- estimators -------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class RandomStep(Estimator):
    """Central differences whose step is drawn."""

    def discretise(self, rows, dimension):
        return _Drawable(rows, dimension, 0.1)


class _Drawable(Discretisation):
    def __init__(self, rows, dimension, step):
        self.inner = pz.FiniteDifference(step=step).discretise(rows, dimension)
        self.given, self.rows, self.step = (rows, dimension), self.inner.rows, step
        self.evaluations_per_point = self.inner.evaluations_per_point

    def apply(self, field, x):
        return self.inner.apply(field, x)

    def drawn(self, generator):
        return _Drawable(*self.given, 0.01 + 0.1 * float(torch.rand((), generator=generator)))


def test_random_estimators_are_drawn_several_times():
    comparison = compare(estimators={"random": RandomStep()}, dtypes="float64", seed=5)
    (result,) = comparison.results
    assert result.draws == measure.DRAWS
    assert any("root mean square over 8 draws" in note for note in comparison.notes)
    source = generator(5, "draws")
    steps = [0.01 + 0.1 * float(torch.rand((), generator=source)) for _ in range(8)]
    single = [
        compare(estimators={"one": pz.FiniteDifference(step=s)}, dtypes="float64", seed=5).results[0] for s in steps
    ]
    for function in ("exact solution", "network"):
        expected = np.sqrt(np.mean([r.of(function).residual ** 2 for r in single]))
        assert result.of(function).residual == pytest.approx(expected, rel=1e-9)


def test_an_estimator_that_refuses_has_a_row_with_the_reason():
    comparison = compare("heat", {"low": pz.SmolyakStein(level=1), "odd": pz.SmolyakStein(level=2, growth="odd")})
    low, odd = result_of(comparison, "low"), result_of(comparison, "odd")
    assert "cannot see the derivative" in low.refusal
    assert (low.errors, odd.refusal) == ((), "")
    data = comparison.to_json()["estimators"][0]
    assert (data["seconds"], data["evaluations"], data["errors"]) == (None, None, {})
    assert "| low | float64 | refused |" in comparison.markdown()
    assert sum("cannot see the derivative" in note for note in comparison.notes) == 1
    assert comparison.status == "1 of 2 estimators were measured; refused: low."
    assert comparison.figure().legends


def test_nothing_but_refusals_can_still_be_shown():
    comparison = compare("heat", {"low": pz.SmolyakStein(level=1)})
    json.dumps(comparison.to_json(), allow_nan=False)
    comparison.figure()


def test_a_black_box_has_no_truth():
    box = pz.BlackBox(lambda theta, x: np.asarray(x)[:, :1] * float(theta[0]), torch.ones(1, dtype=torch.float64))
    with pytest.raises(SettingError, match="A black box cannot be compared on"):
        compare(network=box)


# ---- showing ----------------------------------------------------------------------------------------------


def test_json_is_plain_and_whole(heat):
    data = json.loads(json.dumps(heat.to_json(), allow_nan=False))
    assert set(data["terms"]) == {"Δu", "u_t"}
    assert [f["name"] for f in data["functions"]] == ["exact solution", "network"]
    names = [e["name"] for e in data["estimators"]]
    assert set(names) == {
        "smolyak", "paper", "smolyak-odd", "smolyak-nested", "finite-difference", "finite-difference-4", "monte-carlo",
        "random-directions", "autodiff",
    }  # fmt: skip
    assert len(names) == 2 * len(set(names))
    paper = next(e for e in data["estimators"] if e["name"] == "paper")
    assert {"type": "SmolyakStein", "level": 3, "sigma": 0.1, "growth": "linear"}.items() <= paper["estimator"].items()
    assert set(paper["errors"]["network"]["terms"]) == set(data["terms"])
    autodiff = next(e for e in data["estimators"] if e["name"] == "autodiff")
    assert autodiff["amplification"] is None
    assert data["crossover"]["sentence"].startswith("Against the faster of two ways")
    assert data["status"].startswith("All ")


def test_the_tables_say_it_all(heat):
    from rich.console import Console

    with open("/dev/null", "w") as nowhere:
        console = Console(width=180, record=True, file=nowhere)
        console.print(heat.table())
        text = console.export_text()
    for page in (text, heat.markdown()):
        for word in (
            "Δu",
            "u_t",
            "residual",
            "exact solution",
            "network",
            "evaluations",
            "MB",
            "sparse grid 3 (paper)",
        ):
            assert word in page
    assert "ms for D = | 2 | 3 |" in heat.markdown()
    assert "Σ\\|w\\|" in heat.markdown()


def test_the_figure(heat):
    figure = heat.figure()
    figure.draw_without_rendering()
    exact, network, times = figure.axes
    assert [panel.get_title() for panel in (exact, network)] == ["f: exact solution", "f: network"]
    assert times.get_xlabel() == "variables D"
    assert all(panel.get_xscale() == panel.get_yscale() == "log" for panel in figure.axes)
    labels = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert {"sparse grid (default): 7", "Δu", "u_t", "filled: float64", "hollow: float32"} <= set(labels)
    # The estimators stand apart, also those with as many evaluations.
    places = {round(float(line.get_xdata()[0]), 3) for line in exact.get_lines()}
    assert len(places) == 2 * len({r.name for r in heat.results})


def test_saving(tmp_path, heat):
    paths = heat.save(tmp_path / "new")
    assert [path.name for path in paths] == [f"compare-derivatives.{kind}" for kind in ("json", "md", "png")]
    assert json.loads(paths[0].read_text()) == heat.to_json()
    assert paths[1].read_text() == heat.markdown()
    assert imread(paths[2]).ndim == 3


def test_the_seed_fixes_the_errors(heat):
    names = ["smolyak", "random-directions"]
    again, other = compare("heat", names, seed=0), compare("heat", names, seed=1)
    for result, elsewhere in zip(again.results, other.results, strict=True):
        assert result.errors == result_of(heat, result.name, result.dtype).errors != elsewhere.errors


def test_progress_goes_to_standard_error_and_can_be_silent(capfd):
    compare(estimators=["smolyak"], points=10)
    assert capfd.readouterr() == ("", "")
    compare(estimators=["smolyak"], points=10, progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines()[0] == "Comparing derivatives: sparse grid (default), float64 (1 of 2)"


def test_an_interrupt_keeps_what_was_measured(monkeypatch):
    original, calls = measure.Bench.measure, []

    def interrupted(self, choice, source):
        calls.append(choice.name)
        if len(calls) > 2:
            raise KeyboardInterrupt
        return original(self, choice, source)

    monkeypatch.setattr(measure.Bench, "measure", interrupted)
    comparison = compare(dtypes="float64", dimensions=(2,))
    assert (len(comparison.results), comparison.crossover) == (2, None)
    assert "interrupted" in comparison.status
    comparison.figure()
    with pytest.raises(KeyboardInterrupt):
        compare()


def test_it_leaves_torch_as_it_was():
    threads = torch.get_num_threads()
    compare(estimators=["smolyak", "autodiff"], dimensions=[2])
    assert torch.get_num_threads() == threads
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()


# ---- wrong use --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"estimators": ["magic"]}, "There is no estimator 'magic' to compare; choose among smolyak, paper"),
        ({"estimators": []}, "estimators is empty"),
        ({"estimators": {"a": 3}}, "estimators holds 3 for 'a'"),
        ({"estimators": 3}, "estimators is 3: give names"),
        ({"points": 0}, "points is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"dtypes": "float16"}, "dtypes is 'float16': choose float64, float32 or both"),
        ({"dtypes": []}, "dtypes is"),
        ({"dtypes": 3}, "dtypes is 3"),
        ({"dimensions": [0]}, "dimensions is 0"),
        ({"dimensions": "2"}, "dimensions is '2'"),
        ({"solution": 3}, "solution is 3: pass a Solution"),
    ],
)
def test_wrong_use(settings, sentence):
    with pytest.raises(SettingError, match=sentence):
        compare(**settings)


def test_something_else_than_a_problem():
    with pytest.raises(DeclarationError, match="problem is 3"):
        compare(3)


def test_a_network_or_another_problem_beside_a_solution(solution):
    with pytest.raises(SettingError, match="network and solution were both given"):
        compare(solution=solution, network=pz.MLP())
    for other in ("heat", pz.problem("heat")):
        with pytest.raises(SettingError, match="solution is one of 'poisson-2d', not of 'heat'"):
            compare(other, solution=solution)


# ---- the command ------------------------------------------------------------------------------------------


def test_the_command_writes_everything_and_prints_json(tmp_path):
    result = command(
        "compare", "derivatives", "heat", *SMALL, "--set", "dimension=3", "--estimators", "default, paper",
        "--dtype", "float32", "--output", tmp_path, "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    (line,) = result.stdout.splitlines()
    data = json.loads(line)
    assert [(e["name"], e["dtype"]) for e in data["estimators"]] == [("smolyak", "float32"), ("paper", "float32")]
    assert (data["dimension"], data["crossover"]) == (4, None)
    assert json.loads((tmp_path / "compare-derivatives.json").read_text()) == data
    assert imread(tmp_path / "compare-derivatives.png").ndim == 3


def test_the_command_for_people_with_a_trained_network(tmp_path, solution):
    solution.save(tmp_path / "run")
    result = command(
        "compare", "derivatives", "--solution", tmp_path / "run", "--points", 20, "--dimensions", "2",
        "--estimators", "smolyak,autodiff", "--dtype", "float64", "--output", tmp_path / "out",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    for word in ("poisson-2d: derivatives", "sparse grid (default)", "trained for 4 steps", "ms for D ="):
        assert word in result.stdout
    assert result.stdout.splitlines()[-1] == str(tmp_path / "out" / "compare-derivatives.png")
    assert "Comparing derivatives: autodiff, float64 (2 of 3)" in result.stderr
    again = command("compare", "derivatives", "poisson-2d", "--solution", tmp_path / "run", *SMALL, "--json")
    assert again.exit_code == 0, again.output
    other = command("compare", "derivatives", "heat", "--solution", tmp_path / "run", *SMALL)
    assert other.exit_code == 2
    assert "is one of 'poisson-2d', not of 'heat'" in " ".join(other.stderr.split())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--estimators", "magic"), "There is no estimator 'magic' to compare; choose among smolyak"),
        (("--points", 0), "points is 0"),
        (("--dimensions", "2,x"), "--dimensions '2,x' is neither none nor whole numbers"),
        (("--dimensions", "0"), "dimensions is 0"),
        (("--dtype", "float16"), "float16"),
        (("--seed", -1), "seed is -1"),
        (("--solution", "/nowhere"), "/nowhere"),
        (("--solution", "/nowhere", "--set", "dimension=3"), "--set does not go with --solution"),
        (("--output", "/dev/null/x"), "The folder /dev/null/x cannot be written to"),
        (("--set", "size=3"), "has no setting 'size'"),
    ],
)
def test_wrong_use_of_the_command(options, sentence):
    result = command("compare", "derivatives", "poisson-2d", *SMALL, *options)
    assert result.exit_code == 2, result.output
    assert sentence in " ".join(result.stderr.split())
    assert result.stdout == ""
    assert isinstance(result.exception, SystemExit)


def test_an_unknown_problem():
    result = command("compare", "derivatives", "magic")
    assert result.exit_code == 2
    assert "There is no problem 'magic'" in " ".join(result.stderr.split())


def test_the_short_form_compares_trainers():
    short, long = (
        command("compare", *words, "poisson-2d", "--width", 8, "--points", 20, "--steps", 1, "--trainers", "rge",
                "--quiet", "--json")
        for words in ((), ("trainers",))
    )  # fmt: skip
    assert short.exit_code == long.exit_code == 0, short.output
    first, second = (json.loads(result.stdout)["trainers"][0] for result in (short, long))
    assert (first["name"], first["relative_l2"]) == (second["name"], second["relative_l2"])
    unknown = command("compare", "magic")
    assert unknown.exit_code == 2
    assert "There is no problem 'magic'" in " ".join(unknown.stderr.split())


def test_help_explains_all_forms():
    result = command("compare", "--help")
    assert result.exit_code == 0
    text = " ".join(result.output.replace("│", " ").split())
    for words in ("derivatives", "trainers", "'pinnzo compare PROBLEM' is short for 'pinnzo compare trainers PROBLEM'"):
        assert words in text

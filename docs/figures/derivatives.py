"""The figures and the numbers of the page on derivatives: ``python docs/figures/derivatives.py [--only NAME]``.

Writes docs/images/derivatives-NAME.png for each figure, and all numbers that the page quotes to
docs/figures/derivatives.json. Everything is seeded; on another machine the last digits may differ.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

import pinnzo as pz
from pinnzo.assembly import Assembly
from pinnzo.derivatives import Estimator, LinearOperator
from pinnzo.derivatives.evaluation import FunctionField, plain_sums
from pinnzo.derivatives.steps import balanced_steps
from pinnzo.derivatives.summed_grids import count_nodes
from pinnzo.settings import RunSettings

HERE = Path(__file__).resolve().parent
IMAGES, NUMBERS = HERE.parent / "images", HERE / "derivatives.json"
D = 21
ROOT3 = 3**0.5

Function = Callable[[torch.Tensor], torch.Tensor]

# Okabe & Ito, as in the comparisons of trainers; an estimator keeps its colour in all figures.
COLOURS = {
    "level 2, odd (default)": "#000000",
    "level 3, linear (paper)": "#D55E00",
    "level 3, odd": "#E69F00",
    "level 3, nested": "#CC79A7",
    "differences, order 4": "#0072B2",
    "Monte-Carlo": "#009E73",
    "random directions": "#56B4E9",
}
GREY = "#777777"
DEFAULT, PAPER, ODD, NESTED, FOURTH, SAMPLED, DIRECTIONS = COLOURS


def estimators(sigma: float, samples: int = 1024, directions: int = 16) -> dict[str, Estimator]:
    """One of each kind at the same σ: differences and directions get the step √3 σ, where the default has its nodes."""
    return {
        DEFAULT: pz.SmolyakStein(level=2, sigma=sigma, growth="odd"),
        PAPER: pz.SmolyakStein(level=3, sigma=sigma),
        ODD: pz.SmolyakStein(level=3, sigma=sigma, growth="odd"),
        NESTED: pz.SmolyakStein(level=3, sigma=sigma, growth="nested"),
        FOURTH: pz.FiniteDifference(step=ROOT3 * sigma, order=4),
        SAMPLED: pz.MonteCarloStein(samples=samples, sigma=sigma),
        DIRECTIONS: pz.RandomDirections(directions, step=ROOT3 * sigma),
    }


def is_random(estimator: Estimator) -> bool:
    return isinstance(estimator, (pz.MonteCarloStein, pz.RandomDirections))


def uniform(count: int, dimension: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, dimension, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def ridge(dimension: int, seed: int = 0) -> Function:
    """sin(a·x) with a ~ N(0, I)."""
    a = torch.randn(dimension, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return lambda x: torch.sin(x @ a.to(x))


def network(dimension: int, width: int = 64, seed: int = 1) -> Function:
    """A tanh network with two hidden layers, its first weights twice as large as at a usual start."""
    generator = torch.Generator().manual_seed(seed)

    def matrix(rows: int, columns: int, gain: float) -> torch.Tensor:
        return gain * torch.randn(rows, columns, generator=generator, dtype=torch.float64) / columns**0.5

    W1, W2, v = matrix(width, dimension, 2.0), matrix(width, width, 1.5), matrix(1, width, 1.0)
    b1, b2 = matrix(1, width, 2.0), matrix(1, width, 2.0)

    def values(x: torch.Tensor) -> torch.Tensor:
        hidden = torch.tanh(x @ W1.T.to(x) + b1.to(x))
        return (torch.tanh(hidden @ W2.T.to(x) + b2.to(x)) @ v.T.to(x))[:, 0]

    return values


def rms(values: torch.Tensor) -> float:
    return float(values.double().square().mean().sqrt())


def laplacian_error(estimator: Estimator, f: Function, points: torch.Tensor, draws: int = 20) -> float:
    """The rms error of the Laplacian over the rms of the exact one; of random estimators over several draws too."""
    exact = pz.Autodiff().laplacian(f, points.double())
    if not is_random(estimator):
        return rms(estimator.laplacian(f, points).double() - exact) / rms(exact)
    generator = torch.Generator().manual_seed(2)
    errors = [estimator.laplacian(f, points, generator=generator).double() - exact for _ in range(draws)]
    return rms(torch.stack(errors)) / rms(exact)


def noise_factor(estimator: Estimator, dimension: int, draws: int = 50) -> tuple[float, float]:
    """√Σw² and Σ|w| of the Laplacian's weights; for random estimators the rms and the mean over draws."""
    found = estimator.discretise([LinearOperator.laplacian(range(dimension))], dimension)
    generator = torch.Generator().manual_seed(3)
    several: Sequence[Any] = [found.drawn(generator) for _ in range(draws)] if is_random(estimator) else [found]
    squares = [float(one.weights.square().sum()) for one in several]
    sums = [float(one.weights.abs().sum()) for one in several]
    return float(np.mean(squares)) ** 0.5, float(np.mean(sums))


def panels(count: int, height: float = 4.2, width: float = 10.0, **shared: Any) -> tuple[Figure, list[Any]]:
    figure = Figure(figsize=(width, height), layout="constrained")
    found: Any = figure.subplots(1, count, squeeze=False, **shared)
    return figure, list(found[0])


def legend_below(figure: Figure, panel: Any, columns: int) -> None:
    handles, labels = panel.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=9)


def draw_nodes() -> tuple[Figure, dict[str, Any]]:
    """The nodes of ∂₁² + ∂₂² in two variables: areas show |w|, colours the sign. What is not drawn is not evaluated."""
    shown: dict[str, Estimator] = {
        "level 2, odd\n(default)": pz.SmolyakStein(level=2, sigma=1.0, growth="odd"),
        "level 3, linear\n(paper)": pz.SmolyakStein(level=3, sigma=1.0),
        "level 3,\nnested": pz.SmolyakStein(level=3, sigma=1.0, growth="nested"),
        "Monte-Carlo,\n64 samples": pz.MonteCarloStein(samples=64, sigma=1.0, seed=3),
        "1 random\ndirection": pz.RandomDirections(1, step=ROOT3),
    }
    figure, axes = panels(len(shown), height=3.6, width=12.0, sharey=True)
    numbers = {}
    for panel, (name, estimator) in zip(axes, shown.items(), strict=True):
        stencil: Any = estimator.discretise([LinearOperator.laplacian(range(2))], 2)
        weights, nodes = stencil.weights[:, 0].numpy(), stencil.nodes.numpy()
        area = 25 + 300 * np.abs(weights) / np.abs(weights).max()
        colour = np.where(weights < 0, COLOURS[PAPER], COLOURS[FOURTH])
        panel.scatter(*nodes.T, s=area, c=colour, alpha=0.75, linewidths=0)
        panel.set_title(f"{name}\n{len(nodes)} nodes", fontsize=9)
        panel.set(xlim=(-3.6, 3.6), ylim=(-3.6, 3.6), aspect="equal", xlabel="$\\delta_1/\\sigma$")
        panel.grid(alpha=0.25)
        numbers[name.replace("\n", " ")] = len(nodes)
    axes[0].set_ylabel("$\\delta_2/\\sigma$")
    for label, key in (("$w_j < 0$", PAPER), ("$w_j > 0$", FOURTH)):
        axes[0].scatter([], [], s=60, c=COLOURS[key], linewidths=0, label=label)
    legend_below(figure, axes[0], 2)
    return figure, numbers


def draw_orders() -> tuple[Figure, dict[str, Any]]:
    """Error of the Laplacian against the step for all estimators, in three variables and float64.

    Shows the orders 2 and 4, the floor of rounding on the left, and that of sampling for random estimators.
    """
    dimension, points = 3, uniform(50, 3)
    f = ridge(dimension)
    sigmas = np.logspace(-5, -0.3, 48)
    smooth = pz.SmolyakStein(level=4, sigma=0.1)
    names: dict[str, Callable[[float], Estimator]] = {
        DEFAULT: lambda s: estimators(s)[DEFAULT],
        "differences, order 2": lambda s: pz.FiniteDifference(step=ROOT3 * s),
        PAPER: lambda s: estimators(s)[PAPER],
        "level 4, linear": lambda s: replace(smooth, sigma=s),
        FOURTH: lambda s: estimators(s)[FOURTH],
        SAMPLED: lambda s: estimators(s, samples=1024)[SAMPLED],
        DIRECTIONS: lambda s: estimators(s, directions=2)[DIRECTIONS],
    }
    looks = {
        "differences, order 2": {"color": "#F0E442", "linestyle": (0, (3, 3)), "linewidth": 1.6, "zorder": 5},
        "level 4, linear": {"color": COLOURS[PAPER], "linestyle": (0, (5, 1.5, 1, 1.5))},
        DEFAULT: {"color": COLOURS[DEFAULT], "linewidth": 3.0},
    }
    labels = {SAMPLED: "Monte-Carlo, 1,024 samples", DIRECTIONS: "2 random directions"}
    figure, (panel,) = panels(1, height=5.0, width=8.0)
    numbers: dict[str, Any] = {"slopes": {}, "errors at sigma 0.01": {}, "best": {}}
    for name, make in names.items():
        errors = [laplacian_error(make(s), f, points) for s in sigmas]
        look = {"color": COLOURS.get(name), "linewidth": 1.8} | looks.get(name, {})
        panel.plot(sigmas, errors, label=labels.get(name, name), **look)
        if name not in labels:
            s = np.array([0.02, 0.08])
            ends = [laplacian_error(make(v), f, points) for v in s]
            numbers["slopes"][name] = math.log(ends[1] / ends[0]) / math.log(s[1] / s[0])
            k = int(np.argmin(errors))
            numbers["best"][name] = {"sigma": float(sigmas[k]), "error": errors[k]}
        numbers["errors at sigma 0.01"][name] = laplacian_error(make(0.01), f, points)
    # σ²/2 ΔΔf for the ridge function is −|a|² σ²/2 times the Laplacian.
    squared = float(
        torch.randn(dimension, generator=torch.Generator().manual_seed(0), dtype=torch.float64).square().sum()
    )
    panel.plot(sigmas, sigmas**2 * squared / 2, ":", color=GREY, label="$\\sigma^2\\Delta^2 f/2$", zorder=6)
    numbers["predicted bias at sigma 0.01"] = 1e-4 * squared / 2
    panel.plot(sigmas, 2e-16 / sigmas**2, "--", color=GREY, linewidth=1, label="$\\varepsilon/\\sigma^2$")
    panel.set(xscale="log", yscale="log", xlabel="$\\sigma$  (differences and directions: step $\\sqrt{3}\\,\\sigma$)")
    panel.set(ylabel="relative rms error of the Laplacian", ylim=(1e-13, 5), xlim=(sigmas[0], sigmas[-1]))
    panel.text(0.045, 6e-7, "slope 4", fontsize=9, color=COLOURS[FOURTH])
    panel.text(1.3e-3, 3.5e-8, "slope 2", fontsize=9)
    panel.grid(alpha=0.25)
    legend_below(figure, panel, 3)
    return figure, numbers


def draw_single() -> tuple[Figure, dict[str, Any]]:
    """Error of the Laplacian against the step in both precisions, 21 variables; dots are the steps of "auto"."""
    points = uniform(100, D)
    f = network(D)
    steps = np.logspace(-4.3, 0, 40)
    ways: dict[str, tuple[Callable[[float], Estimator], int]] = {
        DEFAULT: (lambda h: pz.SmolyakStein(level=2, sigma=h / ROOT3, growth="odd"), 2),
        PAPER: (lambda h: pz.SmolyakStein(level=3, sigma=h / ROOT3), 2),
        FOURTH: (lambda h: pz.FiniteDifference(step=h, order=4), 4),
    }
    figure, (panel,) = panels(1, height=4.8, width=8.0)
    numbers: dict[str, Any] = {}
    row = [LinearOperator.laplacian(range(D))]
    for name, (make, accuracy) in ways.items():
        for dtype, style in ((torch.float32, (0, (4, 1.5))), (torch.float64, "-")):
            x = points.to(dtype)
            errors = [laplacian_error(make(h), f, x) for h in steps]
            label = name if dtype == torch.float64 else None
            panel.plot(steps, errors, color=COLOURS[name], linestyle=style, linewidth=1.8, label=label)
            auto = balanced_steps(row, [(0.0, 1.0)], dtype, accuracy)[0]
            at_auto = laplacian_error(make(auto), f, x)
            panel.plot(auto, at_auto, "o", color=COLOURS[name], markersize=8, markeredgecolor="white", zorder=5)
            k = int(np.argmin(errors))
            numbers[f"{name}, {str(dtype)[6:]}"] = {
                "auto step": auto, "error at auto": at_auto, "best step": float(steps[k]), "best error": errors[k],
            }  # fmt: skip
    panel.plot([], [], "-", color=GREY, label="solid: float64")
    panel.plot([], [], linestyle=(0, (4, 1.5)), color=GREY, label="dashed: float32")
    panel.plot([], [], "o", color=GREY, markersize=8, label='step "auto"')
    panel.set(xscale="log", yscale="log", xlabel="step $h$  (sparse grids: $h = \\sqrt{3}\\,\\sigma$)")
    panel.set(ylabel="relative rms error of the Laplacian", ylim=(1e-11, 1e2), xlim=(steps[0], steps[-1]))
    panel.grid(alpha=0.25)
    legend_below(figure, panel, 3)
    return figure, numbers


def draw_noise() -> tuple[Figure, dict[str, Any]]:
    """Error of the Laplacian in 21 variables when each evaluation is off by an independent relative η.

    Lines are measured on a ridge function; dotted is η √Σw² rms f, which leaves bias and sampling out.
    """
    points = uniform(50, D)
    f = ridge(D)
    exact = pz.Autodiff().laplacian(f, points)
    size = rms(f(points))
    sigmas = np.logspace(-2.5, 0, 16)
    figure, axes = panels(2, height=5.0, sharey=True)
    numbers: dict[str, Any] = {"factors at sigma 0.1": {}, "best": {}}
    labels = {SAMPLED: "Monte-Carlo, 1,024 samples", DIRECTIONS: "16 random directions"}
    for panel, eta in zip(axes, (1e-2, 1e-4), strict=True):
        numbers["best"][f"eta {eta:g}"] = best = {}
        for name, colour in COLOURS.items():
            noise, draws = torch.Generator().manual_seed(4), torch.Generator().manual_seed(5)

            def noisy(x: torch.Tensor, eta: float = eta, noise: torch.Generator = noise) -> torch.Tensor:
                return f(x) * (1 + eta * torch.randn(len(x), generator=noise, dtype=x.dtype))

            errors = []
            for sigma in sigmas:
                estimator = estimators(float(sigma))[name]
                generator, repeats = (draws, 12) if is_random(estimator) else (None, 4)
                off = [estimator.laplacian(noisy, points, generator=generator) - exact for _ in range(repeats)]
                errors.append(rms(torch.stack(off)) / rms(exact))
            root, _ = noise_factor(estimators(1.0)[name], D)
            panel.plot(sigmas, errors, color=colour, linewidth=1.8, label=labels.get(name, name))
            panel.plot(sigmas, eta * size * root / sigmas**2 / rms(exact), ":", color=colour, linewidth=1)
            k = int(np.argmin(errors))
            best[name] = {"sigma": float(sigmas[k]), "error": errors[k]}
        panel.axhline(1.0, color=GREY, linewidth=0.8)
        panel.set(xscale="log", yscale="log", xlabel="$\\sigma$", ylim=(2e-4, 1e3), xlim=(sigmas[0], sigmas[-1]))
        panel.set_title(f"noise $\\eta = 10^{{{round(math.log10(eta))}}}$", fontsize=10)
        panel.grid(alpha=0.25)
    axes[0].set_ylabel("relative rms error of the Laplacian")
    axes[0].plot([], [], ":", color=GREY, label="dotted: noise alone")
    for name, estimator in estimators(0.1).items():
        root, total = noise_factor(estimator, D)
        numbers["factors at sigma 0.1"][name] = {"root of sum of squares": root, "sum of moduli": total}
    legend_below(figure, axes[0], 4)
    return figure, numbers


def draw_evaluations() -> tuple[Figure, dict[str, Any]]:
    """Error of the Laplacian in 21 variables against evaluations at a point, at steps of 0.1 (√3 σ = 0.1)."""
    points, sigma = uniform(50, D), 0.1 / ROOT3
    kinds = estimators(sigma)
    fixed = {name: kinds[name] for name in (DEFAULT, PAPER, ODD, NESTED, FOURTH)}
    marks = dict(zip(fixed, "osD^v", strict=True))
    fewer = [1, 2, 4, 8, 16, 20, 21]
    series: dict[str, tuple[list[Estimator], str, Any]] = {
        "random directions, Rademacher": ([pz.RandomDirections(v, 0.1) for v in fewer], COLOURS[DIRECTIONS], "-"),
        "random directions, Gaussian": (
            [pz.RandomDirections(v, 0.1, "gaussian") for v in fewer], COLOURS[DIRECTIONS], "--",
        ),
        "random directions, coordinates": (
            [pz.RandomDirections(v, 0.1, "coordinates") for v in fewer], COLOURS[DIRECTIONS], ":",
        ),
        "Monte-Carlo": ([pz.MonteCarloStein(4**k, sigma) for k in range(1, 7)], COLOURS[SAMPLED], "-"),
    }  # fmt: skip
    figure, axes = panels(2, height=5.2, sharey=True)
    numbers: dict[str, Any] = {}
    for panel, (title, f) in zip(
        axes, ((r"ridge function $\sin(a\cdot x)$", ridge(D)), ("tanh network", network(D))), strict=True
    ):
        numbers[title.split(" ")[0]] = found = {}
        for name, (members, colour, style) in series.items():
            counts = [m.discretise([LinearOperator.laplacian(range(D))], D).evaluations_per_point for m in members]
            errors = [laplacian_error(m, f, points, draws=50) for m in members]
            panel.plot(counts, errors, marker=".", color=colour, linestyle=style, linewidth=1.6, label=name)
            found[name] = dict(zip(map(str, counts), errors, strict=True))
        for name, estimator in fixed.items():
            count = estimator.discretise([LinearOperator.laplacian(range(D))], D).evaluations_per_point
            error = laplacian_error(estimator, f, points)
            panel.plot(
                count, error, marks[name], color=COLOURS[name], markersize=7, linestyle="none", label=name, zorder=5
            )
            found[name] = {str(count): error}
            found[f"{name}, sigma 0.1"] = laplacian_error(estimators(0.1)[name], f, points)
        panel.set_title(title, fontsize=10)
        panel.set(xscale="log", yscale="log", xlabel="evaluations at a point")
        panel.grid(alpha=0.25)
    axes[0].set_ylabel("relative rms error of the Laplacian")
    legend_below(figure, axes[0], 3)
    return figure, numbers


def counts() -> dict[str, Any]:
    """Node counts, Σ|w| of the quadrature, the nodes that HJB needs, and leading errors of the Laplacian."""
    growths = ("linear", "odd", "nested")
    numbers: dict[str, Any] = {"nodes": {}, "quadrature, sum of moduli": {}, "hjb": {}, "leading error": {}}
    for growth in growths:
        numbers["nodes"][growth] = [count_nodes(level, growth, D) for level in range(1, 6)]
        for level in (2, 3, 4):
            weights = pz.SmolyakStein(level, 1.0, growth).stencil(D).weights({})
            numbers["quadrature, sum of moduli"][f"{growth}, level {level}"] = float(weights.abs().sum())
    hjb = [LinearOperator.laplacian(range(20))] + [LinearOperator.derivative(((axis, 1),)) for axis in range(D)]
    for name, estimator in estimators(0.1).items():
        if not isinstance(estimator, pz.RandomDirections):
            numbers["hjb"][name] = estimator.discretise(hjb, D).evaluations_per_point
    directions = pz.RandomDirections(16, step=0.1)
    numbers["hjb"]["16 random directions"] = directions.discretise(
        [hjb[0], hjb[-1]], D, [tuple(range(20))]
    ).evaluations_per_point
    # The Laplacian's weights on δ_1⁴/24 and δ_1²δ_2²/4: the factors of σ² Σ ∂_i⁴ and of σ² Σ_{i<j} ∂_i²∂_j².
    for dimension in (3, D):
        for level in (2, 3, 4):
            for growth in growths if level > 2 else ("odd",):
                found: Any = pz.SmolyakStein(level, 1.0, growth).discretise(
                    [LinearOperator.laplacian(range(dimension))], dimension
                )
                z, w = found.nodes, found.weights[:, 0]
                pure, mixed = (w * z[:, 0] ** 4).sum() / 24, (w * z[:, 0] ** 2 * z[:, 1] ** 2).sum() / 4
                numbers["leading error"][f"D = {dimension}, level {level}, {growth}"] = [float(pure), float(mixed)]
    return numbers


def variances() -> dict[str, Any]:
    """Variances of the Laplacian of a quadratic in 12 variables over 10,000 draws, against the formulas.

    Four random directions of each kind, and four antithetic Monte-Carlo samples.
    """
    generator = torch.Generator().manual_seed(0)
    n, V, at = 12, 4, torch.zeros(1, 12, dtype=torch.float64)
    H = torch.randn(n, n, generator=generator, dtype=torch.float64)
    H = H + H.T
    trace, diagonal, total = float(H.trace()), float(H.diag().square().sum()), float(H.square().sum())
    left = (n - V) / (n - 1)
    formulas: dict[str, tuple[Estimator, float]] = {
        "rademacher": (pz.RandomDirections(V, 0.1, "rademacher"), 2 * (total - diagonal) / V),
        "gaussian": (pz.RandomDirections(V, 0.1, "gaussian"), 2 * total / V),
        "coordinates": (pz.RandomDirections(V, 0.1, "coordinates"), (n * diagonal - trace**2) / V * left),
        "Monte-Carlo": (pz.MonteCarloStein(V, 0.1), ((n + 12) / 2 * (trace**2 + 2 * total) - trace**2) / V),
    }
    numbers = {}
    for name, (estimator, formula) in formulas.items():
        found: Any = estimator.discretise([LinearOperator.laplacian(range(n))], n)
        draws = []
        for _ in range(10_000):
            found = found.drawn(generator)
            draws.append(found.apply(FunctionField(lambda x: 0.5 * (x @ H * x).sum(1)), at))
        numbers[name] = {"formula": formula, "measured": float(torch.stack(draws).var())}
    return numbers


def single_precision() -> dict[str, Any]:
    """HJB in float32: rms errors of Δu and of the residual, derivatives of the whole u against those of f alone.

    First at the exact solution, f ≡ 1, then at a trained network, whose rounding is not that of a constant. Errors are
    differences to the same stencil in float64, so that its truncation is not in them.
    """
    trained = pz.solve("hjb", network=pz.TensorTrainMLP(width=32), budget=pz.Budget(steps=5), progress=False)
    fields: dict[str, tuple[Any, torch.Tensor]] = {
        "f = 1": (pz.BlackBox(lambda theta, x: torch.ones_like(x[:, 0]), torch.zeros(1)), torch.zeros(1)),
        "trained f": (pz.TensorTrainMLP(width=32), trained.theta.double()),
    }
    auto = balanced_steps([LinearOperator.laplacian(range(20))], [(0.0, 1.0)], torch.float32)[0] / ROOT3
    ways = {name: estimators(0.1)[name] for name in (DEFAULT, PAPER, ODD, NESTED, SAMPLED)}
    ways["default, auto step"] = pz.SmolyakStein(level=2, sigma=auto, growth="odd")
    numbers: dict[str, Any] = {"trained, relative L2": trained.error().relative_l2, "auto sigma": auto}
    paper: Any = estimators(0.1)[PAPER].discretise([LinearOperator.laplacian(range(20))], D)
    field, x = FunctionField(lambda y: y[:, :20].sum(1) + (1 - y[:, 20])), uniform(1000, D).float()
    plain = plain_sums(field, x, paper.nodes.float(), paper.weights.float())
    numbers["paper's rule at f = 1 without subtracting u(x) first"] = rms(plain)
    for title, (settings, theta) in fields.items():
        numbers[title] = {}
        for name, estimator in ways.items():
            numbers[title][name] = {
                estimate: _rounding_of_hjb(settings, theta, estimator, estimate) for estimate in ("solution", "network")
            }
    return numbers


def _rounding_of_hjb(network: Any, theta: torch.Tensor, estimator: Estimator, estimate: str) -> dict[str, float]:
    laplacians, residuals = [], []
    for dtype in (torch.float32, torch.float64):
        settings = RunSettings(
            network=network, derivatives=estimator, dtype=str(dtype)[6:], estimate=estimate, points=1000
        )
        assembly = Assembly(pz.problem("hjb"), settings)
        objective, x = assembly.objective, uniform(1000, D).to(dtype)
        objective.draw(assembly.generator("points"))
        bound = assembly.network.bind(theta.to(dtype)[None])

        def f(y: torch.Tensor, bound: Any = bound) -> torch.Tensor:
            return bound.values(y)[0, :, 0]

        def u(y: torch.Tensor, f: Function = f) -> torch.Tensor:
            return y[:, :20].sum(1) + (1 - y[:, 20]) * f(y)

        with torch.inference_mode():
            residuals.append(objective.residuals(theta.to(dtype)[None])[0] * len(x) ** 0.5)
            if estimate == "solution":
                laplacians.append(estimator.laplacian(u, x, range(20)))
            else:
                laplacians.append((1 - x[:, 20]) * estimator.laplacian(f, x, range(20)))
    return {
        "rms error of the Laplacian": rms(laplacians[0].double() - laplacians[1]),
        "rms of the residual, float32": rms(residuals[0]),
        "rms of the residual, float64": rms(residuals[1]),
    }


def beyond() -> dict[str, Any]:
    """Relative errors where the default gets expensive: 1,000 variables, and the biharmonic operator in 21."""
    points, f, many = uniform(20, 1000), network(1000), LinearOperator.laplacian(range(1000))
    kinds: dict[str, Any] = {
        "default": pz.SmolyakStein(level=2, sigma=0.1 / ROOT3, growth="odd"),
        "16 Rademacher": pz.RandomDirections(16, 0.1),
        "16 coordinates": pz.RandomDirections(16, 0.1, "coordinates"),
        "Monte-Carlo, 1,024 samples": pz.MonteCarloStein(1024, 0.1 / ROOT3),
    }
    laplacian = {
        name: {
            "evaluations": kind.discretise([many], 1000).evaluations_per_point,
            "error": laplacian_error(kind, f, points),
        }
        for name, kind in kinds.items()
    }
    # Δ² sin(a·x) = |a|⁴ sin(a·x), and here |a|² = 4.
    a = torch.randn(D, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    a, points, row = 2 * a / a.norm(), uniform(50, D), LinearOperator.biharmonic(range(D))
    exact, step, fourth = 16 * torch.sin(points @ a), 0.1, {}
    for name, kind in {
        "level 3, odd": pz.SmolyakStein(level=3, sigma=step / ROOT3, growth="odd"),
        "differences, order 2": pz.FiniteDifference(step=step),
        "16 Gaussian directions": pz.RandomDirections(16, step, "gaussian"),
        "256 Gaussian directions": pz.RandomDirections(256, step, "gaussian"),
    }.items():
        generator = torch.Generator().manual_seed(2)
        draws = [
            kind.operators(lambda x: torch.sin(x @ a), points, [row], generator=generator)[0] - exact
            for _ in range(20 if is_random(kind) else 1)
        ]
        count: Any = kind.discretise([row], D)
        fourth[name] = {"evaluations": count.evaluations_per_point, "error": rms(torch.stack(draws)) / rms(exact)}
    return {"Laplacian, 1,000 variables": laplacian, "biharmonic, 21 variables": fourth}


def training() -> dict[str, Any]:
    """Relative L2 errors of short runs of Levenberg–Marquardt with multiples of the balanced step, seed 0."""
    numbers: dict[str, Any] = {}
    for name, steps in (("poisson-2d", 60), ("heat", 60), ("hjb", 20)):
        problem = pz.problem(name)
        for dtype in ("float64", "float32"):
            chosen: Any = Assembly(problem, RunSettings(dtype=dtype)).estimator
            for factor in (0.3, 1.0, 3.0, 10.0):
                scaled = replace(chosen, sigma=tuple(factor * s for s in chosen.sigma))
                budget = pz.Budget(steps=steps)
                run = pz.solve(problem, derivatives=scaled, dtype=dtype, budget=budget, progress=False)
                numbers.setdefault(f"{name}, {dtype}", {})[str(factor)] = run.error().relative_l2
    return numbers


FIGURES: dict[str, Callable[[], tuple[Figure, dict[str, Any]]]] = {
    "nodes": draw_nodes,
    "orders": draw_orders,
    "single": draw_single,
    "noise": draw_noise,
    "evaluations": draw_evaluations,
}
TABLES: dict[str, Callable[[], dict[str, Any]]] = {
    "counts": counts,
    "variances": variances,
    "single-precision": single_precision,
    "beyond": beyond,
    "training": training,
}


def rounded(value: Any) -> Any:
    """Numbers to four digits: what a page quotes, and what another machine gives too."""
    if isinstance(value, dict):
        return {key: rounded(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(v) for v in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def main() -> None:
    """Write what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=[*FIGURES, *TABLES], help="one figure or table instead of all")
    only = parser.parse_args().only
    numbers = json.loads(NUMBERS.read_text()) if NUMBERS.exists() else {}
    IMAGES.mkdir(exist_ok=True)
    for name in [only] if only else [*FIGURES, *TABLES]:
        start = time.perf_counter()
        if name in FIGURES:
            figure, numbers[name] = FIGURES[name]()
            figure.savefig(IMAGES / f"derivatives-{name}.png", dpi=96, pil_kwargs={"optimize": True})
        else:
            numbers[name] = TABLES[name]()
        print(f"{name}: {time.perf_counter() - start:.1f} s", file=sys.stderr)
        NUMBERS.write_text(json.dumps(rounded(numbers), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

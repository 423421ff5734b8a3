"""Networks without a backward, noisy ones and failing ones, trained to the end."""

import numpy as np
import pytest
import sympy as sp
import torch
from torch import nn

import pinnzo as pz
from pinnzo.derivatives import Estimator
from pinnzo.errors import AnswerError, BlackBoxError, SettingError
from pinnzo.training.base import perturbation_for

x = sp.Symbol("x", real=True)
u = sp.Function("u")(x)


def line(**settings):
    """u'' = −π² sin πx on (0, 1), u = 0 at both ends."""
    equation = sp.Eq(u.diff(x, 2), -(sp.pi**2) * sp.sin(sp.pi * x))
    return pz.Problem(equation, pz.Box({x: (0, 1)}), [pz.Boundary(u, 0)], exact=sp.sin(sp.pi * x), **settings)


class NoWayBack(torch.autograd.Function):
    """A tanh whose backward raises."""

    @staticmethod
    def forward(ctx, value):
        return torch.tanh(value)

    @staticmethod
    def backward(ctx, gradient):
        raise NotImplementedError("light goes one way")


class Tanh(nn.Module):
    def forward(self, value):
        return NoWayBack.apply(value)


class Rounded(nn.Module):
    """A layer whose values are rounded to 2⁻¹⁶, as an analogue-to-digital converter does; its gradient is zero."""

    def forward(self, value):
        return torch.round(value * 65536) / 65536


class Outside(nn.Module):
    """A layer that NumPy computes."""

    def forward(self, value):
        return torch.from_numpy(np.multiply(2.0, value.detach().numpy()))


def module(*layers):
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(1, 8), *layers, nn.Linear(8, 1)).double()


MODULES = {"raises": lambda: module(Tanh()), "outside": lambda: nn.Sequential(module(nn.Tanh()), Outside()),
           "rounded": lambda: nn.Sequential(module(nn.Tanh()), Rounded())}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "trainer", "steps", "share"),
    [
        *((kind, pz.LevenbergMarquardt(step_size=0.05), 20, 0.01) for kind in MODULES),
        ("raises", pz.HybridZO(), 150, 0.3),
    ],
)
def test_a_module_without_backward_trains_as_it_is(kind, trainer, steps, share):
    settings = {"derivatives": pz.FiniteDifference(step=0.05), "points": 40, "progress": False}
    net = MODULES[kind]()
    before = [p.detach().clone() for p in net.parameters()]
    solution = pz.solve(line(), network=net, trainer=trainer, budget=pz.Budget(steps=steps), **settings)
    error = solution.error()
    # Rounded values leave steps of 2⁻¹⁶/h² = 6e-3 in a residual of ten: no hindrance.
    assert error.relative_l2 < share * error.zero_network
    assert solution.loss < share * solution.history[0].validation
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))


@pytest.mark.parametrize("trainer", [pz.FirstOrder(), pz.LBFGS()], ids=["first-order", "lbfgs"])
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (
            "raises",
            r"which failed \(NotImplementedError: light goes one way\): take a trainer that needs forward passes",
        ),
        ("outside", "carries no autograd graph"),
        ("rounded", "is zero in all parameters, at a loss of .* Operations such as rounding"),
    ],
)
def test_back_propagation_says_what_is_missing(trainer, kind, words):
    with pytest.raises(SettingError, match=f"^{type(trainer).__name__}.*{words}"):
        pz.solve(line(), network=MODULES[kind](), trainer=trainer, budget=pz.Budget(steps=3), progress=False)


# Failing black boxes


def tanh_layer(theta, points):
    """Eight tanh units, as NumPy sees them: 24 parameters."""
    a, b, c = theta.reshape(3, 8)
    return np.tanh(points @ a[None] + b) @ c


THETA = np.random.default_rng(0).normal(size=24)


class Broken:
    """Works for so many calls, then in a way of its own."""

    def __init__(self, calls, how):
        self.left, self.how = calls, how

    def __call__(self, theta, points):
        self.left -= 1
        return tanh_layer(theta, points) if self.left >= 0 else self.how(theta, points)


def lost(theta, points):
    raise ConnectionError("no carrier")


ENDS = {
    "raises": (lost, "The black box Broken failed with ConnectionError: no carrier. It was tried 2 times."),
    "nan": (lambda t, p: np.full(len(p), np.nan), "The black box Broken returned NaN or infinity at "),
    "shape": (lambda t, p: np.zeros(3), "The black box Broken returned shape (3,) for "),
    "outputs": (lambda t, p: np.zeros((len(p), 2)), "The black box Broken returned 2 outputs, but 1 at first."),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_black_box_that_breaks_ends_the_run_with_the_best_so_far(tmp_path, end, monkeypatch):
    monkeypatch.setattr("pinnzo.networks.patience.FIRST_PAUSE", 1e-3)
    how, words = ENDS[end]
    settings = {"points": 20, "progress": False, "budget": pz.Budget(steps=12)}
    # The first query counts the outputs; a step takes 1 + 24 + 4 in 8 parts at most, a validation some more.
    broken = pz.BlackBox(Broken(150, how), THETA, numpy=True, retries=1)
    seen = []
    solution = pz.solve(
        line(), network=broken, checkpoint=tmp_path, history=tmp_path / "h.jsonl",
        callbacks=[lambda state: seen.append(state.best_loss)], **settings,
    )  # fmt: skip
    assert 0 < solution.steps < 12
    assert solution.status.startswith(words)
    assert f"The run ended after {solution.steps} steps; the best parameters so far are kept." in solution.status
    assert solution.loss == seen[-1] < 100
    assert (tmp_path / "h.jsonl").read_text() == solution.history.to_json_lines()
    # With a device that works again the run is that which was not interrupted.
    whole = pz.BlackBox(tanh_layer, THETA, numpy=True)
    resumed = pz.resume(tmp_path, network=whole, progress=False)
    assert resumed.history.same_run(pz.solve(line(), network=whole, **settings).history)


def test_a_black_box_that_never_works_is_an_error(tmp_path):
    settings = {"points": 20, "progress": False, "budget": pz.Budget(steps=2)}
    with pytest.raises(BlackBoxError, match="The black box Broken failed"):
        pz.solve(line(), network=pz.BlackBox(Broken(0, lost), THETA, numpy=True), **settings)
    with pytest.raises(AnswerError, match=r"returned shape \(3,\)"):
        pz.solve(line(), network=pz.BlackBox(Broken(5, ENDS["shape"][0]), THETA, numpy=True), **settings)


def test_a_black_box_that_breaks_at_the_end_keeps_the_reason_to_stop():
    fail_at_the_end = []

    def values(theta, points):
        if fail_at_the_end:
            raise ConnectionError
        return tanh_layer(theta, points)

    def last(state):
        if state.trainer.step == 3:
            fail_at_the_end.append(True)
            return "Lunch."
        return None

    box = pz.BlackBox(values, THETA, numpy=True)
    solution = pz.solve(line(), network=box, callbacks=[last], points=20, progress=False)
    assert solution.status.startswith("Lunch.")
    assert "ConnectionError" in solution.status or solution.history[-1].validation == solution.loss


# Noise


def test_steps_grow_with_the_noise_of_a_black_box():
    def steps(noise, **settings):
        box = pz.BlackBox(tanh_layer, THETA, numpy=True, noise=noise)
        solution = pz.solve(line(), network=box, points=5, budget=pz.Budget(steps=1), progress=False, **settings)
        return solution._assembly.estimator, solution.settings.trainer

    estimator, trainer = steps(1e-4)
    # h = η^(1/4) = 0.1, of which σ = h/√3; ρ = η/(2h)² = 2.5e-3.
    assert estimator.sigma == pytest.approx((0.1 / 3**0.5,))
    assert trainer.step_size == pytest.approx(0.05)
    assert steps(1e-4, trainer=pz.LevenbergMarquardt(central=True))[1].step_size == pytest.approx(0.0025 ** (1 / 3))
    given = steps(1e-4, trainer=pz.LevenbergMarquardt(step_size=0.3), derivatives=pz.FiniteDifference(step=0.11))
    assert (given[0].step, given[1].step_size) == (0.11, 0.3)
    assert steps(1e-4, derivatives=pz.RandomDirections(1, step="auto"))[0].step == pytest.approx((0.1,))
    assert steps(1e-4, derivatives=pz.FiniteDifference(step="auto", order=4))[0].step == pytest.approx(
        (1e-4 ** (1 / 6),)
    )
    hybrid = steps(1e-4, trainer=pz.HybridZO())[1]
    assert hybrid.second.gradient.step == pytest.approx(0.05)
    assert hybrid.first == pz.HybridZO().first
    # Noise below that of rounding changes nothing, and no noise leaves the default.
    assert steps(None)[1].step_size is None
    assert steps(1e-20)[0] == steps(None)[0]


def test_an_estimator_of_ones_own_need_not_know_of_noise():
    class Mine(pz.FiniteDifference):
        def fitted(self, rows, scale, dtype):
            return self

    box = pz.BlackBox(tanh_layer, THETA, numpy=True)
    solution = pz.solve(line(), network=box, derivatives=Mine(0.1), points=5, budget=pz.Budget(steps=1), progress=False)
    assert isinstance(solution._assembly.estimator, Estimator)


@pytest.mark.parametrize("central", [False, True])
@pytest.mark.parametrize("noise", [1e-2, 1e-4])
def test_the_perturbation_is_about_the_best(noise, central):
    """Of the slope of sin θ + cos θ: neither a third nor three times the step is much better."""
    generator = np.random.default_rng(0)
    theta = generator.uniform(0, 2 * np.pi, 4000)

    def error(step):
        def value(shift):
            return np.sin(theta + shift) + np.cos(theta + shift) + noise * generator.normal(size=len(theta))

        slope = (value(step) - value(-step)) / (2 * step) if central else (value(step) - value(0)) / step
        return np.sqrt(np.mean((slope - np.cos(theta) + np.sin(theta)) ** 2))

    chosen = perturbation_for(noise, central)
    best = min(error(factor * chosen) for factor in (0.1, 0.3, 0.5, 1.0, 2.0, 3.0, 10.0))
    assert error(chosen) < 1.5 * best
    assert error(0.1 * chosen) > 2 * error(chosen)
    assert error(10 * chosen) > 2 * error(chosen)


def test_the_stated_noise_makes_a_noisy_device_solve_the_equation():
    generator = np.random.default_rng(1)

    def noisy(theta, points):
        # Its rounding alone would allow steps of 2e-4, at which the noise of a second derivative is 5e4.
        return tanh_layer(theta, points) + 1e-3 * generator.normal(size=len(points))

    def error(**settings):
        box = pz.BlackBox(noisy, np.random.default_rng(1).normal(size=24), numpy=True, **settings)
        budget = pz.Budget(steps=25)
        solution = pz.solve(line(), network=box, points=100, budget=budget, progress=False)
        return solution.error().relative_l2

    assert error(noise=1e-3) < 0.02
    assert error() > 0.5

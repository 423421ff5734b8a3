"""The main path is made of forward passes: no autograd graph can exist on it, and the answer is not looked up."""

import pytest
import sympy as sp
import torch
from running import disc, quick

import pinnzo as pz
from pinnzo.training import fit as fitting

FORWARD_ONLY = [
    pz.HybridZO(switch_step=2), pz.RandomGradient(), pz.CoordinateGradient(share=0.5), pz.LevenbergMarquardt(),
    pz.ZerothOrder(optimizer="SGD"),
]  # fmt: skip
names = pytest.mark.parametrize("trainer", FORWARD_ONLY, ids=lambda t: type(t).__name__)


@pytest.fixture
def no_backpropagation(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("back-propagation on the forward-only path")

    for owner, name in (
        (torch.autograd, "grad"), (torch.autograd, "backward"), (torch.Tensor, "backward"),
        (torch.Tensor, "requires_grad_"), (torch.func, "grad"), (torch.func, "jacrev"), (torch.func, "vjp"),
        (torch.func, "jvp"), (torch.func, "jacfwd"),
    ):  # fmt: skip
        monkeypatch.setattr(owner, name, refuse)


@names
@pytest.mark.parametrize("problem", ["poisson-2d", "poisson"])
def test_no_autograd_graph_can_exist(no_backpropagation, monkeypatch, trainer, problem):
    seen = []

    class Watched(fitting.fit.__globals__["Objective"]):
        def __init__(self, inner):
            self.inner = inner

        def __getattr__(self, name):
            return getattr(self.inner, name)

        def note(self, theta, answer):
            seen.append(
                (
                    torch.is_inference_mode_enabled(),
                    torch.is_grad_enabled(),
                    theta.requires_grad or answer.requires_grad,
                    answer.is_inference(),
                )
            )
            return answer

        def losses(self, theta):
            return self.note(theta, self.inner.losses(theta))

        def residuals(self, theta):
            return self.note(theta, self.inner.residuals(theta))

        def differences(self, theta, indices, step, outputs):
            return self.note(theta, self.inner.differences(theta, indices, step, outputs))

        def losses_at_coordinates(self, theta, indices, steps):
            return self.note(theta, self.inner.losses_at_coordinates(theta, indices, steps))

        def draw(self, generator, scale=1.0):
            self.inner.draw(generator, scale)

    original = fitting.fit

    def fit(trainer, objective, validation, *rest):
        return original(trainer, Watched(objective), Watched(validation), *rest)

    monkeypatch.setattr("pinnzo.runs.fit", fit)
    solution = quick(problem, trainer=trainer)
    assert set(seen) == {(True, False, False, True)}
    # An inference tensor has no version counter: no graph can ever have been recorded through it.
    assert solution.run.trainer.theta.is_inference()
    assert not solution.theta.requires_grad


def test_evaluation_is_forward_only_too(no_backpropagation, solution):
    points = torch.full((3, 2), 0.5)
    assert not solution(points).requires_grad
    assert not solution.residual(points).requires_grad
    solution.error()
    solution.slice(*solution.problem.variables, points=3)


@pytest.mark.parametrize(
    "trainer", [pz.FirstOrder(), pz.LBFGS(), pz.AutodiffGaussNewton()], ids=lambda t: type(t).__name__
)
def test_the_baselines_alone_use_backpropagation(no_backpropagation, trainer):
    with pytest.raises(AssertionError, match="back-propagation"):
        quick(trainer=trainer)


def test_torchs_settings_come_back(solution):
    del solution
    threads = torch.get_num_threads()
    quick(budget=pz.Budget(steps=1))
    assert torch.get_num_threads() == threads
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()


@names
def test_training_is_the_same_without_an_exact_solution(trainer):
    x = pz.coordinates("x", 2)
    known = quick(disc(exact=1 - x[0] ** 2 - x[1] ** 2), trainer=trainer)
    unknown = quick(disc(), trainer=trainer)
    wrong = quick(disc(exact=lambda points: (1 - points.square().sum(1)) * 1.0001), trainer=trainer)
    for name in ("loss", "validation", "evaluations"):
        for other in (unknown, wrong):
            assert known.history.column(name).tolist() == pytest.approx(
                other.history.column(name).tolist(), rel=0, nan_ok=True
            )
    assert torch.equal(known.theta, unknown.theta)
    assert torch.equal(known.theta, wrong.theta)


@names
def test_a_step_never_asks_for_the_exact_solution(monkeypatch, trainer):
    stepping = []

    def exact(points):
        assert not stepping, "a training step asked for the exact solution"
        return 1 - points.square().sum(1)

    step = type(trainer).step if isinstance(trainer, pz.training.Trainer) else pz.ZerothOrder.step
    owner = type(trainer) if isinstance(trainer, pz.training.Trainer) else pz.ZerothOrder

    def watched(self, objective, state):
        stepping.append(1)
        objective.draw(torch.Generator().manual_seed(state.step))
        try:
            return step(self, objective, state)
        finally:
            stepping.pop()

    monkeypatch.setattr(owner, "step", watched)
    assert quick(disc(exact=exact), trainer=trainer).steps == 4


def test_a_condition_that_is_the_exact_solution_does_not_give_it_away():
    x = pz.coordinates("x", 2)
    u = sp.Function("u")(*x)
    exact = 1 + x[0] * x[1]
    harmless = exact + (1 - x[0] ** 2 - x[1] ** 2) * sp.cos(x[0])  # the same on the edge of the disc
    losses = []
    for data in (exact, harmless):
        problem = pz.Problem(sp.Eq(pz.laplacian(u, x), 0), pz.Ball(x), [pz.Boundary(u, data)], exact=exact)
        # A step at which the rounding of the two declarations, ε/h², lies below the tolerance.
        losses.append(quick(problem, derivatives=pz.FiniteDifference(0.005)).loss)
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


@pytest.mark.parametrize(
    "estimator", [pz.MonteCarloStein(samples=8), pz.RandomDirections(2), pz.FiniteDifference("auto")]
)
def test_all_estimators_need_forward_passes_alone(no_backpropagation, estimator):
    solution = pz.solve(
        pz.problem("hjb", dimension=3), network=pz.MLP(width=4), derivatives=estimator, points=10,
        budget=pz.Budget(steps=2), progress=False,
    )  # fmt: skip
    assert solution.steps == 2
    assert solution.residual(torch.rand(3, 4, dtype=torch.float64)).isfinite().all()

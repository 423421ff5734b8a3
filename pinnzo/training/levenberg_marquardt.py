"""Forward-only Levenberg–Marquardt: damped Gauss–Newton steps from perturbed forward passes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from pinnzo.checks import as_tuple, check_flags, check_within
from pinnzo.errors import SettingError

from .base import Objective, Trainer, TrainerState, perturbation_for
from .settings import require_count, require_positive
from .subspaces import Coordinates, Directions, Subspace, random_directions

REJECTED = 100.0
SMALLEST_DAMPING, LARGEST_DAMPING = 1e-14, 1e14
BLOCKS, LEAST_SHARED = 8, 128
POOR_GAIN, GOOD_GAIN, LEAST_GAIN = 0.25, 0.75, 1e-4
LENGTHS, UNHELPFUL = (1.0, 0.5, 0.25), 10.0


@dataclass(frozen=True)
class LevenbergMarquardt(Trainer):
    r"""Gauss–Newton steps whose Jacobian comes from forward passes.

    A forward query returns the whole residual vector r(θ) ∈ R^M, not one number. The d perturbed residuals give
    the Jacobian J_mi ≈ [r_m(θ + μ e_i) − r_m(θ)]/μ (or its central form), and the step solves

        min_s ‖J s + r‖² + λ ‖s − β s₋‖²,    s = β s₋ − (JᵀJ + λ I)⁻¹ Jᵀ (r + β J s₋),

    with the previous step s₋ and the momentum β (SPRING), as a d × d or an M × M system, whichever is smaller. Several
    dampings are tried; the step whose loss on the same points is lowest is taken. Its gain ratio, the decrease of the
    loss over that which the quadratic model predicts, corrects the next damping: fourfold below 1/4, a third above 3/4
    if none smaller was tried. A step that gains nothing is rejected: the parameters stay, the momentum is dropped, and
    λ grows a hundredfold.

    With ``fresh`` the trials are judged by fresh points, not by those of the Jacobian. Where a network has more
    parameters than the batch has residuals, a step fits its own batch all the better the less it is damped, and undoes
    elsewhere what others have learnt; the loss on fresh points tells damping that helps from damping that overfits.
    Each trial is then taken in full and shortened to a half and a quarter, no gain ratio corrects λ, and a step that
    does not help raises λ tenfold.

    For another convex loss of the outputs, such as the cross-entropy, the objective turns outputs and Jacobian into
    the least-squares problem of the generalised Gauss–Newton matrix (``Objective.least_squares``).

    A step costs d + 1 + T loss queries (2d + 1 + T with central differences) for T trials, which is why tensor-train
    networks, with about 10³ parameters, suit it. Layered networks answer the d perturbed queries by a sweep
    (``pinnzo.networks.sweeps``) in a small part of the time of d forward passes. For larger networks and for black
    boxes, ``directions`` searches a random subspace of K dimensions instead, for K + 2 + T queries a step;
    ``blockwise`` goes through the layers' matrices, cores and biases in turn, and needs the memory of the largest.

    Attributes:
        damping: λ at the first step, for residual vectors whose sum of squares is the loss.
        momentum: β in [0, 1). Fresh points every step make it worthwhile: each batch alone is overfitted.
        step_size: μ; None takes ε^(1/3) of the dtype, which balances truncation against rounding. In single precision
            the default stencil's truncation is the floor, with either kind of differences: relative errors of 1.2e-3 on
            ``poisson-2d`` and 1.2e-6 on ``hjb``.
        central: use central differences in the parameters.
        trials: the factors of λ that are tried.
        fresh: judge the trials by fresh points, for more parameters than residuals.
        hold: for how many steps points are held; 1 draws fresh ones every step.
        growth: the batch grows by this factor a step, 1 for a constant batch.
        largest_batch: how many times the usual number of points the batch may grow to.
        directions: K random directions (and the previous step) in place of all coordinates.
        blockwise: one block of parameters a step.
        max_batch: perturbed parameter vectors that are evaluated at once.

    Raises:
        SettingError: a number is out of range, ``directions`` is combined with ``blockwise``, or ``fresh`` with
            ``hold``.

    Example:
        >>> LevenbergMarquardt(momentum=0.0).momentum
        0.0

    References:
        Levenberg 1944; Marquardt 1963; Cartis & Roberts, derivative-free Gauss–Newton, 2019; Cartis & Roberts, scalable
        subspace methods for derivative-free least squares, 2023; Goldshlager et al., SPRING, 2024; Müller & Zeinhofer,
        energy natural gradients, 2023; Schraudolph, fast curvature matrix-vector products, 2002.
    """

    points = 200

    damping: float = 1e-3
    momentum: float = 0.8
    step_size: float | None = None
    central: bool = False
    trials: Sequence[float] = (0.01, 0.1, 1.0, 10.0)
    fresh: bool = False
    hold: int = 1
    growth: float = 1.0
    largest_batch: float = 8.0
    directions: int | None = None
    blockwise: bool = False
    max_batch: int = 4096

    def __post_init__(self) -> None:
        owner = type(self).__name__
        object.__setattr__(self, "trials", as_tuple(owner, "trials", self.trials))
        check_flags(owner, central=self.central, fresh=self.fresh, blockwise=self.blockwise)
        require_positive(owner, damping=self.damping, growth=self.growth, largest_batch=self.largest_batch)
        for factor in self.trials:
            require_positive(owner, trials=factor)
        if not self.trials:
            raise SettingError(f"{owner}: trials is empty: give at least one factor, such as (1.0,).")
        if self.step_size is not None:
            require_positive(owner, step_size=self.step_size)
        require_count(owner, max_batch=self.max_batch, hold=self.hold)
        if self.directions is not None:
            require_count(owner, directions=self.directions)
            if self.blockwise:
                raise SettingError(f"{owner}: directions and blockwise exclude each other; give one of the two.")
        if self.fresh and self.hold > 1:
            raise SettingError(f"{owner}: fresh and hold exclude each other: fresh points replace those that are held.")
        check_within(owner, 0.0, 1.0, momentum=self.momentum)
        check_within(owner, 1.0, math.inf, growth=self.growth, largest_batch=self.largest_batch)

    def batch_scale(self, step: int) -> float:
        """How many times the usual number of points step ``step`` takes."""
        return min(self.largest_batch, math.exp(min(700.0, step * math.log(self.growth))))

    def fitted(self, noise: float) -> LevenbergMarquardt:
        """The same with a ``step_size`` for noise of the residuals, unless one was given."""
        if self.step_size is not None:
            return self
        return replace(self, step_size=perturbation_for(noise, self.central))

    def init(self, theta: torch.Tensor, seed: int) -> TrainerState:
        """The state before the first step, from initial parameters (d,)."""
        memory = {"damping": self.damping, "velocity": torch.zeros_like(theta), "rejected": 0}
        return TrainerState(theta.clone(), 0, torch.Generator().manual_seed(seed).get_state(), memory=memory)

    def step(self, objective: Objective, state: TrainerState) -> TrainerState:
        """One Gauss–Newton step on the objective's current points; ``state`` is left as it was."""
        generator = torch.Generator()
        generator.set_state(state.generator)
        theta, memory = state.theta, state.memory
        outputs = objective.outputs(theta[None])[0]
        subspace = self._subspace(objective, state, generator)
        state = replace(state, generator=generator.get_state())
        residual, matrix = objective.least_squares(outputs, subspace.differentiate(self, objective, theta, outputs))
        if not bool(residual.isfinite().all()) or not bool(matrix.isfinite().all()):
            return self._rejected(state, math.nan)
        # Normal equations square the condition number: only an objective that knows that its matrix is noise beyond a
        # few digits has them formed and solved in single precision.
        residual, matrix = residual.to(objective.normal_dtype), matrix.to(objective.normal_dtype)
        velocity = self.momentum * subspace.restrict(memory["velocity"]).to(matrix)
        dampings = [min(max(memory["damping"] * f, SMALLEST_DAMPING), LARGEST_DAMPING) for f in self.trials]
        inner = velocity + damped_steps(matrix, residual + matrix @ velocity, dampings, objective)
        steps = subspace.expand(inner.to(theta.dtype))
        if self.fresh:
            return self._judged_afresh(objective, state, subspace, steps, dampings)
        loss = objective.loss_of(outputs)
        losses = [trial if math.isfinite(trial) else math.inf for trial in objective.losses(theta + steps).tolist()]
        best = losses.index(min(losses))
        moved = matrix @ inner[best]
        # ‖ρ‖² − ‖A s + ρ‖²; another loss's ρ can be far larger than the decrease.
        predicted = -float(moved @ (moved + 2 * residual))
        gain = (loss - losses[best]) / predicted if predicted > 0 else math.nan
        if not losses[best] < loss or gain < LEAST_GAIN:
            return self._rejected(state, loss)
        correction = 4.0 if gain < POOR_GAIN else 1.0
        if gain > GOOD_GAIN and self.trials[best] == min(self.trials):
            correction = 1 / 3
        memory = {
            **memory,
            "damping": min(max(dampings[best] * correction, SMALLEST_DAMPING), LARGEST_DAMPING),
            "velocity": subspace.remember(memory["velocity"], steps[best]),
        }
        return replace(state, theta=theta + steps[best], step=state.step + 1, loss=loss, memory=memory)

    def _judged_afresh(
        self,
        objective: Objective,
        state: TrainerState,
        subspace: Subspace,
        steps: torch.Tensor,
        dampings: Sequence[float],
    ) -> TrainerState:
        """The best of the steps (T, d) and their shortened forms on fresh points."""
        generator = torch.Generator(device=state.theta.device)
        generator.manual_seed(fresh_seed(state))
        objective.draw(generator, self.batch_scale(state.step))
        lengths = torch.tensor(LENGTHS, dtype=steps.dtype, device=steps.device)
        tried = (lengths[:, None, None] * steps).flatten(0, 1)
        loss, *losses = objective.losses(state.theta + torch.cat([torch.zeros_like(tried[:1]), tried])).tolist()
        losses = [trial if math.isfinite(trial) else math.inf for trial in losses]
        best = losses.index(min(losses))
        if not losses[best] < loss:
            return self._rejected(state, loss, UNHELPFUL)
        memory = {
            **state.memory,
            "damping": dampings[best % len(dampings)],
            "velocity": subspace.remember(state.memory["velocity"], tried[best]),
        }
        return replace(state, theta=state.theta + tried[best], step=state.step + 1, loss=loss, memory=memory)

    def jacobian(
        self, objective: Objective, theta: torch.Tensor, outputs: torch.Tensor, indices: torch.Tensor | None = None
    ) -> torch.Tensor:
        """∂ outputs/∂θ by differences, (M, n).

        Args:
            objective: answers for its current points.
            theta: where, (d,).
            outputs: those at θ, (M,).
            indices: the n coordinates, all d of them by default.
        """
        mu = self.perturbation(theta)
        if indices is None:
            indices = torch.arange(theta.numel(), device=theta.device)
        columns = []
        for some in indices.split(self.max_batch):
            ahead = objective.differences(theta, some, mu, outputs)
            if self.central:
                behind = objective.differences(theta, some, -mu, outputs)
                columns.append((ahead - behind) / (2 * mu))
            else:
                columns.append(ahead / mu)
        # A Jacobian that came at once is not copied.
        return (torch.cat(columns) if len(columns) > 1 else columns[0]).T

    def perturbation(self, theta: torch.Tensor) -> float:
        """The perturbation size μ."""
        return self.step_size if self.step_size is not None else torch.finfo(theta.dtype).eps ** (1 / 3)

    def _subspace(self, objective: Objective, state: TrainerState, generator: torch.Generator) -> Subspace:
        theta = state.theta
        if self.directions is not None:
            return Directions(random_directions(self.directions, state.memory["velocity"], generator))
        if self.blockwise:
            blocks = objective.blocks
            block = blocks[state.step % len(blocks)]
            return Coordinates(torch.arange(block.start, block.stop, device=theta.device), theta.numel())
        return Coordinates(None, theta.numel())

    def _rejected(self, state: TrainerState, loss: float, factor: float = REJECTED) -> TrainerState:
        memory: dict[str, Any] = {
            **state.memory,
            # A damping that has grown without bound would take as long to come down again.
            "damping": min(state.memory["damping"] * factor, LARGEST_DAMPING),
            "velocity": torch.zeros_like(state.theta),
            "rejected": state.memory["rejected"] + 1,
        }
        return replace(state, step=state.step + 1, loss=loss, memory=memory)


def fresh_seed(state: TrainerState) -> int:
    """A seed of the state's generator and step."""
    generator = torch.Generator()
    generator.set_state(state.generator)
    return (int(torch.randint(2**62, (1,), generator=generator)) + state.step) % 2**63


def damped_steps(
    jacobian: torch.Tensor, residual: torch.Tensor, dampings: Sequence[float], helper: Objective | None = None
) -> torch.Tensor:
    """−(JᵀJ + λ I)⁻¹ Jᵀ r for several λ, from the smaller of JᵀJ and J Jᵀ.

    Cholesky factors serve as long as they exist; where rounding makes a matrix indefinite, an eigendecomposition does.

    Args:
        jacobian: J, (M, d).
        residual: r, (M,).
        dampings: λ > 0.
        helper: its threads and processes share the work.

    Returns:
        (len(dampings), d)

    Example:
        >>> damped_steps(torch.eye(2), torch.tensor([2.0, 4.0]), [1.0])
        tensor([[-1., -2.]])
    """
    dual = jacobian.shape[0] < jacobian.shape[1]
    factor = jacobian if dual else jacobian.T
    n = len(factor)
    right = residual if dual else jacobian.T @ residual

    def shared(function: Callable[[Any], torch.Tensor], jobs: Sequence[Any], shapes: list[Any]) -> list[torch.Tensor]:
        # Matrices of a few rows are not worth the way.
        if helper is None or n < LEAST_SHARED:
            return [function(job) for job in jobs]
        return helper.share(function, jobs, shapes, [float(math.prod(shape)) for shape in shapes], jacobian)

    # Only the lower triangle is filled, and read.
    size = math.ceil(n / BLOCKS)
    starts = range(0, n, size)
    products = shared(
        lambda start: factor[start : start + size] @ factor[: start + size].T,
        starts,
        [(min(size, n - start), min(start + size, n)) for start in starts],
    )
    gram = factor.new_zeros(n, n)
    for start, product in zip(starts, products, strict=True):
        gram[start : start + size, : start + size] = product
    shift = torch.eye(n, dtype=gram.dtype, device=gram.device)
    least = float(gram.diagonal().mean()) * torch.finfo(gram.dtype).eps * n
    spectrum: list[tuple[torch.Tensor, torch.Tensor]] = []

    def solve(damping: float) -> torch.Tensor:
        lower, failed = torch.linalg.cholesky_ex(gram + damping * shift)
        if damping >= least and not int(failed):
            return torch.cholesky_solve(right[:, None], lower)[:, 0]
        if not spectrum:
            try:
                spectrum.append(torch.linalg.eigh(gram))
            except torch.linalg.LinAlgError:
                # Squares beyond the range of numbers: no step, which no loss will choose.
                return torch.full_like(right, math.nan)
        values, vectors = spectrum[0]
        return vectors @ (vectors.T @ right / (values.clamp_min(0.0) + damping))

    solution = torch.stack(shared(solve, dampings, [(n,)] * len(dampings)))
    return -(solution @ jacobian if dual else solution)

"""What ``solve`` returns: a function, with everything that is known about how good it is and how it came about."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import sympy as sp
import torch

from pinnzo.accuracy import Accuracy, measure
from pinnzo.arrays import real_tensor
from pinnzo.assembly import TEST_POINTS, Assembly
from pinnzo.derivatives import Estimator
from pinnzo.errors import NonFiniteError, SettingError, ShapeError
from pinnzo.fields import NetworkField, SolutionField, as_columns
from pinnzo.networks.base import Network
from pinnzo.settings import RunSettings
from pinnzo.storage import (
    HISTORY,
    SOLUTION,
    SUMMARY,
    header_of,
    prepare_folder,
    read_run,
    write_run,
    write_text,
)
from pinnzo.symbolic.problem import Problem
from pinnzo.training import History
from pinnzo.training.fit import RunState
from pinnzo.views import Views

RESIDUAL_POINTS = 10_000
"""At how many points the residual is computed at once."""


class Solution(Views):
    """An approximate solution u = A + B f of a problem.

    Call it with points (N, D), whose columns are in the order of ``problem.variables``, for the values (N,). Of a
    system the values are (N, C), with columns in the order of ``problem.functions``.

    Attributes:
        problem: the declaration.
        settings: of the run.
        theta: the network's parameters (d,), the best of the run by the loss on held-out points.
        history: what was recorded on the way.
        status: why the training stopped, as a sentence.
        loss: the loss of ``theta`` on the held-out points.
        steps: training steps.
        evaluations: network evaluations spent.
        seconds: training time.
    """

    def __init__(self, assembly: Assembly, run: RunState, status: str) -> None:
        self._assembly = assembly
        self.problem: Problem = assembly.problem
        self.settings: RunSettings = assembly.settings
        self.theta = run.best_theta
        self.history: History = run.history
        self.status = status
        self.loss = run.best_loss
        self.steps = run.trainer.step
        self.evaluations = run.evaluations
        self.seconds = run.seconds
        self.run = run

    @property
    def network(self) -> Network:
        """The network f as a pure function of parameters and points."""
        return self._assembly.network

    @property
    def estimator(self) -> Estimator:
        """The estimator of derivatives, also where it was left to choose by itself."""
        return self._assembly.estimator

    @property
    def parameter_count(self) -> int:
        """The number of trained parameters d, unknown coefficients included."""
        return self.network.parameter_count

    @property
    def unknowns(self) -> dict[sp.Symbol, float]:
        """The unknown coefficients that were found."""
        return self._assembly.unknowns(self.theta)

    def __call__(self, points: Any) -> Any:
        """Evaluate the solution.

        Args:
            points: (N, D), an array, a nested list or a tensor.

        Returns:
            The values (N,), or (N, C) for C unknown functions: a tensor for a tensor, else a NumPy array.

        Raises:
            ShapeError: ``points`` has another shape.
            NonFiniteError: ``points`` contains NaN or infinity, or the solution is not finite at one of them.
        """
        x = self._points(points)
        return self._answer("solution", self._values(x), points)

    def residual(self, points: Any) -> Any:
        """The residual ``lhs − rhs`` of the equations, with the run's own derivative estimator.

        Args:
            points: (N, D), as for a call.

        Returns:
            (N,), or (N, E) for E equations: a tensor for a tensor, else a NumPy array.
        """
        x = self._points(points)
        equation = self._assembly.compiled.equation
        with torch.inference_mode():
            field = self._network_field()
            if self.settings.estimate == "solution":
                field = SolutionField(field, self._assembly.compiled.ansatz)
            rows = equation.discretise(self._assembly.estimator)
            found = self._assembly.compiled.coefficients
            coefficients = found.values(self.theta[None, self.parameter_count - found.count :])
            parts = [
                equation.prepare([part], rows).residual([row.apply(field, part) for row in rows], coefficients)[0]
                for part in x.split(RESIDUAL_POINTS)
                if len(part)
            ]
            values = torch.cat(parts) if parts else x.new_zeros(0)
            if equation.count > 1:
                values = values.reshape(len(x), equation.count)
        return self._answer("residual", values, points)

    def smoothed(self, points: Any, derivatives: Estimator | None = None) -> Any:
        """The Gaussian-smoothed solution E u(x + σz), z ~ N(0, I), on the nodes of a Stein estimator.

        It is the model that Zhao et al. (arXiv 2308.09858) and He et al. (2023) evaluate: the one whose derivatives
        their estimators approximate. It differs from the solution by σ²Δu/2 to leading order, and takes values of u
        outside the domain for points near its boundary.

        Args:
            points: (N, D), as for a call.
            derivatives: the estimator whose nodes and σ are used, by default that of the run.

        Returns:
            (N,), or (N, C) for C unknown functions: a tensor for a tensor, else a NumPy array.

        Raises:
            SettingError: ``derivatives`` is no estimator, or has a step for another number of variables.
            StencilError: the estimator does not smooth.
        """
        x = self._points(points)
        chosen = self._assembly.estimator
        if derivatives is not None:
            if not isinstance(derivatives, Estimator):
                raise SettingError(f"derivatives is {derivatives!r}: pass SmolyakStein() or MonteCarloStein().")
            chosen = derivatives.fitted(self._assembly.compiled.rows, self._assembly.scale, x.dtype)
        with torch.inference_mode():
            values = self._smoothed(chosen, x)
        return self._answer("smoothed solution", values, points)

    def error(self, points: int = TEST_POINTS, *, smoothed: bool = False) -> Accuracy:
        """Errors against the exact solution on fresh points, with the zero and affine baselines.

        Args:
            points: how many.
            smoothed: judge the smoothed solution instead, as in the paper; see ``smoothed``.

        Raises:
            SettingError: the problem has no exact solution.
            StencilError: the run's estimator does not smooth.
        """
        with torch.inference_mode():
            values = partial(self._smoothed, self._assembly.estimator) if smoothed else None
            return measure(self._assembly, self.theta, points, values)

    def _smoothed(self, estimator: Estimator, x: torch.Tensor) -> torch.Tensor:
        field = SolutionField(self._network_field(), self._assembly.compiled.ansatz)
        mean = estimator.smoothing(x.shape[1])
        parts = [mean.apply(field, part)[..., 0] for part in x.split(RESIDUAL_POINTS) if len(part)]
        return as_columns(torch.cat(parts, dim=1) if parts else x.new_zeros(self.network.outputs, 0))

    def _network_field(self) -> NetworkField:
        return NetworkField(self.network.bind(self.theta[None]), self.network.width, self.network.outputs)

    def report(
        self,
        path: str | Path = "report.html",
        *,
        planes: Sequence[Any] | None = None,
        over: Any = None,
        at: Mapping[Any, float] | None = None,
    ) -> Path:
        """Write a page about the run: equation, settings, errors with their baselines, convergence, slices, residual.

        It is one HTML file that needs no network and no other file.

        Args:
            path: of the file.
            planes: what the slices run along: pairs of variables, or single ones for a line, as symbols or by name. By
                default the first two coordinates of space, and the first one against time.
            over: the variable under the slider, in all planes that do not contain it; by default time, or the first
                coordinate that is not in the plane.
            at: values of other variables; those not named are held at the middle of their range.

        Returns:
            The path.

        Raises:
            SettingError: a plane, ``over`` or ``at`` does not fit the problem.
            StorageError: the file cannot be written.
        """
        from pinnzo.report import write_report

        return write_report(self, path, planes=planes, over=over, at=at)

    def summary(self) -> dict[str, Any]:
        """The figures of the run as JSON data: errors with their baselines, loss, cost, and why it stopped.

        None stands for what is not known or not finite, which JSON has no number for.
        """
        known = self.problem.exact is not None
        accuracy = self.error() if known else None
        figures = ("relative_l2", "max_abs", "rmse", "zero_network", "affine_network")
        values = {
            "problem": self.problem.name,
            "dimension": self.problem.dimension,
            **{name: getattr(accuracy, name) if accuracy else None for name in figures},
            **self._further_figures(accuracy),
            "loss": self.loss,
            "parameters": self.parameter_count,
            "evaluations": self.evaluations,
            "steps": self.steps,
            "seconds": self.seconds,
            "seed": self.settings.seed,
            "dtype": self.settings.dtype,
            "status": self.status,
        }
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}

    def _further_figures(self, accuracy: Accuracy | None) -> dict[str, Any]:
        """What a system and unknown coefficients have besides."""
        figures: dict[str, Any] = {}
        if len(self.problem.functions) > 1 and accuracy is not None:
            figures["by_function"] = dict(accuracy.by_function)
        if self.problem.unknowns:
            figures["unknowns"] = {str(s): value for s, value in self.unknowns.items()}
            figures["exact_unknowns"] = {str(s): value for s, value in self.problem.exact_unknowns.items()}
        return figures

    def save(self, folder: str | Path) -> None:
        """Write the solution to a folder, as safetensors and JSON.

        Raises:
            StorageError: the folder cannot be written.
        """
        target = prepare_folder(Path(folder))
        header = {**header_of(self.problem, self.settings), "status": self.status}
        write_run(target / SOLUTION, self.run, header)
        write_text(target / SUMMARY, json.dumps(self.summary(), indent=2, allow_nan=False) + "\n")
        write_text(target / HISTORY, self.history.to_json_lines())

    def _values(self, x: torch.Tensor) -> torch.Tensor:
        """The values at points (N, D), also where they are not finite."""
        with torch.inference_mode():
            return self._assembly.values(self.theta, x.to(self._assembly.device, self._assembly.dtype))

    def _answer(self, what: str, values: torch.Tensor, points: Any) -> Any:
        """Values in the form in which the points came."""
        finite = values.isfinite().flatten(1).all(1) if values.ndim > 1 else values.isfinite()
        if not finite.all():
            raise NonFiniteError(
                f"The {what} is NaN or infinite at point {int(finite.to(torch.uint8).argmin())} of points: ask for "
                "it where the equation and its data are defined, and see the solution's status."
            )
        return values.clone().to(points.device) if isinstance(points, torch.Tensor) else values.cpu().numpy()

    def _points(self, points: Any) -> torch.Tensor:
        dimension = self.problem.dimension
        x = real_tensor(points, "points", f"(N, {dimension})")
        if x.ndim != 2 or x.shape[1] != dimension:
            names: Sequence[str] = [str(s) for s in self.problem.variables]
            shown = ", ".join(names if len(names) <= 6 else [*names[:3], "…", names[-1]])
            raise ShapeError(
                f"points has shape {tuple(x.shape)}, but must have shape (N, {dimension}), with the columns {shown}."
            )
        x = x.to(self._assembly.device, self._assembly.dtype)
        if not x.isfinite().all():
            raise NonFiniteError("points contains NaN or infinity: every coordinate must be finite.")
        return x

    def __repr__(self) -> str:
        return (
            f"Solution({self.problem.name!r}, {self.parameter_count} parameters, loss {self.loss:.3g} after "
            f"{self.steps} steps and {self.evaluations:.3g} network evaluations in {self.seconds:.1f} s)"
        )


def load(
    folder: str | Path,
    problem: Problem | None = None,
    network: Any = None,
    trainer: Any = None,
    derivatives: Estimator | None = None,
) -> Solution:
    """Read a solution that ``Solution.save`` wrote.

    Args:
        folder: where it is.
        problem: the declaration, where the saved one cannot hold everything: an exact solution given as a Python
            function is not saved, unless the problem is a bundled one.
        network: the module or black box that was trained, where it was one.
        trainer: the trainer, where it was of a class of the user's own.
        derivatives: the estimator, where it was of a class of the user's own.

    Raises:
        StorageError: the folder holds no solution, or a damaged one.
    """
    path = Path(folder) / SOLUTION
    given = {"network": network, "trainer": trainer, "derivatives": derivatives}
    problem, settings, run, header = read_run(path, problem, given)
    assembly = Assembly(problem, settings)
    assembly.check_parameters(run.best_theta, path)
    return Solution(assembly, run, str(header.get("status", "")))

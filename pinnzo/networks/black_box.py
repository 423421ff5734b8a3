"""A function that only answers forward queries, as a network."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from pinnzo.checks import check_flags
from pinnzo.errors import AnswerError, BlackBoxError, SettingError, ShapeError
from pinnzo.networks.base import BoundNetwork, Network
from pinnzo.networks.modules import as_columns
from pinnzo.networks.patience import Patience


@dataclass(frozen=True, eq=False)
class BlackBox:
    """Anything that maps parameters and points to values: a simulator, a device, another framework.

    A call that raises, does not end in time, or answers with a wrong shape or numbers that are not finite has failed.
    It is tried again ``retries`` times; where ``values`` has a method ``reset()``, that is called before. Then the run
    ends with the best parameters so far, and its status says why.

    Args:
        values: ``values(theta, x)`` with theta (d,) and x (P, D) returns (P,), (P, 1) or (P, outputs), as a
            tensor or a NumPy array. It is called once for each parameter vector.
        theta: the initial parameters, (d,).
        numpy: pass ``theta`` and ``x`` as NumPy arrays instead of tensors.
        width: numbers that one evaluation holds at once; callers choose the size of their batches by it.
        batch: the most points of a call; None for as many as the caller has.
        vectors: True if ``values`` takes K parameter vectors at once: theta (K, d), x (P, D) → (K, P) or
            (K, P, outputs). A number is the most vectors of a call.
        retries: how often a failed call is tried again.
        timeout: the seconds after which a call has failed. It runs in a thread of its own, which Python cannot end:
            a ``reset()`` that closes a connection or kills a process is what frees it.
        noise: η, the standard deviation of the noise of a value, about values and parameters of order one. Steps that
            are left to choose grow with it: those of derivatives of order m by differences of accuracy p become
            h = η^(1/(m + p)) times the extent of a variable, which leaves noise of about ρ = η/(2h)^m in the residuals.
            The perturbations of ``LevenbergMarquardt`` and ``CoordinateGradient`` become ρ^(1/2) one-sided and ρ^(1/3)
            central.
        allow_nonfinite: hand NaN and infinity on to the trainer, which rejects such steps.
        name: what messages call it; by default the name of ``values``, its attribute ``name`` or that of its class.

    Raises:
        SettingError: ``values`` cannot be called, ``theta`` is no vector, or another setting is out of range.

    Example:
        >>> box = BlackBox(lambda theta, x: np.tanh(x @ theta), theta=np.ones(3), numpy=True)
        >>> network = box.build(inputs=3)
        >>> network.values(torch.ones(3, dtype=torch.float64), torch.zeros(5, 3, dtype=torch.float64)).shape
        torch.Size([5, 1])
    """

    values: Callable[[Any, Any], Any]
    theta: Any = field(repr=False)
    numpy: bool = False
    width: int = 64
    batch: int | None = None
    vectors: bool | int = False
    retries: int = 0
    timeout: float | None = None
    noise: float | None = None
    allow_nonfinite: bool = False
    name: str | None = None

    def __post_init__(self) -> None:
        if not callable(self.values):
            raise SettingError(f"values={self.values!r} cannot be called: pass a function values(theta, x).")
        check_flags("BlackBox", numpy=self.numpy, allow_nonfinite=self.allow_nonfinite)
        try:
            theta = torch.as_tensor(self.theta)
        except (TypeError, ValueError, RuntimeError) as error:
            raise SettingError(f"theta is no vector of numbers: {error}.") from None
        if theta.ndim != 1 or theta.numel() == 0:
            raise SettingError(f"theta has shape {tuple(theta.shape)}: pass the initial parameters as a vector (d,).")
        if not theta.is_floating_point():
            theta = theta.double()
        object.__setattr__(self, "theta", theta.detach().clone())
        counts = {"width": (self.width, 1), "batch": (self.batch, 1), "retries": (self.retries, 0)}
        if not isinstance(self.vectors, bool):
            counts["vectors"] = (self.vectors, 1)
        for name, (value, least) in counts.items():
            optional = value is None and name == "batch"
            if not optional and (isinstance(value, bool) or not isinstance(value, int) or value < least):
                kind = "positive whole number" if least else "whole number of at least 0"
                raise SettingError(f"{name}={value!r} must be a {kind}.")
        for name, number in (("timeout", self.timeout), ("noise", self.noise)):
            if number is not None and not (_is_number(number) and 0 < number < math.inf):
                raise SettingError(f"{name}={number!r} must be a positive finite number, or None.")
        if self.name is None:
            own = getattr(self.values, "name", None)
            named = own if isinstance(own, str) else getattr(self.values, "__qualname__", type(self.values).__name__)
            object.__setattr__(self, "name", named)

    @property
    def parameter_count(self) -> int:
        """Length of θ."""
        return self.theta.numel()

    def build(self, inputs: int | None = None, scaling: object = None) -> BlackBoxNetwork:
        """Make the network; ``scaling`` is ignored. See ``NetworkSettings.build``.

        Raises:
            SettingError: the number of inputs is missing.
            BlackBoxError: a first query of two points at the origin fails.
            AnswerError: it answers with a wrong shape.
        """
        del scaling
        if inputs is None:
            raise SettingError("the number of inputs of a black box is not known: give inputs=.")
        return BlackBoxNetwork(self, inputs)


class BlackBoxNetwork(Network):
    """A black box with a known number of inputs."""

    def __init__(self, box: BlackBox, inputs: int) -> None:
        self.box = box
        self.inputs = inputs
        self.parameter_count = box.parameter_count
        self.width = box.width
        self.noise = box.noise or 0.0
        self.outputs = 0  # Not known before the first query.
        self._title = f"the black box {box.name}"
        self._patience = Patience(self._title, box.retries, box.timeout, getattr(box.values, "reset", None))
        points = torch.zeros(2, inputs, dtype=box.theta.dtype, device=box.theta.device)
        self.outputs = self.query(box.theta[None], points).shape[2]

    def initial(self, generator: torch.Generator, dtype: torch.dtype) -> torch.Tensor:
        """A copy of the initial parameters that were given (d,); nothing is drawn."""
        return self.box.theta.to(generator.device, dtype, copy=True)

    def bind(self, theta: torch.Tensor) -> BoundBlackBox:
        """Fill in K parameter vectors, ``theta`` of shape (K, d)."""
        return BoundBlackBox(self, theta)

    def query(self, theta: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Ask for the values of K parameter vectors (K, d) at points (P, D): (K, P, outputs) in the type of ``x``.

        Raises:
            BlackBoxError: a call has failed as often as it may.
            AnswerError: it has, the last time with a wrong shape.
        """
        at_once = 1 if self.box.vectors is False else len(theta) if self.box.vectors is True else self.box.vectors
        batch = max(1, len(x) if self.box.batch is None else min(self.box.batch, len(x)))
        rows = []
        for some in theta.split(max(1, min(at_once, len(theta)))):
            columns = [self._patience.call(lambda t=some, p=part: self._answer(t, p)) for part in x.split(batch)]
            rows.append(torch.cat(columns, dim=1) if len(columns) > 1 else columns[0])
        return torch.cat(rows) if len(rows) > 1 else rows[0]

    def _answer(self, theta: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """One call and what is to be said against its answer: (K, P, outputs)."""
        box = self.box
        parameters = theta if box.vectors else theta[0]
        if box.numpy:
            answer = box.values(parameters.numpy(force=True), x.numpy(force=True))
        else:
            answer = box.values(parameters, x)
        if isinstance(answer, np.ndarray):
            if answer.dtype == object or not np.issubdtype(answer.dtype, np.number):
                raise AnswerError(f"{self._title} returned an array of {answer.dtype}: it should hold numbers.")
            answer = torch.from_numpy(np.ascontiguousarray(answer))
        if isinstance(answer, torch.Tensor) and answer.is_complex():
            raise AnswerError(f"{self._title} returned complex numbers: return real ones, such as intensities.")
        values = self._several(answer, theta, x) if box.vectors else self._one(answer, x)
        if self.outputs and values.shape[2] != self.outputs:
            raise AnswerError(f"{self._title} returned {values.shape[2]} outputs, but {self.outputs} at first.")
        values = values.to(x)
        if not box.allow_nonfinite and not bool(values.isfinite().all()):
            wrong = int((~values.isfinite()).any(2).any(0).sum())
            raise BlackBoxError(f"{self._title} returned NaN or infinity at {wrong} of {len(x)} points.")
        return values

    def _one(self, answer: Any, x: torch.Tensor) -> torch.Tensor:
        try:
            return as_columns(answer, x, self._title)[None]
        except ShapeError as error:
            raise AnswerError(str(error)) from None

    def _several(self, answer: Any, theta: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        wanted = (len(theta), len(x))
        if not isinstance(answer, torch.Tensor) or answer.ndim not in (2, 3) or answer.shape[:2] != wanted:
            got = tuple(answer.shape) if isinstance(answer, torch.Tensor) else type(answer).__name__
            raise AnswerError(
                f"{self._title} returned {got} for {wanted[0]} parameter vectors and {wanted[1]} points: with "
                f"vectors={self.box.vectors} it should return {wanted} or {(*wanted, 'outputs')}."
            )
        return answer if answer.ndim == 3 else answer[..., None]


class BoundBlackBox(BoundNetwork):
    """A black box with K parameter vectors filled in."""

    def __init__(self, network: BlackBoxNetwork, theta: torch.Tensor) -> None:
        self.network = network
        self.theta = theta

    def values(self, x: torch.Tensor) -> torch.Tensor:
        """Evaluate at points ``x`` of shape (P, D); returns (K, P, outputs)."""
        return self.network.query(self.theta, x)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)

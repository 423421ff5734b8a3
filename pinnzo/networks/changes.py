"""Changes of an activation function, σ(z + ε) − σ(z), that no subtraction rounds."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch

# tanh(z + ε) − tanh(z) of larger ε is evaluated as it stands: with |ε| ≤ 1, no denominator here falls below 0.3.
LARGEST = 1.0

# z coth z = 1 + z²/3 − z⁴/45 + …: the coefficients of z², z⁴, …
_COTH = (1 / 3, -1 / 45, 2 / 945, -1 / 4725, 2 / 93555, -1382 / 638512875)

Steps = tuple[torch.Tensor, "torch.Tensor | None"]


class Change(ABC):
    """How σ(z + ε) − σ(z) follows from z, h = σ(z) and ε, for layers of K networks at P points.

    A small change keeps the relative precision of ε, where the difference of two values has the rounding error of
    the values. No graph is recorded: for use with autograd off.

    Args:
        z: arguments of σ, (K, units, P).

    Attributes:
        h: σ(z).
    """

    h: torch.Tensor

    @abstractmethod
    def __init__(self, z: torch.Tensor) -> None: ...

    @staticmethod
    @abstractmethod
    def prepare(steps: torch.Tensor) -> Steps:
        """What is needed of steps ε that all points share, (K, units, J)."""

    @abstractmethod
    def of_sums(self, points: slice, axis: int, steps: Steps, out: torch.Tensor) -> torch.Tensor:
        """The changes by prepared steps at some points, written to ``out``.

        Args:
            points: which points.
            axis: where the J steps are in the result, 2 or 3; the points have the other axis.
            steps: from ``prepare``.
            out: (K, units, J, points) or (K, units, points, J).
        """

    @abstractmethod
    def of_steps(self, points: slice, axis: int, steps: torch.Tensor, spare: torch.Tensor) -> torch.Tensor:
        """The changes by steps that differ from point to point; ``steps`` is overwritten and returned.

        Args:
            points: which points.
            axis: that of the J steps, as above.
            steps: (K, units, J, points) or (K, units, points, J).
            spare: memory like that of ``steps``.
        """


class TanhChange(Change):
    """tanh(z + ε) − tanh(z) = (1 − h²) / (h + coth ε) with h = tanh z, the addition theorem.

    For steps that all points share, coth ε costs nothing, and what remains is one sum and one quotient instead of a
    tanh, which takes as long as ten of them. For others ε coth ε is a polynomial in ε² of as few terms as the largest
    ε allows.

    Example:
        >>> z, step = torch.full((1, 1, 1), 0.5), torch.full((1, 1, 1), 1e-6)
        >>> with torch.no_grad():
        ...     change = TanhChange(z)
        ...     change.of_sums(slice(None), 2, change.prepare(step), torch.empty(1, 1, 1, 1)).item() / 1e-6
        0.78644...
        >>> (torch.tanh(z + step) - torch.tanh(z)).item() / 1e-6
        0.774...
    """

    def __init__(self, z: torch.Tensor) -> None:
        self.z, self.h = z, torch.tanh(z)
        self.slope = torch.mul(self.h, self.h).neg_().add_(1)

    @cached_property
    def _inverse(self) -> tuple[torch.Tensor, torch.Tensor]:
        """1 / (1 − h²) and h / (1 − h²)."""
        # Where h has been rounded to ±1 there is no change; the quotient has to stay finite.
        inverse = self.slope.clamp(min=torch.finfo(self.h.dtype).tiny ** 0.5).reciprocal_()
        return inverse, inverse * self.h

    @staticmethod
    def prepare(steps: torch.Tensor) -> Steps:
        """The steps and coth ε, the latter where all are small enough."""
        # coth 0 is infinite, and the change then 0, as it has to be.
        return steps, torch.tanh(steps).reciprocal_() if steps.abs().max() <= LARGEST else None

    def of_sums(self, points: slice, axis: int, steps: Steps, out: torch.Tensor) -> torch.Tensor:
        """See ``Change``."""

        def at(numbers: torch.Tensor) -> torch.Tensor:
            return numbers[:, :, points].unsqueeze(axis)

        plain, coth = steps
        if coth is None:
            return torch.add(at(self.z), plain.unsqueeze(5 - axis), out=out).tanh_().sub_(at(self.h))
        torch.add(at(self.h), coth.unsqueeze(5 - axis), out=out)
        return torch.div(at(self.slope), out, out=out)

    def of_steps(self, points: slice, axis: int, steps: torch.Tensor, spare: torch.Tensor) -> torch.Tensor:
        """See ``Change``."""

        def at(numbers: torch.Tensor) -> torch.Tensor:
            return numbers[:, :, points].unsqueeze(axis)

        low, high = torch.aminmax(steps)
        terms = _terms(max(-float(low), float(high)), steps.dtype)
        if terms is None:
            return steps.add_(at(self.z)).tanh_().sub_(at(self.h))
        inverse, product = self._inverse
        if terms == 2:
            _quartic(steps.dtype).fill(steps, at(inverse), spare)
        else:
            _horner(steps, terms, spare).mul_(at(inverse))
        return steps.div_(spare.addcmul_(steps, at(product)))


@dataclass(frozen=True)
class _Quartic:
    """ε coth ε ≈ α (1 − (γ − κ ε²)²) for |ε| ≤ ``largest``: a square completed, to need two operations only."""

    alpha: float
    gamma: torch.Tensor
    kappa: float
    largest: float

    def fill(self, steps: torch.Tensor, factor: torch.Tensor, out: torch.Tensor) -> None:
        """Write ``factor`` · ε coth ε to ``out``."""
        torch.addcmul(self.gamma, steps, steps, value=-self.kappa, out=out)
        # g (1 − y²), called so because it occurs in the derivative of tanh: the one fused operation of this form.
        torch.ops.aten.tanh_backward.grad_input(factor * self.alpha, out, grad_input=out)


@lru_cache(maxsize=8)
def _quartic(dtype: torch.dtype) -> _Quartic:
    """The series up to ε⁶, with ε⁶ replaced by its best quadratic in ε² on the interval.

    On [0, m] the polynomial w³ − (3/2) m w² + (9/16) m² w − m³/32 is Chebyshev's, of size m³/32. The interval is that
    on which the change then is off by half a unit of rounding of tanh.
    """
    largest = (0.5 * torch.finfo(dtype).eps * 32 / _COTH[2]) ** (1 / 7)
    m = largest**2
    constant = 1 + _COTH[2] * m**3 / 32
    linear = _COTH[0] - _COTH[2] * 9 / 16 * m**2
    beta = -_COTH[1] - _COTH[2] * 1.5 * m
    gamma = linear / (2 * beta)
    alpha = constant + beta * gamma**2
    kappa = math.sqrt(beta / alpha)
    with torch.inference_mode(False):
        return _Quartic(alpha, torch.tensor(kappa * gamma, dtype=dtype), kappa, largest)


def _terms(largest: float, dtype: torch.dtype) -> int | None:
    """How many terms of the series leave an error below the rounding of tanh; None where there are not enough."""
    if not largest <= LARGEST:  # or NaN
        return None
    if largest <= _quartic(dtype).largest:
        return 2
    for n in range(3, len(_COTH) + 1):
        # The coefficients are ±2 ζ(2n)/π²ⁿ, and their signs alternate.
        if 2.1 * (largest / math.pi) ** (2 * n + 2) * largest <= 0.5 * torch.finfo(dtype).eps:
            return n
    return None


def _horner(steps: torch.Tensor, terms: int, out: torch.Tensor) -> torch.Tensor:
    """The series of ε coth ε."""
    square = steps.square()
    torch.mul(square, _COTH[terms - 1], out=out)
    for coefficient in reversed(_COTH[: terms - 1]):
        out.add_(coefficient).mul_(square)
    return out.add_(1)

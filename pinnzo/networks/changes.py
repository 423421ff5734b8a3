"""Changes of an activation function, σ(z + ε) − σ(z), that no subtraction rounds."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache

import torch

# tanh(z + ε) − tanh(z) of larger ε is evaluated as it stands: with |ε| ≤ 1, no denominator here falls below 0.3.
LARGEST = 1.0

# z coth z = 1 + z²/3 − z⁴/45 + …: the coefficients of z², z⁴, …
_COTH = (1 / 3, -1 / 45, 2 / 945, -1 / 4725, 2 / 93555, -1382 / 638512875)


class Change(ABC):
    """How σ(z + ε) − σ(z) follows from z, h = σ(z) and ε.

    A small change keeps the relative precision of ε, where the difference of two values has the rounding error of
    the values. No graph is recorded: for use with autograd off.
    """

    @abstractmethod
    def of_sums(self, z: torch.Tensor, h: torch.Tensor, steps: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        """The changes by few steps ε that broadcast with z and h to the shape of ``out``, which is returned."""

    @abstractmethod
    def of_steps(self, z: torch.Tensor, h: torch.Tensor, steps: torch.Tensor, spare: torch.Tensor) -> torch.Tensor:
        """The changes by steps ε that z and h broadcast to; ``steps`` is overwritten and returned.

        Args:
            z: arguments of σ.
            h: σ(z).
            steps: ε.
            spare: memory like that of ``steps``.
        """


class TanhChange(Change):
    """tanh(z + ε) − tanh(z) = (1 − h²) / (h + coth ε) with h = tanh z, the addition theorem.

    For few steps, coth ε costs nothing, and what remains is one sum and one quotient instead of a tanh, which takes
    as long as ten of them. For many steps ε coth ε is a polynomial in ε² of as few terms as the largest ε allows.

    Example:
        >>> z, step = torch.tensor([0.5]), torch.tensor([1e-6])
        >>> TanhChange().of_sums(z, torch.tanh(z), step, torch.empty(1)) / 1e-6
        tensor([0.7864])
        >>> (torch.tanh(z + step) - torch.tanh(z)) / 1e-6
        tensor([0.7749])
    """

    def of_sums(self, z: torch.Tensor, h: torch.Tensor, steps: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        """See ``Change``."""
        if not steps.abs().max() <= LARGEST:
            return torch.add(z, steps, out=out).tanh_().sub_(h)
        # coth 0 is infinite, and the change then 0, as it has to be.
        torch.add(h, torch.tanh(steps).reciprocal_(), out=out)
        return torch.div(_slope(h), out, out=out)

    def of_steps(self, z: torch.Tensor, h: torch.Tensor, steps: torch.Tensor, spare: torch.Tensor) -> torch.Tensor:
        """See ``Change``."""
        low, high = torch.aminmax(steps)
        largest = max(-float(low), float(high))
        if not largest <= LARGEST:  # or NaN
            return steps.add_(z).tanh_().sub_(h)
        terms = _terms(largest, steps.dtype)
        if terms is None:
            return steps.add_(z).tanh_().sub_(h)
        # Where h has been rounded to ±1 there is no change; the quotient has to stay finite.
        inverse = _slope(h).clamp_(min=torch.finfo(h.dtype).tiny ** 0.5).reciprocal_()
        if terms == 2:
            _quartic(steps.dtype).fill(steps, inverse, spare)
        else:
            _horner(steps, terms, spare).mul_(inverse)
        spare.addcmul_(steps, inverse.mul_(h))
        return steps.div_(spare)


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


def _slope(h: torch.Tensor) -> torch.Tensor:
    """1 − h², a new tensor."""
    return torch.mul(h, h).neg_().add_(1)

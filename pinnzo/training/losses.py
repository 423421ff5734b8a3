"""Convex losses of a network's outputs, and the least-squares problems of their Gauss–Newton steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch.nn import functional

from pinnzo.errors import NonFiniteError, SettingError, ShapeError

CHUNK_ELEMENTS = 2**19
"""Entries of the Jacobian that are worked on at once, so that intermediate results stay in the cache."""


class OutputLoss(ABC):
    r"""A loss (1/N) Σ_n ℓ(o_n, y_n) that is convex in the outputs o_n ∈ R^C of each sample.

    A new one gives ℓ and a square root of its Hessian, H_n = S_n S_nᵀ, with S_n ρ_n = g_n for the gradient g_n of ℓ.
    """

    @abstractmethod
    def each(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """ℓ of each sample: outputs (…, N, C) and what ``checked`` made of the targets → (…, N)."""

    @abstractmethod
    def least_squares(
        self, outputs: torch.Tensor, jacobian: torch.Tensor, targets: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """ρ (N·C,) and A (N·C, n) with 2 AᵀA = JᵀHJ and 2 Aᵀρ = Jᵀg for the mean over the samples.

        Args:
            outputs: o, (N, C).
            jacobian: J = ∂o/∂θ, (N·C, n), sample by sample. A takes its memory.
            targets: of the N samples.
        """

    def gradient(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The gradient g_n of ℓ in each sample's outputs, (N, C)."""
        raise TypeError(f"{type(self).__name__} has no gradient method: a DataObjective needs none.")

    def curvature_sample(self, outputs: torch.Tensor, signs: torch.Tensor) -> torch.Tensor:
        """S_n ε_n for random signs ε (N, C) = ±1, vectors (N, C) whose second moments are the Hessians H_n."""
        raise TypeError(f"{type(self).__name__} has no curvature_sample method: a DataObjective needs none.")

    @abstractmethod
    def checked(self, targets: torch.Tensor, samples: int, outputs: int, dtype: torch.dtype) -> torch.Tensor:
        """The targets in the form that ``each`` takes.

        Args:
            targets: as the user gave them.
            samples: N.
            outputs: C.
            dtype: of the network's outputs.

        Raises:
            ShapeError: there are not N of them, or each has not C components.
            SettingError: they have no meaning, such as a label outside 0 … C − 1.
            NonFiniteError: one of them is NaN or infinite.
        """

    def value(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The mean over the samples, (…, N, C) → (…)."""
        return self.each(outputs, targets).mean(-1)


@dataclass(frozen=True)
class CrossEntropy(OutputLoss):
    r"""Softmax cross-entropy, ℓ = log Σ_c exp(o_c) − o_y for a sample with the label y in 0 … C − 1.

    With the probabilities p = softmax(o) and the unit vector e_y, g = p − e_y and H = diag(p) − ppᵀ = SSᵀ for
    S = diag(√p) − p√pᵀ, so that

        A_n = Sᵀ J_n / √(2N) = √p ∘ (J_n − 1 pᵀJ_n) / √(2N),    ρ_n = (p − e_y) / √p / √(2N).

    Attributes:
        floor: probabilities below it count as ``floor`` in S, which keeps ρ finite where a sample is taken for
            another class with confidence. The gradient stays exact, H becomes that of the raised probabilities.

    Raises:
        SettingError: ``floor`` does not lie in (0, 0.1].

    Example:
        >>> CrossEntropy().value(torch.zeros(1, 4), torch.tensor([2]))
        tensor(1.3863)

    References:
        Schraudolph, fast curvature matrix-vector products, 2002; Martens, new insights and perspectives on the natural
        gradient method, 2020.
    """

    floor: float = 1e-6

    def __post_init__(self) -> None:
        if isinstance(self.floor, bool) or not isinstance(self.floor, (int, float)) or not 0 < self.floor <= 0.1:
            raise SettingError(f"CrossEntropy: floor must lie in (0, 0.1], got {self.floor!r}.")

    def each(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The cross-entropy of each sample: outputs (…, N, C), labels (N,) → (…, N)."""
        labels = targets.expand(outputs.shape[:-1])
        return outputs.logsumexp(-1) - outputs.gather(-1, labels[..., None])[..., 0]

    def least_squares(
        self, outputs: torch.Tensor, jacobian: torch.Tensor, targets: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """ρ (N·C,) and A (N·C, n) of the generalised Gauss–Newton matrix; A takes the memory of J."""
        samples, classes = outputs.shape
        exact = outputs.softmax(1)
        # S has the Hessian of a distribution only if its probabilities add up to 1; then S ρ is the gradient whatever
        # they are, because the entries of the gradient add up to 0.
        p = exact.clamp_min(self.floor)
        p = p / p.sum(1, keepdim=True)
        scale = (2 * samples) ** -0.5
        root = p.sqrt()
        residual = scale * (exact - functional.one_hot(targets, classes)) / root
        rows = jacobian.T.unflatten(1, (samples, classes))
        for some in rows.split(max(1, CHUNK_ELEMENTS // outputs.numel())):
            some.sub_((some * p).sum(2, keepdim=True)).mul_(scale * root)
        return residual.flatten(), jacobian

    def gradient(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """P − e_y, (N, C)."""
        return outputs.softmax(1) - functional.one_hot(targets, outputs.shape[1])

    def curvature_sample(self, outputs: torch.Tensor, signs: torch.Tensor) -> torch.Tensor:
        """√p ∘ ε − p (√p · ε), (N, C)."""
        p = outputs.softmax(1)
        moved = p.sqrt() * signs
        return moved - p * moved.sum(1, keepdim=True)

    def checked(self, targets: torch.Tensor, samples: int, outputs: int, dtype: torch.dtype) -> torch.Tensor:
        """Labels (N,) as whole numbers in 0 … C − 1."""
        if targets.dtype.is_floating_point or targets.dtype.is_complex or targets.dtype == torch.bool:
            raise SettingError(
                f"targets has the type {targets.dtype}, but CrossEntropy takes labels, whole numbers in 0 … "
                f"{outputs - 1}: convert them, or give loss=SquaredError()."
            )
        if targets.shape != (samples,):
            raise ShapeError(
                f"targets has shape {tuple(targets.shape)}, but inputs has {samples} samples: pass one label for each, "
                f"({samples},)."
            )
        labels = targets.long()
        outside = labels[(labels < 0) | (labels >= outputs)]
        if len(outside):
            raise SettingError(
                f"targets holds the label {int(outside[0])}, but a network with {outputs} outputs tells labels 0 … "
                f"{outputs - 1} apart."
            )
        return labels


@dataclass(frozen=True)
class SquaredError(OutputLoss):
    """The squared distance ℓ = ‖o − y‖² to a vector y ∈ R^C, for regression: A = J/√N and ρ = (o − y)/√N.

    Example:
        >>> SquaredError().value(torch.tensor([[1.0, 2.0]]), torch.zeros(1, 2))
        tensor(5.)
    """

    def each(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The squared error of each sample: outputs (…, N, C), targets (N, C) → (…, N)."""
        return (outputs - targets).square().sum(-1)

    def least_squares(
        self, outputs: torch.Tensor, jacobian: torch.Tensor, targets: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """ρ (N·C,) and A (N·C, n); A takes the memory of J."""
        scale = len(outputs) ** -0.5
        return scale * (outputs - targets).flatten(), jacobian.mul_(scale)

    def gradient(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """2 (o − y), (N, C)."""
        return 2 * (outputs - targets)

    def curvature_sample(self, outputs: torch.Tensor, signs: torch.Tensor) -> torch.Tensor:
        """√2 ε, (N, C)."""
        return 2**0.5 * signs

    def checked(self, targets: torch.Tensor, samples: int, outputs: int, dtype: torch.dtype) -> torch.Tensor:
        """Vectors (N, C), or numbers (N,) for a network with one output."""
        wanted = (samples, outputs)
        if targets.shape != wanted and (outputs > 1 or targets.shape != (samples,)):
            raise ShapeError(
                f"targets has shape {tuple(targets.shape)}, but the inputs are {samples} samples and the network has "
                f"{outputs} outputs: pass {wanted}."
            )
        converted = targets.to(dtype).reshape(wanted)
        if not bool(converted.isfinite().all()):
            raise NonFiniteError("targets holds NaN or infinite numbers: remove those samples.")
        return converted

"""How a bound tensor-train matrix multiplies many vectors at once: the cheapest of three paths.

With W = Σ_r A_r ⊗ B_r, A the product of the first cores and B that of the others, y = W h is

    right first:  T[m_1, r, n_2] = Σ_{m_2} B[r, n_2, m_2] h[m_1, m_2],
                  y[n_1, n_2] = Σ_{m_1, r} A[n_1, m_1, r] T[m_1, r, n_2]
    left first:   T[n_1, r, m_2] = Σ_{m_1} A[n_1, m_1, r] h[m_1, m_2],
                  y[n_1, n_2] = Σ_{r, m_2} B[r, n_2, m_2] T[n_1, r, m_2]

Vectors are the columns of h, (K, inputs, R). In this layout both steps are plain matrix products with the R
vectors in the last axis, and no intermediate result has to be transposed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from pinnzo.networks.scratch import Scratch
    from pinnzo.networks.tensor_train import TensorTrainMatrix

# One operation of a contraction's thin products takes this many times as long as one of a large product, and
# writing and reading one number of its intermediate result as long as that many operations. Fitted to the
# measured times of widths 32 to 1024 with ranks 2 to 8, one thread, either precision; it predicts their
# ratios to the dense product within 30 %.
THIN_PRODUCT_PENALTY = 1.2
INTERMEDIATE_COST = 24


@dataclass(frozen=True)
class Contraction:
    """A path: where the train is cut, which half acts first, and what one vector costs.

    ``split = 0`` is the dense matrix.
    """

    split: int
    left_first: bool
    cost: float


@lru_cache(maxsize=256)
def cheapest_contraction(matrix: TensorTrainMatrix) -> Contraction:
    """Choose the path that multiplies one vector with the least work.

    The dense product costs 2·n·m operations. A contraction costs those of its two products, weighted with
    ``THIN_PRODUCT_PENALTY``, and its intermediate result. The cost of building the dense matrix is left out:
    where many vectors meet one matrix it vanishes, elsewhere it speaks for the contraction even more.
    """
    best = Contraction(0, False, 2.0 * matrix.input_size * matrix.output_size)
    for split in range(1, len(matrix.input_modes)):
        m1, m2 = math.prod(matrix.input_modes[:split]), math.prod(matrix.input_modes[split:])
        n1, n2 = math.prod(matrix.output_modes[:split]), math.prod(matrix.output_modes[split:])
        rank = matrix.bonds[split]
        for left_first in (False, True):
            between = n1 * rank * m2 if left_first else m1 * rank * n2
            operations = 2.0 * between * (m1 + n2 if left_first else m2 + n1)
            cost = THIN_PRODUCT_PENALTY * operations + INTERMEDIATE_COST * between
            if cost < best.cost:
                best = Contraction(split, left_first, cost)
    return best


def bind_tensor_train(
    matrix: TensorTrainMatrix, flat: torch.Tensor, path: Contraction | None = None
) -> DenseProduct | TwoFactorProduct:
    """Prepare K matrices for multiplication.

    Args:
        matrix: the format.
        flat: K parameter vectors, (K, parameter_count).
        path: which path to take; the cheapest one by default.

    Returns:
        A function of vectors (K, inputs, R) and, optionally, biases (K, outputs, 1); it returns (K, outputs,
        R).
    """
    path = path or cheapest_contraction(matrix)
    if path.split == 0:
        return DenseProduct(matrix.dense(flat))
    return TwoFactorProduct.of(*matrix.factors(flat, path.split), path.left_first)


class DenseProduct:
    """y = W h + b with K dense matrices ``weight`` (K, outputs, inputs)."""

    def __init__(self, weight: torch.Tensor) -> None:
        self.weight = weight

    def part(self, start: int, stop: int) -> DenseProduct:
        """The matrices ``start`` to ``stop`` alone."""
        return DenseProduct(self.weight[start:stop])

    def __call__(
        self,
        h: torch.Tensor,
        bias: torch.Tensor | None = None,
        scratch: Scratch | None = None,
        slot: str | None = None,
    ) -> torch.Tensor:
        """Multiply (K, inputs, R) and add biases (K, outputs, 1); a scratch slot may take the result."""
        weight = self.weight
        out = None
        if scratch is not None and slot is not None:
            out = scratch.take(slot, (weight.shape[0], weight.shape[1], h.shape[2]), weight)
        if weight.shape[0] == 1:
            # One matrix product has less overhead than a batch of one.
            one = None if out is None else out[0]
            if bias is None:
                return torch.mm(weight[0], h[0], out=one)[None]
            return torch.addmm(bias[0], weight[0], h[0], out=one)[None]
        if bias is None:
            return torch.bmm(weight, h, out=out)
        return torch.baddbmm(bias, weight, h, out=out)


class TwoFactorProduct:
    """y = W h + b with W = Σ_r A_r ⊗ B_r and W never built.

    Args:
        first: the factor that acts first, (K, blocks, rows, columns); each block acts on its own share of h.
        second: the factor that acts then, likewise.
    """

    def __init__(self, first: torch.Tensor, second: torch.Tensor) -> None:
        self.first, self.second = first, second

    @classmethod
    def of(cls, a: torch.Tensor, b: torch.Tensor, left_first: bool) -> TwoFactorProduct:
        """Bring the factors A (K, n_1, m_1, r) and B (K, r, n_2, m_2) into the order of a path.

        A acts on one long row of all vectors; B acts on n_1 (or m_1) separate blocks of them, for which it is
        repeated.
        """
        count, n1, m1, rank = a.shape
        n2, m2 = b.shape[2:]
        if left_first:
            first = a.transpose(2, 3).reshape(count, 1, n1 * rank, m1)
            second = b.transpose(1, 2).reshape(count, 1, n2, rank * m2).expand(-1, n1, -1, -1)
        else:
            first = b.reshape(count, 1, rank * n2, m2).expand(-1, m1, -1, -1)
            second = a.reshape(count, 1, n1, m1 * rank)
        # One network's repeated factor can stay a view; those of several become one batch, which takes a
        # copy.
        return cls(first, second) if count == 1 else cls(first.contiguous(), second.contiguous())

    def part(self, start: int, stop: int) -> TwoFactorProduct:
        """The matrices ``start`` to ``stop`` alone."""
        return TwoFactorProduct(self.first[start:stop], self.second[start:stop])

    def __call__(
        self,
        h: torch.Tensor,
        bias: torch.Tensor | None = None,
        scratch: Scratch | None = None,
        slot: str | None = None,
    ) -> torch.Tensor:
        """Multiply (K, inputs, R) and add biases (K, outputs, 1); a scratch slot may take the result."""
        first, second = self.first.flatten(0, 1), self.second.flatten(0, 1)
        count, vectors = h.shape[0], h.shape[2]
        h = h.reshape(first.shape[0], first.shape[2], -1)
        between = None
        if scratch is not None:
            between = scratch.take("between", (first.shape[0], first.shape[1], h.shape[2]), h)
        between = torch.bmm(first, h, out=between).reshape(second.shape[0], second.shape[2], -1)
        if torch.is_grad_enabled():
            product = torch.bmm(second, between).reshape(count, -1, vectors)
            return product if bias is None else product + bias
        shape = (second.shape[0], second.shape[1], between.shape[2])
        blocks = scratch.take(slot, shape, h) if scratch is not None and slot is not None else None
        if bias is None:
            return torch.bmm(second, between, out=blocks).reshape(count, -1, vectors)
        if blocks is None:
            blocks = bias.new_empty(shape)
        out = blocks.view(count, -1, vectors)
        # Copied always: with one vector, a contiguous bias would be θ itself, and θ would be written over.
        out.copy_(bias.expand_as(out))
        torch.baddbmm(blocks, second, between, out=blocks)
        return out

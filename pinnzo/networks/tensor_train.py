"""Matrices in tensor-train format: few parameters, many entries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from pinnzo.checks import as_tuple
from pinnzo.errors import SettingError, ShapeError
from pinnzo.networks.contraction import bind_tensor_train

LARGEST = 1_000_000
"""Of modes and ranks: no memory holds the cores of larger ones."""


@dataclass(frozen=True)
class TensorTrainMatrix:
    r"""A matrix of shape (∏ output_modes, ∏ input_modes) stored as a train of small cores.

    Row and column indices are split into digits, i = (i_1 … i_d) and j = (j_1 … j_d), the first digit being
    the most significant, and

    .. math:: W_{ij} = G_1[i_1, j_1]\, G_2[i_2, j_2] \cdots G_d[i_d, j_d],

    where G_k[i_k, j_k] is an r_{k-1} × r_k matrix and r_0 = r_d = 1. Core k has the shape
    (r_{k-1}, output_modes[k], input_modes[k], r_k). The object describes the format; the numbers are a flat
    vector, the cores one after another in row-major order, or K such vectors at once.

    Args:
        input_modes: digits of the column index; their product is the input size.
        output_modes: digits of the row index, as many; their product is the output size.
        ranks: the interior ranks r_1 … r_{d-1}, or one number for all of them. They are taken as they are,
            even where a smaller rank would represent the same matrices.

    Raises:
        SettingError: modes or ranks that are not positive or do not match in number.

    References:
        Oseledets, "Tensor-train decomposition", SIAM J. Sci. Comput. 33 (2011);
        Novikov et al., "Tensorizing neural networks", NeurIPS 2015.

    Example:
        >>> matrix = TensorTrainMatrix(input_modes=(1, 1, 3, 7), output_modes=(8, 4, 4, 4), ranks=2)
        >>> matrix.input_size, matrix.output_size, matrix.parameter_count
        (21, 512, 136)
    """

    input_modes: tuple[int, ...]
    output_modes: tuple[int, ...]
    ranks: int | tuple[int, ...] = 2

    def __post_init__(self) -> None:
        object.__setattr__(self, "input_modes", as_tuple("TensorTrainMatrix", "input_modes", self.input_modes))
        object.__setattr__(self, "output_modes", as_tuple("TensorTrainMatrix", "output_modes", self.output_modes))
        if len(self.input_modes) != len(self.output_modes) or not self.input_modes:
            raise SettingError(
                f"input_modes={self.input_modes} and output_modes={self.output_modes} need the same number "
                "of modes, at least one: fill up the shorter one with ones."
            )
        cores = len(self.input_modes)
        if not isinstance(self.ranks, int):
            object.__setattr__(self, "ranks", as_tuple("TensorTrainMatrix", "ranks", self.ranks))
            if len(self.ranks) != cores - 1:
                raise SettingError(
                    f"ranks={self.ranks} has {len(self.ranks)} entries, but {cores} cores have {cores - 1} "
                    "bonds between them: give one rank for each bond, or one number for all."
                )
        for name, numbers in (
            ("input_modes", self.input_modes),
            ("output_modes", self.output_modes),
            ("ranks", self.bonds),
        ):
            if any(not isinstance(number, int) or not 1 <= number <= LARGEST for number in numbers):
                raise SettingError(f"{name}={numbers} must consist of positive whole numbers up to {LARGEST:,}.")

    @property
    def bonds(self) -> tuple[int, ...]:
        """All ranks, r_0 = 1 and r_d = 1 included."""
        if isinstance(self.ranks, int):
            return (1, *(self.ranks,) * (len(self.input_modes) - 1), 1)
        return (1, *self.ranks, 1)

    @property
    def core_shapes(self) -> tuple[tuple[int, int, int, int], ...]:
        """The shape (r_{k-1}, output mode, input mode, r_k) of each core."""
        bonds = self.bonds
        return tuple(zip(bonds[:-1], self.output_modes, self.input_modes, bonds[1:], strict=True))

    @property
    def input_size(self) -> int:
        """Number of columns."""
        return math.prod(self.input_modes)

    @property
    def output_size(self) -> int:
        """Number of rows."""
        return math.prod(self.output_modes)

    @property
    def parameter_count(self) -> int:
        """Numbers in all cores together."""
        return sum(math.prod(shape) for shape in self.core_shapes)

    def cores(self, flat: torch.Tensor) -> list[torch.Tensor]:
        """Split flat parameters (K, parameter_count) into views (K, r, output mode, input mode, r')."""
        if not _is_real(flat) or flat.ndim != 2 or flat.shape[1] != self.parameter_count:
            raise ShapeError(
                f"flat {_described(flat)}, but these cores have {self.parameter_count} "
                f"parameters: pass (K, {self.parameter_count})."
            )
        sizes = [math.prod(shape) for shape in self.core_shapes]
        pieces = torch.split(flat, sizes, dim=1)
        return [piece.reshape(flat.shape[0], *shape) for piece, shape in zip(pieces, self.core_shapes, strict=True)]

    def factors(self, flat: torch.Tensor, split: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Merge the first ``split`` cores and the remaining ones: W = Σ_r A_r ⊗ B_r.

        Returns:
            A of shape (K, n_1, m_1, r) and B of shape (K, r, n_2, m_2), where n are outputs and m inputs.
        """
        cores = self.cores(flat)
        left, right = _merge(cores[:split]), _merge(cores[split:])
        return left[:, 0], right[..., 0]

    def surroundings(self, flat: torch.Tensor, core: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Merge what stands on either side of one core.

        Returns:
            The product of the cores before it, (K, n, m, r), and of those after it, (K, r, n, m), where n are outputs
            and m inputs; ones of the sizes 1 where there are none.
        """
        cores = self.cores(flat)
        none = flat.new_ones(flat.shape[0], 1, 1, 1)
        left = _merge(cores[:core])[:, 0] if core else none
        right = _merge(cores[core + 1 :])[..., 0] if core + 1 < len(cores) else none
        return left, right

    def dense(self, flat: torch.Tensor) -> torch.Tensor:
        """Multiply the cores out.

        Args:
            flat: K parameter vectors, (K, parameter_count).

        Returns:
            (K, output_size, input_size)
        """
        # Pairing off neighbours keeps the intermediate results small: only the last product is as large as W.
        return _merge(self.cores(flat))[:, 0, :, :, 0]

    def apply(self, flat: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Multiply x by the matrix along its cheapest path, without building the matrix where that pays.

        Args:
            flat: K parameter vectors, (K, parameter_count).
            x: P vectors, (P, input_size).

        Returns:
            W x for each of the P vectors and K matrices, (K, P, output_size).
        """
        if not _is_real(x) or x.ndim != 2 or x.shape[1] != self.input_size:
            raise ShapeError(f"x {_described(x)}, but this matrix takes vectors of shape (P, {self.input_size}).")
        self.cores(flat)
        if flat.dtype != x.dtype:
            raise ShapeError(f"flat has the type {flat.dtype} and x {x.dtype}: give both in the same, flat.to(x).")
        return bind_tensor_train(self, flat)(x.T.expand(flat.shape[0], -1, -1)).transpose(1, 2)

    def initial(self, generator: torch.Generator, dtype: torch.dtype, variance: float) -> torch.Tensor:
        """Draw cores whose matrix has entries of mean zero and the given variance.

        An entry is a sum of ∏ r_k products of d Gaussian numbers, so cores of the variance
        (variance / ∏ r_k)^{1/d} have it in the mean over draws. A single draw of so few numbers strays far
        from its mean, so the cores are then rescaled: the *mean square of this matrix' entries* is
        ``variance``.

        Returns:
            (parameter_count,)
        """
        flat = torch.randn(1, self.parameter_count, generator=generator, dtype=torch.float64, device=generator.device)
        mean_square = self._squared_norm(flat) / (self.input_size * self.output_size)
        scale = (variance / mean_square) ** (0.5 / len(self.input_modes))
        return (flat[0] * scale).to(dtype)

    def _squared_norm(self, flat: torch.Tensor) -> float:
        """‖W‖², by contracting W with itself core by core."""
        gram = flat.new_ones(1, 1)
        for core in self.cores(flat):
            gram = torch.einsum("ab,anmc,bnmd->cd", gram, core[0], core[0])
        return float(gram)

    @classmethod
    def from_dense(
        cls,
        matrix: torch.Tensor,
        input_modes: Sequence[int],
        output_modes: Sequence[int],
        *,
        ranks: int | Sequence[int] | None = None,
        tolerance: float | None = None,
    ) -> tuple[TensorTrainMatrix, torch.Tensor]:
        """Compress a dense matrix by successive truncated singular value decompositions (TT-SVD).

        With ε_k² the sum of the squared singular values that are cut off at bond k, the error is at most
        (Σ_k ε_k²)^{1/2}, which is within √(d-1) of the best approximation of these ranks (Oseledets 2011,
        theorem 2.2).

        Args:
            matrix: (output size, input size).
            input_modes: digits of the column index.
            output_modes: digits of the row index.
            ranks: interior ranks. One that is larger than needed is filled up with zeros.
            tolerance: instead of ranks, the largest relative error in the Frobenius norm. Without either the
                decomposition is exact.

        Returns:
            The format and its flat parameters (parameter_count,).

        Raises:
            SettingError: both ``ranks`` and ``tolerance`` are given, or the modes have no meaning.
            ShapeError: the matrix has another shape than the modes.
        """
        if ranks is not None and tolerance is not None:
            raise SettingError("ranks and tolerance exclude each other: give one of the two.")
        asked = 1 if ranks is None else ranks if isinstance(ranks, int) else tuple(ranks)
        if ranks is None:
            asked = (1,) * (len(tuple(input_modes)) - 1)
        shape = cls(tuple(input_modes), tuple(output_modes), asked)
        if tuple(matrix.shape) != (shape.output_size, shape.input_size):
            raise ShapeError(
                f"matrix has shape {tuple(matrix.shape)}, but the modes make it "
                f"({shape.output_size}, {shape.input_size})."
            )
        bonds = len(shape.input_modes) - 1
        fixed = shape.bonds[1:-1] if ranks is not None else None
        # Digits (i_1 … i_d, j_1 … j_d) to (i_1 j_1, …, i_d j_d).
        pairing = [axis for k in range(bonds + 1) for axis in (k, bonds + 1 + k)]
        rest = matrix.reshape(*shape.output_modes, *shape.input_modes).permute(pairing).reshape(1, -1)
        allowed = (tolerance or 0.0) * float(torch.linalg.vector_norm(matrix)) / math.sqrt(max(bonds, 1))
        pieces: list[torch.Tensor] = []
        found: list[int] = []
        rank = 1
        for k in range(bonds):
            unfolding = rest.reshape(rank * shape.output_modes[k] * shape.input_modes[k], -1)
            u, s, vh = torch.linalg.svd(unfolding, full_matrices=False)
            if fixed is None:
                # tails[r] = norm of what is lost by keeping r singular values
                tails = torch.cat([s.square().flip(0).cumsum(0).flip(0).sqrt(), s.new_zeros(1)])
                kept = max(1, int((tails > allowed).sum())) if tolerance is not None else len(s)
            else:
                kept = fixed[k]
                lacking = kept - len(s)
                if lacking > 0:
                    u = torch.nn.functional.pad(u, (0, lacking))
                    s = torch.nn.functional.pad(s, (0, lacking))
                    vh = torch.nn.functional.pad(vh, (0, 0, 0, lacking))
            pieces.append(u[:, :kept].reshape(-1))
            rest = s[:kept, None] * vh[:kept]
            found.append(kept)
            rank = kept
        pieces.append(rest.reshape(-1))
        return cls(shape.input_modes, shape.output_modes, tuple(found)), torch.cat(pieces)


def _is_real(numbers: object) -> bool:
    return isinstance(numbers, torch.Tensor) and numbers.is_floating_point() and numbers.layout is torch.strided


def _described(given: object) -> str:
    if not isinstance(given, torch.Tensor):
        return f"is a {type(given).__name__}"
    kind = "" if _is_real(given) else f" and holds {given.dtype} in the layout {given.layout}"
    return f"has shape {tuple(given.shape)}{kind}"


def _merge(cores: list[torch.Tensor]) -> torch.Tensor:
    """Multiply neighbouring cores (K, r, n, m, r') out, halving their number in each round."""
    while len(cores) > 1:
        pairs = [_join(cores[k], cores[k + 1]) for k in range(0, len(cores) - 1, 2)]
        cores = pairs + cores[2 * len(pairs) :]
    return cores[0]


def _join(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Two cores (K, r, n, m, q) and (K, q, p, o, s) as one (K, r, n p, m o, s)."""
    count, r, n, m, q = a.shape
    p, o, s = b.shape[2:]
    product = torch.bmm(a.reshape(count, r * n * m, q), b.reshape(count, q, p * o * s))
    product = product.reshape(count, r, n, m, p, o, s).permute(0, 1, 2, 4, 3, 5, 6)
    return product.reshape(count, r, n * p, m * o, s)


def balanced_modes(size: int, cores: int | None = None) -> tuple[int, ...]:
    """Factorise a size into modes that are as equal as its prime factors let them be, largest first.

    Args:
        size: the product of the modes.
        cores: how many modes; ones fill up what the prime factors leave. Without it as many as make the modes
            about 4, but at most 4 of them, as in the networks of Zhao et al. (arXiv 2308.09858).

    Raises:
        SettingError: ``size`` or ``cores`` is not positive.

    Example:
        >>> balanced_modes(32), balanced_modes(512), balanced_modes(21, cores=4)
        ((4, 4, 2), (8, 4, 4, 4), (7, 3, 1, 1))
    """
    if size < 1 or (cores is not None and cores < 1):
        raise SettingError(f"size={size} and cores={cores} must be positive whole numbers.")
    wanted = cores if cores is not None else min(4, max(1, math.ceil(math.log2(size) / 2)))
    primes, rest, divisor = [], size, 2
    while rest > 1:
        if divisor * divisor > rest:
            divisor = rest
        while rest % divisor == 0:
            primes.append(divisor)
            rest //= divisor
        divisor += 1
    modes = [1] * wanted
    for prime in reversed(primes):
        modes[modes.index(min(modes))] *= prime
    if cores is None:
        modes = [mode for mode in modes if mode > 1] or [1]
    return tuple(sorted(modes, reverse=True))

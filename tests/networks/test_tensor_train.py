import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pinnzo.errors import SettingError, ShapeError
from pinnzo.networks.contraction import Contraction, bind_tensor_train, cheapest_contraction
from pinnzo.networks.tensor_train import TensorTrainMatrix, balanced_modes


@st.composite
def matrices(draw):
    cores = draw(st.integers(1, 4))
    modes = st.tuples(*[st.integers(1, 4)] * cores)
    ranks = st.one_of(st.integers(1, 3), st.tuples(*[st.integers(1, 4)] * (cores - 1)))
    return TensorTrainMatrix(draw(modes), draw(modes), draw(ranks))


def entry_by_entry(matrix, flat):
    """The definition: a product of r × r' matrices for each pair of indices."""
    cores = [core[0] for core in matrix.cores(flat[None])]
    dense = torch.empty(matrix.output_size, matrix.input_size, dtype=flat.dtype)
    for row in range(matrix.output_size):
        for column in range(matrix.input_size):
            i = [int(n) for n in torch.unravel_index(torch.tensor(row), matrix.output_modes)]
            j = [int(n) for n in torch.unravel_index(torch.tensor(column), matrix.input_modes)]
            product = torch.eye(1, dtype=flat.dtype)
            for core, a, b in zip(cores, i, j, strict=True):
                product = product @ core[:, a, b, :]
            dense[row, column] = product.item()
    return dense


@settings(max_examples=25, deadline=None)
@given(matrices(), st.integers(0, 1000))
def test_every_path_gives_the_product_with_the_dense_matrix(matrix, seed):
    generator = torch.Generator().manual_seed(seed)
    flat = torch.randn(3, matrix.parameter_count, dtype=torch.float64, generator=generator)
    x = torch.randn(5, matrix.input_size, dtype=torch.float64, generator=generator)
    bias = torch.randn(3, matrix.output_size, 1, dtype=torch.float64, generator=generator)
    dense = matrix.dense(flat)
    expected = torch.einsum("kij,pj->kpi", dense, x)
    torch.testing.assert_close(matrix.apply(flat, x), expected)
    for split in range(1, len(matrix.input_modes)):
        for left_first in (False, True):
            product = bind_tensor_train(matrix, flat, Contraction(split, left_first, 0.0))
            torch.testing.assert_close(product(x.T.expand(3, -1, -1)).transpose(1, 2), expected)
            with torch.inference_mode():
                out = product(x.T.expand(3, -1, -1), bias)
                last = product.part(2, 3)(x.T[None], bias[2:])
            torch.testing.assert_close(out, expected.transpose(1, 2) + bias)
            torch.testing.assert_close(last, out[2:])


@settings(max_examples=10, deadline=None)
@given(matrices(), st.integers(0, 1000))
def test_dense_is_the_definition(matrix, seed):
    if matrix.input_size * matrix.output_size > 400:
        return
    flat = torch.randn(matrix.parameter_count, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(matrix.dense(flat[None])[0], entry_by_entry(matrix, flat))


def test_parameters_of_the_papers_matrices():
    assert TensorTrainMatrix((1, 1, 3, 7), (8, 4, 4, 4), 2).parameter_count == 16 + 16 + 48 + 56
    assert TensorTrainMatrix((4, 4, 4, 8), (8, 4, 4, 4), 2).parameter_count == 256
    assert TensorTrainMatrix((4, 4, 2), (4, 4, 2), 2).parameter_count == 104
    # Ranks beyond what is useful are kept: the paper's counts rest on that.
    assert TensorTrainMatrix((1, 1), (2, 2), 6).parameter_count == 24


def test_wide_matrices_of_low_rank_are_not_built():
    assert cheapest_contraction(TensorTrainMatrix((4, 4, 4, 8), (8, 4, 4, 4), 2)).split == 2
    assert cheapest_contraction(TensorTrainMatrix((4, 4, 2), (4, 4, 2), 2)).split == 0
    assert cheapest_contraction(TensorTrainMatrix((8, 4, 4, 4), (8, 4, 4, 4), 8)).split == 0


def test_tt_svd_without_truncation_is_exact():
    matrix = torch.randn(24, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    train, flat = TensorTrainMatrix.from_dense(matrix, (2, 5, 3), (4, 3, 2))
    torch.testing.assert_close(train.dense(flat[None])[0], matrix)


def test_tt_svd_finds_the_ranks_of_a_tensor_train():
    train = TensorTrainMatrix((4, 4, 4), (4, 4, 4), 2)
    flat = train.initial(torch.Generator().manual_seed(1), torch.float64, 1.0)
    found, again = TensorTrainMatrix.from_dense(train.dense(flat[None])[0], (4, 4, 4), (4, 4, 4), tolerance=1e-10)
    assert found.ranks == (2, 2)
    torch.testing.assert_close(found.dense(again[None]), train.dense(flat[None]))


@pytest.mark.parametrize("ranks", [1, 3, (2, 6)])
def test_tt_svd_error_is_within_its_bound(ranks):
    modes = (4, 3, 4)
    matrix = torch.randn(48, 48, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    train, flat = TensorTrainMatrix.from_dense(matrix, modes, modes, ranks=ranks)
    assert train.bonds == TensorTrainMatrix(modes, modes, ranks).bonds
    error = torch.linalg.vector_norm(train.dense(flat[None])[0] - matrix)
    tensor = matrix.reshape(*modes, *modes).permute(0, 3, 1, 4, 2, 5)
    tails = []
    for k, rank in enumerate(train.bonds[1:-1], start=1):
        unfolding = tensor.reshape(math.prod(m * m for m in modes[:k]), -1)
        tails.append(torch.linalg.svdvals(unfolding)[rank:].square().sum())
    # No approximation can beat the worst unfolding; TT-SVD stays below the root of the sum of all.
    assert max(tails).sqrt() <= error * (1 + 1e-12)
    assert error <= sum(tails).sqrt() * (1 + 1e-12)


@pytest.mark.parametrize("tolerance", [0.5, 0.1, 1e-3])
def test_tt_svd_keeps_the_tolerance(tolerance):
    grid = torch.linspace(0, 1, 64, dtype=torch.float64)
    matrix = 1 / (1 + grid[:, None] + grid[None] ** 2) + 0.05 * torch.sin(40 * grid[:, None] * grid[None])
    train, flat = TensorTrainMatrix.from_dense(matrix, (4, 4, 4), (4, 4, 4), tolerance=tolerance)
    error = torch.linalg.vector_norm(train.dense(flat[None])[0] - matrix)
    assert error <= tolerance * torch.linalg.vector_norm(matrix)
    assert train.parameter_count < 64 * 64


def test_tt_svd_fills_up_ranks_that_are_larger_than_needed():
    matrix = torch.randn(4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    train, flat = TensorTrainMatrix.from_dense(matrix, (2, 2), (2, 2), ranks=7)
    assert train.parameter_count == flat.numel() == 56
    torch.testing.assert_close(train.dense(flat[None])[0], matrix)


@pytest.mark.parametrize(
    "matrix", [TensorTrainMatrix((4, 4, 2), (4, 4, 2), 2), TensorTrainMatrix((4, 4, 4, 8), (8, 4, 4, 4), 3)]
)
def test_initial_output_has_the_variance_of_a_dense_layer(matrix):
    generator = torch.Generator().manual_seed(4)
    variance = 1 / matrix.input_size
    outputs = []
    for _ in range(60):
        flat = matrix.initial(generator, torch.float64, variance)
        dense = matrix.dense(flat[None])[0]
        assert dense.square().mean().item() == pytest.approx(variance, rel=1e-9)
        x = torch.randn(60, matrix.input_size, dtype=torch.float64, generator=generator)
        outputs.append(matrix.apply(flat[None], x))
    outputs = torch.stack(outputs)
    # Inputs of variance 1 give outputs of variance 1, and of mean 0.
    assert outputs.var().item() == pytest.approx(1.0, abs=0.05)
    assert outputs.mean().abs().item() < 0.05


def test_single_core_is_a_dense_matrix():
    train = TensorTrainMatrix((3,), (4,), 5)
    flat = torch.arange(12.0)[None]
    assert train.bonds == (1, 1)
    torch.testing.assert_close(train.dense(flat)[0], flat.reshape(4, 3))


@pytest.mark.parametrize(
    ("size", "cores", "modes"),
    [
        (32, None, (4, 4, 2)),
        (64, None, (4, 4, 4)),
        (128, None, (4, 4, 4, 2)),
        (512, None, (8, 4, 4, 4)),
        (1024, None, (8, 8, 4, 4)),
        (21, 4, (7, 3, 1, 1)),
        (1, None, (1,)),
        (7, None, (7,)),
        (100, None, (5, 5, 2, 2)),
    ],
)
def test_balanced_modes(size, cores, modes):
    assert balanced_modes(size, cores) == modes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((4, 4), (4,), 2), "same number of"),
        (((), (), 2), "at least one"),
        (((4, 0), (4, 4), 2), r"input_modes=\(4, 0\) must consist of positive"),
        (((4, 4), (4, 4), 0), "must consist of positive"),
        (((4, 4), (4, 4), (2, 2)), "one rank for each bond"),
    ],
)
def test_bad_formats_are_refused(arguments, message):
    with pytest.raises(SettingError, match=message):
        TensorTrainMatrix(*arguments)


def test_bad_arguments_are_refused():
    train = TensorTrainMatrix((2, 2), (2, 2), 1)
    with pytest.raises(ShapeError, match=r"pass \(K, 8\)"):
        train.dense(torch.zeros(8))
    with pytest.raises(SettingError, match="exclude each other"):
        TensorTrainMatrix.from_dense(torch.eye(4), (2, 2), (2, 2), ranks=1, tolerance=0.1)
    with pytest.raises(ShapeError, match=r"\(4, 4\)"):
        TensorTrainMatrix.from_dense(torch.eye(5), (2, 2), (2, 2))
    with pytest.raises(SettingError, match="positive whole"):
        balanced_modes(0)

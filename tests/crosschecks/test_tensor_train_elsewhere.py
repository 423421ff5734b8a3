"""Tensor-train matrices against those of tensorly: products of cores, and decompositions of matrices."""

from __future__ import annotations

import warnings

import pytest
import torch

from pinnzo.networks.contraction import Contraction, bind_tensor_train
from pinnzo.networks.tensor_train import TensorTrainMatrix

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    tensorly = pytest.importorskip("tensorly")
    from tensorly.decomposition import tensor_train, tensor_train_matrix

SHAPES = [
    ((3,), (4,), ()),
    ((2, 5, 3), (4, 3, 2), (3, 4)),
    ((4, 4, 4), (4, 4, 4), (2, 2)),
    ((1, 1, 3, 7), (8, 4, 4, 4), (2, 2, 2)),  # the first layer of the paper's network
    ((4, 4, 4, 8), (8, 4, 4, 4), (2, 3, 2)),
    ((2, 1, 2, 1, 3), (1, 3, 2, 2, 1), (2, 4, 3, 3)),
]
"""Input modes, output modes and interior ranks."""
shapes = pytest.mark.parametrize(("inputs", "outputs", "ranks"), SHAPES, ids=str)
dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)


def generator(seed):
    return torch.Generator().manual_seed(seed)


def drawn(inputs, outputs, ranks, dtype):
    """A format with three draws of its parameters."""
    matrix = TensorTrainMatrix(inputs, outputs, ranks)
    return matrix, torch.randn(3, matrix.parameter_count, generator=generator(sum(inputs)), dtype=dtype)


def dense(cores):
    """The matrix by tensorly, whose cores have our order of axes: rank, row, column, rank."""
    return torch.from_numpy(tensorly.tt_matrix_to_matrix([tensorly.tensor(core) for core in cores]))


def each_dense(matrix, flat):
    return torch.stack([dense(cores) for cores in zip(*(core.numpy() for core in matrix.cores(flat)), strict=True)])


def smooth(rows, columns, dtype):
    """A matrix whose unfoldings have singular values that fall fast and do not meet."""
    x, y = torch.linspace(0, 1, rows, dtype=dtype)[:, None], torch.linspace(0, 1, columns, dtype=dtype)
    return 1 / (1 + x + y**2) + 0.2 * torch.sin(9 * x * y + x) + 0.05 * torch.cos(30 * x + 5 * y)


def assert_same(found, expected, roundings=100):
    assert found.dtype == expected.dtype
    unit = torch.finfo(found.dtype).eps
    torch.testing.assert_close(found, expected, rtol=0, atol=roundings * unit * float(expected.abs().max()))


@dtypes
@shapes
def test_cores_mean_the_same_matrix(inputs, outputs, ranks, dtype):
    matrix, flat = drawn(inputs, outputs, ranks, dtype)
    assert_same(matrix.dense(flat), each_dense(matrix, flat))


@dtypes
@shapes
def test_every_contraction_is_the_product_with_that_matrix(inputs, outputs, ranks, dtype):
    matrix, flat = drawn(inputs, outputs, ranks, dtype)
    x = torch.randn(7, matrix.input_size, generator=generator(1), dtype=dtype)
    expected = torch.einsum("kij,pj->kpi", each_dense(matrix, flat), x)
    assert_same(matrix.apply(flat, x), expected)
    for split in range(1, len(inputs)):
        for left_first in (False, True):
            product = bind_tensor_train(matrix, flat, Contraction(split, left_first, 0.0))
            assert_same(product(x.T.expand(3, -1, -1)).transpose(1, 2), expected)


@dtypes
@shapes
def test_truncated_decompositions_are_the_same_matrix(inputs, outputs, ranks, dtype):
    """Singular vectors have no sign, so that cores may differ; the matrix may not."""
    rows, columns = TensorTrainMatrix(inputs, outputs, ranks).output_size, TensorTrainMatrix(inputs, outputs).input_size
    given = smooth(rows, columns, dtype)
    matrix, flat = TensorTrainMatrix.from_dense(given, inputs, outputs, ranks=ranks)
    theirs = tensor_train_matrix(given.reshape(*outputs, *inputs).numpy(), (1, *ranks, 1))
    # tensorly cuts a rank down to what there is; ours are filled up with zeros.
    assert all(core.shape[0] <= rank for core, rank in zip(theirs, matrix.bonds, strict=False))
    assert_same(matrix.dense(flat[None])[0], dense(theirs), roundings=2000)


@dtypes
@pytest.mark.parametrize("tolerance", [0.3, 0.03, 0.003])
def test_ranks_found_for_a_tolerance_serve_tensorly_as_well(tolerance, dtype):
    inputs, outputs = (4, 3, 2, 2), (3, 4, 2, 3)
    given = smooth(72, 48, dtype)
    matrix, flat = TensorTrainMatrix.from_dense(given, inputs, outputs, tolerance=tolerance)
    digits = given.reshape(*outputs, *inputs).permute(0, 4, 1, 5, 2, 6, 3, 7).reshape(12, 12, 4, 6)
    theirs = tensor_train(digits.numpy(), list(matrix.bonds))
    assert matrix.bonds == tuple(theirs.rank)
    # The same three-way cores, rows and columns taken together.
    split = [core.reshape(core.shape[0], n, m, -1) for core, n, m in zip(theirs, outputs, inputs, strict=True)]
    found, expected = matrix.dense(flat[None])[0], dense(split)
    assert_same(found, expected, roundings=2000)
    errors = [torch.linalg.vector_norm(other - given) / torch.linalg.vector_norm(given) for other in (found, expected)]
    assert max(errors) <= tolerance
    torch.testing.assert_close(errors[0], errors[1], rtol=1e-3, atol=0)


@dtypes
def test_a_decomposition_of_tensorly_is_read_as_parameters(dtype):
    """Its cores, one after another, are a vector of our parameters."""
    inputs, outputs = (2, 5, 3), (4, 3, 2)
    given = torch.randn(24, 30, generator=generator(2), dtype=dtype)
    cores = tensor_train_matrix(given.reshape(*outputs, *inputs).numpy(), (1, 8, 6, 1))
    matrix = TensorTrainMatrix(inputs, outputs, (8, 6))
    flat = torch.cat([torch.tensor(core).reshape(-1) for core in cores])
    assert_same(matrix.dense(flat[None])[0], dense(cores))
    best, own = TensorTrainMatrix.from_dense(given, inputs, outputs, ranks=(8, 6))
    assert_same(best.dense(own[None])[0], dense(cores), roundings=2000)

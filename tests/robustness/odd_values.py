"""Values that hardly any argument expects, and arrays of points as users get them wrong."""

from __future__ import annotations

import decimal
import fractions

import numpy as np
import sympy as sp
import torch
from hypothesis import strategies as st

NOTHING = st.sampled_from([None, True, False, "", (), [], {}, set(), b"", ..., NotImplemented])
WORDS = st.sampled_from(
    ["auto", "x", "3", "nan", "sine", "SINE", "uniform", "Adam", "__class__", "é\udcff", "\0", "a b", "u", "none"]
) | st.text(max_size=4)
INTEGERS = st.sampled_from([0, -1, 1, 2, 3, 7, 8, -(10**30), 10**30, 2**63, -(2**63)]) | st.integers(-5, 12)
FLOATS = st.sampled_from(
    [float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 0.5, 1.0, 2.5, -1.0, 1e-320, 1e-30, 1e30, 1e308]
) | st.floats(-3, 3)
NUMBERS = st.sampled_from(
    [
        np.float32(0.25), np.float64("nan"), np.int64(3), np.uint8(2), np.bool_(True), 1j, complex("nan"),
        fractions.Fraction(1, 3), decimal.Decimal("0.1"), decimal.Decimal("NaN"), sp.Integer(2), sp.Rational(1, 2),
        sp.nan, sp.oo, sp.zoo, sp.I, sp.pi, sp.Symbol("z"), sp.true,
    ]
)  # fmt: skip
THINGS = st.sampled_from(
    [
        object, int, len, range(3), np.zeros(2), np.zeros((2, 2)), np.array("x"), np.array(None), torch.zeros(()),
        torch.ones(3), torch.tensor(2), sp.Function("g"), sp.Matrix([1, 2]), sp.Eq(sp.Symbol("z"), 1), {"a": 1},
        {1, 2}, frozenset({0.5}), memoryview(b"ab"), slice(2), ValueError("no"),
    ]
)  # fmt: skip
SCALARS = NOTHING | WORDS | INTEGERS | FLOATS | NUMBERS | THINGS
ODD = SCALARS | st.lists(SCALARS, max_size=3) | st.lists(SCALARS, max_size=3).map(tuple)

REAL = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
OTHER = [torch.int64, torch.int8, torch.uint8, torch.bool, torch.complex64, torch.complex128]
NUMPY = ["f8", "f4", "f2", "i8", "i4", "u1", "?", "c16", "O", "U3", "S3", "M8[s]", "m8[s]", ">f8", "V8"]
SPOILS = [float("nan"), float("inf"), -float("inf"), 1e308, -1e308, 1e200, 1e30, 1e-320]


@st.composite
def shapes(draw, dimension: int):
    """Shapes that are right in three quarters of the cases."""
    if draw(st.integers(0, 3)):
        return (draw(st.sampled_from([0, 1, 2, 5])), dimension)
    return draw(st.lists(st.integers(0, 4), max_size=4).map(tuple))


@st.composite
def tensors(draw, dimension: int):
    """Tensors of points in right and wrong shapes, types and layouts, some spoilt by a number that does not belong."""
    shape = draw(shapes(dimension))
    values = torch.rand(shape, generator=torch.Generator().manual_seed(draw(st.integers(0, 99))), dtype=torch.float64)
    if values.numel() and not draw(st.integers(0, 2)):
        values.view(-1)[draw(st.integers(0, values.numel() - 1))] = draw(st.sampled_from(SPOILS))
    values = values.to(draw(st.sampled_from(REAL * 3 + OTHER)))
    layout = draw(
        st.sampled_from(
            ["plain", "plain", "gradient", "strided", "expanded", "sparse", "meta", "transposed", "inference"]
        )
    )
    if layout == "gradient" and (values.is_floating_point() or values.is_complex()):
        return values.requires_grad_()
    if layout == "strided" and values.ndim:
        return torch.stack([values, values], -1)[..., 0]
    if layout == "expanded":
        return values[None].expand(2, *shape)[0]
    if layout == "sparse" and values.ndim:
        return values.to_sparse()
    if layout == "meta":
        return values.to("meta")
    if layout == "transposed" and values.ndim == 2:
        return values.T
    if layout == "inference":
        with torch.inference_mode():
            return values.clone()
    return values


@st.composite
def arrays(draw, dimension: int):
    """NumPy arrays of the same kinds."""
    shape = draw(shapes(dimension))
    values = np.random.default_rng(draw(st.integers(0, 99))).random(shape)
    if values.size and not draw(st.integers(0, 2)):
        values.reshape(-1)[draw(st.integers(0, values.size - 1))] = draw(st.sampled_from(SPOILS))
    kind = draw(st.sampled_from(NUMPY))
    with np.errstate(all="ignore"):
        values = np.zeros(shape, kind) if kind in ("V8", "M8[s]", "m8[s]") else _cast(values, kind)
    layout = draw(st.sampled_from(["plain", "reversed", "read-only", "Fortran", "masked", "strided"]))
    if layout == "reversed" and values.ndim:
        return values[::-1]
    if layout == "read-only":
        values.flags.writeable = False
    if layout == "Fortran":
        return np.asfortranarray(values)
    if layout == "masked" and values.dtype.kind == "f":
        return np.ma.masked_array(values, mask=values > 0.5)
    if layout == "strided" and values.ndim:
        return np.repeat(values, 2, axis=0)[::2]
    return values


def _cast(values: np.ndarray, kind: str) -> np.ndarray:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return values.astype(kind)


def points(dimension: int) -> st.SearchStrategy:
    """Whatever may be passed as points: arrays, tensors, nested lists, and things that are none of these."""
    rows = st.lists(st.lists(FLOATS | NOTHING | WORDS, max_size=dimension + 1), max_size=4)
    return tensors(dimension) | tensors(dimension) | arrays(dimension) | rows | ODD

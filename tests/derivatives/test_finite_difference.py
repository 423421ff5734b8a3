from __future__ import annotations

import math

import pytest
import torch
from derivative_checks import consistency_defect, multi_indices

from pinnzo.derivatives import FiniteDifference
from pinnzo.errors import SettingError, ShapeError, StencilError
from pinnzo.multiindex import LinearOperator


@pytest.mark.parametrize("accuracy", [2, 4])
@pytest.mark.parametrize("step", [0.1, (0.05, 0.2, 1.5)])
def test_consistent(accuracy, step):
    orders = multi_indices(3, 4)
    stencil = FiniteDifference(step, accuracy).stencil(3, orders)
    assert len(torch.unique(stencil.nodes, dim=0)) == len(stencil.nodes)
    for order in orders:
        assert consistency_defect(stencil, order) < 1e-12, order


def test_known_coefficients():
    stencil = FiniteDifference(step=1.0, order=4).stencil(1, [(1,), (2,)])
    weights = dict(zip(stencil.nodes[:, 0].tolist(), stencil.weights((2,)).tolist(), strict=True))
    assert [12 * weights[k] for k in (-2.0, -1.0, 0.0, 1.0, 2.0)] == pytest.approx([-1, 16, -30, 16, -1])
    weights = dict(zip(stencil.nodes[:, 0].tolist(), stencil.weights((1,)).tolist(), strict=True))
    assert [12 * weights[k] for k in (-2.0, -1.0, 0.0, 1.0, 2.0)] == pytest.approx([1, -8, 0, 8, -1])


@pytest.mark.parametrize(("accuracy", "count"), [(2, 1 + 2 * 6 + 4 * 15), (4, 1 + 4 * 6 + 16 * 15)])
def test_default_orders_are_all_up_to_two(accuracy, count):
    stencil = FiniteDifference(order=accuracy).stencil(6)
    assert stencil.nodes.shape == (count, 6)
    assert stencil.weights((0,) * 6)[0] == 1
    for order in multi_indices(6, 2):
        stencil.weights(order)


def test_only_needed_nodes():
    assert FiniteDifference().stencil(1000, [{i: 2} for i in range(1000)]).nodes.shape == (2001, 1000)
    rows = [LinearOperator.laplacian(range(1000))]
    assert FiniteDifference(order=4).discretise(rows, 1000).evaluations_per_point == 4001


def test_refusals():
    with pytest.raises(StencilError, match=r"not built for the derivative \{0: 3\}"):
        FiniteDifference().stencil(2).weights((3, 0))
    with pytest.raises(StencilError, match=r"2,000,001 nodes in 1000 variables.*Pass orders="):
        FiniteDifference().stencil(1000)
    with pytest.raises(ShapeError, match="order has 1 entries"):
        FiniteDifference().stencil(2, [(1,)])
    with pytest.raises(SettingError, match="dimension"):
        FiniteDifference().stencil(0)
    with pytest.raises(SettingError, match="step has 2 entries"):
        FiniteDifference(step=(0.1, 0.1)).stencil(3)


@pytest.mark.parametrize("settings", [{"order": 3}, {"step": 0}, {"step": math.nan}, {"step": (0.1, -0.1)}])
def test_bad_settings(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        FiniteDifference(**settings)

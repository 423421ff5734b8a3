"""One line a method: the observed order of convergence of every derivative up to order 4."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from derivative_checks import SmoothFunction, multi_indices, random_points

from pinnzo.derivatives import FiniteDifference, SmolyakStein
from pinnzo.errors import StencilError

# name: (estimator of a step, order of convergence in it, the steps, how many of the 34 derivatives it sees)
METHODS = {
    "smolyak raw, linear": (lambda h: SmolyakStein(5, h, "linear"), 2, (0.1, 0.05), 34),
    "smolyak raw, odd": (lambda h: SmolyakStein(5, h, "odd"), 2, (0.1, 0.05), 34),
    "smolyak resolved, level 4": (lambda h: SmolyakStein(4, h, "odd"), 2, (0.1, 0.05), 34),
    "smolyak resolved, level 3": (lambda h: SmolyakStein(3, h, "odd"), 2, (0.1, 0.05), 24),
    "smolyak resolved, level 2": (lambda h: SmolyakStein(2, h, "odd"), 2, (0.1, 0.05), 6),
    "smolyak raw, nested": (lambda h: SmolyakStein(5, h, "nested"), 2, (0.1, 0.05), 34),
    "smolyak resolved, nested level 4": (lambda h: SmolyakStein(4, h, "nested"), 2, (0.1, 0.05), 28),
    "smolyak, nested level 2": (lambda h: SmolyakStein(2, h, "nested"), 2, (0.1, 0.05), 6),
    "smolyak raw, linear, per axis": (lambda h: SmolyakStein((5, 3, 3), h, "linear"), 2, (0.1, 0.05), 26),
    "smolyak raw, nested, per axis": (lambda h: SmolyakStein((5, 5, 3), h, "nested"), 2, (0.1, 0.05), 30),
    "smolyak resolved, odd, per axis": (lambda h: SmolyakStein((3, 2, 3), h, "odd"), 2, (0.1, 0.05), 22),
    "smolyak with a fixed axis": (lambda h: SmolyakStein((5, 3, 1), h, "odd"), 2, (0.1, 0.05), 14),
    "finite difference 2": (lambda h: FiniteDifference(h, 2), 2, (0.1, 0.05), 34),
    "finite difference 4": (lambda h: FiniteDifference(h, 4), 4, (0.2, 0.1), 34),
}


def estimator_in(dimension, build, step):
    """Of the levels of three variables, two variables take the first two."""
    estimator = build(step)
    if isinstance(getattr(estimator, "level", None), tuple):
        estimator = replace(estimator, level=estimator.level[:dimension])
    return estimator


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("dimension", [2, 3])
def test_order_of_convergence(name, dimension):
    build, expected, steps, seen = METHODS[name]
    points = random_points(20, dimension)
    observed = {}
    for order in multi_indices(dimension, 4, least=1):
        function = SmoothFunction(dimension, seed=sum(order))
        exact = function.derivative(order, points)
        try:
            errors = [
                np.linalg.norm(estimator.derivatives(function, points, [order])[0].numpy() - exact)
                for estimator in (estimator_in(dimension, build, h) for h in steps)
            ]
        except StencilError:
            continue
        assert errors[0] < 0.2 * np.linalg.norm(exact), order
        observed[order] = np.log2(errors[0] / errors[1])
    assert all(abs(rate - expected) < 0.2 for rate in observed.values()), observed
    if dimension == 3:
        assert len(observed) == seen

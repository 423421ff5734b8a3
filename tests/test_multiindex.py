import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnzo.errors import ShapeError
from pinnzo.multiindex import LinearOperator, add, degree, multi_index, sub_indices

indices = st.lists(st.integers(0, 3), min_size=3, max_size=3).map(lambda order: multi_index(order, 3))


def test_tuples_and_mappings_are_the_same():
    assert multi_index((0, 2, 1), 3) == multi_index({2: 1, 1: 2, 0: 0}, 3) == ((1, 2), (2, 1))
    assert multi_index((0, 0), 2) == ()


@pytest.mark.parametrize(
    ("order", "named"),
    [((1, 2), "2 entries"), ({3: 1}, "axis 3"), ({-1: 1}, "axis -1"), ((0, -1, 0), "derivative -1")],
)
def test_orders_out_of_range(order, named):
    with pytest.raises(ShapeError, match=named):
        multi_index(order, 3)


@given(indices, indices)
def test_addition(first, second):
    total = add(first, second)
    assert total == add(second, first)
    assert degree(total) == degree(first) + degree(second)
    assert all(n > 0 for _, n in total)


@given(indices)
def test_sub_indices_are_those_of_the_product_rule(index):
    terms = list(sub_indices(index))
    assert all(add(beta, rest) == index for beta, rest, _ in terms)
    assert len({beta for beta, _, _ in terms}) == len(terms) == math.prod(n + 1 for _, n in index)
    # ∂^α(e^x e^y …) with all factors equal: the coefficients sum to 2^|α|.
    assert sum(binomial for _, _, binomial in terms) == 2 ** degree(index)


def test_operators_sum_up_sort_and_cancel():
    u, du = (), ((0, 1),)
    operator = LinearOperator.from_terms([(du, 1), (u, 2), (du, -1), (u, 1)])
    assert operator == LinearOperator(((u, 3.0),))
    assert LinearOperator.from_terms([(du, 1), (du, -1)]).terms == ()
    assert LinearOperator.from_terms({}).order == 0
    assert LinearOperator.laplacian([1, 0]) == LinearOperator.laplacian([0, 1])
    assert LinearOperator.derivative(((0, 2), (3, 1))).order == 3
    assert LinearOperator.derivative(()).is_identity
    assert not operator.is_identity

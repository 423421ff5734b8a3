"""Derivatives by automatic differentiation: the reference that forward-only estimators are compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from pinnzo.derivatives.base import Discretisation, Estimator, Field
from pinnzo.errors import StencilError
from pinnzo.multiindex import LinearOperator, MultiIndex, multi_index


@dataclass(frozen=True)
class Autodiff(Estimator):
    """Exact derivatives by nested back-propagation through the points.

    It is not forward-only. Under ``torch.inference_mode()`` it leaves that mode for its own work. The result
    carries a graph only when autograd is on and the function's parameters (or the points) require a gradient.

    The function has to treat points independently, f(x)_p = f(x_p), as every field here does.

    Example:
        >>> points = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
        >>> Autodiff().derivatives(lambda x: x[:, 0] ** 3 * x[:, 1], points, [(2, 1), {0: 1}])
        tensor([[6.],
                [6.]], dtype=torch.float64)
    """

    def discretise(self, rows: Sequence[LinearOperator], dimension: int) -> AutodiffDiscretisation:
        """Prepare linear operators of any order.

        Raises:
            ShapeError: a term names an axis that is not there.
        """
        for row in rows:
            for index, _ in row.terms:
                multi_index(dict(index), dimension)
        return AutodiffDiscretisation(rows)


class AutodiffDiscretisation(Discretisation):
    """Linear operators by nested ``torch.autograd.grad``; common lower derivatives are computed once.

    Attributes:
        evaluations_per_point: 1, the forward pass. The backward passes are no forward queries and are not
            counted, though they cost more than the forward pass: compare seconds with this estimator, not
            evaluations.
    """

    def __init__(self, rows: Sequence[LinearOperator]) -> None:
        self.rows = tuple(rows)
        self.evaluations_per_point = 1
        # The derivatives whose gradients lead to those that are asked for, lowest order first.
        self._parents: dict[MultiIndex, None] = {}
        for row in self.rows:
            for index, _ in row.terms:
                self._expand(index)

    @property
    def gradients(self) -> int:
        """How many gradients one evaluation takes."""
        return len(self._parents)

    def _expand(self, index: MultiIndex) -> None:
        if index:
            parent = _parent(index)
            self._expand(parent)
            self._parents[parent] = None

    def apply(self, field: Field, x: torch.Tensor) -> torch.Tensor:
        """The rows of K functions at points x (P, D): (K, P, R).

        Raises:
            StencilError: the field's values carry no autograd graph.
        """
        # A graph for the caller is kept only where there is something for the caller to differentiate by.
        keep = torch.is_grad_enabled() and (x.requires_grad or field.values(x[:1].detach()).requires_grad)
        with torch.inference_mode(False), torch.enable_grad(), _UsableInference():
            at = x.clone() if keep and x.requires_grad else x.detach().clone().requires_grad_()
            values = field.values(at)
            if self._parents and not values.requires_grad:
                raise StencilError(
                    "Autodiff needs a function made of torch operations, but its values carry no autograd "
                    "graph (it is constant, or leaves torch): use FiniteDifference or SmolyakStein for it."
                )
            derivatives: dict[MultiIndex, torch.Tensor] = {(): values}
            gradients: dict[MultiIndex, torch.Tensor] = {}
            nested = {_parent(index) for index in self._parents if index}
            for index in sorted(self._parents, key=lambda index: sum(m for _, m in index)):
                if index not in derivatives:
                    derivatives[index] = _pick(gradients, index)
                gradients[index] = _gradient(derivatives[index], at, create_graph=keep or index in nested)
            out = []
            for row in self.rows:
                total = torch.zeros_like(values)
                for index, coefficient in row.terms:
                    total = total + coefficient * (_pick(gradients, index) if index else values)
                out.append(total)
            result = torch.stack(out, dim=-1) if out else values.new_zeros(*values.shape, 0)
        return result if keep else result.detach()


def _parent(index: MultiIndex) -> MultiIndex:
    """The multi-index with one derivative less along its last axis."""
    *lower, (axis, m) = index
    return (*lower, (axis, m - 1)) if m > 1 else tuple(lower)


def _pick(gradients: dict[MultiIndex, torch.Tensor], index: MultiIndex) -> torch.Tensor:
    return gradients[_parent(index)][..., index[-1][0]]


def _gradient(values: torch.Tensor, at: torch.Tensor, *, create_graph: bool) -> torch.Tensor:
    """∂ values (K, P) / ∂ points (P, D): (K, P, D)."""
    if not values.requires_grad:  # a linear function's gradient is a constant
        return at.new_zeros(*values.shape, at.shape[1]).to(values.dtype)
    slices = []
    for value in values:
        (slope,) = torch.autograd.grad(
            value.sum(), at, create_graph=create_graph, retain_graph=True, materialize_grads=True
        )
        slices.append(slope)
    return torch.stack(slices)


class _UsableInference(TorchFunctionMode):
    """Clones tensors made in inference mode where they are used: autograd cannot save them otherwise."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        return func(*(_usable(a) for a in args), **{k: _usable(a) for k, a in (kwargs or {}).items()})


def _usable(argument: Any) -> Any:
    if isinstance(argument, torch.Tensor) and argument.is_inference():
        return argument.clone()
    if isinstance(argument, (list, tuple)) and any(isinstance(a, torch.Tensor) for a in argument):
        usable = [_usable(a) for a in argument]
        return usable if isinstance(argument, list) else tuple(usable)
    return argument

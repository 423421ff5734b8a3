"""Exact solutions as users give them: expressions, functions of points, or one of these for each unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import sympy as sp
import torch

from pinnzo.errors import DeclarationError, ShapeError
from pinnzo.symbolic.calculus import refine
from pinnzo.symbolic.domains import Domain
from pinnzo.symbolic.expressions import known_expression, listed
from pinnzo.symbolic.torch_code import torch_function
from pinnzo.symbolic.unknowns import Unknowns

ExactFunction: TypeAlias = Callable[[torch.Tensor], object]
Exact: TypeAlias = "sp.Expr | ExactFunction | tuple[sp.Expr | ExactFunction, ...]"
"""Of one unknown function an expression or a function of points; of several a tuple of such, or one function of points
(N, D) with values (N, C)."""


def split_exact(given: Any, unknowns: Unknowns, domain: Domain) -> tuple[Exact | None, dict[sp.Symbol, float]]:
    """The exact unknown functions, if all are given, and the true values of the unknown coefficients.

    Raises:
        DeclarationError: something else is named, some of the functions are missing, or a coefficient is.
    """
    functions, coefficients = unknowns.functions, unknowns.coefficients
    if given is None:
        return None, {}
    if isinstance(given, (list, tuple)):
        if len(given) != len(functions):
            raise DeclarationError(
                f"exact has {len(given)} entries, but the unknown functions are {listed(functions)}: give one for each."
            )
        given = dict(zip(functions, given, strict=True))
    if _is_function(given) or not isinstance(given, Mapping):
        if coefficients:
            raise DeclarationError(
                f"exact says nothing of {listed(coefficients)}: give a mapping, exact={{{functions[0]}: …, "
                f"{next(iter(coefficients))}: …}}."
            )
        if len(functions) > 1 and not _is_function(given):
            raise DeclarationError(
                f"exact is {given!r}: give an expression for each of {listed(functions)}, in a list."
            )
        return _one(given, "exact", unknowns, domain), {}
    wanted = [*functions, *coefficients]
    if strangers := [key for key in given if key not in wanted]:
        raise DeclarationError(f"exact names {strangers[0]}, but the unknowns are {listed(wanted)}.")
    if missing := [key for key in wanted if key not in given]:
        raise DeclarationError(f"exact says nothing of {missing[0]}: give all of {listed(wanted)}.")
    parts = tuple(_one(given[u], f"exact {u}", unknowns, domain) for u in functions)
    truth = {s: float(known_expression(given[s], f"exact {s}", ())) for s in coefficients}
    return (parts[0] if len(parts) == 1 else parts), truth


def exact_values(exact: Exact, points: torch.Tensor, unknowns: Unknowns) -> torch.Tensor:
    """The exact solution at points (N, D), in float64: (N,) for one unknown function, (N, C) for C of them.

    Raises:
        ShapeError: a function returned another shape.
        DeclarationError: a function failed, or returned complex numbers.
    """
    points = points.to(torch.float64)
    if isinstance(exact, tuple):
        return torch.stack([_values(part, points, unknowns.variables, 1) for part in exact], dim=1)
    return _values(exact, points, unknowns.variables, len(unknowns.functions))


def _is_function(given: Any) -> bool:
    return callable(given) and not isinstance(given, sp.Basic)


def _one(given: Any, what: str, unknowns: Unknowns, domain: Domain) -> sp.Expr | ExactFunction:
    return given if _is_function(given) else refine(known_expression(given, what, unknowns.variables), domain)


def _values(
    exact: sp.Expr | ExactFunction, points: torch.Tensor, variables: Sequence[sp.Symbol], count: int
) -> torch.Tensor:
    if isinstance(exact, sp.Basic):
        (value,) = torch_function([variables], [exact])(points.T)
        return torch.as_tensor(value, dtype=torch.float64, device=points.device).expand(len(points))
    try:
        result = exact(points)
        values = torch.as_tensor(np.asarray(result) if not isinstance(result, torch.Tensor) else result)
    except Exception as error:
        raise DeclarationError(
            f"exact fails on a tensor of points of shape {tuple(points.shape)} with {type(error).__name__}: {error}"
        ) from error
    wanted = (len(points),) if count == 1 else (len(points), count)
    if values.shape != wanted:
        what = "one value" if count == 1 else f"{count} values"
        raise ShapeError(
            f"exact returned shape {tuple(values.shape)} for points of shape {tuple(points.shape)}: return {what} "
            f"for each point, shape {wanted}."
        )
    if values.is_complex():
        raise DeclarationError("exact returned complex numbers: return real values.")
    return values.to(points)

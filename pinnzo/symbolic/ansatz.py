"""The ansatz u = A + B f that builds conditions into the solution exactly, for each unknown function one.

How A uses the data, and why only where they hold, is said in ``faces``.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp
import torch

from pinnzo.errors import DeclarationError, SettingError
from pinnzo.symbolic.boundary import Sampler
from pinnzo.symbolic.calculus import refine
from pinnzo.symbolic.conditions import ParsedCondition
from pinnzo.symbolic.expressions import known_expression, listed
from pinnzo.symbolic.faces import MAX_INTERPOLATED_AXES, derivative_axes, group_conditions, vanishes
from pinnzo.symbolic.periodic import Period, find_periodic
from pinnzo.symbolic.quantities import Lowered
from pinnzo.symbolic.torch_code import evaluate
from pinnzo.symbolic.unknowns import Unknowns

NOT_SMOOTH = (sp.Abs, sp.sign, sp.Max, sp.Min, sp.Heaviside, sp.floor, sp.ceiling, sp.Piecewise, sp.Mod, sp.frac)


@dataclass(frozen=True, repr=False)
class Ansatz:
    """u = A + B f, with the network f; in a system u_c = A_c + B_c f_c, with the network's outputs f_c.

    Attributes:
        parts: A and B of each unknown function; A satisfies the hard conditions, and B vanishes where they hold.
        hard: names of the conditions that are built in.
        soft: the conditions that are left to penalties.
        periods: the coordinates (axis, low, high) along which f has to be periodic for the hard conditions to hold.
    """

    parts: tuple[tuple[sp.Expr, sp.Expr], ...]
    hard: tuple[str, ...] = ()
    soft: tuple[ParsedCondition, ...] = ()
    periods: tuple[Period, ...] = ()

    @property
    def A(self) -> sp.Expr:  # noqa: N802
        """A of the first unknown function."""
        return self.parts[0][0]

    @property
    def B(self) -> sp.Expr:  # noqa: N802
        """B of the first unknown function."""
        return self.parts[0][1]

    def __repr__(self) -> str:
        if len(self.parts) == 1:
            return f"Ansatz(A={self.A!r}, B={self.B!r}, hard={self.hard!r})"
        return f"Ansatz(parts={self.parts!r}, hard={self.hard!r})"

    def softened(self, axes: Collection[int], conditions: Sequence[ParsedCondition]) -> Ansatz:
        """The same for a network that is not periodic along some coordinates.

        Args:
            axes: these coordinates.
            conditions: all of the problem, in order.

        Raises:
            SettingError: a condition that has to be hard needs such a network.
        """
        lost = {c.name: c for c in conditions if c.periodic_axis in axes and c.name in self.hard}
        if failed := [c.name for c in lost.values() if c.enforce == "hard"]:
            raise SettingError(
                f"The condition {failed[0]!r} is to be built in, which takes a network that is periodic: use MLP or "
                "TensorTrainMLP without periodic=() and without features that are not periodic, or leave enforce at "
                "'auto' for a penalty."
            )
        hard = tuple(name for name in self.hard if name not in lost)
        soft = tuple(c for c in conditions if c.name not in hard)
        return replace(self, hard=hard, soft=soft, periods=tuple(p for p in self.periods if p[0] not in axes))


def given_ansatz(
    given: Any,
    conditions: Sequence[ParsedCondition],
    sampler: Sampler,
    equations: Sequence[Lowered],
    unknowns: Unknowns,
) -> Ansatz:
    """The user's own A and B; the conditions that they satisfy for every network are hard, the rest are soft.

    In a system ``given`` is a mapping from unknown functions to pairs; the others get an ansatz from the conditions.

    Raises:
        DeclarationError: not a pair of expressions of the variables, not finite in the domain, or B vanishes.
    """
    pairs = {unknowns.functions[0]: given}
    if isinstance(given, Mapping) or len(unknowns.functions) > 1:
        pairs = _by_function(given, unknowns)
    built = []
    for component, unknown in enumerate(unknowns.functions):
        own = [c for c in conditions if c.component == component]
        built.append(_given(pairs[unknown], own, sampler) if unknown in pairs else _best(own, sampler))
    return _finish(built, conditions, sampler, equations)


def _by_function(given: Any, unknowns: Unknowns) -> Mapping[Any, Any]:
    names = listed(unknowns.functions)
    if not isinstance(given, Mapping) or set(given) - set(unknowns.functions):
        raise DeclarationError(f"ansatz is {given!r}: give a mapping from some of {names} to pairs (A, B).")
    return given


def _given(pair: Any, conditions: Sequence[ParsedCondition], sampler: Sampler) -> _Built:
    if isinstance(pair, (str, sp.Basic)) or not isinstance(pair, Sequence) or len(pair) != 2:
        raise DeclarationError(f"ansatz is {pair!r}: give a pair (A, B) of SymPy expressions.")
    A, B = (
        refine(known_expression(part, f"ansatz {name}", sampler.variables), sampler.domain)
        for name, part in zip("AB", pair, strict=True)
    )
    points = sampler.interior(64, torch.Generator().manual_seed(0))
    values = evaluate((A, B), points, sampler.variables)
    for name, part, value in zip("AB", (A, B), values, strict=True):
        if not value.isfinite().all():
            raise DeclarationError(f"ansatz {name} = {part} is NaN or infinite inside the domain: it must be finite.")
    if vanishes(B, sampler):
        raise DeclarationError("ansatz B is zero: u = A + B f would not depend on the network.")
    return _Built(A, B, tuple(c for c in conditions if _is_exact(c, A, B, sampler)))


def build_ansatz(
    conditions: Sequence[ParsedCondition], sampler: Sampler, equations: Sequence[Lowered], components: int
) -> Ansatz:
    """Build in as many conditions as an ansatz can satisfy exactly.

    Conditions along one coordinate (or on the sphere of a ball) form a group, taken time first. Each group corrects
    the A found so far by the mismatch on its own faces, which keeps the earlier groups' data wherever the
    conditions agree at the corners (transfinite interpolation as a Boolean sum; Gordon & Hall 1973). A group that
    would break an earlier one, or has data with kinks, stays soft. Where the value of u and its derivatives across a
    face are given, A = g + (t − t₀) h and B = (t − t₀)², say, satisfy both; the derivatives stay soft where building
    them in would leave a value soft.
    """
    built = [_best([c for c in conditions if c.component == component], sampler) for component in range(components)]
    return _finish(built, conditions, sampler, equations)


def _best(conditions: Sequence[ParsedCondition], sampler: Sampler) -> _Built:
    """As many of one unknown function's conditions as can be built in."""
    values = _built(conditions, sampler, ())
    axes = derivative_axes(conditions)
    time = [axis for axis in axes if sampler.variables[axis] == sampler.time]
    for chosen in dict.fromkeys((tuple(axes), tuple(time))):
        if not chosen:
            continue
        more = _built(conditions, sampler, chosen)
        # A velocity must not cost a value.
        if set(values.hard) < set(more.hard):
            return more
    return values


@dataclass(frozen=True)
class _Built:
    A: sp.Expr
    B: sp.Expr
    hard: tuple[ParsedCondition, ...]


def _built(conditions: Sequence[ParsedCondition], sampler: Sampler, derivatives: Sequence[int]) -> _Built:
    """The ansatz with as many groups as go together, with derivatives across the faces of some axes."""
    domain = sampler.domain
    A, B = sp.Integer(0), sp.Integer(1)
    hard: list[ParsedCondition] = []
    for group in group_conditions(conditions, sampler, derivatives):
        data = [refine(c.data, domain) for c in group.conditions if c.data is not None]
        if any(d.has(*NOT_SMOOTH) for d in data):
            continue
        new_A, new_B = group.extend(A, B, sampler)
        if all(_is_exact(c, new_A, new_B, sampler) for c in (*hard, *group.conditions)):
            A, B = refine(new_A, domain), new_B
            hard.extend(group.conditions)
    return _Built(A, B, tuple(hard))


def _finish(
    built: Sequence[_Built], conditions: Sequence[ParsedCondition], sampler: Sampler, equations: Sequence[Lowered]
) -> Ansatz:
    parts = tuple((b.A, b.B) for b in built)
    periodic = find_periodic(parts, conditions, equations, sampler)
    names = tuple(c.name for c in (*(c for b in built for c in b.hard), *periodic.conditions))
    soft = tuple(c for c in conditions if c.name not in names)
    if failed := [c.name for c in soft if c.enforce == "hard"]:
        raise DeclarationError(
            f"The condition {failed[0]!r} cannot be built into an ansatz: only smooth Dirichlet data can, on faces of "
            f"a box in up to {MAX_INTERPOLATED_AXES} spatial coordinates or on a ball, that agree at the corners, and "
            "beside them derivatives across the same face, or periodic conditions on u and its first derivatives. "
            "Leave enforce at 'auto', or give your own ansatz=(A, B)."
        )
    return Ansatz(parts, names, soft, periodic.periods)


def _is_exact(condition: ParsedCondition, A: sp.Expr, B: sp.Expr, sampler: Sampler) -> bool:
    """Whether u = A + B f satisfies ∂ᵐu = g for every f: ∂ᵐA equals the data there, and B, …, ∂ᵐB vanish."""
    if condition.data is None:
        return False
    factors = [B]
    if condition.order:
        symbol = sampler.variables[condition.places[0][0][0]]
        A = A.diff(symbol, condition.order)
        factors = [B.diff(symbol, k) for k in range(condition.order + 1)]
    (points,) = sampler.condition(condition, 64, torch.Generator().manual_seed(0))
    values, data, *rest = evaluate((A, condition.data, *factors), points, sampler.variables)
    size = 1.0 + max(float(values.abs().max()), float(data.abs().max()))
    agrees = not math.isnan(size) and bool(((values - data).abs() <= 1e-9 * size).all())
    return agrees and all(bool((factor.abs() <= 1e-9).all()) for factor in rest)

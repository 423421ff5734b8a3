"""The estimators that are compared when none are named, and what their names mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from pinnzo.derivatives import (
    Autodiff,
    Estimator,
    FiniteDifference,
    MonteCarloStein,
    RandomDirections,
    SmolyakStein,
)
from pinnzo.derivatives.default import default_estimator
from pinnzo.errors import SettingError
from pinnzo.multiindex import LinearOperator

Maker = Callable[[Sequence[LinearOperator], Sequence[tuple[float, float]], torch.dtype], Estimator]
"""Makes an estimator for operators, the range of each variable, and a dtype."""

Given = str | Estimator
"""How users say which estimator they mean."""


@dataclass(frozen=True)
class Choice:
    """An estimator that can be named.

    Attributes:
        name: on the command line.
        label: for people.
        make: the estimator for a problem.
    """

    name: str
    label: str
    make: Maker


def _fixed(name: str, label: str, estimator: Estimator) -> Choice:
    """An estimator with the same settings for all problems."""
    return Choice(name, label, lambda *_: estimator)


CHOICES: dict[str, Choice] = {
    choice.name: choice
    for choice in (
        Choice("smolyak", "sparse grid (default)", default_estimator),
        _fixed("paper", "sparse grid 3 (paper)", SmolyakStein(level=3, sigma=0.1)),
        _fixed("smolyak-odd", "sparse grid 3, odd", SmolyakStein(level=3, growth="odd")),
        _fixed("smolyak-nested", "sparse grid 3, nested", SmolyakStein(level=3, growth="nested")),
        _fixed("finite-difference", "differences O(h²)", FiniteDifference("auto", order=2)),
        _fixed("finite-difference-4", "differences O(h⁴)", FiniteDifference("auto", order=4)),
        _fixed("monte-carlo", "Monte-Carlo Stein", MonteCarloStein(samples=1024, sigma=0.1)),
        _fixed("random-directions", "16 random directions", RandomDirections(16)),
        _fixed("autodiff", "autodiff", Autodiff()),
    )
}
"""All that are compared by default, in the order of the table."""

ALIASES = {"default": "smolyak"}


def choices_of(estimators: Sequence[Given] | Mapping[str, Estimator] | Given | None) -> tuple[Choice, ...]:
    """The estimators that are meant, in the order given.

    Raises:
        SettingError: a name is unknown, something is no estimator, or there are none.
    """
    if estimators is None:
        return tuple(CHOICES.values())
    if isinstance(estimators, (str, Estimator)):
        estimators = [estimators]
    if isinstance(estimators, Mapping):
        found = [_own(str(name), estimator) for name, estimator in estimators.items()]
    elif isinstance(estimators, Sequence):
        found = [_named(e) if isinstance(e, str) else _own(_words(e), e) for e in estimators]
    else:
        raise SettingError(f"estimators is {estimators!r}: give names or estimators in a list, or a mapping of them.")
    if not found:
        raise SettingError(f"estimators is empty: choose among {', '.join(CHOICES)}.")
    return tuple({choice.name: choice for choice in found}.values())


def _named(name: str) -> Choice:
    known = ALIASES.get(name, name)
    if known not in CHOICES:
        raise SettingError(f"There is no estimator {name!r} to compare; choose among {', '.join(CHOICES)}.")
    return CHOICES[known]


def _own(name: str, estimator: Any) -> Choice:
    """An estimator of the user's own under a name."""
    if not isinstance(estimator, Estimator):
        raise SettingError(
            f"estimators holds {estimator!r} for {name!r}: pass an estimator such as SmolyakStein() or a name."
        )
    return _fixed(name, name, estimator)


def _words(estimator: Any) -> str:
    """An estimator's settings in short; one step a variable would fill a line."""
    text = repr(estimator)
    return text if len(text) <= 60 else f"{type(estimator).__name__}(…)"

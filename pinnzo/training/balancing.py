"""Weights of the loss terms that balance themselves, from the values of the terms alone."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from pinnzo.errors import SettingError

from .settings import require_count, require_positive

LARGEST_RATIO = 1e3
"""A term that vanished at the step before must not drown the others for good."""


class Balance(ABC):
    """A rule that multiplies the weights of loss terms by factors, which sum up to the number of terms.

    Its subclasses are frozen dataclasses of settings. The state is explicit, a dict of plain numbers, dicts, lists
    and tensors that a checkpoint can hold; its entry "factors" maps each term's name to its factor.
    """

    def init(self, names: Sequence[str], seed: int) -> dict[str, Any]:
        """The state before the first step, for the terms that take part."""
        generator = torch.Generator().manual_seed(seed).get_state()
        return {"factors": dict.fromkeys(names, 1.0), "seen": [], "generator": generator}

    def update(self, state: Mapping[str, Any], losses: Mapping[str, float]) -> dict[str, Any]:
        """The state after the loss terms have been seen once more; ``state`` is left as it was.

        Args:
            state: from ``init`` or ``update``.
            losses: the mean squared residual of each term, without weights; those of other names are ignored.
        """
        now = [losses[name] for name in state["factors"]]
        if len(now) < 2 or not all(map(math.isfinite, now)):
            return dict(state)
        return self._updated(state, now)

    @abstractmethod
    def _updated(self, state: Mapping[str, Any], now: list[float]) -> dict[str, Any]:
        """The same for finite losses, in the order of the factors."""


@dataclass(frozen=True)
class ReLoBRaLo(Balance):
    r"""Relative loss balancing with random lookback (Bischof & Kraus 2021).

    With m terms L_i and the factors

        λ̂_i(t, t') = m exp(L_i(t)/(T L_i(t'))) / Σ_j exp(L_j(t)/(T L_j(t'))),

    terms that have fallen least since step t' weigh most. The factors follow

        λ_i(t) = α (ρ λ_i(t−1) + (1 − ρ) λ̂_i(t, 0)) + (1 − α) λ̂_i(t, t−1),

    where ρ is 1 with the probability ``lookback`` and else 0, a look back at the first step.

    Attributes:
        temperature: T; the larger, the more equal the factors.
        memory: α in [0, 1), the share of the factors that is kept.
        lookback: the probability of ρ = 1.

    Raises:
        SettingError: a number is out of range.

    Example:
        >>> rule = ReLoBRaLo(memory=0.0)
        >>> state = rule.init(["equation", "boundary"], seed=0)
        >>> state = rule.update(state, {"equation": 1.0, "boundary": 1.0})
        >>> state = rule.update(state, {"equation": 1.0, "boundary": 0.5})
        >>> {name: round(factor, 2) for name, factor in state["factors"].items()}
        {'equation': 1.24, 'boundary': 0.76}

    References:
        Bischof & Kraus, Multi-objective loss balancing for physics-informed deep learning, arXiv 2110.09813.
    """

    temperature: float = 1.0
    memory: float = 0.95
    lookback: float = 0.99

    def __post_init__(self) -> None:
        require_positive(type(self).__name__, temperature=self.temperature)
        _require_share("ReLoBRaLo", memory=self.memory)
        if self.lookback != 1.0:
            _require_share("ReLoBRaLo", lookback=self.lookback)

    def _updated(self, state: Mapping[str, Any], now: list[float]) -> dict[str, Any]:
        if not state["seen"]:
            return {**state, "seen": [now, now]}
        first, last = state["seen"]
        generator = torch.Generator()
        generator.set_state(state["generator"])
        kept = list(state["factors"].values())
        if float(torch.rand((), generator=generator)) >= self.lookback:
            kept = self._relative(now, first)
        fresh = self._relative(now, last)
        factors = [self.memory * old + (1 - self.memory) * new for old, new in zip(kept, fresh, strict=True)]
        return {
            "factors": dict(zip(state["factors"], factors, strict=True)),
            "seen": [first, now],
            "generator": generator.get_state(),
        }

    def _relative(self, now: list[float], then: list[float]) -> list[float]:
        tiny = torch.finfo(torch.float64).tiny
        ratios = [min(a / max(b, tiny), LARGEST_RATIO) for a, b in zip(now, then, strict=True)]
        return _softmax([ratio / self.temperature for ratio in ratios])


@dataclass(frozen=True)
class SoftAdapt(Balance):
    r"""Adaptive weights from the rates at which the loss terms change (Heydari et al. 2019).

    With the change s_i of the term L_i over the last steps, relative to Σ_j |s_j|, the factors of m terms are

        λ_i = m L_i exp(β s_i) / Σ_j L_j exp(β s_j):

    the large terms weigh most, and among them those that fall least.

    Attributes:
        beta: β; 0 leaves the sizes alone.
        window: the number of steps over which changes are measured and factors are kept.
        loss_weighted: whether the L_i before the exponentials take part.

    Raises:
        SettingError: a number is out of range.

    Example:
        >>> rule = SoftAdapt(beta=1.0, window=1, loss_weighted=False)
        >>> state = rule.init(["equation", "boundary"], seed=0)
        >>> state = rule.update(state, {"equation": 1.0, "boundary": 1.0})
        >>> state = rule.update(state, {"equation": 1.0, "boundary": 0.5})
        >>> {name: round(factor, 2) for name, factor in state["factors"].items()}
        {'equation': 1.46, 'boundary': 0.54}

    References:
        Heydari, Thompson & Mehmood, SoftAdapt, arXiv 1912.12355.
    """

    beta: float = 0.1
    window: int = 5
    loss_weighted: bool = True

    def __post_init__(self) -> None:
        require_count("SoftAdapt", window=self.window)
        if isinstance(self.beta, bool) or not isinstance(self.beta, (int, float)) or not math.isfinite(self.beta):
            raise SettingError(f"SoftAdapt: beta must be a finite number, got {self.beta!r}.")

    def _updated(self, state: Mapping[str, Any], now: list[float]) -> dict[str, Any]:
        seen = [*state["seen"], now]
        if len(seen) <= self.window:
            return {**state, "seen": seen}
        changes = [b - a for a, b in zip(seen[0], now, strict=True)]
        total = sum(map(abs, changes)) or 1.0
        # The losses of one step are noisy: their mean over the window tells the sizes.
        sizes = [sum(column) / len(column) for column in zip(*seen[1:], strict=True)]
        tiny = torch.finfo(torch.float64).tiny
        exponents = [self.beta * change / total for change in changes]
        if self.loss_weighted:
            exponents = [e + math.log(max(size, tiny)) for e, size in zip(exponents, sizes, strict=True)]
        factors = dict(zip(state["factors"], _softmax(exponents), strict=True))
        return {**state, "factors": factors, "seen": [now]}


BALANCES: Mapping[str, type[Balance]] = {"relobralo": ReLoBRaLo, "softadapt": SoftAdapt}
"""The rules by their names."""


def as_balance(balance: Any) -> Balance | None:
    """What a user may pass as ``balance``: a rule, the name of one, or None.

    Raises:
        SettingError: it is something else.

    Example:
        >>> as_balance("softadapt")
        SoftAdapt(beta=0.1, window=5, loss_weighted=True)
    """
    if balance is None or isinstance(balance, Balance):
        return balance
    if isinstance(balance, str) and balance in BALANCES:
        return BALANCES[balance]()
    raise SettingError(
        f"balance is {balance!r}: give {' or '.join(map(repr, BALANCES))}, or settings such as ReLoBRaLo(memory=0.9)."
    )


def _softmax(exponents: list[float]) -> list[float]:
    """Positive numbers in the ratio of the exponentials, which sum up to their count."""
    top = max(exponents)
    powers = [math.exp(e - top) for e in exponents]
    return [len(powers) * p / sum(powers) for p in powers]


def _require_share(owner: str, **values: float) -> None:
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1:
            raise SettingError(f"{owner}: {name} must lie in [0, 1), got {value!r}.")

"""Unknown coefficients as parameters that are trained along with the network's."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp
import torch


class Coefficients:
    """Numbers c_i that the last parameters η_i of θ stand for.

    A coefficient of any sign is c = c₀ + s η, a positive one c = c₀ exp(η), with the guess c₀ and the scale s = |c₀|,
    or 1 where the guess is 0. So η = 0 at the start, and a change of η by 1 is as large as the guess.

    Args:
        guesses: c₀ of each symbol.

    Attributes:
        symbols: the coefficients.
        count: their number n.
    """

    def __init__(self, guesses: Mapping[sp.Symbol, float]) -> None:
        self.symbols = tuple(guesses)
        self.count = len(self.symbols)
        self._guesses = list(guesses.values())
        self._positive = [bool(s.is_positive) for s in self.symbols]

    def values(self, parameters: torch.Tensor) -> list[torch.Tensor]:
        """The coefficients of K parameter vectors, from their last n entries (K, n): n tensors (K, 1)."""
        columns = parameters.unsqueeze(-1).unbind(1)
        return [
            guess * column.exp() if positive else guess + (abs(guess) or 1.0) * column
            for column, guess, positive in zip(columns, self._guesses, self._positive, strict=True)
        ]

"""Directional derivatives by central differences, collected into weighted sums over nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch


@dataclass
class DirectionalSums:
    """Columns Σ_w (a_w D¹_w + b_w D²_w + c_w D⁴_w) f + c₀ f, with D^m_w the m-th derivative along w.

    The differences are central, with the nodes x ± s w (and x ± 2 s w for D⁴), s such that the first of them lies one
    step from x: Σ_i (s w_i/h_i)² = 1. Directions that differ by a factor share their nodes.

    Attributes:
        step: h, (D,).
        columns: how many sums are collected.
    """

    step: np.ndarray
    columns: int
    _shifts: list[np.ndarray] = field(default_factory=list)
    _known: dict[bytes, int] = field(default_factory=dict)
    _entries: list[tuple[int, int, Sequence[int], np.ndarray]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.identity = np.zeros(self.columns)

    def add(self, order: int, w: np.ndarray, columns: Sequence[int], coefficients: float | np.ndarray) -> None:
        """Add multiples of D^m_w f to some columns, none of them twice, with a coefficient for each or for all."""
        length = float(np.linalg.norm(w / self.step))
        if length == 0.0 or not np.any(coefficients):
            return
        shift = w / length
        if shift[np.flatnonzero(shift)[0]] < 0:
            shift, length = -shift, -length
        key = (np.round(shift / self.step, 12) + 0.0).tobytes()  # no −0
        node = self._known.setdefault(key, len(self._shifts))
        if node == len(self._shifts):
            self._shifts.append(shift)
        self._entries.append((order, node, columns, np.asarray(coefficients) * length**order))

    def collect(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Nodes (J, D) with the centre first where it is needed, weights (J, R) and their exact sums (R,)."""
        count = len(self._shifts)
        # The differences D¹, D² and D⁴ for a step of 1 at the nodes −2, −1, 0, 1, 2.
        rules = {1: (0.0, -0.5, 0.0, 0.5, 0.0), 2: (0.0, 1.0, -2.0, 1.0, 0.0), 4: (1.0, -4.0, 6.0, -4.0, 1.0)}
        weights = np.zeros((5, count, self.columns))
        for order, node, columns, coefficients in self._entries:
            weights[:, node, columns] += coefficients * np.array(rules[order])[:, None]
        shifts = np.array(self._shifts).reshape(count, len(self.step))
        far = (weights[0] != 0).any(axis=1)
        blocks = [(1.0, weights[3], slice(None)), (-1.0, weights[1], slice(None))]
        blocks += [(2.0, weights[4], far), (-2.0, weights[0], far)]
        centre = weights[2].sum(axis=0) + self.identity
        used = bool(weights[2].any() or self.identity.any() or not count)
        nodes = [np.zeros((1, len(self.step)))] * used + [factor * shifts[rows] for factor, _, rows in blocks]
        values = [centre[None]] * used + [block[rows] for _, block, rows in blocks]
        return (
            torch.from_numpy(np.concatenate(nodes)),
            torch.from_numpy(np.concatenate(values)),
            torch.from_numpy(self.identity.copy()),
        )

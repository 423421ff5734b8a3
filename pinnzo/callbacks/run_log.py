"""What a run tells by ``logging``."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from pinnzo.training.callbacks import Callback

if TYPE_CHECKING:
    from pinnzo.training.fit import Outcome, RunState

logger = logging.getLogger("pinnzo.run")

SPARSE_SECONDS, SPARSE_FACTOR = 5.0, 0.1
"""A lower loss on held-out points is reported after so many seconds, or once it is so many times the last reported."""


class RunLog(Callback):
    """Records of a run by the logger ``pinnzo.run``.

    INFO: the beginning with the settings, lower losses on held-out points now and then, the end with its reason.
    DEBUG: every step.

    Args:
        title: what is being solved.
        settings: a function that describes the settings in one line, called only if it is heard.
    """

    def __init__(self, title: str, settings: Callable[[], str]) -> None:
        self.title, self.settings = title, settings
        self._reported, self._reported_at = math.inf, 0.0

    def on_start(self, state: RunState) -> None:
        """Report what begins, or goes on."""
        self._reported, self._reported_at = state.best_loss, time.monotonic()
        if logger.isEnabledFor(logging.INFO):
            verb = f"goes on after step {state.trainer.step}" if state.trainer.step else "starts"
            logger.info("%s %s: %s", self.title, verb, self.settings())

    def on_step(self, state: RunState) -> None:
        """Report the step, and a new lowest loss if the last report of one is far back."""
        record = state.history[-1]
        if logger.isEnabledFor(logging.DEBUG):
            measured = "" if math.isnan(record.validation) else f", validation {record.validation:.6e}"
            known = "" if math.isnan(record.error) else f", error {record.error:.6e}"
            logger.debug(
                "%s step %d: loss %.6e%s%s, %d evaluations, %.3f s",
                self.title, record.step, record.loss, measured, known, record.evaluations, record.seconds,
            )  # fmt: skip
        if not state.best_loss < self._reported:
            return
        now = time.monotonic()
        if state.best_loss <= SPARSE_FACTOR * self._reported or now - self._reported_at >= SPARSE_SECONDS:
            self._reported, self._reported_at = state.best_loss, now
            logger.info(
                "%s step %d: lowest loss on held-out points so far %.3e, %.3g evaluations, %.1f s",
                self.title, record.step, state.best_loss, record.evaluations, record.seconds,
            )  # fmt: skip

    def on_end(self, outcome: Outcome) -> None:
        """Report how it ended."""
        result = outcome.result
        logger.info(
            "%s ends after %d steps, %.3g evaluations and %.1f s, lowest loss on held-out points %.3e. %s",
            self.title, result.trainer.step, result.evaluations, result.seconds, result.best_loss, outcome.status,
        )  # fmt: skip

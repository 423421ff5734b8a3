"""Calls that may fail or never end: tried again, and given up in time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import torch

from pinnzo.errors import AnswerError, BlackBoxError

T = TypeVar("T")

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
"""Seconds before a call is tried again; each pause is twice the one before."""


class Patience:
    """How often a call is tried, and how long each time.

    Args:
        title: what is called, for messages.
        retries: how often a failed call is tried again.
        timeout: the seconds after which a call has failed; None waits for ever.
        reset: called after a failure, before the next try or the end; what it raises is logged.

    Example:
        >>> answers = iter([1 / 3, 2 / 3])
        >>> Patience("the oracle", retries=1).call(lambda: next(answers))
        0.3333333333333333
    """

    def __init__(
        self, title: str, retries: int = 0, timeout: float | None = None, reset: Callable[[], Any] | None = None
    ) -> None:
        self.title, self.retries, self.timeout, self.reset = title, retries, timeout, reset

    def call(self, function: Callable[[], T]) -> T:
        """What the function returns.

        Raises:
            BlackBoxError: it has failed ``retries`` + 1 times; what it raised the last time is the cause.
            AnswerError: the last failure was one of these.
        """
        pause, failure = FIRST_PAUSE, Exception()
        for attempt in range(self.retries + 1):
            if attempt:
                time.sleep(pause)
                pause = min(LONGEST_PAUSE, 2 * pause)
            try:
                return function() if self.timeout is None else _in_time(function, self.timeout)
            except Exception as error:
                failure = error
                logger.warning("Call %d of %d failed: %s", attempt + 1, self.retries + 1, self._told(error))
                self._reset()
        tries = f" It was tried {self.retries + 1} times." if self.retries else ""
        kind = AnswerError if isinstance(failure, AnswerError) else BlackBoxError
        told = self._told(failure)
        raise kind(told[0].upper() + told[1:] + tries) from failure

    def _told(self, error: Exception) -> str:
        if isinstance(error, BlackBoxError):
            return str(error)
        if isinstance(error, _TooLateError):
            return f"{self.title} did not answer within timeout={self.timeout:g} seconds."
        text = f"{type(error).__name__}: {error}".removesuffix(": ")
        return f"{self.title} failed with {text}{'' if text.endswith('.') else '.'}"

    def _reset(self) -> None:
        if self.reset is None:
            return
        try:
            self.reset()
        except Exception as error:
            logger.warning("%s could not be reset: %s: %s", self.title, type(error).__name__, error)


class _TooLateError(Exception):
    """A call has not ended in time."""


def _in_time(function: Callable[[], T], timeout: float) -> T:
    """What the function returns, from a thread of its own that does not keep the process alive."""
    found: list[T] = []
    failed: list[BaseException] = []
    # Whether a graph is built is a setting of each thread.
    inference, gradients = torch.is_inference_mode_enabled(), torch.is_grad_enabled()

    def run() -> None:
        try:
            with torch.inference_mode(inference), torch.set_grad_enabled(gradients):
                found.append(function())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="pinnzo black box", daemon=True)
    thread.start()
    thread.join(timeout)
    if found:
        return found[0]
    if failed:
        raise failed[0]
    raise _TooLateError

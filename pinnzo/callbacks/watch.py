"""All callbacks of a run as one, and what becomes of their mistakes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from pinnzo.errors import SettingError
from pinnzo.training.callbacks import Callback, StopTraining
from pinnzo.training.fit import Outcome, RunState

logger = logging.getLogger(__name__)


class Watch:
    """The callbacks of a run, in order.

    An exception in one of them ends the run as ``StopTraining`` does, so that its state can be saved; ``end`` raises
    it once every callback has been told of the end. As a context manager it closes them.

    Args:
        callbacks: of the user, or functions of the state that are called after each step.
        own: of pinnzo, called last.
        active: whether anything is called at all; of several processes the first one's are.

    Raises:
        SettingError: one of ``callbacks`` is neither a ``Callback`` nor a function.
    """

    def __init__(self, callbacks: Iterable[Any] = (), own: Iterable[Callback] = (), active: bool = True) -> None:
        if isinstance(callbacks, Callback) or not isinstance(callbacks, Iterable):
            raise SettingError(f"callbacks is {callbacks!r}: give a list, such as [EarlyStopping(patience=20)].")
        # All processes refuse the same mistakes.
        checked = [_as_callback(callback) for callback in callbacks]
        self.callbacks = [*checked, *own] if active else []
        self.failure: Exception | None = None

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        for callback in self.callbacks:
            callback.close()

    def start(self, state: RunState) -> None:
        """Before the first step; an exception goes to the caller."""
        for callback in self.callbacks:
            callback.on_start(state)

    def step(self, state: RunState) -> None:
        """After a step.

        Raises:
            StopTraining: a callback wants the run to end, or has failed.
        """
        for callback in self.callbacks:
            try:
                reason = callback.on_step(state)
                if reason is not None:
                    raise StopTraining(reason)
            except StopTraining:
                raise
            except Exception as error:
                self.failure = error
                raise StopTraining(
                    f"The callback {_name(callback)} failed after {state.trainer.step} steps."
                ) from error

    def end(self, outcome: Outcome) -> None:
        """After the last step, for every callback; then the first exception of one of them is raised."""
        for callback in self.callbacks:
            try:
                callback.on_end(outcome)
            except Exception as error:
                logger.error("The callback %s failed at the end of the run: %s", _name(callback), error)
                self.failure = self.failure or error
        if self.failure is not None:
            raise self.failure


class _Function(Callback):
    """A function of the state, called after each step."""

    def __init__(self, function: Callable[[RunState], Any]) -> None:
        self.function = function

    def on_step(self, state: RunState) -> str | None:
        answer = self.function(state)
        # A function need not mean anything by what it returns: history.append, say, or a progress bar's update.
        return answer if isinstance(answer, str) else None


def _as_callback(callback: Any) -> Callback:
    if isinstance(callback, type):
        raise SettingError(f"callbacks holds the class {callback.__name__}: give an object, {callback.__name__}(…).")
    if isinstance(callback, Callback):
        return callback
    if callable(callback):
        return _Function(callback)
    raise SettingError(f"callbacks holds {callback!r}: give a Callback, or a function of the state.")


def _name(callback: Callback) -> str:
    if isinstance(callback, _Function):
        return getattr(callback.function, "__qualname__", type(callback.function).__name__)
    return type(callback).__name__

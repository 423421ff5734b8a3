"""What a user's own code may do during a run: look on, and end it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinnzo.errors import SettingError

if TYPE_CHECKING:
    from .fit import Outcome, RunState


class StopTraining(Exception):  # noqa: N818 (no error: the run ends as it does at the end of its budget)
    """Raised by a callback to end the run; the best parameters so far are kept.

    Args:
        reason: why, as a sentence; it becomes the status of the solution.

    Raises:
        SettingError: the reason is empty or no text.

    Example:
        >>> StopTraining("The lights went out.").reason
        'The lights went out.'
    """

    def __init__(self, reason: str) -> None:
        if not isinstance(reason, str) or not reason.strip():
            raise SettingError(f"StopTraining: reason is {reason!r}: say why the run is to end, in a sentence.")
        self.reason = reason.strip()
        super().__init__(self.reason)


class Callback:
    """Called on the way of a run; override what is of interest.

    A state is a ``RunState``: ``state.trainer.step`` steps are done, ``state.history[-1]`` is the record of the last
    one, ``state.best_theta`` holds the best parameters so far (d,). It must be left as it is. The calls run under
    ``torch.inference_mode()``, in the order of the list of callbacks. Of several processes only the first one makes
    them.

    Example:
        >>> import pinnzo as pz
        >>> class Count(Callback):
        ...     def on_step(self, state):
        ...         return "Two steps will do." if state.trainer.step == 2 else None
        >>> budget = pz.Budget(steps=9)
        >>> pz.solve("poisson-2d", callbacks=[Count()], budget=budget, points=20, progress=False).status
        'Two steps will do.'
    """

    def on_start(self, state: RunState) -> None:
        """Before the first step of this call; the history holds what a resumed run has behind it."""

    def on_step(self, state: RunState) -> str | None:
        """After each step; a sentence that is returned ends the run, as ``raise StopTraining(sentence)`` does."""

    def on_end(self, outcome: Outcome) -> None:
        """After the last step; ``outcome.status`` says why it was that, ``outcome.result`` makes up the solution."""

    def close(self) -> None:
        """Release what ``on_start`` has taken; the last call, also where an error has left the run without outcome."""

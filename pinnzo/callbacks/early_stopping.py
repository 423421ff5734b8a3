"""The end of a run that has reached enough, or gets no further."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pinnzo.errors import SettingError
from pinnzo.training.callbacks import Callback
from pinnzo.training.settings import require_count, require_positive

if TYPE_CHECKING:
    from pinnzo.training.fit import RunState


@dataclass(eq=False)
class EarlyStopping(Callback):
    """Ends the run by the loss on held-out points, which is measured every few steps.

    A resumed run counts on from the validations in its history.

    Args:
        threshold: stop once the loss is this small.
        patience: stop after so many validations in a row without a new lowest loss.
        improvement: the share by which a loss has to be lower than the lowest one to count as a new one, in [0, 1).

    Raises:
        SettingError: neither a threshold nor a patience is given, or a number is out of range.

    Example:
        >>> import pinnzo as pz
        >>> stopping = EarlyStopping(threshold=1e-2)
        >>> pz.solve("poisson-2d", callbacks=[stopping], budget=pz.Budget(steps=200), progress=False).status
        'Early stopping: the loss on held-out points reached the threshold of 0.01 after ... steps, ...'
    """

    threshold: float | None = None
    patience: int | None = None
    improvement: float = 0.0
    _lowest: float = field(default=math.inf, init=False, repr=False)
    _waited: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.threshold is None and self.patience is None:
            raise SettingError("EarlyStopping: give a threshold, a patience, or both.")
        if self.threshold is not None:
            require_positive("EarlyStopping", threshold=self.threshold)
        if self.patience is not None:
            require_count("EarlyStopping", patience=self.patience)
        number = isinstance(self.improvement, (int, float)) and not isinstance(self.improvement, bool)
        if not number or not 0 <= self.improvement < 1:
            raise SettingError(f"EarlyStopping: improvement must lie in [0, 1), got {self.improvement!r}.")

    def on_start(self, state: RunState) -> None:
        """Count anew, with the validations that a resumed run has behind it."""
        self._lowest, self._waited = math.inf, 0
        for record in state.history:
            self._note(record.validation)

    def on_step(self, state: RunState) -> str | None:
        """Why the run is to end, if it is."""
        record = state.history[-1]
        self._note(record.validation)
        if self.threshold is not None and record.validation <= self.threshold:
            return (
                f"Early stopping: the loss on held-out points reached the threshold of {self.threshold:g} after "
                f"{record.step} steps, with {record.validation:.3g}; give a smaller threshold to go on."
            )
        if self.patience is not None and self._waited >= self.patience:
            share = f" by {self.improvement:.3g} of it" if self.improvement else ""
            return (
                f"Early stopping: in {self._waited} validations in a row the loss on held-out points was not below "
                f"{self._lowest:.3g}{share}; after {record.step} steps. Give more patience to go on."
            )
        return None

    def _note(self, loss: float) -> None:
        # In most steps the loss is not measured, which a NaN stands for; a loss that is NaN is no progress to wait for.
        if math.isnan(loss):
            return
        if loss < self._lowest * (1 - self.improvement):
            self._lowest, self._waited = loss, 0
        else:
            self._waited += 1

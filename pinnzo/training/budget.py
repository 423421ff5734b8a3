"""When a training run is to stop."""

from __future__ import annotations

from dataclasses import dataclass, fields

from pinnzo.errors import SettingError

from .settings import require_count, require_positive


@dataclass(frozen=True)
class Budget:
    """What a run may spend, and the error or the loss that is good enough; the first limit that is reached ends it.

    Attributes:
        seconds: wall-clock time.
        steps: training steps.
        evaluations: network evaluations (one = one network at one point).
        target_error: stop as soon as the error against the reference is this small.
        target_loss: stop as soon as the lowest loss on held-out points is this small.

    Raises:
        SettingError: when no limit is given, or one is not a positive and finite number.

    Example:
        >>> Budget(steps=100).reason_to_stop(seconds=2.5, steps=100, evaluations=10**6, error=None)
        'The budget of 100 steps was used up; give more steps to go on.'
    """

    seconds: float | None = None
    steps: int | None = None
    evaluations: int | None = None
    target_error: float | None = None
    target_loss: float | None = None

    def __post_init__(self) -> None:
        given = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None}
        if not given:
            raise SettingError(
                "A budget of nothing: give at least one of seconds, steps, evaluations, target_error and target_loss."
            )
        for name, value in given.items():
            # Evaluations are counts that people write as 1e9, so a whole float will do for them.
            if name == "steps" or (name == "evaluations" and isinstance(value, int)):
                require_count("Budget", **{name: value})
            else:
                require_positive("Budget", **{name: value})

    def reason_to_stop(
        self, seconds: float, steps: int, evaluations: int, error: float | None, loss: float | None = None
    ) -> str | None:
        """Why a run that has come so far is to stop, as a sentence, or None while it is to go on.

        Args:
            seconds: of training.
            steps: finished.
            evaluations: of the network.
            error: of the parameters that would be returned, None where it is not known.
            loss: of these on held-out points, None where it is not known.
        """
        for name, target, seen in (("error", self.target_error, error), ("loss", self.target_loss, loss)):
            if target is not None and seen is not None and seen <= target:
                return (
                    f"The target {name} of {target:g} was reached: the {name} is {seen:.3g} after "
                    f"{steps} steps; give a smaller target_{name} to go on."
                )
        used_up = None
        if self.seconds is not None and seconds >= self.seconds:
            used_up = f"The time budget of {self.seconds:g} s was used up; give more seconds to go on."
        elif self.steps is not None and steps >= self.steps:
            used_up = f"The budget of {self.steps} steps was used up; give more steps to go on."
        elif self.evaluations is not None and evaluations >= self.evaluations:
            used_up = (
                f"The budget of {self.evaluations:g} network evaluations was used up; give more evaluations to go on."
            )
        if used_up is None:
            return None
        for name, target, seen in (("error", self.target_error, error), ("loss", self.target_loss, loss)):
            if target is not None:
                value = "is not known" if seen is None else f"is {seen:.3g}"
                used_up += f" The target {name} of {target:g} was not reached: the {name} {value}."
        return used_up

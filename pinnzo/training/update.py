"""How a gradient becomes a step: any optimiser and scheduler of torch.optim, or the sign, without state."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch.optim import Optimizer, lr_scheduler

from pinnzo.checks import check_flags
from pinnzo.errors import SettingError

from .settings import freeze_options, require_positive

OptionsLike: TypeAlias = Mapping[str, Any] | Iterable[tuple[str, Any]]
Memory: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Update:
    """An update rule without state of its own: ``apply`` maps (θ, g, memory) to (θ, memory).

    torch's optimisers and schedulers keep their state inside. Here they are rebuilt for each step from
    ``memory`` and taken apart after it (0.1 to 0.4 ms), so that a trainer's state is explicit, can be stored
    and is never changed behind someone's back.

    Attributes:
        owner: the class whose settings these are, for the error messages.
        optimizer: a name in ``torch.optim``, whatever its case, or a class.
        learning_rate: the learning rate before the scheduler.
        optimizer_options: further keyword arguments of the optimiser.
        scheduler: a name in ``torch.optim.lr_scheduler`` or a class; it is advanced once a step,
            ``ReduceLROnPlateau`` once a validation.
        scheduler_options: keyword arguments of the scheduler.
        sign: θ ← θ − lr sign(g) in place of the optimiser.
    """

    owner: str
    optimizer: str | type[Optimizer] = "Adam"
    learning_rate: float = 1e-3
    optimizer_options: OptionsLike = ()
    scheduler: str | type | None = None
    scheduler_options: OptionsLike = ()
    sign: bool = False

    def __post_init__(self) -> None:
        require_positive(self.owner, learning_rate=self.learning_rate)
        check_flags(self.owner, sign=self.sign)
        optimizer = _canonical(self.owner, "optimizer", self.optimizer, torch.optim, Optimizer)
        object.__setattr__(self, "optimizer", optimizer)
        object.__setattr__(self, "optimizer_options", freeze_options(self.optimizer_options))
        if self.scheduler is not None:
            scheduler = _canonical(self.owner, "scheduler", self.scheduler, lr_scheduler, lr_scheduler.LRScheduler)
            object.__setattr__(self, "scheduler", scheduler)
        object.__setattr__(self, "scheduler_options", freeze_options(self.scheduler_options))
        if self.sign and self.optimizer_options:
            raise SettingError(
                f"{self.owner}: the sign update has no optimizer_options; leave them out, or take sign=False."
            )
        if self.scheduler is None and self.scheduler_options:
            raise SettingError(
                f"{self.owner}: scheduler_options are given without a scheduler; name one, such as 'StepLR'."
            )
        self._try_out()

    @staticmethod
    def start() -> Memory:
        """The memory before the first step."""
        return {"skipped": 0}

    @staticmethod
    def skip(memory: Memory) -> Memory:
        """The memory after a step that could not be taken."""
        return {**memory, "skipped": memory.get("skipped", 0) + 1}

    def apply(self, theta: torch.Tensor, gradient: torch.Tensor, memory: Memory) -> tuple[torch.Tensor, Memory]:
        """One update of ``theta``, (d,), along ``gradient``, (d,): the new parameters and the new memory.

        A gradient or a result that is not finite changes nothing but the count ``memory["skipped"]``.
        """
        if not _all_finite(gradient):
            return theta, self.skip(memory)
        new = theta.detach().clone()
        optimizer, scheduler = self._rebuild(new, memory)
        fresh = _readings(optimizer, scheduler)
        _restore(optimizer, scheduler, memory)
        new.grad = gradient.sign() if self.sign else gradient.to(new.dtype)
        optimizer.step()
        if scheduler is not None and not self._waits_for_validation:
            scheduler.step()
        after = _changes(fresh, _readings(optimizer, scheduler))
        after["optimizer"] = {k: v for k, v in optimizer.state[new].items() if v is not None}
        _release(optimizer, new)
        if not _all_finite(new):
            return theta, self.skip(memory)
        return new, {**memory, **after}

    def validated(self, memory: Memory, loss: float) -> Memory:
        """The memory after a validation, which only ``ReduceLROnPlateau`` waits for."""
        if not self._waits_for_validation:
            return memory
        optimizer, scheduler = self._rebuild(torch.zeros(1), memory)
        assert scheduler is not None
        fresh = _readings(optimizer, scheduler)
        _restore(optimizer, scheduler, memory)
        scheduler.step(loss)
        return {**memory, **_changes(fresh, _readings(optimizer, scheduler))}

    @property
    def _waits_for_validation(self) -> bool:
        return self.scheduler in ("ReduceLROnPlateau", lr_scheduler.ReduceLROnPlateau)

    def _rebuild(self, theta: torch.Tensor, memory: Memory) -> tuple[Optimizer, Any]:
        """An optimiser with the remembered state of ``theta``, and its scheduler as at the first step."""
        kind: Any = getattr(torch.optim, self.optimizer) if isinstance(self.optimizer, str) else self.optimizer
        # The sign update is plain gradient descent on sign(g), which gives it every scheduler as well.
        if self.sign:
            optimizer: Optimizer = torch.optim.SGD([theta], lr=self.learning_rate)
        else:
            optimizer = kind([theta], lr=self.learning_rate, **dict(self.optimizer_options))
        for name, value in memory.get("optimizer", {}).items():
            optimizer.state[theta][name] = value.clone() if isinstance(value, torch.Tensor) else value
        if self.scheduler is None:
            return optimizer, None
        schedule: Any = getattr(lr_scheduler, self.scheduler) if isinstance(self.scheduler, str) else self.scheduler
        return optimizer, schedule(optimizer, **dict(self.scheduler_options))

    def _try_out(self) -> None:
        """Refuse what torch refuses when the settings are made, not at the first step of a run."""
        try:
            with torch.no_grad():
                self.apply(torch.ones(2), torch.ones(2), {})
        except (TypeError, ValueError, RuntimeError, LookupError, AttributeError, ArithmeticError) as error:
            raise SettingError(
                f"{self.owner}: torch refuses the optimizer {self.optimizer!r} with the options "
                f"{dict(self.optimizer_options)} and the scheduler {self.scheduler!r} with "
                f"{dict(self.scheduler_options)} for a flat parameter vector: {error}"
            ) from error


def _canonical(owner: str, setting: str, value: Any, module: Any, base: type) -> Any:
    """A class as it is, and a name as torch writes it, so that equal settings compare equal."""
    if isinstance(value, type):
        if issubclass(value, base):
            return value
    elif isinstance(value, str):
        for name in dir(module):
            kind = getattr(module, name)
            if name.lower() == value.lower() and isinstance(kind, type) and issubclass(kind, base):
                return name
    raise SettingError(
        f"{owner}: {setting} must be a name in {module.__name__} or a subclass of {base.__name__}, got {value!r}."
    )


def _readings(optimizer: Optimizer, scheduler: Any) -> Memory:
    """What the optimiser's group and the scheduler hold, as plain values and lists."""
    group = {name: value for name, value in optimizer.param_groups[0].items() if name != "params"}
    readings = {"group": group, "scheduler": {} if scheduler is None else scheduler.state_dict()}
    return {
        part: {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        for part, values in readings.items()
    }


def _changes(fresh: Memory, now: Memory) -> Memory:
    """The readings that are not what the settings alone make them, the only ones worth remembering."""
    missing = object()
    return {
        part: {name: value for name, value in now[part].items() if fresh[part].get(name, missing) != value}
        for part in now
    }


def _restore(optimizer: Optimizer, scheduler: Any, memory: Memory) -> None:
    optimizer.param_groups[0].update(memory.get("group", {}))
    if scheduler is not None:
        scheduler.__dict__.update(memory.get("scheduler", {}))


def _release(optimizer: Optimizer, theta: torch.Tensor) -> None:
    # A scheduler and its optimiser refer to each other: without this, old tensors would wait for the
    # garbage collector, hundreds of steps of them.
    theta.grad = None
    optimizer.state.clear()
    optimizer.param_groups.clear()


def _all_finite(values: torch.Tensor) -> bool:
    return math.isfinite(values.abs().sum().item()) or bool(torch.isfinite(values).all())

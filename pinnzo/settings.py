"""The settings of a run, and how settings objects become JSON and come back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from pinnzo import derivatives, networks, training
from pinnzo.derivatives import Estimator
from pinnzo.errors import SettingError, StorageError
from pinnzo.training import Budget, Trainer, as_trainer

DTYPES = {"float32": torch.float32, "float64": torch.float64}


@dataclass(frozen=True)
class RunSettings:
    """What ``solve`` was asked to do, apart from the problem.

    Attributes:
        network: settings of the network, a module or a black box.
        derivatives: the estimator; None chooses by the equation, the domain and the dtype.
        trainer: the training method.
        points: interior collocation points of a step.
        seed: fixes the run.
        dtype: "float64" or "float32".
        device: a torch device.
        budget: when to stop.
        estimate: "network" or "solution": of which function the estimator takes derivatives.
        weights: of soft conditions, by name.
    """

    network: Any = field(default_factory=lambda: networks.TensorTrainMLP(width=32))
    derivatives: Estimator | None = None
    trainer: Trainer = field(default_factory=training.HybridZO)
    points: int = 100
    seed: int = 0
    dtype: str = "float64"
    device: str = "cpu"
    budget: Budget = field(default_factory=lambda: Budget(seconds=45))
    estimate: str = "network"
    weights: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", str(self.dtype).removeprefix("torch."))
        object.__setattr__(self, "device", str(self.device))
        object.__setattr__(self, "trainer", as_trainer(self.trainer))
        if self.dtype not in DTYPES:
            raise SettingError(f"dtype is {self.dtype!r}: choose float32 or float64.")
        if self.estimate not in ("network", "solution"):
            raise SettingError(f"estimate is {self.estimate!r}: choose 'network' or 'solution'.")
        if self.derivatives is not None and not isinstance(self.derivatives, Estimator):
            raise SettingError(
                f"derivatives is {self.derivatives!r}: pass an estimator such as SmolyakStein() or FiniteDifference()."
            )
        if not isinstance(self.budget, Budget):
            raise SettingError(f"budget is {self.budget!r}: pass a Budget, such as Budget(seconds=60).")
        try:
            torch.empty(0, device=self.device)
        except (RuntimeError, AssertionError, TypeError) as error:
            raise SettingError(f"device {self.device!r} cannot be used: {str(error).splitlines()[0]}") from None


_CLASSES: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        RunSettings, Budget, derivatives.SmolyakStein, derivatives.FiniteDifference, derivatives.Autodiff,
        networks.MLP, networks.TensorTrainMLP, networks.TensorTrainMatrix, training.RandomGradient,
        training.CoordinateGradient, training.ZerothOrder, training.HybridZO, training.LevenbergMarquardt,
        training.FirstOrder,
    )
}  # fmt: skip


def settings_to_json(value: Any) -> Any:
    """Settings as JSON data; what only exists in memory (a module, a black box, a class) becomes a stand-in."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type) and type(value).__name__ in _CLASSES:
        fields = {f.name: settings_to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"type": type(value).__name__, **fields}
    if isinstance(value, Mapping):
        return {"type": "mapping", "items": [[k, settings_to_json(v)] for k, v in value.items()]}
    if isinstance(value, (tuple, list)):
        return [settings_to_json(v) for v in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return {"type": "unsaved", "was": type(value).__name__}


def settings_from_json(data: Any) -> Any:
    """The settings that ``settings_to_json`` wrote.

    Raises:
        StorageError: the data name an unknown type, or something that only existed in memory.
    """
    if isinstance(data, list):
        return tuple(settings_from_json(v) for v in data)
    if not isinstance(data, dict):
        return data
    kind = data.get("type")
    if kind == "mapping":
        return {k: settings_from_json(v) for k, v in data["items"]}
    if kind == "unsaved":
        raise StorageError(f"The run used a {data['was']}, which cannot be saved: pass it to load(…, network=…) again.")
    if kind not in _CLASSES:
        raise StorageError(f"The file names settings of an unknown type {kind!r}.")
    try:
        return _CLASSES[kind](**{k: settings_from_json(v) for k, v in data.items() if k != "type"})
    except TypeError as error:
        raise StorageError(f"The saved settings of {kind} are damaged: {error}.") from None

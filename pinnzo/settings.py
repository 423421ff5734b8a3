"""The settings of a run, and how settings objects become JSON and come back."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp
import torch

from pinnzo import derivatives, networks, training
from pinnzo.derivatives import Estimator
from pinnzo.errors import SettingError, StorageError
from pinnzo.symbolic.problem import Problem
from pinnzo.symbolic.serialise import expression_from_json, expression_to_json
from pinnzo.symbolic.thin_layers import thinnest_layer
from pinnzo.training import Balance, Budget, GradientEstimator, Trainer, as_balance, as_trainer
from pinnzo.training.sampling import as_sampling

DTYPES = {"float32": torch.float32, "float64": torch.float64}

WIDTH = 32
THIN_LAYER, FEW_VARIABLES = 0.005, 3
"""In so many variables a layer thinner than this share of the domain calls for a network and points of its own, as
several unknown functions do."""
STEEP_POINTS, STEEP_SAMPLING = 1000, training.ResidualAdaptive(k=1, c=2, candidates=3)
"""Of a step of Levenberg–Marquardt in such problems: fewer points, or none but uniform ones, leave a layer unseen."""


def whole_number(value: Any, least: int, name: str, what: str) -> int:
    """A whole number from whatever Python or NumPy type.

    Raises:
        SettingError: it is none, or less than ``least``.

    Example:
        >>> whole_number(3, 1, "points", "the number of points")
        3
    """
    try:
        number = operator.index(value) if not isinstance(value, bool) else None
    except TypeError:
        number = None
    if number is None or number < least:
        raise SettingError(f"{name} is {value!r}: give {what}, a whole number of at least {least}.")
    return number


@dataclass(frozen=True)
class RunSettings:
    """What ``solve`` was asked to do, apart from the problem.

    Attributes:
        network: settings of the network, a module or a black box.
        derivatives: the estimator; None chooses by the equation, the domain and the dtype.
        trainer: the training method.
        points: interior collocation points of a step; None takes the number that suits the trainer.
        seed: fixes the run.
        dtype: "float64" or "float32".
        device: a torch device.
        budget: when to stop.
        estimate: "network" or "solution": of which function the estimator takes derivatives.
        weights: of soft conditions, by name.
        sampling: how the points of a step are drawn: a name, or a ``ResidualAdaptive``.
        balance: the rule by which weights that are not given balance themselves, or its name; None for fixed ones.
    """

    network: Any = field(default_factory=lambda: networks.TensorTrainMLP(width=WIDTH))
    derivatives: Estimator | None = None
    trainer: Trainer = field(default_factory=training.LevenbergMarquardt)
    points: Any = None
    seed: int = 0
    dtype: str = "float64"
    device: str = "cpu"
    budget: Budget = field(default_factory=lambda: Budget(seconds=45))
    estimate: str = "network"
    weights: Mapping[str, float] = field(default_factory=dict)
    sampling: str | training.ResidualAdaptive = "uniform"
    balance: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", str(self.dtype).removeprefix("torch."))
        object.__setattr__(self, "device", str(self.device))
        object.__setattr__(self, "trainer", as_trainer(self.trainer))
        object.__setattr__(self, "sampling", as_sampling(self.sampling))
        points = self.trainer.points if self.points is None else self.points
        object.__setattr__(self, "points", whole_number(points, 1, "points", "the collocation points of a step"))
        object.__setattr__(self, "seed", whole_number(self.seed, 0, "seed", "the number that fixes the run"))
        object.__setattr__(self, "balance", as_balance(self.balance))
        if not isinstance(self.weights, Mapping):
            raise SettingError(f"weights is {self.weights!r}: give a mapping such as {{'boundary': 100}}.")
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
            torch.Generator(device=self.device)
        except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
            raise SettingError(
                f"device {self.device!r} cannot be used, choose another such as 'cpu': {str(error).splitlines()[0]}"
            ) from None


def calls_for_depth(problem: Problem) -> bool:
    """Whether a problem in few variables has several unknown functions, or may have layers that are thin.

    Example:
        >>> import pinnzo as pz
        >>> calls_for_depth(pz.problem("burgers")), calls_for_depth(pz.problem("burgers", viscosity=0.1))
        (True, False)
    """
    few = problem.dimension <= FEW_VARIABLES
    return few and (len(problem.functions) > 1 or thinnest_layer(problem) < THIN_LAYER)


def default_network(problem: Problem) -> networks.MLP | networks.TensorTrainMLP:
    """The network for a problem for which none was chosen.

    A tensor train of two sine layers, 32 wide; three dense tanh layers, 12 wide, where thin layers are to be expected
    or several unknown functions share the hidden units: a tanh unit saturates on both sides of a layer, and a third
    layer of the network lets steepness and position vary.
    """
    if calls_for_depth(problem):
        return networks.MLP(width=12, depth=3, activation="tanh", features=problem.features)
    return networks.TensorTrainMLP(width=WIDTH, features=problem.features)


def settings_for(problem: Problem, given: Mapping[str, Any]) -> RunSettings:
    """The settings of a run, with the defaults that suit a problem for those that are None.

    Args:
        problem: whose features the default network gets, and whose equation decides what that is.
        given: fields of ``RunSettings`` by name.

    Raises:
        SettingError: a setting does not fit; the message names it and the remedy.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    if "network" not in chosen:
        chosen["network"] = default_network(problem)
    trainer = as_trainer(chosen.get("trainer", training.LevenbergMarquardt()))
    if isinstance(trainer, training.LevenbergMarquardt) and calls_for_depth(problem):
        chosen.setdefault("points", STEEP_POINTS)
        chosen.setdefault("sampling", STEEP_SAMPLING)
    return RunSettings(**chosen)


_CLASSES: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        RunSettings, Budget, training.ResidualAdaptive,
        networks.MLP, networks.TensorTrainMLP, networks.TensorTrainMatrix,
        *(value for module in (derivatives, training) for value in vars(module).values() if isinstance(value, type)
          and dataclasses.is_dataclass(value) and issubclass(value, (Estimator, Trainer, GradientEstimator, Balance))),
    )
}  # fmt: skip


def settings_to_json(value: Any) -> Any:
    """Settings as JSON data; what only exists in memory (a module, a black box, a class) becomes a stand-in."""
    if type(value) is _CLASSES.get(type(value).__name__):
        fields = {f.name: settings_to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"type": type(value).__name__, **fields}
    if isinstance(value, Mapping):
        return {"type": "mapping", "items": [[k, settings_to_json(v)] for k, v in value.items()]}
    if isinstance(value, (tuple, list)):
        return [settings_to_json(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, sp.Basic):
        return {"type": "expression", "tree": expression_to_json(value)}
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
    if kind == "expression":
        return expression_from_json(data["tree"])
    if kind == "unsaved":
        raise StorageError(f"The run used an object of type {data['was']}, which cannot be saved: pass it again.")
    if kind not in _CLASSES:
        raise StorageError(f"The file names settings of an unknown type {kind!r}.")
    try:
        return _CLASSES[kind](**{k: settings_from_json(v) for k, v in data.items() if k != "type"})
    except TypeError as error:
        raise StorageError(f"The saved settings of {kind} are damaged: {error}.") from None


def run_settings_from_json(data: Mapping[str, Any], given: Mapping[str, Any]) -> RunSettings:
    """The settings of a run, with those that are passed again in place of the saved ones.

    Raises:
        StorageError: the data are damaged, or lack something that has to be passed again; the message says what.
    """
    again = {name: value for name, value in given.items() if value is not None}
    values = dict(again)
    for name, value in data.items():
        if name in again or name == "type":
            continue
        try:
            values[name] = settings_from_json(value)
        except StorageError as error:
            raise StorageError(f"The {name} of the run cannot be restored (pass {name}=…). {error}") from None
    return RunSettings(**values)

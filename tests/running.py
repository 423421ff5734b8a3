"""Small runs that the tests of the top level share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp
from safetensors import safe_open
from typer.testing import CliRunner, Result

import pinnzo as pz
from pinnzo.cli import app


def quick(problem: pz.Problem | str = "poisson-2d", **settings) -> pz.Solution:
    """A run of four steps with 81 parameters and 20 points."""
    settings = {
        "budget": pz.Budget(steps=4),
        "points": 20,
        "progress": False,
        "network": pz.TensorTrainMLP(width=8),
        **settings,
    }
    return pz.solve(problem, **settings)


def disc(**settings) -> pz.Problem:
    """Δu = −4 on the unit disc, u = 0 on its edge; u = 1 − ‖x‖²."""
    x = pz.coordinates("x", 2)
    u = sp.Function("u")(*x)
    return pz.Problem(sp.Eq(pz.laplacian(u, x), -4), pz.Ball(x), [pz.Boundary(u, 0)], **settings)


def never_finite() -> pz.Problem:
    """An equation with log u on a disc where the boundary data keep u negative."""
    x = pz.coordinates("x", 2)
    u = sp.Function("u")(*x)
    return pz.Problem(sp.Eq(pz.laplacian(u, x) + sp.log(u), -4), pz.Ball(x), [pz.Boundary(u, -1)])


def command(*arguments: object) -> Result:
    """The command line, in this process."""
    return CliRunner().invoke(app, [str(a) for a in arguments])


def kept(folder: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Everything that a checkpoint holds, but for times and the settings of the run."""
    with safe_open(folder / "checkpoint.safetensors", framework="np") as file:
        body = json.loads(file.metadata()["pinnzo"])
        tensors = {name: file.get_tensor(name) for name in file.keys() if name != "history.seconds"}  # noqa: SIM118
    return {name: value for name, value in body.items() if name not in ("seconds", "settings")}, tensors


def assert_same_state(one: Path, other: Path) -> None:
    """Two checkpoints hold the same bit for bit: parameters, generators, all that is remembered, the history."""
    (body, tensors), (other_body, other_tensors) = kept(one), kept(other)
    assert repr(body) == repr(other_body)
    assert set(tensors) == set(other_tensors)
    for name, tensor in tensors.items():
        assert (tensor.dtype, tensor.shape) == (other_tensors[name].dtype, other_tensors[name].shape), name
        assert tensor.tobytes() == other_tensors[name].tobytes(), name

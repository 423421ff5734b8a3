"""Solutions and checkpoints on disk: safetensors for numbers, JSON for the rest, written atomically."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from pinnzo.errors import StorageError
from pinnzo.settings import RunSettings, settings_from_json, settings_to_json
from pinnzo.symbolic.problem import Problem
from pinnzo.symbolic.serialise import problem_from_json, problem_to_json
from pinnzo.training import History, TrainerState
from pinnzo.training.fit import RunState

FORMAT = 1
SOLUTION, CHECKPOINT, SUMMARY, HISTORY = (
    "solution.safetensors",
    "checkpoint.safetensors",
    "summary.json",
    "history.jsonl",
)


def prepare_folder(folder: Path) -> Path:
    """Make a folder and check that it can be written to, before a long run depends on it.

    Raises:
        StorageError: it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".pinnzo-write-test"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise StorageError(
            f"The folder {folder} cannot be written to ({error.strerror or error}): choose another one."
        ) from None
    return folder


def write_run(path: Path, run: RunState, header: Mapping[str, Any]) -> None:
    """Write everything that a run needs to go on, in one file, replacing an older one in one step."""
    tensors: dict[str, torch.Tensor] = {}
    state = run.trainer
    body = {
        **header,
        "format": FORMAT,
        "version": version("pinnzo"),
        "trainer": {"step": state.step, "loss": state.loss, "memory": _pack(state.memory, "memory", tensors)},
        "best_loss": run.best_loss,
        "evaluations": run.evaluations,
        "validated_at": run.validated_at,
        "seconds": run.seconds,
        "history": run.history.to_json_lines(),
    }
    tensors |= {
        "theta": state.theta, "generator": state.generator, "points": run.points, "best_theta": run.best_theta,
    }  # fmt: skip
    # Tensors made in inference mode are copied: safetensors wants plain contiguous memory.
    plain = {name: t.detach().cpu().clone().contiguous() for name, t in tensors.items()}
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        save_file(plain, temporary, metadata={"pinnzo": json.dumps(body)})
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StorageError(f"{path} cannot be written: {error.strerror or error}.") from None


def read_run(
    path: Path, problem: Problem | None = None, network: Any = None
) -> tuple[Problem, RunSettings, RunState, dict[str, Any]]:
    """Read what ``write_run`` wrote.

    Raises:
        StorageError: there is no such file, or it is damaged, or of another format.
    """
    if not path.is_file():
        raise StorageError(f"{path.parent} holds no {path.name}: give the folder of a saved run.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        body = json.loads(metadata["pinnzo"])
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise StorageError(f"{path} is damaged or was not written by pinnzo: {error}.") from None
    if body.get("format") != FORMAT:
        raise StorageError(
            f"{path} has format {body.get('format')!r}, written by pinnzo {body.get('version')}; this version reads "
            f"format {FORMAT}: solve the problem again."
        )
    try:
        if network is not None:
            body["settings"]["network"] = None
        settings = settings_from_json(body["settings"])
        if network is not None:
            object.__setattr__(settings, "network", network)
        trainer = TrainerState(
            tensors["theta"],
            int(body["trainer"]["step"]),
            tensors["generator"],
            float(body["trainer"]["loss"]),
            _unpack(body["trainer"]["memory"], tensors),
        )
        run = RunState(
            trainer,
            tensors["points"],
            tensors["best_theta"],
            float(body["best_loss"]),
            int(body["evaluations"]),
            int(body["validated_at"]),
            float(body["seconds"]),
            History.from_json_lines(body["history"]),
        )
        return problem or problem_from_json(body["problem"]), settings, run, body
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(f"{path} is damaged: {error!r}.") from None


def header_of(problem: Problem, settings: RunSettings) -> dict[str, Any]:
    """What a file says of the problem and the settings."""
    return {"problem": problem_to_json(problem), "settings": settings_to_json(settings)}


def write_text(path: Path, text: str) -> None:
    """Write a text file, replacing an older one in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StorageError(f"{path} cannot be written: {error.strerror or error}.") from None


def _pack(value: Any, name: str, tensors: dict[str, torch.Tensor]) -> Any:
    """Nested dicts and lists as JSON data, with tensors moved to ``tensors``."""
    if isinstance(value, torch.Tensor):
        tensors[name] = value
        return {"tensor": name}
    if isinstance(value, Mapping):
        return {"dict": [[k, _pack(v, f"{name}.{k}", tensors)] for k, v in value.items()]}
    if isinstance(value, (list, tuple)):
        items = [_pack(v, f"{name}.{i}", tensors) for i, v in enumerate(value)]
        return {"tuple" if isinstance(value, tuple) else "list": items}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise StorageError(f"The trainer's state holds a {type(value).__name__}, which cannot be saved.")


def _unpack(data: Any, tensors: Mapping[str, torch.Tensor]) -> Any:
    if not isinstance(data, dict):
        return data
    ((kind, content),) = data.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {k: _unpack(v, tensors) for k, v in content}
    items = [_unpack(v, tensors) for v in content]
    return tuple(items) if kind == "tuple" else items

"""Solutions and checkpoints on disk: safetensors for numbers, JSON for the rest."""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from pinnzo import catalogue
from pinnzo.errors import PinnzoError, StorageError
from pinnzo.files import check_folder, prepare_folder, replacing, write_text  # noqa: F401 - part of this module
from pinnzo.settings import RunSettings, run_settings_from_json, settings_to_json
from pinnzo.symbolic.problem import Problem
from pinnzo.symbolic.serialise import problem_from_json, problem_to_json
from pinnzo.training import History, Record, TrainerState
from pinnzo.training.fit import RunState

FORMAT = 3
"""Of the files; 3 is the first with a checksum of shapes, and with the name that a file was written under."""

SOLUTION, CHECKPOINT, SUMMARY, HISTORY = (
    "solution.safetensors",
    "checkpoint.safetensors",
    "summary.json",
    "history.jsonl",
)
COUNTS, MEASURES = ("step", "evaluations"), ("loss", "validation", "error", "seconds")
"""The columns of a history that are whole numbers, and the others."""


def write_run(path: Path, run: RunState, header: Mapping[str, Any]) -> None:
    """Write everything that a run needs to go on, in one file, replacing an older one in one step.

    Raises:
        StorageError: it cannot be written.
    """
    tensors: dict[str, torch.Tensor] = {}
    state = run.trainer
    body = {
        **header,
        "version": version("pinnzo"),
        "trainer": {"step": state.step, "loss": state.loss, "memory": _pack(state.memory, "memory", tensors)},
        "best_loss": run.best_loss,
        "evaluations": run.evaluations,
        "validated_at": run.validated_at,
        "seconds": run.seconds,
        "balance": _pack(run.balance, "balance", tensors),
    }
    tensors |= {
        "theta": state.theta, "generator": state.generator, "points": run.points, "best_theta": run.best_theta,
        **{f"objective.{name}": tensor for name, tensor in run.objective.items()},
        # As text a long history would not fit in a header, which safetensors limits to 100 MB.
        **{f"history.{name}": torch.from_numpy(run.history.column(name)) for name in (*COUNTS, *MEASURES)},
    }  # fmt: skip
    # Tensors made in inference mode are copied: safetensors wants plain contiguous memory.
    plain = {name: t.detach().cpu().clone().contiguous() for name, t in tensors.items()}
    text = json.dumps(body)
    metadata = {"pinnzo": text, "format": str(FORMAT), "file": path.name}
    metadata["checksum"] = str(_checksum(path.name + text, plain))
    with replacing(path) as temporary:
        save_file(plain, temporary, metadata)


def read_run(
    path: Path, problem: Problem | None = None, given: Mapping[str, Any] | None = None
) -> tuple[Problem, RunSettings, RunState, dict[str, Any]]:
    """Read what ``write_run`` wrote.

    Args:
        path: the file.
        problem: the declaration, in place of the saved one.
        given: settings to put in place of the saved ones, by name.

    Raises:
        StorageError: there is no such file, or it is damaged, or of another format.
    """
    body, tensors = _read(path)
    if "task" in body and (problem is None or isinstance(problem, Problem)):
        raise StorageError(
            f"{path} is of a classifier of images, not of an equation: read it with pinnzo.tasks.load_classifier, or "
            f"go on with pinnzo.tasks.resume_classifier (`pinnzo resume {path.parent}`)."
        )
    try:
        settings = run_settings_from_json(body["settings"], given or {})
        trainer = TrainerState(
            tensors["theta"],
            int(body["trainer"]["step"]),
            tensors["generator"],
            float(body["trainer"]["loss"]),
            _unpack(body["trainer"]["memory"], tensors),
        )
        columns = {name: tensors[f"history.{name}"].tolist() for name in (*COUNTS, *MEASURES)}
        records = [Record(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]
        run = RunState(
            trainer,
            tensors["points"],
            tensors["best_theta"],
            float(body["best_loss"]),
            int(body["evaluations"]),
            int(body["validated_at"]),
            float(body["seconds"]),
            History(records),
            {name.removeprefix("objective."): t for name, t in tensors.items() if name.startswith("objective.")},
            _unpack(body.get("balance", {"dict": []}), tensors),
        )
        declared = problem if problem is not None else _declared(body)
    except StorageError as error:
        raise StorageError(f"{path} cannot be read: {error}") from None
    except (PinnzoError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise StorageError(
            f"{path} is damaged or from another version of pinnzo ({error!r}): solve the problem again."
        ) from None
    return declared, settings, run, body


def save_file(tensors: dict[str, torch.Tensor], path: Path, metadata: dict[str, str]) -> None:
    """Write a file of tensors; the function of safetensors leaves temporary files behind when it is killed."""
    path.write_bytes(save(tensors, metadata))


def _read(path: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """The header and the tensors of a file, undamaged."""
    if not os.path.isfile(path):  # which has no error for names that are too long
        others = {SOLUTION: (CHECKPOINT, "go on with resume"), CHECKPOINT: (SOLUTION, "read it with load")}
        other, remedy = others.get(path.name, (path.name, ""))
        hint = (
            f"it holds a {other}: {remedy}"
            if os.path.isfile(path.with_name(other))
            else "give the folder of a saved run"
        )
        raise StorageError(f"{path.parent} holds no {path.name}: {hint}.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if "pinnzo" not in metadata:
                raise StorageError(f"{path} was not written by pinnzo: give the folder of a saved run.")
            if metadata.get("format") != str(FORMAT):
                raise StorageError(
                    f"{path} has format {metadata.get('format', '1')}, but this version of pinnzo reads format "
                    f"{FORMAT}: solve the problem again, or use the version that wrote it"
                    f"{_writer(metadata['pinnzo'])}."
                )
            # Copied to memory of torch's own alignment, on which the rounding of matrix products may depend.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        name = metadata.get("file", "")
        if metadata.get("checksum") != str(_checksum(name + metadata["pinnzo"], tensors)):
            raise StorageError(
                f"{path} is damaged: its contents do not have the checksum that was stored with them. Take a copy, "
                "or solve the problem again."
            )
        if name != path.name:
            # A solution lacks what the trainer remembers, and would go on as another run without a word.
            raise StorageError(f"{path} is damaged: it was written as {name} and has been renamed; name it so again.")
        return json.loads(metadata["pinnzo"]), tensors
    except StorageError:
        raise
    except (SafetensorError, ValueError, OSError) as error:
        raise StorageError(
            f"{path} is damaged or was not written by pinnzo ({error}): take a copy of it, or solve the problem again."
        ) from None


def _checksum(text: str, tensors: Mapping[str, torch.Tensor]) -> int:
    total = zlib.crc32(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        head = f"{name} {tensor.dtype} {tuple(tensor.shape)}"
        total = zlib.crc32(tensor.numpy().tobytes(), zlib.crc32(head.encode(), total))
    return total


def _writer(text: str) -> str:
    """The version of pinnzo that wrote a header, in brackets, where it can be told."""
    try:
        return f" (pinnzo {json.loads(text)['version']})"
    except (ValueError, KeyError, TypeError):
        return ""


def header_of(problem: Problem, settings: RunSettings) -> dict[str, Any]:
    """What a file says of the problem and the settings."""
    header = {"problem": problem_to_json(problem), "settings": settings_to_json(settings)}
    return header if problem.bundled is None else {**header, "bundled": list(problem.bundled)}


def _declared(body: Mapping[str, Any]) -> Problem:
    """The saved problem; a bundled one gets back the exact solution that is a function, which no file holds."""
    problem = problem_from_json(body["problem"])
    if "bundled" not in body:
        return problem
    name, settings = body["bundled"]
    problem.bundled = (name, settings)
    if problem.exact is None:
        with contextlib.suppress(PinnzoError):
            again = catalogue.problem(name, **settings)
            # Another version may state another problem under this name.
            if json.loads(json.dumps(problem_to_json(again))) == body["problem"]:
                return again
    return problem


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

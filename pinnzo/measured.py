"""What the bundled problems cost and how exactly they are solved: ``measured.json`` beside them.

The figures of a run are written by ``pinnzo benchmark --update``; kind, reference and whether a problem is hard are
words of people, which it leaves as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pinnzo import catalogue
from pinnzo.errors import SettingError, StorageError
from pinnzo.storage import write_text

FILE = "measured.json"
HARD_RATIO, EXACT = 0.1, 1e-6
"""A new problem counts as hard while its error is more than this share of the zero network's, or no better than the
affine network's, unless that one is exact."""


@dataclass(frozen=True)
class Measured:
    """A bundled problem solved once with the default settings; None stands for what is not known.

    Attributes:
        dimension: the number of variables, time included.
        kind: of the equation, such as "elliptic".
        reference: how the solution is known to which it is compared, such as "closed form".
        relative_l2: the error.
        zero_network: the error of the ansatz with f ≡ 0.
        affine_network: the error with the best affine f.
        seconds: training time.
        parameters: the number of trained parameters.
        evaluations: network evaluations spent.
        seed: of the run.
        hard: whether the default settings leave much to be done.
    """

    dimension: int | None = None
    kind: str | None = None
    reference: str | None = None
    relative_l2: float | None = None
    zero_network: float | None = None
    affine_network: float | None = None
    seconds: float | None = None
    parameters: int | None = None
    evaluations: int | None = None
    seed: int | None = None
    hard: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self)


NAMES = tuple(f.name for f in fields(Measured))
KEPT = ("kind", "reference", "hard")


def measured() -> dict[str, Measured]:
    """The figures of the bundled problems by name; those without any are left out.

    Raises:
        StorageError: the file is damaged.

    Example:
        >>> measured()["hjb"].dimension
        21
    """
    path = catalogue.problem_folder() / FILE
    if not path.is_file():
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {name: Measured(**{key: entry.get(key) for key in NAMES}) for name, entry in data.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise StorageError(f"The figures of the bundled problems in {path} cannot be read: {error}.") from None


def check_checkout() -> Path:
    """The file that ``update`` writes.

    Raises:
        SettingError: this is an installed pinnzo, whose files are not to be changed.
    """
    folder = catalogue.problem_folder()
    if folder.parent == Path(__file__).parent:
        raise SettingError("The figures are updated in a checkout of pinnzo, but this one is installed from a wheel.")
    return folder / FILE


def update(found: Mapping[str, Mapping[str, Any]]) -> Path:
    """Put the figures of runs into the file, problem by problem, and return its path.

    Args:
        found: fields of ``Measured`` by name, for each problem; further ones are left out.

    Raises:
        SettingError: this is an installed pinnzo.
        StorageError: the file cannot be read or written.
    """
    path = check_checkout()
    entries = {name: entry.to_json() for name, entry in measured().items()}
    for name, figures in found.items():
        old = entries.get(name, {})
        new = {key: _short(figures.get(key)) for key in NAMES}
        new |= {key: old.get(key) for key in KEPT}
        if new["hard"] is None:
            new["hard"] = _is_hard(new)
        entries[name] = new
    # One line a problem shows in a comparison of versions which figures have changed.
    lines = ",\n".join(
        f" {json.dumps(name)}: {json.dumps(entries[name], ensure_ascii=False)}" for name in sorted(entries)
    )
    write_text(path, f"{{\n{lines}\n}}\n")
    return path


def _short(value: Any) -> Any:
    """Three digits of a number: more of them are chance."""
    return float(f"{value:.3g}") if isinstance(value, float) else value


def _is_hard(entry: Mapping[str, Any]) -> bool | None:
    error, zero, affine = (entry[key] for key in ("relative_l2", "zero_network", "affine_network"))
    if error is None or zero is None:
        return None
    return error > HARD_RATIO * zero or (affine is not None and EXACT < affine <= error)

"""A commented declaration to start from, as a file of the user's own."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from pinnzo.errors import SettingError, StorageError
from pinnzo.storage import write_text

TEMPLATE = "problem.py"
PLACEHOLDER = "my_problem"
"""What the template calls its problem and its file."""


def write_problem(path: str | Path, force: bool = False) -> Path:
    """Write a declaration with every part explained, which runs as it stands.

    Args:
        path: of the file, which must end in ".py".
        force: replace a file that is there.

    Raises:
        SettingError: the name is none of a Python file, or there is such a file already.
        StorageError: the folder does not exist, or cannot be written to.

    Example:
        >>> import tempfile
        >>> path = write_problem(Path(tempfile.mkdtemp()) / "melting.py")
        >>> 'name="melting"' in path.read_text(encoding="utf-8")
        True
    """
    target = Path(path)
    # The name goes into comments and into a text of the file.
    if target.suffix != ".py" or not target.stem.isprintable() or set(target.stem) & set("\"'\\"):
        raise SettingError(f"{str(path)!r} is no name for a problem file: give one that ends in .py.")
    if not target.parent.is_dir():
        raise StorageError(f"There is no folder {target.parent}: make it first, or choose another one.")
    if target.is_dir():
        raise SettingError(f"{target} is a folder: choose another name.")
    if target.exists() and not force:
        raise SettingError(f"{target} is there already: choose another name, or replace it with --force.")
    text = files("pinnzo.templates").joinpath(TEMPLATE).read_text(encoding="utf-8")
    write_text(target, text.replace(PLACEHOLDER, target.stem))
    return target

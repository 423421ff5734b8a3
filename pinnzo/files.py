"""Files that are written whole or not at all, whatever happens on the way."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from pinnzo.errors import StorageError


def prepare_folder(folder: Path) -> Path:
    """Make a folder and check that it can be written to, before a long run depends on it.

    Raises:
        StorageError: it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_remains(folder / "pinnzo-write-test")
        probe = folder / f".pinnzo-write-test.{os.getpid()}"
        probe.touch()
        probe.unlink()
    except (OSError, ValueError) as error:
        raise StorageError(
            f"The folder {folder} cannot be written to ({getattr(error, 'strerror', None) or error}): choose another "
            "one."
        ) from None
    return folder


def check_folder(folder: Path) -> None:
    """Check that a folder can be made and written to, and leave nothing behind.

    Raises:
        StorageError: it cannot.
    """
    try:
        missing = [p for p in (folder, *folder.parents) if not p.exists()]
    except OSError:
        missing = []
    try:
        prepare_folder(folder)
    finally:
        for path in missing:
            with contextlib.suppress(OSError, ValueError):
                path.rmdir()


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its place in one step if all goes well, and vanishes if not.

    Contents reach the disk before the name does: after a loss of power there is the old file or the new one. What
    killed processes have left of the same file is removed.

    Raises:
        StorageError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _remove_remains(path)
        yield temporary
        _to_disk(temporary)
        os.replace(temporary, path)
        # Not every file system lets a folder be opened; the file is in its place all the same.
        with contextlib.suppress(OSError):
            _to_disk(path.parent)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StorageError(f"{path} cannot be written: {reason}.") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file, replacing an older one in one step."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def deferred_interrupt() -> Iterator[None]:
    """Let Ctrl-C wait until the block has ended, so that what is being written is finished."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[tuple[int, Any]] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came and callable(before):
        before(*came[-1])


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_remains(path: Path) -> None:
    """Remove temporary files of ``path`` whose process is no more."""
    for remains in path.parent.glob(f".{path.name}.*"):
        number = remains.name.rpartition(".")[2]
        if number.isdigit() and not _runs(int(number)):
            with contextlib.suppress(OSError):
                remains.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    if os.name == "nt":
        # There, os.kill ends a process whatever the signal; a file in use cannot be removed anyway.
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    return True

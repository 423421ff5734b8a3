"""Where the command line puts the records of ``logging``."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from pinnzo.errors import StorageError
from pinnzo.ranks import is_first


class _OnStandardError(logging.Handler):
    """Lines on standard error that leave the live display of progress intact."""

    def emit(self, record: logging.LogRecord) -> None:
        Console(stderr=True).print(self.format(record), markup=False, highlight=False, soft_wrap=True)


@contextmanager
def logging_to(file: Path | None, verbose: bool) -> Iterator[None]:
    """Records of pinnzo while a command runs: all of them to a file, those for people to standard error.

    Of several processes the first one writes.

    Raises:
        StorageError: the file cannot be written.
    """
    handlers: list[logging.Handler] = []
    if file is not None and is_first():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            handlers.append(logging.FileHandler(file, encoding="utf-8"))
        except OSError as error:
            raise StorageError(f"The log {file} cannot be written ({error.strerror}): choose another file.") from None
        handlers[0].setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    if verbose and is_first():
        handlers.append(_OnStandardError(logging.INFO))
    logger = logging.getLogger("pinnzo")
    before = logger.level
    if handlers:
        logger.setLevel(logging.DEBUG if file is not None else logging.INFO)
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
        logger.setLevel(before)

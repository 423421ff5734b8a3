"""What pinnzo raises: sentences that say what is wrong and what to do about it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class PinnzoError(Exception):
    """The base of every error that pinnzo raises on purpose.

    The message names the argument at fault and the remedy. Each subclass also derives from the built-in
    exception that a caller would expect (``ValueError`` and so on).
    """


class DeclarationError(PinnzoError, ValueError):
    """A problem's declaration contradicts itself or lies outside what can be compiled."""


class SettingError(PinnzoError, ValueError):
    """A setting of an estimator, a network, a trainer or a budget has no meaning."""


class ShapeError(PinnzoError, ValueError):
    """An array has another shape than its argument needs."""


class StencilError(PinnzoError, ValueError):
    """A stencil cannot see the derivative that was asked of it."""


class NonFiniteError(PinnzoError, ArithmeticError):
    """A value that has to be a finite number is NaN or infinite."""


class StorageError(PinnzoError, OSError):
    """A folder or file cannot be read or written, or holds something else than it should."""


class SizeError(PinnzoError, MemoryError):
    """A computation does not fit in the memory."""


class LostProcessError(PinnzoError, RuntimeError):
    """One of several processes that share a run has ended, or does not answer."""


class DriftError(PinnzoError, RuntimeError):
    """Processes that have to compute the same parameters have not."""


class MissingPackageError(PinnzoError, ImportError):
    """An optional package that is asked for is not installed."""


class BlackBoxError(PinnzoError, RuntimeError):
    """A black box failed, did not answer in time, or answered with numbers that are not finite."""


class AnswerError(BlackBoxError, ShapeError):
    """A black box answered with an array of another shape than it has to."""


@contextlib.contextmanager
def memory_shortage_told() -> Iterator[None]:
    """Turns what Python and torch raise where memory is short into a sentence.

    Raises:
        SizeError: in place of these.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # torch has no type of its own for what does not fit in the memory of the CPU.
        if isinstance(error, PinnzoError) or not (isinstance(error, MemoryError) or "allocate" in str(error)):
            raise
        raise SizeError("This does not fit in memory: take fewer points or a smaller network.") from error

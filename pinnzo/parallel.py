"""Both cores busy, without torch's own threads.

On a machine that others use too, the OpenMP threads inside torch's kernels spin while they wait for each other, and
a run becomes ten times slower or worse. Here each kernel runs on one thread and the parameter vectors of a step are
shared out among a few threads instead, which never wait for each other before the step ends.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")


def default_workers() -> int:
    """The processors that this process may use, or fewer if torch was told so (``OMP_NUM_THREADS``).

    Several processes of one run on this machine (``LOCAL_WORLD_SIZE``, set by ``torchrun``) share them.
    """
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    processes = os.environ.get("LOCAL_WORLD_SIZE", "")
    available //= max(1, int(processes)) if processes.isdecimal() else 1
    return max(1, min(available, torch.get_num_threads()))


@contextmanager
def one_thread_kernels() -> Iterator[None]:
    """Run torch's kernels on the calling thread alone; the setting of before comes back at the end."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Workers:
    """A few threads that work through a list; results come back in order.

    Args:
        count: the number of threads; with one, everything runs in the caller.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        # torch's setting is one of each thread: without it, a matrix product in one of these may run on several threads
        # again, with another rounding than in the caller.
        self._pool = (
            ThreadPoolExecutor(count, "pinnzo", initializer=torch.set_num_threads, initargs=(1,)) if count > 1 else None
        )

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """``[function(item) for item in items]``, with the caller's autograd mode in every thread."""
        # Autograd's graph is built and walked in the caller's thread.
        if self._pool is None or len(items) < 2 or torch.is_grad_enabled():
            return [function(item) for item in items]
        inference = torch.is_inference_mode_enabled()

        def guarded(item: T) -> R:
            with torch.inference_mode() if inference else torch.no_grad():
                return function(item)

        return list(self._pool.map(guarded, items))


def shared_workers(count: int) -> Workers:
    """Threads that stay, for calls too short to start their own.

    Example:
        >>> shared_workers(2).map(abs, [-1, 2])
        [1, 2]
    """
    # A child process inherits this module's memory, but no threads.
    return _workers_of_process(count, os.getpid())


@lru_cache(maxsize=4)
def _workers_of_process(count: int, process: int) -> Workers:
    return Workers(count)

"""Several processes that share the work of a step, on one machine or on many.

Every process ("rank") runs the same program with the same seed: the same points, the same trainer, the same
parameters. What is shared out are the forward queries of a step; what travels is their results, so that parameters
are never sent. Started by ``torchrun``, everything that is needed is in the environment.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
import time
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import accumulate, pairwise
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from pinnzo.errors import DriftError, LostProcessError, SettingError

T = TypeVar("T")

TIMEOUT = "PINNZO_TIMEOUT"
"""The environment variable with the seconds that a process waits for the others."""

SECONDS = 600.0

FIRST_SECONDS, MEMORY_SECONDS = 0.05, 2.0
"""Of work at equal speed that the processes are credited with at first, and for how long their speed is remembered."""

LARGEST_SPEED = 3.0
"""Times the mean; the smallest is its inverse."""


def place_in_environment() -> tuple[int, int]:
    """Which process this is and how many there are, from ``RANK`` and ``WORLD_SIZE``: (0, 1) when it is alone.

    Raises:
        SettingError: there are several, but their addresses are missing.
    """
    size = os.environ.get("WORLD_SIZE", "1")
    if size in ("", "1"):
        return 0, 1
    if missing := [name for name in ("RANK", "MASTER_ADDR", "MASTER_PORT") if not os.environ.get(name)]:
        raise SettingError(
            f"WORLD_SIZE is {size}, but {missing[0]} is not set: start several processes with torchrun, or unset "
            "WORLD_SIZE."
        )
    try:
        return int(os.environ["RANK"]), int(size)
    except ValueError:
        raise SettingError(f"RANK is {os.environ['RANK']!r} and WORLD_SIZE {size!r}: both are whole numbers.") from None


def is_first() -> bool:
    """Whether this process is the one that shows and writes, before it has joined the others."""
    return place_in_environment()[0] == 0


class Ranks:
    """The processes of a run, seen from one of them; by default the only one.

    Every operation but ``bounds`` is collective: all processes call it, in the same order.

    Args:
        rank: which process this is, from 0.
        size: how many there are.

    Example:
        >>> Ranks().size
        1
        >>> Ranks(1, 2).bounds([1.0, 1.0, 1.0, 1.0])
        [0, 2, 4]
    """

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size
        self.interrupted = False
        self.speeds = [1.0] * size
        self._done, self._seconds = [FIRST_SECONDS] * size, [FIRST_SECONDS] * size

    @classmethod
    def from_environment(cls, device: torch.device | str = "cpu", timeout: float | None = None) -> Ranks:
        """Join the other processes that ``torchrun`` has started; alone where there are none.

        A process group that exists already is used as it is. One that is made here lasts as long as the process.

        Args:
            device: of the run; on "cuda" tensors travel by NCCL, otherwise by Gloo.
            timeout: for how many seconds the others are waited for, by default those of the environment variable
                ``PINNZO_TIMEOUT``, or ten minutes.

        Raises:
            SettingError: the environment contradicts itself.
            LostProcessError: the others do not come.
        """
        if dist.is_available() and dist.is_initialized():
            return cls(dist.get_rank(), dist.get_world_size())
        rank, size = place_in_environment()
        if size == 1:
            return cls()
        if not dist.is_available():
            raise SettingError("This build of torch has no torch.distributed: start one process.")
        cuda = torch.device(device).type == "cuda"
        if cuda:
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
        ranks = cls(rank, size)
        with ranks._collective():
            dist.init_process_group(
                "cpu:gloo,cuda:nccl" if cuda else "gloo", timeout=timedelta(seconds=timeout or _patience())
            )
        atexit.register(ranks.close)
        return ranks

    @property
    def first(self) -> bool:
        """Whether this process is the one that decides, shows and writes."""
        return self.rank == 0

    def bounds(self, costs: Sequence[float]) -> list[int]:
        """How jobs with these costs are shared out: rank r has those from ``bounds[r]`` to ``bounds[r + 1]``.

        Shares go by the speed that the processes have shown: processors differ, and so does what else they do. All
        processes know the same speeds, and results do not depend on who computes them.
        """
        ends = [end * sum(costs) / sum(self.speeds) for end in accumulate(self.speeds[:-1])]
        middles = [after - cost / 2 for cost, after in zip(costs, accumulate(costs), strict=True)]
        return [0, *(bisect_left(middles, end) for end in ends), len(middles)]

    def map(
        self,
        work: Callable[[Sequence[T]], list[torch.Tensor]],
        jobs: Sequence[T],
        shapes: Sequence[tuple[int, ...]],
        costs: Sequence[float],
        like: torch.Tensor,
    ) -> list[torch.Tensor]:
        """``work(jobs)``, each process doing a part of the jobs; all get all the results.

        Args:
            work: from some of the jobs to their results.
            jobs: in the order of the results.
            shapes: of the results.
            costs: what each job costs, in any unit.
            like: a tensor with the dtype and the device of the results.
        """
        # No graph goes from one process to another: with autograd everybody does everything.
        if self.size == 1 or torch.is_grad_enabled():
            return work(jobs)
        bounds = self.bounds(costs)
        began = time.perf_counter()
        mine = work(jobs[bounds[self.rank] : bounds[self.rank + 1]])
        taken = like.new_full((1,), time.perf_counter() - began)
        sizes = [torch.Size(shape).numel() for shape in shapes]
        # The seconds travel with the results: a collective of their own would cost as much again.
        lengths = [sum(sizes[a:b]) + 1 for a, b in pairwise(bounds)]
        everything = self.gather([taken, *(result.reshape(-1) for result in mine)], lengths, like)
        if like.device.type == "cpu":
            # Elsewhere work goes on after the call has returned.
            self._learn([sum(costs[a:b]) for a, b in pairwise(bounds)], [float(numbers[0]) for numbers in everything])
        results = []
        for (a, b), numbers in zip(pairwise(bounds), everything, strict=True):
            pieces = numbers.split([1, *sizes[a:b]])[1:]
            results += [piece.view(shape) for piece, shape in zip(pieces, shapes[a:b], strict=True)]
        return results

    def gather(self, mine: Sequence[torch.Tensor], lengths: Sequence[int], like: torch.Tensor) -> list[torch.Tensor]:
        """What each process has, one after the other, for all of them.

        Args:
            mine: pieces (n,) of what this process has.
            lengths: how many numbers each process has.
            like: a tensor with the dtype and the device of the pieces.

        Returns:
            The numbers of each process, (lengths[r],).
        """
        if self.size == 1:
            return [torch.cat(list(mine))]
        longest = max(lengths)
        sent = like.new_empty(longest)
        if mine:
            torch.cat(list(mine), out=sent[: lengths[self.rank]])
        received = like.new_empty(self.size, longest)
        with self._collective():
            dist.all_gather(list(received), sent)
        return [received[rank, :length] for rank, length in enumerate(lengths)]

    def broadcast(self, values: torch.Tensor) -> torch.Tensor:
        """The tensor that the first process has, for all of them."""
        if self.size == 1:
            return values
        received = values.clone()
        with self._collective():
            dist.broadcast(received, src=0)
        return received

    def check_equal(self, theta: torch.Tensor) -> None:
        """Check that all processes have the same parameters, bit for bit, by a checksum.

        Raises:
            DriftError: they have not.
        """
        if self.size == 1:
            return
        mine = torch.tensor([zlib.crc32(theta.detach().cpu().contiguous().numpy().tobytes())])
        sums = [int(s) for s in self.gather([mine], [1] * self.size, mine)]
        if len(set(sums)) > 1:
            raise DriftError(
                f"Process {self.rank} of {self.size}: the processes no longer have the same parameters, so their "
                "results cannot be put together. Use machines of the same kind, the same versions of torch and "
                "pinnzo, and a network whose values depend on its parameters and points alone."
            )

    @contextmanager
    def watching(self) -> Iterator[None]:
        """With several processes, an interrupt is only noted (``interrupted``), and SIGTERM becomes an error.

        An interrupt reaches the processes at different times, so the first has to decide between two steps.
        ``torchrun`` sends SIGTERM to those that are left when one was lost.

        Raises:
            LostProcessError: on SIGTERM.
        """
        if self.size == 1 or threading.current_thread() is not threading.main_thread():
            yield
            return

        def interrupt(number: int, frame: Any) -> None:
            self.interrupted = True

        def terminate(number: int, frame: Any) -> None:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            raise self._lost("It was told to end, as torchrun does then.")

        before = {s: signal.signal(s, h) for s, h in ((signal.SIGINT, interrupt), (signal.SIGTERM, terminate))}
        try:
            yield
        except LostProcessError:
            # The sentence that says so must still get out. torchrun kills what stays too long.
            before[signal.SIGTERM] = signal.SIG_IGN
            raise
        finally:
            if self.interrupted:
                # Both the terminal and torchrun send an interrupt, and the best parameters are yet to be written.
                before[signal.SIGINT] = signal.SIG_IGN
            for number, handler in before.items():
                signal.signal(number, handler)

    def _learn(self, costs: Sequence[float], seconds: Sequence[float]) -> None:
        """Take note of how long the processes took for their shares; what was long ago fades away."""
        fade = min(1.0, MEMORY_SECONDS * self.size / sum(self._seconds))
        # In units of the mean speed, so that jobs of several kinds can be added up.
        done = [cost / sum(costs) * sum(seconds) for cost in costs]
        self._done = [fade * before + now for before, now in zip(self._done, done, strict=True)]
        self._seconds = [fade * before + now for before, now in zip(self._seconds, seconds, strict=True)]
        speeds = [d / s for d, s in zip(self._done, self._seconds, strict=True)]
        # Who gets next to nothing has no chance to show that it has become faster again.
        self.speeds = [min(LARGEST_SPEED, max(1 / LARGEST_SPEED, speed)) for speed in speeds]

    def close(self) -> None:
        """Leave the others."""
        if self.size > 1 and dist.is_initialized():
            dist.destroy_process_group()

    @contextmanager
    def _collective(self) -> Iterator[None]:
        try:
            yield
        except LostProcessError:
            raise
        except RuntimeError as error:
            raise self._lost("") from error

    def _lost(self, more: str) -> LostProcessError:
        return LostProcessError(
            f"This is process {self.rank} of {self.size}, and another process of the run was lost or does not "
            f"answer.{' ' * bool(more)}{more}"
        )


def _patience() -> float:
    text = os.environ.get(TIMEOUT, "")
    try:
        seconds = float(text) if text else SECONDS
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise SettingError(f"{TIMEOUT} is {text!r}: give the seconds that a process waits for the others.")
    return seconds

"""``python -m benchmarks --budget-minutes N [--only NAME]``: measure what has not been measured yet.

Cases are run one after the other, each in a process of its own; a result is kept as soon as it is there, so that a run
that was stopped, or whose budget was used up, goes on with the next one when the same command is given again. A case
whose settings have changed since is measured again. ``python -m benchmarks.tables`` then writes the tables and figures.
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any

from benchmarks.machine import commit, machine, now
from benchmarks.records import Records
from benchmarks.running import CaseFailedError, run_case
from benchmarks.suites import SUITES, selected


def main() -> int:
    """Run the cases; 1 where one failed."""
    given = _arguments()
    cases = selected(given.only)
    if not cases:
        sys.exit(
            f"No case begins with {' or '.join(given.only)}. The suites are {', '.join(SUITES)}; --list shows all."
        )
    kept = {name: Records(name) for name in SUITES}
    pending = [case for case in cases if given.again or kept[case.suite].find(case) is None]
    if given.list:
        for case in cases:
            state = "to be measured" if case in pending else "measured"
            print(f"{case.title}: about {case.seconds:.0f} s, {state}")
        return 0
    minutes = sum(case.seconds for case in pending) / 60
    print(f"{len(pending)} of {len(cases)} cases to be measured, about {minutes:.0f} minutes.", flush=True)
    end, failed, left = time.monotonic() + 60 * given.budget_minutes, 0, 0
    for case in pending:
        if time.monotonic() + case.seconds > end:
            left += 1
            continue
        began = time.perf_counter()
        about = {"commit": commit(), "date": now(), "machine": machine()}
        try:
            result = run_case(case, given.core)
        except CaseFailedError as error:
            failed += 1
            print(error, file=sys.stderr, flush=True)
            continue
        kept[case.suite].add(case, **about, result=result)
        print(f"{case.title}: {in_words(result)} ({time.perf_counter() - began:.0f} s)", flush=True)
    if left:
        print(f"The budget does not reach for {left} cases; the same command goes on with them.")
    return 1 if failed else 0


def in_words(result: Mapping[str, Any]) -> str:
    """The numbers of a run, or what became of the case.

    Example:
        >>> in_words({"relative_l2": 0.00123456, "steps": 7, "evaluations": {"stencil": 43}})
        'relative_l2 0.00123, steps 7'
        >>> in_words({"unfinished": 40.0}), in_words({})
        ('unfinished', 'done')
    """
    verdict = next((word for word in ("unfinished", "refused") if word in result), "done")
    numbers = ((name, result.get(name)) for name in ("relative_l2", "steps", "evaluations"))
    return ", ".join(f"{name} {value:.3g}" for name, value in numbers if isinstance(value, (int, float))) or verdict


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure what was not measured yet.")
    parser.add_argument(
        "--budget-minutes", type=_positive, default=math.inf, metavar="N", help="begin no case that would take longer"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME",
        help=f"a suite ({', '.join(SUITES)}) or the beginning of a case's name, such as peers/hjb; may be repeated",
    )  # fmt: skip
    parser.add_argument("--core", type=int, metavar="K", help="keep to this core of the processor")
    parser.add_argument("--again", action="store_true", help="measure also what has been measured")
    parser.add_argument("--list", action="store_true", help="show the cases, run nothing")
    return parser.parse_args()


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text} minutes: give a positive number")
    return value


if __name__ == "__main__":
    # As for Ctrl-C: the case that is running is stopped too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Stopped; what was measured is kept.")

"""``python -m benchmarks.tables [--check]``: write, or check, the tables and figures of the kept results.

The tables go to the marked places of README.md and docs, the figures to docs/images/benchmarks, with the digests of the
results that they show. With ``--check`` nothing is written: what differs is printed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping

from benchmarks.machine import ROOT
from benchmarks.records import Records
from benchmarks.tables import ablations, growth, paper, peers
from benchmarks.tables.marks import MarkError
from benchmarks.tables.pages import Suite, pages_of

SUITES: Mapping[str, Suite] = {"peers": peers, "paper": paper, "ablations": ablations, "growth": growth}


def main() -> int:
    """Write or check; 1 where something differs or a mark is wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description="Write the tables and figures.")
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs from the results")
    given = parser.parse_args()
    pages = pages_of(ROOT, {name: Records(name) for name in SUITES}, SUITES)
    try:
        if not given.check:
            pages.write()
            return 0
        differences = pages.differences()
    except MarkError as error:
        print(error, file=sys.stderr)
        return 1
    for sentence in differences:
        print(sentence, file=sys.stderr)
    if differences:
        print("Run: python -m benchmarks.tables", file=sys.stderr)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())

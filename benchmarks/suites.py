"""The suites by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from benchmarks import ablations, growth
from benchmarks.cases import Case
from benchmarks.paper import suite as paper
from benchmarks.peers import suite as peers

SUITES: Mapping[str, Callable[[], Sequence[Case]]] = {
    "peers": peers.cases,
    "paper": paper.cases,
    "ablations": ablations.cases,
    "growth": growth.cases,
}


def selected(names: Sequence[str]) -> list[Case]:
    """The cases whose suite and name begin with one of the names, all where none is given.

    Args:
        names: of suites, or with more words of a title, such as "peers/hjb".
    """
    found = [case for suite in SUITES.values() for case in suite()]
    if not names:
        return found
    wanted = tuple(f"{name.rstrip('/')}/" for name in names)
    return [case for case in found if f"{case.suite}/{case.name}/".startswith(wanted)]

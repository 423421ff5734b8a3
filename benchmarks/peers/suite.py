"""The cases of the peers: a problem is solved by all packages one after the other, then the next one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pinnzo as pz
from benchmarks.cases import Case
from benchmarks.high_dimension import TWO_BODY
from benchmarks.machine import ROOT
from benchmarks.peers.environments import environment
from benchmarks.points import points_file, write_points
from benchmarks.trial import trial

PEERS = {
    "deepxde": "benchmarks.peers.deepxde",
    "pina": "benchmarks.peers.pina",
    "torch": "benchmarks.peers.plain_torch",
}
VARIANTS = ("documented", "small")
"""The settings of a peer's own documentation or of the paper a problem comes from; a network of the size of ours."""
SETUP = 8.0
"""Seconds that a case takes beyond its training."""


@dataclass(frozen=True)
class Contest:
    """A problem for all packages.

    Attributes:
        problem: the bundled one.
        of_problem: its settings.
        seconds: of training for every peer.
        ours: of training for pinnzo's trainers, where they get less time than the peers.
        settings: of ``solve`` with Levenberg–Marquardt, where the defaults are not for such a problem.
    """

    problem: str
    of_problem: Mapping[str, Any]
    seconds: float
    ours: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


CONTESTS: Mapping[str, Contest] = {
    "hjb-20": Contest("hjb", {"dimension": 20}, 300.0, {"levenberg-marquardt": 60.0, "hybrid": 60.0}),
    "poisson-5": Contest("poisson", {"dimension": 5}, 300.0, {"hybrid": 60.0}),
    "heat-5": Contest("heat-nd", {"dimension": 5}, 300.0, {"hybrid": 60.0}),
    "hjb-lq-20": Contest("hjb-lq", {"dimension": 20}, 30.0),
    "poisson-2d": Contest("poisson-2d", {}, 30.0),
    "heat-100": Contest("heat-high", {"dimension": 100}, 30.0),
    "two-body-10": Contest("two-body-poisson", {"dimension": 10, "seed": 0}, 30.0),
    "two-body-100": Contest("two-body-poisson", {"dimension": 100, "seed": 0}, 45.0, settings=TWO_BODY),
}


def cases(seed: int = 0) -> list[Case]:
    """All problems with all packages."""
    return [case for name, contest in CONTESTS.items() for case in _of(name, contest, seed)]


def _of(name: str, contest: Contest, seed: int) -> Iterator[Case]:
    ours = {
        "levenberg-marquardt": {"trainer": pz.LevenbergMarquardt(), **contest.settings},
        "hybrid": {"trainer": pz.HybridZO()},
    }
    for trainer, settings in ours.items():
        seconds = contest.ours.get(trainer, contest.seconds)
        data = trial(contest.problem, contest.of_problem, seconds=seconds, **settings)
        yield Case("peers", f"{name}/pinnzo/{trainer}", seed, "benchmarks.trial", data, seconds + SETUP)
    for variant in VARIANTS:
        for peer, module in PEERS.items():
            data = {
                "problem": contest.problem,
                "of_problem": dict(contest.of_problem),
                "network": variant,
                "seconds": contest.seconds,
                "points": str(points_file(contest.problem, contest.of_problem).relative_to(ROOT)),
            }
            yield Case(
                "peers", f"{name}/{peer}/{variant}", seed, module, data, contest.seconds + SETUP,
                python=lambda peer=peer: str(environment(peer)),
                prepare=lambda: write_points(contest.problem, contest.of_problem) and None,
            )  # fmt: skip

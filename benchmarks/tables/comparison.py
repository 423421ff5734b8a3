"""Who runs on which problem, and who is ahead: the cases "PROBLEM/METHOD/VARIANT"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.tables.runs import Run, checked, runs_of
from benchmarks.tables.words import NONE, times

OWN = "pinnzo"
MAIN = "levenberg-marquardt"
PACKAGES = {"deepxde": "DeepXDE", "pina": "PINA", "torch": "plain PyTorch"}
PEER_VARIANTS = {"documented": "documented", "small": "small"}
VARIANTS = {
    OWN: {MAIN: "Levenberg–Marquardt", "hybrid": "hybrid ZO"},
    **dict.fromkeys(PACKAGES, PEER_VARIANTS),
}


@dataclass(frozen=True)
class Problem:
    """What all solve.

    Attributes:
        title: for people.
        variables: of its points, time included.
    """

    title: str
    variables: int


PROBLEMS = {
    "hjb-20": Problem("Hamilton–Jacobi–Bellman, linear solution", 21),
    "hjb-lq-20": Problem("Hamilton–Jacobi–Bellman, logarithmic end values", 21),
    "poisson-5": Problem("Poisson, PINNacle's", 5),
    "heat-5": Problem("heat in a ball, PINNacle's", 6),
    "poisson-2d": Problem("Poisson on a square", 2),
    "heat-100": Problem("heat, quadratic solution", 101),
    "two-body-10": Problem("Poisson in a ball, two-body solution", 10),
    "two-body-100": Problem("Poisson in a ball, two-body solution", 100),
}


class Comparison:
    """The runs on one problem.

    Args:
        runs: by method and variant.
    """

    def __init__(self, runs: Mapping[tuple[str, str], Run]) -> None:
        self.runs = runs

    @property
    def own(self) -> Run | None:
        """The run of pinnzo with its default trainer."""
        return self.runs.get((OWN, MAIN))

    def better(self, peer: str) -> Run | None:
        """The run of a peer with the lowest error on the way."""
        runs = [run for (method, _), run in self.runs.items() if method == peer]
        return min(runs, key=_lowest, default=None)

    @property
    def best(self) -> Run | None:
        """The best run of all peers, if one has a finite error."""
        runs = [run for peer in PACKAGES if (run := self.better(peer)) is not None and run.lowest is not None]
        return min(runs, key=_lowest, default=None)


def comparisons(records: Sequence[Mapping[str, Any]]) -> dict[str, Comparison]:
    """All problems, measured or not. Of several seeds, the first one counts."""
    runs = {
        checked(words, PROBLEMS, VARIANTS, VARIANTS.get("".join(words[1:2]), ())): of_seeds[0]
        for words, of_seeds in runs_of(records).items()
    }
    return {
        name: Comparison(
            {
                (method, variant): runs[name, method, variant]
                for method, variants in VARIANTS.items()
                for variant in variants
                if (name, method, variant) in runs
            }
        )
        for name in PROBLEMS
    }


def sooner(own: Run, peer: Run) -> str:
    """How many times sooner one of two runs reached what both have reached: the lowest error of the worse one.

    Args:
        own: of pinnzo.
        peer: of another package.
    """
    mine, theirs = own.lowest_traced, peer.lowest_traced
    if mine is None or theirs is None:
        return NONE
    target = max(mine, theirs)
    at, other = own.reached(target), peer.reached(target)
    assert at is not None
    assert other is not None
    first, ratio = ("pinnzo", other / at) if at <= other else (PACKAGES[peer.words[1]], at / other)
    ahead = f"{first} {times(ratio)} times sooner"
    return ahead if mine <= theirs else f"not reached; pinnzo's lowest error: {ahead}"


def name_of(words: Sequence[str]) -> str:
    """A method and its variant for people."""
    method, variant = words
    return f"{PACKAGES.get(method, method)}, {VARIANTS[method][variant]}"


def _lowest(run: Run) -> float:
    return float("inf") if run.lowest is None else run.lowest

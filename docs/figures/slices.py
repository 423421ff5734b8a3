"""The figures of the page on slices: python docs/figures/slices.py [seconds of training]."""

from __future__ import annotations

import sys
from pathlib import Path

import pinnzo as pz

IMAGES = Path(__file__).parent.parent / "images"
DPI = 140


def allen_cahn(seconds: float) -> None:
    """Planes at three times, and a diagonal, of the 20-dimensional Allen–Cahn equation."""
    solution = pz.solve("allen-cahn-nd", budget=pz.Budget(seconds=seconds))
    *x, t = solution.problem.variables
    at = {t: [0, 0.15, 0.3]}
    solution.plot_slice(x[0], x[1], at=at, points=81).savefig(IMAGES / "slices-planes.png", dpi=DPI)
    line = pz.Diagonal(x, start=-0.8, end=0.8)
    solution.plot_slice(line, at=at).savefig(IMAGES / "slices-diagonal.png", dpi=DPI)


def two_bodies(seconds: float) -> None:
    """A contour plot of the two-body Poisson problem in a ball in ten dimensions."""
    solution = pz.solve("two-body-poisson", budget=pz.Budget(seconds=seconds))
    x = solution.problem.variables
    figure = solution.plot_slice(x[0], pz.Diagonal(x[1:]), kind="contour", error="signed")
    figure.savefig(IMAGES / "slices-ball.png", dpi=DPI)


if __name__ == "__main__":
    trained = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    allen_cahn(trained)
    two_bodies(trained)

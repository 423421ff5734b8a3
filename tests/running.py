"""Small runs that the tests of the top level share."""

from __future__ import annotations

import sympy as sp
from typer.testing import CliRunner, Result

import pinnzo as pz
from pinnzo.cli import app


def quick(problem: pz.Problem | str = "poisson-2d", **settings) -> pz.Solution:
    """A run of four steps with 81 parameters and 20 points."""
    settings = {
        "budget": pz.Budget(steps=4),
        "points": 20,
        "progress": False,
        "network": pz.TensorTrainMLP(width=8),
        **settings,
    }
    return pz.solve(problem, **settings)


def disc(**settings) -> pz.Problem:
    """Δu = −4 on the unit disc, u = 0 on its edge; u = 1 − ‖x‖²."""
    x = pz.coordinates("x", 2)
    u = sp.Function("u")(*x)
    return pz.Problem(sp.Eq(pz.laplacian(u, x), -4), pz.Ball(x), [pz.Boundary(u, 0)], **settings)


def never_finite() -> pz.Problem:
    """An equation with log u on a disc where the boundary data keep u negative."""
    x = pz.coordinates("x", 2)
    u = sp.Function("u")(*x)
    return pz.Problem(sp.Eq(pz.laplacian(u, x) + sp.log(u), -4), pz.Ball(x), [pz.Boundary(u, -1)])


def command(*arguments: object) -> Result:
    """The command line, in this process."""
    return CliRunner().invoke(app, [str(a) for a in arguments])

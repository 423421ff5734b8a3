"""Burgers' equation, whose solution steepens to a layer of the width of the viscosity (Basdevant et al. 1986)."""

import math

import sympy as sp

import pinnzo as pz
from pinnzo.references.cole_hopf import burgers_sine


def burgers(viscosity: float = 0.01 / math.pi) -> pz.Problem:
    """u_t + u u_x = ν u_xx, u(x, 0) = −sin(πx), u(±1, t) = 0; reference by quadrature of the Cole–Hopf transform."""
    x, t = sp.symbols("x t", real=True)
    u = sp.Function("u")(x, t)
    return pz.Problem(
        sp.Eq(u.diff(t) + u * u.diff(x), viscosity * u.diff(x, 2)),
        domain=pz.Box({x: (-1, 1), t: (0, 1)}),
        conditions=[sp.Eq(u.subs(t, 0), -sp.sin(sp.pi * x)), pz.Boundary(u, 0)],
        exact=burgers_sine(viscosity),
    )

"""Advection and diffusion of a wave on a ring: periodic conditions are equations between two faces."""

import sympy as sp

import pinnzo as pz


def advection_diffusion(velocity: float = 1.0, diffusion: float = 0.02) -> pz.Problem:
    """u_t + c u_x = κ u_xx, periodic, u(x, 0) = sin(2πx); exact e^(−4π²κt) sin(2π(x − ct)), by separation."""
    x, t = sp.symbols("x t", real=True)
    u = sp.Function("u")(x, t)
    c, kappa = sp.nsimplify(velocity), sp.nsimplify(diffusion)
    return pz.Problem(
        sp.Eq(u.diff(t) + c * u.diff(x), kappa * u.diff(x, 2)),
        domain=pz.Box({x: (0, 1), t: (0, 1)}),
        conditions=[
            sp.Eq(u.subs(t, 0), sp.sin(2 * sp.pi * x)),
            pz.Condition(sp.Eq(u.subs(x, 0), u.subs(x, 1)), name="periodic"),
            pz.Condition(sp.Eq(u.diff(x).subs(x, 0), u.diff(x).subs(x, 1)), name="periodic slope"),
        ],
        exact=sp.exp(-4 * sp.pi**2 * kappa * t) * sp.sin(2 * sp.pi * (x - c * t)),
    )

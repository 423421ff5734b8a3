"""The wave equation of a string: two initial conditions, of which the one on the velocity is a derivative's."""

import sympy as sp

import pinnzo as pz


def wave(speed: float = 1.0) -> pz.Problem:
    """u_tt = c² u_xx, a string at rest with two modes, fixed ends; exact Σ a_k sin(kπx) cos(kπct), k = 1 and 3."""
    x, t = sp.symbols("x t", real=True)
    u = sp.Function("u")(x, t)
    c = sp.nsimplify(speed)
    modes = {1: sp.Integer(1), 3: sp.Rational(1, 2)}
    return pz.Problem(
        sp.Eq(u.diff(t, 2), c**2 * u.diff(x, 2)),
        domain=pz.Box({x: (0, 1), t: (0, 1)}),
        conditions=[
            sp.Eq(u.subs(t, 0), sum(a * sp.sin(k * sp.pi * x) for k, a in modes.items())),
            pz.Condition(sp.Eq(u.diff(t).subs(t, 0), 0), name="velocity"),
            pz.Boundary(u, 0),
        ],
        exact=sum(a * sp.sin(k * sp.pi * x) * sp.cos(k * sp.pi * c * t) for k, a in modes.items()),
    )

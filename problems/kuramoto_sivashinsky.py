"""The Kuramoto–Sivashinsky equation, whose solutions become chaotic."""

import sympy as sp

import pinnzo as pz
from pinnzo.references.spectral import kuramoto_sivashinsky_waves


def kuramoto_sivashinsky(end: float = 20.0) -> pz.Problem:
    """u_t + u u_x + u_xx + u_xxxx = 0, periodic on [0, 32π] (Kassam & Trefethen 2005); reference by ETDRK4."""
    x, t = sp.symbols("x t", real=True)
    u = sp.Function("u")(x, t)
    length = 32 * sp.pi
    periodic = [
        pz.Condition(sp.Eq(u.diff(x, order).subs(x, 0), u.diff(x, order).subs(x, length)), name=f"periodic {order}")
        for order in range(4)
    ]
    return pz.Problem(
        sp.Eq(u.diff(t) + u * u.diff(x) + u.diff(x, 2) + u.diff(x, 4), 0),
        domain=pz.Box({x: (0, length), t: (0, end)}),
        conditions=[sp.Eq(u.subs(t, 0), sp.cos(x / 16) * (1 + sp.sin(x / 16))), *periodic],
        exact=kuramoto_sivashinsky_waves(end),
    )

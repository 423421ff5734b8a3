"""Kovasznay's flow behind a grid: the stationary Navier–Stokes equations, a system of three (Kovasznay 1948)."""

import sympy as sp

import pinnzo as pz


def kovasznay(reynolds: float = 40.0) -> pz.Problem:
    """u·∇u + ∇p = Δu/Re, ∇·u = 0 at Re = 40 on [−1/2, 1] × [−1/2, 3/2]; Kovasznay's formula (1948)."""
    x, y = sp.symbols("x y", real=True)
    u, v, p = (sp.Function(name)(x, y) for name in "uvp")
    rate = sp.Float(reynolds / 2 - (reynolds**2 / 4 + 4 * float(sp.pi) ** 2) ** 0.5)
    exact = {
        u: 1 - sp.exp(rate * x) * sp.cos(2 * sp.pi * y),
        v: rate / (2 * sp.pi) * sp.exp(rate * x) * sp.sin(2 * sp.pi * y),
        p: (1 - sp.exp(2 * rate * x)) / 2,
    }
    return pz.Problem(
        [
            sp.Eq(u * u.diff(x) + v * u.diff(y) + p.diff(x), pz.laplacian(u, (x, y)) / reynolds),
            sp.Eq(u * v.diff(x) + v * v.diff(y) + p.diff(y), pz.laplacian(v, (x, y)) / reynolds),
            sp.Eq(u.diff(x) + v.diff(y), 0),
        ],
        domain=pz.Box({x: (-0.5, 1), y: (-0.5, 1.5)}),
        conditions=[pz.Boundary(u, exact[u]), pz.Boundary(v, exact[v]), sp.Eq(p.subs(x, 1), exact[p].subs(x, 1))],
        functions=[u, v, p],
        exact=exact,
    )

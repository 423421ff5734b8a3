"""The heat equation on the unit cube, with initial and Dirichlet data, in any number of space dimensions."""

import sympy as sp

import pinnzo as pz


def heat(dimension: int = 2) -> pz.Problem:
    """u_t = Δu/(Dπ²), u(x, 0) = Π sin(π x_i), u = 0 on the boundary; exact e^(−t) Π sin(π x_i), by separation."""
    x = pz.coordinates("x", dimension)
    t = sp.Symbol("t", real=True)
    u = sp.Function("u")(*x, t)
    mode = sp.prod([sp.sin(sp.pi * xi) for xi in x])
    return pz.Problem(
        sp.Eq(u.diff(t), pz.laplacian(u, x) / (dimension * sp.pi**2)),
        domain=pz.Box({x: (0, 1), t: (0, 1)}),
        conditions=[sp.Eq(u.subs(t, 0), mode), pz.Boundary(u, 0)],
        exact=sp.exp(-t) * mode,
    )

"""The heat equation on all of space in a hundred dimensions: a quadratic, and a bell that widens."""

import sympy as sp

import pinnzo as pz


def heat_high(dimension: int = 100) -> pz.Problem:
    """u_t = Δu on R^D, u(x, 0) = ‖x‖²/(2D); exact ‖x‖²/(2D) + t (He et al. 2023)."""
    x = pz.coordinates("x", dimension)
    t = sp.Symbol("t", real=True)
    u = sp.Function("u")(*x, t)
    initial = sp.Add(*(xi**2 for xi in x)) / (2 * dimension)
    return pz.Problem(
        sp.Eq(u.diff(t), pz.laplacian(u, x)),
        domain=pz.Gaussian(x, std=1) * pz.Box({t: (0, 1)}),
        # Built in as u = ‖x‖²/(2D) + t f, they leave f ≡ 1 to be found: an affine network is exact, as it is for hjb.
        conditions=[sp.Eq(u.subs(t, 0), initial)],
        exact=initial + t,
    )

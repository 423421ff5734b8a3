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


def heat_bell(dimension: int = 100) -> pz.Problem:
    """u_t = Δu on R^D, u(x, 0) = exp(−‖x‖²/D); exact (1 + 4t/D)^(−D/2) exp(−‖x‖²/(D + 4t)), the bell that widens."""
    x = pz.coordinates("x", dimension)
    t = sp.Symbol("t", real=True)
    u = sp.Function("u")(*x, t)
    squared = sp.Add(*(xi**2 for xi in x))
    wide = 1 + 4 * t / sp.Integer(dimension)
    return pz.Problem(
        sp.Eq(u.diff(t), pz.laplacian(u, x)),
        domain=pz.Gaussian(x, std=1) * pz.Box({t: (0, 1)}),
        # Built in as u = u(x, 0) + t f, they leave an f that is affine in neither ‖x‖² nor t.
        conditions=[sp.Eq(u.subs(t, 0), sp.exp(-squared / dimension))],
        exact=wide ** sp.Rational(-dimension, 2) * sp.exp(-squared / (dimension * wide)),
        # The data depend on ‖x‖ alone.
        features=[squared / dimension],
    )

"""Poisson's equation on the unit cube: a sum of sines in any dimension, and a product of sines in the plane."""

import sympy as sp

import pinnzo as pz


def poisson(dimension: int = 2) -> pz.Problem:
    """−Δu = (π²/4) Σ sin(π x_i/2), u = Σ sin(π x_i/2) on the boundary (PINNacle's Poisson-Nd, Hao et al. 2023)."""
    x = pz.coordinates("x", dimension)
    u = sp.Function("u")(*x)
    sines = sum(sp.sin(sp.pi * xi / 2) for xi in x)
    return pz.Problem(
        sp.Eq(-pz.laplacian(u, x), sp.pi**2 / 4 * sines),
        domain=pz.Box({x: (0, 1)}),
        # Interpolating these data from the faces would give the solution away, since it is a sum over coordinates.
        conditions=[pz.Boundary(u, sines, enforce="soft")],
        exact=sines,
    )


def poisson_2d() -> pz.Problem:
    """Δu = −2π² sin(πx) sin(πy) on the unit square, u = 0 on the boundary; exact sin(πx) sin(πy)."""
    x, y = sp.symbols("x y", real=True)
    u = sp.Function("u")(x, y)
    exact = sp.sin(sp.pi * x) * sp.sin(sp.pi * y)
    return pz.Problem(
        sp.Eq(pz.laplacian(u, (x, y)), -2 * sp.pi**2 * exact),
        domain=pz.Box({x: (0, 1), y: (0, 1)}),
        conditions=[pz.Boundary(u, 0)],
        exact=exact,
    )

"""The 20-dimensional Hamilton–Jacobi–Bellman equation of the paper (Zhao et al., arXiv 2308.09858)."""

import sympy as sp

import pinnzo as pz


def hjb(dimension: int = 20) -> pz.Problem:
    """u_t + Δu − ‖∇u‖²/D = −2 on the unit cube, u(x, 1) = ‖x‖₁; exact Σ x_i + 1 − t (arXiv 2308.09858)."""
    x = pz.coordinates("x", dimension)
    t = sp.Symbol("t", real=True)
    u = sp.Function("u")(*x, t)
    return pz.Problem(
        sp.Eq(u.diff(t) + pz.laplacian(u, x) - sp.Rational(1, dimension) * pz.gradient_norm_squared(u, x), -2),
        domain=pz.Box({x: (0, 1), t: (0, 1)}),
        conditions=[sp.Eq(u.subs(t, 1), sum(sp.Abs(xi) for xi in x))],
        exact=sum(x) + 1 - t,
    )

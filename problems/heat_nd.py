"""The heat equation on a ball with data on the slope at its edge (PINNacle's Heat-Nd, Hao et al. 2023)."""

import sympy as sp

import pinnzo as pz


def heat_nd(dimension: int = 5) -> pz.Problem:
    """u_t = Δu/D − (‖x‖²/D) e^(‖x‖²/2 + t) on the unit ball, ∂u/∂n given; exact e^(‖x‖²/2 + t) (PINNacle's Heat-Nd)."""
    x = pz.coordinates("x", dimension)
    t = sp.Symbol("t", real=True)
    u = sp.Function("u")(*x, t)
    ball = pz.Ball(x)
    squared = sum(xi**2 for xi in x)
    exact = sp.exp(squared / 2 + t)
    return pz.Problem(
        sp.Eq(u.diff(t), pz.laplacian(u, x) / dimension - squared / dimension * exact),
        domain=ball * pz.Box({t: (0, 1)}),
        conditions=[
            sp.Eq(u.subs(t, 0), sp.exp(squared / 2)),
            # x·∇u = ‖x‖² u, which is e^(1/2 + t) on the unit sphere.
            pz.Boundary(pz.normal_derivative(u, ball), sp.exp(sp.Rational(1, 2) + t)),
        ],
        exact=exact,
    )

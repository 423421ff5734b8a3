"""Darcy flow through a medium whose permeability varies: a divergence of a coefficient times a gradient."""

import sympy as sp

import pinnzo as pz


def darcy() -> pz.Problem:
    """−∇·(k∇u) = q on [0, 1]², k = e^(sin(πx) + y), u = 0 on the boundary; exact x(1−x) sin(πy), manufactured."""
    x, y = sp.symbols("x y", real=True)
    u = sp.Function("u")(x, y)
    permeability = sp.exp(sp.sin(sp.pi * x) + y)
    exact = x * (1 - x) * sp.sin(sp.pi * y)

    def flow(pressure: sp.Expr) -> sp.Expr:
        return -pz.divergence(permeability * pz.gradient(pressure, (x, y)), (x, y))

    return pz.Problem(
        sp.Eq(flow(u), flow(exact).doit()),
        domain=pz.Box({(x, y): (0, 1)}),
        conditions=[pz.Boundary(u, 0)],
        exact=exact,
    )

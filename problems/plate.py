"""A thin plate under load: the biharmonic equation, with a condition on the Laplacian along the whole edge."""

import sympy as sp

import pinnzo as pz


def plate() -> pz.Problem:
    """Δ²u = 4π⁴ sin(πx) sin(πy) on the unit square, u = Δu = 0 on the edge; exact sin(πx) sin(πy) (Navier 1820)."""
    x, y = sp.symbols("x y", real=True)
    u = sp.Function("u")(x, y)
    exact = sp.sin(sp.pi * x) * sp.sin(sp.pi * y)
    bent = pz.laplacian(u, (x, y))
    # Divided by π⁴ and π², all residuals have the size of u.
    return pz.Problem(
        sp.Eq(pz.laplacian(bent, (x, y)) / sp.pi**4, 4 * exact),
        domain=pz.Box({(x, y): (0, 1)}),
        conditions=[pz.Boundary(u, 0), pz.Boundary(bent / sp.pi**2, 0, name="moment")],
        exact=exact,
    )

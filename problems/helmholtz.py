"""The Helmholtz equation on a square, with a source; the settings are its wavenumber and the solution's waves."""

import sympy as sp

import pinnzo as pz


def helmholtz(wavenumber: float = 1.0, waves: int = 4) -> pz.Problem:
    """Δu + k²u = q on [−1, 1]², u = 0 on the boundary; exact sin(πx) sin(πmy), m = 4 (Wang, Teng & Perdikaris 2021)."""
    x, y = sp.symbols("x y", real=True)
    u = sp.Function("u")(x, y)
    k = sp.nsimplify(wavenumber)
    exact = sp.sin(sp.pi * x) * sp.sin(sp.pi * waves * y)
    return pz.Problem(
        sp.Eq(pz.laplacian(u, (x, y)) + k**2 * u, (k**2 - (1 + waves**2) * sp.pi**2) * exact),
        domain=pz.Box({(x, y): (-1, 1)}),
        conditions=[pz.Boundary(u, 0)],
        exact=exact,
    )

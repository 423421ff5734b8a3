"""The nonlinear Schrödinger equation, by its real and imaginary part (Raissi, Perdikaris & Karniadakis 2019)."""

import sympy as sp

import pinnzo as pz


def schroedinger() -> pz.Problem:
    """With h = u + iv: i h_t + h_xx/2 + |h|² h = 0, h(x, 0) = 2 sech x; two solitons (Satsuma & Yajima 1974)."""
    x, t = sp.symbols("x t", real=True)
    u, v = sp.Function("u")(x, t), sp.Function("v")(x, t)
    real, imaginary = sp.cosh(3 * x) + 3 * sp.cos(4 * t) * sp.cosh(x), 3 * sp.sin(4 * t) * sp.cosh(x)
    scale = 4 / (sp.cosh(4 * x) + 4 * sp.cosh(2 * x) + 3 * sp.cos(4 * t))
    exact = {
        u: scale * (sp.cos(t / 2) * real - sp.sin(t / 2) * imaginary),
        v: scale * (sp.sin(t / 2) * real + sp.cos(t / 2) * imaginary),
    }
    walls = [pz.Boundary(w, exact[w]) for w in (u, v)]
    return pz.Problem(
        [
            sp.Eq(u.diff(t) + v.diff(x, 2) / 2 + (u**2 + v**2) * v, 0),
            sp.Eq(v.diff(t) - u.diff(x, 2) / 2 - (u**2 + v**2) * u, 0),
        ],
        domain=pz.Box({x: (-5, 5), t: (0, sp.pi / 2)}),
        conditions=[sp.Eq(u.subs(t, 0), 2 / sp.cosh(x)), sp.Eq(v.subs(t, 0), 0), *walls],
        exact=exact,
    )

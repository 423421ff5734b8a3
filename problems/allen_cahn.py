"""The Allen–Cahn equation: a front in one dimension, layers that sharpen, and a radial problem in many dimensions."""

import sympy as sp

import pinnzo as pz
from pinnzo.references.radial import radial_allen_cahn
from pinnzo.references.spectral import allen_cahn_layers


def allen_cahn() -> pz.Problem:
    """u_t = u_xx + u − u³ on [−8, 8] × [0, 2]; exact (1 − tanh((x − 3t/√2)/√8))/2, a front that travels."""
    x, t = sp.symbols("x t", real=True)
    u = sp.Function("u")(x, t)
    exact = (1 - sp.tanh((x - 3 * t / sp.sqrt(2)) / sp.sqrt(8))) / 2
    return pz.Problem(
        sp.Eq(u.diff(t), u.diff(x, 2) + u - u**3),
        domain=pz.Box({x: (-8, 8), t: (0, 2)}),
        conditions=[
            sp.Eq(u.subs(t, 0), exact.subs(t, 0)),
            sp.Eq(u.subs(x, -8), exact.subs(x, -8)),
            sp.Eq(u.subs(x, 8), exact.subs(x, 8)),
        ],
        exact=exact,
    )


def allen_cahn_sharp(stiffness: float = 5.0) -> pz.Problem:
    """u_t = 10⁻⁴ u_xx + s (u − u³), s = 5, periodic, u(x, 0) = x² cos(πx); reference by a spectral method (ETDRK4)."""
    x, t = sp.symbols("x t", real=True)
    u = sp.Function("u")(x, t)
    s = sp.nsimplify(stiffness)
    return pz.Problem(
        # Errors grow as exp(2st) where layers form, so early residuals count more.
        sp.Eq(u.diff(t) * sp.exp(-3 * t), (sp.Rational(1, 10_000) * u.diff(x, 2) + s * (u - u**3)) * sp.exp(-3 * t)),
        domain=pz.Box({x: (-1, 1), t: (0, 1)}),
        conditions=[
            sp.Eq(u.subs(t, 0), x**2 * sp.cos(sp.pi * x)),
            pz.Condition(sp.Eq(u.subs(x, -1), u.subs(x, 1)), name="periodic", weight=0.1),
            # The initial data have slopes of 2 and -2 at the ends, so a large weight would contradict them.
            pz.Condition(sp.Eq(u.diff(x).subs(x, -1), u.diff(x).subs(x, 1)), name="periodic slope", weight=1e-4),
        ],
        exact=allen_cahn_layers(stiffness),
    )


def allen_cahn_nd(dimension: int = 20) -> pz.Problem:
    """u_t + Δu + u − u³ = 0 on R^D, u(x, 0.3) = 1/(2 + 0.4‖x‖²) (Han, Jentzen & E 2018); by a radial solver."""
    x = pz.coordinates("x", dimension)
    t = sp.Symbol("t", real=True)
    u = sp.Function("u")(*x, t)
    end = sp.Rational(3, 10)
    squared = sum(xi**2 for xi in x)
    # In many variables these data carried along time, as an ansatz would have them, are far from the solution.
    terminal = sp.Eq(u.subs(t, end), 1 / (2 + sp.Rational(2, 5) * squared))
    return pz.Problem(
        sp.Eq(u.diff(t) + pz.laplacian(u, x) + u - u**3, 0),
        # Where the diffusion X_t = √2 W_t goes, which starts at 0.
        domain=pz.Gaussian(x, mean=0, std=0.6**0.5, time=t) * pz.Box({t: (0, end)}),
        conditions=[pz.Condition(terminal, enforce="soft" if dimension > 50 else "auto")],
        exact=radial_allen_cahn(dimension),
        # The data depend on ‖x‖ alone.
        features=[squared / dimension],
    )

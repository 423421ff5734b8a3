"""Prices of options: a European call on one asset, and the Black–Scholes–Barenblatt equation on many."""

import sympy as sp

import pinnzo as pz


def black_scholes(rate: float = 0.05, volatility: float = 0.2) -> pz.Problem:
    """V_t + σ²S²V_SS/2 + rSV_S − rV = 0, V(S, 1) = max(S − 1, 0), in units of the strike; Black & Scholes 1973."""
    s, t = sp.symbols("s t", real=True)
    v = sp.Function("v")(s, t)
    r, sigma = sp.nsimplify(rate), sp.nsimplify(volatility)
    left = 1 - t
    high = (sp.log(s) + (r + sigma**2 / 2) * left) / (sigma * sp.sqrt(left))
    low = high - sigma * sp.sqrt(left)

    def normal(z: sp.Expr) -> sp.Expr:
        return (1 + sp.erf(z / sp.sqrt(2))) / 2

    call = s * normal(high) - sp.exp(-r * left) * normal(low)
    return pz.Problem(
        sp.Eq(v.diff(t) + sigma**2 / 2 * s**2 * v.diff(s, 2) + r * s * v.diff(s) - r * v, 0),
        domain=pz.Box({s: (0, 2), t: (0, 1)}),
        conditions=[
            # The kink at the strike keeps these data out of an ansatz: they become a penalty.
            sp.Eq(v.subs(t, 1), sp.Max(s - 1, 0)),
            sp.Eq(v.subs(s, 0), 0),
            # Far in the money this is s − e^(−r(1−t)), to 1e-5.
            sp.Eq(v.subs(s, 2), call.subs(s, 2)),
        ],
        exact=call,
    )


def black_scholes_barenblatt(dimension: int = 20) -> pz.Problem:
    """u_t + 0.08 Σ x_i² ∂_i²u = 0.05 (u − x·∇u), u(x, 1) = ‖x‖²; exact e^(0.21 (1 − t)) ‖x‖² (Raissi 2018)."""
    x = pz.coordinates("x", dimension)
    t = sp.Symbol("t", real=True)
    u = sp.Function("u")(*x, t)
    r, half_variance = sp.Rational(5, 100), sp.Rational(8, 100)
    squared = sum(xi**2 for xi in x)
    return pz.Problem(
        sp.Eq(
            u.diff(t) + half_variance * sp.Add(*(xi**2 * u.diff(xi, 2) for xi in x)),
            r * (u - sp.Add(*(xi * u.diff(xi) for xi in x))),
        ),
        domain=pz.Box({x: (0, 2), t: (0, 1)}),
        conditions=[sp.Eq(u.subs(t, 1), squared)],
        exact=sp.exp((r + 2 * half_variance) * (1 - t)) * squared,
        # What the data depend on.
        features=[squared / dimension],
    )

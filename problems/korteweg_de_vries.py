"""The Korteweg–de Vries equation: a third derivative, and a condition on a slope at one end."""

import sympy as sp

import pinnzo as pz


def korteweg_de_vries(speed: float = 1.0) -> pz.Problem:
    """u_t + 6u u_x + u_xxx = 0 on [−6, 8] × [0, 2]; exact (c/2) sech²(√c (x − ct)/2), a soliton of speed c."""
    x, t = sp.symbols("x t", real=True)
    u = sp.Function("u")(x, t)
    c = sp.nsimplify(speed)
    exact = c / 2 / sp.cosh(sp.sqrt(c) * (x - c * t) / 2) ** 2
    left, right = -6, 8
    return pz.Problem(
        sp.Eq(u.diff(t) + 6 * u * u.diff(x) + u.diff(x, 3), 0),
        domain=pz.Box({x: (left, right), t: (0, 2)}),
        conditions=[
            sp.Eq(u.subs(t, 0), exact.subs(t, 0)),
            sp.Eq(u.subs(x, left), exact.subs(x, left)),
            sp.Eq(u.subs(x, right), exact.subs(x, right)),
            pz.Condition(sp.Eq(u.diff(x).subs(x, right), exact.diff(x).subs(x, right)), name="slope"),
        ],
        exact=exact,
    )

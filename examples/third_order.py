"""A solitary water wave: the Benjamin–Bona–Mahony equation, of third order with a mixed derivative."""

import sympy as sp

import pinnzo as pz

x, t = sp.symbols("x t", real=True)
u = sp.Function("u")(x, t)
c = sp.Rational(1, 2)  # the wave's height is 3c, its speed 1 + c
wave = 3 * c * sp.sech(sp.sqrt(c / (1 + c)) / 2 * (x - (1 + c) * t)) ** 2

problem = pz.Problem(
    sp.Eq(u.diff(t) + u.diff(x) + u * u.diff(x) - u.diff(x, 2, t), 0),
    domain=pz.Box({x: (-6, 10), t: (0, 2)}),
    conditions=[sp.Eq(u.subs(s, value), wave.subs(s, value)) for s, value in ((t, 0), (x, -6), (x, 10))],
    exact=wave,
    name="Benjamin–Bona–Mahony",
)

solution = pz.solve(problem, budget=pz.Budget(seconds=10))
print(solution.status)
print(solution.error())
solution.plot_slice(x, t).savefig("third-order.png")

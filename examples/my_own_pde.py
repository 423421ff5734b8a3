"""Declare an equation of one's own, solve it, and compare it with its exact solution."""

import sympy as sp

import pinnzo as pz

x, t = sp.symbols("x t", real=True)
u = sp.Function("u")(x, t)
wave = sp.sin(sp.pi * x) * sp.exp(-t)

problem = pz.Problem(
    sp.Eq(u.diff(t) - u.diff(x, 2) + u**3, wave * (sp.pi**2 - 1) + wave**3),
    domain=pz.Box({x: (0, 1), t: (0, 1)}),
    conditions=[sp.Eq(u.subs(t, 0), sp.sin(sp.pi * x)), pz.Boundary(u, 0)],
    exact=wave,
    name="reaction–diffusion",
)

solution = pz.solve(problem, trainer=pz.LevenbergMarquardt(), points=200, budget=pz.Budget(seconds=10))
print(solution.status)
print(solution.error())
solution.plot_slice(x, t).savefig("reaction-diffusion.png")

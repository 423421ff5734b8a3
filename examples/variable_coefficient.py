"""Diffusion through a material whose conductivity varies, in a ball: a variable-coefficient elliptic equation."""

import sympy as sp

import pinnzo as pz

x = pz.coordinates("x", 3)
u = sp.Function("u")(*x)
a = 1 + x[0] ** 2 / 2  # conductivity
exact = (1 - sum(xi**2 for xi in x)) * sp.exp(x[0])


def flux(w: sp.Expr) -> list[sp.Expr]:
    return [a * w.diff(xi) for xi in x]


problem = pz.Problem(
    # The source is made from the solution that is to come out.
    sp.Eq(-pz.divergence(flux(u), x), -pz.divergence(flux(exact), x).doit()),
    domain=pz.Ball(x),
    conditions=[pz.Boundary(u, 0)],
    exact=exact,
    name="variable conductivity",
)

solution = pz.solve(problem, budget=pz.Budget(seconds=10))
print(solution.status)
print(solution.error())
solution.plot_slice(x[0], x[1]).savefig("variable-coefficient.png")

"""A conductivity that varies in a ball
====================================

Diffusion through a material whose conductivity depends on the place: −∇·(a ∇u) = f in a three-dimensional ball, zero
on its surface. Operators are SymPy expressions, so that a coefficient is simply written where it stands.
"""

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

# %%
# The zero on the sphere is built in as well: the factor B vanishes there.

print("B =", problem.ansatz.B)

# %%

solution = pz.solve(problem, budget=pz.Budget(steps=50), progress=False)
error = solution.error()
print(solution.status)
print(f"relative L2 error {error.relative_l2:.1e}")
print(f"zero network {error.zero_network:.1e}, best affine network {error.affine_network:.1e}")

# %%
# A slice through the middle of the ball, with x3 = 0; beyond the circle the network only continues the solution.

solution.plot_slice(x[0], x[1]).savefig("variable-coefficient.png")

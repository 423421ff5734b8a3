"""An equation of one's own
========================

A reaction–diffusion equation on an interval, with an initial condition and zero at both ends. This is all that pinnzo
needs to know; everything else has a default.
"""

import sympy as sp

import pinnzo as pz

x, t = sp.symbols("x t", real=True)
u = sp.Function("u")(x, t)
wave = sp.sin(sp.pi * x) * sp.exp(-t)

# %%
# The right-hand side is made from the solution that is to come out. ``exact`` is optional and used for comparison
# only: it is put into the equation and into both conditions, and a problem that it does not solve is refused.

problem = pz.Problem(
    sp.Eq(u.diff(t) - u.diff(x, 2) + u**3, wave * (sp.pi**2 - 1) + wave**3),
    domain=pz.Box({x: (0, 1), t: (0, 1)}),
    conditions=[sp.Eq(u.subs(t, 0), sp.sin(sp.pi * x)), pz.Boundary(u, 0)],
    exact=wave,
    name="reaction–diffusion",
)

# %%
# Both conditions can be built into an ansatz u = A + B f for every network f, so that nothing of them is left to a
# penalty:

print("A =", problem.ansatz.A)
print("B =", problem.ansatz.B)
print("soft conditions:", [c.name for c in problem.ansatz.soft])

# %%
# Training takes forward passes only. The error stands beside two baselines that have learnt nothing or next to
# nothing: the ansatz with f ≡ 0, and with the best affine f.

solution = pz.solve(problem, budget=pz.Budget(steps=60), progress=False)
error = solution.error()
print(solution.status)
print(f"relative L2 error {error.relative_l2:.1e}, largest error {error.max_abs:.1e}")
print(f"zero network {error.zero_network:.1e}, best affine network {error.affine_network:.1e}")
print(f"{solution.parameter_count} parameters, {solution.evaluations:.1e} network evaluations")

# %%

solution.plot_slice(x, t).savefig("reaction-diffusion.png")

"""Twenty dimensions, looked at in slices
======================================

The paper's Hamilton–Jacobi–Bellman equation has twenty coordinates and time. Its solution is a function of 21
variables, of which a figure shows two.
"""

import sympy as sp
from matplotlib.figure import Figure

import pinnzo as pz

x = pz.coordinates("x", 20)
t = sp.Symbol("t", real=True)
u = sp.Function("u")(*x, t)

problem = pz.Problem(
    sp.Eq(u.diff(t) + pz.laplacian(u, x) - pz.gradient_norm_squared(u, x) / 20, -2),
    domain=pz.Box({x: (0, 1), t: (0, 1)}),
    conditions=[sp.Eq(u.subs(t, 1), sum(sp.Abs(xi) for xi in x))],
    exact=sum(x) + 1 - t,
    name="HJB in 20 dimensions",
)

# %%
# The Laplacian and the squared gradient take 43 network values a point, the centre and two along each axis.

solution = pz.solve(problem, budget=pz.Budget(steps=10), progress=False)
error = solution.error()
print(solution.status)
print(f"relative L2 error {error.relative_l2:.1e} with {solution.parameter_count} parameters")
print(f"zero network {error.zero_network:.1e}, best affine network {error.affine_network:.1e}")

# %%
# The exact network of this problem is a constant, so that the best affine network is right up to rounding: this is
# the paper's headline problem, and an easy one. ``hjb-lq`` among the bundled problems is a harder one.
#
# A plane: two variables run, the others are held, at the middle of their range where nothing else is said.

solution.plot_slice(x[0], x[1], at={t: 0.5}).savefig("hjb-plane.png")

# %%
# Lines: the values as an array, along time, at three heights of all twenty coordinates at once.

figure = Figure(figsize=(6, 3.6), layout="constrained")
panel = figure.subplots()
for height, colour in ((0.1, "#0072B2"), (0.5, "#009E73"), (0.9, "#D55E00")):
    line = solution.slice(t, at=dict.fromkeys(x, height))
    panel.plot(line.coordinates[0], line.values, color=colour, label=f"all $x_i$ = {height}")
    panel.plot(line.coordinates[0], line.exact, color="black", linestyle=":", linewidth=2)
panel.plot([], [], color="black", linestyle=":", linewidth=2, label="exact")
panel.set(xlabel="$t$", ylabel="$u$")
panel.legend(frameon=False, loc="upper right", bbox_to_anchor=(1, 0.9))
figure.savefig("hjb-lines.png")

"""An inverse problem: how well does a rod conduct heat?
=====================================================

The heat equation with an unknown conductivity k. Twenty thermometers along the rod, each read once and with an error
of 1 %, are all that tells it.
"""

import numpy as np
import sympy as sp
from matplotlib.figure import Figure

import pinnzo as pz

x, t = sp.symbols("x t", real=True)
k = sp.Symbol("k", positive=True)
u = sp.Function("u")(x, t)

# %%
# What the thermometers would say with k = 0.3, which is not told to anybody.

random = np.random.default_rng(0)
places = random.random((20, 2))
readings = np.exp(-0.3 * np.pi**2 * places[:, 1]) * np.sin(np.pi * places[:, 0]) + 0.01 * random.normal(size=20)

# %%
# The search for k begins at 1. A symbol that is declared positive stays so.

problem = pz.Problem(
    sp.Eq(u.diff(t), k * u.diff(x, 2)),
    domain=pz.Box({x: (0, 1), t: (0, 1)}),
    conditions=[
        sp.Eq(u.subs(t, 0), sp.sin(sp.pi * x)),
        pz.Boundary(u, 0),
        pz.Data(u, places, readings, name="thermometers", weight=1),
    ],
    unknowns={k: 1.0},
    exact={u: sp.exp(-0.3 * sp.pi**2 * t) * sp.sin(sp.pi * x), k: 0.3},
    name="unknown conductivity",
)

solution = pz.solve(problem, budget=pz.Budget(steps=50), progress=False)
error = solution.error()
print(f"k = {solution.unknowns[k]:.4f}, in truth 0.3")
print(f"relative L2 error {error.relative_l2:.1e}")
print(f"zero network {error.zero_network:.1e}, best affine network {error.affine_network:.1e}")

# %%
# The error of k comes from the noise: with exact readings the same run finds 0.3000. On the left the temperature with
# the thermometers' places and times, on the right what they read against what the solution says.

plane = solution.slice(x, t)
figure = Figure(figsize=(9, 3.6), layout="constrained")
left, right = figure.subplots(1, 2)
mesh = left.pcolormesh(*plane.coordinates, plane.values.T, cmap="viridis", shading="gouraud")
figure.colorbar(mesh, ax=left, label="temperature")
left.scatter(*places.T, color="white", edgecolor="black", s=25)
left.set(xlabel="$x$", ylabel="$t$")
right.plot([0, 1], [0, 1], color="#777777", linewidth=1)
right.scatter(solution(places), readings, color="#0072B2", s=25)
right.set(xlabel="solution", ylabel="reading")
figure.savefig("unknown-conductivity.png")

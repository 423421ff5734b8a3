"""Hard and soft conditions
========================

The same Poisson problem twice: with its boundary values built into the ansatz u = A + B f, which is the default
wherever an ansatz can do it, and with a penalty in the loss, as in most of the literature.
"""

import numpy as np
import sympy as sp
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

import pinnzo as pz

x, y = sp.symbols("x y", real=True)
u = sp.Function("u")(x, y)
exact = sp.sin(sp.pi * x) * sp.exp(y)


def declare(enforce: str) -> pz.Problem:
    return pz.Problem(
        sp.Eq(pz.laplacian(u, (x, y)), (1 - sp.pi**2) * exact),
        domain=pz.Box({x: (0, 1), y: (0, 1)}),
        conditions=[pz.Boundary(u, exact, name="edge", enforce=enforce)],
        exact=exact,
        name=enforce,
    )


# %%
# Hard: A interpolates the values on the four edges and B vanishes there, so that every network fulfils them. A is
# made from the values *on the edges* alone, though they are given as a formula that happens to be the solution.

for enforce in ("hard", "soft"):
    ansatz = declare(enforce).ansatz
    print(f"{enforce}: A = {ansatz.A}, B = {ansatz.B}")

# %%
# The same budget for both. The baselines differ, since they belong to the ansatz: without an ansatz f ≡ 0 knows
# nothing.

side = np.linspace(0, 1, 201)
ring = np.array([p for s in side for p in ((s, 0), (s, 1), (0, s), (1, s))])
wanted = np.sin(np.pi * ring[:, 0]) * np.exp(ring[:, 1])

runs = {}
for enforce in ("hard", "soft"):
    solution = runs[enforce] = pz.solve(declare(enforce), budget=pz.Budget(steps=60), progress=False)
    error = solution.error()
    print(
        f"{enforce}: relative L2 error {error.relative_l2:.1e}, largest error on the edges "
        f"{np.abs(solution(ring) - wanted).max():.1e}, zero network {error.zero_network:.1e}, "
        f"best affine network {error.affine_network:.1e}"
    )

# %%
# A penalty leaves some error on the edges; how much depends on its weight, ``pz.solve(…, weights={"edge": 100})``. Both
# panels share one logarithmic scale.

figure = Figure(figsize=(9, 3.8), layout="constrained")
panels = figure.subplots(1, 2, sharey=True)
for panel, (enforce, solution) in zip(panels, runs.items(), strict=True):
    plane = solution.slice(x, y)
    size = np.abs(plane.values - plane.exact).clip(1e-11)
    mesh = panel.pcolormesh(*plane.coordinates, size.T, cmap="magma", norm=LogNorm(1e-11, 1e-3), shading="gouraud")
    panel.set(title=f"|error|, {enforce}", xlabel="$x$")
panels[0].set_ylabel("$y$")
figure.colorbar(mesh, ax=panels)
figure.savefig("hard-and-soft.png")

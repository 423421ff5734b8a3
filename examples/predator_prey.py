"""Foxes and rabbits: a system with two unknown rates
==================================================

The Lotka–Volterra equations have two unknown functions of time. Two of their four rates are not known either; they
are trained along with the network, from forward passes, and a noisy census tells them.
"""

import numpy as np
import sympy as sp
from scipy.integrate import solve_ivp

import pinnzo as pz

t = sp.Symbol("t", real=True)
birth, death = sp.symbols("birth death", positive=True)
rabbits, foxes = sp.Function("rabbits")(t), sp.Function("foxes")(t)

# %%
# The census: what happened, with the true rates 1.1 and 0.4, counted forty times with an error of 2 %.

history = solve_ivp(
    lambda _, n: [1.1 * n[0] - 0.4 * n[0] * n[1], 0.1 * n[0] * n[1] - 0.4 * n[1]],
    (0, 10),
    [10, 5],
    dense_output=True,
    rtol=1e-9,
)
times = np.linspace(0, 10, 40)
counted = history.sol(times) * (1 + 0.02 * np.random.default_rng(0).normal(size=(2, 40)))

# %%
# ``Data`` are soft conditions. Their weight of 1 lets the equations smooth the noise; the default of 100 would fit
# it. The true functions and rates under ``exact`` serve for comparison only.

problem = pz.Problem(
    [
        sp.Eq(rabbits.diff(t), birth * rabbits - 0.4 * rabbits * foxes),
        sp.Eq(foxes.diff(t), 0.1 * rabbits * foxes - death * foxes),
    ],
    domain=pz.Box({t: (0, 10)}),
    conditions=[
        pz.Data(rabbits, times[:, None], counted[0], name="rabbits counted", weight=1),
        pz.Data(foxes, times[:, None], counted[1], name="foxes counted", weight=1),
    ],
    functions=[rabbits, foxes],
    unknowns=[birth, death],
    exact={
        rabbits: lambda points: history.sol(points[:, 0].numpy())[0],
        foxes: lambda points: history.sol(points[:, 0].numpy())[1],
        birth: 1.1,
        death: 0.4,
    },
    name="foxes and rabbits",
)

solution = pz.solve(problem, budget=pz.Budget(steps=60), progress=False)
error = solution.error()
print(f"birth {solution.unknowns[birth]:.3f} (1.1), death {solution.unknowns[death]:.3f} (0.4)")
print(f"relative L2 error {error.relative_l2:.1e}, of each function {error.by_function}")
print(f"zero network {error.zero_network:.1e}, best affine network {error.affine_network:.1e}")

# %%

solution.plot_slice(t).savefig("foxes-and-rabbits.png")

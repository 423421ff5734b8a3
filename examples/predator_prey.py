"""Foxes and rabbits: a system of equations whose coefficients are found from a noisy census.

The Lotka–Volterra equations have two unknown functions of time. Two of their four rates are not known; they are trained
along with the network, from forward passes.
"""

import numpy as np
import sympy as sp
from scipy.integrate import solve_ivp

import pinnzo as pz

t = sp.Symbol("t", real=True)
birth, death = sp.symbols("birth death", positive=True)
rabbits, foxes = sp.Function("rabbits")(t), sp.Function("foxes")(t)

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

solution = pz.solve(problem, budget=pz.Budget(seconds=10))
print(f"birth {solution.unknowns[birth]:.3f} (1.1), death {solution.unknowns[death]:.3f} (0.4)")
print(solution.error())
solution.plot_slice(t).savefig("foxes-and-rabbits.png")

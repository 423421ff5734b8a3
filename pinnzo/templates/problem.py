"""A partial differential equation to start from: replace each part by your own.

Solve it from the command line:

    pinnzo solve my_problem.py --seconds 30 --output runs/my_problem

which leaves the solution, its history and figures in runs/my_problem. From Python, see the end of this file.
"""

import sympy as sp

import pinnzo as pz

# Coordinates: x[0], x[1] and x[2] in space, and time. Single ones are real SymPy symbols; t is taken for time.
x = pz.coordinates("x", 3)
t = sp.Symbol("t", real=True)

# The unknown: a function of all coordinates. This order is also that of the columns of points.
u = sp.Function("u")(*x, t)

# Further expressions are plain SymPy: here the squared distance from the origin.
radius_squared = sum(xi**2 for xi in x)

# The exact solution, if you know it: it is put into equation and conditions as a check, and the error is measured
# against it; training never sees it. Leave it out (and exact= below) where there is none.
exact = (1 - radius_squared) * sp.exp(-t)

# The equation, left side and right side: u.diff(t), u.diff(x[0], 2), pz.laplacian(u, x), pz.divergence(…, x),
# pz.gradient_norm_squared(u, x), and u itself in any expression, such as u**3 or sp.sin(u). A system is a list of such
# equations in several functions of the same coordinates. Numbers that are not known are symbols in unknowns=[…] below;
# they need measurements among the conditions, pz.Data(u, points, values).
equation = sp.Eq(u.diff(t), pz.laplacian(u, x) + (radius_squared + 2 * len(x) - 1) * sp.exp(-t))

# The domain: pz.Box({x: (0, 1)}), pz.Ball(x, radius=1) or pz.Gaussian(x, mean=0, std=1); * joins them.
domain = pz.Ball(x) * pz.Box({t: (0, 1)})

# The conditions, each on the boundary: initial data, and data on the whole boundary in space. On one side of a box
# they read sp.Eq(u.subs(x[0], 0), 0), or sp.Eq(u.diff(x[0]).subs(x[0], 0), 0) for the slope.
conditions = [sp.Eq(u.subs(t, 0), 1 - radius_squared), pz.Boundary(u, 0)]

problem = pz.Problem(
    equation,
    domain=domain,
    conditions=conditions,
    exact=exact,
    # Features (optional): further inputs of the network, where you know what the solution depends on.
    features=[radius_squared],
    name="my_problem",
)

# This part runs with `python my_problem.py` only.
if __name__ == "__main__":
    solution = pz.solve(problem, budget=pz.Budget(seconds=30))
    print(solution.status)
    print(solution.error())
    # The values at points, one row each: x1, x2, x3, t.
    print(solution([[0.1, 0.2, 0.3, 0.5], [0, 0, 0, 1]]))
    solution.plot_slice(x[0], x[1], at={t: 0.5}).savefig("my_problem.png")

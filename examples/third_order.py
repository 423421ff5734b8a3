"""A solitary water wave of third order
====================================

The Benjamin–Bona–Mahony equation has a mixed third derivative, twice in space and once in time. Any order that SymPy
can write is a weighted sum of network values like every other; the default estimator takes the smallest grid that
sees it.
"""

import sympy as sp

import pinnzo as pz

x, t = sp.symbols("x t", real=True)
u = sp.Function("u")(x, t)
c = sp.Rational(1, 2)  # the wave's height is 3c, its speed 1 + c
wave = 3 * c * sp.sech(sp.sqrt(c / (1 + c)) / 2 * (x - (1 + c) * t)) ** 2

problem = pz.Problem(
    sp.Eq(u.diff(t) + u.diff(x) + u * u.diff(x) - u.diff(x, 2, t), 0),
    domain=pz.Box({x: (-6, 10), t: (0, 2)}),
    conditions=[sp.Eq(u.subs(s, value), wave.subs(s, value)) for s, value in ((t, 0), (x, -6), (x, 10))],
    exact=wave,
    name="Benjamin–Bona–Mahony",
)

# %%
# The two baselines say what the initial and boundary data are worth alone, with nothing learnt.

solution = pz.solve(problem, budget=pz.Budget(steps=50), progress=False)
error = solution.error()
print(solution.status)
print("estimator:", solution.estimator)
print(f"relative L2 error {error.relative_l2:.1e}")
print(f"zero network {error.zero_network:.1e}, best affine network {error.affine_network:.1e}")

# %%
# The wave runs to the right without changing its form.

solution.plot_slice(x, t).savefig("third-order.png")

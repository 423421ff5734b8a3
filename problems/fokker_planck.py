"""The Fokker–Planck equation of a process with correlated noise: mixed derivatives, and an ansatz of one's own."""

import sympy as sp

import pinnzo as pz


def fokker_planck(correlation: float = 0.6) -> pz.Problem:
    """p_t = ∇·(xp) + Σ D_ij ∂_i∂_j p on R², D = (1 ρ; ρ 1)/2; exact normal, covariance D + e^(−2t)(I/2 − D)."""
    x = pz.coordinates("x", 2)
    t = sp.Symbol("t", real=True)
    p = sp.Function("p")(*x, t)
    rho = sp.nsimplify(correlation)
    diffusion = sp.Matrix([[1, rho], [rho, 1]]) / 2
    decay = sp.exp(-2 * t)
    covariance = decay * sp.eye(2) / 2 + (1 - decay) * diffusion
    point = sp.Matrix(x)
    initial = sp.exp(-(x[0] ** 2 + x[1] ** 2)) / sp.pi
    density = sp.exp(-(point.T * covariance.inv() * point)[0] / 2) / (2 * sp.pi * sp.sqrt(covariance.det()))
    spreading = sum(diffusion[i, j] * p.diff(x[i], x[j]) for i in range(2) for j in range(2))
    return pz.Problem(
        sp.Eq(p.diff(t), sum((xi * p).diff(xi) for xi in x) + spreading),
        domain=pz.Gaussian(x, std=1) * pz.Box({t: (0, 1)}),
        conditions=[sp.Eq(p.subs(t, 0), initial)],
        # Times the initial density, what the network adds falls off as a density does.
        ansatz=(initial, t * initial),
        exact=density,
    )

"""An inverse problem: how well a rod conducts heat, from noisy thermometers."""

import sympy as sp
import torch

import pinnzo as pz


def inverse_heat(sensors: int = 50, noise: float = 0.01, seed: int = 0) -> pz.Problem:
    """u_t = k u_xx with an unknown k, from measurements with 1 % noise; exact exp(−π²kt) sin πx with k = 0.2."""
    x, t = sp.symbols("x t", real=True)
    k = sp.Symbol("k", positive=True)
    u = sp.Function("u")(x, t)
    truth = {u: sp.exp(-0.2 * sp.pi**2 * t) * sp.sin(sp.pi * x), k: 0.2}
    generator = torch.Generator().manual_seed(seed)
    points = torch.rand(sensors, 2, generator=generator, dtype=torch.float64)
    measured = torch.exp(-0.2 * torch.pi**2 * points[:, 1]) * torch.sin(torch.pi * points[:, 0])
    measured += noise * torch.randn(sensors, generator=generator, dtype=torch.float64)
    return pz.Problem(
        sp.Eq(u.diff(t), k * u.diff(x, 2)),
        domain=pz.Box({x: (0, 1), t: (0, 1)}),
        # Noise is not to be fitted: the equation has as large a weight as the thermometers.
        conditions=[sp.Eq(u.subs(t, 0), sp.sin(sp.pi * x)), pz.Boundary(u, 0), pz.Data(u, points, measured, weight=1)],
        unknowns={k: 1.0},
        exact=truth,
    )

"""The linear-quadratic Hamilton–Jacobi–Bellman equation on all of space (Han, Jentzen & E 2018; He et al. 2023)."""

import sympy as sp
import torch

import pinnzo as pz


def hjb_lq(dimension: int = 20) -> pz.Problem:
    """u_t + Δu − ‖∇u‖² = 0 on R^D, u(x, 1) = ln((1 + ‖x‖²)/2); exact by quadrature of the Hopf–Cole transform."""
    x = pz.coordinates("x", dimension)
    t = sp.Symbol("t", real=True)
    u = sp.Function("u")(*x, t)
    return pz.Problem(
        sp.Eq(u.diff(t) + pz.laplacian(u, x) - pz.gradient_norm_squared(u, x), 0),
        # Where the diffusion X_t = √2 W_t of the control problem goes, which starts at 0.
        domain=pz.Gaussian(x, mean=0, std=2**0.5, time=t) * pz.Box({t: (0, 1)}),
        conditions=[sp.Eq(u.subs(t, 1), sp.log((1 + sum(xi**2 for xi in x)) / 2))],
        exact=hopf_cole,
        # The data depend on ‖x‖ alone: a network that sees ‖x‖² need not learn it from D coordinates.
        features=[sum(xi**2 for xi in x) / dimension],
    )


def hopf_cole(points: torch.Tensor, nodes: int = 64) -> torch.Tensor:
    """The solution u = −ln E[2/(1 + ‖y‖²)] with y normal around x, of variance s² = 2(1 − t) in each of D coordinates.

    With 1/(1 + r) = ∫ e^(−a(1 + r)) da over a > 0 the expectation of a Gaussian is left, which is known:
    E e^(−a‖y‖²) = (1 + 2as²)^(−D/2) e^(−a‖x‖²/(1 + 2as²)). The trapezoidal rule in z, where a = e^(z − e^(−z))/λ
    makes the integrand vanish doubly exponentially at both ends (Takahasi & Mori 1974), is accurate to 1e-13.

    Args:
        points: (N, D + 1), time last.
        nodes: of the rule.

    Returns:
        (N,)
    """
    dimension = points.shape[1] - 1
    radius = points[:, :-1].square().sum(1)[:, None]
    s = 2 * (1 - points[:, -1:]).clamp(min=0)
    decay = 1 + radius + dimension * s  # λ: how fast the integrand falls at a = 0
    low, high = -4.0, (40 * decay).log()
    z = low + (high - low) * torch.linspace(0, 1, nodes, dtype=points.dtype, device=points.device)
    a = (z - (-z).exp()).exp() / decay
    spread = 1 + 2 * a * s
    logarithm = -a - dimension / 2 * spread.log() - a * radius / spread + (a * (1 + (-z).exp())).log()
    step = (high - low) / (nodes - 1)
    return -(2 * step[:, 0]).log() - logarithm.logsumexp(dim=1)

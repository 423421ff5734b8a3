"""Poisson's equation in the unit ball in many dimensions, with a solution that couples neighbouring coordinates."""

import sympy as sp
import torch

import pinnzo as pz


def two_body_poisson(dimension: int = 10, seed: int = 0) -> pz.Problem:
    """Δu = g in a ball, u = 0 on it; (1−‖x‖²) Σ c_i sin(x_i + cos x_(i+1) + x_(i+1) cos x_i) (Shi et al. 2024)."""
    if dimension < 2:
        raise pz.PinnzoError("two-body-poisson couples neighbouring coordinates: give a dimension of at least 2.")
    x = pz.coordinates("x", dimension)
    u = sp.Function("u")(*x)
    coefficients = torch.randn(dimension - 1, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    # By hand, pair by pair: SymPy would differentiate every pair in every coordinate. The waves are sin w.
    a, b = sp.symbols("a b", real=True)
    w = a + sp.cos(b) + b * sp.cos(a)
    value, slope = sp.sin(w), sp.cos(w) * (a + b * sp.cos(a) - b * (a * sp.sin(a) + sp.sin(b)))
    steepness = (
        1 + b**2 * sp.sin(a) ** 2 + sp.cos(a) ** 2 + sp.sin(b) ** 2 - 2 * (b * sp.sin(a) + sp.cos(a) * sp.sin(b))
    )
    curvature = -sp.cos(w) * (b * sp.cos(a) + sp.cos(b)) - value * steepness

    def total(term: sp.Expr) -> sp.Expr:
        neighbours = zip(coefficients.tolist(), x, x[1:], strict=False)
        return sp.Add(*(c * term.xreplace({a: xi, b: after}) for c, xi, after in neighbours))

    inside = 1 - sp.Add(*(xi**2 for xi in x))
    # Δ(vw) = vΔw + 2∇v·∇w + wΔv
    source = inside * total(curvature) - total(4 * slope + 2 * dimension * value)

    def exact(points: torch.Tensor) -> torch.Tensor:
        first, second = points[:, :-1], points[:, 1:]
        waves = (first + second.cos() + second * first.cos()).sin()
        return (1 - points.square().sum(1)) * (waves @ coefficients.to(points))

    return pz.Problem(
        # Unevaluated: SymPy need not look whether the two sides are equal.
        sp.Eq(pz.laplacian(u, x), source, evaluate=False),
        # As in STDE's training and test points: by volume, in 100-D next to all points lie at the surface.
        domain=pz.Ball(x, radial="uniform"),
        conditions=[pz.Boundary(u, 0)],
        exact=exact,
    )

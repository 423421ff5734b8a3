"""A torch module, and a black box
===============================

Any ``torch.nn.Module`` is a network as it is, and so is any function that answers forward queries: a simulator, a
device, code in another framework. Neither has to be differentiable, since pinnzo only ever asks for values.
"""

import numpy as np
import sympy as sp
import torch

import pinnzo as pz

x, y = sp.symbols("x y", real=True)
u = sp.Function("u")(x, y)
exact = sp.sin(sp.pi * x) * sp.sin(2 * sp.pi * y)
problem = pz.Problem(
    sp.Eq(pz.laplacian(u, (x, y)), -5 * sp.pi**2 * exact),
    domain=pz.Box({x: (0, 1), y: (0, 1)}),
    conditions=[pz.Boundary(u, 0)],
    exact=exact,
    name="Poisson",
)

# %%
# A sum of bumps whose places, widths and heights are trained. It takes points (P, 2) and returns values (P,).


class Bumps(torch.nn.Module):
    def __init__(self, count: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.places = torch.nn.Parameter(torch.rand(count, 2, generator=generator))
        self.sharpness = torch.nn.Parameter(torch.full((count,), 2.0))
        self.heights = torch.nn.Parameter(0.1 * torch.randn(count, generator=generator))

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        squared = (points[:, None] - self.places).square().sum(-1)
        return torch.exp(-self.sharpness.square() * squared) @ self.heights


def report(solution: pz.Solution) -> None:
    error = solution.error()
    print(f"{solution.parameter_count} parameters, {solution.evaluations:.1e} evaluations")
    print(f"relative L2 error {error.relative_l2:.1e}")
    print(f"zero network {error.zero_network:.1e}, best affine network {error.affine_network:.1e}")


# %%
# Levenberg–Marquardt perturbs its parameters one after the other. A module has no sweep to make that cheap, so every
# perturbation is a whole forward pass.

bumps = Bumps(count=20)
solution = pz.solve(problem, network=bumps, points=150, budget=pz.Budget(steps=30), progress=False)
report(solution)
solution.plot_slice(x, y).savefig("torch-module.png")

# %%
# The same function in NumPy, behind ``BlackBox``: a function of parameters (d,) and points (P, 2), and the parameters
# that it begins with. Both ways ask the same queries. They find nearly the same solution; what differs is rounding,
# which grows from step to step.


def values(theta: np.ndarray, points: np.ndarray) -> np.ndarray:
    places, sharpness, heights = theta[:40].reshape(20, 2), theta[40:60], theta[60:]
    squared = np.square(points[:, None] - places).sum(-1)
    return np.exp(-np.square(sharpness) * squared) @ heights


theta = np.concatenate([parameter.detach().numpy().ravel() for parameter in bumps.parameters()])
box = pz.BlackBox(values, theta=theta.astype(np.float64), numpy=True)
other = pz.solve(problem, network=box, points=150, budget=pz.Budget(steps=30), progress=False)
report(other)

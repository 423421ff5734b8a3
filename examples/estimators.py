"""Which estimator of derivatives?
===============================

Every estimator works alone, on any function of points. Here each is asked for the Laplacian of one function of 21
variables, whose exact Laplacian is known, and the error is set against the number of values that it took.
"""

import torch
from matplotlib.figure import Figure

import pinnzo as pz

generator = torch.Generator().manual_seed(0)
slope = torch.randn(21, generator=generator, dtype=torch.float64)
points = torch.rand(50, 21, generator=generator, dtype=torch.float64)


def f(x: torch.Tensor) -> torch.Tensor:
    """A ridge function, sin(a·x)."""
    return torch.sin(x @ slope)


exact = -slope.square().sum() * f(points)

# %%
# All rules get the same reach: their outer nodes lie 0.1 away, where a Smolyak grid with σ has them at √3 σ.

reach = 0.1
estimators = {
    "finite differences, order 2": pz.FiniteDifference(step=reach, order=2),
    "finite differences, order 4": pz.FiniteDifference(step=reach, order=4),
    "sparse grid, level 2, odd (default)": pz.SmolyakStein(level=2, sigma=reach / 3**0.5, growth="odd"),
    "sparse grid, level 3, linear (paper)": pz.SmolyakStein(level=3, sigma=reach / 3**0.5, growth="linear"),
    "Monte-Carlo, 1,024 samples": pz.MonteCarloStein(samples=1024, sigma=reach / 3**0.5),
    "16 random directions": pz.RandomDirections(16, step=reach),
}

# %%
# A wrapper counts what each of them asks for. The baseline is the estimate 0, whose relative error is 1.


class Counted:
    """f, and how many values it was asked for."""

    def __init__(self) -> None:
        self.values = 0

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        self.values += len(x)
        return f(x)


results = {}
for name, estimator in estimators.items():
    counted = Counted()
    found = estimator.laplacian(counted, points)
    error = float((found - exact).norm() / exact.norm())
    results[name] = (counted.values / len(points), error)
    print(f"{name:38s} {results[name][0]:6.0f} values a point, relative error {error:.1e}")

# %%
# The lower left corner is where one wants to be. The default *is* central differences of step √3 σ, so that the two
# have the same error; the level-3 grid has a smoothing bias besides, of the order of σ². The errors of the random
# estimators are those of one draw: fresh draws average out over the steps of a training, which a bias does not.

figure = Figure(figsize=(7.5, 4.2), layout="constrained")
panel = figure.subplots()
for (name, (count, error)), marker, size in zip(results.items(), "osD^vP", (15, 9, 7, 9, 9, 9), strict=True):
    panel.loglog(count, error, marker, markersize=size, label=name)
panel.axhline(1, color="#777777", linestyle="--", linewidth=1, label="estimating 0")
panel.set(xlabel="values a point", ylabel="relative error of the Laplacian")
panel.grid(alpha=0.25, which="both")
panel.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
figure.savefig("estimators.png")

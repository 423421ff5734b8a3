"""
A noisy photonic layer
======================

A photonic chip computes with light: a mesh of Mach–Zehnder interferometers multiplies a vector of amplitudes by an
orthogonal matrix, whose entries are set by phases. Such a device answers forward queries and nothing else, and its
answers are noisy: the phases fluctuate with every query, and they can be set to 8 bits only.

This example simulates such a layer of 72 phases, makes a ``BlackBox`` of it, and trains it to solve a Poisson equation on
the unit square. It compares which estimators of derivatives and which trainers survive phase noise of 0, 0.001 and
0.01 radians. No derivative of the device is ever taken; the exact solution serves to measure the error and for nothing
else.
"""

import matplotlib.pyplot as plt
import numpy as np
import sympy as sp

import pinnzo as pz
from pinnzo.training.zeroth_order import sign_descent

# %%
# The device
# ----------
#
# Light enters eight ports with the amplitudes (2x − 1, 2y − 1, 1, 0, …). Two meshes of 28 interferometers each, with eight
# attenuators between them, are the singular value decomposition of an 8 × 8 matrix; modulators answer with the sine of
# what arrives, and eight more phases weigh their outputs. Every phase is rounded to a multiple of 2π/256 and then
# disturbed, independently for each point of each query.

PORTS, GAIN = 8, 3.0
MESH = PORTS * (PORTS - 1) // 2
PHASES = 2 * MESH + 2 * PORTS


class PhotonicLayer:
    """A simulated device: K vectors of phases (K, 72) and points (P, 2) → outputs (K, P)."""

    def __init__(self, noise: float, bits: int = 8, seed: int = 0) -> None:
        self.noise, self.quantum = noise, 2 * np.pi / 2**bits
        self.generator = np.random.default_rng(seed)

    def __call__(self, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
        phases = self.quantum * np.round(theta[:, None] / self.quantum)
        if self.noise:
            shape = (len(theta), len(x), PHASES)
            phases = phases + self.noise * self.generator.standard_normal(shape, dtype=np.float32)
        right, damping, left, readout = np.split(phases, [MESH, MESH + PORTS, PHASES - PORTS], axis=2)
        light = np.zeros((len(theta), len(x), PORTS))
        light[..., :2], light[..., 2] = 2 * x - 1, 1.0
        light = mesh(light, right) * np.cos(damping)
        return (2 * np.cos(readout) * np.sin(GAIN * mesh(light, left))).sum(axis=2)


def mesh(light: np.ndarray, phases: np.ndarray) -> np.ndarray:
    """Columns of interferometers, each of which mixes two neighbouring ports: a rotation by its phase."""
    first = 0
    for column in range(PORTS):
        ports = slice(column % 2, PORTS - column % 2)
        count = (ports.stop - ports.start) // 2
        angle, pairs = phases[..., first : first + count], light[..., ports].reshape(*light.shape[:2], count, 2)
        cosine, sine = np.cos(angle), np.sin(angle)
        above, below = pairs[..., 0], pairs[..., 1]
        light = light.copy()
        mixed = np.stack([cosine * above - sine * below, sine * above + cosine * below], axis=-1)
        light[..., ports] = mixed.reshape(*light.shape[:2], 2 * count)
        first += count
    return light


start = np.random.default_rng(0).uniform(0, 2 * np.pi, PHASES)

# %%
# How loud is it? Ask for the same points again and again, as one would on the bench. One radian of phase noise becomes about
# nine in the output, which is of order one: 0.001 radians are just below one per cent of noise, 0.01 just below ten.

LEVELS = (0.0, 1e-3, 1e-2)
points = np.random.default_rng(1).uniform(size=(50, 2))
loudness = {}
for level in LEVELS:
    device = PhotonicLayer(level)
    loudness[level] = np.stack([device(start[None], points)[0] for _ in range(50)]).std(axis=0).mean()
    print(f"phase noise {level:g}: noise of the output {loudness[level]:.4f}")

# %%
# The problem
# -----------
#
# Δu = f with u = 0 on the boundary. The boundary values are built in, u = x(1 − x) y(1 − y) f, so that the device has only
# to learn f.

x, y = sp.symbols("x y", real=True)
u = sp.Function("u")(x, y)
exact = 16 * x * (1 - x) * y * (1 - y) * sp.sin(sp.pi * (x + y))
problem = pz.Problem(
    sp.Eq(pz.laplacian(u, (x, y)), sp.simplify(pz.laplacian(exact, (x, y)))),
    domain=pz.Box({x: (0, 1), y: (0, 1)}),
    conditions=[pz.Boundary(u, 0)],
    exact=exact,
    name="photonic Poisson",
)

EVALUATIONS = 200_000


def train(level: float, derivatives, trainer, noise: float | None = None) -> pz.Solution:
    """Train a device for as many queries as all others."""
    box = pz.BlackBox(PhotonicLayer(level), start, numpy=True, vectors=64, noise=noise)
    budget = pz.Budget(evaluations=EVALUATIONS)
    return pz.solve(
        problem, network=box, derivatives=derivatives, trainer=trainer, points=50, budget=budget, progress=False
    )


# %%
# Estimators of derivatives
# -------------------------
#
# All of them with Levenberg–Marquardt and perturbations of 0.2 radians. The Laplacian divides the noise by the square of the
# step.

wide = pz.SmolyakStein(level=2, sigma=0.2, growth="odd")
careful = pz.LevenbergMarquardt(step_size=0.2)
estimators = {
    "SmolyakStein, σ = 0.2": wide,
    "FiniteDifference, h = 0.001": pz.FiniteDifference(step=0.001),
    "MonteCarloStein, σ = 0.2": pz.MonteCarloStein(samples=16, sigma=0.2),
    "RandomDirections, h = 0.3": pz.RandomDirections(1, step=0.3),
}
by_estimator = {
    name: [train(level, estimator, careful).error().relative_l2 for level in LEVELS]
    for name, estimator in estimators.items()
}


def show(table: dict[str, list[float]]) -> None:
    print(f"{'relative L2 error at phase noise':<34}" + "".join(f"{level:>9g}" for level in LEVELS))
    for name, errors in table.items():
        print(f"{name:<34}" + "".join(f"{error:>9.3f}" for error in errors))


show(by_estimator)

# %%
# Trainers
# --------
#
# All of them with the wide Smolyak rule. The last row chooses nothing by hand: ``BlackBox(noise=…)`` states the noise, the
# larger of that measured above and of what a phase that is rounded by up to π/256 does, and the steps follow from it.

trainers = {
    "RGE, signs, μ = 0.1": sign_descent(pz.RandomGradient(samples=10, step=0.1)),
    "CGE, Adam, μ = 0.2": pz.ZerothOrder(pz.CoordinateGradient(step=0.2, central=True), learning_rate=0.05),
    "hybrid": pz.HybridZO(),
    "LevenbergMarquardt, μ = 6e-6": pz.LevenbergMarquardt(),
    "LevenbergMarquardt, μ = 0.2": careful,
}
by_trainer = {
    name: [train(level, wide, trainer).error().relative_l2 for level in LEVELS] for name, trainer in trainers.items()
}
rounding = loudness[1e-3] / 1e-3 * PhotonicLayer(0).quantum / 12**0.5
stated = {level: train(level, None, None, noise=max(loudness[level], rounding)) for level in LEVELS}
by_trainer["noise stated, steps by default"] = [solution.error().relative_l2 for solution in stated.values()]

show(by_trainer)

# %%
# The noise is in the answers of the trained device as well. Two evaluations of the same solution differ by √2 times what even
# perfect phases would leave:

grid = np.random.default_rng(2).uniform(size=(5000, 2))
floor = []
for solution in stated.values():
    one, two = solution(grid), solution(grid)
    floor.append(float((one - two).norm() / 2**0.5 / problem.exact_values(one.new_tensor(grid)).norm()))
show({"noise of one evaluation": floor})

# %%
# What survives
# -------------

figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), sharey=True, layout="constrained")
titles = ("Estimators, Levenberg–Marquardt with μ = 0.2", "Trainers, Smolyak rule with σ = 0.2")
for ax, table, title in zip(axes, (by_estimator, by_trainer), titles, strict=True):
    for (name, errors), marker in zip(table.items(), "osD^vP", strict=False):
        ax.plot(range(len(LEVELS)), errors, marker=marker, label=name, lw=1.5)
    ax.plot(range(len(LEVELS)), np.maximum(floor, 1e-4), color="0.6", ls=":", label="noise of one evaluation")
    ax.set(title=title, xlabel="phase noise (radians)", yscale="log", ylim=(0.01, 10))
    ax.set_xticks(range(len(LEVELS)), [f"{level:g}" for level in LEVELS])
    ax.axhline(1.0, color="0.8", lw=1, zorder=0)
    ax.legend(fontsize=8, frameon=False)
axes[0].set_ylabel("relative L2 error (1: u = 0)")
figure.savefig("photonic-layer.png", dpi=120)

# %%
# The solution that the device gives at a phase noise of 0.001, where the noise was stated:

stated[1e-3].plot_slice(x, y)
plt.show()

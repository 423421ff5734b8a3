"""A noisy photonic layer
======================

A photonic chip computes with light: a mesh of Mach–Zehnder interferometers multiplies a vector of amplitudes by an
orthogonal matrix, whose entries are set by phases. Such a device answers forward queries and nothing else, and its
answers are noisy: the phases fluctuate with every query, and they can be set to 8 bits only.

This example simulates such a layer of 72 phases, makes a ``BlackBox`` of it, and trains it to solve a Poisson equation
on the unit square. It compares which estimators of derivatives and which trainers survive phase noise of 0, 0.001 and
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
# Light enters eight ports with the amplitudes (2x − 1, 2y − 1, 1, 0, …). Two meshes of 28 interferometers each, with
# eight attenuators between them, are the singular value decomposition of an 8 × 8 matrix; modulators answer with the
# sine of what arrives, and eight more phases weigh their outputs. Every phase is rounded to a multiple of 2π/256 and
# then disturbed, independently for each point of each query.

PORTS, GAIN = 8, 2.0
MESH = PORTS * (PORTS - 1) // 2
PHASES = 2 * MESH + 2 * PORTS


class PhotonicLayer:
    """A simulated device: K vectors of phases (K, 72) and points (P, 2) → outputs (K, P)."""

    def __init__(self, noise: float, bits: int = 8, seed: int = 0) -> None:
        self.noise, self.quantum = noise, 2 * np.pi / 2**bits
        self.generator = np.random.default_rng(seed)

    def __call__(self, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
        phases = (self.quantum * np.round(theta.T / self.quantum)).astype(np.float32)[:, :, None]
        if self.noise:
            shape = (PHASES, len(theta), len(x))
            phases = phases + np.float32(self.noise) * self.generator.standard_normal(shape, dtype=np.float32)
        right, damping, left, readout = np.split(np.stack([np.cos(phases), np.sin(phases)], axis=1), CUTS)
        dark = np.zeros((len(theta), len(x)), np.float32)
        light = [dark + (2 * x[:, 0] - 1), dark + (2 * x[:, 1] - 1), dark + 1, *(PORTS - 3) * [dark]]
        light = mesh([port.astype(np.float32) for port in light], right)
        light = mesh([cosine * port for port, (cosine, _) in zip(light, damping, strict=True)], left)
        weighted = [0.5 * c * np.sin(GAIN * port) for port, (c, _) in zip(light, readout, strict=True)]
        return np.sum(weighted, axis=0, dtype=float)


CUTS = (MESH, MESH + PORTS, PHASES - PORTS)


def mesh(light: list[np.ndarray], phases: np.ndarray) -> list[np.ndarray]:
    """Eight columns of interferometers, each of which mixes two neighbouring ports: a rotation by its phase."""
    light = list(light)
    upper = [port for column in range(PORTS) for port in range(column % 2, PORTS - 1, 2)]
    for i, (cosine, sine) in zip(upper, phases, strict=True):
        light[i], light[i + 1] = cosine * light[i] - sine * light[i + 1], sine * light[i] + cosine * light[i + 1]
    return light


start = np.random.default_rng(0).uniform(0, 2 * np.pi, PHASES)

# %%
# How loud is it? Ask for the same points again and again, as one would on the bench. A phase noise of 0.001 radians
# becomes about 0.0016 in the output, which is of order one.

LEVELS = (0.0, 1e-3, 1e-2)
points = np.random.default_rng(1).uniform(size=(50, 2))
loudness = {}
for level in LEVELS:
    device = PhotonicLayer(level)
    loudness[level] = float(np.stack([device(start[None], points)[0] for _ in range(50)]).std(axis=0).mean())
    print(f"phase noise {level:g}: noise of the output {loudness[level]:.4f}")

# %%
# The problem
# -----------
#
# Δu = g with u = 0 on the boundary. The boundary values are built in, u = x(1 − x) y(1 − y) f, so that the device has
# only to learn f. Every training run may ask for 400,000 values of the device, about a second
# of computing.

x, y = sp.symbols("x y", real=True)
u = sp.Function("u")(x, y)
exact = 4 * x * (1 - x) * y * (1 - y) * sp.sin(sp.pi * (x + y / 2))
problem = pz.Problem(
    sp.Eq(pz.laplacian(u, (x, y)), pz.laplacian(exact, (x, y))),
    domain=pz.Box({x: (0, 1), y: (0, 1)}),
    conditions=[pz.Boundary(u, 0)],
    exact=exact,
    name="photonic Poisson",
)


def train(level: float, derivatives, trainer, noise: float | None = None) -> pz.Solution:
    """Train a device with phase noise from the same random phases."""
    return pz.solve(
        problem,
        network=pz.BlackBox(PhotonicLayer(level), start, numpy=True, vectors=64, noise=noise),
        derivatives=derivatives,
        trainer=trainer,
        points=50,
        budget=pz.Budget(evaluations=400_000),
        progress=False,
    )


def show(table: dict[str, list[float]]) -> None:
    """Print errors by phase noise."""
    print(f"{'relative L2 error at phase noise':<34}" + "".join(f"{level:>9g}" for level in LEVELS))
    for name, errors in table.items():
        print(f"{name:<34}" + "".join(f"{error:>9.3f}" for error in errors))


# %%
# Estimators of derivatives
# -------------------------
#
# All of them with Levenberg–Marquardt and perturbations of μ = 0.2 radians, eight times the rounding of a phase. The
# last row states the noise, ``BlackBox(noise=…)``, and leaves the step of the stencil to pinnzo.

wide = pz.SmolyakStein(level=2, sigma=0.1, growth="odd")
careful = pz.LevenbergMarquardt(step_size=0.2)
estimators = {
    "SmolyakStein, σ = 0.1": wide,
    "FiniteDifference, h = 0.01": pz.FiniteDifference(step=0.01),
    "RandomDirections, h = 0.2": pz.RandomDirections(1, step=0.2),
    "MonteCarloStein, σ = 0.2": pz.MonteCarloStein(samples=16, sigma=0.2),
}
by_estimator = {
    name: [train(level, estimator, careful).error().relative_l2 for level in LEVELS]
    for name, estimator in estimators.items()
}
stated = {level: train(level, None, careful, noise=loudness[level] or None) for level in LEVELS}
by_estimator["default, with the noise stated"] = [solution.error().relative_l2 for solution in stated.values()]
show(by_estimator)

# %%
# Without noise the small step is as good as any. It does not survive noise: at 0.001 radians its error is several times
# that of the wide stencils, at 0.01 it is worse than u = 0. Steps of 0.1 to 0.2 do survive, and reach a few per cent at
# 0.001; at 0.01 most of what is left is the noise of the answers themselves (see below). Random directions take three
# evaluations a point in place of five, but see the Laplacian along one random direction only, and that variance costs
# more than the noise of the device. The Monte-Carlo rule takes 33: it gets through three steps for the same number of
# values, which is not enough. Stating the noise does as well as the step that was chosen by hand. Where there is none
# to state the default step is that for double precision, which this device does not have: its light is simulated in
# single precision, and that has to be stated, too.
#
# All this is one draw of the initial phases. Differences by less than a factor of two or three mean nothing, among them
# that some errors are lower with a little noise than without.

# %%
# Trainers
# --------
#
# All of them with the wide Smolyak rule.

trainers = {
    "RGE, signs, μ = 0.1": sign_descent(pz.RandomGradient(samples=10, step=0.1)),
    "CGE, Adam, μ = 0.2": pz.ZerothOrder(pz.CoordinateGradient(step=0.2), learning_rate=0.1),
    "hybrid": pz.HybridZO(switch_step=50),
    "LevenbergMarquardt, μ = 6e-6": pz.LevenbergMarquardt(),
}
by_trainer = {
    name: [train(level, wide, trainer).error().relative_l2 for level in LEVELS] for name, trainer in trainers.items()
}
by_trainer["LevenbergMarquardt, μ = 0.2"] = by_estimator["SmolyakStein, σ = 0.1"]
show(by_trainer)

# %%
# The default perturbation of 6e-6 radians, which is right for exact arithmetic, does not get anywhere even without
# phase noise: a phase that moves by less than its rounding does not move at all. With 0.2 radians Levenberg–Marquardt
# is the best of these trainers at all levels. Random and coordinate-wise gradients with perturbations of 0.1 and 0.2
# hardly feel the noise, since a loss is a mean over points, but for this number of values they are slow: some 75 steps
# of the first and twenty of the second.

# %%
# The noise is in the answers of the trained device as well: two evaluations of the same solution differ by √2 times
# what one of them is off by, however good its phases are. Averaging evaluations would lower this floor.

grid = np.random.default_rng(2).uniform(size=(5000, 2))
values = sp.lambdify((x, y), exact)(*grid.T)
pairs = [(np.asarray(solution(grid)), np.asarray(solution(grid))) for solution in stated.values()]
floor = [np.linalg.norm(one - two) / 2**0.5 / np.linalg.norm(values) for one, two in pairs]
show({"noise of one evaluation": floor})

# %%
# What survives
# -------------

figure, axes = plt.subplots(1, 2, figsize=(11, 4.4), sharey=True, layout="constrained")
titles = ("Estimators (Levenberg–Marquardt, μ = 0.2)", "Trainers (SmolyakStein, σ = 0.1)")
places = np.arange(len(LEVELS))
for ax, table, title in zip(axes, (by_estimator, by_trainer), titles, strict=True):
    for (name, errors), marker in zip(table.items(), "osD^vP", strict=False):
        ax.plot(places, errors, marker=marker, label=name)
    ax.plot(places[1:], floor[1:], color="0.5", ls=":", label="noise of one evaluation")
    ax.axhline(1.0, color="0.8", lw=1, zorder=0)
    ax.set(title=title, xlabel="phase noise (radians)", yscale="log")
    ax.set_xticks(places, [f"{level:g}" for level in LEVELS])
    ax.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
axes[0].set(ylabel="relative L2 error (the baseline u = 0 has 1)", ylim=(0.005, 3))
figure.savefig("photonic-layer.png", dpi=120)

# %%
# What the device gives at a phase noise of 0.001, with the noise stated:

device_solution = stated[1e-3]
device_solution.plot_slice(x, y).savefig("photonic-slice.png", dpi=120)

"""Membership, sampling, boundaries and normals of domains."""

import json
import math

import pytest
import sympy as sp
import torch
from scipy import stats

import pinnzo as pz
from pinnzo.errors import DeclarationError, ShapeError
from pinnzo.symbolic.domains import Difference, Edge
from pinnzo.symbolic.serialise import problem_from_json, problem_to_json
from pinnzo.symbolic.torch_code import evaluate
from pinnzo.training.sampling import RULES

x = pz.coordinates("x", 2)
y = pz.coordinates("x", 3)
z = pz.coordinates("x", 6)
t = sp.Symbol("t", real=True)
SQUARE = pz.Box({x: (0, 1)})
TRIANGLE = pz.Simplex(x, vertices=[(1, 1), (3, 1), (1, 2)])
L_SHAPE = pz.Box({x: (-1, 1)}) - pz.Box({x: (0, 1)})
PLATE = SQUARE - pz.Ball(x, 0.2, center=0.5)
DOMAINS = {
    "interval": pz.Box({x[0]: (-1, 3)}),
    "box": pz.Box({x[0]: (0, 1), x[1]: (-1, 2)}),
    "ball 1": pz.Ball(x[0], 2, 1),
    "ball 2": pz.Ball(x, 2, (1, -1)),
    "ball 3": pz.Ball(y),
    "ball 6": pz.Ball(z, 0.5),
    "shell 1": pz.Shell(x[0], 1, 2),
    "annulus": pz.Shell(x, 1, 2, center=(0, 1)),
    "shell 3": pz.Shell(y, 0.5, 1),
    "shell 6": pz.Shell(z, 1, 1.5),
    "segment": pz.Simplex(x[0], 2),
    "triangle": TRIANGLE,
    "tetrahedron": pz.Simplex(y, 2),
    "simplex 6": pz.Simplex(z),
    "plate": PLATE,
    "L": L_SHAPE,
    "twice": L_SHAPE - pz.Ball(x, 0.3, center=-0.5),
    "ball less ball": pz.Ball(y) - pz.Ball(y, 0.5, center=(0.7, 0, 0)),
    "other order": SQUARE - pz.Box({x[1]: (0.5, 2), x[0]: (-1, 0.5)}),
}
domains = pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def spread(domain, count=4000, seed=0, dtype=torch.float64):
    generator = seeded(seed)
    return domain.spread(count, lambda n, k: torch.rand(n, k, generator=generator, dtype=dtype))


def same_distribution(a, b):
    """Two samples agree in every coordinate and in one skew direction, by Kolmogorov and Smirnov."""
    slope = torch.linspace(1.0, 2.0, a.shape[1], dtype=torch.float64)
    pairs = [*zip(a.T, b.T, strict=True), (a @ slope, b @ slope), (a.square() @ slope, b.square() @ slope)]
    return min(float(stats.ks_2samp(p.numpy(), q.numpy()).pvalue) for p, q in pairs) > 1e-3


def by_rejection(domain, count=4000):
    """Uniform points of a bounded domain from its bounding box."""
    low, high = torch.tensor(domain.scale(), dtype=torch.float64).T
    cube = low + (high - low) * torch.rand(200_000, domain.dimension, generator=seeded(9), dtype=torch.float64)
    return cube[domain.contains(cube)][:count]


@domains
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_points_are_in_the_domain(domain, dtype):
    for points in (domain.sample(500, seeded(), dtype), spread(domain, 500, dtype=dtype)):
        assert points.shape == (500, domain.dimension)
        assert points.dtype == dtype
        assert domain.inside(points, -1e-5).all()
    low, high = torch.tensor(domain.scale()).T
    assert not domain.contains(high + 1 + torch.rand(5, domain.dimension)).any()
    assert not domain.contains(low - 1 - torch.rand(5, domain.dimension)).any()


@domains
def test_points_are_uniform(domain):
    reference = by_rejection(domain)
    assert same_distribution(domain.sample(4000, seeded(1)), reference)
    assert same_distribution(spread(domain), reference)


@pytest.mark.parametrize("dimension", [1, 2, 3, 100])
def test_a_ball_with_uniform_radius(dimension):
    coordinates = pz.coordinates("r", dimension)
    ball = pz.Ball(coordinates, 2, 1, radial="uniform")
    for points in (ball.sample(4000, seeded(1)), spread(ball)):
        radii = (points - 1).norm(dim=1)
        assert stats.kstest(radii.numpy() / 2, "uniform").pvalue > 1e-3
        directions = (points - 1) / radii[:, None]
        assert same_distribution(directions, pz.Ball(coordinates).sample_sphere(4000, seeded(2)))
        assert ball.contains(points).all()
    assert torch.equal(ball.sample_sphere(5, seeded()), pz.Ball(coordinates, 2, 1).sample_sphere(5, seeded()))


@pytest.mark.parametrize("sampling", ["sobol", "latin-hypercube"])
def test_even_points_of_a_ball_with_uniform_radius(sampling):
    points = RULES[sampling](256, 3, seeded())
    radii = pz.Ball(y, radial="uniform").from_uniform(points).norm(dim=1).sort().values
    # One radius in each slab: independent ones would be 15 times as far from even.
    assert (radii - (torch.arange(256) + 0.5) / 256).abs().max() <= 0.51 / 256


@domains
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_boundary_points_are_on_the_boundary(domain, dtype):
    points = domain.sample_boundary(1000, seeded(), dtype)
    assert points.shape == (1000, domain.dimension)
    assert points.dtype == dtype
    assert domain.contains(points).double().mean() > (0.1 if dtype == torch.float32 else 0.4)
    step = 1e-4
    normals = domain.normals(points)
    assert torch.allclose(normals.norm(dim=1), torch.ones(1, dtype=dtype), atol=1e-5)
    # Near an edge or a corner a step along one normal may cross another face.
    assert domain.contains(points - step * normals).double().mean() > 0.99
    assert domain.contains(points + step * normals).double().mean() < 0.01


@domains
def test_boundary_points_are_uniform_in_area(domain):
    """Gauss: the mean of n over the boundary is zero, and that of x·n is D |domain| / |boundary|."""
    count = 20_000
    points = domain.sample_boundary(count, seeded(3))
    normals = domain.normals(points)
    assert normals.mean(0).abs().max() < 4 / math.sqrt(count)
    inner = by_rejection(domain, 20_000)
    for moment in (lambda p: p, lambda p: p**2, lambda p: p.sin()):
        # ∫ F·n over the boundary is ∫ div F over the domain, so two fields have the same quotient of both.
        p = points.clone().requires_grad_()
        flux = (moment(points) * normals).mean(0)
        q = inner.clone().requires_grad_()
        (slopes,) = torch.autograd.grad(moment(q).sum(), q)
        ratio = (points * normals).sum(1).mean() / domain.dimension
        spread_of_flux = (moment(p.detach()) * normals).std(0).max() + ratio.abs() * slopes.std(0).max()
        assert (flux - ratio * slopes.mean(0)).abs().max() < 6 * (spread_of_flux + ratio.abs()) / math.sqrt(count)


def test_areas():
    """Boundary points fall on the parts in proportion to their areas."""

    def share(domain, part):
        return part(domain.sample_boundary(20_000, seeded(5))).double().mean().item()

    assert share(pz.Shell(x, 1, 2), lambda p: p.norm(dim=1) < 1.5) == pytest.approx(1 / 3, abs=0.01)
    assert share(pz.Shell(y, 1, 2), lambda p: p.norm(dim=1) < 1.5) == pytest.approx(1 / 5, abs=0.01)
    hole = 2 * math.pi * 0.2
    assert share(PLATE, lambda p: (p - 0.5).norm(dim=1) < 0.21) == pytest.approx(hole / (4 + hole), abs=0.01)
    assert share(L_SHAPE, lambda p: (p > -1e-9).all(1) & (p < 1e-9).any(1)) == pytest.approx(2 / 8, abs=0.01)
    slanted = math.sqrt(3) / 2
    assert share(pz.Simplex(y), lambda p: p.sum(1) > 1 - 1e-9) == pytest.approx(slanted / (slanted + 1.5), abs=0.01)
    box = pz.Box({x[0]: (0, 1), x[1]: (0, 3)})
    assert share(box, lambda p: (p[:, 0] == 0) | (p[:, 0] == 1)) == pytest.approx(6 / 8, abs=0.01)
    for domain, area in {
        pz.Ball(y, 2): 16 * math.pi,
        pz.Shell(x, 1, 2): 6 * math.pi,
        pz.Simplex(y): slanted + 1.5,
        TRIANGLE: 3 + math.sqrt(5),
        box: 8.0,
    }.items():
        assert math.exp(domain.log_boundary_area) == pytest.approx(area, rel=1e-12)


def test_moments_of_a_simplex():
    """Dirichlet: E x_i = 1/(D+1), E x_i x_j = (1 + [i = j]) / ((D+1)(D+2))."""
    points = pz.Simplex(z).sample(50_000, seeded())
    assert torch.allclose(points.mean(0), torch.tensor(1 / 7, dtype=torch.float64), atol=2e-3)
    second = (1 + torch.eye(6, dtype=torch.float64)) / 56
    assert torch.allclose(points.T @ points / len(points), second, atol=1e-3)


def test_gaussian_from_uniform_numbers():
    points = spread(pz.Gaussian(x, mean=1, std=2))
    for column in points.T:
        assert stats.kstest(column.numpy(), stats.norm(1, 2).cdf).pvalue > 1e-3


def test_products():
    domain = PLATE * pz.Box({t: (0, 2)})
    points = domain.sample(500, seeded())
    assert domain.contains(points).all()
    assert domain.variables == (*x, t)
    assert same_distribution(spread(domain), domain.sample(4000, seeded(2)))
    path = pz.Gaussian(x, std=2, time=t) * pz.Box({t: (1, 3)})
    points = spread(path, 4000)
    scaled = points[:, 0] / ((points[:, 2] - 1) / 2).sqrt()
    assert stats.kstest(scaled.numpy(), stats.norm(0, 2).cdf).pvalue > 1e-3


def test_outside_a_ball():
    domain = pz.Gaussian(x, std=2) - pz.Ball(x)
    assert domain.sample(500, seeded()).norm(dim=1).min() > 1
    points = domain.sample_boundary(100, seeded())
    assert torch.allclose(points.norm(dim=1), torch.ones(1, dtype=torch.float64))
    assert torch.allclose(domain.normals(points), -points)
    assert not domain.bounded


def test_high_dimension():
    w = pz.coordinates("x", 200)
    for domain in (pz.Simplex(w, 3), pz.Shell(w, 1, 2), pz.Box({w: (0, 1)}) - pz.Box({w: (0, 0.99)})):
        points = domain.sample(100, seeded())
        assert points.isfinite().all()
        assert domain.contains(points).all()
        edge = domain.sample_boundary(100, seeded())
        assert (domain.nearest(edge)[0] < 1e-9).all()


def test_edges_know_their_points():
    edge = Edge(PLATE)
    assert edge.inside(edge.sample(50, seeded())).all()
    assert not edge.inside(PLATE.sample(50, seeded())).any()
    assert edge.scale() == PLATE.scale()
    assert repr(edge).startswith("the boundary of Box")


@pytest.mark.parametrize("name", [n for n in DOMAINS if n not in ("interval", "box", "simplex 6", "twice")])
def test_normal_derivatives_are_those_of_the_normals(name):
    domain = DOMAINS[name]
    field = sum((i + 1) * s for i, s in enumerate(domain.variables))
    expression = pz.normal_derivative(field, domain)
    points = domain.sample_boundary(50, seeded(7))
    slope = torch.arange(1.0, domain.dimension + 1, dtype=torch.float64)
    expected = domain.normals(points) @ slope
    (found,) = evaluate([expression], points, domain.variables)
    assert torch.allclose(found, expected, atol=1e-6)


def poisson(domain, exact, **more):
    v = sp.Function("u")(*(s for s in domain.variables))
    space = [s for s in domain.variables if s != t]
    change = v.diff(t) - exact.diff(t) if t in domain.variables else 0
    equation = sp.Eq(change - pz.laplacian(v, space), -sum(exact.diff(s, 2) for s in space))
    return pz.Problem(equation, domain, [pz.Boundary(v, exact)], exact=exact, **more)


@pytest.mark.parametrize("name", [n for n in DOMAINS if n not in ("ball 6", "shell 6", "simplex 6")])
def test_problems_are_saved_and_read_back(name):
    domain = DOMAINS[name] * pz.Box({t: (0, 1)})
    exact = sp.exp(-t) * domain.variables[0] ** 2
    problem = poisson(domain, exact)
    again = problem_from_json(json.loads(json.dumps(problem_to_json(problem))))
    assert repr(again.domain) == repr(problem.domain)
    assert torch.equal(again.domain.sample(20, seeded()), domain.sample(20, seeded()))


def test_hard_data_on_a_shell():
    r = sp.sqrt(x[0] ** 2 + x[1] ** 2)
    v = sp.Function("u")(*x)
    ring = pz.Shell(x, 1, 2)
    constant = pz.Problem(sp.Eq(pz.laplacian(v, x), 1), ring, [pz.Boundary(v, 3)])
    assert constant.ansatz.A == 3
    assert constant.ansatz.hard == ("boundary",)
    radial = pz.Problem(sp.Eq(pz.laplacian(v, x), 0), ring, [pz.Boundary(v, sp.log(r))], exact=sp.log(r))
    assert radial.ansatz.hard == ("boundary",)
    # What vanishes on both spheres says nothing about the inside.
    hidden = sp.log(r) + sp.sin(x[0]) * (r**2 - 1) * (4 - r**2)
    other = pz.Problem(sp.Eq(pz.laplacian(v, x), 0), ring, [pz.Boundary(v, hidden)])
    points = ring.sample(20, seeded())
    for row in points.tolist():
        values = dict(zip(x, row, strict=True))
        assert float(other.ansatz.A.subs(values)) == pytest.approx(float(radial.ansatz.A.subs(values)), abs=1e-9)
        assert float(radial.ansatz.B.subs(values)) > 0
    soft = pz.Problem(sp.Eq(pz.laplacian(v, x), 1), ring, [pz.Boundary(v, 3, enforce="soft")])
    assert not soft.ansatz.hard
    neumann = pz.Boundary(pz.normal_derivative(v, ring), sp.sign(r - sp.Rational(3, 2)) / r)
    pz.Problem(sp.Eq(pz.laplacian(v, x), 0), ring, [neumann], exact=sp.log(r))


def test_faces_of_a_difference():
    v = sp.Function("u")(*x)
    exact = x[0] * (1 + x[1])
    equation = sp.Eq(pz.laplacian(v, x), 0)
    face = sp.Eq(v.subs(x[0], 1), 1 + x[1])
    problem = pz.Problem(equation, L_SHAPE, [pz.Condition(face, enforce="soft")], exact=exact)
    (points,) = problem.sampler.condition(problem.conditions[0], 200, seeded())
    assert (points[:, 0] == 1).all()
    assert points[:, 1].max() <= 0
    with pytest.raises(DeclarationError, match="prescribe the same thing"):
        pz.Problem(equation, L_SHAPE, [face, pz.Boundary(v, exact)])
    cut = SQUARE - pz.Box({x[0]: (0.5, 1), x[1]: (0, 1)})
    with pytest.raises(DeclarationError, match="Next to nothing of the place"):
        pz.Problem(equation, cut, [face], exact=exact)


def test_the_whole_boundary_with_time():
    domain = PLATE * pz.Box({t: (0, 1)})
    problem = poisson(domain, sp.exp(-t) * x[0])
    (points,) = problem.sampler.condition(problem.conditions[0], 500, seeded())
    assert (PLATE.nearest(points[:, :2])[0] < 1e-9).all()
    assert points[:, 2].std() > 0.2


def test_exact_functions_stay_inside_a_shell():
    v = sp.Function("u")(*x)
    ring = pz.Shell(x, 1, 2)

    def exact(points):
        assert (points.norm(dim=1) > 0.9).all()
        return points.norm(dim=1).log()

    equation = sp.Eq(pz.laplacian(v, x), 0)
    pz.Problem(equation, ring, exact=exact)
    with pytest.raises(DeclarationError, match="does not satisfy the equation"):
        pz.Problem(equation, ring, exact=lambda p: p.norm(dim=1))


BAD = {
    "inner must be less than outer": lambda: pz.Shell(x, 2, 1),
    "inner must be less": lambda: pz.Shell(x, 1, 1),
    "choose one of volume, uniform": lambda: pz.Ball(x, radial="even"),
    "without a hole, use Ball": lambda: pz.Shell(x, 0, 1),
    "center of Shell has 3 entries": lambda: pz.Shell(x, 1, 2, center=(0, 0, 0)),
    "outer of Shell is 'a'": lambda: pz.Shell(x, 1, "a"),
    "Shell needs coordinates": lambda: pz.Shell("x", 1, 2),
    "size of Simplex is -1": lambda: pz.Simplex(x, -1),
    "lie in one plane": lambda: pz.Simplex(x, vertices=[(0, 0), (1, 1), (2, 2)]),
    "has 2 points of \\[2\\] numbers: give 3 points": lambda: pz.Simplex(x, vertices=[(0, 0), (1, 1)]),
    "a vertex of Simplex is nan": lambda: pz.Simplex(x, vertices=[(0, 0), (1, 1), (2, math.nan)]),
    "two domains of the same variables": lambda: SQUARE - pz.Ball(y),
    "join other variables, such as time": lambda: pz.Box({x: (0, 1), t: (0, 1)}) - pz.Ball(x),
    "is a product": lambda: (SQUARE * pz.Box({t: (0, 1)})) - pz.Box({x: (0, 1), t: (0, 1)}),
    "nothing is left once": lambda: SQUARE - pz.Ball(x, 2),
    "only 0.* is left once": lambda: SQUARE - pz.Box({x[0]: (0, 1), x[1]: (0, 0.995)}),
    "does not meet": lambda: SQUARE - pz.Ball(x, 1, center=5),
    "is all of space": lambda: SQUARE - pz.Gaussian(x),
    "leave out time=": lambda: pz.Gaussian(x, time=t) - pz.Ball(x),
    "only a domain can be taken away": lambda: SQUARE - 1,
    "has no boundary": lambda: pz.Gaussian(x).sample_boundary(3, seeded()),
    "is not on the boundary": lambda: SQUARE.normals([[0.5, 0.5]]),
    "pass a Ball, a Shell, a Simplex or a difference": lambda: pz.normal_derivative(sp.Function("u")(*x), SQUARE),
}


@pytest.mark.parametrize("message", BAD)
def test_wrong_use_is_a_sentence(message):
    with pytest.raises(DeclarationError, match=message):
        BAD[message]()


def test_wrong_shapes_and_boundaries():
    with pytest.raises(ShapeError, match=r"points has shape \(3,\): give \(N, 2\)"):
        SQUARE.contains([1.0, 2.0, 3.0])
    v = sp.Function("u")(*x, t)
    domain = pz.Box({x: (0, 1), t: (0, 1)}) - pz.Box({x: (0.2, 0.4), t: (0.2, 0.4)})
    with pytest.raises(DeclarationError, match="Boundary speaks of space"):
        pz.Problem(sp.Eq(v.diff(t), 0), domain, [pz.Boundary(v, 0)])
    s = sp.Symbol("s", real=True)
    v = sp.Function("u")(*x, s)
    with pytest.raises(DeclarationError, match="one spatial boundary"):
        pz.Problem(sp.Eq(v.diff(s), 0), PLATE * pz.Box({s: (0, 1)}), [pz.Boundary(v, 0)])
    assert isinstance(PLATE, Difference)


def test_poisson_on_a_shell():
    """−Δu = 6 between spheres of radii 1/2 and 1: u* = 1 − r² + ¾ (1 − 1/r), which vanishes on both."""
    r = sp.sqrt(sum(s**2 for s in y))
    exact = 1 - r**2 + sp.Rational(3, 4) * (1 - 1 / r)
    v = sp.Function("u")(*y)
    problem = pz.Problem(sp.Eq(-pz.laplacian(v, y), 6), pz.Shell(y, 0.5, 1), [pz.Boundary(v, 0)], exact=exact)
    assert problem.ansatz.hard == ("boundary",)
    budget = pz.Budget(steps=60, target_error=1e-3)
    network = pz.TensorTrainMLP(width=16, features=(r,))
    solution = pz.solve(problem, network=network, budget=budget, points=200, progress=False)
    assert solution.error().relative_l2 < 2e-3


def test_poisson_on_a_plate_with_a_hole():
    exact = sp.exp(x[0]) * sp.sin(x[1]) + x[0] ** 2
    problem = poisson(PLATE, exact)
    assert [c.name for c in problem.ansatz.soft] == ["boundary"]
    budget = pz.Budget(steps=60, target_error=1e-3)
    solution = pz.solve(problem, network=pz.TensorTrainMLP(width=16), budget=budget, points=100, progress=False)
    assert solution.error().relative_l2 < 2e-3
    # A plane shows the hole.
    grid = solution.slice(*x, points=21)
    hole = torch.from_numpy(grid.values).isnan()
    assert torch.equal(hole, torch.from_numpy(grid.exact).isnan())
    assert hole.sum() == 45  # the points of ℤ² with i² + j² < 16

"""How far a solution is from the exact one, beside two baselines that have learnt nothing or next to nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch

from pinnzo.assembly import Assembly
from pinnzo.errors import SettingError
from pinnzo.fields import as_columns
from pinnzo.settings import whole_number


@dataclass(frozen=True)
class Accuracy:
    """Errors against the exact solution on points that were never trained on.

    Relative errors are infinite or NaN where the exact solution is zero everywhere. In a system the norms are over all
    unknown functions together.

    Attributes:
        relative_l2: ‖u − u*‖₂ / ‖u*‖₂.
        max_abs: max |u − u*|.
        rmse: root mean square of u − u*.
        zero_network: relative L2 error of the ansatz with f ≡ 0.
        affine_network: relative L2 error with the best affine f, fitted by least squares to u* on other points.
        points: the number of points.
        by_function: ‖u − u*‖₂ / ‖u*‖₂ of each unknown function, by its name.
    """

    relative_l2: float
    max_abs: float
    rmse: float
    zero_network: float
    affine_network: float
    points: int
    by_function: Mapping[str, float] = field(default_factory=dict)


def measure(
    assembly: Assembly,
    theta: torch.Tensor,
    count: int,
    values: Callable[[torch.Tensor], torch.Tensor] | None = None,
) -> Accuracy:
    """Compare a solution with the exact one on fresh points of the domain.

    Args:
        assembly: of the run.
        theta: the parameters, (d,).
        count: the number of points.
        values: what is compared, as a function of points; by default the solution of these parameters.

    Raises:
        SettingError: no exact solution is known, or ``count`` is not positive.
    """
    problem = assembly.problem
    if problem.exact is None:
        raise SettingError("The problem has no exact solution to compare with: give one as Problem(exact=…).")
    count = whole_number(count, 1, "points", "the number of points to compare at")
    x, exact = assembly.reference("test", count)
    found = assembly.values(theta, x) if values is None else values(x)
    gap = found.double() - exact
    scale = exact.norm()
    x = x.double()
    A = as_columns(assembly.compiled.ansatz(x)[0])
    each = (gap.reshape(count, -1).norm(dim=0) / exact.reshape(count, -1).norm(dim=0)).tolist()
    return Accuracy(
        relative_l2=float(gap.norm() / scale),
        max_abs=float(gap.abs().max()),
        rmse=float(gap.square().mean().sqrt()),
        zero_network=float((A - exact).norm() / scale),
        affine_network=float((_affine_fit(assembly, x) - exact).norm() / scale),
        points=count,
        by_function={u.func.__name__: error for u, error in zip(problem.functions, each, strict=True)},
    )


def _affine_fit(assembly: Assembly, x: torch.Tensor) -> torch.Tensor:
    """A + B (a·x + b) at points x, with a and b from a least-squares fit to the exact solution on other points.

    In a system each unknown function has an A, B, a and b of its own.
    """
    problem = assembly.problem
    fit_on = problem.sampler.interior(max(10_000, 10 * (problem.dimension + 1)), assembly.generator("affine"))
    exact = problem.exact_values(fit_on)
    assert exact is not None

    def design(points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        A, B = assembly.compiled.ansatz(points)
        return A[..., None], B[..., None] * torch.cat([points, torch.ones_like(points[:, :1])], dim=1)

    A, columns = design(fit_on)
    wanted = exact.reshape(len(fit_on), -1).T[..., None] - A
    # The rank-revealing driver exists on the CPU only; a factor B that vanishes somewhere may leave columns dependent.
    solved = torch.linalg.lstsq(columns.cpu(), wanted.cpu(), driver="gelsd").solution
    coefficients = solved.to(columns)
    A, columns = design(x)
    return as_columns((A + columns @ coefficients)[..., 0])

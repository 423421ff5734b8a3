"""How the residual of the equations is distributed over the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from pinnzo.errors import NonFiniteError
from pinnzo.report.charts import Axis, across, chart, down
from pinnzo.report.markup import section, table, text
from pinnzo.report.readable import readable

if TYPE_CHECKING:
    from pinnzo.solution import Solution

TITLE = "Distribution of the residual"
POINTS = 2_000
BINS = 41
MEASURES = ("root mean square", "median of the size", "95 % are below", "largest size")
SHARE = 0.99
"""Of the points that a histogram shows; a few far ones would press all others into one bar."""


def residual_section(solution: Solution) -> str:
    """The section with a histogram for each equation."""
    generator = torch.Generator().manual_seed(0)
    points = solution.problem.sampler.interior(POINTS, generator).numpy()
    try:
        values = np.asarray(solution.residual(points))
    except NonFiniteError as error:
        return section("residual", TITLE, f"<p>{text(error)}</p>")
    columns = values.reshape(len(values), -1).T
    several = len(columns) > 1
    names = [f"equation {i + 1}" for i in range(len(columns))] if several else ["the equation"]
    charts = "".join(_histogram(column, name) for column, name in zip(columns, names, strict=True))
    measures = zip(*(map(readable, _figures(column)) for column in columns), strict=True)
    rows = [(what, *values) for what, values in zip(MEASURES, measures, strict=True)]
    head = ["", *names] if several else []
    intro = (
        f"<p>Left side minus right side at {POINTS:,} random points of the domain that were not trained on, with the "
        "derivatives of the run's own estimator.</p>"
    )
    figures = f"<div>{table(head, rows)}</div>"
    return section("residual", TITLE, intro, f'<div class="charts">{charts}{figures}</div>')


def _figures(values: np.ndarray) -> tuple[float, float, float, float]:
    """Root mean square, median, 95th percentile and maximum of |values|."""
    size = np.abs(values)
    with np.errstate(over="ignore"):
        return tuple(  # type: ignore[return-value]
            float(v) for v in (np.sqrt(np.mean(size**2)), np.median(size), np.quantile(size, 0.95), size.max())
        )


def _histogram(values: np.ndarray, name: str) -> str:
    limit = float(np.quantile(np.abs(values), SHARE)) or float(np.abs(values).max()) or 1.0
    counts, edges = np.histogram(values, BINS, (-limit, limit))
    shares = 100 * counts / len(values)
    x = Axis(-limit, limit, f"residual of {name}")
    y = Axis(0.0, 1.08 * float(shares.max()) or 1.0, "share of the points (%)")
    left, top, floor = across(x)(edges), down(y)(shares), float(down(y)(np.array(0.0)))
    bars = "".join(
        f'<path class="bar" d="M{a + 0.5:.1f} {floor:.1f}V{t:.1f}H{b - 0.5:.1f}V{floor:.1f}z"/>'
        for a, b, t, n in zip(left[:-1], left[1:], top, counts, strict=True)
        if n
    )
    beyond = len(values) - int(counts.sum())
    drawn = chart(f"Histogram of the residual of {name}", x, y, bars=bars)
    # Where all are shown there is nothing to say.
    note = f"{beyond:,} of {len(values):,} points lie beyond ±{readable(limit, 1)}." if beyond else ""
    return drawn.replace("</figure>", f'<figcaption class="note">{note}</figcaption></figure>' if note else "</figure>")

"""The report of a run as one HTML page that needs nothing else: no network, no library, no other file."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinnzo.report.convergence import convergence
from pinnzo.report.markup import text
from pinnzo.report.planes import choose_planes
from pinnzo.report.residuals import residual_section
from pinnzo.report.samples import sample_planes
from pinnzo.report.slices_view import slices_section
from pinnzo.report.statement import statement
from pinnzo.report.tables import coefficients, errors, headline, settings
from pinnzo.storage import prepare_folder, write_text

if TYPE_CHECKING:
    from pinnzo.solution import Solution

SCRIPTS = ("elements.js", "drawing.js", "controls.js")


def write_report(
    solution: Solution,
    path: str | Path,
    *,
    planes: Sequence[Any] | None = None,
    over: Any = None,
    at: Mapping[Any, float] | None = None,
) -> Path:
    """Write the report of a solution.

    Args:
        solution: what the report is about.
        path: of the HTML file; its folder is made where it is missing.
        planes: as for ``choose_planes``, as are ``over`` and ``at``.
        over: the variable of the slider.
        at: values of variables that are held.

    Returns:
        The path.

    Raises:
        SettingError: a plane, ``over`` or ``at`` does not fit the problem.
        StorageError: the file cannot be written.
    """
    target = Path(path)
    written = render(solution, planes=planes, over=over, at=at)
    prepare_folder(target.parent)
    write_text(target, written)
    return target


def render(
    solution: Solution,
    *,
    planes: Sequence[Any] | None = None,
    over: Any = None,
    at: Mapping[Any, float] | None = None,
) -> str:
    """The page as text; arguments and errors are those of ``write_report``."""
    chosen = choose_planes(solution.problem, planes, over, at)
    problem = solution.problem
    accuracy = solution.error() if problem.exact is not None else None
    script = "\n".join(_asset(name) for name in SCRIPTS)
    # Nothing but this script may run, whatever else came into the page, and nothing is fetched.
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    warning = (
        ""
        if math.isfinite(solution.loss)
        else '<p class="warning" role="alert">The loss was never finite: what follows are the initial parameters.</p>'
    )
    body = [
        statement(problem),
        errors(solution, accuracy),
        coefficients(solution),
        slices_section(sample_planes(solution, chosen)),
        convergence(solution.history, accuracy),
        residual_section(solution),
        settings(solution),
    ]
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="pinnzo {text(version("pinnzo"))}">
<title>{text(problem.name)} – pinnzo</title>
<link rel="icon" href="data:,">
<style>{_asset("style.css")}</style>
</head>
<body>
<header>
<h1>{text(problem.name)}</h1>
<p class="lead">{text(problem.description)}</p>
{headline(solution, accuracy)}
<p class="status">{text(solution.status)}</p>{warning}
</header>
<main>
{"".join(body)}
</main>
<footer>Solved with forward passes by pinnzo {text(version("pinnzo"))}.</footer>
<script>{script}</script>
</body>
</html>
"""


def _asset(name: str) -> str:
    return files("pinnzo.report").joinpath(name).read_text(encoding="utf-8")

"""The section with the slices: what is there before the script draws into it, and the data that it draws."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np

from pinnzo.report.markup import section, text

VALUES, ERRORS = "viridis", "RdBu_r"
"""Colour maps that all kinds of colour vision can read; that of errors is white at zero."""

COLOURS = 128


def slices_section(planes: Sequence[dict[str, Any]]) -> str:
    """The section on the slices.

    Args:
        planes: what ``sample_planes`` returned.
    """
    functions = [f["name"] for f in planes[0]["functions"]]
    return section(
        "slices",
        "Slices",
        _choice("component", "Function", functions),
        *(_plane(i, plane) for i, plane in enumerate(planes)),
        "<noscript><p>A script of this page draws the slices, and the browser runs none.</p></noscript>",
        f'<script type="application/json" id="data">{_embedded(planes)}</script>',
    )


def colour_map(name: str) -> list[list[int]]:
    """A colour map of matplotlib as red, green and blue from 0 to 255."""
    colours = matplotlib.colormaps[name](np.linspace(0, 1, COLOURS))[:, :3]
    return np.rint(255 * colours).astype(int).tolist()


def _embedded(planes: Sequence[dict[str, Any]]) -> str:
    """JSON in which nothing can end the script element around it."""
    maps = {"values": colour_map(VALUES), "errors": colour_map(ERRORS)}
    data = json.dumps({"planes": planes, "maps": maps}, allow_nan=False, separators=(",", ":"))
    return data.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _plane(number: int, plane: dict[str, Any]) -> str:
    """A plane or a line with its slider, where there is something for it to run over."""
    axes = plane["axes"]
    what = f"{'Plane' if len(axes) == 2 else 'Line'} {text(', '.join(axis['name'] for axis in axes))}"
    slider = ""
    if plane["over"] is not None:
        slider = (
            f'<div class="slide"><label for="slider-{number}">{text(plane["over"]["name"])}</label>'
            f'<output for="slider-{number}"></output>'
            f'<input type="range" id="slider-{number}" min="0" max="0" step="1" value="0"></div>'
        )
    return (
        f'<div class="plane" id="plane-{number}"><div class="controls"><h3>{what}</h3>{slider}</div>'
        '<div class="panels"></div><p class="note held"></p><p class="note reading" aria-live="polite"></p></div>'
    )


def _choice(name: str, what: str, options: Sequence[str]) -> str:
    if len(options) < 2:
        return ""
    buttons = "".join(
        f'<label><input type="radio" name="{name}" value="{i}"{" checked" if i == 0 else ""}>'
        f"<span>{text(option)}</span></label>"
        for i, option in enumerate(options)
    )
    return f"<fieldset><legend>{what}</legend>{buttons}</fieldset>"

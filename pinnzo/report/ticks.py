"""Where the axes of a chart are marked, and how."""

from __future__ import annotations

import math

import numpy as np

from pinnzo.report.readable import power_of_ten, readable

STEPS = (1, 2, 2.5, 5, 10)


def linear_ticks(low: float, high: float, most: int = 6) -> list[tuple[float, str]]:
    """Round numbers between two ends, with their labels.

    Example:
        >>> linear_ticks(0, 10)
        [(0.0, '0'), (2.0, '2'), (4.0, '4'), (6.0, '6'), (8.0, '8'), (10.0, '10')]
    """
    if not high > low:
        return [(low, short(low))]
    rough = (high - low) / max(1, most - 1)
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next((s * unit for s in STEPS if s * unit >= rough * (1 - 1e-9)), 10 * unit)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    places = [i * step for i in range(first, last + 1)]
    return [(place, short(place)) for place in places]


def logarithmic_ticks(low: float, high: float, most: int = 7) -> list[tuple[float, str]]:
    """Powers of ten between two positive ends, with their labels.

    Example:
        >>> logarithmic_ticks(3e-3, 20)
        [(0.01, '10⁻²'), (0.1, '10⁻¹'), (1.0, '10⁰'), (10.0, '10¹')]
    """
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    every = max(1, math.ceil((last - first + 1) / most))
    return [(float(f"1e{e}"), power_of_ten(e)) for e in range(first, last + 1) if e % every == 0]


def short(value: float) -> str:
    """A label: few digits, with a power of ten where that is shorter.

    Example:
        >>> short(2.5e9), short(0.25), short(-0.0), short(1e-5)
        ('2.5 × 10⁹', '0.25', '0', '10⁻⁵')
    """
    value = float(np.format_float_positional(value, precision=4, fractional=False)) if math.isfinite(value) else value
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e5:
        return f"{value:.4g}".replace("-", "−") if abs(value) < 1e4 else readable(round(value))
    mantissa, exponent = f"{value:.3e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".").replace("-", "−")
    power = power_of_ten(int(exponent))
    return {"1": power, "−1": "−" + power}.get(mantissa, f"{mantissa} × {power}")

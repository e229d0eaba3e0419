"""Pearson's chi-squared test, for streams with fixed seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence


def p_value(counts: Sequence[float], expected: Sequence[float] | None = None) -> float:
    """Chance of counts at least as uneven as these, if they were drawn with the ``expected`` shares (even ones unless told).

    Regularised upper incomplete gamma function Q(k/2, x/2) of k degrees of freedom, by its series and continued fraction
    (Abramowitz & Stegun 6.5.29 and 6.5.31).
    """
    shares = [1.0] * len(counts) if expected is None else list(expected)
    total = sum(counts) / sum(shares)
    x = sum((count - total * share) ** 2 / (total * share) for count, share in zip(counts, shares, strict=True)) / 2
    a = (len(counts) - 1) / 2
    if x <= 0:
        return 1.0
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        for n in range(1, 1000):
            term *= x / (a + n)
            total += term
        return 1 - scale * total
    fraction = 0.0
    for n in range(1000, 0, -1):
        fraction = n * (n - a) / (x + 2 * n + 1 - a - fraction)
    return scale / (x + 1 - a - fraction)

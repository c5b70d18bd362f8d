"""Medians with their spread, ratios of pairs, and the exponent of a growth."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FLAT = 0.15
"""A growth below this share of the fixed cost is taken for none: its exponent would be noise."""


@dataclass(frozen=True)
class Spread:
    """The median of several numbers, the smallest and the largest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Spread:
        """Of at least one number."""
        return cls(statistics.median(numbers), min(numbers), max(numbers))


def paired(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """The ratios of each round, ours to theirs: what slows a round slows both.

    Raises:
        ValueError: there are not as many of one as of the other.
    """
    return Spread.of([a / b for a, b in zip(ours, theirs, strict=True)])


def exponent(fixed: float, seconds: Mapping[float, float]) -> float:
    """How a cost grows with its size: e of ``seconds = fixed + factor * size ** e``.

    By least squares over the logarithms of size and of seconds without the fixed cost. 0 where
    the largest size costs hardly more than none at all.

    Args:
        fixed: seconds for size zero.
        seconds: by size, at least two sizes.
    """
    largest = max(seconds)
    if seconds[largest] - fixed < FLAT * fixed:
        return 0.0
    # a size that costs no more than nothing does counts with a hundredth of the fixed cost
    floor = max(fixed / 100, 1e-9)
    points = [(math.log(n), math.log(max(cost - fixed, floor))) for n, cost in seconds.items()]
    middle_x = statistics.fmean(x for x, _ in points)
    middle_y = statistics.fmean(y for _, y in points)
    slope = sum((x - middle_x) * (y - middle_y) for x, y in points)
    return slope / sum((x - middle_x) ** 2 for x, _ in points)

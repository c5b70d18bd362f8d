"""From values to positions: linear and logarithmic scales with round ticks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from matplotlib.ticker import MaxNLocator

from briefing.errors import ChartError, NothingKnownError


@dataclass(frozen=True)
class Scale:
    """Maps a value to a position in points; ``ticks`` are round values inside."""

    position: Callable[[float], float]
    ticks: tuple[float, ...]


def fitted_end(shares: Sequence[float], words: Sequence[float], left: float, right: float) -> float:
    """Where an axis from ``left`` may end so that each label still fits before ``right``.

    Args:
        shares: how far along the axis each label begins, 0 to 1.
        words: width of each label in points, gaps included.
    """
    room = [
        left + (right - width - left) / share
        for share, width in zip(shares, words, strict=True)
        if share > 0
    ]
    return min([right, *room])


def linear(values: Sequence[float], left: float, right: float, *, count: int = 5) -> Scale:
    """From zero (or the smallest negative value) to the first tick beyond the largest value."""
    if not values:
        raise NothingKnownError
    low, high = min(0.0, *values), max(0.0, *values)
    if low == high:
        high = 1.0
    ticks = [
        float(tick) for tick in MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    ]
    ticks = [tick for tick in ticks if tick >= low - 1e-9]
    end = max(ticks[-1], high)
    start = min(ticks[0], low)

    def position(value: float) -> float:
        return left + (value - start) / (end - start) * (right - left)

    return Scale(position, tuple(ticks))


def logarithmic(values: Sequence[float], left: float, right: float) -> Scale:
    """Whole powers of ten around positive values."""
    if not values:
        raise NothingKnownError
    if min(values) <= 0:
        raise ChartError(
            "A logarithmic chart needs values above zero.", "Leave other rows out with `where`."
        )
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    if low == high:
        high += 1
    ticks = tuple(10.0**power for power in range(low, high + 1))

    def position(value: float) -> float:
        return left + (log10(value) - low) / (high - low) * (right - left)

    return Scale(position, ticks)

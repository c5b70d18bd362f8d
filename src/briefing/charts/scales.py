"""From values to positions: linear and logarithmic scales with round ticks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
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


def spanning(values: Sequence[float], left: float, right: float, *, count: int = 5) -> Scale:
    """Around the values; from zero unless they all lie far from it.

    For places, not for lengths: a bar always begins at zero.
    """
    if not values:
        raise NothingKnownError
    low, high = min(values), max(values)
    if low <= 0 <= high or high - low > min(abs(low), abs(high)):
        low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        low, high = min(low, 0.0), max(high, 0.0) or 1.0
    locator = MaxNLocator(count, steps=[1, 2, 2.5, 5, 10])
    ticks = [float(tick) for tick in locator.tick_values(low, high)]
    start, end = min(ticks[0], low), max(ticks[-1], high)

    def position(value: float) -> float:
        return left + (value - start) / (end - start) * (right - left)

    return Scale(position, tuple(ticks))


def thinned(words: Sequence[tuple[float, float]], gap: float = 6.0) -> list[int]:
    """Which of the words may stand in a line: every one, every second, ... but the first.

    Args:
        words: middle and width of each, in points, from left to right.
        gap: what lies between two of them at least, in points.
    """
    for step in range(1, len(words) + 1):
        kept = list(range(0, len(words), step))
        pairs = pairwise(kept)
        if all(
            words[b][0] - words[a][0] >= (words[a][1] + words[b][1]) / 2 + gap for a, b in pairs
        ):
            return kept
    return []


def with_ends(words: Sequence[tuple[float, float]], gap: float = 6.0) -> list[int]:
    """As ``thinned``, but the last one stays, and others give way to it."""
    last = len(words) - 1
    kept = [
        index
        for index in thinned(words, gap)
        if words[last][0] - words[index][0] >= (words[last][1] + words[index][1]) / 2 + gap
    ]
    return [*kept, last] if words else []


def apart(
    wanted: Sequence[float], heights: Sequence[float], low: float, high: float
) -> list[float]:
    """Middles for labels that do not overlap, as near as possible to where they are wanted.

    The sum of the squared moves is the smallest possible: an isotonic regression on the places
    less what lies before each, by pooling adjacent violators (Barlow et al., "Statistical
    Inference under Order Restrictions", 1972), then kept inside ``low`` and ``high``.

    Args:
        wanted: the middle that each label would like, in points, in any order.
        heights: the height of each label. Together they fit between ``low`` and ``high``.
    """
    order = sorted(range(len(wanted)), key=lambda index: (wanted[index], index))
    before, offsets = 0.0, []
    for index in order:
        offsets.append(before + heights[index] / 2)
        before += heights[index]
    blocks: list[tuple[float, int]] = []  # mean and count
    for index, offset in zip(order, offsets, strict=True):
        mean, count = wanted[index] - offset, 1
        while blocks and blocks[-1][0] > mean:
            other, size = blocks.pop()
            mean, count = (mean * count + other * size) / (count + size), count + size
        blocks.append((mean, count))
    means = [mean for mean, count in blocks for _ in range(count)]
    places = [0.0] * len(wanted)
    for index, offset, mean in zip(order, offsets, means, strict=True):
        places[index] = min(max(mean, low), max(high - before, low)) + offset
    return places


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

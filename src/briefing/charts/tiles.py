"""A map of equal tiles: every region the same size, its number in it, shaded by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor
from typing import Any

from briefing.charts import Request
from briefing.charts.labels import Entry, Key, broken
from briefing.charts.style import (
    FAINT,
    INK,
    MUTED,
    ON_SHADES,
    PAPER,
    SHADES,
    SMALL,
    Canvas,
    text_width,
    wrapped,
)
from briefing.errors import NothingKnownError
from briefing.formatting import listing

_WIDE, _GAP, _PAD = 62.0, 3.0, 4.0
_NUMBERS = (13.0, 11.0, 9.0, SMALL)
_KEY = 118.0
_LINE = 9.5
Row = dict[str, Any]


@dataclass(frozen=True)
class _Grid:
    """Where the tiles lie, in points."""

    left: float
    wide: float
    high: float
    size: float
    first: tuple[int, int]

    def corner(self, request: Request, row: Row) -> tuple[float, float]:
        """The top left corner of a row's tile."""
        column = int(request.cell(row, "column")) - self.first[0]
        line = int(request.cell(row, "row")) - self.first[1]
        return self.left + column * (self.wide + _GAP), 2 + line * (self.high + _GAP)


def tiles(request: Request) -> tuple[Canvas, str]:
    """Draw a tile for each row; a region without a number is an empty tile that says so."""
    rows = [row for row in request.rows if request.cell(row, "row") is not None]
    if not rows:
        raise NothingKnownError
    valued = "value" in request.options
    across, down, first = _extent(request, rows)
    beside = valued and not request.narrow
    room = request.width - (_KEY if beside else 0)
    wide = min(_WIDE, (room - 2) / across - _GAP)
    size, high = _sizes(request, rows, wide)
    whole = across * (wide + _GAP)
    left = (room - whole) / 2 + 1
    grid = _Grid(left, wide, high, size, first)
    values = [value for row in rows if (value := request.number(row, "value")) is not None]
    entries = _entries(request, values) if valued else []
    key = Key([] if beside else entries, request.width, left)
    tall = 2 + down * (high + _GAP)
    title = _LINE + 3 if entries and not beside else 0
    below = title + key.height
    title_lines = wrapped(request.title("value"), _KEY - 16, SMALL) if beside else []
    sideways = 12 + _LINE * len(title_lines) + 14 * len(entries) if beside else 0
    canvas = Canvas(max(tall + below, sideways) + 2, request.width)
    for row in rows:
        _tile(canvas, request, row, grid, max(values, default=0.0))
    if beside:
        _key_beside(canvas, title_lines, entries, left + whole + 12)
    elif entries:
        canvas.text(left, tall + 6, request.title("value"), size=SMALL, colour=MUTED)
        key.draw(canvas, tall + title)
    return canvas, _alt(request, rows)


def _extent(request: Request, rows: list[Row]) -> tuple[int, int, tuple[int, int]]:
    """How many tiles lie side by side and below one another, and the first of them."""
    columns = [int(request.cell(row, "column")) for row in rows]
    lines = [int(request.cell(row, "row")) for row in rows]
    first = min(columns), min(lines)
    return max(columns) - first[0] + 1, max(lines) - first[1] + 1, first


def _sizes(request: Request, rows: list[Row], wide: float) -> tuple[float, float]:
    """The size of the numbers and the height of a tile, so that every word fits."""
    room = wide - 2 * _PAD
    lines = max(len(_label(request, row, wide)) for row in rows)
    if "value" not in request.options:
        return 0.0, max(26.0, lines * _LINE + 8)
    known = [row for row in rows if request.cell(row, "value") is not None]
    texts = [request.words(row, "value", short=True) for row in known]
    size = next(
        (s for s in _NUMBERS if all(text_width(t, s, bold=True) <= room for t in texts)), SMALL
    )
    most = max((len(_number(request, row, wide, size)) for row in rows), default=1)
    return size, lines * _LINE + max(size * most, 11.0) * 1.2 + 9


def _label(request: Request, row: Row, wide: float) -> list[str]:
    return broken(request.words(row, "label"), wide - 2 * _PAD, SMALL, bold=True)


def _number(request: Request, row: Row, wide: float, size: float) -> list[str]:
    """The number in as many lines as the tile needs."""
    words = request.words(row, "value", short=True)
    if request.cell(row, "value") is None:
        words = request.say.gettext("no data")
    return broken(words, wide - 2 * _PAD, size, bold=True)


def _tile(canvas: Canvas, request: Request, row: Row, grid: _Grid, largest: float) -> None:
    x, y = grid.corner(request, row)
    value = request.number(row, "value")
    shade, ink = _shade(request, value, largest)
    stressed = request.stressed(row)
    plain = shade is None
    if stressed and "value" not in request.options:
        shade, ink, plain = SHADES[-1], PAPER, False
    canvas.box(x, y, grid.wide, grid.high, fill=shade or PAPER, edge=MUTED if plain else None)
    if stressed:
        canvas.box(x, y, grid.wide, grid.high, fill=None, edge=INK, edge_width=2.4)
    lines = _label(request, row, grid.wide)
    bold = stressed or bool(value)
    for number, words in enumerate(lines):
        first = y + 4 if "value" in request.options else y + (grid.high - len(lines) * _LINE) / 2
        at = first + _LINE * (number + 0.5)
        canvas.text(x + _PAD, at, words, size=SMALL, colour=ink, bold=bold)
    if "value" not in request.options:
        return
    size = SMALL if value is None else grid.size
    shown = _number(request, row, grid.wide, size)
    bottom = y + grid.high - 4 - len(shown) * size * 1.2
    for number, words in enumerate(shown):
        at = bottom + size * 1.2 * (number + 0.5)
        colour = MUTED if value is None else ink
        canvas.text(x + _PAD, at, words, size=size, colour=colour, bold=bold)


def _shade(request: Request, value: float | None, largest: float) -> tuple[str | None, str]:
    """The colour of a tile and of its words."""
    if value is None:
        return None, INK
    if value <= 0 or largest <= 0:
        return FAINT, INK
    step = min(int(value / largest * len(SHADES) - 1e-9), len(SHADES) - 1)
    return SHADES[step], ON_SHADES[step]


def _entries(request: Request, values: Sequence[float]) -> list[Entry]:
    """What the shades mean: equal steps up to the largest value."""
    largest = max(values, default=0.0)
    entries = [Entry(request.amount(0, "value"), FAINT)] if any(v <= 0 for v in values) else []
    if largest <= 0:
        return entries
    steps = [largest * (index + 1) / len(SHADES) for index in range(len(SHADES))]
    if all(value.is_integer() for value in values) and largest <= 1000:
        bounds = [0, *(floor(step + 1e-9) for step in steps)]
        for shade, (low, high) in zip(SHADES, pairwise(bounds), strict=True):
            if high > low:
                text = request.amount(high, "value")
                if low + 1 < high:
                    text = request.say.gettext("{low} to {high}").format(low=low + 1, high=text)
                entries.append(Entry(text, shade))
        return entries
    whole = all(value.is_integer() for value in values)
    for shade, step in zip(SHADES, steps, strict=True):
        text = request.amount(round(step) if whole else step, "value")
        entries.append(Entry(request.say.gettext("up to {high}").format(high=text), shade))
    return entries


def _key_beside(canvas: Canvas, title: list[str], entries: list[Entry], x: float) -> None:
    y = 8.0
    for line in title:
        canvas.text(x, y, line, size=SMALL, colour=MUTED)
        y += _LINE
    for number, entry in enumerate(entries):
        middle = y + 5 + number * 14
        canvas.box(x, middle - 5.5, 11, 11, fill=entry.fill)
        canvas.text(x + 17, middle, entry.words, size=SMALL)


def _alt(request: Request, rows: list[Row]) -> str:
    say = request.say
    marked = [request.words(row, "label") for row in rows if request.stressed(row)]
    frame = ""
    if marked:
        frame = say.gettext("Emphasised: {names}.").format(names=listing(marked, request.language))
    if "value" not in request.options:
        names = listing([request.words(row, "label") for row in rows], request.language)
        text = say.gettext("Tile map of regions: {names}.").format(names=names)
        return f"{text} {frame}".strip()
    by_value: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda row: -(request.number(row, "value") or 0)):
        value = request.cell(row, "value")
        shown = say.gettext("no data")
        if value is not None:
            shown = request.words(row, "value", short=True)
        by_value.setdefault(shown, []).append(request.words(row, "label"))
    parts = [f"{shown}: {listing(names, request.language)}" for shown, names in by_value.items()]
    text = say.gettext("Tile map of regions, {title}. {values}.").format(
        title=request.title("value"), values="; ".join(parts)
    )
    return f"{text} {frame}".strip()

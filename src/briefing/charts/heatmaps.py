"""Rows by columns, each cell shaded by its number, which stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from briefing.charts import Request
from briefing.charts.labels import Entry, Key, Names
from briefing.charts.style import (
    MUTED,
    ON_SHADES,
    RULE,
    SHADES,
    SMALL,
    Canvas,
    text_width,
)
from briefing.errors import ChartError, NothingKnownError
from briefing.formatting import listing

_CELL = 17.0
_NARROWEST = 22.0
_WIDEST = 62.0
_GAP = 1.5
_NOTHING = "–"


@dataclass(frozen=True)
class _Shades:
    """Equal steps from the smallest to the largest value; from zero where none is below."""

    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> _Shades:
        return cls(min(0.0, *values), max(0.0, *values))

    def step(self, value: float) -> int:
        """Which shade."""
        share = (value - self.low) / ((self.high - self.low) or 1)
        return min(int(share * len(SHADES)), len(SHADES) - 1)


def heatmap(request: Request) -> tuple[Canvas, str]:
    """Draw the rows and columns in their order; where the width ends, columns go on below."""
    cells = _cells(request)
    rows = list(dict.fromkeys(row for row, _ in cells))
    columns = list(dict.fromkeys(column for _, column in cells))
    values = [value for row in request.rows if (value := request.number(row, "value")) is not None]
    if not values:
        raise NothingKnownError
    shades = _Shades.of(values)
    widest = max(
        text_width(request.words(r, "value", short=True), SMALL)
        for r in request.rows
        if request.cell(r, "value") is not None
    )
    least = max(widest + 6, _NARROWEST)
    names = Names.fitted(rows, request.width, [least * min(len(columns), 3)], most=0.34, least=0.0)
    room = request.width - names.left
    across = max(1, min(len(columns), int(room // least)))
    blocks = [columns[i : i + across] for i in range(0, len(columns), across)]
    step = min(room / across, max(_WIDEST, least))
    key = Key(_entries(request, cells, len(rows) * len(columns)), request.width, names.left)
    heads = [_head(block, step) for block in blocks]
    heights = [names.height(index, _CELL) for index in range(len(rows))]
    canvas = Canvas(sum(heads) + sum(heights) * len(blocks) + key.height + 4, request.width)
    top = 0.0
    for block, head in zip(blocks, heads, strict=True):
        _titles(canvas, block, names.left, step, top + head)
        top += head
        for index, row in enumerate(rows):
            middle = names.draw(canvas, index, top, _CELL)
            for number, column in enumerate(block):
                x = names.left + step * number
                _cell(canvas, request, cells.get((row, column)), (x, middle, step), shades)
            top += heights[index]
    key.draw(canvas, top + 3)
    return canvas, _alt(request, cells, rows, columns)


def _cells(request: Request) -> dict[tuple[str, str], dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in request.rows:
        place = request.words(row, "row"), request.words(row, "column")
        if place in found:
            raise ChartError(
                f"There are two rows for {place[0]} and {place[1]}.",
                "Group the table by row and column alone.",
            )
        found[place] = row
    return found


def _entries(
    request: Request, cells: dict[tuple[str, str], dict[str, Any]], places: int
) -> list[Entry]:
    """What a dash means, where one is drawn."""
    known = sum(request.cell(row, "value") is not None for row in cells.values())
    if known == places:
        return []
    words = request.say.gettext("not reported")
    return [Entry(f"{_NOTHING} {words}", None, RULE)]


def _head(block: list[str], step: float) -> float:
    """The height of the columns' names: level where all fit, else turned."""
    widest = max(text_width(name, SMALL) for name in block)
    return 14.0 if widest + 4 <= step else widest + 8


def _titles(canvas: Canvas, block: list[str], left: float, step: float, base: float) -> None:
    level = _head(block, step) == 14.0
    for number, name in enumerate(block):
        x = left + step * (number + 0.5)
        if level:
            canvas.text(x - _GAP / 2, base - 6, name, size=SMALL, colour=MUTED, align="center")
        else:
            canvas.turned(x - _GAP / 2, base - 3, name)


def _cell(
    canvas: Canvas,
    request: Request,
    row: dict[str, Any] | None,
    place: tuple[float, float, float],
    shades: _Shades,
) -> None:
    x, middle, step = place
    value = None if row is None else request.number(row, "value")
    top, high, wide = middle - _CELL / 2 + _GAP / 2, _CELL - _GAP, step - _GAP
    if row is None or value is None:
        canvas.box(x, top, wide, high, fill=None, edge=RULE, edge_width=0.6)
        words, colour = _NOTHING, MUTED
    else:
        shade = shades.step(value)
        canvas.box(x, top, wide, high, fill=SHADES[shade])
        words, colour = request.words(row, "value", short=True), ON_SHADES[shade]
    canvas.text(x + wide / 2, middle, words, size=SMALL, colour=colour, align="center")


def _alt(
    request: Request,
    cells: dict[tuple[str, str], dict[str, Any]],
    rows: list[str],
    columns: list[str],
) -> str:
    gap = request.say.gettext("not reported")
    parts = []
    for row in rows:
        own = [(column, cells.get((row, column))) for column in columns]
        told = [f"{column} {request.words(r, 'value') if r else gap}" for column, r in own]
        parts.append(f"{row}: {listing(told, request.language)}")
    return request.say.gettext("Heat map, {title}. {values}.").format(
        title=request.title("value"), values="; ".join(parts)
    )

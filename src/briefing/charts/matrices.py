"""Who does what where: rows by columns, a mark in each cell that holds, words at the side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from briefing.charts import Request
from briefing.charts.style import (
    ACCENT,
    BODY,
    FAINT,
    MARKERS,
    MUTED,
    RULE,
    SMALL,
    WIDTH,
    Canvas,
    text_width,
    wrapped,
)
from briefing.errors import NothingKnownError
from briefing.formatting import listing

_ROW, _LINE = 24.0, 9.5
_SIDE = 128.0


@dataclass(frozen=True)
class _Row:
    """A row of the matrix: its name, the words below and beside it, the rows of the table."""

    name: str
    detail: str
    side: tuple[str, ...]
    cells: tuple[tuple[str, str], ...]

    @property
    def height(self) -> float:
        return max(_ROW, len(self.side) * _LINE + 8)


def matrix(request: Request) -> tuple[Canvas, str]:
    """Draw columns in the order of how many rows have them; kinds of cell differ in shape."""
    if not request.rows:
        raise NothingKnownError
    rows = _rows(request)
    names = [name for row in rows for name, _ in row.cells]
    columns = sorted(dict.fromkeys(names), key=lambda name: -names.count(name))
    kinds = list(dict.fromkeys(kind for row in rows for _, kind in row.cells))
    left = max(max(text_width(r.name, bold=True), text_width(r.detail, SMALL)) for r in rows) + 14
    side_title = request.titles.get("side", "")
    sides = [side_title, *(line for row in rows for line in row.side)]
    right = max(text_width(line, SMALL) for line in sides) + 14
    step = (WIDTH - left - right) / len(columns)
    places = {name: left + step * (index + 0.5) for index, name in enumerate(columns)}
    top = max(text_width(name, SMALL) for name in columns) + 22
    canvas = Canvas(top + sum(row.height for row in rows) + 4)
    for name, x in places.items():
        canvas.turned(x, top - 6, name)
    _key(canvas, kinds)
    canvas.text(WIDTH - right + 12, top - 8, side_title, size=SMALL, colour=MUTED)
    y = top
    for index, row in enumerate(rows):
        _draw_row(canvas, row, y, places, kinds, shaded=index % 2 == 0, side=WIDTH - right + 12)
        y += row.height
    canvas.line((0, WIDTH), (top, top), colour=RULE, width=0.8)
    return canvas, _alt(request, rows)


def _rows(request: Request) -> list[_Row]:
    keys = list(dict.fromkeys(request.words(row, "row") for row in request.rows))
    result = []
    for key in keys:
        own: list[dict[str, Any]] = [r for r in request.rows if request.words(r, "row") == key]
        cells = tuple((request.words(r, "column"), request.words(r, "cell")) for r in own)
        side = tuple(wrapped(request.words(own[0], "side"), _SIDE, SMALL))
        result.append(_Row(key, request.words(own[0], "detail"), side, cells))
    return result


def _key(canvas: Canvas, kinds: list[str]) -> None:
    if len(kinds) < 2:
        return
    x = 4.0
    for index, kind in enumerate(kinds):
        _mark(canvas, x + 4, 6, index, size=6)
        canvas.text(x + 12, 6, kind, size=SMALL, colour=MUTED)
        x += 26 + text_width(kind, SMALL)


def _mark(canvas: Canvas, x: float, y: float, kind: int, *, size: float = 7) -> None:
    marker = MARKERS[kind % len(MARKERS)]
    canvas.mark(x, y, colour=ACCENT, marker=marker, hollow=kind > 0, size=size)


def _draw_row(
    canvas: Canvas,
    row: _Row,
    top: float,
    places: dict[str, float],
    kinds: list[str],
    *,
    shaded: bool,
    side: float,
) -> None:
    middle = top + row.height / 2
    if shaded:
        canvas.box(0, top, WIDTH, row.height, fill=FAINT)
    for x in places.values():
        canvas.line((x, x), (top, top + row.height), width=0.4)
    canvas.text(4, middle - (5 if row.detail else 0), row.name, size=BODY, bold=True)
    if row.detail:
        canvas.text(4, middle + 6, row.detail, size=SMALL, colour=MUTED)
    for number, line in enumerate(row.side):
        offset = (number - (len(row.side) - 1) / 2) * _LINE
        canvas.text(side, middle + offset, line, size=SMALL)
    for name, kind in row.cells:
        _mark(canvas, places[name], middle, kinds.index(kind))


def _alt(request: Request, rows: list[_Row]) -> str:
    parts = []
    for row in rows:
        cells = listing([f"{name} ({kind})" for name, kind in row.cells], request.language)
        extra = ", ".join(words for words in (row.detail, " ".join(row.side)) if words)
        parts.append(f"{row.name}{f' ({extra})' if extra else ''}: {cells}")
    return f"Matrix. {'; '.join(parts)}."

"""Who does what where: rows by columns, a mark in each cell that holds, words at the side."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from briefing.charts import Request
from briefing.charts.labels import Entry, Key
from briefing.charts.style import (
    ACCENT,
    BODY,
    FAINT,
    MARKERS,
    MUTED,
    RULE,
    SMALL,
    Canvas,
    text_width,
    wrapped,
)
from briefing.errors import NothingKnownError
from briefing.formatting import listing

_ROW, _LINE = 24.0, 9.5
_NAMES, _SIDE = 0.36, 0.27  # of the width


@dataclass(frozen=True)
class _Row:
    """A row of the matrix: its name, the words below and beside it, and its cells."""

    name: tuple[str, ...]
    detail: tuple[str, ...]
    side: tuple[str, ...]
    cells: tuple[tuple[str, str], ...]
    below: bool

    @property
    def words(self) -> float:
        """The height of name and detail in points."""
        return len(self.name) * 11 + len(self.detail) * _LINE

    @property
    def marks(self) -> float:
        """The height of what stands beside one another, in points."""
        side = 0 if self.below else len(self.side) * _LINE
        return max(_ROW, self.words + 4, side + 8)

    @property
    def height(self) -> float:
        """The height of the row in points; on a narrow picture the side's words lie below."""
        return self.marks + (len(self.side) * _LINE + 2 if self.below and self.side else 0)


@dataclass(frozen=True)
class _Plan:
    """Where the columns of marks and the words at the side lie."""

    places: dict[str, float]
    kinds: list[str]
    side: float


def matrix(request: Request) -> tuple[Canvas, str]:
    """Draw columns in the order of how many rows have them; kinds of cell differ in shape."""
    if not request.rows:
        raise NothingKnownError
    rows = _rows(request)
    names = [name for row in rows for name, _ in row.cells]
    columns = sorted(dict.fromkeys(names), key=lambda name: -names.count(name))
    kinds = list(dict.fromkeys(kind for row in rows for _, kind in row.cells))
    left, right, title = _margins(request, rows)
    step = (request.width - left - right) / len(columns)
    places = {name: left + step * (index + 0.5) for index, name in enumerate(columns)}
    plan = _Plan(places, kinds, request.width - right + 12)
    entries = [_entry(index, kind) for index, kind in enumerate(kinds)]
    key = Key(entries if len(kinds) > 1 else [], max(left, 120.0) if right else request.width)
    top = max(max(text_width(name, SMALL) for name in columns) + 10, key.height + 4)
    if not right:
        top += key.height
    canvas = Canvas(top + sum(row.height for row in rows) + 4, request.width)
    for name, x in places.items():
        canvas.turned(x, top - 6, name)
    key.draw(canvas, 0)
    if right:
        canvas.text(plan.side, top - 8, title, size=SMALL, colour=MUTED)
    y = top
    for index, row in enumerate(rows):
        _draw_row(canvas, row, y, plan, shaded=index % 2 == 0)
        y += row.height
    canvas.line((0, canvas.width), (top, top), colour=RULE, width=0.8)
    return canvas, _alt(request)


def _margins(request: Request, rows: list[_Row]) -> tuple[float, float, str]:
    """How much the names and the words at the side take."""
    left = 14 + max(max(text_width(line, bold=True) for line in row.name or ("",)) for row in rows)
    left = max([left, *(14 + text_width(line, SMALL) for row in rows for line in row.detail)])
    title = request.titles.get("side", "")
    sides = [title, *(line for row in rows for line in row.side)]
    if rows[0].below or not any(sides):
        return left, 0.0, ""
    return left, max(text_width(line, SMALL) for line in sides) + 14, title


def _own(request: Request) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in request.rows:
        found.setdefault(request.words(row, "row"), []).append(row)
    return found


def _rows(request: Request) -> list[_Row]:
    result = []
    width = request.width * _NAMES
    side_width = request.width - 20 if request.narrow else request.width * _SIDE
    title = request.titles.get("side", "")
    for key, own in _own(request).items():
        cells = tuple((request.words(r, "column"), request.words(r, "cell")) for r in own)
        words = request.words(own[0], "side")
        if request.narrow and not re.search(r"\w", words):
            words = ""  # a dash in a column of its own needs no line of its own
        if words and title and request.narrow:
            words = f"{title}: {words}"
        result.append(
            _Row(
                tuple(wrapped(key, width, bold=True)),
                tuple(wrapped(request.words(own[0], "detail"), width, SMALL)),
                tuple(wrapped(words, side_width, SMALL)),
                cells,
                request.narrow,
            )
        )
    return result


def _entry(kind: int, words: str) -> Entry:
    return Entry(words, ACCENT, marker=MARKERS[kind % len(MARKERS)], hollow=kind > 0)


def _draw_row(canvas: Canvas, row: _Row, top: float, plan: _Plan, *, shaded: bool) -> None:
    middle = top + row.marks / 2
    if shaded:
        canvas.box(0, top, canvas.width, row.height, fill=FAINT)
    for x in plan.places.values():
        canvas.line((x, x), (top, top + row.marks), width=0.4)
    y = middle - row.words / 2
    for words in row.name:
        canvas.text(4, y + 5.5, words, size=BODY, bold=True)
        y += 11
    for words in row.detail:
        canvas.text(4, y + _LINE / 2, words, size=SMALL, colour=MUTED)
        y += _LINE
    for number, line in enumerate(row.side):
        if row.below:
            at = top + row.marks - 1 + _LINE * (number + 0.5)
            canvas.text(12, at, line, size=SMALL)
        else:
            offset = (number - (len(row.side) - 1) / 2) * _LINE
            canvas.text(plan.side, middle + offset, line, size=SMALL)
    for name, kind in row.cells:
        index = plan.kinds.index(kind)
        marker = MARKERS[index % len(MARKERS)]
        canvas.mark(plan.places[name], middle, colour=ACCENT, marker=marker, hollow=index > 0)


def _alt(request: Request) -> str:
    parts = []
    for name, own in _own(request).items():
        pairs = [(request.words(r, "column"), request.words(r, "cell")) for r in own]
        cells = listing(
            [f"{column} ({kind})" if kind else column for column, kind in pairs], request.language
        )
        words = [request.words(own[0], key) for key in ("detail", "side")]
        extra = ", ".join(filter(None, words))
        parts.append(f"{name}{f' ({extra})' if extra else ''}: {cells}")
    return request.say.gettext("Matrix. {values}.").format(values="; ".join(parts))

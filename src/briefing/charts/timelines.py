"""What happened and what is due: a dot for a day, a bar for a stretch or a vague date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from briefing.charts import Request
from briefing.charts.labels import Names
from briefing.charts.style import (
    ACCENT,
    ALARM,
    FAINT,
    MUTED,
    PAPER,
    RULE,
    SMALL,
    Canvas,
    text_width,
)
from briefing.formatting import day

_ROW, _GROUP = 11.0, 16.0
_LABELS = 0.45  # of the width
_VISIBLE = 2.5
_TOP = 28.0
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
Row = dict[str, Any]


@dataclass(frozen=True)
class _Axis:
    """Years from left to right."""

    first: int
    last: int
    left: float
    right: float

    def at(self, when: date) -> float:
        """Where a day lies."""
        start = date(self.first, 1, 1).toordinal()
        whole = date(self.last, 1, 1).toordinal() - start
        return self.left + (when.toordinal() - start) / whole * (self.right - self.left)


def timeline(request: Request) -> tuple[Canvas, str]:
    """Draw the rows in their order, under a heading for each group; the as-of day is a line."""
    rows = [row for row in request.rows if request.cell(row, "start") is not None]
    groups = list(dict.fromkeys(request.words(row, "group") for row in rows))
    labels = [request.words(row, "label") for row in rows]
    words = max(text_width(_when(request, row), SMALL) for row in rows)
    names = Names.fitted(labels, request.width, [words], size=SMALL, most=_LABELS, least=0.34)
    heights = [names.height(index, _ROW) for index in range(len(rows))]
    headings = _GROUP * len(groups) if groups != [""] else 0
    canvas = Canvas(_TOP + 2 + sum(heights) + headings, request.width)
    spans = [_span(request, row) for row in rows]
    first = min(start for start, _ in spans).year
    last = max(request.as_of, *(end for _, end in spans)).year + 1
    axis = _Axis(first, last, names.left, canvas.width - 52)
    _years(canvas, request, axis)
    y = _TOP
    for group in groups:
        if group:
            canvas.box(0, y + 1, canvas.width, _GROUP - 3, fill=FAINT)
            canvas.text(4, y + _GROUP / 2, group, size=SMALL, bold=True)
            y += _GROUP
        for index, row in enumerate(rows):
            if request.words(row, "group") == group:
                middle = names.draw(canvas, index, y, _ROW)
                ends = (axis.at(spans[index][0]), axis.at(spans[index][1]))
                _draw_row(canvas, request, row, middle, ends, axis)
                y += heights[index]
    if not names.above:
        canvas.line((names.left, names.left), (26, canvas.height), colour=RULE, width=0.6)
    return canvas, _alt(request, rows)


def _years(canvas: Canvas, request: Request, axis: _Axis) -> None:
    """Upright lines at round years, and one for the day on which the issue looks."""
    first, last = axis.first, axis.last
    room = int((axis.right - axis.left) // (text_width("2026", SMALL) + 8))
    step = next(s for s in _STEPS if (last - first) / s <= max(room, 1))
    begin = first - first % step + (step if first % step else 0)
    for year in range(begin, last + 1, step):
        x = axis.at(date(year, 1, 1))
        canvas.line((x, x), (26, canvas.height), width=0.4)
        half = text_width(str(year), SMALL) / 2
        canvas.text(max(x, half), 18, str(year), size=SMALL, colour=MUTED, align="center")
    x = axis.at(request.as_of)
    canvas.line((x, x), (12, canvas.height), colour=ALARM, width=0.9)
    today = day(request.as_of, request.language)
    half = text_width(today, SMALL) / 2
    middle = min(max(x, half), canvas.width - half)
    canvas.text(middle, 6, today, size=SMALL, colour=ALARM, align="center")


def _span(request: Request, row: Row) -> tuple[date, date]:
    start = request.cell(row, "start").date()
    end = request.cell(row, "end")
    return start, end.date() if end is not None else start


def _draw_row(
    canvas: Canvas,
    request: Request,
    row: Row,
    y: float,
    ends: tuple[float, float],
    axis: _Axis,
) -> None:
    planned = request.cell(row, "status") == "planned"
    due = planned or _span(request, row)[1] > request.as_of
    begin, finish = ends
    if finish - begin > _VISIBLE:
        fill, edge = (PAPER, ACCENT) if due else (ACCENT, None)
        canvas.box(begin, y - 3, finish - begin, 6, fill=fill, edge=edge)
    else:
        canvas.mark((begin + finish) / 2, y, colour=ACCENT, size=6, hollow=due)
        begin, finish = begin - 3, finish + 3
    words = _when(request, row)
    width = text_width(words, SMALL)
    today = axis.at(request.as_of)
    crossing = finish < today < finish + 8 + width and begin - 5 - width > axis.left
    if finish + 6 + width <= canvas.width and not crossing:
        canvas.text(finish + 6, y, words, size=SMALL, colour=MUTED, halo=True)
    else:
        canvas.text(begin - 5, y, words, size=SMALL, colour=MUTED, align="right", halo=True)


def _when(request: Request, row: Row) -> str:
    start, end = _span(request, row)
    precision = str(request.cell(row, "precision") or "day")
    first, last = (day(when, request.language, precision) for when in (start, end))
    if first == last:
        return last
    if precision != "day" or (start.year, start.month) != (end.year, end.month):
        return f"{first}–{last}"
    words = str(request.say.pgettext("days of one month", "{first_day}–{last}"))
    return words.format(first_day=start.day, last_day=end.day, first=first, last=last)


def _alt(request: Request, rows: list[Row]) -> str:
    parts = [f"{_when(request, row)}: {request.words(row, 'label')}" for row in rows]
    return request.say.gettext("Timeline as of {day}. {values}.").format(
        day=day(request.as_of, request.language), values="; ".join(parts)
    )

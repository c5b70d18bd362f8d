"""What happened and what is due: a dot for a day, a bar for a stretch or a vague date."""

from __future__ import annotations

from datetime import date
from typing import Any

from briefing.charts import Request
from briefing.charts.style import (
    ACCENT,
    ALARM,
    FAINT,
    MUTED,
    RULE,
    SMALL,
    Canvas,
    text_width,
    wrapped,
)
from briefing.formatting import day

_ROW, _GROUP = 11.0, 16.0
_VISIBLE = 2.5


def timeline(request: Request) -> tuple[Canvas, str]:
    """Draw the rows in their order, under a heading for each group; the as-of day is a line."""
    rows = [row for row in request.rows if request.cell(row, "start") is not None]
    groups = list(dict.fromkeys(request.words(row, "group") for row in rows))
    labels = {id(row): wrapped(request.words(row, "label"), 215, SMALL) for row in rows}
    left = max(text_width(line, SMALL) for lines in labels.values() for line in lines) + 12
    spans = {id(row): _span(request, row) for row in rows}
    first = min(start for start, _ in spans.values()).year
    last = max(request.as_of, *(end for _, end in spans.values())).year + 1
    heights = {id(row): max(_ROW, len(labels[id(row)]) * 9.0 + 2) for row in rows}
    headings = _GROUP * len(groups) if groups != [""] else 0
    canvas = Canvas(30 + sum(heights.values()) + headings)
    right = 52.0

    def position(when: date) -> float:
        start = date(first, 1, 1).toordinal()
        whole = date(last, 1, 1).toordinal() - start
        return left + (when.toordinal() - start) / whole * (canvas.width - left - right)

    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 500) if (last - first) / s <= 9)
    for year in range(first - first % step + (step if first % step else 0), last + 1, step):
        x = position(date(year, 1, 1))
        canvas.line((x, x), (26, canvas.height), width=0.4)
        canvas.text(x, 18, str(year), size=SMALL, colour=MUTED, align="center")
    x = position(request.as_of)
    canvas.line((x, x), (12, canvas.height), colour=ALARM, width=0.9)
    canvas.text(
        x, 6, day(request.as_of, request.language), size=SMALL, colour=ALARM, align="center"
    )
    y = 28.0
    for group in groups:
        if group:
            canvas.box(0, y + 1, canvas.width, _GROUP - 3, fill=FAINT)
            canvas.text(4, y + _GROUP / 2, group, size=SMALL, bold=True)
            y += _GROUP
        for row in rows:
            if request.words(row, "group") != group:
                continue
            height = heights[id(row)]
            middle = y + height / 2
            lines = labels[id(row)]
            for number, line in enumerate(lines):
                offset = (number - (len(lines) - 1) / 2) * 9.5
                canvas.text(left - 8, middle + offset, line, size=SMALL, align="right")
            _draw_row(
                canvas,
                request,
                row,
                middle,
                (position(spans[id(row)][0]), position(spans[id(row)][1])),
            )
            y += height
    canvas.line((left, left), (26, canvas.height), colour=RULE, width=0.6)
    return canvas, _alt(request, rows)


def _span(request: Request, row: dict[str, Any]) -> tuple[date, date]:
    start = request.cell(row, "start").date()
    end = request.cell(row, "end")
    return start, end.date() if end is not None else start


def _draw_row(
    canvas: Canvas, request: Request, row: dict[str, Any], y: float, ends: tuple[float, float]
) -> None:
    planned = request.words(row, "status") == "planned"
    due = planned or _span(request, row)[1] > request.as_of
    begin, finish = ends
    if finish - begin > _VISIBLE:
        fill, edge = ("#ffffff", ACCENT) if due else (ACCENT, None)
        canvas.box(begin, y - 3, finish - begin, 6, fill=fill, edge=edge)
    else:
        canvas.mark((begin + finish) / 2, y, colour=ACCENT, size=6, hollow=due)
        begin, finish = begin - 3, finish + 3
    words = _when(request, row)
    if finish + 6 + text_width(words, SMALL) <= canvas.width:
        canvas.text(finish + 6, y, words, size=SMALL, colour=MUTED, halo=True)
    else:
        canvas.text(begin - 5, y, words, size=SMALL, colour=MUTED, align="right", halo=True)


def _when(request: Request, row: dict[str, Any]) -> str:
    start, end = _span(request, row)
    precision = str(request.cell(row, "precision") or "day")
    if precision == "day" and start != end:
        return f"{start.day}–{day(end, request.language)}"
    return day(end, request.language, precision)


def _alt(request: Request, rows: list[dict[str, Any]]) -> str:
    parts = [f"{_when(request, row)}: {request.words(row, 'label')}" for row in rows]
    return f"Timeline as of {day(request.as_of, request.language)}. {'; '.join(parts)}."

"""Amounts of very different size as dots on a logarithmic scale, grouped and labelled.

Bars would lie here: a bar's length means its amount only from zero, and a logarithmic scale has
no zero. A dot's place makes no such claim, and the grid names each step of ten.
"""

from __future__ import annotations

from typing import Any

from briefing.charts import Request
from briefing.charts.scales import Scale, fitted_end, logarithmic
from briefing.charts.style import (
    BODY,
    FAINT,
    INK,
    MARKERS,
    MUTED,
    RULE,
    SERIES,
    SMALL,
    Canvas,
    text_width,
    wrapped,
)
from briefing.formatting import listing, quantity

_LINE, _PAD, _GROUP = 11.0, 9.0, 18.0
_LABEL = 165.0


def dots(request: Request) -> tuple[Canvas, str]:
    """Draw a line for each row under a heading for each group."""
    rows = request.rows
    values = [float(value) for row in rows if (value := request.cell(row, "value")) is not None]
    groups = list(dict.fromkeys(request.words(row, "group") for row in rows))
    labels = [wrapped(request.words(row, "label"), _LABEL) for row in rows]
    left = max(text_width(line) for lines in labels for line in lines) + 12
    said = [_said(request, row) for row in rows]
    heights = [max(2, len(lines)) * _LINE * 0.86 + _PAD for lines in labels]
    headings = _GROUP * len(groups) if groups != [""] else 0
    canvas = Canvas(26 + sum(heights) + headings)
    unit = request.unit("value")
    whole = logarithmic(values, 0, 1)
    names = [quantity(int(tick), unit, request.language, short=True) for tick in whole.ticks]
    placed = [request.cell(row, "value") for row in rows]
    shares = [whole.position(float(value)) if value is not None else 0.0 for value in placed]
    widths = [text_width(text, SMALL) + 12 for text in said]
    end = fitted_end(shares, widths, left + 8, canvas.width)
    scale = logarithmic(values, left + 8, min(end, canvas.width - text_width(names[-1], SMALL) / 2))
    for tick, name in zip(scale.ticks, names, strict=True):
        x = scale.position(tick)
        canvas.line((x, x), (20, canvas.height), colour=RULE, width=0.4)
        canvas.text(x, 9, name, size=SMALL, colour=MUTED, align="center")
    y = 24.0
    for index, group in enumerate(groups):
        colour, marker = SERIES[index % len(SERIES)], MARKERS[index % len(MARKERS)]
        if group:
            canvas.box(0, y + 1, canvas.width, _GROUP - 4, fill=FAINT)
            canvas.text(4, y + _GROUP / 2 - 1, group, bold=True, colour=colour)
            y += _GROUP
        for row, lines, height, words in zip(rows, labels, heights, said, strict=True):
            if request.words(row, "group") != group:
                continue
            middle = y + height / 2
            first = middle - (len(lines) - 1) * _LINE / 2
            for number, line in enumerate(lines):
                canvas.text(left - 8, first + number * _LINE, line, size=BODY, align="right")
            _draw_row(canvas, request, row, (left, middle), scale, (colour, marker, words))
            y += height
    return canvas, _alt(request, rows)


def _draw_row(
    canvas: Canvas,
    request: Request,
    row: dict[str, Any],
    start: tuple[float, float],
    scale: Scale,
    look: tuple[str, str, str],
) -> None:
    """The dot with its words; without a value only the words, which say so."""
    (left, y), (colour, marker, words) = start, look
    value = request.cell(row, "value")
    if value is None:
        canvas.text(left, y, words, size=SMALL, colour=MUTED)
        return
    x = scale.position(float(value))
    canvas.line((left, x), (y, y), colour=RULE, width=0.5, dashes=(1, 2))
    canvas.mark(x, y, colour=colour, marker=marker)
    canvas.text(x + 8, y, words, size=SMALL, colour=INK, halo=True)


def _said(request: Request, row: dict[str, object]) -> str:
    detail = request.words(row, "detail")
    amount = request.words(row, "value", short=True)
    return f"{amount}, {detail}" if detail else amount


def _alt(request: Request, rows: list[dict[str, object]]) -> str:
    parts = []
    for row in rows:
        group = request.words(row, "group")
        detail = request.words(row, "detail")
        about = ", ".join(str(part) for part in (detail, group) if part)
        amount = request.words(row, "value")
        parts.append(f"{request.words(row, 'label')} {amount}{f' ({about})' if about else ''}")
    return f"Dot chart on a logarithmic scale: {listing(parts, request.language)}."

"""Amounts of very different size as dots on a logarithmic scale, grouped and labelled.

Bars would lie here: a bar's length means its amount only from zero, and a logarithmic scale has
no zero. A dot's place makes no such claim, and the grid names each step of ten.
"""

from __future__ import annotations

from typing import Any

from briefing.charts import Request
from briefing.charts.labels import Names, grid
from briefing.charts.scales import Scale, fitted_end, logarithmic
from briefing.charts.style import (
    FAINT,
    INK,
    MARKERS,
    MUTED,
    RULE,
    SERIES,
    SMALL,
    Canvas,
    text_width,
)
from briefing.formatting import listing

_ROW, _PAD, _GROUP = 19.0, 8.0, 18.0
_MOST = 0.35  # of the width, for the names
_LEAST = 0.4


def dots(request: Request) -> tuple[Canvas, str]:
    """Draw a line for each row under a heading for each group."""
    rows = request.rows
    values = [value for row in rows if (value := request.number(row, "value")) is not None]
    groups = list(dict.fromkeys(request.words(row, "group") for row in rows))
    names, said = _laid_out(request)
    mark = _ROW if not names.above else 13.0
    heights = [
        names.height(index, mark) + (_PAD if not names.above else 2) for index in range(len(rows))
    ]
    headings = _GROUP * len(groups) if groups != [""] else 0
    canvas = Canvas(26 + sum(heights) + headings, request.width)
    scale = _scale(request, values, [text_width(text, SMALL) + 12 for text in said], names.left + 4)
    grid(canvas, scale, lambda tick: request.amount(int(tick), "value"), 9, (20, canvas.height))
    y = 24.0
    for number, group in enumerate(groups):
        look = SERIES[number % len(SERIES)], MARKERS[number % len(MARKERS)]
        if group:
            canvas.box(0, y + 1, canvas.width, _GROUP - 4, fill=FAINT)
            canvas.mark(8, y + _GROUP / 2 - 1, colour=look[0], marker=look[1], size=6)
            canvas.text(16, y + _GROUP / 2 - 1, group, bold=True)
            y += _GROUP
        for index, row in enumerate(rows):
            if request.words(row, "group") != group:
                continue
            middle = names.draw(canvas, index, y, heights[index] if not names.above else mark)
            _draw_row(canvas, request, row, (names.left, middle), scale, (*look, said[index]))
            y += heights[index]
    return canvas, _alt(request, rows)


def _laid_out(request: Request) -> tuple[Names, list[str]]:
    """Names beside the dots and details behind them; on a narrow picture both stand above."""
    labels = [request.words(row, "label") for row in request.rows]
    said = [_said(request, row) for row in request.rows]
    words = [text_width(text, SMALL) + 12 for text in said]
    names = Names.fitted(labels, request.width, words, most=_MOST, least=_LEAST)
    if not names.above:
        return names, said
    details = [request.words(row, "detail") for row in request.rows]
    both = [f"{a}, {b}" if b else a for a, b in zip(labels, details, strict=True)]
    short = [request.words(row, "value", short=True) for row in request.rows]
    return Names.fitted(both, request.width, [request.width]), short


def _scale(request: Request, values: list[float], words: list[float], left: float) -> Scale:
    whole = logarithmic(values, 0, 1)
    placed = [request.number(row, "value") for row in request.rows]
    shares = [0.0 if value is None else whole.position(value) for value in placed]
    return logarithmic(values, left, fitted_end(shares, words, left, request.width))


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
    value = request.number(row, "value")
    if value is None:
        canvas.text(left, y, words, size=SMALL, colour=MUTED, halo=True)
        return
    x = scale.position(value)
    canvas.line((left, x), (y, y), colour=RULE, width=0.5, dashes=(1, 2))
    canvas.mark(x, y, colour=colour, marker=marker)
    canvas.text(x + 8, y, words, size=SMALL, colour=INK, halo=True)


def _said(request: Request, row: dict[str, object]) -> str:
    detail = request.words(row, "detail")
    amount = request.words(row, "value", short=True)
    return f"{amount}, {detail}" if detail else amount


def _alt(request: Request, rows: list[dict[str, Any]]) -> str:
    parts = []
    for row in rows:
        about = ", ".join(filter(None, (request.words(row, key) for key in ("detail", "group"))))
        amount = request.words(row, "value")
        parts.append(f"{request.words(row, 'label')} {amount}{f' ({about})' if about else ''}")
    return request.say.gettext("Dot chart on a logarithmic scale: {values}.").format(
        values=listing(parts, request.language)
    )

"""Two values for each row and what lies between them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from briefing.charts import Request
from briefing.charts.labels import Entry, Key, Names, grid, tick_value
from briefing.charts.scales import Scale, fitted_end, spanning
from briefing.charts.style import ACCENT, MUTED, RULE, SMALL, SOFT, Canvas, text_width
from briefing.formatting import number, qualified

_ROW = 17.0


def dumbbell(request: Request) -> tuple[Canvas, str]:
    """Draw a hollow mark for the first value, a filled one for the second, a bar between."""
    said = [_said(request, row) for row in request.rows]
    widths = [text_width(text, SMALL) + 10 for text in said]
    names = Names.fitted([request.words(r, "label") for r in request.rows], request.width, widths)
    key = Key(_entries(request), request.width, 4.0)
    heights = [names.height(index, _ROW) for index in range(len(request.rows))]
    top = key.height + 20
    canvas = Canvas(top + sum(heights) + 2, request.width)
    key.draw(canvas, 1)
    scale = _scale(request, widths, names.left + 5)
    grid(
        canvas,
        scale,
        lambda tick: request.amount(tick_value(tick), "end"),
        key.height + 10,
        (top - 2, canvas.height),
    )
    for index, row in enumerate(request.rows):
        middle = names.draw(canvas, index, top, _ROW)
        _draw_row(canvas, request, row, middle, scale, said[index])
        top += heights[index]
    return canvas, _alt(request)


def _scale(request: Request, widths: list[float], left: float) -> Scale:
    """Ends early enough for the words behind each pair."""
    pairs = [_values(request, row) for row in request.rows]
    present = [value for pair in pairs for value in pair if value is not None]
    unit = spanning(present, 0, 1)
    furthest = [max((v for v in pair if v is not None), default=None) for pair in pairs]
    shares = [0.0 if value is None else unit.position(value) for value in furthest]
    return spanning(present, left, fitted_end(shares, widths, left, request.width - 5))


def _values(request: Request, row: dict[str, Any]) -> tuple[float | None, float | None]:
    return request.number(row, "start"), request.number(row, "end")


def _labels(request: Request) -> tuple[str, str]:
    start = request.options.get("start_label") or request.title("start")
    return start, request.options.get("end_label") or request.title("end")


def _entries(request: Request) -> list[Entry]:
    start, end = _labels(request)
    return [
        Entry(start, ACCENT, marker="o", hollow=True),
        Entry(end, ACCENT, marker="o"),
    ]


def _draw_row(
    canvas: Canvas, request: Request, row: dict[str, Any], y: float, scale: Scale, said: str
) -> None:
    start, end = (
        None if value is None else scale.position(value) for value in _values(request, row)
    )
    placed = [x for x in (start, end) if x is not None]
    if not placed:
        canvas.text(
            scale.position(scale.ticks[0]) + 4, y, said, size=SMALL, colour=MUTED, halo=True
        )
        return
    canvas.line((scale.position(scale.ticks[0]), min(placed)), (y, y), colour=RULE, width=0.4)
    if start is not None and end is not None:
        canvas.line((start, end), (y, y), colour=SOFT, width=3)
    if start is not None:
        canvas.mark(start, y, colour=ACCENT, hollow=True, size=6.5)
    if end is not None:
        canvas.mark(end, y, colour=ACCENT)
    canvas.text(max(placed) + 8, y, said, size=SMALL, halo=True)


def _said(request: Request, row: dict[str, Any]) -> str:
    """Both values, and the difference where both are known."""
    start = request.words(row, "start", short=True)
    end = request.words(row, "end", short=True)
    first, second = _values(request, row)
    if first is None and second is None:
        return start
    if first is None or second is None:
        return f"{start} → {end}"
    return f"{start} → {end} ({difference(request, row, 'start', 'end')})"


def difference(request: Request, row: dict[str, Any], start: str, end: str) -> str:
    """What was added or lost, with its sign; percentages differ by percentage points."""
    change = Decimal(str(request.cell(row, end))) - Decimal(str(request.cell(row, start)))
    unit = request.unit(end)
    sign = "+" if change > 0 else "-" if change < 0 else "±"
    if unit in {"percent", "ratio"}:
        points = abs(change) * (100 if unit == "ratio" else 1)
        decimals = 0 if points == points.to_integral_value() else 1
        text = request.say.gettext("{number} points").format(
            number=number(points, request.language, decimals)
        )
    else:
        plain = int(change) if change == change.to_integral_value() else float(change)
        text = request.amount(abs(plain), end)
    hedged = request.hedge(row, start) or request.hedge(row, end)
    return qualified(f"{sign}{text}", "about" if hedged else None, request.language)


def _alt(request: Request) -> str:
    start, end = _labels(request)
    parts = []
    for row in request.rows:
        values = f"{request.words(row, 'start')} → {request.words(row, 'end')}"
        if None not in _values(request, row):
            values += f" ({difference(request, row, 'start', 'end')})"
        parts.append(f"{request.words(row, 'label')} {values}")
    return request.say.gettext("Dumbbell chart, from {start} to {end}. {values}.").format(
        start=start, end=end, values="; ".join(parts)
    )

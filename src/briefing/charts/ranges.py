"""Ranges from the smallest to the largest amount, on a scale from zero."""

from __future__ import annotations

from briefing.charts import Request
from briefing.charts.labels import Names, grid, tick_value
from briefing.charts.scales import Scale, fitted_end, linear
from briefing.charts.style import ACCENT, RULE, SMALL, Canvas, text_width
from briefing.formatting import listing

_ROW = 22.0
_TICKS = 4


def ranges(request: Request) -> tuple[Canvas, str]:
    """Draw each row as a band; a row without a lower end is drawn from zero, open and dashed."""
    rows = request.rows
    ends = [float(request.cell(row, "end")) for row in rows]
    said = [_said(request, row) for row in rows]
    widths = [text_width(text, SMALL) + 14 for text in said]
    names = Names.fitted([request.words(row, "label") for row in rows], request.width, widths)
    heights = [names.height(index, _ROW) for index in range(len(rows))]
    canvas = Canvas(24 + sum(heights), request.width)
    scale = _scale(request, ends, widths, names.left)
    grid(
        canvas,
        scale,
        lambda tick: request.amount(tick_value(tick), "end"),
        8,
        (18, canvas.height),
    )
    top = 22.0
    for index, row in enumerate(rows):
        y = names.draw(canvas, index, top, _ROW)
        finish = scale.position(ends[index])
        start = request.number(row, "start")
        if start is None:
            zero = scale.position(0)
            canvas.line((zero, finish), (y, y), colour=ACCENT, width=1.2, dashes=(3, 2))
        else:
            begin = scale.position(start)
            canvas.box(min(begin, finish), y - 4, abs(finish - begin), 8, fill=ACCENT)
            canvas.line((begin, begin), (y - 7, y + 7), colour=ACCENT, width=1.6)
        canvas.line((finish, finish), (y - 7, y + 7), colour=ACCENT, width=1.6)
        canvas.text(
            max(finish, scale.position(start or 0)) + 7, y, said[index], size=SMALL, halo=True
        )
        top += heights[index]
    zero = scale.position(0)
    canvas.line((zero, zero), (18, canvas.height), colour=RULE, width=0.8)
    return canvas, _alt(request)


def _scale(request: Request, ends: list[float], widths: list[float], left: float) -> Scale:
    starts = [request.number(row, "start") for row in request.rows]
    values = [*ends, *(start for start in starts if start is not None)]
    unit = linear(values, 0, 1, count=_TICKS)
    shares = [unit.position(max(end, start or 0)) for end, start in zip(ends, starts, strict=True)]
    right = fitted_end(shares, widths, left, request.width)
    return linear(values, left, right, count=_TICKS)


def _said(request: Request, row: dict[str, object]) -> str:
    end = request.words(row, "end", short=True)
    if request.cell(row, "start") is None:
        return end
    hedged = request.hedge(row, "start") or request.hedge(row, "end")
    return f"{request.words(row, 'start', short=True)}{' ' if hedged else '–'}{end}"


def _alt(request: Request) -> str:
    parts = []
    for row in request.rows:
        amount = request.words(row, "end")
        if request.cell(row, "start") is not None:
            hedged = request.hedge(row, "start") or request.hedge(row, "end")
            amount = f"{request.words(row, 'start')}{' ' if hedged else ' – '}{amount}"
        parts.append(f"{request.words(row, 'label')} {amount}")
    return request.say.gettext("Range chart: {values}.").format(
        values=listing(parts, request.language)
    )

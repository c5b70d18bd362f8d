"""Ranges from the smallest to the largest amount, on a scale from zero."""

from __future__ import annotations

from briefing.charts import Request
from briefing.charts.scales import fitted_end, linear
from briefing.charts.style import ACCENT, MUTED, RULE, SMALL, Canvas, text_width, wrapped
from briefing.formatting import listing, quantity

_ROW = 26.0


def ranges(request: Request) -> tuple[Canvas, str]:
    """Draw each row as a band; a row without a lower end is drawn from zero, open and dashed."""
    labels = [wrapped(request.words(row, "label"), 150) for row in request.rows]
    left = max(text_width(line) for lines in labels for line in lines) + 12
    ends = [float(request.cell(row, "end")) for row in request.rows]
    said = [_said(request, row) for row in request.rows]
    canvas = Canvas(24 + _ROW * len(labels))
    shares = [linear(ends, 0, 1, count=4).position(value) for value in ends]
    widths = [text_width(text, SMALL) + 14 for text in said]
    end = fitted_end(shares, widths, left, canvas.width)
    unit = request.unit("end")
    last = quantity(int(linear(ends, 0, 1, count=4).ticks[-1]), unit, request.language, short=True)
    scale = linear(ends, left, min(end, canvas.width - text_width(last, SMALL) / 2), count=4)
    for tick in scale.ticks:
        x = scale.position(tick)
        canvas.line((x, x), (18, canvas.height), width=0.4)
        name = quantity(int(tick), unit, request.language, short=True)
        canvas.text(x, 8, name, size=SMALL, colour=MUTED, align="center")
    for index, row in enumerate(request.rows):
        y = 22 + _ROW * (index + 0.5)
        for number, line in enumerate(labels[index]):
            offset = (number - (len(labels[index]) - 1) / 2) * 11
            canvas.text(left - 8, y + offset, line, align="right")
        finish = scale.position(ends[index])
        start = request.cell(row, "start")
        if start is None:
            zero = scale.position(0)
            canvas.line((zero, finish), (y, y), colour=ACCENT, width=1.2, dashes=(3, 2))
        else:
            begin = scale.position(float(start))
            canvas.box(begin, y - 4, finish - begin, 8, fill=ACCENT)
            canvas.line((begin, begin), (y - 7, y + 7), colour=ACCENT, width=1.6)
        canvas.line((finish, finish), (y - 7, y + 7), colour=ACCENT, width=1.6)
        canvas.text(finish + 7, y, said[index], size=SMALL, halo=True)
    canvas.line((scale.position(0),) * 2, (18, canvas.height), colour=RULE, width=0.8)
    return canvas, _alt(request)


def _said(request: Request, row: dict[str, object]) -> str:
    end = request.words(row, "end", short=True)
    if request.cell(row, "start") is None:
        return end
    return f"{request.words(row, 'start', short=True)} {end}"


def _alt(request: Request) -> str:
    parts = []
    for row in request.rows:
        start = request.cell(row, "start")
        amount = request.words(row, "end")
        if start is not None:
            amount = f"{request.words(row, 'start')} {amount}"
        parts.append(f"{request.words(row, 'label')} {amount}")
    return f"Range chart: {listing(parts, request.language)}."

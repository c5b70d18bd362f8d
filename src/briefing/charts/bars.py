"""Horizontal bars from zero, each labelled with its amount."""

from __future__ import annotations

from briefing.charts import Request
from briefing.charts.scales import fitted_end, linear
from briefing.charts.style import ACCENT, BODY, INK, MUTED, RULE, SMALL, SOFT, Canvas, text_width
from briefing.formatting import listing

_ROW = 13.0


def bar(request: Request) -> tuple[Canvas, str]:
    """Draw the rows in their order; a row without a value says so."""
    labels = [request.words(row, "label") for row in request.rows]
    amounts = [request.cell(row, "value") for row in request.rows]
    texts = [request.words(row, "value", short=True) for row in request.rows]
    stressed = [request.cell(row, "emphasis") is not None for row in request.rows]
    left = max(text_width(label, BODY, bold=True) for label in labels) + 10
    legend = request.options.get("emphasis_label", "")
    top = 16.0 if legend else 4.0
    canvas = Canvas(top + _ROW * len(labels) + 4)
    present = [float(amount) for amount in amounts if amount is not None]
    unit = linear(present, 0, 1)
    shares = [unit.position(float(amount or 0)) for amount in amounts]
    widths = [text_width(text, SMALL, bold=True) + 6 for text in texts]
    scale = linear(present, left, fitted_end(shares, widths, left, canvas.width))
    zero = scale.position(0)
    if legend:
        canvas.box(left, 3, 8, 8, fill=ACCENT)
        canvas.text(left + 12, 7, legend, size=SMALL, colour=MUTED)
    for index, (label, amount, text) in enumerate(zip(labels, amounts, texts, strict=True)):
        y = top + _ROW * (index + 0.5)
        canvas.text(left - 6, y, label, align="right", bold=stressed[index])
        if amount is None:
            canvas.text(zero + 4, y, text, size=SMALL, colour=MUTED)
            continue
        end = scale.position(float(amount))
        colour = ACCENT if stressed[index] or not any(stressed) else SOFT
        canvas.box(min(zero, end), y - 4, abs(end - zero), 8, fill=colour)
        canvas.text(max(end, zero) + 4, y, text, size=SMALL, colour=INK, bold=stressed[index])
    canvas.line((zero, zero), (top, canvas.height - 4), colour=RULE)
    return canvas, _alt(request, labels)


def _alt(request: Request, labels: list[str]) -> str:
    pairs = [
        f"{label} {request.words(row, 'value')}"
        for label, row in zip(labels, request.rows, strict=True)
    ]
    return f"Bar chart, {request.title('value')}: {listing(pairs, request.language)}."

"""Progress towards targets: a bar for what was reached, a tick for what was aimed at.

After Stephen Few's bullet graph ("Bullet Graph Design Specification", 2013), each line on its
own scale, because the targets count different things.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from briefing.charts import Request
from briefing.charts.style import (
    ACCENT,
    ALARM,
    BODY,
    FAINT,
    INK,
    MUTED,
    RULE,
    SMALL,
    SOFT,
    Canvas,
    text_width,
    wrapped,
)
from briefing.formatting import day

_ROW = 30.0
_LABEL = 150.0


def bullets(request: Request) -> tuple[Canvas, str]:
    """Draw a line for each target: bar, tick, what was reached of what, and when it is due."""
    labels = [wrapped(request.words(row, "label"), _LABEL) for row in request.rows]
    left = max(text_width(line) for lines in labels for line in lines) + 12
    states = [_state(request, row) for row in request.rows]
    said = [_said(request, row) for row in request.rows]
    right = max(text_width(text, SMALL, bold=True) for text in said)
    right = max(right, *(text_width(text, SMALL) for text, _ in states))
    canvas = Canvas(4 + _ROW * len(labels))
    end = canvas.width - right - 14
    for index, row in enumerate(request.rows):
        y = 4 + _ROW * (index + 0.5)
        for number, line in enumerate(labels[index]):
            offset = (number - (len(labels[index]) - 1) / 2) * 11
            canvas.text(left - 8, y + offset, line, size=BODY, align="right")
        target = float(request.cell(row, "target"))
        actual = request.cell(row, "actual")
        full = max(target, float(actual or 0), float(request.cell(row, "baseline") or 0)) * 1.08
        goal = left + (end - left) * target / full
        state, late = states[index]
        canvas.box(left, y - 7, end - left, 14, fill=FAINT)
        start = request.cell(row, "baseline")
        if start is not None:
            canvas.box(left, y - 6, (end - left) * float(start) / full, 12, fill=SOFT)
        if actual is None:
            words = "no outturn reported"
            if start is not None:
                words = f"{request.words(row, 'baseline', short=True)} at the start; {words}"
            shift = 0.0 if start is None else (end - left) * float(start) / full
            canvas.text(left + shift + 5, y, words, size=SMALL, colour=MUTED)
        else:
            length = (end - left) * float(actual) / full
            canvas.box(left, y - 3.5, length, 7, fill=ACCENT)
        canvas.line((goal, goal), (y - 9.5, y + 9.5), colour=ALARM if late else INK, width=2.2)
        canvas.text(end + 10, y - 6, said[index], size=SMALL, bold=True)
        canvas.text(end + 10, y + 6, state, size=SMALL, colour=ALARM if late else MUTED)
        if index:
            canvas.line((0, canvas.width), (y - _ROW / 2,) * 2, colour=RULE, width=0.3)
    return canvas, _alt(request)


def _said(request: Request, row: dict[str, Any]) -> str:
    target = request.words(row, "target")
    if request.cell(row, "actual") is None:
        return target
    return f"{request.words(row, 'actual', short=True)} of {target}"


def _state(request: Request, row: dict[str, Any]) -> tuple[str, bool]:
    """When the target is due, and whether that day has passed without the target reached."""
    due = request.cell(row, "due")
    if due is None:
        return "no date printed", False
    last: date = due.date()
    when = day(last, request.language, "year" if (last.month, last.day) == (12, 31) else "day")
    if last >= request.as_of:
        return f"due by end of {when}" if len(when) == 4 else f"due by {when}", False
    actual = request.cell(row, "actual")
    if actual is not None and float(actual) >= float(request.cell(row, "target")):
        return f"reached, due {when}", False
    return f"overdue since {when}", True


def _alt(request: Request) -> str:
    parts = []
    for row in request.rows:
        state, _ = _state(request, row)
        reached = "no outturn reported"
        if request.cell(row, "actual") is not None:
            reached = f"{request.words(row, 'actual', short=True)} reached"
        target = request.words(row, "target")
        if request.cell(row, "baseline") is not None:
            reached = f"{request.words(row, 'baseline', short=True)} at the start, {reached}"
        parts.append(f"{request.words(row, 'label')}: target {target}, {reached}, {state}")
    return f"Bullet chart of targets. {'; '.join(parts)}."

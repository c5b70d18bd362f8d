"""Horizontal bars from zero, each labelled with its amount, alone or in groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from briefing.charts import Request
from briefing.charts.labels import Entry, Key, Names
from briefing.charts.scales import Scale, fitted_end, linear
from briefing.charts.style import (
    ACCENT,
    BODY,
    INK,
    MUTED,
    RULE,
    SERIES,
    SMALL,
    SOFT,
    Canvas,
    text_width,
)
from briefing.formatting import listing

_BAR, _ROW, _GROUP = 8.0, 13.0, 7.0
_GAP = 6.0


def bar(request: Request) -> tuple[Canvas, str]:
    """Draw the rows in their order; a row without a value says so."""
    rows = request.rows
    texts = [request.words(row, "value", short=True) for row in rows]
    stressed = [request.stressed(row) for row in rows]
    widths = [text_width(text, SMALL, bold=True) + _GAP for text in texts]
    labels = [request.words(row, "label") for row in rows]
    names = Names.fitted(labels, request.width, widths, bold=True)
    legend = request.options.get("emphasis_label", "")
    key = Key([Entry(legend, ACCENT)] if legend else [], request.width, names.left)
    top = 4.0 + (key.height and key.height + 2)
    heights = [names.height(index, _ROW) for index in range(len(rows))]
    canvas = Canvas(top + sum(heights) + 4, request.width)
    key.draw(canvas, 2)
    amounts = [request.number(row, "value") for row in rows]
    scale = _scale(amounts, widths, names.left, request.width)
    zero = scale.position(0)
    y = top
    for index, height in enumerate(heights):
        middle = names.draw(canvas, index, y, _ROW, bold=stressed[index])
        look = _Look(ACCENT if stressed[index] or not any(stressed) else SOFT, bold=stressed[index])
        _draw_bar(canvas, scale, middle, amounts[index], texts[index], look)
        canvas.line((zero, zero), (middle - _ROW / 2, middle + _ROW / 2), colour=RULE)
        y += height
    pairs = [
        f"{label} {request.words(row, 'value')}" for label, row in zip(labels, rows, strict=True)
    ]
    alt = request.say.gettext("Bar chart, {title}: {values}.").format(
        title=request.title("value"), values=listing(pairs, request.language)
    )
    return canvas, alt


def grouped_bar(request: Request) -> tuple[Canvas, str]:
    """Draw a group of bars for each label; every bar has its name, so that no key is needed."""
    groups = list(dict.fromkeys(request.words(row, "label") for row in request.rows))
    series = list(dict.fromkeys(request.words(row, "series") for row in request.rows))
    texts = {id(row): request.words(row, "value", short=True) for row in request.rows}
    widths = [text_width(texts[id(row)], SMALL) + _GAP for row in request.rows]
    tags = max(text_width(name, SMALL) for name in series) + 8
    names = Names.fitted(groups, request.width, [max(widths) + tags], bold=True)
    left = names.left + tags
    amounts = [request.number(row, "value") for row in request.rows]
    scale = _scale(amounts, widths, left, request.width)
    own = [[r for r in request.rows if request.words(r, "label") == name] for name in groups]
    heights = [names.height(i, _ROW * len(rows)) + _GROUP for i, rows in enumerate(own)]
    canvas = Canvas(sum(heights) + 4, request.width)
    y = 2.0
    for index, (rows, height) in enumerate(zip(own, heights, strict=True)):
        if index:
            canvas.line((0, canvas.width), (y - 1, y - 1), width=0.3)
        first = _group_top(canvas, names, index, y, _ROW * len(rows))
        for number, row in enumerate(rows):
            middle = first + _ROW * (number + 0.5)
            name = request.words(row, "series")
            canvas.text(left - 5, middle, name, size=SMALL, colour=MUTED, align="right")
            look = _Look(SERIES[series.index(name) % len(SERIES)])
            _draw_bar(canvas, scale, middle, request.number(row, "value"), texts[id(row)], look)
        zero = scale.position(0)
        canvas.line((zero, zero), (first, first + _ROW * len(rows)), colour=RULE)
        y += height
    return canvas, _grouped_alt(request, groups, own)


def _group_top(canvas: Canvas, names: Names, index: int, y: float, mark: float) -> float:
    """Write a group's name beside its first bar, or above it; where its first bar begins."""
    lines = names.lines[index]
    if names.above:
        return names.draw(canvas, index, y, mark, bold=True) - mark / 2
    for number, line in enumerate(lines):
        middle = y + _ROW / 2 + number * names.step
        canvas.text(names.left - 6, middle, line, size=BODY, bold=True, align="right")
    return y


@dataclass(frozen=True)
class _Look:
    """How a bar is drawn."""

    colour: str
    bold: bool = False


def _scale(
    amounts: Sequence[float | None], widths: Sequence[float], left: float, right: float
) -> Scale:
    """From ``left`` to where every amount's words still fit."""
    present = [amount for amount in amounts if amount is not None]
    unit = linear(present, 0, 1)
    shares = [unit.position(max(amount or 0, 0)) for amount in amounts]
    return linear(present, left, fitted_end(shares, widths, left, right))


def _draw_bar(
    canvas: Canvas, scale: Scale, y: float, amount: float | None, text: str, look: _Look
) -> None:
    zero = scale.position(0)
    if amount is None:
        canvas.text(zero + 4, y, text, size=SMALL, colour=MUTED)
        return
    end = scale.position(amount)
    canvas.box(min(zero, end), y - _BAR / 2, abs(end - zero), _BAR, fill=look.colour)
    canvas.text(max(end, zero) + 4, y, text, size=SMALL, colour=INK, bold=look.bold)


def _grouped_alt(request: Request, groups: list[str], own: list[list[dict[str, Any]]]) -> str:
    parts = []
    for name, rows in zip(groups, own, strict=True):
        values = [f"{request.words(r, 'series')} {request.words(r, 'value')}" for r in rows]
        parts.append(f"{name}: {listing(values, request.language)}")
    return request.say.gettext("Grouped bar chart, {title}. {values}.").format(
        title=request.title("value"), values="; ".join(parts)
    )

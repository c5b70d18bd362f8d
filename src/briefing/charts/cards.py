"""Key figures side by side: large numbers, what they count, a change and a small line."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from briefing.charts import Request
from briefing.charts.courses import Course, Times, courses, told
from briefing.charts.sparklines import draw_sparkline
from briefing.charts.style import ACCENT, INK, MUTED, SMALL, Canvas, text_width, wrapped

_SIZES = (20.0, 17.0, 14.0, 11.5)
_LINE = 9.5
_ACROSS, _BETWEEN = 16.0, 12.0
_SPARK = 20.0


@dataclass(frozen=True)
class _Card:
    """What stands on a card, in lines that fit its width."""

    value: tuple[str, ...]
    size: float
    known: bool
    label: tuple[str, ...]
    change: str
    rising: int
    course: tuple[float | None, ...]
    span: str
    told: str

    @property
    def height(self) -> float:
        words = len(self.value) * self.size * 1.2 + len(self.label) * _LINE + 12
        return words + (12 if self.change else 0) + (_SPARK + _LINE if self.course else 0)


def cards(request: Request) -> tuple[Canvas, str]:
    """Draw a card for each label, in the order of the rows."""
    count = len({request.words(row, "label") for row in request.rows})
    most = 2 if request.narrow else 4
    columns = ceil(count / ceil(count / most))
    width = (request.width + _ACROSS) / max(columns, 2 if request.narrow else 3) - _ACROSS
    made = _cards(request, width)
    lines = [made[i : i + columns] for i in range(0, len(made), columns)]
    heights = [max(card.height for card in line) for line in lines]
    canvas = Canvas(sum(heights) + _BETWEEN * (len(lines) - 1) + 4, request.width)
    top = 1.0
    for line, height in zip(lines, heights, strict=True):
        values = max(len(card.value) * card.size * 1.2 for card in line)
        labels = max(len(card.label) for card in line) * _LINE
        for number, card in enumerate(line):
            x = number * (width + _ACROSS)
            _draw_card(canvas, card, (x, top), width, (values, labels))
        top += height + _BETWEEN
    alt = request.say.gettext("Key figures. {values}.")
    return canvas, alt.format(values="; ".join(card.told for card in made))


def _cards(request: Request, width: float) -> list[_Card]:
    if "x" not in request.options:
        return [_card(request, row, width, None, None) for row in request.rows]
    times = Times.of(request)
    made = []
    for course in courses(request, times, "label"):
        last = course.last(request)
        row = course.rows[len(course.rows) - 1 if last is None else last]
        row = row or next(item for item in course.rows if item is not None)
        made.append(_card(request, row, width, times, course))
    return made


def _card(
    request: Request,
    row: dict[str, Any],
    width: float,
    times: Times | None,
    course: Course | None,
) -> _Card:
    value = request.words(row, "value")
    known = request.cell(row, "value") is not None
    size = _size(request, width) if known else _SIZES[-1]
    lines = wrapped(value, width, size, bold=True)
    label = request.words(row, "label")
    change = request.number(row, "change")
    text = "" if change is None else _signed(request, row, change)
    said = f"{label} {value}{f' ({text})' if text else ''}"
    points: tuple[float | None, ...] = ()
    span = ""
    if times is not None and course is not None:
        points = tuple(course.values(request)) if len(times.words) > 1 else ()
        span = f"{times.words[0]}–{times.words[-1]}" if points else ""
        said += f": {told(request, times, course)}"
    words = tuple(wrapped(label, width, SMALL))
    rising = 0 if change is None else (change > 0) - (change < 0)
    return _Card(tuple(lines), size, known, words, text, rising, points, span, said)


def _size(request: Request, width: float) -> float:
    """The largest size in which every figure fits on a line; one size for all cards."""
    known = [row for row in request.rows if request.cell(row, "value") is not None]
    texts = [request.words(row, "value") for row in known]
    fitting = (s for s in _SIZES if all(text_width(t, s, bold=True) <= width for t in texts))
    return next(fitting, _SIZES[-1])


def _signed(request: Request, row: dict[str, Any], change: float) -> str:
    text = request.words(row, "change")
    return f"+{text}" if change > 0 and not text.startswith("+") else text


def _draw_card(
    canvas: Canvas,
    card: _Card,
    corner: tuple[float, float],
    width: float,
    rows: tuple[float, float],
) -> None:
    """Values, labels and lines of a row of cards stand at the same heights."""
    x, top = corner
    canvas.line((x, x + width), (top, top), colour=ACCENT, width=1.6)
    for number, words in enumerate(card.value):
        y = top + 4 + card.size * 1.2 * (number + 0.5)
        colour = INK if card.known else MUTED
        canvas.text(x, y, words, size=card.size, bold=card.known, colour=colour)
    y = top + 6 + rows[0]
    for number, words in enumerate(card.label):
        canvas.text(x, y + _LINE * (number + 0.5), words, size=SMALL, colour=MUTED)
    y += rows[1] + 6
    if card.change:
        if card.rising:
            marker = "^" if card.rising > 0 else "v"
            canvas.mark(x + 3, y, colour=INK, marker=marker, size=5)
        canvas.text(x + (9 if card.rising else 0), y, card.change, size=SMALL, bold=True)
        y += 8
    if card.course:
        draw_sparkline(canvas, card.course, (x + 1, y), (min(width, 110.0) - 6, _SPARK - 6))
        canvas.text(x, y + _SPARK, card.span, size=SMALL, colour=MUTED)

"""Courses over time, each named at its end, so that no key is needed."""

from __future__ import annotations

from dataclasses import dataclass

from briefing.charts import Request
from briefing.charts.courses import Course, Times, courses, draw_course, placed, told
from briefing.charts.labels import begins, tick_value
from briefing.charts.scales import Scale, apart, spanning, with_ends
from briefing.charts.style import (
    DASHES,
    INK,
    MARKERS,
    MUTED,
    RULE,
    SERIES,
    SMALL,
    Canvas,
    Point,
    text_width,
    wrapped,
)
from briefing.errors import NothingKnownError

_PLOT, _PLOT_NARROW = 165.0, 150.0
_TOP, _BOTTOM = 10.0, 16.0
_LINE, _BETWEEN = 9.0, 2.5
_REACH = 15.0  # from the end of the axis to the labels
_WIDEST = 0.34  # of the picture, for a label at the end


@dataclass(frozen=True)
class _End:
    """The label at the end of a line: its words in lines, and where the line ends."""

    lines: tuple[tuple[str, bool], ...]
    at: Point | None

    @property
    def height(self) -> float:
        return len(self.lines) * _LINE + _BETWEEN

    @property
    def width(self) -> float:
        return max(text_width(words, SMALL, bold=bold) for words, bold in self.lines)


@dataclass(frozen=True)
class _Frame:
    """Where the axes lie."""

    left: float
    right: float
    top: float
    bottom: float


def line(request: Request) -> tuple[Canvas, str]:
    """Draw a line for each series; its last reported value is marked, named and printed."""
    times = Times.of(request)
    lines = courses(request, times, "series")
    values = [value for each in lines for value in each.values(request) if value is not None]
    if not values:
        raise NothingKnownError
    ends = [_end(request, times, each, len(lines) == 1) for each in lines]
    needed = sum(end.height for end in ends)
    plot = max(_PLOT_NARROW if request.narrow else _PLOT, needed)
    flat = spanning(values, 0, 1)
    note = begins(request, flat, "value")
    top = _TOP + (12 if note else 0)
    canvas = Canvas(top + plot + _BOTTOM, request.width)
    names = [request.amount(tick_value(tick), "value") for tick in flat.ticks]
    left = max(text_width(name, SMALL) for name in names) + 7
    right = request.width - max(end.width for end in ends) - _REACH
    frame = _Frame(left, right, top, top + plot)
    scale = spanning(values, frame.bottom, frame.top)
    _axes(canvas, times, scale, names, frame)
    canvas.text(0, 6, note, size=SMALL, colour=MUTED)
    points = [
        placed(
            each.values(request),
            times.shares,
            lambda share, value: (left + share * (right - left), scale.position(value)),
        )
        for each in lines
    ]
    _draw(canvas, lines, points, request)
    placed_ends = [
        _End(end.lines, [p for p in own if p is not None][-1] if any(own) else None)
        for end, own in zip(ends, points, strict=True)
    ]
    _label(canvas, placed_ends, frame)
    return canvas, f"{_alt(request, times, lines)} {note}".strip()


def _end(request: Request, times: Times, course: Course, alone: bool) -> _End:
    """Name and last value; the period too where the line ends before the axis does."""
    widest = request.width * _WIDEST
    last = course.last(request)
    names = [(words, True) for words in wrapped(course.name, widest, SMALL, bold=True)]
    if last is None:
        value = request.say.gettext("not reported")
    else:
        row = course.rows[last]
        assert row is not None
        value = request.words(row, "value", short=True)
        if last < len(times.words) - 1:
            value += f" ({times.words[last]})"
    if len(names) == 1 and not alone:
        both = text_width(course.name, SMALL, bold=True) + text_width(f" {value}", SMALL)
        if both <= widest:
            return _End(((f"{course.name} {value}", True),), None)
    plain = [(words, False) for words in wrapped(value, widest, SMALL)]
    return _End((*names, *plain), None)


def _axes(canvas: Canvas, times: Times, scale: Scale, names: list[str], frame: _Frame) -> None:
    for tick, name in zip(scale.ticks, names, strict=True):
        y = scale.position(tick)
        zero = tick == 0
        canvas.line((frame.left, frame.right), (y, y), colour=MUTED if zero else RULE, width=0.6)
        canvas.text(frame.left - 5, y, name, size=SMALL, colour=MUTED, align="right")
    marks = []
    for word, share in zip(times.words, times.shares, strict=True):
        half = text_width(word, SMALL) / 2
        x = frame.left + share * (frame.right - frame.left)
        marks.append((min(max(x, half), canvas.width - half), x, word))
    kept = with_ends([(x, text_width(word, SMALL)) for x, _, word in marks])
    for index in kept:
        middle, x, word = marks[index]
        canvas.line((x, x), (frame.bottom, frame.bottom + 3), colour=MUTED)
        canvas.text(middle, frame.bottom + 9, word, size=SMALL, colour=MUTED, align="center")


def _draw(
    canvas: Canvas, lines: list[Course], points: list[list[Point | None]], request: Request
) -> None:
    for index, own in enumerate(points):
        colour, dashes = SERIES[index % len(SERIES)], DASHES[index // len(SERIES) % len(DASHES)]
        draw_course(canvas, own, colour=colour, dashes=dashes)
    for index, own in enumerate(points):
        ended = [point for point in own if point is not None]
        if ended:
            marker = MARKERS[index % len(MARKERS)]
            canvas.mark(*ended[-1], colour=SERIES[index % len(SERIES)], marker=marker, size=5.5)


def _label(canvas: Canvas, ends: list[_End], frame: _Frame) -> None:
    """Labels beside the ends of their lines, moved apart, with a thin line to each end."""
    wanted = [end.at[1] if end.at else frame.bottom for end in ends]
    heights = [end.height for end in ends]
    middles = apart(wanted, heights, frame.top - 4, frame.bottom + 4)
    x = frame.right + _REACH - 2
    for index, (end, middle) in enumerate(zip(ends, middles, strict=True)):
        if end.at and (abs(middle - end.at[1]) > 3 or end.at[0] < frame.right - 1):
            stop = (frame.right + 6, middle)
            canvas.path([end.at, stop, (x - 2, middle)], colour=MUTED, width=0.4)
        colour = SERIES[index % len(SERIES)] if len(ends) > 1 else INK
        for number, (words, bold) in enumerate(end.lines):
            y = middle + (number - (len(end.lines) - 1) / 2) * _LINE
            canvas.text(x, y, words, size=SMALL, colour=colour, bold=bold)


def _alt(request: Request, times: Times, lines: list[Course]) -> str:
    parts = [
        f"{each.name}: {told(request, times, each)}" if each.name else told(request, times, each)
        for each in lines
    ]
    return request.say.gettext("Line chart, {title}. {values}.").format(
        title=request.title("value"), values="; ".join(parts)
    )

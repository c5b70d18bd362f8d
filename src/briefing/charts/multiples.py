"""The same small chart for each group, all on one scale."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from briefing.charts import Request
from briefing.charts.courses import Course, Times, courses, draw_course, placed, told
from briefing.charts.labels import begins, tick_value
from briefing.charts.scales import Scale, fitted_end, linear, spanning, with_ends
from briefing.charts.style import ACCENT, MUTED, RULE, SMALL, Canvas, text_width, wrapped
from briefing.errors import NothingKnownError

_PLOT, _LINE, _BAR = 54.0, 9.5, 11.0
_ACROSS, _GAP = 16.0, 9.0
_NARROWEST, _WIDEST = 96.0, 200.0
_LENGTH = 40.0  # of the longest bar at least


@dataclass(frozen=True)
class _Plan:
    """How the panels lie: how many side by side, and sizes in points.

    Attributes:
        left: where the first panel begins.
        tags: width of the names of bars, or 0.
        end: width of the words behind the last point or the longest bar.
    """

    columns: int
    left: float
    width: float
    plot: float
    tags: float
    end: float
    titles: tuple[tuple[str, ...], ...]

    def title(self, line: int) -> float:
        """The height of the titles of a line of panels."""
        own = self.titles[line * self.columns : (line + 1) * self.columns]
        return max(len(words) for words in own) * _LINE + 3


def small_multiples(request: Request) -> tuple[Canvas, str]:
    """Draw a panel for each group, in the order of the rows."""
    times = Times.of(request)
    panels = courses(request, times, "panel")
    values = [value for each in panels for value in each.values(request) if value is not None]
    if not values:
        raise NothingKnownError
    plan = _planned(request, times, panels, values)
    lines = ceil(len(panels) / plan.columns)
    below = 12.0 if times.dated else 0.0
    heights = [plan.title(line) + plan.plot + below + _GAP for line in range(lines)]
    note = begins(request, _upright(values, 0), "value") if times.dated else ""
    top = 2.0 + (13 if note else 0)
    canvas = Canvas(sum(heights) - _GAP + 4 + top, request.width)
    canvas.text(0, 6, note, size=SMALL, colour=MUTED)
    for line, height in enumerate(heights):
        base = top + plan.title(line) + plan.plot
        if times.dated:
            _side(canvas, request, _upright(values, base), plan.left)
        for index in range(line * plan.columns, min((line + 1) * plan.columns, len(panels))):
            x = plan.left + index % plan.columns * (plan.width + _ACROSS)
            for row, words in enumerate(plan.titles[index]):
                canvas.text(x, top + _LINE * (row + 0.5), words, size=SMALL, bold=True)
            if times.dated:
                _line_panel(
                    canvas, request, times, panels[index], _upright(values, base), (x, base), plan
                )
            else:
                _bar_panel(canvas, request, times, panels[index], values, (x, base), plan)
        top += height
    return canvas, f"{_alt(request, times, panels)} {note}".strip()


def _upright(values: list[float], base: float) -> Scale:
    return spanning(values, base, base - _PLOT + 6, count=2)


def _planned(request: Request, times: Times, panels: list[Course], values: list[float]) -> _Plan:
    texts = [
        request.words(row, "value", short=True)
        for each in panels
        for row, value in zip(each.rows, each.values(request), strict=True)
        if row is not None and value is not None
    ]
    gap = text_width(request.say.gettext("not reported"), SMALL)
    end = max([text_width(words, SMALL, bold=True) for words in texts]) + 9
    if times.dated:
        ticks = spanning(values, 0, 1, count=2).ticks
        names = [request.amount(tick_value(tick), "value") for tick in ticks]
        left, tags = max(text_width(name, SMALL) for name in names) + 6, 0.0
        least, plot = max(_NARROWEST, end + _LENGTH), _PLOT
    else:
        left, tags = 2.0, max(text_width(word, SMALL) for word in times.words) + 6
        least, plot = tags + max(_LENGTH + end, gap), _BAR * len(times.words)
    room = request.width - left + _ACROSS
    most = min(2 if request.narrow else 4, len(panels))
    columns = max(1, min(most, int(room // (least + _ACROSS))))
    columns = ceil(len(panels) / ceil(len(panels) / columns))
    width = min(room / columns - _ACROSS, max(_WIDEST, least))
    titles = tuple(tuple(wrapped(each.name, width, SMALL, bold=True)) for each in panels)
    return _Plan(columns, left, width, plot, tags, end, titles)


def _side(canvas: Canvas, request: Request, scale: Scale, left: float) -> None:
    """The names of the ticks, beside the first panel of a line."""
    for tick in scale.ticks:
        name = request.amount(tick_value(tick), "value")
        y = scale.position(tick)
        canvas.text(left - 5, y, name, size=SMALL, colour=MUTED, align="right")


def _line_panel(
    canvas: Canvas,
    request: Request,
    times: Times,
    course: Course,
    scale: Scale,
    corner: tuple[float, float],
    plan: _Plan,
) -> None:
    left, base = corner
    for tick in scale.ticks:
        y = scale.position(tick)
        canvas.line((left, left + plan.width), (y, y), colour=RULE, width=0.5)
    last = course.last(request)
    if last is None:
        words = request.say.gettext("not reported")
        canvas.text(left + 4, base - _PLOT / 2, words, size=SMALL, colour=MUTED, halo=True)
        return
    width = plan.width - plan.end - 4
    values = course.values(request)
    points = placed(values, times.shares, lambda s, v: (left + 4 + s * width, scale.position(v)))
    draw_course(canvas, points, colour=ACCENT, width=1.4)
    row, at = course.rows[last], points[last]
    assert row is not None
    assert at is not None
    canvas.mark(*at, colour=ACCENT, size=5)
    text = request.words(row, "value", short=True)
    canvas.text(at[0] + 5, at[1], text, size=SMALL, bold=True, halo=True)
    entries = []
    for share, word in zip((0.0, 1.0), (times.words[0], times.words[-1]), strict=True):
        half = text_width(word, SMALL) / 2
        x = left + 4 + share * width
        entries.append((min(max(x, left + half), left + plan.width - half), half * 2))
    chosen = with_ends(entries, 4) if len(times.words) > 1 else [0]
    for index in chosen:
        word = times.words[-1] if index else times.words[0]
        canvas.text(entries[index][0], base + 7, word, size=SMALL, colour=MUTED, align="center")


def _bar_panel(
    canvas: Canvas,
    request: Request,
    times: Times,
    course: Course,
    values: list[float],
    corner: tuple[float, float],
    plan: _Plan,
) -> None:
    left, base = corner
    unit = linear(values, 0, 1)
    shares = [unit.position(max(value, 0.0)) for value in values]
    begin = left + plan.tags
    right = fitted_end(shares, [plan.end] * len(shares), begin, left + plan.width)
    scale = linear(values, begin, right)
    zero = scale.position(0)
    own = zip(times.words, course.rows, course.values(request), strict=True)
    for number, (word, row, value) in enumerate(own):
        y = base - plan.plot + _BAR * (number + 0.5)
        canvas.text(begin - 4, y, word, size=SMALL, colour=MUTED, align="right")
        if value is None or row is None:
            words = request.say.gettext("not reported")
            canvas.text(zero + 4, y, words, size=SMALL, colour=MUTED)
            continue
        end = scale.position(value)
        canvas.box(min(zero, end), y - 3.5, abs(end - zero), 7, fill=ACCENT)
        canvas.text(max(zero, end) + 4, y, request.words(row, "value", short=True), size=SMALL)
    canvas.line((zero, zero), (base - plan.plot, base), colour=RULE)


def _alt(request: Request, times: Times, panels: list[Course]) -> str:
    parts = [f"{each.name}: {told(request, times, each)}" for each in panels]
    return request.say.gettext("Small charts on one scale, {title}. {values}.").format(
        title=request.title("value"), values="; ".join(parts)
    )

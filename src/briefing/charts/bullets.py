"""Progress towards targets: a bar for what was reached, a tick for what was aimed at.

After Stephen Few's bullet graph ("Bullet Graph Design Specification", 2013), each line on its
own scale, because the targets count different things.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from briefing.charts import Request
from briefing.charts.labels import Names
from briefing.charts.style import (
    ACCENT,
    ALARM,
    FAINT,
    INK,
    MUTED,
    SMALL,
    SOFT,
    Canvas,
    text_width,
    wrapped,
)
from briefing.formatting import day

_ROW, _LINE = 30.0, 10.0
_LABELS = 0.33  # of the width


@dataclass(frozen=True)
class _Said:
    """What is said of a target: how much of it, its state, and whether it is late."""

    amount: str
    state: str
    late: bool


@dataclass(frozen=True)
class _Bar:
    """Where a bar lies and how its values turn into lengths."""

    left: float
    right: float
    full: float

    def at(self, value: float) -> float:
        """Where a value lies."""
        return self.left + (self.right - self.left) * value / self.full


def bullets(request: Request) -> tuple[Canvas, str]:
    """Draw a line for each target: bar, tick, what was reached of what, and when it is due."""
    said = [_Said(_amount(request, row), *_state(request, row)) for row in request.rows]
    draw = _below if request.narrow else _beside
    return draw(request, said), _alt(request, said)


def _beside(request: Request, said: list[_Said]) -> Canvas:
    """Name, bar and words side by side."""
    words = max(
        max(text_width(s.amount, SMALL, bold=True), text_width(s.state, SMALL)) for s in said
    )
    names = Names.fitted(
        [request.words(row, "label") for row in request.rows], request.width, [words], most=_LABELS
    )
    if names.above:
        return _below(request, said)
    heights = [names.height(index, _ROW) for index in range(len(said))]
    canvas = Canvas(4 + sum(heights), request.width)
    right, y = canvas.width - words - 14, 4.0
    for index, row in enumerate(request.rows):
        if index:
            canvas.line((0, canvas.width), (y, y), width=0.3)
        middle = names.draw(canvas, index, y, heights[index])
        _draw_bar(canvas, request, row, (names.left + 2, right), middle, late=said[index].late)
        colour = ALARM if said[index].late else MUTED
        canvas.text(right + 10, middle - 6, said[index].amount, size=SMALL, bold=True)
        canvas.text(right + 10, middle + 6, said[index].state, size=SMALL, colour=colour)
        y += heights[index]
    return canvas


def _below(request: Request, said: list[_Said]) -> Canvas:
    """The name above the bar, the words below it."""
    labels = [request.words(row, "label") for row in request.rows]
    names = Names.fitted(labels, request.width, [request.width])
    lines = [
        [
            *((words, INK) for words in wrapped(each.amount, request.width - 8, SMALL, bold=True)),
            *(
                (words, ALARM if each.late else MUTED)
                for words in wrapped(each.state, request.width - 8, SMALL)
            ),
        ]
        for each in said
    ]
    heights = [names.height(i, 20) + len(own) * _LINE + 6 for i, own in enumerate(lines)]
    canvas = Canvas(sum(heights), request.width)
    y = 0.0
    for index, row in enumerate(request.rows):
        if index:
            canvas.line((0, canvas.width), (y, y), width=0.3)
        middle = names.draw(canvas, index, y + 1, 20)
        _draw_bar(canvas, request, row, (4, canvas.width - 4), middle, late=said[index].late)
        for number, (words, colour) in enumerate(lines[index]):
            at = middle + 11 + _LINE * (number + 0.5)
            canvas.text(4, at, words, size=SMALL, colour=colour, bold=colour == INK)
        y += heights[index]
    return canvas


def _draw_bar(
    canvas: Canvas,
    request: Request,
    row: dict[str, Any],
    span: tuple[float, float],
    y: float,
    *,
    late: bool,
) -> None:
    target = float(request.cell(row, "target"))
    actual, start = request.number(row, "actual"), request.number(row, "baseline")
    bar = _Bar(*span, max(target, actual or 0, start or 0, 1e-9) * 1.08)
    canvas.box(span[0], y - 7, span[1] - span[0], 14, fill=FAINT)
    if start is not None:
        canvas.box(span[0], y - 6, bar.at(start) - span[0], 12, fill=SOFT)
    if actual is None:
        words = request.say.gettext("no outturn reported")
        if start is not None:
            words = request.say.gettext("{amount} at the start; no outturn reported").format(
                amount=request.words(row, "baseline", short=True)
            )
        _gap(canvas, words, span, y, bar.at(start or 0))
    else:
        canvas.box(span[0], y - 3.5, bar.at(actual) - span[0], 7, fill=ACCENT)
    goal = bar.at(target)
    canvas.line((goal, goal), (y - 9.5, y + 9.5), colour=ALARM if late else INK, width=2.2)


def _gap(canvas: Canvas, words: str, span: tuple[float, float], y: float, start: float) -> None:
    """Say in the bar that nothing is reported; over the start's band where it leaves no room."""
    width = text_width(words, SMALL)
    x = start + 5
    if x + width > span[1] - (span[1] - span[0]) * 0.09 and start > span[0] + width + 10:
        canvas.text(span[0] + 5, y, words, size=SMALL, colour=INK, halo=True)
    else:
        canvas.text(min(x, span[1] - width), y, words, size=SMALL, colour=MUTED)


def _amount(request: Request, row: dict[str, Any]) -> str:
    target = request.words(row, "target")
    if request.cell(row, "actual") is None:
        return target
    return request.say.gettext("{reached} of {target}").format(
        reached=request.words(row, "actual", short=True), target=target
    )


def _state(request: Request, row: dict[str, Any]) -> tuple[str, bool]:
    """When the target is due, and whether that day has passed without the target reached."""
    say = request.say
    due = request.cell(row, "due")
    if due is None:
        return say.gettext("no date printed"), False
    last: date = due.date()
    whole_year = (last.month, last.day) == (12, 31)
    when = day(last, request.language, "year" if whole_year else "day")
    if last >= request.as_of:
        if whole_year:
            return say.gettext("due by end of {year}").format(year=when), False
        return say.gettext("due by {when}").format(when=when), False
    actual = request.cell(row, "actual")
    if actual is not None and float(actual) >= float(request.cell(row, "target")):
        return say.gettext("reached, due {when}").format(when=when), False
    return say.gettext("past its date, {when}").format(when=when), True


def _alt(request: Request, said: list[_Said]) -> str:
    say = request.say
    parts = []
    for row, each in zip(request.rows, said, strict=True):
        reached = [say.gettext("no outturn reported")]
        if request.cell(row, "actual") is not None:
            amount = request.words(row, "actual", short=True)
            reached = [say.gettext("{amount} reached").format(amount=amount)]
        if request.cell(row, "baseline") is not None:
            amount = request.words(row, "baseline", short=True)
            reached.insert(0, say.gettext("{amount} at the start").format(amount=amount))
        parts.append(
            say.gettext("{label}: target {target}, {reached}, {state}").format(
                label=request.words(row, "label"),
                target=request.words(row, "target"),
                reached=", ".join(reached),
                state=each.state,
            )
        )
    return say.gettext("Bullet chart of targets. {values}.").format(values="; ".join(parts))

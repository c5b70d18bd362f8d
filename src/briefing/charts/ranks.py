"""Places in a ranking on a common scale, the best on the left, with the goal as a line."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from math import sqrt
from typing import Any

from briefing.charts import Request
from briefing.charts.labels import Names
from briefing.charts.scales import fitted_end, thinned
from briefing.charts.style import ACCENT, ALARM, FAINT, MUTED, RULE, SMALL, Canvas, text_width
from briefing.formatting import day, listing, number

_ROW = 16.0
_TICKS = (1, 10, 50, 100, 200, 400, 600, 800, 1000, 1500, 2000, 5000)
Rows = list[dict[str, Any]]


def ranks(request: Request) -> tuple[Canvas, str]:
    """Draw a line for each row; where there are several editions, the latest is filled.

    The scale is the square root of the place, so that the places that matter near the top are
    told apart; the grid names them.
    """
    names = list(dict.fromkeys(request.words(row, "label") for row in request.rows))
    own = [_editions(request, name) for name in names]
    said = [_said(request, rows) for rows in own]
    goal = int(float(request.options["goal"])) if request.options.get("goal") else 0
    furthest = max([*(_rank(request, row) for row in request.rows), goal])
    widths = [text_width(words, SMALL) + 10 for words in said]
    laid = Names.fitted(names, request.width, widths)
    left = laid.left + 10
    shares = [_share(max(_rank(request, row) for row in rows), furthest) for rows in own]
    right = fitted_end(shares, widths, left, request.width)
    heights = [laid.height(index, _ROW) for index in range(len(names))]
    canvas = Canvas(34 + sum(heights), request.width)

    def position(place: float) -> float:
        return left + _share(place, furthest) * (right - left)

    bottom = canvas.height - 2
    if goal:
        _goal(canvas, request, goal, (laid.left + 2, position(goal)), bottom)
    _grid(canvas, request, position, bottom, {"goal": goal, "furthest": furthest})
    y = 28.0
    for index, rows in enumerate(own):
        middle = laid.draw(canvas, index, y, _ROW)
        places = [position(_rank(request, row)) for row in rows]
        canvas.line((laid.left, min(places)), (middle, middle), colour=RULE, width=0.4)
        if len(places) > 1:
            ends = min(places), max(places)
            canvas.line(ends, (middle, middle), colour=ACCENT, width=1.4)
        for x in places[:-1]:
            canvas.mark(x, middle, colour=ACCENT, hollow=True, size=5)
        canvas.mark(places[-1], middle, colour=ACCENT)
        canvas.text(max(places) + 8, middle, said[index], size=SMALL, halo=True)
        y += heights[index]
    return canvas, _alt(request, names, goal)


def _rank(request: Request, row: dict[str, Any]) -> int:
    return int(request.cell(row, "value"))


def _share(place: float, furthest: int) -> float:
    """How far along the axis a place lies, 0 to 1."""
    return (sqrt(place) - 1) / (sqrt(furthest) - 1 or 1)


def _editions(request: Request, name: str) -> Rows:
    """The rows of one name, the latest edition last."""
    own = [row for row in request.rows if request.words(row, "label") == name]
    return sorted(own, key=lambda row: str(request.cell(row, "period")))


def _goal(
    canvas: Canvas, request: Request, goal: int, span: tuple[float, float], bottom: float
) -> None:
    left, x = span
    canvas.box(left, 28, x - left, bottom - 28, fill=FAINT)
    canvas.line((x, x), (12, bottom), colour=ALARM, width=1.2)
    words = request.say.gettext("goal: place {place} or better").format(
        place=number(goal, request.language)
    )
    start = min(x + 4, canvas.width - text_width(words, SMALL))
    canvas.text(start, 7, words, size=SMALL, colour=ALARM)


def _grid(
    canvas: Canvas,
    request: Request,
    position: Callable[[float], float],
    bottom: float,
    limits: dict[str, int],
) -> None:
    ticks = [tick for tick in _TICKS if tick <= limits["furthest"]]
    names = [number(tick, request.language) for tick in ticks]
    places = [(position(t), text_width(n, SMALL)) for t, n in zip(ticks, names, strict=True)]
    for index in thinned(places, 4):
        x = places[index][0]
        if ticks[index] != limits["goal"]:
            canvas.line((x, x), (28, bottom), width=0.4)
        canvas.text(x, 21, names[index], size=SMALL, colour=MUTED, align="center", halo=True)


def _place(request: Request, row: dict[str, Any]) -> str:
    period = request.words(row, "period")
    if re.fullmatch(r"\d{4}", period):
        period = day(date(int(period), 1, 1), request.language, "year")
    return request.say.gettext("{place} in {period}").format(
        place=number(_rank(request, row), request.language), period=period
    )


def _said(request: Request, own: Rows) -> str:
    words = _place(request, own[-1])
    return f"{words} ({_place(request, own[0])})" if len(own) > 1 else words


def _alt(request: Request, names: list[str], goal: int) -> str:
    parts = []
    for name in names:
        places = [_place(request, row) for row in _editions(request, name)]
        parts.append(f"{name} {listing(places, request.language)}")
    alt = request.say.gettext("Places in a ranking by edition. {values}.")
    if goal:
        alt = request.say.gettext(
            "Places in a ranking by edition. {values}. The goal is place {goal} or better."
        )
    return alt.format(values="; ".join(parts), goal=number(goal, request.language))

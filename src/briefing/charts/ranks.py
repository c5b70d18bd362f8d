"""Places in a ranking on a common scale, the best on the left, with the goal as a line."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

from briefing.charts import Request
from briefing.charts.style import ACCENT, ALARM, FAINT, MUTED, RULE, SMALL, Canvas, text_width
from briefing.formatting import listing, number

_ROW = 16.0
_TICKS = (1, 10, 50, 100, 200, 400, 600, 800, 1000, 1500, 2000, 5000)


def ranks(request: Request) -> tuple[Canvas, str]:
    """Draw a line for each row; where there are several editions, the latest is filled.

    The scale is the square root of the place, so that the places that matter near the top are
    told apart; the grid names them.
    """
    names = list(dict.fromkeys(request.words(row, "label") for row in request.rows))
    values = [int(request.cell(row, "value")) for row in request.rows]
    left = max(text_width(name) for name in names) + 14
    right = 120.0
    goal = int(float(request.options["goal"])) if request.options.get("goal") else 0
    canvas = Canvas(40 + _ROW * len(names))
    furthest = max([*values, goal])

    def position(place: float) -> float:
        share = (sqrt(place) - 1) / (sqrt(furthest) - 1 or 1)
        return left + 12 + share * (canvas.width - right - left - 12)

    bottom = canvas.height - 4
    if goal:
        x = position(goal)
        canvas.box(left, 28, x - left, bottom - 28, fill=FAINT)
        canvas.line((x, x), (12, bottom), colour=ALARM, width=1.2)
        words = f"goal: place {number(goal, request.language)} or better"
        canvas.text(x + 4, 7, words, size=SMALL, colour=ALARM)
    _grid(canvas, request, position, (28, bottom), {"goal": goal, "furthest": furthest})
    for index, name in enumerate(names):
        y = 28 + _ROW * (index + 0.5)
        own = [row for row in request.rows if request.words(row, "label") == name]
        own.sort(key=lambda row: str(request.cell(row, "period")))
        places = [position(int(request.cell(row, "value"))) for row in own]
        canvas.text(left - 8, y, name, align="right")
        canvas.line((left, min(places)), (y, y), colour=RULE, width=0.4)
        if len(places) > 1:
            canvas.line((min(places), max(places)), (y, y), colour=ACCENT, width=1.4)
        for x in places[:-1]:
            canvas.mark(x, y, colour=ACCENT, hollow=True, size=5)
        canvas.mark(places[-1], y, colour=ACCENT)
        words = f"{_place(request, own[-1])} in {request.cell(own[-1], 'period')}"
        if len(own) > 1:
            words += f" ({_place(request, own[0])} in {request.cell(own[0], 'period')})"
        canvas.text(max(places) + 8, y, words, size=SMALL, halo=True)
    return canvas, _alt(request, names, goal)


def _grid(
    canvas: Canvas,
    request: Request,
    position: Callable[[float], float],
    span: tuple[float, float],
    limits: dict[str, int],
) -> None:
    for tick in _TICKS:
        if tick <= limits["furthest"]:
            x = position(tick)
            if tick != limits["goal"]:
                canvas.line((x, x), span, width=0.4)
            words = number(tick, request.language)
            canvas.text(x, 21, words, size=SMALL, colour=MUTED, align="center", halo=True)


def _place(request: Request, row: dict[str, object]) -> str:
    return number(int(request.cell(row, "value")), request.language)


def _alt(request: Request, names: list[str], goal: int) -> str:
    parts = []
    for name in names:
        own = [row for row in request.rows if request.words(row, "label") == name]
        own.sort(key=lambda row: str(request.cell(row, "period")))
        places = [f"{_place(request, row)} in {request.cell(row, 'period')}" for row in own]
        parts.append(f"{name} {listing(places, request.language)}")
    aim = f" The goal is place {number(goal, request.language)} or better." if goal else ""
    return f"Places in a ranking by edition. {'; '.join(parts)}.{aim}"

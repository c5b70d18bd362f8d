"""The course of a value over time: points in their order, gaps kept, and drawn as lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from briefing.charts import Request
from briefing.charts.style import Canvas, Point
from briefing.errors import ChartError
from briefing.periods import Period


@dataclass(frozen=True)
class Times:
    """The points of the x axis in their order.

    Attributes:
        words: each as a reader sees it.
        shares: how far along the axis each lies, 0 to 1.
        dated: whether they are moments in time, and not mere names.
    """

    words: tuple[str, ...]
    shares: tuple[float, ...]
    dated: bool

    @classmethod
    def of(cls, request: Request) -> Times:
        """The axis of a chart's rows: in time where all are dates or periods, else as they come."""
        words = dict.fromkeys(request.words(row, "x") for row in request.rows)
        days = {request.words(row, "x"): moment(request.cell(row, "x")) for row in request.rows}
        if any(day is None for day in days.values()):
            last = max(len(words) - 1, 1)
            return cls(tuple(words), tuple(index / last for index in range(len(words))), False)
        known = {word: day.toordinal() for word, day in days.items() if day is not None}
        ordered = sorted(words, key=lambda word: known[word])
        first, last = known[ordered[0]], known[ordered[-1]]
        whole = (last - first) or 1
        return cls(tuple(ordered), tuple((known[w] - first) / whole for w in ordered), True)

    def share(self, word: str) -> float:
        """How far along the axis it lies."""
        return self.shares[self.words.index(word)]


def moment(value: Any) -> date | None:
    """The day on which a date, a year or a period begins; None for a mere name."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return Period.parse(str(value)).start
    except ValueError:
        return None


@dataclass(frozen=True)
class Course:
    """One line: for each point of the axis its row, or None where there is none."""

    name: str
    rows: tuple[dict[str, Any] | None, ...]

    def values(self, request: Request) -> list[float | None]:
        """The numbers in the order of the axis; None where nothing is reported."""
        return [None if row is None else request.number(row, "value") for row in self.rows]

    def last(self, request: Request) -> int | None:
        """Where the last reported value stands."""
        known = [i for i, value in enumerate(self.values(request)) if value is not None]
        return known[-1] if known else None


def courses(request: Request, times: Times, option: str) -> list[Course]:
    """A course for each word in the column that the option names.

    Raises:
        ChartError: two rows stand for the same point.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in request.rows:
        name, x = request.words(row, option), request.words(row, "x")
        own = found.setdefault(name, {})
        if x in own:
            raise ChartError(
                f"{f'{name} has' if name else 'There are'} two rows for {x}.",
                f"Group the table by {request.options['x']} too, or leave rows out with `where`.",
            )
        own[x] = row
    return [
        Course(name, tuple(own.get(word) for word in times.words)) for name, own in found.items()
    ]


def stretches(points: Sequence[Point | None]) -> list[list[Point]]:
    """The points that a line joins: it breaks where one is missing."""
    result: list[list[Point]] = [[]]
    for point in points:
        if point is None:
            result.append([])
        else:
            result[-1].append(point)
    return [stretch for stretch in result if stretch]


def draw_course(
    canvas: Canvas,
    points: Sequence[Point | None],
    *,
    colour: str,
    width: float = 1.6,
    dashes: tuple[float, ...] = (),
) -> None:
    """Draw the line with its gaps; a point between two gaps is a dot."""
    for stretch in stretches(points):
        if len(stretch) > 1:
            canvas.path(stretch, colour=colour, width=width, dashes=dashes)
        else:
            canvas.mark(*stretch[0], colour=colour, size=width * 2)


def told(request: Request, times: Times, course: Course) -> str:
    """Every value of a course in words, gaps too."""
    gap = request.say.gettext("not reported")
    return ", ".join(
        f"{word} {request.words(row, 'value') if row else gap}"
        for word, row in zip(times.words, course.rows, strict=True)
    )


def placed(
    values: Sequence[float | None], shares: Sequence[float], place: Callable[[float, float], Point]
) -> list[Point | None]:
    """Where the values lie; ``place`` turns share and value into a point."""
    return [
        None if value is None else place(share, value)
        for share, value in zip(shares, values, strict=True)
    ]

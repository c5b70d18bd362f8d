"""Small lines without axes, for a cell of a table or a card."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from briefing.catalogues import catalogue
from briefing.charts.courses import draw_course, moment
from briefing.charts.style import ACCENT, Canvas, Point
from briefing.errors import ChartError
from briefing.formatting import is_missing, number, shown
from briefing.frames import rows_in
from briefing.structures import Chart, Table

_DOT = 3.6
_WIDTH, _HEIGHT = 60.0, 11.0


def sparkline(
    values: Sequence[float | None],
    width_pt: float = _WIDTH,
    height_pt: float = _HEIGHT,
    *,
    language: str = "en",
    said: Sequence[str] = (),
) -> Chart:
    """A small line with a dot at its last value; a gap in the values is a gap in the line.

    Args:
        values: in the order of time; None where nothing is reported.
        width_pt: width in points.
        height_pt: height in points.
        language: the reader's, for the words that replace the picture.
        said: each value in words; else the bare numbers.
    """
    canvas = Canvas(height_pt, width_pt, paper=False)
    draw_sparkline(canvas, values, (2, 2.5), (width_pt - 5, height_pt - 5))
    gap = catalogue(language).gettext("not reported")
    words = said or [gap if value is None else _plain(value, language) for value in values]
    alt = catalogue(language).gettext("Course: {values}.").format(values=", ".join(words))
    return Chart(canvas.svg(), width_pt, height_pt, alt)


def _plain(value: float, language: str) -> str:
    return number(value, language, 0 if float(value).is_integer() else 1)


def draw_sparkline(
    canvas: Canvas, values: Sequence[float | None], corner: Point, size: tuple[float, float]
) -> None:
    """Draw the line into a box; it uses the whole height, whatever the values."""
    known = [value for value in values if value is not None]
    if not known:
        return
    low, high = min(known), max(known)
    (left, top), (width, height) = corner, size
    step = width / max(len(values) - 1, 1)

    def place(index: int, value: float) -> Point:
        share = (value - low) / (high - low) if high > low else 0.5
        return left + step * index, top + height * (1 - share)

    points = [None if value is None else place(index, value) for index, value in enumerate(values)]
    draw_course(canvas, points, colour=ACCENT, width=1.1)
    ended = [point for point in points if point is not None]
    canvas.mark(*ended[-1], colour=ACCENT, size=_DOT)


def sparklines(
    keys: Sequence[Any], table: Table, columns: Mapping[str, str], language: str
) -> list[Chart | None]:
    """A small line for each key, from the rows of a table that hold that key, in time's order.

    Args:
        keys: the cells of the printed table's key column, row by row.
        table: the table with the courses.
        columns: ``key``, ``x`` and ``y``, each the name of a column of that table.
        language: the reader's.

    Returns:
        None for a key of which nothing is known.

    Raises:
        ChartError: the table lacks a column, holds a period twice, or a unit does not fit.
    """
    for name in (columns[part] for part in ("key", "x", "y")):
        if name not in table.columns:
            raise ChartError(
                f"The table {table.name} has no column {name!r}.",
                f"It has {', '.join(table.columns)}.",
            )
    rows = rows_in(table.frame)
    times = list(dict.fromkeys(_time(row[columns["x"]]) for row in rows))
    times.sort(key=_order(times))
    made: list[Chart | None] = []
    for key in keys:
        own = [row for row in rows if row[columns["key"]] == key]
        by_time = {_time(row[columns["x"]]): row for row in own}
        if len(by_time) < len(own):
            raise ChartError(
                f"The table {table.name} has two rows for {key} in one period.",
                "Group it by key and period alone.",
            )
        made.append(_one(table, [by_time.get(time) for time in times], times, columns, language))
    return made


def _time(value: Any) -> str:
    day = moment(value) if not isinstance(value, str) else None
    return str(value) if day is None else day.isoformat()


def _order(times: list[str]) -> Callable[[Any], Any]:
    """By time where every one is a moment, else as they come."""
    if all(moment(time) is not None for time in times):
        return moment
    return times[:].index


def _one(
    table: Table,
    rows: Sequence[dict[str, Any] | None],
    times: list[str],
    columns: Mapping[str, str],
    language: str,
) -> Chart | None:
    name = columns["y"]
    values = [None if r is None or is_missing(r[name]) else float(r[name]) for r in rows]
    if all(value is None for value in values):
        return None
    gap = catalogue(language).gettext("not reported")
    said = [
        f"{time} {gap if row is None else shown(table.columns[name], row, language)}"
        for time, row in zip(times, rows, strict=True)
    ]
    return sparkline(values, language=language, said=said)

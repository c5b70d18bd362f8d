"""The chart kinds that ``kind:`` may name, and the options that each understands.

This file draws nothing and imports nothing heavy, so that a configuration can be checked
without matplotlib.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Option:
    """An option of a chart kind.

    Attributes:
        means: "column" names a column of the figure's table, "text" is a computed sentence,
            "words" is a sentence computed for each row, with ``row`` at hand.
        required: whether the chart cannot be drawn without it.
        about: what it does.
        gaps: whether a row may lack it; where not, a row without it is refused by name.
    """

    means: Literal["column", "text", "words"]
    about: str
    required: bool = False
    gaps: bool = True


@dataclass(frozen=True)
class Kind:
    """A chart kind: what it is for, the function that draws it, its options."""

    about: str
    draw: str
    options: dict[str, Option] = field(default_factory=dict)


def _column(about: str, *, required: bool = False, gaps: bool = True) -> Option:
    return Option("column", about, required, gaps)


KINDS: dict[str, Kind] = {
    "bar": Kind(
        "Amounts side by side, from zero.",
        "briefing.charts.bars:bar",
        {
            "label": _column("name of each bar", required=True),
            "value": _column("length of each bar", required=True),
            "emphasis": _column("bars whose cell here is filled are drawn in the accent colour"),
            "emphasis_label": Option("text", "what the accent colour means"),
        },
    ),
    "dots": Kind(
        "Amounts whose sizes differ too much for bars, on a logarithmic scale.",
        "briefing.charts.dots:dots",
        {
            "label": _column("name of each line", required=True),
            "value": _column("position of the dot", required=True),
            "group": _column("lines are grouped and coloured by this"),
            "detail": _column("said after the amount"),
        },
    ),
    "range": Kind(
        "From the smallest to the largest amount, line by line.",
        "briefing.charts.ranges:ranges",
        {
            "label": _column("name of each line", required=True),
            "start": _column("lower end; a line without it has only an upper end"),
            "end": _column("upper end", required=True, gaps=False),
        },
    ),
    "bullet": Kind(
        "Progress towards targets, each on its own scale.",
        "briefing.charts.bullets:bullets",
        {
            "label": _column("what is counted", required=True),
            "actual": _column("what was reached", required=True),
            "baseline": _column("where things stood when the target was set"),
            "target": _column("what was aimed at", required=True, gaps=False),
            "due": _column("day by which the target is due", required=True),
        },
    ),
    "tiles": Kind(
        "A map of equal tiles, a tile for each region.",
        "briefing.charts.tiles:tiles",
        {
            "label": _column("short name in the tile", required=True),
            "value": _column("number and shade of the tile", required=True),
            "row": _column("row of the tile", required=True, gaps=False),
            "column": _column("column of the tile", required=True, gaps=False),
        },
    ),
    "ranks": Kind(
        "Places in a ranking, the best on the left, with the goal as a line.",
        "briefing.charts.ranks:ranks",
        {
            "label": _column("who is ranked", required=True),
            "value": _column("the place", required=True, gaps=False),
            "period": _column("edition of the ranking", required=True),
            "goal": Option("text", "the place to be reached, as a number"),
        },
    ),
    "timeline": Kind(
        "What happened and what is due, by day or by stretch of time.",
        "briefing.charts.timelines:timeline",
        {
            "label": _column("what happens", required=True),
            "start": _column("first day", required=True, gaps=False),
            "end": _column("last day; empty for a single day"),
            "group": _column("lines are grouped by this"),
            "precision": _column("how exactly the date is known: day, month, year"),
            "status": _column("rows that say planned stay hollow after their date has passed"),
        },
    ),
    "matrix": Kind(
        "Who does what where: rows by columns, with words in the cells.",
        "briefing.charts.matrices:matrix",
        {
            "row": _column("row", required=True),
            "column": _column("column", required=True),
            "cell": _column("kind of the mark in the cell", required=True),
            "detail": Option("words", "said below the row's name"),
            "side": Option("words", "said at the end of the row"),
        },
    ),
}
PRINTED = "table"
"""The kind of a figure that is printed as a table."""

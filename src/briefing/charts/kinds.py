"""The chart kinds that ``kind:`` may name, and the options that each understands.

This file draws nothing and imports nothing heavy, so that a configuration can be checked
without matplotlib.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

WIDE, NARROW = 482.0, 320.0
"""The two widths of a chart in points: the text width of the page, and a telephone's."""


@dataclass(frozen=True)
class Option:
    """An option of a chart kind.

    Attributes:
        means: "column" names a column of the figure's table, "text" is a computed sentence,
            "words" is a sentence computed for each row, with ``row`` at hand, "pictures" says
            which columns of a printed table are drawn as small lines.
        required: whether the chart cannot be drawn without it.
        about: what it does.
        gaps: whether a row may lack it; where not, a row without it is refused by name.
        measured: whether its values stand on one scale, and so need one unit.
    """

    means: Literal["column", "text", "words", "pictures"]
    about: str
    required: bool = False
    gaps: bool = True
    measured: bool = False


@dataclass(frozen=True)
class Kind:
    """A chart kind: what it is for, the function that draws it, its options.

    Attributes:
        adds: options whose column the chart adds across; the table must allow that addition.
    """

    about: str
    draw: str
    options: dict[str, Option] = field(default_factory=dict)
    adds: tuple[str, ...] = ()


def _column(
    about: str, *, required: bool = False, gaps: bool = True, measured: bool = False
) -> Option:
    return Option("column", about, required, gaps, measured)


def _value(about: str, *, required: bool = True, gaps: bool = True) -> Option:
    return _column(about, required=required, gaps=gaps, measured=True)


KINDS: dict[str, Kind] = {
    "bar": Kind(
        "Amounts side by side, from zero.",
        "briefing.charts.bars:bar",
        {
            "label": _column("name of each bar", required=True),
            "value": _value("length of each bar"),
            "emphasis": _column("bars whose cell here is filled are drawn in the accent colour"),
            "emphasis_label": Option("text", "what the accent colour means"),
            "highlight": Option("text", "the name of the one bar in the accent colour"),
        },
    ),
    "grouped_bar": Kind(
        "Bars in groups, such as two years for each region; each bar carries its name.",
        "briefing.charts.bars:grouped_bar",
        {
            "label": _column("name of each group", required=True),
            "series": _column("name of each bar of a group", required=True, gaps=False),
            "value": _value("length of each bar"),
        },
    ),
    "stacked_bar": Kind(
        "What a whole is made of, bar by bar. The parts are added, so the table must allow it.",
        "briefing.charts.stacks:stacked_bar",
        {
            "label": _column("name of each bar", required=True),
            "series": _column("the parts, at most six", required=True, gaps=False),
            "value": _value("length of each part"),
        },
        adds=("series",),
    ),
    "parts": Kind(
        "Shares of one whole, as a strip. What no part covers is shown as not broken down.",
        "briefing.charts.stacks:parts",
        {
            "label": _column("name of each part", required=True),
            "value": _value("size of each part"),
            "whole": _value(
                "the whole, the same in each row; else the parts together", required=False
            ),
        },
        adds=("label",),
    ),
    "dumbbell": Kind(
        "Two values for each row, such as before and after, and the difference.",
        "briefing.charts.dumbbells:dumbbell",
        {
            "label": _column("name of each line", required=True),
            "start": _value("the first value, a hollow mark"),
            "end": _value("the second value, a filled mark"),
            "start_label": Option("text", "what the first value is; else the column's title"),
            "end_label": Option("text", "what the second value is; else the column's title"),
        },
    ),
    "dots": Kind(
        "Amounts whose sizes differ too much for bars, on a logarithmic scale.",
        "briefing.charts.dots:dots",
        {
            "label": _column("name of each line", required=True),
            "value": _value("position of the dot"),
            "group": _column("lines are grouped by this; each group has its mark"),
            "detail": _column("said after the amount"),
        },
    ),
    "range": Kind(
        "From the smallest to the largest amount, line by line.",
        "briefing.charts.ranges:ranges",
        {
            "label": _column("name of each line", required=True),
            "start": _value("lower end; a line without it has only an upper end", required=False),
            "end": _value("upper end", gaps=False),
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
    "line": Kind(
        "A course over time, each line named at its end. A gap in the data is a gap in the line.",
        "briefing.charts.lines:line",
        {
            "x": _column("day, year or period of each point", required=True, gaps=False),
            "value": _value("height of each point"),
            "series": _column("a line for each; else one line"),
        },
    ),
    "small_multiples": Kind(
        "The same small chart for each group, on one scale: lines over time, else bars.",
        "briefing.charts.multiples:small_multiples",
        {
            "panel": _column("a panel for each, in the order of the rows", required=True),
            "x": _column("period or name of each point", required=True, gaps=False),
            "value": _value("height of each point"),
        },
    ),
    "heatmap": Kind(
        "Rows by columns, each cell shaded by its number, which stands in it.",
        "briefing.charts.heatmaps:heatmap",
        {
            "row": _column("row", required=True, gaps=False),
            "column": _column("column", required=True, gaps=False),
            "value": _value("number and shade of the cell"),
        },
    ),
    "cards": Kind(
        "Key figures side by side, large, with a change and a small line where there are any.",
        "briefing.charts.cards:cards",
        {
            "label": _column("what the figure counts", required=True),
            "value": _column("the figure", required=True),
            "change": _column("the change, with its sign"),
            "x": _column("period; the rows of a label are its course, the last is the figure"),
        },
    ),
    "tiles": Kind(
        "A map of equal tiles, a tile for each region; without values it shows where one lies.",
        "briefing.charts.tiles:tiles",
        {
            "label": _column("short name in the tile", required=True),
            "value": _value("number and shade of the tile", required=False),
            "row": _column("row of the tile", required=True, gaps=False),
            "column": _column("column of the tile", required=True, gaps=False),
            "emphasis": _column("tiles whose cell here is filled are framed, the others plain"),
            "highlight": Option("text", "the name of the one tile that is framed"),
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
PRINTED_OPTIONS: dict[str, Option] = {
    "sparkline": Option(
        "pictures",
        "for each new column, the course that its cells draw: `values` (a table), `key` (the "
        "column that both tables share), `x` (period) and `y` (value)",
    ),
}
"""The options of a printed table beside those that every figure knows."""
SPARKLINE_KEYS = ("values", "key", "x", "y")
"""What a column of small lines must say, each the name of a table or a column."""

"""The house look of every chart: size, font, colours, and a canvas that measures its words.

Colours are told apart by readers with any form of colour blindness, after Okabe and Ito, "Color
Universal Design" (2008), darkened where needed to stand out from white paper, and they keep
different greys in print; a test computes it. A shape or a word always says the same as the
colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from matplotlib.ft2font import FT2Font

from briefing.charts.drawing import Align, Drawn, Shape, Words, marked, polygon, to_svg
from briefing.charts.kinds import WIDE
from briefing.fonts import font_files

WIDTH = WIDE
"""Width of a chart on the page, in points."""
BODY, SMALL = 8.5, 7.5
"""Sizes of type in points; nothing is set smaller."""

PAPER = "#ffffff"
INK = "#1a1a1a"
MUTED = "#5c6670"
RULE = "#c9d0d6"
FAINT = "#eef1f4"
ACCENT = "#0b5394"
SOFT = "#7595b6"
ALARM = "#b3400a"
SERIES = (ACCENT, "#97700a", "#0a4230", "#9c4a8c", "#8a2300", "#262b33")
MARKERS = ("o", "s", "D", "^", "v", "P")
DASHES: tuple[tuple[float, ...], ...] = ((), (5, 1.6), (1.6, 1.4), (6, 1.5, 1.5, 1.5))
"""Series differ in colour and in the shape of the mark; past the last colour, in the line."""
SHADES = ("#e8eff6", "#bcd3e8", "#84aed3", "#3f78ab", "#0b5394")
"""From little to much; ink is read on the first three, paper white on the others."""
ON_SHADES = (INK, INK, INK, PAPER, PAPER)

DARK = {
    PAPER: "#14181d",
    INK: "#e6e9ed",
    MUTED: "#a3adb8",
    RULE: "#3a434d",
    FAINT: "#1f262e",
    SOFT: "#4f6a86",
    ALARM: "#ff9d6b",
    ACCENT: "#5ea4e6",
    "#97700a": "#d9b23c",
    "#0a4230": "#7fd8b4",
    "#9c4a8c": "#c77fbb",
    "#8a2300": "#ff8a66",
    "#262b33": "#eceff3",
    "#e8eff6": "#1e2a38",
    "#bcd3e8": "#26405c",
    "#84aed3": "#35587d",
    "#3f78ab": "#4f8ac4",
}
"""For each colour of a chart, the one that stands for it on a dark screen.

Light and dark change places as a whole: white letters on a dark tile become dark letters on a
bright one.
"""

_MEASURED_AT = 200.0  # large enough that rounding to the pixel grid does not show

Point = tuple[float, float]


@cache
def _face(*, bold: bool) -> FT2Font:
    """The house font from its file, never from what the machine has."""
    return FT2Font(str(font_files()["bold" if bold else "regular"]))


@cache
def text_width(text: str, size: float = BODY, *, bold: bool = False) -> float:
    """Width of a line of text in points, as a page sets it: without hinting."""
    face = _face(bold=bold)
    face.set_size(_MEASURED_AT, 72)
    face.set_text(text, 0.0)
    return float(face.get_width_height()[0]) / 64 * size / _MEASURED_AT


def wrapped(text: str, width: float, size: float = BODY, *, bold: bool = False) -> list[str]:
    """The text in lines no wider than ``width`` points; a longer single word stays whole."""
    lines: list[str] = []
    current = ""
    for word in text.split():
        trial = f"{current} {word}".strip()
        if current and text_width(trial, size, bold=bold) > width:
            lines.append(current)
            current = word
        else:
            current = trial
    return [*lines, current] if current else lines


class Canvas:
    """What a chart is drawn on, in points, counted from the top left corner, in the house style.

    It lies on paper, or on whatever shines through.

    Attributes:
        drawn: the display list: what is drawn later lies above what was drawn before.
    """

    def __init__(self, height: float, width: float = WIDTH, *, paper: bool = True) -> None:
        self.width, self.height = width, height
        self.drawn: list[Drawn] = []
        if paper:
            corners = ((0, height), (width, height), (width, 0), (0, 0))
            self.drawn.append(Shape(polygon(corners, closed=True), PAPER))

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = BODY,
        colour: str = INK,
        bold: bool = False,
        align: Align = "left",
        halo: bool = False,
    ) -> None:
        """A line of text whose middle height is at ``y``; a halo hides the lines behind it."""
        if not words:
            return
        if halo:
            width = text_width(words, size, bold=bold)
            left = x - {"left": 0.0, "center": 0.5, "right": 1.0}[align] * width
            self.box(left - 1.5, y - size * 0.6, width + 3, size * 1.2, fill=PAPER)
        self.drawn.append(Words(x, y + 0.36 * size, words, size, colour, bold, align))

    def turned(self, x: float, y: float, words: str, *, size: float = SMALL) -> None:
        """A line of text that reads upwards from ``y``, its middle height at ``x``."""
        self.drawn.append(Words(x + 0.36 * size, y, words, size, INK, turned=True))

    def line(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        *,
        colour: str = RULE,
        width: float = 0.6,
        dashes: tuple[float, ...] = (),
    ) -> None:
        """A straight line."""
        self.path([(x[0], y[0]), (x[1], y[1])], colour=colour, width=width, dashes=dashes)

    def path(
        self,
        points: Sequence[Point],
        *,
        colour: str,
        width: float = 1.6,
        dashes: tuple[float, ...] = (),
    ) -> None:
        """A line through the points."""
        steps = polygon(points, closed=False)
        self.drawn.append(Shape(steps, "", colour, width, dashes))

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str | None,
        edge: str | None = None,
        edge_width: float = 0.8,
        dashes: tuple[float, ...] = (),
    ) -> None:
        """A rectangle from its top left corner."""
        corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
        steps = polygon(corners, closed=True)
        self.drawn.append(Shape(steps, fill or "", edge or "", edge_width, dashes))

    def mark(
        self,
        x: float,
        y: float,
        *,
        colour: str,
        marker: str = "o",
        size: float = 7,
        hollow: bool = False,
    ) -> None:
        """A small symbol."""
        steps = marked(marker, x, y, size)
        fill, edge = (PAPER, colour) if hollow else (colour, "")
        self.drawn.append(Shape(steps, fill, edge, 1.4))

    def svg(self) -> str:
        """The picture."""
        return to_svg(self.width, self.height, self.drawn)

    def png(self) -> bytes:
        """The picture as pixels, for mail."""
        from briefing.charts.raster import to_png  # loaded where a mail's chart is drawn

        return to_png(self.width, self.height, self.drawn)

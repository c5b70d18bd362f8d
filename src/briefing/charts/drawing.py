"""What a chart is drawn with: a list of lines, areas and words, and the compact SVG they make.

A chart is a display list. Matplotlib gives it paths, markers, ticks and the measures of its
letters, and its Agg draws the list as pixels (``raster.py``); figures and axes are left out, which
cost ten times what they draw. The SVG has one element for each thing drawn, coordinates to a
hundredth of a point, and text as text, anchored as it is aligned, so that another font shifts it
little. It is byte-identical run after run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any, Literal

from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from briefing.fonts import FAMILY

TEXT_COLOUR = "#1a1a1a"
Align = Literal["left", "center", "right"]
Steps = tuple[tuple[str, tuple[float, ...]], ...]
"""A path: M, L, Q, C or Z, each with the points that it leads over, in points from the top left."""

_LETTERS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C"}
_POINTS = {"M": 1, "L": 1, "Q": 2, "C": 3}
_ANCHORS = {"left": "", "center": "middle", "right": "end"}


@dataclass(frozen=True)
class Shape:
    """A line or an area.

    Attributes:
        fill: colour of the area; empty for none.
        stroke: colour of the line; empty for none.
        width: of the line, in points.
        dashes: lengths of dash and gap, in widths of the line; none for a solid line.
    """

    steps: Steps
    fill: str = ""
    stroke: str = ""
    width: float = 1.0
    dashes: tuple[float, ...] = ()

    @property
    def rounded(self) -> bool:
        """Whether the corners of the line are rounded off: where there is no area."""
        return not self.fill and [letter for letter, _ in self.steps].count("L") > 1


@dataclass(frozen=True)
class Words:
    """A line of text on its baseline.

    Attributes:
        size: in points.
        turned: whether it reads upwards.
    """

    x: float
    y: float
    text: str
    size: float
    colour: str
    bold: bool = False
    align: Align = "left"
    turned: bool = False


Drawn = Shape | Words


def compact(value: float) -> str:
    """A coordinate to a hundredth, without trailing zeros or a negative zero."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def polygon(points: Iterable[tuple[float, float]], *, closed: bool) -> Steps:
    """The straight path through the points, led back to the first where it is closed."""
    steps = [("L" if number else "M", (x, y)) for number, (x, y) in enumerate(points)]
    return (*steps, ("Z", ())) if closed else tuple(steps)


def marked(marker: str, x: float, y: float, size: float) -> Steps:
    """The outline of matplotlib's marker, ``size`` points large, around a point."""
    return tuple(
        (letter, tuple(place + (y if at % 2 else x) for at, place in enumerate(places)))
        for letter, places in _outline(marker, size)
    )


@cache
def _outline(marker: str, size: float) -> Steps:
    """A marker's outline around zero; matplotlib counts upwards, a chart downwards."""
    style = MarkerStyle(marker)
    turned = style.get_transform() + Affine2D().scale(size, -size)
    return tuple(_steps(style.get_path().transformed(turned)))


def _steps(path: Path) -> Iterator[tuple[str, tuple[float, ...]]]:
    segments: Any = path.iter_segments(simplify=False, curves=True)
    for vertices, code in segments:
        yield ("Z", ()) if code == Path.CLOSEPOLY else (_LETTERS[code], tuple(map(float, vertices)))


def to_svg(width: float, height: float, drawn: Iterable[Drawn]) -> str:
    """A display list as SVG of that many points."""
    size = f"{compact(width)} {compact(height)}"
    body = "\n".join(_shape(one) if isinstance(one, Shape) else _words(one) for one in drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" '
        f'width="{compact(width)}pt" height="{compact(height)}pt">\n'
        f'<g font-family="{FAMILY}, sans-serif" fill="{TEXT_COLOUR}">\n{body}\n</g>\n</svg>\n'
    )


def _shape(shape: Shape) -> str:
    path = "".join(letter + " ".join(map(compact, places)) for letter, places in shape.steps)
    attributes = [f'd="{path}"', f'fill="{shape.fill or "none"}"']
    if shape.stroke:
        attributes.append(f'stroke="{shape.stroke}" stroke-width="{compact(shape.width)}"')
    if shape.dashes:
        spans = " ".join(compact(dash * shape.width) for dash in shape.dashes)
        attributes.append(f'stroke-dasharray="{spans}"')
    if shape.rounded:
        attributes.append('stroke-linejoin="round"')
    return f"<path {' '.join(attributes)}/>"


def _words(words: Words) -> str:
    x, y = compact(words.x), compact(words.y)
    attributes = [f'x="{x}" y="{y}" font-size="{compact(words.size)}"']
    if anchor := _ANCHORS[words.align]:
        attributes.append(f'text-anchor="{anchor}"')
    if words.bold:
        attributes.append('font-weight="bold"')
    if words.colour != TEXT_COLOUR:
        attributes.append(f'fill="{words.colour}"')
    if words.turned:
        attributes.append(f'transform="rotate(-90 {x} {y})"')
    return f"<text {' '.join(attributes)}>{escape(words.text, quote=False)}</text>"

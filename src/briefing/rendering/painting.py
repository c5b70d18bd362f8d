"""Charts drawn straight into the pages of a PDF, from the few shapes that a chart is made of.

WeasyPrint reads SVG slowly and sets its text letter by letter, without kerning. The charts of
this house are written in a small part of SVG (``charts/drawing.py``): paths, lines of text,
rectangles that clip. This module reads that part, writes it as operators of the page, and lets
Pango set each line of text once, in the fonts of the document, so that it stays text. Whatever
else an SVG holds is left to WeasyPrint.

It leans on the inside of WeasyPrint, as ``boxes.py`` and ``engine.py`` do;
``tests/unit/test_painting.py`` says so when something there changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import cos, radians, sin
from typing import Any
from xml.etree import ElementTree

from weasyprint.css.properties import INITIAL_VALUES
from weasyprint.draw import text as drawing
from weasyprint.matrix import Matrix
from weasyprint.text.fonts import FontConfiguration
from weasyprint.text.line_break import Layout, line_size

from briefing.fonts import FAMILY

_PIXELS = 96 / 72  # CSS counts in pixels, charts in points
_NAMESPACE = "{http://www.w3.org/2000/svg}"
_PARTS = {
    "svg": {"viewBox", "width", "height"},
    "g": {"font-family", "fill"},
    "defs": set[str](),
    "clipPath": {"id"},
    "rect": {"x", "y", "width", "height"},
    "path": {
        "d",
        "fill",
        "fill-opacity",
        "stroke",
        "stroke-width",
        "stroke-opacity",
        "stroke-dasharray",
        "stroke-linecap",
        "stroke-linejoin",
        "clip-path",
    },
    "text": {"x", "y", "font-size", "font-weight", "text-anchor", "fill", "transform"},
}
"""The elements that are understood, each with its attributes; any other is not drawn here."""
_STEP = re.compile(r"([MLQCZ])([^MLQCZ]*)")
_TURN = re.compile(r"rotate\((\S+) (\S+) (\S+)\)")
_CAPS = {"": 0, "round": 1}
_JOINS = {"": 0, "round": 1}
_ANCHORS = {"": 0.0, "middle": 0.5, "end": 1.0}

Numbers = tuple[float, ...]


class _Style(dict[str, Any]):
    """The style of a line of text, as WeasyPrint's layout of text wants it."""

    font_config: FontConfiguration


class Lettering:
    """Sets lines of text in the house font for one document; each size and weight once."""

    def __init__(self, fonts: FontConfiguration) -> None:
        self._fonts = fonts
        self._layouts: dict[tuple[float, bool], Any] = {}
        self.style: Any = None
        self.pango_layout: Any = None
        self.text = ""

    def line(self, words: str, size: float, *, bold: bool) -> float:
        """Set a line of text; its width, in the unit of ``size``."""
        if (size, bold) not in self._layouts:
            style = _Style(INITIAL_VALUES)
            style.font_config = self._fonts
            style |= {"font_family": [FAMILY], "font_size": size}
            style["font_weight"] = 700 if bold else 400
            self._layouts[size, bold] = Layout(style), style
        self.pango_layout, self.style = self._layouts[size, bold]
        self.pango_layout.set_text(words)
        self.text = words
        return float(line_size(self.pango_layout.get_first_line()[0], self.style)[0])

    def write(self, stream: Any, place: Matrix) -> None:
        """Write the line that was set last into the page."""
        drawing.draw_first_line(stream, self, "none", "none", place)


class Painting:
    """A chart as WeasyPrint wants a picture: it knows its size and draws itself into a page."""

    def __init__(self, root: ElementTree.Element, lettering: Lettering) -> None:
        self._root = root
        self._lettering = lettering
        _, _, self._width, self._height = _numbers(root.get("viewBox", ""))

    def get_intrinsic_size(self, *_: Any) -> tuple[float, float, float]:
        """Width and height in CSS pixels, and one by the other."""
        return self._width * _PIXELS, self._height * _PIXELS, self._width / self._height

    def draw(self, stream: Any, width: float, height: float, _style: Any) -> None:
        """Draw it into that many CSS pixels, from the top left corner."""
        stream.push_state()
        stream.transform(a=width / self._width, d=height / self._height)
        brush = _Brush(stream)
        clips: dict[str, Numbers] = {}
        (group,) = self._root.iterfind(f"{_NAMESPACE}g")
        for clip in self._root.iter(f"{_NAMESPACE}clipPath"):
            box = clip[0]
            clips[f"url(#{clip.get('id')})"] = tuple(
                float(box.get(side, 0)) for side in ("x", "y", "width", "height")
            )
        for element in group:
            if element.tag.endswith("path"):
                brush.path(element.attrib, clips)
            else:
                self._write(stream, brush, element, group.get("fill", ""))
        stream.pop_state()

    def _write(self, stream: Any, brush: _Brush, element: ElementTree.Element, colour: str) -> None:
        words, size = element.text or "", float(element.get("font-size", 0))
        x, y = float(element.get("x", 0)), float(element.get("y", 0))
        width = self._lettering.line(words, size, bold="font-weight" in element.attrib)
        x -= width * _ANCHORS[element.get("text-anchor", "")]
        place = Matrix(d=-1, e=x, f=y)
        if turned := _TURN.match(element.get("transform", "")):
            angle = radians(float(turned[1]))
            place = Matrix(cos(angle), sin(angle), sin(angle), -cos(angle), x, y)
        brush.fill(element.get("fill", colour), 1.0)
        stream.begin_text()
        self._lettering.write(stream, place)
        stream.end_text()


class _Brush:
    """Writes paths into a page, and says of colours and lines only what is new."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._out = stream.stream
        self._said: dict[str, Any] = {}

    def fill(self, colour: str, opacity: float) -> None:
        """What areas and letters are filled with from now on."""
        if self._new("fill", colour):
            self._out.append(f"{_channels(colour)} rg".encode())
        if self._new("fill-opacity", opacity):
            self._stream.set_alpha(opacity)

    def path(self, drawn: Mapping[str, str], clips: Mapping[str, Numbers]) -> None:
        """A line, an area, or both."""
        clip = clips.get(drawn.get("clip-path", ""))
        if clip:
            self._stream.push_state()
            before = dict(self._said)
            self._out.append(f"{_written(clip)} re W n".encode())
        filled, stroked = drawn.get("fill", "none") != "none", "stroke" in drawn
        if filled:
            self.fill(drawn["fill"], float(drawn.get("fill-opacity", 1)))
        if stroked:
            self._stroke(drawn)
        steps = b" ".join(_operators(drawn["d"]))
        paint = {(True, True): b"B", (True, False): b"f", (False, True): b"S"}
        self._out.append(steps + b" " + paint.get((filled, stroked), b"n"))
        if clip:
            self._stream.pop_state()
            self._said = before

    def _stroke(self, drawn: Mapping[str, str]) -> None:
        if self._new("stroke", drawn["stroke"]):
            self._out.append(f"{_channels(drawn['stroke'])} RG".encode())
        if self._new("stroke-opacity", opacity := float(drawn.get("stroke-opacity", 1))):
            self._stream.set_alpha(opacity, stroke=True)
        words = {
            "w": drawn.get("stroke-width", "1"),
            "d": f"[{drawn.get('stroke-dasharray', '')}] 0",
            "J": str(_CAPS[drawn.get("stroke-linecap", "")]),
            "j": str(_JOINS[drawn.get("stroke-linejoin", "")]),
        }
        for operator, value in words.items():
            if self._new(operator, value):
                self._out.append(f"{value} {operator}".encode())

    def _new(self, name: str, value: Any) -> bool:
        if self._said.get(name) == value:
            return False
        self._said[name] = value
        return True


def painted(svg: str, lettering: Lettering) -> Painting | None:
    """A chart that draws itself; None where the SVG holds what only WeasyPrint can draw."""
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError:
        return None
    for element in root.iter():
        known = _PARTS.get(element.tag.removeprefix(_NAMESPACE))
        if known is None or not known.issuperset(element.attrib):
            return None
    groups = root.findall(f"{_NAMESPACE}g")
    if len(groups) != 1 or "viewBox" not in root.attrib:
        return None
    lettered = groups[0].get("font-family", FAMILY).startswith(FAMILY)
    plain = lettered and all(_is_simple(element) for element in groups[0])
    return Painting(root, lettering) if plain else None


def _is_simple(element: ElementTree.Element) -> bool:
    """Whether all its values are of the kinds that are drawn here."""
    values = element.attrib
    colours = [values[key] for key in ("fill", "stroke") if values.get(key, "none") != "none"]
    turn = values.get("transform")
    return (
        element.tag.endswith(("path", "text"))
        and all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)
        and (turn is None or _TURN.fullmatch(turn) is not None)
        and values.get("text-anchor", "") in _ANCHORS
        and values.get("stroke-linecap", "") in _CAPS
        and values.get("stroke-linejoin", "") in _JOINS
    )


def _operators(steps: str) -> Iterator[bytes]:
    """The steps of an SVG path as operators of PDF, which knows no quadratic curves."""
    x = y = 0.0
    for letter, places in _STEP.findall(steps):
        if letter == "Z":
            yield b"h"
            continue
        if letter == "Q":  # raised to a cubic: its control points lie two thirds of the way
            cx, cy, ex, ey = _numbers(places)
            curve = (x + (cx - x) * 2 / 3, y + (cy - y) * 2 / 3)
            cubic = (*curve, ex + (cx - ex) * 2 / 3, ey + (cy - ey) * 2 / 3, ex, ey)
            yield f"{_written(cubic)} c".encode()
        else:
            yield f"{places} {letter.lower()}".encode()
        x, y = _numbers(places)[-2:]


def _numbers(text: str) -> Numbers:
    return tuple(map(float, text.split()))


def _written(numbers: Numbers) -> str:
    return " ".join(f"{number:.2f}" for number in numbers)


def _channels(colour: str) -> str:
    """Red, green and blue from 0 to 1."""
    return " ".join(f"{int(colour[at : at + 2], 16) / 255:.4g}" for at in (1, 3, 5))

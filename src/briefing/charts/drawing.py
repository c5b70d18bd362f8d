"""Turns what matplotlib draws into compact SVG with real text, byte-identical run after run.

Matplotlib's own SVG backend draws letters as outlines or wraps each path in groups, and salts
its ids; this renderer writes one element for each thing drawn, coordinates to a hundredth of a
point, and text as text, anchored as it was laid out, so that another font shifts it little.
"""

from __future__ import annotations

from html import escape
from typing import Any

from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Transform

from briefing.errors import ChartError
from briefing.fonts import FAMILY

_LETTERS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C"}
_ANCHORS = {"center": ("middle", 0.5), "right": ("end", 1.0)}
_TEXT_COLOUR = "#1a1a1a"


def compact(value: float) -> str:
    """A coordinate to a hundredth, without trailing zeros or a negative zero."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


class SvgRenderer(RendererBase):
    """Collects SVG elements while a figure draws itself."""

    def __init__(self, width: float, height: float) -> None:
        super().__init__()
        self.width = width
        self.height = height
        self.elements: list[str] = []
        self._flip = Affine2D().scale(1, -1).translate(0, height)
        self._clips: dict[str, str] = {}

    def flipy(self) -> bool:
        """SVG counts downwards."""
        return True

    def points_to_pixels(self, points: float) -> float:  # type: ignore[override]
        """One unit of the picture is one point."""
        return points

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Size in points."""
        return self.width, self.height

    def draw_path(
        self,
        gc: GraphicsContextBase,
        path: Path,
        transform: Transform,
        rgbFace: Any = None,  # noqa: N803 (matplotlib's name)
    ) -> None:
        """Add a path element."""
        data = self._data(path, transform + self._flip)
        if not data:
            return
        join = ' stroke-linejoin="round"' if rgbFace is None and data.count("L") > 1 else ""
        paint = self._paint(gc, rgbFace)
        self.elements.append(f'<path d="{data}"{paint}{join}{self._clip(gc)}/>')

    def _data(self, path: Path, transform: Transform) -> str:
        parts = []
        segments: Any = path.iter_segments(transform, simplify=False, curves=True)
        for vertices, code in segments:
            if code == Path.CLOSEPOLY:
                parts.append("Z")
            elif code in _LETTERS:
                parts.append(_LETTERS[code] + " ".join(compact(float(v)) for v in vertices))
        return "".join(parts)

    def _paint(self, gc: GraphicsContextBase, face: Any) -> str:
        stroke = gc.get_rgb()
        filled = face is not None and (len(face) < 4 or face[3] > 0)
        stroked = gc.get_linewidth() > 0 and stroke[3] > 0
        attributes = [f' fill="{to_hex(face) if filled else "none"}"']
        forced = gc.get_forced_alpha()
        if filled:
            opacity = gc.get_alpha() if forced or len(face) < 4 else face[3]
            if opacity is not None and opacity < 1:
                attributes.append(f' fill-opacity="{compact(opacity)}"')
        if stroked:
            width = compact(gc.get_linewidth())
            attributes.append(f' stroke="{to_hex(stroke)}" stroke-width="{width}"')
            opacity = gc.get_alpha() if forced else stroke[3]
            if opacity < 1:
                attributes.append(f' stroke-opacity="{compact(opacity)}"')
            dashes: Any = gc.get_dashes()[1]
            if dashes is not None and len(dashes):
                spans = " ".join(compact(float(dash)) for dash in dashes)
                attributes.append(f' stroke-dasharray="{spans}"')
            if gc.get_capstyle() == "round":
                attributes.append(' stroke-linecap="round"')
        return "".join(attributes)

    def _clip(self, gc: GraphicsContextBase) -> str:
        box = gc.get_clip_rectangle()
        if box is None:
            return ""
        x, y, width, height = box.bounds
        if x <= 0 and y <= 0 and x + width >= self.width and y + height >= self.height:
            return ""
        top = self.height - y - height
        rect = (
            f'<rect x="{compact(x)}" y="{compact(top)}" '
            f'width="{compact(width)}" height="{compact(height)}"/>'
        )
        name = self._clips.setdefault(rect, f"clip{len(self._clips) + 1}")
        return f' clip-path="url(#{name})"'

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: Any,
        angle: float,
        ismath: bool | str = False,
        mtext: Any = None,
    ) -> None:
        """Add a text element, anchored as the text was aligned."""
        attributes = []
        anchor = ""
        if mtext is not None and not angle and mtext.get_horizontalalignment() in _ANCHORS:
            anchor, share = _ANCHORS[mtext.get_horizontalalignment()]
            x += self.get_text_width_height_descent(s, prop, False)[0] * share
        attributes.append(f'x="{compact(x)}" y="{compact(y)}"')
        attributes.append(f'font-size="{compact(prop.get_size_in_points())}"')
        if anchor:
            attributes.append(f'text-anchor="{anchor}"')
        if str(prop.get_weight()) in {"bold", "700"}:
            attributes.append('font-weight="bold"')
        colour = to_hex(gc.get_rgb())
        if colour != _TEXT_COLOUR:
            attributes.append(f'fill="{colour}"')
        if angle:
            turn = f"rotate({compact(-angle)} {compact(x)} {compact(y)})"
            attributes.append(f'transform="{turn}"')
        self.elements.append(f"<text {' '.join(attributes)}>{escape(s, quote=False)}</text>")

    def draw_image(self, *_: Any, **__: Any) -> None:
        """Refuse: pictures made of pixels do not belong in a briefing's charts."""
        raise ChartError("A chart tried to draw a raster image.", "Draw with vector shapes.")

    def svg(self) -> str:
        """The finished picture."""
        size = f"{compact(self.width)} {compact(self.height)}"
        clips = "".join(f'<clipPath id="{k}">{r}</clipPath>' for r, k in self._clips.items())
        body = "\n".join(self.elements)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" '
            f'width="{compact(self.width)}pt" height="{compact(self.height)}pt">\n'
            f"{f'<defs>{clips}</defs>' if clips else ''}"
            f'<g font-family="{FAMILY}, sans-serif" fill="{_TEXT_COLOUR}">\n{body}\n</g>\n</svg>\n'
        )


def to_svg(figure: Figure) -> str:
    """Draw a matplotlib figure as SVG.

    Raises:
        ChartError: the figure holds a raster image.
    """
    figure.set_dpi(72)
    width, height = figure.get_size_inches() * 72
    renderer = SvgRenderer(float(width), float(height))
    figure.draw(renderer)
    return renderer.svg()

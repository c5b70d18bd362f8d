"""A chart as pixels, for mail: drawn by matplotlib's Agg, byte-identical run after run.

Mail programs show no SVG. The picture is as wide as the text of a mail, with two pixels for each
of its points on the screen, so that it stays sharp where screens are fine.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from PIL import Image

from briefing.charts.drawing import Drawn, Shape, Words
from briefing.fonts import font_files

PIXELS = 1120
"""Width of the picture: twice the 560 px that the text of a mail is wide."""
MARGIN = 16
"""White around the drawing, in pixels: on a dark screen the picture is a card of its own."""
_COLOURS = 256
_CODES: dict[str, tuple[Any, ...]] = {
    "M": (Path.MOVETO,),
    "L": (Path.LINETO,),
    "Q": (Path.CURVE3,) * 2,
    "C": (Path.CURVE4,) * 3,
    "Z": (Path.CLOSEPOLY,),
}
_SHARE = {"left": 0.0, "center": 0.5, "right": 1.0}


def to_png(width: float, height: float, drawn: Iterable[Drawn]) -> bytes:
    """Draw a display list of that many points as PNG, on white, without date or name of a program.

    Colours are reduced to a palette, a third of the bytes for what looks the same; letters are
    not hinted, as on the page, so that they keep the widths that were measured.
    """
    scale = (PIXELS - 2 * MARGIN) / width
    size = PIXELS - 2 * MARGIN, int(height * scale)
    agg: Any = RendererAgg(*size, 72 * scale)  # type: ignore[no-untyped-call]
    place = Affine2D().scale(scale, -scale).translate(0, size[1])
    with rc_context({"text.hinting": "no_hinting"}):
        for one in drawn:
            if isinstance(one, Shape):
                _draw_shape(agg, one, place)
            else:
                _draw_words(agg, one, scale)
    picture = Image.frombuffer("RGBA", size, agg.buffer_rgba(), "raw", "RGBA", 0, 1)
    whole = Image.new("RGB", (PIXELS, size[1] + 2 * MARGIN), "white")
    whole.paste(picture, (MARGIN, MARGIN), picture)
    reduced = whole.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette = reduced.getpalette() or []
    reduced.putpalette([255 if level == 254 else level for level in palette])  # white stays white
    out = BytesIO()
    reduced.save(out, "png")
    return out.getvalue()


def _draw_shape(agg: Any, shape: Shape, place: Affine2D) -> None:
    vertices: list[tuple[float, float]] = []
    codes: list[Any] = []
    for letter, places in shape.steps:
        pairs = list(zip(places[::2], places[1::2], strict=True)) or vertices[:1]
        vertices += pairs
        codes += _CODES[letter]
    pen = agg.new_gc()
    pen.set_foreground(shape.stroke or "none")
    pen.set_linewidth(shape.width if shape.stroke else 0)  # Agg scales it, and dashes
    pen.set_joinstyle("round" if shape.rounded else "miter")
    if shape.dashes:
        pen.set_dashes(0, [dash * shape.width for dash in shape.dashes])
    fill = to_rgba(shape.fill) if shape.fill else None
    agg.draw_path(pen, Path(vertices, codes), place, fill)


def _draw_words(agg: Any, words: Words, scale: float) -> None:
    face = FontProperties(
        fname=str(font_files()["bold" if words.bold else "regular"]), size=words.size
    )
    pen = agg.new_gc()
    pen.set_foreground(words.colour)
    width = agg.get_text_width_height_descent(words.text, face, False)[0]
    x = words.x * scale - width * _SHARE[words.align]
    agg.draw_text(pen, x, words.y * scale, words.text, face, 90 if words.turned else 0)

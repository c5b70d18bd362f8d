"""A chart as pixels, for mail: drawn by matplotlib's Agg, byte-identical run after run.

Mail programs show no SVG. The picture is as wide as the text of a mail, with two pixels for each
of its points on the screen, so that it stays sharp where screens are fine.
"""

from __future__ import annotations

from io import BytesIO

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

PIXELS = 1120
"""Width of the picture: twice the 560 px that the text of a mail is wide."""
MARGIN = 16
"""White around the drawing, in pixels: on a dark screen the picture is a card of its own."""
_COLOURS = 256


def to_png(figure: Figure) -> bytes:
    """Draw a matplotlib figure as PNG, on white, without date or name of a program.

    Colours are reduced to a palette, a third of the bytes for what looks the same; letters are
    not hinted, as on the page, so that they keep the widths that were measured.
    """
    figure.set_dpi((PIXELS - 2 * MARGIN) / float(figure.get_size_inches()[0]))
    with rc_context({"text.hinting": "no_hinting"}):
        canvas = FigureCanvasAgg(figure)
        canvas.draw()  # type: ignore[no-untyped-call]
    size, pixels = canvas.get_width_height(), canvas.buffer_rgba()  # type: ignore[no-untyped-call]
    drawn = Image.frombuffer("RGBA", size, pixels, "raw", "RGBA", 0, 1)
    whole = Image.new("RGB", (PIXELS, size[1] + 2 * MARGIN), "white")
    whole.paste(drawn, (MARGIN, MARGIN), drawn)
    reduced = whole.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette = reduced.getpalette() or []
    reduced.putpalette([255 if level == 254 else level for level in palette])  # white stays white
    out = BytesIO()
    reduced.save(out, "png")
    return out.getvalue()

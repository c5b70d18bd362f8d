"""Charts painted straight into a page look like the same charts set by WeasyPrint itself."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pypdf
import pypdfium2
import pytest
from weasyprint.text.fonts import FontConfiguration

from briefing.charts.style import ACCENT, ALARM, Canvas
from briefing.rendering import pdf
from briefing.rendering.painting import Lettering, painted

SIZE = 'viewBox="0 0 200 100" width="200pt" height="100pt"'
HEAD = f'<svg xmlns="http://www.w3.org/2000/svg" {SIZE}>'
PAGE = (
    '<html lang="en"><title>A chart</title><style>@page { size: 220pt 120pt; margin: 10pt }'
    " body { margin: 0 } img { display: block; width: 200pt }</style>"
    '<img src="figure:one" alt="one"></html>'
)


def chart() -> str:
    """Everything that a canvas can draw."""
    canvas = Canvas(100, 200)
    canvas.box(5, 5, 60, 20, fill=ACCENT)
    canvas.box(70, 5, 30, 20, fill=None, edge=ALARM, edge_width=1.2, dashes=(3, 2))
    canvas.box(105, 5, 30, 20, fill="#eef1f4", edge=ALARM)
    canvas.path([(5, 90), (40, 60), (80, 80), (120, 40)], colour=ACCENT)
    canvas.path([(5, 95), (120, 95)], colour=ALARM, width=0.6, dashes=(2, 2))
    for number, marker in enumerate("osD^vP"):
        canvas.mark(140, 10 + 14 * number, colour=ACCENT, marker=marker, hollow=number % 2 == 1)
    canvas.text(10, 40, "대구 ₩1.4tn & <AVA>", bold=True)
    canvas.text(100, 55, "in the middle", align="center", colour=ALARM)
    canvas.text(195, 70, "to the right", align="right", size=7.5, halo=True)
    canvas.turned(180, 60, "upwards")
    return canvas.svg()


def printed(svg: str, monkeypatch: pytest.MonkeyPatch | None = None) -> bytes:
    """The page with the chart; with a monkeypatch, WeasyPrint sets the SVG itself."""
    if monkeypatch:
        monkeypatch.setattr(pdf, "_paintings", lambda *_: {})
    return pdf.write_pdf(PAGE, {"figure:one": svg.encode()})[0]


def pixels(written: bytes) -> np.ndarray:
    with pypdfium2.PdfDocument(written) as document:
        return np.asarray(document[0].render(scale=3).to_pil().convert("L"), dtype=int)


def test_a_painted_chart_looks_as_weasyprint_sets_it(monkeypatch):
    ours, theirs = pixels(printed(chart())), pixels(printed(chart(), monkeypatch))
    assert ours.shape == theirs.shape
    different = np.abs(ours - theirs) > 96
    assert ours.min() < 60, "nothing was drawn"
    assert different.mean() < 0.004, f"{different.mean():.2%} of the pixels"


def test_what_a_chart_says_stays_text_in_the_fonts_of_the_page():
    written = printed(chart())
    reader = pypdf.PdfReader(BytesIO(written))
    text = reader.pages[0].extract_text()
    for words in ("대구 ₩1.4tn & <AVA>", "in the middle", "to the right", "upwards"):
        assert words in text
    fonts = reader.pages[0]["/Resources"]["/Font"]
    names = sorted(str(font.get_object()["/BaseFont"]).partition("+")[2] for font in fonts.values())
    assert len(names) == 2
    assert all(name.startswith("NanumGothic") for name in names)


@pytest.mark.parametrize(
    "drawing",
    [
        '<g fill="#1a1a1a"><circle cx="50" cy="50" r="40" fill="#0b5394"/></g>',
        '<g fill="#1a1a1a"><path d="M0 0L9 9" fill="#0b5394" marker-end="url(#a)"/></g>',
        '<g fill="#1a1a1a"><path d="M0 0L99 99L0 99Z" fill="blue"/></g>',
        '<g font-family="NanumGothic" fill="#1a1a1a">'
        '<text x="9" y="50" font-size="20" transform="scale(2)">words</text></g>',
        '<path d="M0 0L99 99L0 99Z" fill="#0b5394"/>',
    ],
)
def test_what_is_not_the_houses_own_svg_is_left_to_weasyprint(drawing):
    svg = f"{HEAD}{drawing}</svg>"
    assert painted(svg, Lettering(FontConfiguration())) is None
    assert pixels(printed(svg)).min() < 200


def test_areas_are_clipped_see_through_and_round_off_again():
    body = (
        '<defs><clipPath id="c"><rect x="0" y="0" width="50" height="100"/></clipPath></defs>'
        '<g fill="#1a1a1a">'
        '<path d="M0 0L200 0L200 100L0 100Z" fill="#000000" fill-opacity="0.5"'
        ' clip-path="url(#c)"/>'
        '<path d="M100 0Q150 0 150 50C150 75 125 100 100 100Z" fill="#000000"/>'
        "</g>"
    )
    svg = f"{HEAD}{body}</svg>"
    assert painted(svg, Lettering(FontConfiguration())) is not None
    seen = pixels(printed(svg))

    def at(x: float, y: float) -> int:
        return int(seen[round((y + 10) * 3), round((x + 10) * 3)])

    assert at(25, 50) == pytest.approx(128, abs=2)
    assert at(75, 50) == 255, "outside the clip"
    assert at(125, 50) == 0, "opaque again"
    assert at(148, 5) == 255, "the curve bends"


def test_the_same_chart_gives_the_same_bytes_twice():
    assert printed(chart()) == printed(chart())

"""The only file that imports WeasyPrint: HTML to PDF, without network, and loud about trouble."""

from __future__ import annotations

import atexit
import logging
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, time
from functools import cache
from io import BytesIO
from math import ceil
from typing import Any

from weasyprint import CSS, Attachment
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from briefing.fonts import FAMILY, font_files
from briefing.rendering.boxes import pages_of
from briefing.rendering.engine import Manuscript, tune
from briefing.rendering.files import Embedded
from briefing.rendering.gates import (
    Violation,
    missing_glyphs,
    other_fonts,
    page_violations,
    refuse,
)
from briefing.rendering.painting import Lettering, Painting, painted
from briefing.rendering.standards import VARIANT, finish

tune()

_FONT_ADDRESS = "font:"
_PNG = b"\x89PNG"
_TALLEST = 20_000  # pixels of a page that is looked at, not printed
_MARGIN = 24
_POINTS_PER_PIXEL = 96 / 72  # a PDF counts in points
_SHEET = re.compile(r"<style>(.*?)</style>", re.S)
_MORE_THAN_RULES = ("@import", "@font-face", "@counter-style", "@color-profile", "@layer", "url(")
_MOST_READ = 16
_read: dict[str, CSS] = {}


class OwnFetcher(URLFetcher):  # type: ignore[misc]
    """Serves an issue's own pictures and the house font; everything else is refused."""

    def __init__(self, pictures: Mapping[str, bytes]) -> None:
        super().__init__(allowed_protocols=())
        self._pictures = pictures
        self.refused: list[str] = []

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        """Answer from memory, or refuse."""
        if url in self._pictures:
            body = self._pictures[url]
            kind = "image/png" if body.startswith(_PNG) else "image/svg+xml"
            return URLFetcherResponse(url, body, {"Content-Type": kind})
        if url.startswith(_FONT_ADDRESS):
            body = font_files()[url.removeprefix(_FONT_ADDRESS)].read_bytes()
            return URLFetcherResponse(url, body, {"Content-Type": "font/ttf"})
        self.refused.append(url)
        raise ValueError(f"{url} is no part of the issue")


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


@contextmanager
def _listening() -> Iterator[_Listener]:
    """Hear what WeasyPrint only logs: a missing picture, font or style it does not know."""
    listener = _Listener()
    logger = logging.getLogger("weasyprint")
    silent = logging.getLogger("fontTools")
    before = (logger.level, logger.propagate, silent.level)
    logger.addHandler(listener)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    silent.setLevel(logging.ERROR)
    try:
        yield listener
    finally:
        logger.removeHandler(listener)
        logger.setLevel(before[0])
        logger.propagate = before[1]
        silent.setLevel(before[2])


def write_pdf(
    page: str,
    pictures: Mapping[str, bytes],
    carried: Iterable[Embedded] = (),
    found: Sequence[Violation] = (),
) -> tuple[bytes, int]:
    """Lay the page out and write it as one file that is both PDF/A-3a and PDF/UA-1.

    Args:
        page: the HTML.
        pictures: SVG by address.
        carried: the files that the PDF carries inside it, in the order of their names.
        found: what gates have found before; reported together with what is found here.

    Returns:
        The PDF and its number of pages.

    Raises:
        RenderError: names everything that a gate, or WeasyPrint itself, complains of.
    """
    fetcher = OwnFetcher(pictures)
    with _listening() as listener, warnings.catch_warnings():
        # WeasyPrint leaves its colour profile open, to be closed by whoever collects it.
        warnings.simplefilter("ignore", ResourceWarning)
        fonts, faces = _type()
        plain, looks = _undressed(page, listener)
        html = Manuscript(plain, page, url_fetcher=fetcher, base_url="issue:/")
        document = html.render(
            font_config=fonts,
            stylesheets=[faces, *looks],
            pdf_variant=VARIANT,
            cache=_paintings(pictures, fonts),
        )
        pdf = document.write_pdf(
            pdf_variant=VARIANT,
            attachments=[_attachment(file, fetcher) for file in carried],
            finisher=finish,
        )
    glyphs = missing_glyphs([page, *(picture.decode() for picture in pictures.values())])
    refuse(
        [
            *found,
            *glyphs,
            *_complaints(listener.heard, fetcher.refused),
            *_nameless(document),
            *page_violations(pages_of(document)),
            *([] if glyphs else other_fonts(document)),  # a missing glyph calls another font
        ]
    )
    return pdf, len(document.pages)


def _undressed(page: str, listener: _Listener) -> tuple[str, list[CSS]]:
    """A page without its style sheet, and the sheet, which the editions of a report share.

    To read it takes a tenth of the time of a short issue. A page that has more than one, and a
    sheet that brings more than rules or is complained of, are left to WeasyPrint each time.
    """
    sheets = _SHEET.findall(page)
    if len(sheets) != 1 or page.count("<style") > 1 or "<link" in page:
        return page, []
    (sheet,) = sheets
    if any(word in sheet for word in _MORE_THAN_RULES):
        return page, []
    if sheet not in _read:
        complaints = len(listener.heard)
        look = CSS(string=sheet, base_url="issue:/")
        if len(listener.heard) > complaints:
            del listener.heard[complaints:]
            return page, []
        if len(_read) == _MOST_READ:
            _read.clear()
        _read[sheet] = look
    return _SHEET.sub("", page), [_read[sheet]]


def _paintings(pictures: Mapping[str, bytes], fonts: FontConfiguration) -> dict[str, Painting]:
    """The charts that draw themselves; where WeasyPrint looks for a picture, it looks here first.

    A chart that a report's own code made with more than the house's few shapes is not among them.
    """
    lettering = Lettering(fonts)
    found = {name: painted(body.decode(), lettering) for name, body in pictures.items()}
    return {name: painting for name, painting in found.items() if painting}


def photographed(page: str, pictures: Mapping[str, bytes], width: int) -> bytes:
    """A page as one picture: how a mail looks, without a browser and in the house font.

    Args:
        pictures: PNG or SVG by address.
        width: in pixels.

    Returns:
        A PNG file.

    Raises:
        RenderError: the page asks for something that is no part of it.
    """
    import pypdfium2

    fetcher = OwnFetcher(pictures)
    fonts, faces = _type()
    html = Manuscript(page, page, url_fetcher=fetcher, base_url="issue:/")

    def laid_out(height: float) -> Any:
        style = (
            f"@page {{ size: {width}px {height}px; margin: 0 }}"
            f' * {{ font-family: "{FAMILY}" !important }}'
        )
        sheet = CSS(string=style, font_config=fonts, url_fetcher=fetcher)
        return html.render(font_config=fonts, stylesheets=[faces, sheet])

    with _listening(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        lowest = max(box.bottom for box, _ in pages_of(laid_out(_TALLEST))[0].boxes)
        pdf = laid_out(ceil(lowest) + _MARGIN).write_pdf()
    refuse(_complaints([], fetcher.refused))
    written = BytesIO()
    with pypdfium2.PdfDocument(pdf) as document:
        document[0].render(scale=_POINTS_PER_PIXEL).to_pil().save(written, "PNG")
    return written.getvalue()


def _attachment(file: Embedded, fetcher: OwnFetcher) -> Attachment:
    """The file for WeasyPrint, which would date it by the clock."""
    midnight = datetime.combine(file.day, time())
    return Attachment(
        file_obj=BytesIO(file.body),
        name=file.name,
        description=file.description,
        relationship=file.relationship,
        created=midnight,
        modified=midnight,
        url_fetcher=fetcher,
    )


def _complaints(heard: Sequence[str], refused: Sequence[str]) -> list[Violation]:
    """What WeasyPrint logged, and what the page asked for and is no part of the issue."""
    if not heard and not refused:
        return []
    words = [*(line.rstrip(".") for line in heard), *(f"refused {address}" for address in refused)]
    what = f"The PDF was not made: {'; '.join(dict.fromkeys(words))}"
    return [Violation(what, "Mend the template or style sheet that asks for it.")]


def _nameless(document: Any) -> list[Violation]:
    """A PDF/UA has a title to show in the window; WeasyPrint itself asks for the language."""
    if (document.metadata.title or "").strip():
        return []
    return [Violation("The page has no title", "Give the template's <head> a <title>.")]


@cache
def _type() -> tuple[FontConfiguration, CSS]:
    """The house font as WeasyPrint wants it, read once for all that this process prints."""
    fonts = FontConfiguration()
    atexit.register(fonts.__del__)  # its copies of the fonts go, even if nobody collects it
    return fonts, CSS(string=_font_faces(), font_config=fonts, url_fetcher=OwnFetcher({}))


def _font_faces() -> str:
    weights = {"regular": 400, "bold": 700}
    return "".join(
        f'@font-face {{ font-family: "{FAMILY}"; font-weight: {number}; '
        f'src: url("{_FONT_ADDRESS}{weight}") format("truetype") }}'
        for weight, number in weights.items()
    )

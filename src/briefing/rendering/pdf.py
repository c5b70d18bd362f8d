"""The only file that knows WeasyPrint: HTML to PDF, without network, and loud about trouble."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from briefing.errors import RenderError
from briefing.fonts import FAMILY, font_files
from briefing.rendering.gates import check_fonts, check_glyphs, check_pages

_FONT_ADDRESS = "font:"


class OwnFetcher(URLFetcher):  # type: ignore[misc]
    """Serves an issue's own pictures and the house font; everything else is refused."""

    def __init__(self, pictures: Mapping[str, bytes]) -> None:
        super().__init__(allowed_protocols=())
        self._pictures = pictures
        self.refused: list[str] = []

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        """Answer from memory, or refuse."""
        if url in self._pictures:
            return URLFetcherResponse(url, self._pictures[url], {"Content-Type": "image/svg+xml"})
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


def write_pdf(page: str, pictures: Mapping[str, bytes]) -> tuple[bytes, int]:
    """Lay the page out and write it.

    Args:
        page: the HTML.
        pictures: SVG by address.

    Returns:
        The PDF and its number of pages.

    Raises:
        RenderError: WeasyPrint complained of anything, another font was used, or a page is
            empty.
    """
    check_glyphs([page, *(picture.decode() for picture in pictures.values())])
    fetcher = OwnFetcher(pictures)
    fonts = FontConfiguration()
    with _listening() as listener:
        faces = CSS(string=_font_faces(), font_config=fonts, url_fetcher=fetcher)
        html = HTML(string=page, url_fetcher=fetcher, base_url="issue:/")
        document = html.render(font_config=fonts, stylesheets=[faces])
        check_pages(document)
        pdf = document.write_pdf()
    if listener.heard or fetcher.refused:
        complaints = "; ".join(
            [
                *(words.rstrip(".") for words in listener.heard),
                *(f"refused {url}" for url in fetcher.refused),
            ]
        )
        raise RenderError(
            f"The PDF was not made: {complaints}.",
            "Mend the template or style sheet that asks for it.",
        )
    check_fonts(document)
    return pdf, len(document.pages)


def _font_faces() -> str:
    weights = {"regular": 400, "bold": 700}
    return "".join(
        f'@font-face {{ font-family: "{FAMILY}"; font-weight: {number}; '
        f'src: url("{_FONT_ADDRESS}{weight}") format("truetype") }}'
        for weight, number in weights.items()
    )

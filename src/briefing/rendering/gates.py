"""What finished pages must not have: letters that the font lacks, pages with nothing on them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from html import unescape
from typing import Any

from fontTools.ttLib import TTFont

from briefing.errors import RenderError
from briefing.fonts import FAMILY, font_files

_INVISIBLE = frozenset("\n\t\r\u200b\u00ad\ufeff")


@cache
def _letters() -> frozenset[str]:
    """Every letter that both weights of the house font can show."""
    sets = []
    for path in font_files().values():
        with TTFont(path, lazy=True) as font:
            sets.append(frozenset(chr(code) for code in font.getBestCmap()))
    return frozenset.intersection(*sets) | _INVISIBLE


def check_glyphs(texts: Iterable[str]) -> None:
    """Refuse text with letters that the house font does not have.

    They would come out as boxes, or in whatever other font the machine happens to have.

    Raises:
        RenderError: names each such letter and where it stands.
    """
    missing: dict[str, str] = {}
    for text in texts:
        plain = unescape(text)
        for letter in sorted(set(plain) - _letters()):
            at = plain.index(letter)
            missing.setdefault(letter, " ".join(plain[max(0, at - 20) : at + 20].split()))
    if missing:
        shown = "; ".join(
            f"{letter!r} (U+{ord(letter):04X}) in “{context}”"
            for letter, context in missing.items()
        )
        raise RenderError(f"{FAMILY} has no glyph for {shown}.", "Write it with other letters.")


def check_fonts(document: Any) -> None:
    """Refuse a written document that uses another font than the house font.

    A style sheet that names another family gets whatever the machine has for it.

    Raises:
        RenderError: names the fonts.
    """
    families = {font.family for font in document.fonts.values()}
    others = sorted(families - {FAMILY})
    if others:
        raise RenderError(
            f"The PDF would use {', '.join(others)}, which is not the house font.",
            f"Name only {FAMILY} in the style sheet, in regular or bold.",
        )


def check_pages(document: Any) -> None:
    """Refuse a document that has an empty page.

    Raises:
        RenderError: names the pages.
    """
    empty = [number for number, page in enumerate(document.pages, 1) if not _has_content(page)]
    if empty:
        pages = ", ".join(str(number) for number in empty)
        raise RenderError(
            f"Page {pages} of the PDF is empty.", "Look for a page break that is not needed."
        )


def _has_content(page: Any) -> bool:
    """Whether text or a picture stands on the page, its margins left out."""
    boxes = [child for child in page._page_box.children if child.element_tag != "@page"]
    waiting = [box for box in boxes if not hasattr(box, "at_keyword")]
    while waiting:
        box = waiting.pop()
        if getattr(box, "text", "").strip() or hasattr(box, "replacement"):
            return True
        waiting.extend(getattr(box, "children", ()))
    return False

"""Letters and fonts: every letter has a glyph, and every glyph comes from the house font."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from html import unescape
from typing import Any

from fontTools.ttLib import TTFont

from briefing.fonts import FAMILY, font_files
from briefing.rendering.gates.violations import Violation

_INVISIBLE = frozenset("\n\t\r\u200b\u00ad\ufeff")


@cache
def _letters() -> frozenset[str]:
    """Every letter that both weights of the house font can show."""
    sets = []
    for path in font_files().values():
        with TTFont(path, lazy=True) as font:
            # names of glyphs are of no use here, and take longest to read
            font.setGlyphOrder([""] * font["maxp"].numGlyphs)
            sets.append(frozenset(map(chr, font.getBestCmap())))
    return frozenset.intersection(*sets) | _INVISIBLE


def missing_glyphs(texts: Iterable[str]) -> list[Violation]:
    """Letters that the house font does not have, each with the place where it stands first.

    They would come out as boxes, or in whatever other font the machine happens to have.
    """
    missing: dict[str, str] = {}
    for text in texts:
        plain = unescape(text)
        for letter in sorted(set(plain) - _letters()):
            at = plain.index(letter)
            missing.setdefault(letter, " ".join(plain[max(0, at - 20) : at + 20].split()))
    return [
        Violation(
            f"{FAMILY} has no glyph for {letter!r} (U+{ord(letter):04X}) in “{context}”",
            "Write it with other letters.",
        )
        for letter, context in missing.items()
    ]


def other_fonts(document: Any) -> list[Violation]:
    """Fonts of a written document that are not the house font.

    A style sheet that names another family gets whatever the machine has for it.
    """
    others = sorted({font.family for font in document.fonts.values()} - {FAMILY})
    if not others:
        return []
    what = f"The PDF would use {', '.join(others)}, which is not the house font"
    return [Violation(what, f"Name only {FAMILY} in the style sheet, in regular or bold.")]

"""Lines of text in WeasyPrint, set once and written fast; ``engine.py`` puts them in their place.

The lines are the same, and so are the bytes that they become: ``tests/unit/test_engine.py``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from struct import Struct
from typing import Any

from weasyprint.draw import text as drawing
from weasyprint.text import fonts, line_break
from weasyprint.text.ffi import FROM_UNITS, ffi, pango

_SPLIT = line_break.split_first_line
_DRAW = drawing.draw_first_line
_DESCRIBE = fonts.get_font_description
_STRUT = line_break.strut
SET_UP_AGAIN = line_break.Layout.reactivate

_MOST_LINES = 4096
_GLYPH = Struct("=IiiiI")  # PangoGlyphInfo: the glyph; its width and offsets; its attributes
_IS_LAID_OUT_SO = ffi.sizeof("PangoGlyphInfo") == _GLYPH.size and pango.pango_version() >= 14802


def keep(_layout: Any) -> None:
    """Keep a line as Pango has set it, a few kilobytes, until its page is drawn."""


def reactivate(layout: Any, style: Any) -> None:
    """Set a line anew only where it is drawn otherwise than it was measured: justified."""
    if layout.justification_spacing:
        SET_UP_AGAIN(layout, style)


def _of_style(find: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What follows from a style alone, found out once for each style."""
    name = find.__name__

    def found(style: Any) -> Any:
        own = style.__dict__
        if name not in own:
            own[name] = find(style)
        return own[name]

    return found


def _split(
    text: str,
    style: Any,
    context: Any,
    max_width: float | None,
    justification_spacing: float,
    is_line_start: bool = True,
    minimum: bool = False,
) -> Any:
    """Set a line; cells are measured two or three times before they are laid out.

    What was set before in as much room is the same again, as is what fitted one line without any
    limit and fits now.
    """
    known = {} if context is None else context.__dict__.setdefault("lines", {})
    if len(known) > _MOST_LINES:
        known.clear()
    exact = text, id(style), max_width, justification_spacing, is_line_start, minimum
    if exact in known:
        return known[exact][1]
    free = text, id(style), justification_spacing
    if max_width is not None and free in known:
        layout, length, resume_at, width, height, baseline = known[free][1]
        if width <= max_width:
            layout = copy.copy(layout)
            layout.max_width = max_width
            return layout, length, resume_at, width, height, baseline
    line = _SPLIT(text, style, context, max_width, justification_spacing, is_line_start, minimum)
    known[exact] = style, line  # with the style, so that no other one gets its identity
    if max_width is None and line[2] is None:
        known[free] = style, line
    return line


def _draw(stream: Any, textbox: Any, text_overflow: Any, block_ellipsis: Any, matrix: Any) -> Any:
    """Write a line into the page.

    One that may be cut short becomes the box's own before. One whose letters have all been
    written before goes the short way: nothing is left to find out about them.
    """
    line = textbox.pango_layout
    if text_overflow == "ellipsis" or block_ellipsis != "none":
        textbox.pango_layout = line_break.create_layout(
            line.text, textbox.style, None, line.max_width, line.justification_spacing
        )
    elif _IS_LAID_OUT_SO and textbox.text.strip() and textbox.style["font_size"] >= 1:
        pango.pango_layout_set_single_paragraph_mode(line.layout, True)
        if runs := _runs(stream, line):
            stream.set_text_matrix(*matrix.values)
            for font, size, letters in runs:
                stream.set_font_size(font, size)
                stream.show_text(letters)
            return []
    return _DRAW(stream, textbox, text_overflow, block_ellipsis, matrix)


def _runs(stream: Any, line: Any) -> list[tuple[str, float, str]]:
    """The runs of a line: name and size of the font, and the letters as a PDF has them.

    Empty where a letter is new, stands higher or lower, or is more than an outline.
    """
    found: list[tuple[str, float, str]] = []
    first, _ = line.get_first_line()
    run, before = first.runs[0], None
    while run != ffi.NULL:
        item, run = run.data, run.next
        if item.item.analysis.font == before:
            return []
        before = item.item.analysis.font
        font, size = stream.add_font(before)
        if font.bitmap or font.png or font.svg or font.colr:
            return []
        letters = font.__dict__.setdefault("letters", {}).setdefault(size, {})
        written = []
        glyphs = item.glyphs
        bare = ffi.buffer(glyphs.glyphs, glyphs.num_glyphs * _GLYPH.size)
        for glyph, width, right, up, _ in _GLYPH.iter_unpack(bare):
            letter = letters.get((glyph, width))
            if letter is None:
                if glyph not in font.to_unicode or glyph not in font.widths:
                    return []
                kerning = font.widths[glyph] - width * 1000 * FROM_UNITS / size
                letter = f"{glyph:04x}>{int(kerning)}<" if kerning else f"{glyph:04x}"
                letters[glyph, width] = letter
            if right or up:
                return []
            written.append(letter)
        if not written:
            return []
        found.append((font.hash, size, f"<{''.join(written)}>".removesuffix("<>")))
    return found


INSTEAD: dict[Any, Callable[..., Any]] = {
    _SPLIT: _split,
    _DRAW: _draw,
    _DESCRIBE: _of_style(_DESCRIBE),
    _STRUT: _of_style(_STRUT),
}

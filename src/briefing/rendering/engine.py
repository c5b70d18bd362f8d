"""Where WeasyPrint does the same work again and again, and is made to do it once.

What it writes stays the same, byte for byte but for how hard it is squeezed:
``tests/unit/test_engine.py`` compares, and says so when something that is leaned on here is gone.
"""

from __future__ import annotations

import copy
import re
import sys
import zlib
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import pydyf  # type: ignore[import-untyped]  # comes with WeasyPrint, whose PDF it writes
from weasyprint import HTML
from weasyprint.css import ComputedStyle
from weasyprint.css.computed_values import PHYSICAL_FUNCTIONS
from weasyprint.css.properties import INHERITED, INITIAL_NOT_COMPUTED, INITIAL_VALUES
from weasyprint.draw.color import get_color
from weasyprint.formatting_structure.boxes import Box, PageBox
from weasyprint.html import UA_STYLESHEET
from weasyprint.layout import background, percent
from weasyprint.text import line_break

from briefing.rendering import lines

_SQUEEZED = 6
"""How hard streams are compressed, 1 to 9; 9 takes three times as long for a thirtieth less."""

_NOTES = {"footnote-call", "footnote-marker", "note-call", "note-marker", "note-callback"}
_WORDS_OF_NOTES = re.compile(r"footnote|note\(|note-(?:area|call|marker)")

_ASKED_OF_OTHERS = {"float", "display", "position", "page"}
"""Properties that WeasyPrint takes from more than the cascade, the parent and the initial value."""

_LENGTHS = (
    *(f"{kind}_{side}" for kind in ("margin", "padding") for side in ("left", "right")),
    *(f"{kind}_{side}" for kind in ("margin", "padding") for side in ("top", "bottom")),
    *(f"border_{side}_width" for side in ("top", "right", "bottom", "left")),
    *(f"{least}{side}" for side in ("width", "height") for least in ("", "min_", "max_")),
)
_CORNERS = tuple(
    f"border_{vertical}_{side}_radius"
    for vertical in ("top", "bottom")
    for side in ("left", "right")
)
_SQUARE = dict.fromkeys(_CORNERS, (0, 0))


def tune() -> None:
    """Make WeasyPrint remember; called again, it does nothing more."""
    for theirs, ours in INSTEAD.items():
        _everywhere(theirs, ours)
    line_break.Layout.deactivate = lines.keep
    line_break.Layout.reactivate = lines.reactivate
    pydyf.PDF.page_references = property(_page_references)
    pydyf.PDF.write = _write
    pydyf.zlib = SimpleNamespace(compressobj=lambda level: zlib.compressobj(min(level, _SQUEEZED)))
    for kind, data in _DATA.items():
        kind.data = property(_once(data))
    ComputedStyle.__missing__ = _computed
    Box.is_in_normal_flow = _is_in_normal_flow


def _everywhere(theirs: Callable[..., Any], ours: Callable[..., Any]) -> None:
    """Call ours wherever WeasyPrint's modules have taken in their function by its name."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "weasyprint" and vars(module).get(theirs.__name__) is theirs:
            setattr(module, theirs.__name__, ours)


# Writing


_REFERENCES = pydyf.PDF.page_references.fget
_WRITE = pydyf.PDF.write
_ADD = pydyf.PDF.add_object
_DATA = {
    kind: kind.data.fget for kind in (pydyf.Array, pydyf.Dictionary, pydyf.Stream, pydyf.String)
}


def _page_references(pdf: Any) -> Any:
    """The references of all pages, listed once: pydyf lists them anew for each tag and anchor.

    With that, a document of twice the pages takes four times as long.
    """
    pages = len(pdf.pages["Kids"])
    known = pdf.__dict__.get("_listed")
    if known is None or known[0] != pages:
        known = pdf._listed = (pages, _REFERENCES(pdf))
    return known[1]


def _write(pdf: Any, *args: Any, **words: Any) -> None:
    """Write the file; its identifier is a hash of all objects, which are not made again for it."""

    def add(thing: Any) -> None:
        _ADD(pdf, thing)
        thing.settled = True

    for thing in pdf.objects:
        thing.settled = True
    pdf.add_object = add
    _WRITE(pdf, *args, **words)


def _once(data: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    def kept(thing: Any) -> bytes:
        """The bytes of an object; kept where the document is being written."""
        own = thing.__dict__
        if "settled" not in own:
            return data(thing)
        if "written" not in own:
            own["written"] = data(thing)
        written: bytes = own["written"]
        return written

    return kept


# Styles


_COMPUTED = ComputedStyle.__missing__
_LOGICAL = frozenset(
    name(block="ttb", inline=inline)
    for name in PHYSICAL_FUNCTIONS.values()
    for inline in ("ltr", "rtl")
)


def _computed(style: Any, key: str) -> Any:
    """A property that no rule sets: the value of its parent, or the initial one."""
    parent, cascaded = style.parent_style, style.cascaded
    if (
        key in cascaded
        or parent is None
        or key in _ASKED_OF_OTHERS
        or key.startswith(("__", "text_decoration_"))
        or not _LOGICAL.isdisjoint(cascaded)
    ):
        return _COMPUTED(style, key)
    if key in INHERITED:
        value = style[key] = parent[key]
    elif key in INITIAL_NOT_COMPUTED:
        return _COMPUTED(style, key)
    else:
        value = style[key] = INITIAL_VALUES[key]
    return value


class Manuscript(HTML):  # type: ignore[misc]
    """A page as WeasyPrint reads it; one without notes is not searched for them in each element.

    Args:
        page: the HTML.
        styled: the same with its style sheet, which says whether there are notes.
    """

    def __init__(self, page: str, styled: str, **words: Any) -> None:
        super().__init__(string=page, **words)
        self._has_notes = bool(_WORDS_OF_NOTES.search(styled))

    def _ua_stylesheets(self, forms: bool = False) -> list[Any]:
        sheets: list[Any] = super()._ua_stylesheets(forms)
        return [
            _noteless() if sheet is UA_STYLESHEET and not self._has_notes else sheet
            for sheet in sheets
        ]


@cache
def _noteless() -> Any:
    """WeasyPrint's own style sheet without its rules for the notes of any element."""
    sheet = copy.copy(UA_STYLESHEET)
    sheet.matcher = copy.copy(sheet.matcher)
    sheet.matcher.other_selectors = [
        entry for entry in sheet.matcher.other_selectors if entry[3] not in _NOTES
    ]
    return sheet


# Layout


_RESOLVE = percent.resolve_percentages
_BACKGROUNDS = background.layout_box_backgrounds
_IS_IN_NORMAL_FLOW = Box.is_in_normal_flow


def _is_in_normal_flow(box: Any) -> bool:
    """Whether a box is neither floated nor placed: said by its style, and asked all the time."""
    own = box.style.__dict__
    if "flows" not in own:
        own["flows"] = _IS_IN_NORMAL_FLOW(box)
    flows: bool = own["flows"]
    return flows


def _resolve_percentages(box: Any, containing_block: Any) -> None:
    """Lengths of a box; they are the same for all boxes of a style in blocks of the same size."""
    style = box.style
    if style["border_collapse"] == "collapse" and hasattr(box, "border_top_width"):
        _RESOLVE(box, containing_block)  # its borders were settled with its neighbours
        return
    if isinstance(containing_block, Box):
        containing_block = containing_block.width, containing_block.height
    key = *containing_block, isinstance(box, PageBox)
    known = style.__dict__.setdefault("resolved", {})
    if key in known:
        box.__dict__.update(known[key])
        return
    _RESOLVE(box, containing_block)
    known[key] = {name: box.__dict__[name] for name in _LENGTHS}


def _layout_box_backgrounds(
    page: Any, box: Any, get_image: Any, layout_children: bool = True, style: Any = None
) -> None:
    """Backgrounds of a box and of what is in it; most boxes have none, and no round corners."""
    if style is not None or box is page or not _is_bare(box.style):
        _BACKGROUNDS(page, box, get_image, layout_children, style)
        return
    box.__dict__.update(_SQUARE)
    if layout_children:
        for child in box.all_children():
            _layout_box_backgrounds(page, child, get_image)
    box.background = None


def _is_bare(style: Any) -> bool:
    known = style.__dict__.get("bare")
    if known is None:
        known = style.__dict__["bare"] = (
            style["border_image_source"][0] == style["mask_border_source"][0] == "none"
            and all(kind == "none" for kind, _ in style["background_image"])
            and not style["box_shadow"]
            and get_color(style, "background_color").alpha == 0
            and all((0, "px") in style[corner] for corner in _CORNERS)
        )
    return bool(known)


INSTEAD: dict[Any, Callable[..., Any]] = {
    **lines.INSTEAD,
    _RESOLVE: _resolve_percentages,
    _BACKGROUNDS: _layout_box_backgrounds,
}

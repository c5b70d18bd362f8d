"""The finished pages as plain boxes: where the gates look inside WeasyPrint.

WeasyPrint keeps where things lie to itself. Whatever it might rename stands here, and
``tests/unit/test_boxes.py`` says so when it does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_KINDS = {
    "TextBox": "text",
    "LineBox": "line",
    "TableBox": "table",
    "TableRowGroupBox": "group",
    "TableRowBox": "row",
    "TableCellBox": "cell",
    "MarginBox": "margin",
    "FootnoteAreaBox": "footnotes",
}

_APART = {"td", "th", "tr", "p", "li", "dt", "dd", "div", "br"}


@dataclass(frozen=True, eq=False)
class Box:
    """Something that lies on a page; places in CSS pixels (96 to the inch) from its top left.

    Attributes:
        kind: text, picture, line, table, group (of rows), row, cell, margin, footnotes, or "".
        tag: name of the HTML element that it belongs to; empty where to none.
        element: that element; the same object wherever parts of it lie.
        text: for a text, its letters.
        children: what lies in it, in reading order.
    """

    kind: str
    tag: str
    element: Any
    left: float
    top: float
    right: float
    bottom: float
    text: str
    children: tuple[Box, ...]

    @cached_property
    def is_content(self) -> bool:
        """Whether a reader sees it: a text that is not only spaces, or a picture."""
        return self.kind == "picture" or (self.kind == "text" and bool(self.text.strip()))

    @cached_property
    def is_filled(self) -> bool:
        """Whether there is anything in it that a reader sees."""
        return self.is_content or any(child.is_filled for child in self.children)


Trail = tuple[Box, ...]
"""The boxes around a box, the outermost first."""


@dataclass(frozen=True, eq=False)
class Page:
    """A finished page; its area is what the margins leave.

    Attributes:
        number: from 1.
        content: boxes of the text, without what stands in the margins.
        margins: running headers, footers and page numbers.
    """

    number: int
    width: float
    height: float
    left: float
    top: float
    right: float
    bottom: float
    content: tuple[Box, ...]
    margins: tuple[Box, ...]

    @cached_property
    def boxes(self) -> tuple[tuple[Box, Trail], ...]:
        """Every box of the text in reading order, each with the boxes around it."""
        return tuple(found for box in self.content for found in walk(box))


def walk(box: Box, trail: Trail = ()) -> list[tuple[Box, Trail]]:
    """A box and all that lies in it, in reading order, each with the boxes around it."""
    found = [(box, trail)]
    if box.children:
        inside = (*trail, box)
        for child in box.children:
            found += walk(child, inside) if child.children else [(child, inside)]
    return found


def pages_of(document: Any) -> tuple[Page, ...]:
    """The pages of a document that WeasyPrint has laid out."""
    return tuple(_page(number, page) for number, page in enumerate(document.pages, 1))


def _page(number: int, page: Any) -> Page:
    inside = page._page_box
    boxes = [_box(child) for child in inside.children]
    left, top = inside.content_box_x(), inside.content_box_y()
    return Page(
        number,
        page.width,
        page.height,
        left,
        top,
        left + inside.width,
        top + inside.height,
        tuple(box for box in boxes if box.kind != "margin"),
        tuple(box for box in boxes if box.kind == "margin"),
    )


def _box(inside: Any) -> Box:
    inside = _unwrapped(inside)
    kind = "picture" if hasattr(inside, "replacement") else _KINDS.get(type(inside).__name__, "")
    if kind in {"text", "line"}:  # no borders; above a text, half of what the line is higher
        left, top = inside.position_x, inside.position_y + inside.margin_top
        width, height = inside.width, inside.height
    else:
        left, top = inside.border_box_x(), inside.border_box_y()
        width, height = inside.border_width(), inside.border_height()
    return Box(
        kind,
        str(inside.element_tag or ""),
        inside.element,
        left,
        top,
        left + width,
        top + height,
        inside.text if kind == "text" else "",
        tuple(_box(child) for child in inside.children),
    )


def _unwrapped(inside: Any) -> Any:
    """What is placed absolutely stands in its parent as a placeholder."""
    return getattr(inside, "_box", inside)


def _everything(document: Any) -> Iterator[Any]:
    waiting = [page._page_box for page in document.pages]
    while waiting:
        inside = _unwrapped(waiting.pop())
        yield inside
        waiting.extend(inside.children)


def tagged_cells(document: Any) -> Iterator[tuple[Any, Any]]:
    """Cells of tables: the structure element written for each, and its HTML element."""
    for inside in _everything(document):
        if (mark := getattr(inside, "mark", None)) is not None:
            yield mark, inside.element


def annotated_links(document: Any) -> Iterator[tuple[Any, Any]]:
    """Links: the annotation written for each, and its HTML element."""
    for inside in _everything(document):
        if inside.link_annotation is not None:
            yield inside.link_annotation, inside.element


def words_of(element: Any) -> str:
    """The words of an HTML element on one line; the name that it gives itself goes first."""
    named = element.get("aria-label", "")
    return " ".join((named or "".join(_pieces(element))).split())


def _pieces(element: Any) -> Iterator[str]:
    """Its texts in their order, with a space wherever a reader sees two things."""
    if not isinstance(element.tag, str):
        return  # a comment
    apart = " " if element.tag in _APART else ""
    yield apart + (element.text or "")
    for child in element:
        yield from _pieces(child)
        yield child.tail or ""
    yield apart

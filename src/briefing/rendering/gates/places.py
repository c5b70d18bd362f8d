"""Places: no text or picture sticks out of the area that the margins leave, or of the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from briefing.rendering.boxes import Box, Page, Trail, walk
from briefing.rendering.gates.violations import (
    MILLIMETRES,
    TOLERANCE,
    Violation,
    figure_around,
    quoted,
)

_NARROWER = "Make it narrower, let it wrap, or give it the width of the text."
_SHORTER = "Make it lower than a page, or let it break."
_REMEDIES = {"left": _NARROWER, "right": _NARROWER, "upper": _SHORTER, "lower": _SHORTER}


def outside_the_page(pages: Sequence[Page]) -> list[Violation]:
    """Texts and pictures beyond the text area; running texts beyond the page or in the area.

    What stands in a cell is looked at sideways by the gates for tables.
    """
    found = []
    for page in pages:
        found += _beyond_the_area(page)
        found += _running_text_astray(page)
    return found


def _beyond_the_area(page: Page) -> list[Violation]:
    """One violation for each block and side, for the part that sticks out furthest."""
    worst: dict[tuple[int, str], tuple[float, str]] = {}
    for box, trail in page.boxes:
        if not box.is_content or _is_inside(page, box, trail):
            continue
        for side, excess in _excesses(page, box, trail):
            key = id(_block(trail)), side
            subject = _subject(box) + figure_around(trail)
            if excess > worst.get(key, (TOLERANCE, ""))[0]:
                worst[key] = excess, subject
    return [
        Violation(
            f"Page {page.number}: {subject} reaches {excess * MILLIMETRES:.0f} mm over the {side}"
            " edge of the text area",
            _REMEDIES[side],
        )
        for (_, side), (excess, subject) in worst.items()
    ]


def _is_inside(page: Page, box: Box, trail: Trail) -> bool:
    """Whether nothing of it or of its line sticks out; so it is with nearly all of them."""
    line = trail[-1] if trail else box
    return (
        page.left <= box.left
        and box.right <= page.right
        and page.top <= min(box.top, line.top)
        and max(box.bottom, line.bottom) <= page.bottom
    )


def _excesses(page: Page, box: Box, trail: Trail) -> Iterator[tuple[str, float]]:
    """By how many pixels the box sticks out, side by side."""
    if not any(around.kind == "cell" for around in trail):
        yield "left", page.left - box.left
        yield "right", box.right - page.right
    line = trail[-1] if trail and trail[-1].kind == "line" else box
    if any(around.kind == "footnotes" for around in trail):
        return  # they take their height from the area
    yield "upper", page.top - line.top
    yield "lower", line.bottom - page.bottom


def _block(trail: Trail) -> Any:
    """The figure around a box, or else the nearest element that is more than a piece of a line."""
    figures = [box.element for box in trail if box.tag == "figure"]
    blocks = [box.element for box in trail if box.kind == "line"]
    return (figures or blocks or [trail[-1].element if trail else None])[-1]


def _running_text_astray(page: Page) -> list[Violation]:
    found = []
    for margin in page.margins:
        for box, _ in walk(margin):
            if not box.is_content:
                continue
            if _off_the_sheet(page, box):
                where = "reaches over the edge of the page"
            elif _in_the_area(page, box):
                where = "runs into the text"
            else:
                continue
            what = f"Page {page.number}: the running text {_subject(box)} {where}"
            found.append(Violation(what, "Shorten it, or give it more room (@page)."))
            break  # one word about each margin is enough
    return found


def _off_the_sheet(page: Page, box: Box) -> bool:
    return (
        min(box.left, box.top) < -TOLERANCE
        or box.right > page.width + TOLERANCE
        or box.bottom > page.height + TOLERANCE
    )


def _in_the_area(page: Page, box: Box) -> bool:
    return (
        min(box.right, page.right) - max(box.left, page.left) > TOLERANCE
        and min(box.bottom, page.bottom) - max(box.top, page.top) > TOLERANCE
    )


def _subject(box: Box) -> str:
    return quoted(box.text) if box.kind == "text" else "the picture"

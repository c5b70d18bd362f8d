"""Flow: a heading keeps something of what it heads, and no page is empty or nearly so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from briefing.rendering.boxes import Box, Page, Trail, walk, words_of
from briefing.rendering.gates.violations import Violation, figure_around, quoted

LEAST_USED = 0.12
"""Share of a page's height that lines, rows and pictures must fill."""

LEAST_LAST_LINES = 3
"""Lines on the last page: what ``widows: 3`` keeps together, so that a layout can keep to it."""

_CAPTIONS = {"figcaption": "figure", "caption": "table"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6", "dt", "thead", *_CAPTIONS}


def stranded_headings(pages: Sequence[Page]) -> list[Violation]:
    """Headings, captions, terms and heads of tables that are the last thing on their page.

    A caption below its picture or table is none. Nor is a title (h1) on the first page.
    """
    found = []
    for page in pages:
        last = _last_content(page)
        heading = _heading(*last) if last else None
        if heading is None or (page.number == 1 and heading[0].tag == "h1"):
            continue
        box, trail = heading
        name = "head of a table" if box.tag == "thead" else f"heading <{box.tag}>"
        around = "" if box.tag in _CAPTIONS else figure_around(trail)
        found.append(
            Violation(
                f"Page {page.number} ends with the {name} {quoted(words_of(box.element))}{around},"
                " and what it heads is not there",
                "Keep them together (break-after: avoid), or leave out a heading of nothing.",
            )
        )
    return found


def _last_content(page: Page) -> tuple[Box, Trail] | None:
    """The last text or picture in reading order, footnotes left out, with the boxes around it."""
    trail: list[Box] = []
    inside = page.content
    while inside:
        last = next(
            (box for box in reversed(inside) if box.is_filled and box.kind != "footnotes"), None
        )
        if last is None:
            return None
        if not any(child.is_filled for child in last.children):
            return last, tuple(trail)
        trail.append(last)
        inside = last.children
    return None


def _heading(last: Box, trail: Trail) -> tuple[Box, Trail] | None:
    """The heading around the last thing on a page, if it heads nothing there."""
    for at, box in enumerate(trail):
        if box.tag not in _HEADINGS:
            continue
        if box.tag in _CAPTIONS and _stands_below(box, trail[:at], _CAPTIONS[box.tag]):
            return None
        return box, trail[:at]
    return None


def _stands_below(caption: Box, trail: Trail, around: str) -> bool:
    """Whether the caption follows content of its own figure or table on the same page."""
    own = next((box for box in trail if box.tag == around), None)
    inside = set(map(id, (box for box, _ in walk(caption))))
    return own is not None and any(box.is_content and id(box) not in inside for box, _ in walk(own))


def empty_pages(pages: Sequence[Page]) -> list[Violation]:
    """Pages with nothing on them, or so little that they look like a mistake.

    The first page may be a title page and the only one may be short; neither is held to
    ``LEAST_USED``. The last page ends where the text ends; it needs a picture or
    ``LEAST_LAST_LINES``.
    """
    found = []
    for page in pages:
        if not any(box.is_filled for box in page.content):
            what = f"Page {page.number} of the PDF is empty"
            found.append(Violation(what, "Look for a page break that is not needed."))
        elif page.number == len(pages):
            found += _short_end(page) if page.number > 1 else []
        elif page.number > 1 and (used := used_height(page)) < LEAST_USED:
            what = f"Page {page.number} is nearly empty: only {used:.0%} of its height is used"
            remedy = (
                f"Use at least {LEAST_USED:.0%}: look for a page break that is not needed, or for"
                " something high that moved to the next page."
            )
            found.append(Violation(what, remedy))
    return found


def _short_end(page: Page) -> list[Violation]:
    if any(box.kind == "picture" for box, _ in page.boxes):
        return []
    lines = {round(top) for top, _ in _spans(page, ("line",))}
    if len(lines) >= LEAST_LAST_LINES:
        return []
    what = f"Page {page.number}, the last one, has only {len(lines)} line" + "s"[: len(lines) - 1]
    remedy = (
        f"Shorten the text before it, or keep at least {LEAST_LAST_LINES} lines together"
        " (widows, break-inside: avoid)."
    )
    return [Violation(what, remedy)]


def used_height(page: Page) -> float:
    """The share of the text area's height that lines, rows and pictures fill, from 0 to 1."""
    used, reached = 0.0, page.top
    for top, bottom in sorted(_spans(page, ("line", "row", "picture"))):
        used += max(0.0, bottom - max(top, reached))
        reached = max(reached, bottom)
    return used / (page.bottom - page.top)


def _spans(page: Page, kinds: tuple[str, ...]) -> Iterator[tuple[float, float]]:
    """From where to where such boxes reach down the page, those with nothing in them left out."""
    for box, _ in page.boxes:
        if box.kind in kinds and box.is_filled:
            yield box.top, box.bottom

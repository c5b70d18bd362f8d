"""Tables: none is wider than the text, no cell is too small for its words, no row is cut."""

from __future__ import annotations

from collections.abc import Sequence

from briefing.rendering.boxes import Box, Page, Trail, words_of
from briefing.rendering.gates.violations import (
    MILLIMETRES,
    TOLERANCE,
    Violation,
    figure_around,
    quoted,
)


def wide_tables(pages: Sequence[Page]) -> list[Violation]:
    """Tables that reach over the edge of the text area, each named once."""
    found: dict[int, Violation] = {}
    for page in pages:
        for box, trail in page.boxes:
            excess = max(box.right - page.right, page.left - box.left)
            if box.kind == "table" and excess > TOLERANCE:
                what = (
                    f"Page {page.number}: the table{figure_around(trail)} is"
                    f" {excess * MILLIMETRES:.0f} mm too wide for the page"
                )
                remedy = "Show fewer columns, or shorten words that cannot wrap."
                found.setdefault(id(box.element), Violation(what, remedy))
    return list(found.values())


def cut_cells(pages: Sequence[Page]) -> list[Violation]:
    """Cells whose words stick out of them, over a neighbour or the edge of the table."""
    found = []
    for page in pages:
        worst: dict[int, tuple[float, str]] = {}
        for box, trail in page.boxes:
            if not box.is_content:
                continue
            cell = next((around for around in reversed(trail) if around.kind == "cell"), None)
            if cell is None:
                continue
            excess = _excess(box, cell)
            if excess > worst.get(id(cell), (TOLERANCE, ""))[0]:
                subject = quoted(words_of(cell.element)) + figure_around(trail)
                worst[id(cell)] = excess, subject
        found += [
            Violation(
                f"Page {page.number}: the cell {subject} is {excess * MILLIMETRES:.0f} mm too"
                " small for what stands in it",
                "Shorten it, let it wrap, or give its column more width.",
            )
            for excess, subject in worst.values()
        ]
    return found


def _excess(box: Box, cell: Box) -> float:
    return max(
        cell.left - box.left,
        box.right - cell.right,
        cell.top - box.top,
        box.bottom - cell.bottom,
    )


def split_rows(pages: Sequence[Page]) -> list[Violation]:
    """Rows that begin on one page and end on another; repeated heads and feet are none."""
    found = []
    before: dict[int, tuple[Box, Trail]] = {}
    for page in pages:
        here = _rows(page)
        for key, (row, trail) in before.items():
            if key not in here:
                continue
            found.append(
                Violation(
                    f"Page {page.number}: the row {quoted(words_of(row.element))}"
                    f"{figure_around(trail)} began on page {page.number - 1}",
                    "Keep rows together (tr { break-inside: avoid }); one higher than a page"
                    " needs fewer words.",
                )
            )
        before = here
    return found


def _rows(page: Page) -> dict[int, tuple[Box, Trail]]:
    """Rows with something in them by their element, without those that each page repeats."""
    rows: dict[int, tuple[Box, Trail]] = {}
    for box, trail in page.boxes:
        if not box.is_content:
            continue
        at = next((at for at, around in enumerate(trail) if around.kind == "row"), None)
        if at is None or trail[at].tag != "tr":
            continue
        if not any(around.tag in {"thead", "tfoot"} for around in trail[:at]):
            rows[id(trail[at].element)] = trail[at], trail[:at]
    return rows

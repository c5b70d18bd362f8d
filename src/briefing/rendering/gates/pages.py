"""All gates that look at finished pages, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from briefing.rendering.boxes import Page
from briefing.rendering.gates.flow import empty_pages, stranded_headings
from briefing.rendering.gates.places import outside_the_page
from briefing.rendering.gates.tables import cut_cells, split_rows, wide_tables
from briefing.rendering.gates.violations import Violation


def page_violations(pages: Sequence[Page]) -> list[Violation]:
    """What is wrong with the pages, in the order of the gates."""
    return [
        *outside_the_page(pages),
        *wide_tables(pages),
        *cut_cells(pages),
        *split_rows(pages),
        *stranded_headings(pages),
        *empty_pages(pages),
    ]

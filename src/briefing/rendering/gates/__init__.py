"""What must not leave the house: pages and figures that fail a gate, all named in one error."""

from briefing.rendering.gates.figures import figures_without_words
from briefing.rendering.gates.flow import empty_pages, stranded_headings
from briefing.rendering.gates.letters import missing_glyphs, other_fonts
from briefing.rendering.gates.pages import page_violations
from briefing.rendering.gates.places import outside_the_page
from briefing.rendering.gates.tables import cut_cells, split_rows, wide_tables
from briefing.rendering.gates.violations import Violation, refuse

__all__ = [
    "Violation",
    "cut_cells",
    "empty_pages",
    "figures_without_words",
    "missing_glyphs",
    "other_fonts",
    "outside_the_page",
    "page_violations",
    "refuse",
    "split_rows",
    "stranded_headings",
    "wide_tables",
]

"""Stage 6, render: one layout, as a self-contained HTML file and, from the same HTML, as PDF."""

from __future__ import annotations

from pathlib import Path

from briefing.rendering.files import figure_files, known_json
from briefing.rendering.gates import check_glyphs
from briefing.rendering.html import Layout
from briefing.rendering.lineage import lineage
from briefing.structures import KNOWN, PROVENANCE, Composition, Document

FORMATS = ("pdf", "html")


def render(composition: Composition, report_folder: Path, formats: tuple[str, ...]) -> Document:
    """Make the files of an issue.

    Args:
        report_folder: may hold ``template.html.j2`` and ``style.css`` that override the layout.
        formats: which of "pdf" and "html".

    Raises:
        RenderError: the layout does not work out, or the pages fail a gate.
    """
    layout = Layout(composition, report_folder)
    files = figure_files(composition)
    files[PROVENANCE] = lineage(composition).encode()
    if composition.known:
        files[KNOWN] = known_json(composition).encode()
    pages = 0
    printed = layout.page(for_pdf=True)
    if "html" in formats:
        check_glyphs([printed, *(picture.decode() for picture in layout.pictures().values())])
        files["index.html"] = layout.page().encode()
    if "pdf" in formats:
        from briefing.rendering.pdf import write_pdf

        files["briefing.pdf"], pages = write_pdf(printed, layout.pictures())
    return Document(dict(sorted(files.items())), pages)


__all__ = ["FORMATS", "render"]

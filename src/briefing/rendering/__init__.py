"""Stage 6, render: one layout, as a self-contained HTML file and, from the same HTML, as PDF."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from briefing.rendering.files import embedded_files, figure_files, known_json
from briefing.rendering.gates import figures_without_words, missing_glyphs, refuse
from briefing.rendering.html import Layout
from briefing.rendering.lineage import lineage
from briefing.structures import KNOWN, PROVENANCE, Composition, Document

FORMATS = ("pdf", "html")


def render(
    composition: Composition,
    report_folder: Path,
    formats: tuple[str, ...],
    dark: Mapping[str, str],
) -> Document:
    """Make the files of an issue.

    Args:
        dark: for each colour of a chart, the one for dark screens.
        report_folder: may hold ``template.html.j2`` and ``style.css`` that override the layout.
        formats: which of "pdf" and "html".

    Raises:
        RenderError: the layout does not work out, or the pages fail a gate.
    """
    layout = Layout(composition, report_folder, dark)
    files = figure_files(composition)
    files[PROVENANCE] = lineage(composition).encode()
    if composition.known:
        files[KNOWN] = known_json(composition).encode()
    pages = 0
    printed, pictures = layout.page(for_pdf=True), layout.pictures()
    found = [
        *figures_without_words(composition),
        *missing_glyphs([printed, *(picture.decode() for picture in pictures.values())]),
    ]
    if "pdf" in formats:
        from briefing.rendering.pdf import write_pdf

        carried = embedded_files(composition, files)
        files["briefing.pdf"], pages = write_pdf(printed, pictures, carried, found)
    refuse(found)
    if "html" in formats:
        files["index.html"] = layout.page().encode()
    return Document(dict(sorted(files.items())), pages)


__all__ = ["FORMATS", "render"]

"""Stage 6, render: one layout, as a self-contained HTML file and, from the same HTML, as PDF.

The words of the mail that brings the issue are made here too, so that they are sealed with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from briefing.rendering.email import figure_of_mail, illustrated, mail_files
from briefing.rendering.files import (
    Embedded,
    correction_json,
    embedded_files,
    figure_files,
    known_json,
)
from briefing.rendering.gates import Violation, figures_without_words, missing_glyphs, refuse
from briefing.rendering.html import TEMPLATE, Layout, kept_whole
from briefing.rendering.lineage import lineage
from briefing.rendering.loading import printer
from briefing.structures import (
    CORRECTION,
    KNOWN,
    PROVENANCE,
    Chart,
    Composition,
    Document,
    Screens,
)

FORMATS = ("pdf", "html")
Press = Callable[[Callable[..., Any], tuple[Any, ...]], Callable[[], Any]]
"""Begins work on words, and hands back a function that waits for what came of it."""

Draw = Callable[[str, Screens], Chart | None]
"""Draws the figure of that name for these screens."""


def _here(work: Callable[..., Any], words: tuple[Any, ...]) -> Callable[[], Any]:
    """Do the work at once, in this process."""
    done = work(*words)
    return lambda: done


def _print(
    composition: Composition,
    report_folder: Path,
    carried: tuple[Embedded, ...],
    found: list[Violation],
) -> tuple[bytes, int]:
    """The PDF and its number of pages; ``carried`` and ``found`` as for ``write_pdf``."""
    layout = Layout(composition, report_folder)
    page, pictures = layout.page(for_pdf=True), layout.pictures()
    printed: tuple[bytes, int] = printer().write_pdf(page, pictures, carried, found)
    return printed


def _on_paper(composition: Composition, report_folder: Path) -> Composition:
    """What the page shows: without the frames behind it, the process that prints needs no pandas.

    A report's own template may ask for them.
    """
    if (report_folder / TEMPLATE).exists():
        return composition
    bare: Any = None
    sections = tuple(
        replace(
            section,
            figures=tuple(
                replace(figure, table=replace(figure.table, frame=bare))
                for figure in section.figures
            ),
        )
        for section in composition.sections
    )
    return replace(composition, sections=sections)


def render(
    composition: Composition,
    report_folder: Path,
    formats: tuple[str, ...],
    dark: Mapping[str, str],
    press: Press = _here,
    draw: Draw | None = None,
) -> Document:
    """Make the files of an issue; those of its mail come with every format.

    Args:
        composition: its charts are drawn for paper.
        dark: for each colour of a chart, the one for dark screens.
        report_folder: may hold ``template.html.j2`` and ``style.css`` that override the layout.
        formats: which of "pdf" and "html".
        press: begins to print the PDF, here or beside, and hands back how to get at it.
        draw: draws a figure for other screens, while the PDF is printed; None where no figure has
            to be drawn again.

    Raises:
        RenderError: the layout does not work out, or the pages fail a gate.
    """
    files = data_files(composition)
    if composition.correction:
        files[CORRECTION] = correction_json(composition.correction).encode()
    pages = 0
    found = figures_without_words(composition)
    if "pdf" not in formats:
        layout = Layout(composition, report_folder, dark)
        drawings = [picture.decode() for picture in layout.pictures().values()]
        refuse([*found, *missing_glyphs([layout.page(for_pdf=True), *drawings])])
    else:
        carried = embedded_files(composition, files)
        paper = _on_paper(composition, report_folder)
        finished = press(_print, (paper, report_folder, carried, found))
    if draw:
        composition = illustrated(composition, formats, draw)
    mailed = figure_of_mail(composition)
    refuse(missing_glyphs([mailed.chart.narrow] if mailed and mailed.chart else []))
    if "html" in formats:
        files["index.html"] = Layout(composition, report_folder, dark).page().encode()
    if "pdf" in formats:
        files["briefing.pdf"], pages = finished()
    files |= mail_files(composition, files, pages)
    return Document(dict(sorted(files.items())), pages)


def photograph(page: str, pictures: Mapping[str, bytes], language: str, width: int = 640) -> bytes:
    """How the HTML of a mail looks, as a PNG file.

    Raises:
        RenderError: the page asks for something that is no part of it.
    """
    words = kept_whole(page) if language == "ko" else page
    picture: bytes = printer().photographed(words, pictures, width)
    return picture


def data_files(composition: Composition) -> dict[str, bytes]:
    """What an issue holds for machines, by path: figures, where they were read, what is known."""
    files = figure_files(composition)
    files[PROVENANCE] = lineage(composition).encode()
    if composition.known:
        files[KNOWN] = known_json(composition).encode()
    return files


__all__ = ["FORMATS", "data_files", "render"]

"""The naive peer: the same pages and figures by stock matplotlib SVG and stock WeasyPrint.

Runs against the frozen state of this project (``workshop.NAIVE``), whose stages read, validate,
aggregate and compose the same content. What is stock: every figure is saved by matplotlib's own
SVG backend with default settings, so that letters are outlines (the figure objects are the frozen
ones, same size and look), and the same HTML and CSS go through
``HTML(string=...).write_pdf()`` with a FontConfiguration of their own.

Where the content is not the same, it is less work for this peer: it makes neither the HTML
edition nor the mail nor the charts for narrow screens, carries no files inside the PDF, writes no
tags (no PDF/A, no PDF/UA), passes no gates, and files nothing but the PDF.

    python -m benchmarks.peers.naive cold FILE        the national briefing, whole process
    python -m benchmarks.peers.naive warm             renders again for each line that comes in
    python -m benchmarks.peers.naive profiles FOLDER  all profiles of the regions, two processes
    python -m benchmarks.peers.naive dump FOLDER      what other peers set: texts, tables, charts
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

LATER = date(2027, 1, 1)
"""A day on which the periods of the bench have ended."""
Page = tuple[str, dict[str, bytes]]


def stock_svg(canvas: Any) -> str:
    """A figure as matplotlib's own SVG backend writes it."""
    out = StringIO()
    canvas.figure.savefig(out, format="svg")
    return out.getvalue()


def composed(project: Any, edition: Any, *, stock: bool = True) -> Any:
    """Everything that the issue says, its charts drawn for wide screens only.

    Args:
        stock: charts come from matplotlib's own backend; else from the project's.
    """
    from briefing import charts, pipeline
    from briefing.charts.style import Canvas

    class WideOnly:
        """The room ``charts`` as it is, but for the narrow charts."""

        KINDS, courses_of = charts.KINDS, staticmethod(charts.courses_of)

        @staticmethod
        def draw(*args: Any, screens: str, **words: Any) -> Any:
            return charts.draw(*args, **words, screens="wide")

    if stock:
        Canvas.svg = stock_svg  # type: ignore[method-assign, assignment]
    pipeline.charts = WideOnly  # type: ignore[attr-defined, assignment]
    report = project.reports[edition.report]
    found = pipeline._aggregated(project, report, edition, lambda *_: None)
    return pipeline._composed(project, report, edition, found, lambda *_: None)


def page_of(project: Any, edition: Any) -> Page:
    """The HTML for the PDF, and the pictures it asks for."""
    from briefing.charts.style import DARK
    from briefing.rendering.html import Layout

    layout = Layout(composed(project, edition), project.reports[edition.report].folder, DARK)
    return layout.page(for_pdf=True), layout.pictures()


def write_pdf(page: Page) -> bytes:
    """The page by stock WeasyPrint."""
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration

    from briefing.rendering.pdf import OwnFetcher, _font_faces

    text, pictures = page
    fetcher, fonts = OwnFetcher(pictures), FontConfiguration()
    faces = CSS(string=_font_faces(), font_config=fonts, url_fetcher=fetcher)
    html = HTML(string=text, url_fetcher=fetcher, base_url="issue:/")
    written: bytes = html.write_pdf(stylesheets=[faces], font_config=fonts)
    return written


def national() -> tuple[Any, Any]:
    """The project in the current folder, and the edition of the national briefing."""
    from briefing import config, editions

    project = config.load_project(Path())
    report = project.reports["regional-innovation"]
    return project, editions.edition_of(
        project, report, LATER, period=os.environ["BENCH_PERIOD"], language="en"
    )


def drawn_and_printed() -> tuple[dict[str, Any], dict[str, Any]]:
    """For a notebook: the national briefing's charts as matplotlib figures, and its tables."""
    import pandas as pd

    from briefing.charts.style import Canvas

    canvases: list[Any] = []

    def keep(canvas: Any) -> str:
        canvases.append(canvas.figure)
        return str(len(canvases) - 1)

    Canvas.svg = keep  # type: ignore[method-assign, assignment]
    shown = [
        figure for part in composed(*national(), stock=False).sections for figure in part.figures
    ]
    charts = {item.name: canvases[int(item.chart.svg)] for item in shown if item.chart}
    tables = {
        item.name: pd.DataFrame(_figure(item)["rows"], columns=item.printed.headers)
        for item in shown
        if item.printed
    }
    return charts, tables


def profiles_of(project: Any) -> list[Any]:
    """The editions of the regions' profiles, in both languages."""
    from briefing import editions

    report = project.reports["region-profile"]
    return editions.editions_of(
        project,
        report,
        LATER,
        period=os.environ["BENCH_QUARTER"],
        language="all",
        parameter=os.environ["BENCH_EDITION"],
    )


def cold(file: str) -> None:
    """The national briefing, from data to PDF."""
    Path(file).write_bytes(write_pdf(page_of(*national())))


def warm() -> None:
    """The national briefing's PDF again and again; HTML and figures are ready."""
    from benchmarks.laps import serve

    page = page_of(*national())
    serve(lambda _: {"size": len(write_pdf(page))})


def profiles(folder: str) -> None:
    """All profiles of the regions by two processes."""
    count = 34 if os.environ["BENCH_EDITION"] == "all" else 2
    with multiprocessing.get_context("spawn").Pool(2, _begin) as pool:
        for _ in pool.imap_unordered(_profile, [(n, folder) for n in range(count)]):
            pass


_KEPT: dict[str, Any] = {}


def _begin() -> None:
    from briefing import config

    _KEPT["project"] = config.load_project(Path())
    _KEPT["editions"] = profiles_of(_KEPT["project"])


def _profile(asked: tuple[int, str]) -> None:
    number, folder = asked
    edition = _KEPT["editions"][number]
    pdf = write_pdf(page_of(_KEPT["project"], edition))
    Path(folder, f"{edition.name}.pdf").write_bytes(pdf)


def dump(folder: str) -> None:
    """Write down what the national briefing says, for peers that set it in their own way."""
    place, (project, edition) = Path(folder), national()
    issue = composed(project, edition, stock=False)
    for section in issue.sections:
        for figure in section.figures:
            if figure.chart:
                (place / f"{figure.name}.svg").write_text(figure.chart.svg, encoding="utf-8")
    (place / "issue.json").write_text(
        json.dumps(_said(issue), ensure_ascii=False, indent=1), encoding="utf-8"
    )


def _said(issue: Any) -> dict[str, Any]:
    return {
        "title": issue.title,
        "subtitle": issue.subtitle,
        "publisher": issue.publisher,
        "period": issue.period_title,
        "key_figures": [[item.value, item.label] for item in issue.key_figures],
        "findings": [[item.text, item.why] for item in issue.findings],
        "sections": [
            {
                "title": section.title,
                "paragraphs": section.paragraphs,
                "items": [[item.text, _references(item)] for item in section.items],
                "figures": [_figure(figure) for figure in section.figures],
            }
            for section in issue.sections
        ],
        "methods": issue.methods,
        "sources": [
            {
                "key": entry.key,
                "words": [entry.title, entry.publisher, entry.published, entry.caveat],
                "uses": [[f"¶{use.paragraph}", use.as_printed, *use.caveats] for use in entry.uses],
            }
            for entry in issue.sources
        ],
    }


def _references(item: Any) -> str:
    return "; ".join(str(reference) for reference in item.sources)


def _figure(figure: Any) -> dict[str, Any]:
    printed = figure.printed
    return {
        "name": figure.name,
        "label": figure.label,
        "title": figure.title,
        "notes": [*figure.notes, *figure.caveats],
        "sources": _references(figure),
        "chart": figure.chart is not None,
        "headers": printed.headers if printed else (),
        "units": printed.units if printed else (),
        "rows": [[f"{c.text} {c.after}".strip() for c in row] for row in printed.rows]
        if printed
        else [],
    }


COMMANDS: dict[str, Callable[..., None]] = {
    "cold": cold,
    "warm": warm,
    "profiles": profiles,
    "dump": dump,
}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])

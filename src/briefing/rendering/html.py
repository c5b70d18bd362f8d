"""The layout filled in: one HTML page, self-contained, the source of the PDF too."""

from __future__ import annotations

import csv
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from io import StringIO
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader
from markupsafe import Markup

from briefing.catalogues import catalogue
from briefing.errors import RenderError
from briefing.fonts import FAMILY, embedded
from briefing.rendering.files import every_figure, table_csv
from briefing.rendering.lineage import lineage
from briefing.structures import Composition, Figure, Table
from briefing.templating import TEMPLATE_ERRORS, environment

TEMPLATE = "template.html.j2"
STYLE = "style.css"
"""The look of both editions."""
SCREEN = "screen.css"
"""What only browsers understand; in the HTML edition, never in the PDF."""
PAPER = "paper.css"
"""What only WeasyPrint understands: running headers, page numbers, bookmarks; in the PDF alone."""
SCRIPT = "script.js"
"""What makes the HTML edition handier; nothing that a reader needs in order to read."""

SHIPPED = PackageLoader("briefing", "rendering/layout")
_JOINER = "\ufeff"
_HANGUL = r"\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3"
_INSIDE_A_WORD = re.compile(rf"(?<=\S)(?=[{_HANGUL}])|(?<=[{_HANGUL}])(?=\S)")
_UNTOUCHED = re.compile(r"(<(?:style|script|title)\b.*?</(?:style|script|title)>|<[^>]*>)", re.S)
_NAMED = re.compile(r'(<[^>]*\sid="|url\(#)(?=[\w-]+)')


@dataclass(frozen=True)
class Sorting:
    """By what the rows of a printed table can be put in order.

    Attributes:
        kinds: for each column "number", "date" or "text"; empty where no order makes sense.
        values: for each shown row, the exact values of its cells as the CSV file has them.
    """

    kinds: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]


class Layout:
    """The shipped layout, or what the report's folder puts in its place."""

    def __init__(
        self,
        composition: Composition,
        report_folder: Path,
        dark: Mapping[str, str] | None = None,
    ) -> None:
        """Take what is to be laid out.

        Args:
            dark: for each colour of a chart, the one for dark screens; without them, charts
                keep a white ground there.
        """
        self._composition = composition
        self._dark = dict(dark or {})
        own = frozenset(entry.name for entry in report_folder.iterdir())
        self._environment = _templates(composition.language, report_folder, own)

    def page(self, *, for_pdf: bool = False) -> str:
        """The HTML page; for the PDF, charts are pictures with alternative text.

        Raises:
            RenderError: the template does not work out.
        """
        try:
            page = self._environment.get_template(TEMPLATE).render(
                issue=self._composition,
                for_pdf=for_pdf,
                style=self._filled(STYLE) + self._filled(PAPER if for_pdf else SCREEN),
                script="" if for_pdf else self._filled(SCRIPT),
                picture=_address if for_pdf else _inline,
                small_picture=_small_address if for_pdf else _small_inline,
                data=_data,
                sorting=sorting,
                figures=every_figure(self._composition),
            )
        except TEMPLATE_ERRORS as error:
            line = getattr(error, "lineno", None)
            place = f"{TEMPLATE}, line {line}" if line else TEMPLATE
            raise RenderError(f"The layout does not work out ({place}): {error}") from error
        if not for_pdf:
            return self._alone(page)
        return kept_whole(page) if self._composition.language == "ko" else page

    def _filled(self, name: str) -> Markup:
        """A style sheet or the script, which are templates too."""
        page_of = _page_of(self._composition.language)
        template = self._environment.get_template(name)
        return Markup(template.render(family=FAMILY, page_of=Markup(page_of), dark=self._dark))

    def _alone(self, page: str) -> str:
        """The page with what it needs to stand alone: its font, and its provenance as JSON-LD."""
        data = lineage(self._composition).replace("<", "\\u003c")
        script = f'<script type="application/ld+json">\n{data}</script>\n</head>'
        styled = page.replace("<style>", f"<style>\n{embedded(unescape(page))}", 1)
        return styled.replace("</head>", script, 1)

    def pictures(self) -> dict[str, bytes]:
        """Charts and small pictures by the address that the PDF's page asks for."""
        found: dict[str, bytes] = {}
        for figure in every_figure(self._composition):
            if figure.chart:
                found[f"figure:{figure.name}"] = figure.chart.svg.encode()
            for number, row in enumerate(figure.printed.rows if figure.printed else ()):
                for place, cell in enumerate(row):
                    if cell.picture:
                        found[_cell_address(figure, number, place)] = cell.picture.svg.encode()
        return found


@lru_cache(maxsize=64)
def _templates(language: str, report_folder: Path, own: frozenset[str]) -> Environment:
    """The layout's templates, compiled once for all editions of a report.

    Args:
        own: the names in the report's folder: with a new one, it may override another template.
            One that is edited is compiled anew by Jinja.
    """
    return environment(language, ChoiceLoader([FileSystemLoader(report_folder), SHIPPED]))


def _page_of(language: str) -> str:
    """The words "Page 3 of 12" in the reader's language, as the value of CSS ``content``."""
    said = catalogue(language).gettext("Page {page} of {pages}")
    return '"' + said.format(page='" counter(page) "', pages='" counter(pages) "') + '"'


# -- pictures ---------------------------------------------------------------------------------


def _address(figure: Figure) -> Markup:
    assert figure.chart is not None
    return Markup('<img src="figure:{}" alt="{}">').format(figure.name, figure.chart.alt)


def _inline(figure: Figure) -> Markup:
    """Both drawings of a chart as one picture; the style sheet shows the one that fits."""
    chart = figure.chart
    assert chart is not None
    drawings = Markup(_drawing(chart.svg, f"{figure.anchor}-", "wide" if chart.narrow else "only"))
    if chart.narrow:
        drawings += Markup(_drawing(chart.narrow, f"{figure.anchor}-narrow-", "narrow"))
    return Markup('<div role="img" aria-label="{}">{}</div>').format(chart.alt, drawings)


def _cell_address(figure: Figure, row: int, place: int) -> str:
    return f"figure:{figure.name}/{row + 1}/{place + 1}"


def _small_address(figure: Figure, row: int, place: int) -> Markup:
    _, alt = _small(figure, row, place)
    address = _cell_address(figure, row, place)
    return Markup('<img class="small" src="{}" alt="{}">').format(address, alt)


def _small_inline(figure: Figure, row: int, place: int) -> Markup:
    svg, alt = _small(figure, row, place)
    drawing = Markup(_drawing(svg, f"{figure.anchor}-{row + 1}-{place + 1}-", "small"))
    return Markup('<span role="img" aria-label="{}">{}</span>').format(alt, drawing)


def _small(figure: Figure, row: int, place: int) -> tuple[str, str]:
    """The drawing in a cell, and the words that replace it."""
    picture = figure.printed.rows[row][place].picture if figure.printed else None
    assert picture is not None
    return picture.svg, picture.alt


def _drawing(svg: str, prefix: str, kind: str) -> str:
    """The SVG as part of a page that holds others: its ids are made its own."""
    own = _NAMED.sub(rf"\g<1>{prefix}", svg)
    return own.replace("<svg ", f'<svg class="{kind}" aria-hidden="true" ', 1).strip()


# -- data -------------------------------------------------------------------------------------


def _data(figure: Figure) -> str:
    """The figure's CSV file as an address that carries it whole."""
    body = b64encode(table_csv(figure.table).encode()).decode()
    return f"data:text/csv;charset=utf-8;base64,{body}"


def sorting(figure: Figure) -> Sorting:
    """What a printed table can be sorted by: values of the data, not the words of the cells.

    A column whose rows are counted in different units has no order, nor has one of pictures.
    """
    assert figure.printed is not None
    names = figure.printed.names
    _, *rows = csv.reader(StringIO(table_csv(figure.table)))
    columns = list(figure.table.frame.columns)
    places = [columns.index(name) if name in columns else -1 for name in names]
    shown = [[*row, ""] for row in rows[: len(figure.printed.rows)]]
    return Sorting(
        kinds=tuple(_order(figure.table, name) for name in names),
        values=tuple(tuple(row[place] for place in places) for row in shown),
    )


def _order(table: Table, name: str) -> str:
    column = table.columns.get(name)
    if column is None:
        return ""
    if column.kind == "quantity":
        units = table.frame[column.unit_column].dropna() if column.unit_column else ()
        return "number" if len(set(units)) <= 1 else ""
    return "date" if column.kind == "date" else "text"


# -- Korean -----------------------------------------------------------------------------------


def kept_whole(page: str) -> str:
    """Korean words held together, so that lines break between them and not inside.

    WeasyPrint knows no ``word-break: keep-all``, and breaks after any syllable. U+FEFF, which
    Unicode's line breaking (UAX 14, class WJ) treats as a joiner, leaves no mark on the page
    and none in the text that is copied or searched. A word longer than its line still breaks.
    """
    parts = _UNTOUCHED.split(page)
    parts[::2] = [_INSIDE_A_WORD.sub(_JOINER, text) for text in parts[::2]]
    # Where a link at the end of a line does not fit, WeasyPrint breaks the joined text before it
    # again and may leave a line of one word; a break of no width before the link prevents that.
    return "".join(parts).replace(" <a ", " \u200b<a ")

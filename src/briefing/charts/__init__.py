"""Stage 4, chart: tables become vector pictures, byte-identical for identical tables.

Importing this package draws nothing and loads no matplotlib; ``draw`` does.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Any

from babel.support import NullTranslations

from briefing.catalogues import catalogue
from briefing.charts.kinds import KINDS, NARROW, PRINTED, WIDE, Option
from briefing.errors import BuildError, ChartError, NothingKnownError, Problem, ProblemsError
from briefing.formatting import is_missing, listing, quantity, shown
from briefing.frames import rows_in
from briefing.structures import Chart, Column, FigureDeclaration, ReportDefinition, Screens, Table

if TYPE_CHECKING:
    from briefing.charts.style import Canvas


@dataclass(frozen=True)
class Request:
    """What a chart gets to work with.

    Attributes:
        rows: the table's rows.
        columns: how the table's columns are counted.
        titles: columns as a reader calls them, where the author said so.
        options: column names and finished words, by option.
        language: the reader's language.
        as_of: the day on which the issue looks at the world.
        width: how wide the picture is, in points.
    """

    rows: list[dict[str, Any]]
    columns: Mapping[str, Column]
    titles: Mapping[str, str]
    options: Mapping[str, str]
    language: str
    as_of: date
    width: float = WIDE

    @property
    def say(self) -> NullTranslations:
        """The labels in the reader's language."""
        return catalogue(self.language)

    @property
    def narrow(self) -> bool:
        """Whether it is drawn for a telephone."""
        return self.width < WIDE

    def cell(self, row: Mapping[str, Any], option: str) -> Any:
        """The value in the column that the option names; None where empty or not asked for."""
        name = self.options.get(option)
        value = row.get(name) if name else None
        return None if is_missing(value) else value

    def number(self, row: Mapping[str, Any], option: str) -> float | None:
        """The value as a number to place; None where nothing is reported."""
        value = self.cell(row, option)
        return None if value is None else float(value)

    def words(self, row: Mapping[str, Any], option: str, *, short: bool = False) -> str:
        """The cell as a reader sees it, with its unit and hedge; empty where not asked for."""
        if option not in self.options:
            return ""
        column = self.columns[self.options[option]]
        return shown(column, row, self.language, short=short)

    def amount(self, value: float, option: str, *, short: bool = True) -> str:
        """A number that stands in no cell, such as a tick, as that column counts."""
        column = self.columns[self.options[option]]
        unit = column.unit or sorted(self._units(option))[0]
        return quantity(value, unit, self.language, short=short, units=column.units)

    def _units(self, option: str) -> set[str]:
        """The units in which the rows are counted."""
        column = self.columns[self.options[option]]
        if not column.unit_column:
            return {column.unit}
        rows = [row for row in self.rows if self.cell(row, option) is not None]
        return {str(row[column.unit_column]) for row in rows} or {""}

    def one_unit(self, option: str) -> None:
        """Refuse a scale on which different units would stand.

        Raises:
            ChartError: the rows are counted in more than one unit.
        """
        units = sorted(self._units(option))
        if len(units) > 1:
            raise ChartError(
                f"The rows are counted in {listing(units, 'en')}, which share no scale.",
                "Draw one figure for each unit, or leave rows out with `where`.",
            )

    def hedge(self, row: Mapping[str, Any], option: str) -> str:
        """How sure the source is of the value, such as "about"; empty where it is exact."""
        name = self.columns[self.options[option]].qualifier_column
        value = row.get(name) if name else None
        return "" if is_missing(value) or value == "exact" else str(value)

    def stressed(self, row: Mapping[str, Any]) -> bool:
        """Whether the row is the one, or among those, that the author wants to stand out."""
        if self.cell(row, "emphasis") is not None:
            return True
        return "highlight" in self.options and (
            self.words(row, "label") == self.options["highlight"]
        )

    def title(self, option: str) -> str:
        """The column's name for a reader."""
        name = self.options[option]
        return self.titles.get(name, self.columns[name].title)

    def unit(self, option: str) -> str:
        """The one unit of the column; empty where rows differ."""
        return self.columns[self.options[option]].unit


def draw(
    declaration: FigureDeclaration,
    table: Table,
    *,
    titles: Mapping[str, str],
    words: Mapping[str, str],
    row_words: Mapping[str, list[str]],
    language: str,
    as_of: date,
    screens: Screens = "wide",
) -> Chart | None:
    """Draw a figure; None where it is printed as a table.

    Args:
        titles: columns as a reader calls them.
        words: the options that are computed sentences, finished.
        row_words: the options that are computed for each row, finished, in the rows' order.
        screens: drawn for wide ones, and paper; for narrow ones; or for a mail, as for narrow
            ones, in pixels too.

    Raises:
        ProblemsError: an option names a column that the table does not have.
        NothingKnownError: the table holds nothing that can be drawn.
        ChartError: its values do not suit the chart.
    """
    if declaration.kind == PRINTED:
        return None
    place = KINDS[declaration.kind].draw
    request = _request(declaration, table, titles, words, row_words, language, as_of)
    if screens != "wide":
        request = replace(request, width=NARROW)
    return _drawn(place, request, pixels=screens == "mail")


def _request(
    declaration: FigureDeclaration,
    table: Table,
    titles: Mapping[str, str],
    words: Mapping[str, str],
    row_words: Mapping[str, list[str]],
    language: str,
    as_of: date,
) -> Request:
    """What the chart works with, checked."""
    kind = KINDS[declaration.kind]
    options = {
        **{key: str(value) for key, value in declaration.options.items()},
        **words,
        **{key: f"__{key}" for key in row_words},
    }
    missing = [
        _no_column(declaration, key, options[key], table)
        for key, option in kind.options.items()
        if option.means == "column" and key in options and options[key] not in table.columns
    ]
    if missing:
        raise ProblemsError(missing)
    rows = rows_in(table.frame)
    columns = dict(table.columns)
    for key, said in row_words.items():
        columns[f"__{key}"] = Column(f"__{key}", key)
        for row, words_of_row in zip(rows, said, strict=True):
            row[f"__{key}"] = words_of_row
    request = Request(rows, columns, titles, options, language, as_of)
    _check_gaps(request, kind.options)
    return request


def _drawn(place: str, request: Request, *, pixels: bool = False) -> Chart:
    module, _, function = place.partition(":")
    canvas: Canvas
    with warnings.catch_warnings():
        # a gate after rendering refuses missing letters, and says where they stand
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font")
        canvas, alt = getattr(import_module(module), function)(request)
        png = canvas.png() if pixels else b""
        return Chart(canvas.svg(), canvas.width, canvas.height, alt, png=png)


def courses_of(
    report: ReportDefinition, computed: Mapping[str, Table], language: str
) -> dict[str, dict[str, list[Chart | None]]]:
    """The small lines in the cells of printed tables, by figure and column.

    Raises:
        ProblemsError: a table lacks a column that is named, or a line cannot be drawn.
    """
    drawn: dict[str, dict[str, list[Chart | None]]] = {}
    for name, declaration in report.figures.items():
        frame = computed[declaration.table].frame
        for column, keys in declaration.options.get("sparkline", {}).items():
            where = f"figures.{name}.sparkline.{column}"
            file, line = declaration.file, declaration.line
            if keys["key"] not in frame:
                what = f"table {declaration.table} has no column {keys['key']!r}"
                remedy = "Name a column that both tables have."
                raise ProblemsError([Problem(file, line, where, what, remedy)])
            from briefing.charts.sparklines import sparklines

            try:
                values = computed[keys["values"]]
                found = sparklines(list(frame[keys["key"]]), values, keys, language)
            except BuildError as error:
                what = error.message.rstrip(".")
                raise ProblemsError([Problem(file, line, where, what, error.hint)]) from None
            drawn.setdefault(name, {})[column] = found
    return drawn


def _check_gaps(request: Request, known: Mapping[str, Option]) -> None:
    """Nothing to draw is not an error; a row that cannot be placed is, and is named."""
    if not request.rows:
        raise NothingKnownError
    for key, option in known.items():
        if key not in request.options:
            continue
        if option.measured:
            request.one_unit(key)
        if option.gaps:
            continue
        missing = [row for row in request.rows if request.cell(row, key) is None]
        if len(missing) == len(request.rows):
            raise NothingKnownError
        if missing:
            name = request.words(missing[0], "label") or "a row"
            raise ChartError(
                f"{len(missing)} of {len(request.rows)} rows, among them {name}, have no {key}.",
                f"Leave them out with `dropna: [{request.options[key]}]`.",
            )


def _no_column(declaration: FigureDeclaration, key: str, name: str, table: Table) -> Problem:
    where = f"figures.{declaration.name}.{key}"
    remedy = f"It has {', '.join(table.columns)}."
    what = f"table {table.name} has no column {name!r}"
    return Problem(declaration.file, declaration.line, where, what, remedy)


__all__ = ["KINDS", "Request", "courses_of", "draw"]

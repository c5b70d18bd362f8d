"""Tables for a reader: chosen columns, units in the head, one number of decimals per column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from briefing.errors import Problem, ProblemsError
from briefing.formatting import (
    CURRENCIES,
    is_missing,
    minor_units,
    not_reported,
    number,
    per_unit,
    qualified,
    shown,
)
from briefing.frames import rows_in
from briefing.structures import Cell, Chart, Column, FigureDeclaration, PrintedTable, Table

_SHORT = 14
_NOTHING = "–"
_SCALES = {  # which words large amounts are counted in is a convention of the language
    "en": ((10**12, "trillion won"), (10**9, "billion won"), (10**6, "million won")),
    "ko": ((10**12, "조 원"), (10**8, "억 원"), (10**4, "만 원")),
}
Row = Mapping[Any, Any]


def printed(
    table: Table,
    declaration: FigureDeclaration,
    titles: Mapping[str, str],
    language: str,
    pictures: Mapping[str, Sequence[Chart | None]] | None = None,
) -> PrintedTable:
    """The table as text, with the columns that the figure names, or all.

    Args:
        pictures: by column, what stands in its cells in place of words.

    The figure's ``limit`` says how many rows are shown; ``total`` tells of the rest.

    Raises:
        ProblemsError: the figure names a column that the table does not have.
    """
    drawn = pictures or {}
    names = list(titles) or [*table.columns, *drawn]
    unknown = [name for name in names if name not in table.columns and name not in drawn]
    if unknown:
        where = f"figures.{declaration.name}.columns"
        remedy = f"It has {', '.join(table.columns)}."
        raise ProblemsError(
            Problem(
                declaration.file,
                declaration.line,
                where,
                f"table {table.name} has no column {name!r}",
                remedy,
            )
            for name in unknown
        )
    rows = rows_in(table.frame)
    limit = declaration.limit or len(rows)
    cells, units = [], []
    for name in names:
        if name in drawn:
            cells.append(
                [Cell("" if one else _NOTHING, picture=one) for one in drawn[name]][:limit]
            )
            units.append("")
            continue
        texts, unit = _column(table.columns[name], rows[:limit], language)
        cells.append(texts)
        units.append(unit)
    return PrintedTable(
        names=tuple(names),
        headers=tuple(
            titles.get(name) or (name if name in drawn else table.columns[name].title)
            for name in names
        ),
        units=tuple(units),
        numeric=tuple(
            name not in drawn and table.columns[name].kind == "quantity" for name in names
        ),
        rows=tuple(zip(*cells, strict=True)),
        total=len(rows),
    )


def _column(column: Column, rows: Sequence[Row], language: str) -> tuple[list[Cell], str]:
    """The cells of a column, and the unit for its head."""
    if column.kind != "quantity":
        return [Cell(_words(column, row, language)) for row in rows], ""
    present = [row[column.name] for row in rows if not is_missing(row[column.name])]
    currency = column.unit.partition("/")[0]
    if column.unit_column or not present or (currency in CURRENCIES and currency != "KRW"):
        return [Cell(shown(column, row, language)) for row in rows], ""
    if column.unit == "ratio":
        texts = [
            _NOTHING if is_missing(row[column.name]) else shown(column, row, language)
            for row in rows
        ]
        return [Cell(text) for text in texts], ""
    size, unit = 1, _head(column, column.unit)
    if currency == "KRW":
        scale = _common_scale(present, language)
        if scale is None:
            return [Cell(shown(column, row, language)) for row in rows], ""
        size, words = scale
        unit = _per(column, words, language)
    decimals = max(_decimals(value, size) for value in present)
    minor = minor_units(currency) if currency in CURRENCIES else 1
    cells = []
    for row in rows:
        value = row[column.name]
        if is_missing(value):
            cells.append(Cell(not_reported(language)))
            continue
        figure = number(Decimal(str(value)) / minor / size, language, decimals)
        cells.append(_hedged(figure, row.get(column.qualifier_column), language))
    return cells, unit


def _head(column: Column, unit: str) -> str:
    words = column.units[unit].other if unit in column.units else unit
    return words.replace("{}", "").strip()


def _per(column: Column, words: str, language: str) -> str:
    _, _, per = column.unit.partition("/")
    return per_unit(words, per, language, column.units) if per else words


def _words(column: Column, row: Row, language: str) -> str:
    """The cell as text; dates and short codes are kept on a line."""
    text = shown(column, row, language)
    if not text:
        return _NOTHING
    if column.kind == "date" or (column.kind == "code" and len(text) <= _SHORT):
        return text.replace(" ", "\u00a0")
    return text


def _hedged(figure: str, hedge: Any, language: str) -> Cell:
    """The number with its hedge; words that follow it stand apart, so that decimals align."""
    text = qualified(figure, hedge, language)
    before, _, after = text.partition(figure)
    return Cell(before + figure, after.strip())


def _common_scale(values: list[Any], language: str) -> tuple[int, str] | None:
    """A scale in which every amount has one to five digits before the point."""
    sizes = [abs(float(value)) for value in values if value]
    if not sizes:
        return None
    for size, words in _SCALES[language]:
        if min(sizes) >= size and max(sizes) < size * 100_000:
            return size, words
    return None


def _decimals(value: Any, size: int) -> int:
    return 0 if Decimal(str(value)) % size == 0 else 1

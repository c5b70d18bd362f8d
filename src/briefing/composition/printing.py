"""Tables for a reader: chosen columns, units in the head, one number of decimals per column."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from briefing.errors import Problem, ProblemsError
from briefing.formatting import (
    CURRENCIES,
    NOT_REPORTED,
    day,
    is_missing,
    minor_units,
    number,
    qualified,
    quantity,
)
from briefing.structures import Column, FigureDeclaration, PrintedTable, Table

_SHORT = 14
_SCALES = ((10**12, "trillion won"), (10**9, "billion won"), (10**6, "million won"))


def printed(
    table: Table, declaration: FigureDeclaration, titles: Mapping[str, str], language: str
) -> PrintedTable:
    """The table as text, with the columns that the figure names, or all.

    Raises:
        ProblemsError: the figure names a column that the table does not have.
    """
    names = list(titles) or list(table.columns)
    unknown = [name for name in names if name not in table.columns]
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
    rows = table.frame.to_dict("records")
    cells, units = [], []
    for name in names:
        texts, unit = _column(table.columns[name], rows, language)
        cells.append(texts)
        units.append(unit)
    return PrintedTable(
        headers=tuple(titles.get(name, table.columns[name].title) for name in names),
        units=tuple(units),
        numeric=tuple(table.columns[name].kind == "quantity" for name in names),
        rows=tuple(zip(*cells, strict=True)),
    )


def _column(column: Column, rows: list[dict[Any, Any]], language: str) -> tuple[list[str], str]:
    """The cells of a column, and the unit for its head."""
    values = [row[column.name] for row in rows]
    if column.kind == "date":
        days = ["–" if is_missing(v) else day(v, language) for v in values]
        return [text.replace(" ", "\u00a0") for text in days], ""
    if column.kind != "quantity":
        return [_word(v, column) for v in values], ""
    hedges = [row.get(column.qualifier_column) for row in rows]
    present = [value for value in values if not is_missing(value)]
    if column.unit_column or not present:
        texts = [
            quantity(v, str(row.get(column.unit_column, "")), language)
            for v, row in zip(values, rows, strict=True)
        ]
        return _hedged(texts, hedges, language), ""
    currency, _, per = column.unit.partition("/")
    if currency == "KRW" and language == "en" and (scale := _common_scale(present)):
        size, unit = scale
        decimals = max(_decimals(value, size) for value in present)
        texts = [
            NOT_REPORTED[language]
            if is_missing(v)
            else number(Decimal(str(v)) / minor_units(currency) / size, language, decimals)
            for v in values
        ]
        return _hedged(texts, hedges, language), f"{unit} per {per}" if per else unit
    if column.unit == "ratio":
        return ["–" if is_missing(v) else quantity(v, "ratio", language) for v in values], ""
    if currency in CURRENCIES:
        return _hedged([quantity(v, column.unit, language) for v in values], hedges, language), ""
    texts = [NOT_REPORTED[language] if is_missing(v) else quantity(v, "", language) for v in values]
    return _hedged(texts, hedges, language), column.unit


def _word(value: Any, column: Column) -> str:
    if is_missing(value):
        return "–"
    if column.kind != "code":
        return str(value)
    words = str(value).replace("_", " ")
    return words.replace(" ", "\u00a0") if len(words) <= _SHORT else words  # keep on a line


def _hedged(texts: list[str], hedges: list[Any], language: str) -> list[str]:
    return [qualified(text, hedge, language) for text, hedge in zip(texts, hedges, strict=True)]


def _common_scale(values: list[Any]) -> tuple[int, str] | None:
    """A scale in which every amount has one to five digits before the point."""
    sizes = [abs(float(value)) for value in values if value]
    if not sizes:
        return None
    for size, words in _SCALES:
        if min(sizes) >= size and max(sizes) < size * 100_000:
            return size, words
    return None


def _decimals(value: Any, size: int) -> int:
    return 0 if Decimal(str(value)) % size == 0 else 1

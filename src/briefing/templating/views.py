"""Cells, rows and tables as an author's sentences see them: they print themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import total_ordering
from typing import Any

from briefing import formatting
from briefing.errors import NothingKnownError
from briefing.structures import Table, UnitWords

NUMBER_WORDS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety "
    "dozen half twice hundreds? thousands? millions? billions? trillions?"
).split()


@dataclass(frozen=True)
class Quantity:
    """A cell with its unit and hedge; prints as a reader should see it."""

    value: Any
    unit: str
    qualifier: object
    language: str
    units: Mapping[str, UnitWords] = field(default_factory=dict)

    def __str__(self) -> str:
        return formatting.qualified(self.plain, self.qualifier, self.language)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    @property
    def plain(self) -> str:
        """The value and unit without the hedge."""
        return formatting.quantity(self.value, self.unit, self.language, units=self.units)

    @property
    def bare(self) -> str:
        """The value alone, without unit or hedge."""
        return formatting.quantity(self.value, "", self.language)

    @property
    def missing(self) -> bool:
        """Whether nothing was reported."""
        return formatting.is_missing(self.value)


@total_ordering
class Code:
    """A word of a vocabulary: compares as it stands in the data, prints as a reader sees it."""

    def __init__(self, code: str, label: str) -> None:
        self.code, self._label = code, label

    def __str__(self) -> str:
        return self._label

    def __eq__(self, other: object) -> bool:
        return self.code == str(other.code if isinstance(other, Code) else other)

    def __lt__(self, other: object) -> bool:
        return self.code < str(other.code if isinstance(other, Code) else other)

    def __hash__(self) -> int:
        return hash(self.code)


class Rows(list[dict[str, Any]]):
    """Rows for sentences; asking an empty list for a row means that nothing was known."""

    def __getitem__(self, index: Any) -> Any:
        if not self:
            raise NothingKnownError
        return super().__getitem__(index)


def first_of(rows: Iterable[Any]) -> Any:
    """Jinja's ``first``, but nothing to be first of means that nothing was known."""
    for row in rows:
        return row
    raise NothingKnownError


class TableView:
    """A table as sentences see it: rows that print themselves, and nothing to add them with."""

    def __init__(self, table: Table, language: str) -> None:
        self._table = table
        self._language = language
        from briefing.frames import rows_in  # with pandas, which a page is filled in without

        self.rows = Rows(self._row(row) for row in rows_in(table.frame))

    def _row(self, row: Mapping[Any, Any]) -> dict[str, Any]:
        cells: dict[str, Any] = {}
        for name, value in row.items():
            column = self._table.columns.get(str(name))
            if column is not None and column.kind == "code" and not formatting.is_missing(value):
                cells[str(name)] = Code(str(value), column.label(value))
            elif column is None or column.kind in {"text", "code"}:
                cells[str(name)] = None if formatting.is_missing(value) else value
            elif column.kind == "date":
                cells[str(name)] = None if formatting.is_missing(value) else value.date()
            else:
                unit = str(row[column.unit_column]) if column.unit_column else column.unit
                hedge = row.get(column.qualifier_column) if column.qualifier_column else None
                cells[str(name)] = Quantity(value, unit, hedge, self._language, column.units)
        return cells

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __str__(self) -> str:
        raise TypeError(f"table {self._table.name} cannot be printed as a whole; name a cell")

    __repr__ = __str__

    @property
    def count(self) -> int:
        """How many rows the table has."""
        return len(self.rows)

    @property
    def count_in_words(self) -> str:
        """How many rows, as a sentence says it: small numbers in words."""
        return count_in_words(len(self.rows), self._language)

    def where(self, **cells: Any) -> Rows:
        """The rows whose columns have these values."""
        return Rows(row for row in self.rows if all(_same(row[k], v) for k, v in cells.items()))

    def one(self, **cells: Any) -> dict[str, Any]:
        """The single row with these values.

        Raises:
            NothingKnownError: no row has them.
            LookupError: several rows have them.
        """
        found = self.where(**cells)
        if not found:
            raise NothingKnownError
        if len(found) != 1:
            wanted = ", ".join(f"{k}={v!r}" for k, v in cells.items())
            raise LookupError(f"table {self._table.name} has {len(found)} rows with {wanted}")
        row: dict[str, Any] = found[0]
        return row

    @property
    def across(self) -> str:
        """Across what the table adds on purpose, for the figure's title to say."""
        return " and ".join(name.replace("_", " ") for name in self._table.declaration.across)

    @property
    def first(self) -> dict[str, Any]:
        """The first row.

        Raises:
            NothingKnownError: the table is empty.
        """
        row: dict[str, Any] = self.rows[0]
        return row


def _same(cell: Any, wanted: Any) -> bool:
    return bool((cell.value if isinstance(cell, Quantity) else cell) == wanted)


def count_in_words(count: int, language: str) -> str:
    """Numbers up to twelve in words, larger ones in digits, as running English text has them."""
    if language == "en" and 0 <= count <= 12:
        return ["no", *NUMBER_WORDS[:12]][count]
    return formatting.number(count, language)

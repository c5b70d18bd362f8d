"""What a filed issue says in numbers, read from its data files and from nothing else."""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

from briefing.formatting import CURRENCIES, minor_units, number, qualified, shown
from briefing.structures import KNOWN, PROVENANCE, Column

_HEAD = re.compile(r"(.*?)(?: \[(.*)\])?")
"""The head of a column in a CSV file: its name, and its unit where all cells have the same."""
_KEY_FIGURE = "key_figure_"


@dataclass(frozen=True)
class FiledRow:
    """A row of a figure: the cells of its CSV file by column, and the records behind it."""

    cells: Mapping[str, str]
    records: tuple[str, ...]

    def words(self, column: Column, language: str) -> str:
        """A cell that holds words, a code or a date, as a reader sees it."""
        text = self.cells[column.name]
        return shown(column, {column.name: _value(column, text)}, language) if text else ""


@dataclass(frozen=True)
class FiledCell:
    """A cell as filed: its text, its unit, and the hedge before it."""

    text: str
    unit: str
    hedge: str

    def told(self, column: Column, language: str) -> str:
        """The cell as a reader sees it; empty where there was nothing."""
        if not self.text:
            return ""
        row: dict[str, Any] = {column.name: _value(column, self.text)}
        if column.kind == "quantity":
            plain = Column(column.name, column.title, "quantity", self.unit, units=column.units)
            return qualified(shown(plain, row, language), self.hedge or None, language)
        return shown(column, row, language)

    def exact(self, column: Column, language: str, decimals: int) -> str:
        """The number in full with so many decimals; any other cell as it was filed."""
        if column.kind != "quantity" or not self.text:
            return self.text
        value, head = Decimal(self.text), self.unit.partition("/")[0]
        if head in CURRENCIES:
            return f"{number(value / minor_units(head), language, decimals)} {self.unit}"
        if self.unit in ("ratio", "percent"):
            return number(value * (100 if self.unit == "ratio" else 1), language, decimals) + "%"
        return f"{number(value, language, decimals)} {self.unit}".strip()


@dataclass(frozen=True)
class FiledFigure:
    """A figure as filed.

    Attributes:
        units: by column, the unit of all its cells; empty where there is none, or each has its
            own.
    """

    label: str
    title: str
    units: Mapping[str, str]
    rows: tuple[FiledRow, ...]

    def cell(self, row: FiledRow, column: Column) -> FiledCell:
        """A cell with what belongs to its number."""
        if column.kind != "quantity":
            return FiledCell(row.cells[column.name], "", "")
        unit = row.cells.get(column.unit_column, "") or self.units[column.name]
        hedge = row.cells.get(column.qualifier_column, "")
        return FiledCell(row.cells[column.name], unit, "" if hedge == "exact" else hedge)


def _value(column: Column, text: str) -> Any:
    if column.kind == "quantity":
        return Decimal(text)
    return date.fromisoformat(text) if column.kind == "date" else text


def figures_of(files: Mapping[str, bytes]) -> dict[str, FiledFigure]:
    """The figures of an issue by name.

    Args:
        files: its files by path, ``provenance.json`` and ``tables/*.csv`` among them.
    """
    found = {}
    for part in _parts(files):
        name = str(part["identifier"])
        if name.startswith(_KEY_FIGURE) or f"tables/{name}.csv" not in files:
            continue
        head, *lines = csv.reader(StringIO(files[f"tables/{name}.csv"].decode()))
        heads = [match.groups() for text in head if (match := _HEAD.fullmatch(text))]
        names = [str(column) for column, _ in heads]
        behind = [tuple(row["prov:wasDerivedFrom"]) for row in part["rows"]]
        rows = tuple(
            FiledRow(dict(zip(names, line, strict=True)), records)
            for line, records in zip(lines, behind, strict=True)
        )
        units = {str(column): unit or "" for column, unit in heads}
        found[name] = FiledFigure(str(part["alternateName"]), str(part["name"]), units, rows)
    return found


def key_figures_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """The numbers on the cover as printed, by what they count."""
    found = {}
    for part in _parts(files):
        if str(part["identifier"]).startswith(_KEY_FIGURE):
            value = str(part["rows"][0]["cells"]["value"])
            found[str(part["name"]).removeprefix(f"{value}: ")] = value
    return found


def known_of(files: Mapping[str, bytes]) -> dict[str, tuple[str, str]]:
    """What the records measured, by id: what each is called, and its values as printed."""
    body = json.loads(files.get(KNOWN, b"{}"))
    return {str(key): (str(item["name"]), str(item["value"])) for key, item in body.items()}


def _parts(files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    return list(json.loads(files[PROVENANCE])["hasPart"])


def matched(
    old: Sequence[FiledRow], new: Sequence[FiledRow], keys: Sequence[str]
) -> list[tuple[FiledRow | None, FiledRow | None]]:
    """The rows in pairs, in the order of the new ones; those that are no more at the end.

    Two rows are the same where their words are; failing that, where their records are.

    Args:
        keys: columns that hold words.
    """
    found: dict[int, FiledRow] = {}
    left = list(old)
    same: tuple[Callable[[FiledRow], Hashable], ...] = (
        lambda row: tuple(row.cells[key] for key in keys),
        lambda row: row.records or None,
    )
    for key_of in same:
        waiting: defaultdict[Hashable, deque[FiledRow]] = defaultdict(deque)
        for row in left:
            waiting[key_of(row)].append(row)
        for place, row in enumerate(new):
            key = key_of(row)
            if place not in found and key is not None and waiting[key]:
                found[place] = waiting[key].popleft()
        taken = {id(row) for row in found.values()}
        left = [row for row in left if id(row) not in taken]
    pairs = [(found.get(place), row) for place, row in enumerate(new)]
    return [*pairs, *((row, None) for row in left)]

"""What must hold between rows: keys, references, constant units, nothing known too early."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import pandas as pd

from briefing.errors import Problem
from briefing.frames import plain
from briefing.structures import ForeignKey, TableSchema


def row_problems(
    schema: TableSchema, frame: pd.DataFrame, known: set[tuple[int, str]]
) -> list[Problem]:
    """Duplicates of keys and unique columns, empty keys, and units that change within a series.

    Args:
        known: (line, column) of cells that already have a problem.
    """
    problems: list[Problem] = []
    single = [(field.name,) for field in schema.fields if field.unique]
    for key in dict.fromkeys([*([schema.primary_key] if schema.primary_key else []), *single]):
        problems += _duplicates(schema, frame, key)
    for column in schema.primary_key:
        for line in frame.index[frame[column].isna()]:
            if (line, column) not in known:
                problems.append(empty_key(schema, int(line), column))
    for column, within in schema.constant_within:
        problems += _changing(schema, frame, column, list(within))
    return problems


def _duplicates(schema: TableSchema, frame: pd.DataFrame, key: tuple[str, ...]) -> list[Problem]:
    rows = zip(*(plain(frame[name]) for name in key), strict=True)
    whole = [row for row in rows if None not in row]
    if len(set(whole)) == len(whole):
        return []
    complete = frame.dropna(subset=list(key))
    repeated = complete[complete.duplicated(list(key))]
    problems = []
    for line, row in repeated[list(key)].iterrows():
        same = (complete[list(key)] == row).all(axis=1)
        first = int(complete.index[same][0])
        problems.append(duplicate(schema, int(str(line)), key, tuple(row), first))
    return problems


def empty_key(schema: TableSchema, line: int, column: str) -> Problem:
    """A record without its key."""
    what, remedy = "the key is empty", "Give the record an id of its own."
    return Problem(schema.file, line, column, what, remedy)


def duplicate(
    schema: TableSchema, line: int, key: tuple[str, ...], cells: tuple[object, ...], first: int
) -> Problem:
    """A key that stood in an earlier line."""
    value = ", ".join(str(cell) for cell in cells)
    what = f"{value!r} stands already in line {first}"
    return Problem(schema.file, line, ", ".join(key), what, "Give each record its own.")


def _changing(
    schema: TableSchema, frame: pd.DataFrame, column: str, within: list[str]
) -> list[Problem]:
    if _is_constant(frame, column, within):
        return []
    problems = []
    for group, rows in frame.dropna(subset=[column]).groupby(within, sort=False):
        usual = rows[column].iloc[0]
        for line, value in rows.loc[rows[column] != usual, column].items():
            name = ", ".join(str(part) for part in group)
            what = f"{value!r}, but {name} has {usual!r} in line {rows.index[0]}"
            remedy = f"Records of the same {', '.join(within)} must agree in {column}."
            problems.append(Problem(schema.file, int(str(line)), column, what, remedy))
    return problems


def _is_constant(frame: pd.DataFrame, column: str, within: list[str]) -> bool:
    """Whether a column has one value in each group; pandas is only asked where it has not."""
    usual: dict[tuple[Any, ...], Any] = {}
    groups = zip(*(plain(frame[name]) for name in within), strict=True)
    for value, group in zip(plain(frame[column]), groups, strict=True):
        if value is not None and usual.setdefault(group, value) != value:
            return False
    return True


def relation_problems(
    schemas: Mapping[str, TableSchema], frames: Mapping[str, pd.DataFrame]
) -> list[Problem]:
    """References to nothing, and records known before what they refer to."""
    cells = _Cells(frames)
    problems: list[Problem] = []
    for schema in schemas.values():
        for key in schema.foreign_keys:
            if key.table not in frames:
                continue  # that table's own problem is reported already
            problems += _dangling(schema, cells, key)
            target = schemas[key.table]
            if schema.known and target.known and len(key.fields) == 1:
                problems += _too_early(schema, cells, key, target)
    return problems


class _Cells:
    """The columns of all tables as plain values, missing ones as None; each is taken once.

    A table refers to the same few columns again and again, and pandas takes longer to begin than
    a small table takes to be gone through.
    """

    def __init__(self, frames: Mapping[str, pd.DataFrame]) -> None:
        self._frames = frames
        self._columns: dict[tuple[str, str], list[Any]] = {}
        self._rows: dict[tuple[str, tuple[str, ...]], dict[tuple[Any, ...], int]] = {}

    def lines(self, table: str) -> list[int]:
        """The line of each row."""
        return self._frames[table].index.tolist()

    def column(self, table: str, name: str) -> list[Any]:
        """The values of a column."""
        if (table, name) not in self._columns:
            self._columns[table, name] = plain(self._frames[table][name])
        return self._columns[table, name]

    def rows(self, table: str, names: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
        """The values of some columns, row by row."""
        return zip(*(self.column(table, name) for name in names), strict=True)

    def first_rows(self, table: str, names: tuple[str, ...]) -> dict[tuple[Any, ...], int]:
        """For each combination of values, the place of its first row."""
        if (table, names) not in self._rows:
            found: dict[tuple[Any, ...], int] = {}
            for place, row in enumerate(self.rows(table, names)):
                found.setdefault(row, place)
            self._rows[table, names] = found
        return self._rows[table, names]


def _dangling(schema: TableSchema, cells: _Cells, key: ForeignKey) -> list[Problem]:
    known = cells.first_rows(key.table, key.reference)
    problems = []
    for line, values in zip(
        cells.lines(schema.name), cells.rows(schema.name, key.fields), strict=True
    ):
        if values not in known and None not in values:
            problems.append(dangling(schema, line, key, values, set(known)))
    return problems


def dangling(
    schema: TableSchema,
    line: int,
    key: ForeignKey,
    values: tuple[object, ...],
    known: set[tuple[object, ...]],
) -> Problem:
    """A reference to nothing, with the nearest of what there is."""
    shown = ", ".join(str(value) for value in values)
    near = get_close_matches(shown, [", ".join(map(str, item)) for item in known], 1)
    guess = f"Did you mean {near[0]!r}? " if near else ""
    what = f"{shown!r} is not in {key.table}"
    remedy = f"{guess}Add it to {key.table}, or correct it."
    return Problem(schema.file, line, ", ".join(key.fields), what, remedy)


def _too_early(
    schema: TableSchema, cells: _Cells, key: ForeignKey, target: TableSchema
) -> list[Problem]:
    first = cells.first_rows(target.name, key.reference)
    since = cells.column(target.name, target.known)
    problems = []
    for line, values, known in zip(
        cells.lines(schema.name),
        cells.rows(schema.name, key.fields),
        cells.column(schema.name, schema.known),
        strict=True,
    ):
        place = first.get(values)
        if place is None or known is None or since[place] is None:
            continue
        if None not in values and known < since[place]:
            problems.append(too_early(schema, line, key, values[0], target))
    return problems


def too_early(
    schema: TableSchema, line: int, key: ForeignKey, value: object, target_schema: TableSchema
) -> Problem:
    """A record that is known before what it refers to."""
    what = f"the record is known before {value!r} in {key.table}"
    remedy = f"Correct {schema.known}, or the {target_schema.known} of what it refers to."
    return Problem(schema.file, line, schema.known, what, remedy)

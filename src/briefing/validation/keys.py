"""What must hold between rows: keys, references, constant units, nothing known too early."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

import pandas as pd

from briefing.errors import Problem
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
    problems = []
    for group, rows in frame.dropna(subset=[column]).groupby(within, sort=False):
        usual = rows[column].iloc[0]
        for line, value in rows.loc[rows[column] != usual, column].items():
            name = ", ".join(str(part) for part in group)
            what = f"{value!r}, but {name} has {usual!r} in line {rows.index[0]}"
            remedy = f"Records of the same {', '.join(within)} must agree in {column}."
            problems.append(Problem(schema.file, int(str(line)), column, what, remedy))
    return problems


def relation_problems(
    schemas: Mapping[str, TableSchema], frames: Mapping[str, pd.DataFrame]
) -> list[Problem]:
    """References to nothing, and records known before what they refer to."""
    problems: list[Problem] = []
    for name, schema in schemas.items():
        for key in schema.foreign_keys:
            if key.table not in frames:
                continue  # that table's own problem is reported already
            target = frames[key.table]
            problems += _dangling(schema, frames[name], key, target)
            if schema.known and schemas[key.table].known and len(key.fields) == 1:
                problems += _too_early(schema, frames[name], key, target, schemas[key.table])
    return problems


def _dangling(
    schema: TableSchema, frame: pd.DataFrame, key: ForeignKey, target: pd.DataFrame
) -> list[Problem]:
    wanted = frame[list(key.fields)].dropna()
    known = set(target[list(key.reference)].itertuples(index=False, name=None))
    problems = []
    for line, *values in wanted.itertuples(name=None):
        if tuple(values) not in known:
            problems.append(dangling(schema, int(line), key, tuple(values), known))
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
    schema: TableSchema,
    frame: pd.DataFrame,
    key: ForeignKey,
    target: pd.DataFrame,
    target_schema: TableSchema,
) -> list[Problem]:
    since = target.drop_duplicates(key.reference[0]).set_index(key.reference[0])
    reported = frame[key.fields[0]].map(since[target_schema.known].to_dict())
    early = frame[reported.notna() & (frame[schema.known] < reported)]
    problems = []
    for line, row in early.iterrows():
        value = row[key.fields[0]]
        problems.append(too_early(schema, int(str(line)), key, value, target_schema))
    return problems


def too_early(
    schema: TableSchema, line: int, key: ForeignKey, value: object, target_schema: TableSchema
) -> Problem:
    """A record that is known before what it refers to."""
    what = f"the record is known before {value!r} in {key.table}"
    remedy = f"Correct {schema.known}, or the {target_schema.known} of what it refers to."
    return Problem(schema.file, line, schema.known, what, remedy)

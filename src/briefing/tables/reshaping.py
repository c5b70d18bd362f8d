"""The finished groups in another shape: completed, pivoted, sorted, without gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pandas as pd

from briefing.structures import Column
from briefing.tables import names
from briefing.tables.conditions import possible
from briefing.tables.reductions import records_in
from briefing.tables.work import LINES, Work


def completed(
    work: Work, frame: pd.DataFrame, keys: list[str], mentioned: pd.DataFrame
) -> pd.DataFrame:
    """Add a row for each key of the referenced table that none of the records mentions."""
    column = work.declaration.complete
    if not column:
        return frame
    link = work.schema.link_from(column)
    if link is None or column not in keys:
        raise work.stop(f"`complete: {column}` needs a foreign key that is also in `by`")
    target = work.dataset.frames[link.table]
    absent = target[~target[link.reference[0]].isin(mentioned[column])]
    rest = pd.DataFrame({column: absent[link.reference[0]].to_numpy()})
    schema = work.dataset.schemas[link.table]
    for name in work.declaration.by:
        head, _, tail = name.partition(".")
        if head == column and tail:
            full = names.resolved(absent, schema, work.dataset, tail)
            rest[names.flat(name)] = full[tail].to_numpy()
    rest[LINES] = pd.Series([[] for _ in range(len(rest))], dtype=object)
    for use in work.declaration.measures:
        counted = f"{use.name}__unit" not in frame and not use.of and use.measure == "records"
        if counted:
            rest[use.name] = 0
    if not len(rest):
        return frame
    joined = pd.concat([frame, rest], ignore_index=True)
    return joined.astype({name: dtype for name, dtype in frame.dtypes.items() if name in rest})


def pivoted(
    work: Work,
    rows: pd.DataFrame,
    frame: pd.DataFrame,
    columns: dict[str, Column],
    keys: list[str],
) -> tuple[pd.DataFrame, dict[str, Column]]:
    """Turn the values of one key into columns."""
    pivot = names.flat(work.declaration.pivot)
    if pivot not in keys or not work.declaration.measures:
        raise work.stop(f"`pivot: {work.declaration.pivot}` must also be in `by`, with a measure")
    rest = [key for key in keys if key != pivot]
    uses = [use.name for use in work.declaration.measures]
    result = frame[rest].drop_duplicates().reset_index(drop=True) if rest else pd.DataFrame({})
    lines: list[list[int]] = [[] for _ in range(len(result))]
    described = {key: columns[key] for key in rest}
    if not rest and len(frame):
        result, lines = pd.DataFrame(index=range(1)), [[]]
    places = {tuple(_plain(row)): i for i, row in enumerate(result[rest].itertuples(index=False))}
    if not rest:
        places = {(): 0}
    lost = [line for own in frame.loc[frame[pivot].isna(), LINES] for line in own]
    if lost:
        count = records_in(rows.loc[lost])
        what = f"{count} records have no {work.declaration.pivot} and would be left out"
        raise work.stop(what, "Leave them out with `where`, or fill them in.")
    values = _pivot_values(work, frame, pivot)
    for value in values:
        label = columns[pivot].label(value)
        part = frame[frame[pivot] == value]
        at = [places[tuple(_plain(row))] for row in part[rest].itertuples(index=False)]
        for position, own in zip(at, part[LINES], strict=True):
            lines[position] += own
        for use in uses:
            name = names.flat(str(value)) if len(uses) == 1 else f"{use}_{names.flat(str(value))}"
            column = columns[use]
            helpers = {"unit_column": f"{name}__unit", "qualifier_column": f"{name}__qualifier"}
            moved = {key: new for key, new in helpers.items() if getattr(column, key)}
            for source, target in [
                (use, name),
                *((getattr(column, k), n) for k, n in moved.items()),
            ]:
                result[target] = pd.Series(part[source].array, index=at).reindex(range(len(result)))
            described[name] = replace(column, name=name, title=label, **cast(Any, moved))
    result[LINES] = pd.Series(lines, dtype=object)
    return result, described


def _pivot_values(work: Work, frame: pd.DataFrame, pivot: str) -> list[str]:
    """The values that become columns.

    All that the column's vocabulary and the table's condition allow, so that the columns do not
    depend on what happens to be known; without a vocabulary, those that are there.
    """
    field = work.schema.field_named(work.declaration.pivot)
    if field is None or not field.enum:
        return [str(value) for value in frame[pivot].unique() if not pd.isna(value)]
    where = work.declaration.where
    return [value for value in field.enum if possible(where, field.name, value)]


def _plain(row: Sequence[Any]) -> list[Any]:
    return [None if pd.isna(value) else value for value in row]


def settled(
    frame: pd.DataFrame, columns: dict[str, Column]
) -> tuple[pd.DataFrame, dict[str, Column]]:
    """Where all rows share a unit, it becomes the column's own; hedges stay by row."""
    settled = {}
    for name, column in columns.items():
        if column.unit_column:
            units = frame[column.unit_column].dropna().unique()
            if len(units) <= 1:
                frame = frame.drop(columns=column.unit_column)
                unit = str(units[0]) if len(units) else ""
                settled[name] = replace(column, unit=unit, unit_column="")
                continue
        settled[name] = column
    return frame, settled


def without_gaps(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Leave out the rows in which one of the columns is empty."""
    for name in names:
        if name not in frame:
            raise ValueError(f"there is no column {name!r} in which gaps could be")
    return frame.dropna(subset=list(names)).reset_index(drop=True)


def ordered(work: Work, frame: pd.DataFrame) -> pd.DataFrame:
    """Sort the rows as declared, "other" last; equal rows keep their order."""
    declaration = work.declaration
    sort = [names.flat(item.removeprefix("-")) for item in declaration.sort]
    for name in sort:
        if name not in frame:
            raise ValueError(f"there is no column {name!r} to sort by")
    if not sort:
        return frame
    ascending = [not item.startswith("-") for item in declaration.sort]
    result = frame.sort_values(sort, ascending=ascending, kind="stable", na_position="last")
    if declaration.top:
        key = names.flat(declaration.by[0])
        other = result[key] == work.other
        result = pd.concat([result[~other], result[other]])
    return result

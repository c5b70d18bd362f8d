"""The additivity guard: what must not be added is refused, with the names of the records.

A measure says once, in the dataset's description, what may be added at all (``addable``), across
what it must never be added (``never_across``) and which record already contains which
(``part_of``). The terms additive, semi-additive and non-additive are Kimball's: Ralph Kimball
and Margy Ross, The Data Warehouse Toolkit, 3rd edition, 2013, chapter 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import pandas as pd

from briefing.errors import Problem
from briefing.formatting import is_missing, quantity
from briefing.structures import Measure, TableDeclaration, TableSchema
from briefing.structures.reductions import ROWS
from briefing.tables import many
from briefing.tables.reductions import records_in

_NAMED = 4
Look = Callable[[pd.DataFrame, int, bool], pd.DataFrame]
"""The first so many records behind some rows; where true, the first one behind each row."""
Group = tuple[str | Callable[[], str], Sequence[int]]
"""The name of a group, or what makes it, and the lines of its records."""
Reason = tuple[str, pd.DataFrame, bool]
"""Why, because of which rows, and whether each of them is named by one record."""


class Guard:
    """Checks the sums of one declared table."""

    def __init__(
        self,
        schema: TableSchema,
        declaration: TableDeclaration,
        everything: pd.DataFrame,
        look: Look = lambda rows, limit, _: rows.head(limit),
    ) -> None:
        self._schema = schema
        self._declaration = declaration
        self._everything = everything
        self._look = look

    def problems(
        self, measure: Measure, frame: pd.DataFrame, groups: Iterable[Group]
    ) -> list[Problem]:
        """Why the records of each group must not be added together.

        Args:
            measure: what would be added.
            frame: the table's records, indexed by line.
            groups: the name of each group and the lines of its records.
        """
        found = []
        if ROWS in frame:
            groups = many.doubtful(measure, frame, list(groups))
        for name, lines in groups:
            if len(lines) < 2 and ROWS not in frame:
                continue  # most groups are such; looking their record up would take longest
            rows = frame.loc[list(lines)]
            if records_in(rows) < 2:
                continue  # a single record is shown, not added
            for reason in self._reasons(measure, rows):
                called = name if isinstance(name, str) else name()
                found.append(self._problem(measure, called, *reason))
        return found

    def _reasons(self, measure: Measure, rows: pd.DataFrame) -> Iterable[Reason]:
        if measure.additivity == "non-additive":
            yield "the measure is non-additive", rows, False
            return
        for column, values in measure.addable.items():
            outside = rows[~rows[column].isin(list(values))]
            if len(outside):
                kinds = ", ".join(str(value) for value in outside[column].dropna().unique())
                yield f"{column} {kinds or 'not given'} is never added", outside, False
        if measure.part_of and self._schema.primary_key:
            yield from self._parts(measure, rows)
        for column in measure.never_across:
            if column in self._declaration.across and column != self._unit(measure):
                continue
            if rows[column].nunique(dropna=False) > 1:
                kinds = ", ".join(
                    "none" if is_missing(value) else str(value) for value in rows[column].unique()
                )
                yield f"they differ in {column} ({kinds})", _differing(rows, column), True

    def _unit(self, measure: Measure) -> str:
        field = self._schema.field_named(measure.column)
        return field.unit_column if field else ""

    def _parts(self, measure: Measure, rows: pd.DataFrame) -> Iterable[Reason]:
        key = self._schema.primary_key[0]
        everything = self._everything
        parents = dict(zip(everything[key], everything[measure.part_of], strict=True))
        present = set(rows[key])
        for name in rows[key]:
            parent, steps = parents.get(name), 0
            while not is_missing(parent) and steps <= len(parents):
                if parent in present:
                    yield f"{name} is part of {parent}", rows[rows[key].isin([name, parent])], False
                    break
                parent, steps = parents.get(parent), steps + 1

    def _problem(
        self, measure: Measure, group: str, reason: str, culprits: pd.DataFrame, one_each: bool
    ) -> Problem:
        records = self._look(culprits, _NAMED, one_each)
        names = [self._name(measure, row) for _, row in records.iterrows()]
        count = len(culprits) if one_each else records_in(culprits)
        if count > _NAMED:
            names.append(f"and {count - _NAMED} more")
        what = f"would add {'; '.join(names)}{f' ({group})' if group else ''}, but {reason}"
        remedy = "Group by what differs, or leave records out with `where`."
        where = f"tables.{self._declaration.name}"
        return Problem(self._declaration.file, self._declaration.line, where, what, remedy)

    def _name(self, measure: Measure, row: pd.Series) -> str:
        name = ", ".join(str(row[column]) for column in self._schema.primary_key) or "a record"
        column = self._schema.field_named(measure.column)
        if column is None:
            return name
        unit = str(row[column.unit_column]) if column.unit_column else column.unit
        return f"{name} ({quantity(row[measure.column], unit, 'en')})"


def _differing(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """One record for each value of the column."""
    return rows.drop_duplicates(column)

"""From a row of a reduced frame back to the records that it stands for, read again on demand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from briefing.formatting import is_missing
from briefing.periods import Period
from briefing.structures import (
    Combination,
    Comparison,
    Condition,
    Dataset,
    Table,
    TableSchema,
)
from briefing.structures.reductions import (
    FIRST,
    LEADING,
    ROWS,
    LargeTable,
    Lead,
    Reduction,
    Selection,
)
from briefing.tables.asked import plain, written


@dataclass(frozen=True)
class Answer:
    """What a large table answered to a declaration.

    Attributes:
        rest: the part of the declaration's condition that the reduced frame is still to meet.
        own: columns whose cells are those of the source.
        translated: the others, with the column whose cells they show where there are any.
    """

    table: LargeTable
    asked: Reduction
    rest: Condition | None
    own: frozenset[str]
    translated: Mapping[str, str]
    frame: pd.DataFrame

    def selection(self, rows: Sequence[Sequence[int]]) -> Selection:
        """What leads from the rows of a finished table to their records.

        Args:
            rows: for each of them, the rows of the frame behind it.
        """
        (whole,) = self._leads([list(dict.fromkeys(chain.from_iterable(rows)))])
        return Selection(self.asked, self.frame, written(self.asked), self._leads(rows), whole)

    def _leads(self, rows: Sequence[Sequence[int]]) -> tuple[Lead, ...]:
        """What leads from each row to its records; all rows at once, for there may be many."""
        owners = np.repeat(np.arange(len(rows)), [len(own) for own in rows])
        labels = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=len(owners))
        behind = self.frame.loc[pd.Index(labels)]
        firsts = behind[FIRST].to_numpy()
        counts = np.zeros(len(rows), dtype=np.int64)
        np.add.at(counts, owners, behind[ROWS].to_numpy())
        order = np.lexsort((firsts, owners))
        starts = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(rows)))])
        leading = order[np.arange(len(order)) - starts[owners[order]] < LEADING]
        cells = self.cells(behind.iloc[leading])
        groups: list[list[dict[str, Any]]] = [[] for _ in rows]
        first = [0] * len(rows)
        for owner, line, found in zip(
            owners[leading].tolist(), firsts[leading].tolist(), cells, strict=True
        ):
            first[owner] = first[owner] or line
            if found not in groups[owner]:
                groups[owner].append(found)
        return tuple(map(Lead, counts.tolist(), first, map(tuple, groups)))

    def cells(self, rows: pd.DataFrame) -> list[dict[str, Any]]:
        """By column, what the records have in common that each row of the frame stands for.

        A translated cell says nothing of the column that it hides.
        """
        columns: dict[str, list[Any]] = {}
        for name in self.asked.groups:
            values = [None if is_missing(cell) else plain(cell) for cell in rows[name]]
            if self.asked.grain and self.asked.grain[0] == name:
                grain = self.asked.grain[1]
                days = [None if is_missing(cell) else cell.date() for cell in rows[name]]
                values = [day and str(Period.containing(day, grain)) for day in days]
            columns[name] = values
        found: list[dict[str, Any]] = [{} for _ in range(len(rows))]
        for name, values in columns.items():
            shown = columns.get(self.translated.get(name, ""))
            for position, value in enumerate(values):
                if name in self.own or (shown is not None and shown[position] is None):
                    found[position][name] = value
        return found

    def first_records(self, rows: pd.DataFrame, limit: int, one_each: bool) -> pd.DataFrame:
        """The first records behind some rows of the frame; or the first one of each row.

        The earliest records lie in the groups that begin first, so no more groups are read.
        """
        leading = self.frame.loc[rows.index].nsmallest(limit, FIRST)
        groups = self.cells(leading)
        if not one_each:
            return self.table.records(within(self.asked, groups, self.table.schema), limit)
        each = [within(self.asked, [group], self.table.schema) for group in groups]
        return pd.concat([self.table.records(only, 1) for only in each])


def within(asked: Reduction, groups: Iterable[Mapping[str, Any]], schema: TableSchema) -> Reduction:
    """A reduction of only those records that lie in some groups.

    Args:
        groups: their cells by column, as JSON knows them.

    Raises:
        ValueError: a cell is no period where one is wanted.
    """
    parts = [] if asked.where is None else [asked.where]
    each = [tuple(_cell(name, value, schema) for name, value in group.items()) for group in groups]
    if all(each):  # else one of them is all records
        parts.append(_joined("or", tuple(_joined("and", cells) for cells in each)))
    return replace(asked, where=_joined("and", tuple(parts)) if parts else None)


def _joined(operator: Any, parts: tuple[Condition, ...]) -> Condition:
    return parts[0] if len(parts) == 1 else Combination(operator, parts)


def _cell(name: str, value: Any, schema: TableSchema) -> Condition:
    field = schema.field_named(name)
    if value is None or field is None or field.type != "date":
        return Comparison(name, "==", value)
    period = Period.parse(value)
    start, end = pd.Timestamp(period.start), pd.Timestamp(period.end)
    return Combination("and", (Comparison(name, ">=", start), Comparison(name, "<=", end)))


def records_behind(
    table: Table, position: int, dataset: Dataset, limit: int = LEADING
) -> tuple[pd.DataFrame, int]:
    """The first records behind a row of a table that was computed from a large one.

    Args:
        position: the row, from 0.
        dataset: as known on the edition's as-of day.
        limit: no more than ``LEADING``.

    Returns:
        At most ``limit`` records, every column, indexed by line, and how many there are.

    Raises:
        ProblemsError: the table cannot be read any more.
    """
    if table.selection is None:
        return pd.DataFrame(), 0
    lead = table.selection.leads[position]
    large = dataset.large[table.dataset]
    return records_of(large, table.selection.asked, lead, limit), lead.count


def records_of(
    large: LargeTable, asked: Reduction, lead: Lead, limit: int = LEADING
) -> pd.DataFrame:
    """The first records to which a row's lead leads, every column, indexed by line.

    Raises:
        ProblemsError: the table cannot be read any more.
        ValueError: the lead is damaged.
    """
    if not lead.count:
        return large.specimen()
    return large.records(within(asked, lead.groups, large.schema), limit)

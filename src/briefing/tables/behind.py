"""From a row of a reduced frame back to the records that it stands for, read again on demand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from briefing.formatting import is_missing
from briefing.periods import Period
from briefing.structures import Combination, Comparison, Condition, Dataset, Table
from briefing.structures.reductions import FIRST, ROWS, LargeTable, Reduction, Selection


@dataclass(frozen=True)
class Answer:
    """What a large table answered to a declaration.

    Attributes:
        rest: the part of the declaration's condition that the reduced frame is still to meet.
        own: columns whose cells are those of the source.
    """

    table: LargeTable
    asked: Reduction
    rest: Condition | None
    own: frozenset[str]
    frame: pd.DataFrame

    def selection(self, rows: tuple[tuple[int, ...], ...]) -> Selection:
        """What leads from the rows of a finished table to their records."""
        return Selection(self.asked, self.own, self.frame, rows)

    def first_records(self, rows: pd.DataFrame, limit: int, one_each: bool) -> pd.DataFrame:
        """The first records behind some rows of the frame; or the first one of each row.

        The earliest records lie in the groups that begin first, so no more groups are read.
        """
        leading = list(self.frame.loc[rows.index].nsmallest(limit, FIRST).index)
        if not one_each:
            only = narrowed(self.asked, self.frame, leading, self.own)
            return self.table.records(only, limit)
        each = [narrowed(self.asked, self.frame, [label], self.own) for label in leading]
        return pd.concat([self.table.records(only, 1) for only in each])


def narrowed(
    asked: Reduction, frame: pd.DataFrame, labels: list[Any], own: frozenset[str]
) -> Reduction:
    """A reduction of only those records that some rows of its answer stand for."""
    names = [name for name in asked.groups if name in own]
    groups = tuple(
        _joined("and", tuple(_cell(asked, name, frame.at[label, name]) for name in names))
        for label in labels
    )
    parts = [] if asked.where is None else [asked.where]
    if names:
        parts.append(_joined("or", groups))
    return replace(asked, where=_joined("and", tuple(parts)) if parts else None)


def _joined(operator: Any, parts: tuple[Condition, ...]) -> Condition:
    return parts[0] if len(parts) == 1 else Combination(operator, parts)


def _cell(asked: Reduction, name: str, value: Any) -> Condition:
    if is_missing(value):
        return Comparison(name, "==", None)
    if asked.grain and asked.grain[0] == name:
        period = Period.containing(value.date(), asked.grain[1])
        start, end = pd.Timestamp(period.start), pd.Timestamp(period.end)
        return Combination("and", (Comparison(name, ">=", start), Comparison(name, "<=", end)))
    return Comparison(name, "==", value.item() if hasattr(value, "item") else value)


def records_behind(
    table: Table, position: int, dataset: Dataset, limit: int = 20
) -> tuple[pd.DataFrame, int]:
    """The first records behind a row of a table that was computed from a large one.

    Args:
        position: the row, from 0.
        dataset: as known on the edition's as-of day.

    Returns:
        At most ``limit`` records, every column, indexed by line, and how many there are.
    """
    selection = table.selection
    if selection is None or not selection.rows[position]:
        return pd.DataFrame(), 0
    labels = list(selection.rows[position])
    leading = selection.reduced.loc[labels].nsmallest(limit, FIRST)
    only = narrowed(selection.asked, selection.reduced, list(leading.index), selection.own)
    count = int(selection.reduced.loc[labels, ROWS].sum())
    return dataset.large[table.dataset].records(only, limit), count

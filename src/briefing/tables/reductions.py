"""One value for a group of records: the aggregation itself, exactly, and its unit and hedge."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import pandas as pd

from briefing.formatting import is_missing
from briefing.structures import Measure
from briefing.structures.reductions import ROWS, PartialKind, partial
from briefing.tables import many

_LARGEST = 2**63 - 1
_ITSELF = {"sum", "min", "max", "last"}
"""What is, of a single record, its own value."""


def values(
    measure: Measure, rows: pd.DataFrame, groups: list[list[int]], tie: list[str]
) -> list[Any]:
    """The aggregated value of each group of lines; ``tie`` decides "last" where the order does not.

    Raises:
        OverflowError: a sum is too large to be kept exactly.
    """
    found = many.values(measure, rows, groups) if ROWS in rows and groups else None
    if found is None:
        names = {measure.column, measure.order, *tie}
        own = rows if ROWS in rows else rows[[name for name in rows.columns if name in names]]
        cells = dict(zip(own.index, own[measure.column], strict=True)) if measure.column else {}
        found = [
            cells[lines[0]]
            if len(lines) == 1 and measure.aggregation in _ITSELF and ROWS not in rows
            else value(measure, own.loc[lines], tie)
            for lines in groups
        ]
    return found


def singles(rows: pd.DataFrame, column: str, groups: list[list[int]]) -> list[str]:
    """The unit of each group of lines."""
    if ROWS in rows and groups:
        return many.first_of(rows[column], groups)
    cells = dict(zip(rows.index, rows[column], strict=True))
    return [str(cells[lines[0]]) if lines else "" for lines in groups]


def hedges(rows: pd.DataFrame, column: str, groups: list[list[int]]) -> list[str]:
    """The hedge of each group of lines."""
    if ROWS in rows and groups:
        return many.hedges(rows[column], groups)
    cells = dict(zip(rows.index, rows[column], strict=True))
    return [_hedge(cells[line] for line in lines) for lines in groups]


def value(measure: Measure, rows: pd.DataFrame, tie: list[str]) -> Any:
    """The aggregated value; ``tie`` decides "last" where the order does not."""
    if measure.aggregation == "count":
        return records_in(rows)
    if ROWS in rows:
        return _of_parts(measure, rows)
    column = rows[measure.column]
    if measure.aggregation == "nunique":
        return int(column.nunique())
    if measure.aggregation == "last":
        ordered = (
            rows.sort_values([measure.order, *tie], kind="stable", na_position="first")
            if measure.order
            else rows
        )
        present = ordered[measure.column].dropna()
        return present.iloc[-1] if len(present) else None
    if measure.aggregation == "sum":
        return _sum(column)
    return getattr(column, measure.aggregation)()


def records_in(rows: pd.DataFrame) -> int:
    """How many records the rows stand for: of a reduced frame, each for one or more."""
    return int(rows[ROWS].sum()) if ROWS in rows else len(rows)


def _of_parts(measure: Measure, rows: pd.DataFrame) -> Any:
    """The value of a group of a reduced frame, from the partial values of its rows."""
    column, kind = measure.column, measure.aggregation
    if kind == "last":
        return (many.values(measure, rows, [list(rows.index)]) or [None])[0]
    if kind == "nunique":
        return int(rows[column].nunique())
    if kind == "median":
        known = rows[rows[column].notna()]
        return known[column].repeat(known[ROWS].to_list()).median()
    if kind in {"min", "max"}:
        name = partial(column, cast(PartialKind, kind))
        return getattr(rows[name if name in rows else column], kind)()
    parts = rows[partial(column, "sum")]
    if kind == "mean":
        present = int(rows[partial(column, "present")].sum())
        return float(sum(parts.dropna())) / present if present else None
    return _sum(parts)


def _sum(column: pd.Series[Any]) -> Any:
    """The exact sum; whole numbers are added as Python adds them, without wrapping around."""
    present = column.dropna()
    if not len(present):
        return None
    if not pd.api.types.is_integer_dtype(present) and present.dtype != object:
        return present.sum()
    total = sum(int(value) for value in present)
    if abs(total) > _LARGEST:
        raise OverflowError
    return total


def numbers(values: list[Any], source: pd.Series[Any] | None) -> pd.Series[Any]:
    """The values of a measure: whole numbers, other numbers, or dates and words as they are."""
    if source is not None and not pd.api.types.is_numeric_dtype(source):
        return pd.Series(values, dtype=source.dtype)
    whole = all(pd.isna(value) or float(value).is_integer() for value in values)
    plain = [None if pd.isna(value) else value for value in values]
    return pd.Series(plain, dtype="Int64" if whole else "Float64")


def _hedge(values: Iterable[Any]) -> str:
    """The hedge of a group: that of its records if they agree, else the cautious "about"."""
    kinds = {str(value) for value in values if not is_missing(value)}
    return kinds.pop() if len(kinds) == 1 else "about" if kinds else ""

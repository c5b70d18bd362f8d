"""Rows by calendar period: ``grain`` turns a date or year column into period names."""

from __future__ import annotations

import pandas as pd

from briefing.periods import Grain, Period


def with_period(rows: pd.DataFrame, column: str, grain: Grain) -> pd.DataFrame:
    """The rows that have a date, with a column ``period`` such as 2026-10 or 2026-Q3.

    Raises:
        ValueError: the column is missing, holds no dates, or holds years and a shorter period
            is asked for.
    """
    if column not in rows:
        raise ValueError(f"there is no column {column!r} to group by {grain}")
    values = rows[column]
    if pd.api.types.is_datetime64_any_dtype(values):
        dated = rows[values.notna()]
        labels = [str(Period.containing(day.date(), grain)) for day in dated[column]]
    elif pd.api.types.is_integer_dtype(values) and grain is Grain.YEAR:
        dated = rows[values.notna()]
        labels = [f"{year:04}" for year in dated[column]]
    else:
        raise ValueError(f"column {column!r} holds no dates to group by {grain}")
    return dated.assign(period=pd.Series(labels, index=dated.index, dtype="str"))

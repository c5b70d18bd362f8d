"""How frames hold text, and their columns as plain values."""

from __future__ import annotations

from typing import Any

import pandas as pd

# Python's own strings, whether Arrow is installed or not: what comes out then cannot depend on
# an extra, and small tables, which most are, take a quarter less time.
pd.set_option("mode.string_storage", "python")


def plain(column: pd.Series[Any]) -> list[Any]:
    """A column's values as Python's own, missing ones as None.

    Quicker than pandas for what goes through a small table once.
    """
    return [
        None if missing else value
        for value, missing in zip(column.tolist(), column.isna().tolist(), strict=True)
    ]


def rows_in(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as plain values by column.

    As ``to_dict("records")``, which takes ten times as long to begin.
    """
    names = [str(name) for name in frame.columns]
    if not names:
        return [{} for _ in frame.index]
    columns = (_boxed(frame.iloc[:, place]) for place in range(len(names)))
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _boxed(column: pd.Series[Any]) -> list[Any]:
    values = column.tolist()
    return [None if value is pd.NA else value for value in values]

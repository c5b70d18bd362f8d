"""The last record of each group, from blocks of a large table and from what they answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

Ints = np.ndarray[Any, np.dtype[np.int64]]
VALUE, LINE = "value", "line"


def nth_key(number: int) -> str:
    """The column of what is compared, the weightiest first, from 0."""
    return f"key {number}"


def latest(records: pd.DataFrame, numbers: Ints, count: int) -> pd.DataFrame:
    """The last record of each group that has a value, as the small path sorts them.

    Args:
        records: columns ``VALUE``, ``nth_key(0)`` and so on, and ``LINE``; any index.
        numbers: the group of each record, from 0.
        count: how many groups there are.

    Returns:
        One row for each group, nothing but missing cells where no record has a value.
    """
    left = np.flatnonzero(records[VALUE].notna().to_numpy())
    names = [name for name in records if name not in {VALUE, LINE}]
    for name in [*names, LINE]:
        ranks, _ = pd.factorize(records[name].iloc[left], sort=True)  # what is missing is -1
        best = np.full(count, -1, dtype=np.int64)
        np.maximum.at(best, numbers[left], ranks)
        left = left[ranks == best[numbers[left]]]
    places = np.full(count, -1, dtype=np.int64)
    places[numbers[left]] = left
    return records.reset_index(drop=True).reindex(places).reset_index(drop=True)


def together(parts: Sequence[pd.DataFrame], numbers: Ints, count: int) -> pd.DataFrame:
    """The last records of several answers as one; ``numbers`` are the groups of all their rows."""
    return latest(pd.concat(list(parts), ignore_index=True), numbers, count)

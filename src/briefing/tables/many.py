"""Groups of a reduced frame, all at once: a large table may have a hundred thousand of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd

from briefing.structures import Measure
from briefing.structures.reductions import ROWS, PartialKind, last, partial
from briefing.tables.latest import LINE, VALUE, Ints, latest, nth_key
from briefing.tables.names import flat

_SAFE = 2.0**62
Lines = Sequence[Sequence[int]]
Name = TypeVar("Name")


def values(measure: Measure, rows: pd.DataFrame, groups: Lines) -> list[Any] | None:
    """The value of each group; None where each is to be looked at on its own.

    Args:
        groups: for each group, the labels of its rows.
    """
    kind = measure.aggregation
    if kind == "count":
        counts: list[Any] = _grouped(rows[ROWS], groups).sum().tolist()
        return counts
    if kind == "last":
        return _lasts(measure, rows, groups)
    name = partial(measure.column, cast(PartialKind, "sum" if kind == "mean" else kind))
    if name not in rows or rows[name].dtype == object:
        return None
    cells = rows[name]
    if kind in {"min", "max"}:
        return _plain(getattr(_grouped(cells, groups), kind)())
    whole = pd.api.types.is_integer_dtype(cells)
    if whole and float(cells.abs().max() if cells.notna().any() else 0) * len(cells) >= _SAFE:
        return None
    total = _grouped(cells, groups).sum(min_count=1)
    if kind == "mean":
        present = _grouped(rows[partial(measure.column, "present")], groups).sum()
        total = total.astype("Float64") / present.astype("Float64").where(present > 0)
    return _plain(total)


def _lasts(measure: Measure, rows: pd.DataFrame, groups: Lines) -> list[Any]:
    """The value of the last record of each group."""
    parts = {flat(last(VALUE, measure.column, measure.order)): VALUE}
    while (name := flat(last(nth_key(len(parts) - 1), measure.column, measure.order))) in rows:
        parts[name] = nth_key(len(parts) - 1)
    parts[flat(last(LINE, measure.column, measure.order))] = LINE
    owners, labels = _members(groups)
    records = rows[list(parts)].rename(columns=parts).loc[pd.Index(labels)]
    return _plain(latest(records, owners, len(groups))[VALUE])


def groups_of(rows: pd.DataFrame, keys: Sequence[str]) -> list[tuple[Any, list[int]]]:
    """The key of each group and the labels of its rows, in the order in which they occur."""
    if not len(rows):
        return []
    by = list(keys) if len(keys) > 1 else keys[0]
    numbers = rows.groupby(by, sort=False, dropna=False, observed=True).ngroup().to_numpy()
    order = np.argsort(numbers, kind="stable")
    ends = np.cumsum(np.bincount(numbers))
    first = order[np.concatenate([[0], ends[:-1]])]
    found = zip(*(rows[key].iloc[first] for key in keys), strict=True)
    labels = rows.index.to_numpy()[order].tolist()
    starts = [0, *ends[:-1].tolist()]
    own = [labels[start:end] for start, end in zip(starts, ends.tolist(), strict=True)]
    return list(zip(found, own, strict=True))


def first_of(cells: pd.Series[Any], groups: Lines) -> list[str]:
    """A cell of each group, as text: that of its first row."""
    return [str(value) for value in cells.loc[[lines[0] for lines in groups]]]


def hedges(cells: pd.Series[Any], groups: Lines) -> list[str]:
    """The hedge of each group: that of its records if they agree, else the cautious "about"."""
    grouping = _grouped(cells, groups)
    kinds, first = grouping.nunique(), grouping.first()
    return [
        str(word) if count == 1 else "about" if count else ""
        for count, word in zip(kinds, first, strict=True)
    ]


def doubtful(
    measure: Measure, rows: pd.DataFrame, groups: Sequence[tuple[Name, Sequence[int]]]
) -> list[tuple[Name, Sequence[int]]]:
    """The groups in which the guard may find something: of several records that differ."""
    if not groups:
        return []
    lines = [own for _, own in groups]
    wrong = np.zeros(len(groups), dtype=bool)
    if measure.additivity == "non-additive" or measure.part_of:
        wrong[:] = True
    for column, allowed in measure.addable.items():
        outside = ~rows[column].isin(list(allowed))
        wrong |= _grouped(outside, lines).any().to_numpy(dtype=bool)
    for column in measure.never_across:
        wrong |= _grouped(rows[column], lines).nunique(dropna=False).to_numpy() > 1
    wrong &= _grouped(rows[ROWS], lines).sum().to_numpy() > 1
    return [group for group, doubt in zip(groups, wrong, strict=True) if doubt]


def _grouped(cells: pd.Series[Any], groups: Lines) -> Any:
    """The cells by the number of their group."""
    owners, labels = _members(groups)
    return cells.loc[pd.Index(labels)].groupby(owners, sort=True)


def _members(groups: Lines) -> tuple[Ints, Ints]:
    """For each row of each group the number of its group, and its label."""
    owners = np.repeat(np.arange(len(groups)), [len(own) for own in groups])
    return owners, np.fromiter(chain.from_iterable(groups), dtype=np.int64, count=len(owners))


def _plain(cells: pd.Series[Any]) -> list[Any]:
    return [None if pd.isna(value) else value for value in cells]

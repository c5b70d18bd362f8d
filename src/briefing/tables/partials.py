"""Partial results of a large table: computed block by block, put together exactly.

A block is answered where it is read, in any thread, process or machine; only what it answers
travels. Whole numbers are added exactly whatever their size. Floating point numbers are added in
the order of the blocks, so the same blocks give the same bits, whoever computed them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any, cast

import numpy as np
import pandas as pd

from briefing.periods import Period
from briefing.structures import Column, Comparison, Condition, Grain, TableSchema
from briefing.structures.reductions import (
    FIRST,
    ROWS,
    Block,
    Coded,
    Last,
    Partial,
    PartialKind,
    Reduction,
    last,
    partial,
)
from briefing.tables import arithmetic
from briefing.tables.conditions import holds
from briefing.tables.latest import LINE, VALUE, latest, nth_key, together

Ints = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
_LIMB = 32
_EXACT = 2.0**53  # up to here a float counts whole numbers
_SAFE = 2.0**62


def answer(block: Block, schema: TableSchema, reductions: Sequence[Reduction]) -> list[Partial]:
    """What a block answers to each reduction."""
    masks: dict[Condition, Flags] = {}
    return [_reduced(_Derived(block, schema, asked), asked, masks) for asked in reductions]


def matching(
    block: Block, schema: TableSchema, asked: Reduction, limit: int | None = None
) -> pd.DataFrame:
    """The records of a block that a reduction is about, every column, indexed by line."""
    chosen = np.arange(len(block.lines))
    if asked.where is not None:
        chosen = np.flatnonzero(mask_of(asked.where, _Derived(block, schema, asked)))
    chosen = chosen[:limit]
    columns = {field.name: block.series(field.name).take(chosen) for field in schema.fields}
    return pd.DataFrame(
        {name: cells.array for name, cells in columns.items()},
        index=pd.Index(block.lines[chosen], name="line"),
    )


class _Derived:
    """A block with the columns that a reduction computes record by record."""

    def __init__(self, block: Block, schema: TableSchema, asked: Reduction) -> None:
        self.lines = block.lines
        self._block = block
        self._formulas = {item.name: item for item in asked.derive}
        self._columns = {
            field.name: Column(field.name, field.title, "quantity", field.unit, field.unit_column)
            for field in schema.fields
        }
        self._computed: dict[str, pd.Series[Any]] = {}

    def coded(self, column: str) -> Coded:
        if column in self._formulas:
            return coded(self.series(column))
        return self._block.coded(column)

    def series(self, column: str) -> pd.Series[Any]:
        if column not in self._formulas:
            return self._block.series(column)
        if column not in self._computed:
            item = self._formulas[column]
            parts = {name: self.series(name) for name in arithmetic.columns_of(item.formula)}
            found, _ = arithmetic.derive(pd.DataFrame(parts), self._columns, item)
            self._computed[column] = found
        return self._computed[column]


def coded(values: pd.Series[Any]) -> Coded:
    """A column by its different values, in the order in which they occur."""
    codes, found = pd.factorize(values, use_na_sentinel=False)
    return Coded(codes.astype(np.int64), pd.Series(found, dtype=values.dtype))


def mask_of(
    condition: Condition, block: Block, known: dict[Condition, Flags] | None = None
) -> Flags:
    """Which records of a block meet a condition; each column is compared value by value once.

    Args:
        known: the answers to conditions that were asked before, and to this one from now on.
    """
    known = {} if known is None else known
    if condition not in known:
        known[condition] = _mask(condition, block, known)
    return known[condition]


def _mask(condition: Condition, block: Block, known: dict[Condition, Flags]) -> Flags:
    if isinstance(condition, Comparison):
        column = block.coded(condition.column)
        met = holds(condition, pd.DataFrame({condition.column: column.values}), {})
        return cast(Flags, met.to_numpy(dtype=bool)[column.codes])
    masks = [mask_of(part, block, known) for part in condition.parts]
    if condition.operator == "not":
        return ~masks[0]
    join = np.logical_and if condition.operator == "and" else np.logical_or
    return reduce(join, masks)


def _reduced(block: _Derived, asked: Reduction, masks: dict[Condition, Flags]) -> Partial:
    chosen: Any = slice(None)
    if asked.where is not None:
        mask = mask_of(asked.where, block, {} if asked.derive else masks)
        if not mask.all():
            chosen = np.flatnonzero(mask)
    keys = {}
    for name in asked.groups:
        column = block.coded(name)
        if asked.grain and asked.grain[0] == name:
            column = _coarse(column, asked.grain[1])
        keys[name] = Coded(column.codes[chosen], column.values)
    lines = block.lines[chosen]
    numbers, first = _numbered(list(keys.values()), len(lines))
    count = len(first)
    values: dict[tuple[str, PartialKind], np.ndarray[Any, Any]] = {}
    for name, kind in asked.measured:
        values[name, kind] = _partial(kind, block.series(name), chosen, numbers, count)
    lasts = {item: latest(_candidates(block, item, chosen), numbers, count) for item in asked.lasts}
    return Partial(
        {name: Coded(column.codes[first], column.values) for name, column in keys.items()},
        lines[first],
        np.bincount(numbers, minlength=count).astype(np.int64),
        values,
        lasts,
    )


def _candidates(block: _Derived, asked: Last, chosen: Any) -> pd.DataFrame:
    """Every record that may be the last of its group, as ``latest`` compares them."""
    columns = {VALUE: block.series(asked.column)}
    columns |= {nth_key(at): block.series(name) for at, name in enumerate(asked.keys)}
    columns[LINE] = pd.Series(block.lines, dtype="Int64")
    return pd.DataFrame({name: cells.iloc[chosen].array for name, cells in columns.items()})


def _coarse(column: Coded, grain: Grain) -> Coded:
    """Days as the first days of their periods."""
    starts = column.values.map(
        lambda day: pd.Timestamp(Period.containing(day.date(), grain).start), na_action="ignore"
    )
    shorter = coded(starts.astype(column.values.dtype))
    return Coded(shorter.codes[column.codes], shorter.values)


def _numbered(keys: Sequence[Coded], count: int) -> tuple[Ints, Ints]:
    """Number the groups that occur.

    Returns:
        The group of each record, and the position of each group's first record.
    """
    together: Any = None
    size = 1
    for key in keys:
        width = max(len(key.values), 1)
        if size * width >= _SAFE:
            together, found = pd.factorize(together)
            size = len(found)
        together = key.codes if together is None else together * width + key.codes
        size *= width
    if together is None:
        return np.zeros(count, dtype=np.int64), np.zeros(min(count, 1), dtype=np.int64)
    if size > 2 * count:
        numbers, uniques = pd.factorize(together)
        return numbers.astype(np.int64, copy=False), _firsts(numbers, len(uniques))
    first = _firsts(together, size)  # few combinations: each is its own number
    used = np.flatnonzero(first >= 0)
    places = np.zeros(size, dtype=np.int64)
    places[used] = np.arange(len(used))
    return places[together], first[used]


def _firsts(numbers: Any, size: int) -> Ints:
    """The position at which each number occurs first; -1 where it does not."""
    first = np.full(size, -1, dtype=np.int64)
    first[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)
    return first


def _partial(
    kind: PartialKind, values: pd.Series[Any], chosen: Any, numbers: Ints, count: int
) -> np.ndarray[Any, Any]:
    """One partial value for each group; sums are whole numbers or floats as the column is."""
    missing = values.isna().to_numpy()[chosen]
    if kind == "present":
        return np.bincount(numbers[~missing], minlength=count).astype(np.int64)
    if pd.api.types.is_datetime64_any_dtype(values):
        plain = values.to_numpy().astype("datetime64[s]").astype(np.int64)[chosen]
    else:
        whole = pd.api.types.is_integer_dtype(values)
        plain = values.to_numpy(dtype=np.int64 if whole else np.float64, na_value=0)[chosen]
    if missing.any():
        plain, numbers = plain[~missing], numbers[~missing]
    if kind == "sum":
        return _sums(plain, numbers, count)
    return _extremes(kind, plain, numbers, count)


def _sums(values: np.ndarray[Any, Any], numbers: Ints, count: int) -> np.ndarray[Any, Any]:
    """The sum of each group; whole numbers exactly, as Python's own where 64 bits are too few."""
    if not len(values):
        return np.zeros(count, dtype=values.dtype)
    if values.dtype.kind == "f":
        return np.bincount(numbers, weights=values, minlength=count)
    if values.dtype == object:
        return _long_sums(values, numbers, count)
    bound = max(abs(float(values.max())), abs(float(values.min()))) * len(values)
    if bound < _EXACT:
        return np.bincount(numbers, weights=values, minlength=count).astype(np.int64)
    if bound >= _SAFE or len(values) > 2**20:
        return _long_sums(values, numbers, count)
    high = np.bincount(numbers, weights=values >> _LIMB, minlength=count).astype(np.int64)
    low = np.bincount(numbers, weights=values & (2**_LIMB - 1), minlength=count).astype(np.int64)
    return cast(Ints, high * 2**_LIMB + low)


def _long_sums(values: np.ndarray[Any, Any], numbers: Ints, count: int) -> np.ndarray[Any, Any]:
    if values.dtype != object:
        bound = max(abs(float(values.max())), abs(float(values.min()))) * len(values)
        if bound < _SAFE:
            added = np.zeros(count, dtype=np.int64)
            np.add.at(added, numbers, values)
            return added
    totals = [0] * count
    for number, value in zip(numbers.tolist(), values.tolist(), strict=True):
        totals[number] += value
    result = np.empty(count, dtype=object)
    result[:] = totals
    return result


def _extremes(
    kind: PartialKind, values: np.ndarray[Any, Any], numbers: Ints, count: int
) -> np.ndarray[Any, Any]:
    """The smallest or largest value of each group; without values in it, it means nothing."""
    lowest = kind == "max"
    if values.dtype.kind == "f":
        start: Any = -np.inf if lowest else np.inf
    else:
        limits = np.iinfo(np.int64)
        start = limits.min if lowest else limits.max
    found = np.full(count, start, dtype=values.dtype)
    (np.maximum if lowest else np.minimum).at(found, numbers, values)
    return found


def combined(parts: Sequence[Partial], asked: Reduction) -> Partial:
    """Several answers to the same reduction as one; blocks in their order in the source."""
    if len(parts) == 1:
        return parts[0]
    keys = {}
    for name in asked.groups:
        vocabulary = coded(_joined([part.keys[name].values for part in parts]))
        starts = np.cumsum([0, *(len(part.keys[name].values) for part in parts)])
        codes = [
            vocabulary.codes[start + part.keys[name].codes]
            for start, part in zip(starts, parts, strict=False)
        ]
        keys[name] = Coded(np.concatenate(codes), vocabulary.values)
    firsts = np.concatenate([part.first for part in parts])
    numbers, first = _numbered(list(keys.values()), len(firsts))
    count = len(first)
    values = {
        pair: _together(pair[1], [part.values[pair] for part in parts], numbers, count)
        for pair in asked.measured
    }
    return Partial(
        {name: Coded(column.codes[first], column.values) for name, column in keys.items()},
        _extremes("min", firsts, numbers, count),
        _sums(np.concatenate([part.rows for part in parts]), numbers, count),
        values,
        {item: together([p.lasts[item] for p in parts], numbers, count) for item in asked.lasts},
    )


def _joined(values: Iterable[pd.Series[Any]]) -> pd.Series[Any]:
    return pd.concat(list(values), ignore_index=True)


def _together(
    kind: PartialKind, parts: list[np.ndarray[Any, Any]], numbers: Ints, count: int
) -> np.ndarray[Any, Any]:
    values = np.concatenate(parts)
    return (
        _sums(values, numbers, count)
        if kind in {"sum", "present"}
        else _extremes(kind, values, numbers, count)
    )


def frame_of(found: Partial, asked: Reduction, specimen: pd.DataFrame) -> pd.DataFrame:
    """The reduced frame: typed as the table's own would be, in the order of the first lines.

    Args:
        specimen: the table's columns without rows.
    """
    order = np.argsort(found.first, kind="stable")
    columns: dict[str, Any] = {}
    for name, column in found.keys.items():
        columns[name] = column.values.take(column.codes[order]).reset_index(drop=True)
    columns[FIRST], columns[ROWS] = found.first[order], found.rows[order]
    for (name, kind), values in found.values.items():
        dtype = specimen[name].dtype if name in specimen else pd.Float64Dtype()
        known = found.values[name, "present"][order] > 0
        columns[partial(name, kind)] = _cells(kind, values[order], known, dtype)
        if name not in columns:  # its type is looked at, its values are those of the parts
            columns[name] = pd.Series([None] * len(order), dtype=dtype)
    for item, records in found.lasts.items():
        shown = records.iloc[order].reset_index(drop=True)
        columns |= {last(str(p), item.column, item.order): shown[p] for p in shown}
        nothing = pd.Series([None] * len(order), dtype=shown[VALUE].dtype)
        columns.setdefault(item.column, nothing)
    return pd.DataFrame(columns, index=pd.RangeIndex(len(order)))


def _cells(
    kind: PartialKind, values: np.ndarray[Any, Any], known: np.ndarray[Any, Any], dtype: Any
) -> pd.Series[Any]:
    """The partial values as cells; missing where nothing is known, sums wider than 64 bits too."""
    if kind == "present":
        return pd.Series(values, dtype="Int64")
    if values.dtype == object and all(abs(value) < 2**63 for value in values):
        values = values.astype(np.int64)
    if values.dtype == object:
        return pd.Series(values, dtype=object).where(known, None)
    if pd.api.types.is_datetime64_any_dtype(dtype):
        shown = np.where(known, values, 0).astype("datetime64[s]")
        return pd.Series(shown).where(known).astype(dtype)
    cells = pd.Series(np.where(known, values, 0), dtype=str(values.dtype).title())
    return cells.where(known)

"""What must hold between the rows of a large table, and towards small tables, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from briefing.errors import Problem
from briefing.structures import ForeignKey, TableSchema
from briefing.structures.reductions import Block
from briefing.validation.blocks import Findings
from briefing.validation.keys import dangling, duplicate, empty_key, too_early

Hashes = np.ndarray[Any, np.dtype[np.uint64]]


class Relations:
    """Checks keys and references of one large table while its blocks pass by, in order.

    Attributes:
        findings: what was found.
    """

    def __init__(
        self,
        schema: TableSchema,
        schemas: Mapping[str, TableSchema],
        frames: Mapping[str, pd.DataFrame],
        findings: Findings,
    ) -> None:
        self._schema, self._schemas, self._frames = schema, schemas, frames
        self._findings = findings
        single = [(field.name,) for field in schema.fields if field.unique]
        keys = dict.fromkeys([*([schema.primary_key] if schema.primary_key else []), *single])
        self._seen: dict[tuple[str, ...], list[Hashes]] = {key: [] for key in keys}
        self._lines: list[np.ndarray[Any, Any]] = []

    def look_at(self, block: Block, known: set[tuple[int, str]]) -> None:
        """Check the references of a block and remember its keys.

        Args:
            known: (line, column) of cells that already have a problem.
        """
        for key in self._schema.foreign_keys:
            if key.table in self._frames:
                self._refer(block, key)
        for column in self._schema.primary_key:
            missing = block.series(column).isna().to_numpy()
            lines = [int(line) for line in block.lines[missing] if (line, column) not in known]
            found = [empty_key(self._schema, line, column) for line in lines[:100]]
            self._findings.add(found, len(lines))
        for columns, seen in self._seen.items():
            seen.append(_hashed(block, columns))
        if self._seen:
            self._lines.append(np.asarray(block.lines))

    def _refer(self, block: Block, key: ForeignKey) -> None:
        """References to nothing, and records known before what they refer to."""
        target = self._frames[key.table]
        known = set(target[list(key.reference)].itertuples(index=False, name=None))
        codes, values = _combinations(block, key.fields)
        lost = [not any(pd.isna(cell) for cell in cells) and cells not in known for cells in values]
        rows = np.flatnonzero(np.array([*lost, False])[codes])

        def problems() -> Iterator[Problem]:
            for row in rows:
                yield dangling(self._schema, int(block.lines[row]), key, values[codes[row]], known)

        self._findings.add(problems(), len(rows))
        other = self._schemas[key.table]
        if self._schema.known and other.known and len(key.fields) == 1:
            self._early(block, key, target, other)

    def _early(
        self, block: Block, key: ForeignKey, target: pd.DataFrame, other: TableSchema
    ) -> None:
        since = target.drop_duplicates(key.reference[0]).set_index(key.reference[0])[other.known]
        named = block.coded(key.fields[0])
        reported = named.values.map(since.to_dict()).astype("datetime64[s]")
        days = reported.to_numpy()[named.codes]
        early = np.flatnonzero(block.series(self._schema.known).to_numpy() < days)

        def problems() -> Iterator[Problem]:
            for row in early:
                value = named.values.iloc[named.codes[row]]
                yield too_early(self._schema, int(block.lines[row]), key, value, other)

        self._findings.add(problems(), len(early))

    def repeated(self) -> dict[tuple[str, ...], list[int]]:
        """Lines of records whose key may have stood before: equal hashes, to be looked at."""
        found = {}
        for columns, seen in self._seen.items():
            hashes = np.concatenate(seen) if seen else np.zeros(0, dtype=np.uint64)
            if len(hashes) < 2 or bool((hashes[1:] > hashes[:-1]).all()):
                continue
            together = np.sort(hashes)
            twice = np.unique(together[1:][together[1:] == together[:-1]])
            twice = twice[twice != 0]
            if len(twice):
                lines = np.concatenate(self._lines)[np.isin(hashes, twice)]
                found[columns] = lines.tolist()
        return found

    def note_repeated(self, columns: tuple[str, ...], rows: pd.DataFrame) -> None:
        """Note keys that occur twice.

        Args:
            rows: the records of ``repeated``, indexed by line.
        """
        first: dict[tuple[Any, ...], int] = {}
        problems = []
        for line, *cells in rows[list(columns)].itertuples(name=None):
            key = tuple(cells)
            if key in first:
                problems.append(duplicate(self._schema, int(line), columns, key, first[key]))
            else:
                first[key] = int(line)
        self._findings.add(problems, len(problems))


def compared(schema: TableSchema) -> tuple[str, ...]:
    """The columns that ``Relations`` look at: of keys, and of references to other tables."""
    found = [*schema.primary_key, *(field.name for field in schema.fields if field.unique)]
    found += [name for key in schema.foreign_keys for name in key.fields]
    return tuple(dict.fromkeys([*found, *([schema.known] if schema.known else [])]))


def _combinations(
    block: Block, columns: tuple[str, ...]
) -> tuple[np.ndarray[Any, Any], list[tuple[Any, ...]]]:
    """The different combinations of values of some columns, and which one each record has."""
    if len(columns) == 1:
        found = block.coded(columns[0])
        return found.codes, [(value,) for value in found.values]
    together: Any = np.zeros(len(block.lines), dtype=np.int64)
    coded = [block.coded(column) for column in columns]
    for item in coded:
        together = together * max(len(item.values), 1) + item.codes
    codes, _ = pd.factorize(together)
    first = np.zeros(int(codes.max()) + 1 if len(codes) else 0, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return codes, [tuple(item.values.iloc[item.codes[row]] for item in coded) for row in first]


def _hashed(block: Block, columns: tuple[str, ...]) -> Hashes:
    """A number for each record's key: itself where it is one, else its hash; 0 where incomplete."""
    series = [block.series(column) for column in columns]
    missing = np.logical_or.reduce([item.isna().to_numpy() for item in series])
    if len(series) == 1 and pd.api.types.is_integer_dtype(series[0]):
        values = series[0].to_numpy(dtype=np.int64, na_value=0)
        hashes = (values.astype(np.uint64) ^ np.uint64(2**63)) | np.uint64(0)
    else:
        hashes = np.zeros(len(missing), dtype=np.uint64)
        for item in series:
            own = pd.util.hash_array(item.to_numpy(dtype=object, na_value=""), categorize=False)
            hashes = hashes * np.uint64(1_000_003) + own
    hashes[missing] = 0
    return hashes

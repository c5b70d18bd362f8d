"""Parquet files in row groups: what is wanted of them read, and checked tables kept.

Needs the extra ``parquet``. What leaves this module is typed as it would be without pyarrow.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from briefing.errors import Problem, ProblemsError
from briefing.sources.columnar import coded_text, masked, single, text_of
from briefing.sources.files import header_problems
from briefing.structures import Combination, Comparison, Condition, Field, TableSchema
from briefing.structures.reductions import Coded, PlainText

LINES = "__line"
"""Column of a kept file: where each record stands in its source."""


@dataclass(frozen=True)
class RowGroups:
    """A Parquet file, as its footer describes it.

    Attributes:
        line: row number of its first record, where it is one of several files.
    """

    path: Path
    schema: TableSchema
    line: int = 1

    @cached_property
    def _metadata(self) -> Any:
        try:
            return pq.read_metadata(self.path)
        except (OSError, pa.ArrowException) as error:
            what = f"is no Parquet file that can be read: {error}"
            raise ProblemsError(
                [Problem(self.schema.file, 0, "", what, "Write it anew.")]
            ) from None

    @property
    def rows(self) -> int:
        """How many records there are."""
        return int(self._metadata.num_rows)

    @property
    def columns(self) -> dict[str, Any]:
        """The types of its columns, by name."""
        arrow = self._metadata.schema.to_arrow_schema()
        return dict(zip(arrow.names, arrow.types, strict=True))

    def parts(self, wanted: Iterable[Condition | None]) -> list[tuple[int, int]]:
        """The row groups that may hold what is wanted, with the line of each first record."""
        conditions = list(wanted)
        found, line = [], self.line
        for index in range(self._metadata.num_row_groups):
            group = self._metadata.row_group(index)
            limits = _limits(group)
            if any(_may_hold(condition, limits) for condition in conditions):
                found.append((index, line))
            line += group.num_rows
        return found

    def read(self, part: tuple[int, int], columns: Sequence[str]) -> dict[str, Any]:
        """Columns of one row group; text as codes."""
        text = [
            name
            for name, kind in self.columns.items()
            if pa.types.is_string(kind) or pa.types.is_dictionary(kind)
        ]
        try:
            file = pq.ParquetFile(self.path, metadata=self._metadata, read_dictionary=text)
            table = file.read_row_group(part[0], columns=list(columns), use_threads=False)
        except (OSError, pa.ArrowException) as error:
            what = f"row group {part[0]} of {self.path.name} cannot be read: {error}"
            remedy = "Write it anew; what lies in .briefing/cache may be removed."
            raise ProblemsError([Problem(self.schema.file, 0, "", what, remedy)]) from None
        return {name: single(table[name]) for name in table.column_names}


def column_problems(path: Path, schema: TableSchema) -> list[Problem]:
    """Columns of a file that are missing, or not described."""
    return header_problems(list(RowGroups(path, schema).columns), schema)


def _limits(group: Any) -> dict[str, tuple[Any, Any]]:
    """The smallest and largest value of each column, where the file says so."""
    found = {}
    for index in range(group.num_columns):
        column = group.column(index)
        limits = column.statistics
        if limits is not None and limits.has_min_max:
            found[column.path_in_schema] = (limits.min, limits.max)
    return found


def _may_hold(condition: Condition | None, limits: dict[str, tuple[Any, Any]]) -> bool:
    """Whether any record within these limits could meet the condition; if unsure, yes."""
    if isinstance(condition, Combination) and condition.operator != "not":
        parts = [_may_hold(part, limits) for part in condition.parts]
        return all(parts) if condition.operator == "and" else any(parts)
    if not isinstance(condition, Comparison) or condition.column not in limits:
        return True
    low, high = limits[condition.column]
    value = condition.value
    values = value if isinstance(value, tuple) else (value,)
    if hasattr(low, "isoformat"):
        values = tuple(pd.Timestamp(item).date() for item in values if item is not None)
        low, high = pd.Timestamp(low).date(), pd.Timestamp(high).date()
    try:
        outcomes: dict[str, Callable[[Any], bool]] = {
            "==": lambda item: item is None or low <= item <= high,
            "in": lambda item: item is None or low <= item <= high,
            "<": lambda item: low < item,
            "<=": lambda item: low <= item,
            ">": lambda item: high > item,
            ">=": lambda item: high >= item,
        }
        judge = outcomes.get(condition.operator)
        return judge is None or value is None or any(judge(item) for item in values)
    except TypeError:
        return True


class ParquetColumns:
    """One row group, column by column, read when a column is asked for.

    Attributes:
        lines: row number of each record.
    """

    def __init__(self, arrays: dict[str, Any], schema: TableSchema, line: int) -> None:
        self._arrays, self._schema = arrays, schema
        count = len(next(iter(arrays.values()))) if arrays else 0
        if LINES in arrays:
            self.lines = arrays[LINES].to_numpy(zero_copy_only=False).astype(np.int64)
        else:
            self.lines = np.arange(line, line + count, dtype=np.int64)

    def load(self, column: str) -> Coded | PlainText | pd.Series[Any]:
        """A column of a kept file, typed as validation left it."""
        array = self._arrays[column]
        if pa.types.is_dictionary(array.type):
            return coded_text(array)
        if pa.types.is_string(array.type):
            return PlainText(array, array.null_count, text_of)
        if pa.types.is_date(array.type):
            return _coded_days(array)
        if pa.types.is_boolean(array.type):
            return pd.Series(array.to_pylist(), dtype="boolean")
        return masked(array)

    def texts(self, column: str) -> Coded:
        """A column of somebody's own file as the text that a CSV would hold."""
        array = self._arrays[column]
        if not pa.types.is_dictionary(array.type):
            array = array.dictionary_encode()
        shown = [_written(value) for value in array.dictionary.to_pylist()]
        return coded_text(
            pa.DictionaryArray.from_arrays(array.indices, pa.array(shown, pa.string()))
        )

    def numbers(self, column: str) -> pd.Series[Any] | None:
        """A column of numbers; None where it holds something else."""
        array = self._arrays[column]
        field = self._schema.field_named(column)
        whole = field is not None and (field.money or field.type == "integer")
        if whole and pa.types.is_integer(array.type):
            return masked(pc.cast(array, pa.int64()))
        if (
            not whole
            and pa.types.is_floating(array.type)
            and pc.all(pc.is_finite(array)).as_py() is not False
        ):
            return masked(pc.cast(array, pa.float64()))
        return None

    def plain(self, column: str) -> PlainText | None:
        """None: every different text is to be looked at."""


def _written(value: Any) -> str:
    """A value as a CSV would hold it."""
    if hasattr(value, "hour"):
        value = value.date()
    if isinstance(value, bool):
        return str(value).lower()
    text = f"{value:f}" if hasattr(value, "as_tuple") else str(value)
    return text.rstrip("0").rstrip(".") if hasattr(value, "as_tuple") and "." in text else text


def _coded_days(array: Any) -> Coded:
    """Days by their different values; pyarrow counts them from 1970."""
    missing = pc.is_null(array).to_numpy(zero_copy_only=False)
    days = pc.cast(pc.fill_null(pc.cast(array, pa.date32()), 0), pa.int32()).to_numpy(
        zero_copy_only=False
    )
    codes, found = pd.factorize(days)
    values = pd.Series(found.astype("datetime64[D]").astype("datetime64[s]"))
    if missing.any():
        codes = np.where(missing, len(values), codes)
        values = pd.concat([values, pd.Series([pd.NaT], dtype=values.dtype)], ignore_index=True)
    return Coded(codes.astype(np.int64), values)


class ParquetKeeper:
    """Writes a checked table as Parquet, block by block, which appears whole or not at all."""

    def __init__(self, folder: Path, name: str) -> None:
        """Nothing is written yet; ``name`` tells unfinished files apart."""
        folder.mkdir(parents=True, exist_ok=True)
        self._temporary = folder / f".{name}.{os.getpid()}"
        self._writer: Any = None

    def add(self, table: Any) -> None:
        """Write one block as a row group; made by ``arranged``."""
        if self._writer is None:
            coded = [
                name for name in table.column_names if pa.types.is_dictionary(table[name].type)
            ]
            self._writer = pq.ParquetWriter(
                self._temporary,
                table.schema,
                compression="lz4",
                use_dictionary=coded,
                column_encoding={LINES: "DELTA_BINARY_PACKED"},
            )
        self._writer.write_table(table, row_group_size=max(len(table), 1))

    def keep(self, path: Path) -> None:
        """Finish the file and give it its name, in the same folder."""
        if self._writer is None:
            return
        self._writer.close()
        with self._temporary.open("rb") as written:
            os.fsync(written.fileno())
        self._temporary.replace(path)

    def drop(self) -> None:
        """Leave nothing behind."""
        if self._writer is not None:
            self._writer.close()
        self._temporary.unlink(missing_ok=True)


def arranged(block: Any, schema: TableSchema, plain: frozenset[str]) -> Any:
    """A checked block as a pyarrow table; a column of text is coded in every block or in none.

    Args:
        plain: text columns that are kept as they are.
    """
    arrays: dict[str, Any] = {LINES: pa.array(block.lines)}
    for field in schema.fields:
        column = block.load(field.name)
        if isinstance(column, PlainText):
            arrays[field.name] = column.cells
        elif isinstance(column, Coded):
            coded = _dictionary(column, _kind(field))
            keep = _kind(field) == pa.string() and field.name not in plain
            arrays[field.name] = coded if keep else coded.dictionary_decode()
        else:
            arrays[field.name] = _array(column, _kind(field))
    return pa.table(arrays)


def _dictionary(column: Coded, kind: Any) -> Any:
    """A coded column as pyarrow has it: what is missing has no code."""
    absent = column.values.isna().to_numpy()
    values = pa.array(_plain_values(column.values[~absent]), kind)
    codes = (np.cumsum(~absent) - 1)[column.codes].astype(np.int32)
    mask = absent[column.codes] if absent.any() else None
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=mask), values)


def _kind(field: Field) -> Any:
    if field.money or field.type in {"integer", "year"}:
        return pa.int64()
    kinds = {"number": pa.float64(), "boolean": pa.bool_(), "date": pa.date32()}
    return kinds.get(field.type, pa.string())


def _array(column: pd.Series[Any], kind: Any) -> Any:
    missing = column.isna().to_numpy()
    if kind in (pa.int64(), pa.float64()):
        whole = kind == pa.int64()
        values = column.to_numpy(dtype=np.int64 if whole else np.float64, na_value=0)
        return pa.array(values, kind, mask=missing if missing.any() else None)
    return pa.array(_plain_values(column), kind)


def _plain_values(column: pd.Series[Any]) -> list[Any]:
    """Values as Python has them; missing ones are None."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return [None if pd.isna(value) else value.date() for value in column]
    return [None if pd.isna(value) else value for value in column]

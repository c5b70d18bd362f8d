"""CSV blocks read by pyarrow, column by column.

Needs the extra ``parquet``. Everything that leaves this room is a numpy array or a pandas series,
typed as it would be without pyarrow.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from briefing.sources.blocks import CsvBlock, lines_of
from briefing.structures import Field
from briefing.structures.reductions import Coded, PlainText

LINES = "__line"
"""Column of a kept Parquet file: where each record stands in its source."""
_DICTIONARY = pa.dictionary(pa.int32(), pa.string())
_DISTINCT = 0.5  # from this share of different values on, a column is kept as plain text
_SAMPLE = 20_000
_OPTIONS = {
    "null_values": [""],
    "strings_can_be_null": True,
    "quoted_strings_can_be_null": True,
}


def plain_columns(block: CsvBlock) -> frozenset[str]:
    """Text columns of a file that hardly repeat a value, as its first block shows."""
    lines = block.content[: _SAMPLE * 200].splitlines(keepends=True)[:_SAMPLE]
    try:
        table = _table(block, b"".join(lines), dict.fromkeys(block.header, pa.string()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return frozenset()
    free = [
        field.name
        for field in block.schema.fields
        if field.type == "string" and not (field.enum or field.pattern or field.money)
    ]
    kept = {name for key in block.schema.foreign_keys for name in key.fields}
    return frozenset(
        name
        for name in free
        if name not in kept and pc.count_distinct(table[name]).as_py() > _DISTINCT * len(table)
    )


def _table(block: CsvBlock, content: bytes, types: dict[str, Any]) -> Any:
    return pa.csv.read_csv(
        pa.py_buffer(content),
        read_options=pa.csv.ReadOptions(
            column_names=list(block.header),
            use_threads=False,
            block_size=max(len(content), 1) + 1,
        ),
        parse_options=pa.csv.ParseOptions(newlines_in_values=b'"' in content),
        convert_options=pa.csv.ConvertOptions(column_types=types, **_OPTIONS),
    )


def pressed(body: bytes) -> bytes:
    """Bytes made smaller for their way over a network: columns of codes to a fifth."""
    found: bytes = pa.compress(body, codec="zstd", asbytes=True)
    return found


def unpressed(body: bytes, length: int) -> bytes:
    """Bytes that were made smaller, of which there were so many."""
    found: bytes = pa.decompress(body, decompressed_size=length, codec="zstd", asbytes=True)
    return found


class ArrowBlock:
    """A block of a CSV as pyarrow reads it: text, mostly as codes of its different values."""

    def __init__(self, block: CsvBlock, plain: frozenset[str]) -> None:
        """Read the block.

        Args:
            plain: text columns that hardly repeat a value.

        Raises:
            ValueError: it is not what the fast reader reads; ``TextBlock`` says why.
        """
        self._block = block
        types = {
            field.name: pa.string() if field.name in plain or _is_number(field) else _DICTIONARY
            for field in block.schema.fields
        }
        if block.irregular:
            raise ValueError("lines end in more than one way")
        self._table = _table(block, block.content, types)
        self._types = types

    @cached_property
    def lines(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The line of each record."""
        return lines_of(self._block, len(self._table))

    def _array(self, column: str) -> Any:
        return single(self._table[column])

    def texts(self, column: str) -> Coded:
        """A column as text by its different values; an empty cell is missing."""
        array = self._array(column)
        encoded = array if array.type == _DICTIONARY else array.dictionary_encode()
        return coded_text(encoded)

    def numbers(self, column: str) -> pd.Series[Any] | None:
        """A column of numbers; None where a cell is not plainly one."""
        field = self._block.schema.field_named(column)
        array = self._array(column)
        if field is None or array.type != pa.string():
            return None
        return _decimals(array) if field.type == "number" and not field.money else _whole(array)

    def plain(self, column: str) -> PlainText | None:
        """A column of text without spaces around any cell; None where it is to be looked at."""
        array = self._array(column)
        if array.type != pa.string():
            return None
        trimmed = pc.utf8_trim_whitespace(array)
        same = pc.all(pc.equal(array, trimmed)).as_py()
        return None if same is False else PlainText(array, array.null_count, text_of)


def _is_number(field: Field) -> bool:
    return field.money or field.type in {"integer", "number"}


def single(column: Any) -> Any:
    """A column of a pyarrow table in one piece."""
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _characters(array: Any) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """All characters of a text column one after the other."""
    buffers = array.buffers()
    if buffers[2] is None or not len(array):
        return np.zeros(0, dtype=np.uint8)
    offsets = np.frombuffer(buffers[1], dtype=np.int32)[
        array.offset : array.offset + len(array) + 1
    ]
    return np.frombuffer(buffers[2], dtype=np.uint8)[offsets[0] : offsets[-1]]


def _whole(array: Any) -> pd.Series[Any] | None:
    """Whole numbers of up to 64 bits; pyarrow would also read ``0x1F``, which is refused."""
    characters = _characters(array)
    digits = (characters >= ord("0")) & (characters <= ord("9"))
    if not (digits | (characters == ord("-"))).all():
        return None
    try:
        found = pc.cast(array, pa.int64())
    except pa.ArrowInvalid:
        return None
    lowest = np.iinfo(np.int64).min  # has no counterpart above 0, and is refused as too large
    return None if pc.any(pc.equal(found, lowest)).as_py() else masked(found)


def _decimals(array: Any) -> pd.Series[Any] | None:
    """Finite numbers that begin with a digit."""
    characters = _characters(array)
    digits = (characters >= ord("0")) & (characters <= ord("9"))
    others = characters[~digits]
    if not np.isin(others, np.frombuffer(b"-.", dtype=np.uint8)).all():
        return None
    if pc.any(pc.match_substring_regex(array, r"^-?\.")).as_py():
        return None
    try:
        found = pc.cast(array, pa.float64())
    except pa.ArrowInvalid:
        return None
    if pc.all(pc.is_finite(found)).as_py() is False:
        return None
    return masked(found)


def masked(array: Any) -> pd.Series[Any]:
    """Numbers as pandas keeps them: values and a mask of what is missing."""
    missing = pc.is_null(array).to_numpy(zero_copy_only=False)
    values = pc.fill_null(array, 0).to_numpy(zero_copy_only=False)
    if pa.types.is_floating(array.type):
        return pd.Series(pd.arrays.FloatingArray(values.astype(np.float64), missing))
    return pd.Series(pd.arrays.IntegerArray(values.astype(np.int64), missing))


def text_of(array: Any) -> pd.Series[Any]:
    """Text as a frame holds it; pandas takes over what pyarrow has."""
    kind: Any = pd.StringDtype(na_value=np.nan)
    return pd.Series(kind.__from_arrow__(array))


def coded_text(array: Any) -> Coded:
    """Codes and values; what is missing gets a code of its own after all others."""
    values, indices = array.dictionary, array.indices
    if array.null_count:
        indices = pc.fill_null(indices, len(values))
        values = pa.concat_arrays([values, pa.nulls(1, values.type)])
    codes = indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return Coded(codes, text_of(values))

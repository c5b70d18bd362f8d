"""Large CSV files in blocks of whole records, and a block read as text with its lines.

The blocks of a file depend on its bytes alone, so every engine sees the same ones.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from briefing.errors import Problem, ProblemsError
from briefing.sources.files import header_problems, rows_of
from briefing.structures import TableSchema
from briefing.structures.reductions import Coded, PlainText

BLOCK = 24 * 2**20
"""Bytes of a CSV that are read together: some hundred thousand records."""
_LONGEST = 64 * 2**20  # bytes of a single record
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class CsvBlock:
    """Whole records of a CSV, as they stand in the file.

    Attributes:
        header: the file's columns in order.
        line: of the first record.
        breaks: line breaks in ``content``.
        path: the file that it stands in; None for none.
        start: the byte of the file that it begins with.
    """

    schema: TableSchema
    header: tuple[str, ...]
    content: bytes
    line: int
    breaks: int
    path: Path | None = None
    start: int = 0

    @property
    def irregular(self) -> bool:
        """Whether lines end in more than one way, which the fast readers do not count alike."""
        found = b"\r" in self.content
        return found and self.content.count(b"\r") != self.content.count(b"\r\n")


def csv_blocks(
    path: Path, schema: TableSchema, size: int = BLOCK, digest: Any = None
) -> Iterator[CsvBlock]:
    """The records of a CSV, some at a time, in order.

    Args:
        size: about so many bytes together.
        digest: is fed all bytes of the file, as a hash of hashlib is.

    Raises:
        ProblemsError: the file cannot be read, or its header does not fit the schema.
    """
    digest = digest or hashlib.sha256()
    try:
        with path.open("rb") as file:
            for block in _blocks(file, schema, size, digest):
                yield replace(block, path=path)
    except FileNotFoundError:
        remedy = "Add the file, or take the table out of the description."
        raise _refused(schema, 0, "the file does not exist", remedy) from None
    except OSError as error:
        what = f"the file cannot be read: {error.strerror}"
        raise _refused(schema, 0, what, "Make it a readable file.") from None


def _blocks(file: Any, schema: TableSchema, size: int, digest: Any) -> Iterator[CsvBlock]:
    kept, line, end = b"", 1, 0
    header: tuple[str, ...] = ()
    while True:
        content = file.read(size)
        digest.update(content)
        last = len(content) < size
        end += len(content)
        content = kept + content
        if not header:
            content = content.removeprefix(_BOM)
            header, content, line = _header(content, schema)
        cut = len(content) if last else _cut(content)
        if cut == 0 and len(content) > _LONGEST:
            what = "the record does not end, as far as it was read"
            raise _refused(schema, line, what, "Check its quotes.")
        whole, kept = content[:cut], content[cut:]
        breaks = whole.count(b"\n")
        if whole:
            start = end - len(kept) - len(whole)
            yield CsvBlock(schema, header, whole, line, breaks, start=start)
        line += breaks
        if last:
            return


def _header(content: bytes, schema: TableSchema) -> tuple[tuple[str, ...], bytes, int]:
    """The columns, what follows them, and its line."""
    if not content:
        raise _refused(schema, 1, "the file is empty", "Give it a header row.")
    end = content.find(b"\n") + 1 or len(content)
    try:
        cells = next(csv.reader([content[:end].decode("utf-8")], strict=True))
    except (UnicodeDecodeError, csv.Error):
        what = "the header is no row of UTF-8 text"
        raise _refused(schema, 1, what, "Write the columns in the first line.") from None
    if problems := header_problems(cells, schema):
        raise ProblemsError(problems)
    return tuple(cells), content[end:], 2


def _cut(content: bytes) -> int:
    """Where the last whole record ends: at a line break that stands in no quotes."""
    end = content.rfind(b"\n") + 1
    if b'"' not in content:
        return end
    quotes = content.count(b'"', 0, end)
    while end and quotes % 2:
        before = content.rfind(b"\n", 0, end - 1) + 1
        quotes -= content.count(b'"', before, end)
        end = before
    return end


def _refused(schema: TableSchema, line: int, what: str, remedy: str) -> ProblemsError:
    return ProblemsError([Problem(schema.file, line, "", what, remedy)])


class TextBlock:
    """A block taken apart cell by cell: slow, exact, and with the line of each record.

    Attributes:
        problems: rows that are none.
    """

    def __init__(self, block: CsvBlock) -> None:
        """Read the block.

        Raises:
            ProblemsError: it is not UTF-8.
        """
        _, rows, lines, self.problems = rows_of(
            decoded(block), block.schema, list(block.header), block.line
        )
        self._columns = dict(zip(block.header, zip(*rows, strict=True), strict=False))
        self.lines = np.array(lines, dtype=np.int64)

    def texts(self, column: str) -> Coded:
        """A column as text by its different values; an empty cell is missing."""
        return coded_texts(np.array(self._columns.get(column, ()), dtype=object))

    def numbers(self, column: str) -> pd.Series[Any] | None:
        """None: every cell is to be looked at."""

    def plain(self, column: str) -> PlainText | None:
        """None: every cell is to be looked at."""


def coded_texts(cells: np.ndarray[Any, Any]) -> Coded:
    """Texts by their different values; an empty one is missing."""
    codes, found = pd.factorize(cells)
    values = [value or None for value in found]
    return Coded(codes.astype(np.int64), pd.Series(values, dtype="str"))


class PandasBlock:
    """A block read by pandas' own parser, every cell as text."""

    def __init__(self, block: CsvBlock) -> None:
        """Read the block.

        Raises:
            ValueError: a row has too few or too many cells, or there are quotes.
        """
        if block.irregular or not _is_even(block):
            raise ValueError("pandas would fill up short rows in silence")
        self._block = block
        self._frame = pd.read_csv(
            BytesIO(block.content),
            header=None,
            names=list(block.header),
            dtype=object,  # texts as they stand; categories of numbers would be parsed
            keep_default_na=False,
            na_values=[],
            index_col=False,
        )

    @cached_property
    def lines(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The line of each record."""
        return lines_of(self._block, len(self._frame))

    def texts(self, column: str) -> Coded:
        """A column as text by its different values; an empty cell is missing."""
        return coded_texts(self._frame[column].to_numpy())

    def numbers(self, column: str) -> pd.Series[Any] | None:
        """None: every different text is to be looked at."""

    def plain(self, column: str) -> PlainText | None:
        """None: every different text is to be looked at."""


def _is_even(block: CsvBlock) -> bool:
    """Whether no cell is quoted, and every row has as many commas as the header."""
    if b'"' in block.content:
        return False
    characters = np.frombuffer(block.content, dtype=np.uint8)
    ends = np.flatnonzero(characters == ord("\n"))
    commas = np.searchsorted(np.flatnonzero(characters == ord(",")), [*ends, len(characters)])
    return bool(np.isin(np.diff(commas, prepend=0), [len(block.header) - 1, 0]).all())


def lines_of(block: CsvBlock, records: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The line of each record; counted one by one only where some take more than one line."""
    ended = block.breaks + (not block.content.endswith(b"\n"))
    if records == ended:
        return np.arange(block.line, block.line + records, dtype=np.int64)
    return TextBlock(block).lines


def decoded(block: CsvBlock) -> str:
    """The block as text.

    Raises:
        ProblemsError: it is not UTF-8.
    """
    try:
        return block.content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = block.line + error.object.count(b"\n", 0, error.start)
        what = f"byte {error.object[error.start]:#04x} is not UTF-8"
        raise _refused(block.schema, line, what, "Save the file as UTF-8.") from None

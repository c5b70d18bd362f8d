"""What a declared table needs of a table too large to hold: a description that any engine reads.

A large table is never held whole. What is asked of it is a ``Reduction``: which records, grouped
by which columns, and what of each measured column. The answer is a frame with a row for each
group that occurs, which stands for all of its records: how many (``ROWS``), where the first one
stands (``FIRST``), and their partial values (``partial``). Partial values of the same kind can be
put together further, so a reduced frame is grouped and added as records are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from briefing.periods import Grain
from briefing.structures.declarations import Condition, Derivation
from briefing.structures.description import TableSchema

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ROWS = "__rows"
"""Column of a reduced frame: how many records a row stands for."""
FIRST = "__first"
"""Column of a reduced frame: the line of the first of its records."""
LEADING = 20
"""How many records behind a row are shown to whoever asks."""
PartialKind = Literal["sum", "present", "min", "max"]
Groups = tuple[str, ...]


def partial(column: str, kind: PartialKind) -> str:
    """The column of a reduced frame that holds the partial values of a measured column."""
    return f"__{kind}__{column}"


@dataclass(frozen=True)
class Last:
    """What is asked of the last record of each group that has a value at all.

    Attributes:
        column: whose value is wanted.
        order: the column by which it is the last; missing cells come first. Empty: by line.
        tie: columns that decide where the order does not; then the line does.
    """

    column: str
    order: str = ""
    tie: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """What is compared, the weightiest first."""
        return (self.order, *self.tie) if self.order else ()


def last(part: str, column: str, order: str) -> str:
    """The column of a reduced frame that says of the last record "value", "line" or "key N"."""
    return f"__last__{column}__{order}__{part}"


@dataclass(frozen=True)
class Reduction:
    """What is asked of a large table.

    Attributes:
        groups: columns of which each combination of values becomes a row; a missing value is one.
        measured: (column, kind of partial value); whoever asks for a sum asks for "present" too.
        where: which records; names own columns only, and no parameters.
        grain: a date column of ``groups`` of which only the period matters: each day becomes the
            first day of its period.
        derive: columns computed record by record, which ``groups``, ``measured`` and ``where``
            may name.
        lasts: what is wanted of last records.
    """

    groups: Groups = ()
    measured: tuple[tuple[str, PartialKind], ...] = ()
    where: Condition | None = None
    grain: tuple[str, Grain] | None = None
    derive: tuple[Derivation, ...] = ()
    lasts: tuple[Last, ...] = ()

    def covers(self, other: Reduction) -> bool:
        """Whether its answer also answers another: as fine or finer, of the same records."""
        same = self.where == other.where and self.derive == other.derive
        grained = self.grain in {None, other.grain}
        return (
            same
            and grained
            and set(other.groups) <= set(self.groups)
            and set(other.measured) <= set(self.measured)
            and set(other.lasts) <= set(self.lasts)
        )


@dataclass(frozen=True)
class Coded:
    """A column as whole numbers that stand for its values.

    Attributes:
        codes: one for each record, from 0; shape (records,).
        values: the value of each code, typed as the column of a frame would be; a missing value
            has a code of its own.
    """

    codes: np.ndarray[Any, np.dtype[np.int64]]
    values: pd.Series[Any]


class Block(Protocol):
    """Some thousands of records of a large table, column by column."""

    @property
    def lines(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The line of each record; shape (records,)."""

    def coded(self, column: str) -> Coded:
        """A column by its different values."""

    def series(self, column: str) -> pd.Series[Any]:
        """A column value by value, typed as validation types it."""


@dataclass(frozen=True)
class PlainText:
    """A column of text that hardly repeats a value, in the form of whoever read it.

    Attributes:
        cells: as they were read.
        missing: how many are.
        made: the cells as a column of a frame.
    """

    cells: Any
    missing: int
    made: Callable[[Any], pd.Series[Any]]

    def series(self) -> pd.Series[Any]:
        """The column, value by value."""
        return self.made(self.cells)


class RawBlock(Protocol):
    """Some thousands of records of a large table as their source has them, not yet checked."""

    @property
    def lines(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The line of each record; shape (records,)."""

    def texts(self, column: str) -> Coded:
        """A column as text by its different values; an empty cell is missing."""

    def numbers(self, column: str) -> pd.Series[Any] | None:
        """A column of numbers (``Int64`` or ``Float64``); None where a cell is not plainly one."""

    def plain(self, column: str) -> PlainText | None:
        """A column of text without spaces around any cell; None where ``texts`` is to be asked.

        Given for columns that hardly repeat a value, such as ids and notes.
        """


@dataclass(frozen=True)
class Partial:
    """What a block, or several together, answer to a reduction.

    Attributes:
        keys: for each group column the code of each group, and what the codes stand for.
        first: line of each group's first record.
        rows: number of each group's records.
        values: the partial values by (column, kind).
        lasts: the last record of each group; columns "value", "key N" and "line", which is
            missing where no record has a value.
    """

    keys: Mapping[str, Coded]
    first: np.ndarray[Any, np.dtype[np.int64]]
    rows: np.ndarray[Any, np.dtype[np.int64]]
    values: Mapping[tuple[str, PartialKind], np.ndarray[Any, Any]]
    lasts: Mapping[Last, pd.DataFrame]


@dataclass(frozen=True)
class Lead:
    """What leads from a row of a finished table to its records in a large one.

    Attributes:
        count: how many records there are.
        first: line of the first one; 0 where there is none.
        groups: the cells of the ``LEADING`` groups that begin first, by column, as JSON knows
            them: a day as text, a period by its name. The first ``LEADING`` records lie in them.
    """

    count: int
    first: int
    groups: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Selection:
    """Which records of a large table stand behind the rows of a finished table.

    Attributes:
        asked: the reduction that the table was computed from.
        reduced: its answer.
        written: the reduction as JSON, which an issue keeps.
        leads: one for each row of the finished table.
        whole: the one of all its rows together.
    """

    asked: Reduction
    reduced: pd.DataFrame
    written: Mapping[str, Any]
    leads: tuple[Lead, ...]
    whole: Lead


class LargeTable(Protocol):
    """A table too large to hold, which answers reductions."""

    @property
    def schema(self) -> TableSchema:
        """Its columns, keys and measures."""

    def specimen(self) -> pd.DataFrame:
        """A frame of its columns, typed, without rows."""

    def reduced(self, reductions: Sequence[Reduction]) -> list[pd.DataFrame]:
        """The answer to each reduction, all in one pass; rows in the order of ``FIRST``.

        Raises:
            ProblemsError: the table cannot be read, or its records have problems.
        """

    def digests(self) -> Mapping[Path, str]:
        """SHA-256 of each of its files; none for a database."""

    @property
    def hashed_in_passing(self) -> bool:
        """Whether nobody knows its digests, and the pass that answers reductions finds them."""

    def records(self, asked: Reduction, limit: int) -> pd.DataFrame:
        """The first records that the reduction is about, every column, indexed by line.

        Raises:
            ProblemsError: the table cannot be read any more.
        """


@dataclass(frozen=True)
class LargeSource:
    """A large table as the description names it, before anybody reads it.

    Attributes:
        kind: what it is read by.
        files: its files in order; none for a database.
        table: the table in the database.
        url: reference to the database's address, such as ``${DATABASE_URL}``.
    """

    schema: TableSchema
    kind: Literal["csv", "parquet", "sql"]
    files: tuple[Path, ...] = ()
    table: str = ""
    url: str = ""

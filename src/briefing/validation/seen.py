"""Large tables as an edition sees them: what was known on a day, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pandas as pd

from briefing.structures import Combination, Comparison, TableSchema
from briefing.structures.reductions import LargeTable, Reduction


@dataclass(frozen=True)
class KnownOn:
    """A large table without the records that were reported after a day."""

    table: LargeTable
    day: date

    @property
    def schema(self) -> TableSchema:
        """Its columns, keys and measures."""
        return self.table.schema

    def specimen(self) -> pd.DataFrame:
        """A frame of its columns, typed, without rows."""
        return self.table.specimen()

    def reduced(self, reductions: Sequence[Reduction]) -> list[pd.DataFrame]:
        """The answer to each reduction about what was known."""
        return self.table.reduced([self._known(item) for item in reductions])

    def digests(self) -> Mapping[Path, str]:
        """SHA-256 of each of its files."""
        return self.table.digests()

    @property
    def hashed_in_passing(self) -> bool:
        """Whether nobody knows its digests, and reading it finds them."""
        return self.table.hashed_in_passing

    def records(self, asked: Reduction, limit: int) -> pd.DataFrame:
        """The first records of what was known."""
        return self.table.records(self._known(asked), limit)

    def _known(self, asked: Reduction) -> Reduction:
        if not self.schema.known:
            return asked
        known = Comparison(self.schema.known, "<=", pd.Timestamp(self.day))
        parts = (known,) if asked.where is None else (known, asked.where)
        return replace(asked, where=Combination("and", parts) if len(parts) > 1 else known)


@dataclass(frozen=True)
class InLanguage:
    """A large table whose columns of text are those of a language."""

    table: LargeTable
    language: str

    @property
    def schema(self) -> TableSchema:
        """Its columns, keys and measures."""
        return self.table.schema

    def specimen(self) -> pd.DataFrame:
        """A frame of its columns, typed, without rows."""
        return translated(self.table.specimen(), self.language)

    def reduced(self, reductions: Sequence[Reduction]) -> list[pd.DataFrame]:
        """The answer to each reduction, with the columns of the language."""
        return [translated(frame, self.language) for frame in self.table.reduced(reductions)]

    def digests(self) -> Mapping[Path, str]:
        """SHA-256 of each of its files."""
        return self.table.digests()

    @property
    def hashed_in_passing(self) -> bool:
        """Whether nobody knows its digests, and reading it finds them."""
        return self.table.hashed_in_passing

    def records(self, asked: Reduction, limit: int) -> pd.DataFrame:
        """The first records, with the columns of the language."""
        return translated(self.table.records(asked, limit), self.language)


def translated(frame: pd.DataFrame, language: str) -> pd.DataFrame:
    """A frame whose column ``name`` takes the cells of ``name_ko`` where these are not empty."""
    suffix = f"_{language}"
    columns = {
        str(column).removesuffix(suffix): frame[column]
        for column in frame.columns
        if str(column).endswith(suffix)
    }
    for base, cells in columns.items():
        if base in frame:
            columns[base] = cells.fillna(frame[base])
    return frame.assign(**columns)

"""What large tables in files share: one pass for all questions, checks, answers remembered."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from briefing.errors import Problem, ProblemsError
from briefing.large.digests import digest_of
from briefing.large.threads import Mapped, in_threads
from briefing.sources.blocks import CsvBlock, TextBlock
from briefing.structures import Condition, Dataset, TableSchema
from briefing.structures.reductions import Block, LargeSource, Partial, Reduction
from briefing.tables.conditions import columns_of
from briefing.tables.partials import answer, combined, frame_of, matching
from briefing.validation.blocks import Findings, TypedBlock, loosely_typed
from briefing.validation.cells import DTYPES
from briefing.validation.references import Relations

_VERSION = 1  # of the kept files
_ENOUGH = 100_000  # problems, after which a table is not read on
_REMEMBERED = 64  # answers


@dataclass(frozen=True)
class Passed:
    """What came out of one block.

    Attributes:
        compared: its columns that are compared with other blocks and other tables.
        kept: the block as it is kept.
    """

    block: Block
    answers: list[Partial]
    findings: Findings
    compared: tuple[str, ...]
    kept: Any = None


class FileTable(ABC):
    """A table in files, read block by block; answers are remembered while the process lives."""

    def __init__(
        self, source: LargeSource, dataset: Dataset, kept: Path | None, mapped: Mapped
    ) -> None:
        """Nothing is read yet.

        Args:
            dataset: the small tables, to which this one may refer.
            kept: folder in which checked tables are kept; None: they are not kept.
        """
        self.schema = source.schema
        self._files = source.files
        self._dataset = dataset
        self._kept, self._mapped = kept, mapped
        self._answers: dict[Reduction, pd.DataFrame] = {}

    def __getstate__(self) -> dict[str, Any]:
        """What goes to another process: there, parts are done in threads of its own."""
        return {**self.__dict__, "_mapped": in_threads}

    def specimen(self) -> pd.DataFrame:
        """A frame of its columns, typed, without rows."""
        types = {f.name: "Int64" if f.money else DTYPES[f.type] for f in self.schema.fields}
        return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in types.items()})

    def digests(self) -> dict[Path, str]:
        """SHA-256 of each file.

        Raises:
            ProblemsError: one of them cannot be read.
        """
        try:
            return {path: digest_of(path, self._notes) for path in self._files}
        except OSError as error:
            what = f"the file cannot be read: {error.strerror}"
            remedy = "Add the file, or make it a readable one."
            raise ProblemsError([Problem(self.schema.file, 0, "", what, remedy)]) from None

    @property
    def hashed_in_passing(self) -> bool:
        """Whether nobody knows its digests, and the pass that answers reductions finds them."""
        return False

    def reduced(self, reductions: Sequence[Reduction]) -> list[pd.DataFrame]:
        """The answer to each reduction, all in one pass.

        Raises:
            ProblemsError: the table cannot be read, or its records have problems.
        """
        new = [item for item in dict.fromkeys(reductions) if self._remembered(item) is None]
        if new:
            for asked, found in zip(new, self._pass(new), strict=True):
                self._answers[asked] = frame_of(found, asked, self.specimen())
        found_frames = [self._remembered(item) for item in reductions]
        while len(self._answers) > _REMEMBERED:
            del self._answers[next(iter(self._answers))]
        return [frame for frame in found_frames if frame is not None]

    def _remembered(self, asked: Reduction) -> pd.DataFrame | None:
        if asked in self._answers:
            return self._answers[asked]
        if not self._is_exact(asked):  # other parts of a sum of decimals are other last digits
            return None
        return next((f for known, f in self._answers.items() if known.covers(asked)), None)

    def _is_exact(self, asked: Reduction) -> bool:
        """Whether the sums are the same whichever way they are put together."""
        fields = [self.schema.field_named(name) for name, kind in asked.measured if kind == "sum"]
        return all(field and (field.money or field.type != "number") for field in fields)

    def records(self, asked: Reduction, limit: int) -> pd.DataFrame:
        """The first records that the reduction is about, every column, indexed by line.

        Raises:
            ProblemsError: the table cannot be read any more.
        """
        found: list[pd.DataFrame] = []
        count = 0
        for block in self._blocks(asked.where):
            rows = matching(block, self.schema, asked, limit - count)
            found.append(rows)
            count += len(rows)
            if count >= limit:
                break
        return pd.concat(found) if found else self.specimen()

    @property
    def _notes(self) -> Path | None:
        return self._kept / "digests" if self._kept else None

    def _pass(self, reductions: Sequence[Reduction]) -> list[Partial]:
        """Every record once: from what was checked before, or checking it now."""
        parts = self._checked_parts(reductions)
        if parts is None:
            return self._first_pass(reductions)
        work = partial(reduce_part, schema=self.schema, reductions=tuple(reductions))
        return put_together(self._mapped(work, parts), reductions, self.schema)

    def _relations(self, findings: Findings) -> Relations:
        return Relations(self.schema, self._dataset.schemas, self._dataset.frames, findings)

    def _checked(self, passed: Iterable[Passed], reductions: Sequence[Reduction]) -> list[Partial]:
        """Look at what was found in the blocks and between them.

        Raises:
            ProblemsError: there are problems.
        """
        findings = Findings()
        relations = self._relations(findings)
        answers: list[list[Partial]] = []
        for item in passed:
            own = item.findings
            findings.add(own.problems, len(own.problems) + own.more)
            relations.look_at(item.block, {(p.line, p.where) for p in own.problems})
            self._keep(item)
            answers.append(item.answers)
            if findings.more > _ENOUGH:
                break
        for columns, lines in relations.repeated().items():
            relations.note_repeated(columns, self._rows_at(set(lines)))
        self._refuse(findings)
        return put_together(answers, reductions, self.schema)

    def _keep(self, passed: Passed) -> None:  # noqa: B027 -- most keep nothing
        """Keep a checked block."""

    def _refuse(self, findings: Findings) -> None:
        problems = list(findings.problems)
        if findings.more:
            more = f"{'more than ' if findings.more > _ENOUGH else ''}{findings.more}"
            what = f"has {more} problems beside those that are listed"
            problems.append(Problem(self.schema.file, 0, "", what, "Mend the listed ones first."))
        if problems:
            raise ProblemsError(problems)

    def _rows_at(self, lines: set[int]) -> pd.DataFrame:
        """Some records by their lines."""
        found = []
        for block in self._blocks(None):
            frame = matching(block, self.schema, Reduction())
            found.append(frame[frame.index.isin(lines)])
        return pd.concat(found)

    def _surroundings(self) -> bytes:
        """What the checks look at beside the files: the schema and the tables referred to."""
        seen = [repr(self.schema), str(_VERSION)]
        for key in self.schema.foreign_keys:
            target = self._dataset.frames.get(key.table)
            if target is not None:
                known = self._dataset.schemas[key.table].known
                columns = [*key.reference, *([known] if known else [])]
                seen.append(target[columns].to_csv(index=False))
        return "\n".join(seen).encode()

    def _name(self, digests: Iterable[str]) -> str:
        return hashlib.sha256("\n".join(digests).encode() + self._surroundings()).hexdigest()

    @abstractmethod
    def _checked_parts(self, reductions: Sequence[Reduction]) -> list[Any] | None:
        """What is to be read of a table that was checked before; None where it was not."""

    @abstractmethod
    def _first_pass(self, reductions: Sequence[Reduction]) -> list[Partial]:
        """Check every record and answer the reductions."""

    @abstractmethod
    def _blocks(self, where: Condition | None) -> Iterator[Block]:
        """Blocks in order, as far as they may meet the condition."""


def put_together(
    answers: Iterable[list[Partial]], reductions: Sequence[Reduction], schema: TableSchema
) -> list[Partial]:
    """The answers of all blocks together, put together as they come in."""
    waiting: list[list[Partial]] = [[] for _ in reductions]
    for found in answers:
        for own, part in zip(waiting, found, strict=True):
            own.append(part)
    if not waiting or not waiting[0]:
        nothing = loosely_typed(_Nothing(), schema)
        return answer(nothing, schema, reductions)
    return [combined(parts, asked) for parts, asked in zip(waiting, reductions, strict=True)]


class _Nothing(TextBlock):
    """No records at all."""

    def __init__(self) -> None:
        super().__init__(CsvBlock(TableSchema("", "", "", ()), (), b"", 1, 0))


def columns_for(reductions: Iterable[Reduction]) -> list[str]:
    """The columns that reductions look at; those behind a formula too."""
    from briefing.tables import arithmetic

    found: dict[str, None] = {}
    for asked in reductions:
        found |= dict.fromkeys(asked.groups)
        found |= dict.fromkeys(name for name, _ in asked.measured)
        found |= dict.fromkeys(columns_of(asked.where))
        for last in asked.lasts:
            found |= dict.fromkeys([last.column, *last.keys])
        for item in asked.derive:
            found |= dict.fromkeys(sorted(arithmetic.columns_of(item.formula)))
    return list(found)


# ---- what runs in threads, processes or elsewhere


@dataclass(frozen=True)
class GroupPart:
    """A row group of a Parquet file.

    Attributes:
        part: its number, and the line of its first record.
        kept: whether it is one of ours, typed as validation left it.
    """

    path: Path
    part: tuple[int, int]
    kept: bool


def reduce_part(
    part: GroupPart, schema: TableSchema, reductions: Sequence[Reduction]
) -> list[Partial]:
    """What a row group answers to each reduction; needs nothing but the file."""
    return answer(opened(part, schema, columns_for(reductions)), schema, reductions)


def opened(part: GroupPart, schema: TableSchema, columns: Sequence[str]) -> TypedBlock:
    """Some columns of a row group of a table that was checked before."""
    from briefing.sources.parquet import LINES, ParquetColumns, RowGroups

    fields = [field for field in schema.fields if field.name in columns]
    units = [field.unit_column for field in fields if field.money and field.unit_column]
    wanted = list(dict.fromkeys([*(field.name for field in fields), *units]))
    if part.kept or not wanted:
        wanted.append(LINES if part.kept else schema.fields[0].name)
    arrays = RowGroups(part.path, schema).read(part.part, wanted)
    raw = ParquetColumns(arrays, schema, part.part[1])
    return TypedBlock(raw.lines, raw.load) if part.kept else loosely_typed(raw, schema)


def parts_of(
    path: Path,
    schema: TableSchema,
    wanted: Sequence[Condition | None],
    *,
    kept: bool,
    line: int = 1,
) -> list[GroupPart]:
    """The row groups of a Parquet file in which the wanted records may stand."""
    from briefing.sources.parquet import RowGroups

    groups = RowGroups(path, schema, line)
    return [GroupPart(path, part, kept) for part in groups.parts(wanted)]

"""Somebody's own Parquet: a file, or a folder of files that follow one another by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from briefing.errors import Problem, ProblemsError
from briefing.large.files import FileTable, GroupPart, Passed, opened, parts_of
from briefing.structures import Condition, TableSchema
from briefing.structures.reductions import Block, Partial, Reduction
from briefing.tables.partials import answer
from briefing.validation.blocks import Findings, typed_block
from briefing.validation.references import compared

_INSTALL = "Install the extra: pip install 'briefing[parquet]'."


class ParquetTable(FileTable):
    """Parquet files, checked once for each content and then read column by column."""

    def _checked_parts(self, reductions: Sequence[Reduction]) -> list[GroupPart] | None:
        self._ready()
        if not self._is_checked():
            return None
        return self._all_parts([item.where for item in reductions])

    def _first_pass(self, reductions: Sequence[Reduction]) -> list[Partial]:
        work = partial(pass_group, schema=self.schema, reductions=tuple(reductions))
        found = self._checked(self._mapped(work, self._all_parts([None])), reductions)
        self._checked_here = True
        if mark := self._mark():
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
        return found

    _checked_here = False

    def _is_checked(self) -> bool:
        mark = self._mark()
        return self._checked_here or (mark is not None and mark.exists())

    def _mark(self) -> Path | None:
        """A file that says that this content was checked by this schema."""
        return self._kept / f"{self._name(self.digests().values())}.checked" if self._kept else None

    def _all_parts(self, wanted: Sequence[Condition | None]) -> list[GroupPart]:
        from briefing.sources.parquet import RowGroups

        found, line = [], 1
        for path in self._files:
            found += parts_of(path, self.schema, wanted, kept=False, line=line)
            line += RowGroups(path, self.schema).rows
        return found

    def _ready(self) -> None:
        """Refuse files that cannot be read here.

        Raises:
            ProblemsError: pyarrow is not installed, a file is missing, or a column is.
        """
        try:
            from briefing.sources.parquet import column_problems
        except ImportError:
            what = "is Parquet, which needs pyarrow"
            raise ProblemsError([Problem(self.schema.file, 0, "", what, _INSTALL)]) from None
        problems = [
            Problem(self.schema.file, 0, "", "the file does not exist", "Add the file.")
            for path in self._files
            if not path.exists()
        ]
        problems = problems or [
            problem for path in self._files for problem in column_problems(path, self.schema)
        ]
        if not self._files:
            what, remedy = "holds no Parquet file", "Add one, named *.parquet."
            problems = [Problem(self.schema.file, 0, "", what, remedy)]
        if problems:
            raise ProblemsError(problems)

    def _blocks(self, where: Condition | None) -> Iterator[Block]:
        for part in self._all_parts([where]):
            yield opened(part, self.schema, [field.name for field in self.schema.fields])


def pass_group(part: GroupPart, schema: TableSchema, reductions: Sequence[Reduction]) -> Passed:
    """Type, check and reduce a row group."""
    from briefing.sources.parquet import ParquetColumns, RowGroups

    columns = [field.name for field in schema.fields]
    arrays = RowGroups(part.path, schema).read(part.part, columns)
    findings = Findings()
    typed = typed_block(ParquetColumns(arrays, schema, part.part[1]), schema, findings)
    answers = [] if findings.problems else answer(typed, schema, reductions)
    return Passed(typed, answers, findings, compared(schema))

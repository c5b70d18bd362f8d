"""A large CSV: streamed the first time, afterwards read from the Parquet that was kept of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from briefing.errors import ProblemsError
from briefing.large.digests import note, noted, state_of
from briefing.large.files import FileTable, GroupPart, Passed, opened, parts_of
from briefing.sources.blocks import BLOCK, CsvBlock, PandasBlock, TextBlock, csv_blocks
from briefing.structures import Condition
from briefing.structures.reductions import Block, Partial, RawBlock, Reduction
from briefing.tables.partials import answer
from briefing.validation.blocks import Findings, typed_block
from briefing.validation.references import compared


def pass_csv(
    block: CsvBlock, reductions: Sequence[Reduction], plain: frozenset[str], keep: bool
) -> Passed:
    """Type, check and reduce a block of a CSV, and arrange it for keeping."""
    raw, findings = _raw(block, plain)
    typed = typed_block(raw, block.schema, findings)
    answers = [] if findings.problems else answer(typed, block.schema, reductions)
    kept = None
    if keep and not findings.problems:
        from briefing.sources.parquet import arranged

        kept = arranged(typed, block.schema, plain)
    return Passed(typed, answers, findings, compared(block.schema), kept)


def _raw(block: CsvBlock, plain: frozenset[str]) -> tuple[RawBlock, Findings]:
    """The block as the fastest reader reads it that can."""
    findings = Findings()
    try:
        return (_arrow_block(block, plain) if has_arrow() else PandasBlock(block)), findings
    except ValueError:  # of both readers, the errors are such
        text = TextBlock(block)
        findings.add(text.problems, len(text.problems))
        return text, findings


def _arrow_block(block: CsvBlock, plain: frozenset[str]) -> RawBlock:
    from briefing.sources.columnar import ArrowBlock

    return ArrowBlock(block, plain)


def has_arrow() -> bool:
    """Whether the extra ``parquet`` is installed."""
    return find_spec("pyarrow") is not None


class CsvTable(FileTable):
    """A CSV: streamed the first time, afterwards read from the Parquet that was kept."""

    size = BLOCK
    _keeper: Any = None
    _read: tuple[tuple[int, ...], str] = ((), "")
    """The state and the digest of the file as it was read for the answers of this process."""

    @cached_property
    def _path(self) -> Path:
        return self._files[0]

    def digests(self) -> dict[Path, str]:
        """SHA-256 of the file; it is not read for that where the answers came from it as it is."""
        known = self._known()
        if self._read[1] and not known:  # another file: what the first one answered is forgotten
            self._answers.clear()
        return {self._path: known} if known else super().digests()

    @property
    def hashed_in_passing(self) -> bool:
        """Whether nobody knows its digest, so that its first pass finds it."""
        return not (self._known() or noted(self._path, self._notes))

    def _known(self) -> str:
        """The digest found when this process read the file; empty where it is not that file."""
        state, digest = self._read
        return digest if digest and self._path.exists() and state_of(self._path) == state else ""

    def _place(self, digest: str) -> Path | None:
        if self._kept is None or not digest or not has_arrow():
            return None
        return self._kept / f"{self._name([digest])}.parquet"

    def _checked_parts(self, reductions: Sequence[Reduction]) -> list[GroupPart] | None:
        digest = noted(self._path, self._notes)
        place = self._place(digest)
        if place is None or not place.exists():
            return None
        try:
            return parts_of(place, self.schema, [item.where for item in reductions], kept=True)
        except ProblemsError:  # damaged: made anew from the CSV
            place.unlink(missing_ok=True)
            return None

    def _first_pass(self, reductions: Sequence[Reduction]) -> list[Partial]:
        state = state_of(self._path) if self._path.exists() else ()
        digest = hashlib.sha256()
        blocks = csv_blocks(self._path, self.schema, self.size, digest)
        keep = self._kept is not None and has_arrow()
        try:
            passed = self._passed(blocks, reductions, keep)
            found = self._checked(passed, reductions)
            if state and state_of(self._path) == state:
                self._finish(digest.hexdigest(), state)
            return found
        finally:
            self._drop()

    def _drop(self) -> None:
        """Leave nothing half-kept behind."""
        if self._keeper is not None:
            with suppress(OSError):
                self._keeper.drop()
            self._keeper = None

    def _passed(
        self, blocks: Iterator[CsvBlock], reductions: Sequence[Reduction], keep: bool
    ) -> Iterator[Passed]:
        first = next(blocks, None)
        if first is None:
            return
        plain: frozenset[str] = frozenset()
        if has_arrow():
            from briefing.sources.columnar import plain_columns
            from briefing.sources.parquet import ParquetKeeper

            plain = plain_columns(first)
            if keep and self._kept is not None:
                with suppress(OSError):
                    self._keeper = ParquetKeeper(self._kept, self.schema.name)
        work = partial(pass_csv, reductions=tuple(reductions), plain=plain, keep=keep)

        def all_blocks() -> Iterator[CsvBlock]:
            yield first
            yield from blocks

        yield from self._mapped(work, all_blocks())

    def _keep(self, passed: Passed) -> None:
        if self._keeper is None or passed.kept is None:
            return
        try:
            self._keeper.add(passed.kept)
        except OSError:  # a full disk costs the kept file, not the issue
            self._drop()

    def _finish(self, digest: str, state: tuple[int, ...]) -> None:
        self._read = (state, digest)
        note(self._path, self._notes, digest, state)
        place = self._place(digest)
        if self._keeper is not None and place is not None:
            with suppress(OSError):
                self._keeper.keep(place)
                self._keeper = None

    def _blocks(self, where: Condition | None) -> Iterator[Block]:
        place = self._place(noted(self._path, self._notes))
        if place is not None and place.exists():
            for part in parts_of(place, self.schema, [where], kept=True):
                yield opened(part, self.schema, [field.name for field in self.schema.fields])
            return
        for block in csv_blocks(self._path, self.schema, self.size):
            raw, findings = _raw(block, frozenset())
            yield typed_block(raw, self.schema, findings)

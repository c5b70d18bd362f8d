"""Reads the records behind a traced number of a large table again, if it is still what it was.

An issue holds how many records of a large table stand behind each of its numbers, and what finds
the first of them. They are read from the table itself, and only if it is the one that the issue
was made from: other records are never shown as if they were these.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from briefing import archive, validation
from briefing.composition.provenance import (
    LINKS,
    digest_of_answer,
    paragraph_of,
    shown,
    text_of,
)
from briefing.errors import ProblemsError, UsageError
from briefing.formatting import is_missing
from briefing.structures import Project, RecordSet, TableSchema
from briefing.structures.reductions import LargeTable
from briefing.tables import asked
from briefing.tables.behind import records_of
from briefing.tracing import TracedPortion, TracedRecord, TracedRow

_ABOUT = ("title", "publisher", "published")
_NOT_SHOWN = "Its records may not be those behind this number, so none is shown."
_CHANGED = f"has changed since the issue was made. {_NOT_SHOWN}"
_DAMAGED = "What the issue holds of them is damaged, so they cannot be found again."


def reread(project: Project, folder: Path, rows: Iterable[TracedRow]) -> tuple[TracedRow, ...]:
    """The rows with the first records of large tables, or with why these cannot be shown.

    Args:
        folder: where the issue is filed.

    Raises:
        UsageError: the issue's manifest is damaged.
    """
    rows = tuple(rows)
    if not any(row.many for row in rows):
        return rows
    again = _Reading(project, _manifest(folder))
    return tuple(again.row(row) for row in rows)


def _manifest(folder: Path) -> Mapping[str, Any]:
    """What the issue says that it was made from.

    Raises:
        UsageError: it is damaged.
    """
    try:
        body = json.loads((folder / archive.MANIFEST).read_text(encoding="utf-8"))
        return {**body, "inputs": dict(body["inputs"]), "as_of": _day(body["as_of"])}
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(
            f"{archive.MANIFEST} in {folder} is damaged.", "Build the issue again."
        ) from None


def _day(text: str) -> date:
    return date.fromisoformat(text)


class _Reading:
    """Reads large tables for the rows of one issue; what was found of a table is remembered."""

    def __init__(self, project: Project, manifest: Mapping[str, Any]) -> None:
        self._project = project
        self._then: Mapping[str, str] = manifest["inputs"]
        self._names = {path: name for name, path in project.inputs.items()}
        known = validation.known_on(project.dataset, manifest["as_of"])
        self._dataset = validation.in_language(known, str(manifest["language"]))
        self._changes: dict[str, str] = {}

    def row(self, row: TracedRow) -> TracedRow:
        """The row with the records behind it."""
        records, many = list(row.records), []
        for portion in row.many:
            found, read = self._portion(portion)
            records += read
            many.append(found)
        return replace(row, records=tuple(records), many=tuple(many))

    def _portion(self, portion: TracedPortion) -> tuple[TracedPortion, list[TracedRecord]]:
        of = portion.of
        try:
            if of.id not in self._changes:
                self._changes[of.id] = self._change(of)
            if why := self._changes[of.id]:
                return replace(portion, missing=why), []
            table = self._dataset.large[of.table]
            frame = records_of(table, asked.read(of.asked), portion.lead)
        except ProblemsError as error:
            return replace(portion, missing=f"They cannot be read: {error.problems[0]}"), []
        except OSError as error:
            return replace(portion, missing=f"They cannot be read: {error.strerror}."), []
        except (AttributeError, KeyError, TypeError, ValueError):
            return replace(portion, missing=_DAMAGED), []
        rows = zip(frame.index, frame.to_dict("records"), strict=True)
        records = [self._record(table, portion, int(line), row) for line, row in rows]
        return replace(portion, shown=len(records)), records

    def _change(self, of: RecordSet) -> str:
        """What is not as it was when the issue was made; empty where everything is."""
        table = self._dataset.large.get(of.table)
        if table is None:
            return f"The dataset has no large table {of.table} any more. {_NOT_SHOWN}"
        package = next(
            path for name, path in self._dataset.files.items() if name not in self._dataset.schemas
        )
        if not self._is_unchanged(package):
            name = self._names[package]
            return (
                f"{name}, which describes them, has changed since the issue was made. {_NOT_SHOWN}"
            )
        files = {self._names[path]: found for path, found in table.digests().items()}
        if of.answer or not files:
            answer = table.reduced([asked.read(of.asked)])[0]
            same = bool(of.answer) and digest_of_answer(answer) == of.answer
        else:
            then = {n: h for n, h in self._then.items() if f"{n}/".startswith(f"{of.file}/")}
            same = files == then
        return "" if same else f"{of.file} {_CHANGED}"

    def _is_unchanged(self, path: Path) -> bool:
        return self._then.get(self._names[path]) == archive.digest(path.read_bytes())

    def _record(
        self, table: LargeTable, portion: TracedPortion, line: int, row: Mapping[Any, Any]
    ) -> TracedRecord:
        schema = table.schema
        key = ", ".join(str(row[column]) for column in schema.primary_key) or f"line {line}"
        paragraph = paragraph_of(row.get("paragraph"))
        return TracedRecord(
            f"{schema.name}/{key}",
            _place(table, line),
            self._origin(schema, row) or portion.source,
            paragraph,
            "" if paragraph is None else text_of(row, "as_printed"),
            text_of(row, "caveat"),
            {str(name): shown(cell) for name, cell in row.items() if not is_missing(cell)},
        )

    def _origin(self, schema: TableSchema, row: Mapping[Any, Any]) -> str:
        """The document or source that the record names; empty where it names none."""
        for column, _ in LINKS:
            key = schema.link_from(column)
            if key is None or is_missing(row[column]):
                continue
            name = str(row[column])
            if not self._is_unchanged(self._dataset.files[key.table]):
                return f"{name} (in {self._dataset.schemas[key.table].file}, which has changed)"
            target = self._dataset.frames[key.table]
            found = target[target[key.reference[0]].astype("str") == name].to_dict("records")
            about = [text_of(found[0], word) for word in _ABOUT] if found else []
            return f"{name} {', '.join(filter(None, about))}".strip()
        return ""


def _place(table: LargeTable, line: int) -> str:
    """Where a record stands: a line of a CSV, a row of Parquet files; a database has neither."""
    files = list(table.digests())
    if not files:
        return table.schema.file
    return f"{table.schema.file}:{'row ' * (files[0].suffix == '.parquet')}{line}"

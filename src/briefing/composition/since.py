"""Since the last issue: which records came, changed, were withdrawn or restated, what fell due."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sized
from datetime import date
from typing import Any

import pandas as pd

from briefing.catalogues import catalogue
from briefing.errors import Problem, ProblemsError
from briefing.formatting import day, is_missing, listing, qualified, quantity
from briefing.frames import rows_in
from briefing.structures import (
    Dataset,
    Edition,
    Field,
    KnownRecord,
    ReportDefinition,
    Since,
    SinceDeclaration,
    Table,
    TableSchema,
)

_NAMES = ("name", "indicator_name", "title", "strategy", "claim", "sector_name", "purpose")

_TRANSLATED = ("_en", "_ko")


def check_since(
    report: ReportDefinition,
    declared: SinceDeclaration,
    dataset: Dataset,
    computed: Mapping[str, Table],
) -> None:
    """See that what ``since_last_issue`` names is there.

    Raises:
        ProblemsError: every name that is not, or is of the wrong kind.
    """
    problems = [
        f"the dataset has no table {name!r}"
        for name in declared.tables
        if name not in dataset.frames
    ]
    if declared.due:
        columns = computed[declared.due].columns
        problems += [
            f"table {declared.due} has no column {name!r}"
            for name in (declared.due_column, declared.due_label)
            if name not in columns
        ]
        if not problems and columns[declared.due_column].kind != "date":
            problems.append(f"column {declared.due_column!r} of {declared.due} holds no dates")
    if problems:
        where, remedy = "since_last_issue", "Correct the name."
        raise ProblemsError(
            Problem(report.file, declared.line, where, what, remedy) for what in problems
        )


def known_records(
    dataset: Dataset, tables: Iterable[str], language: str
) -> tuple[KnownRecord, ...]:
    """Every record of the tables as it is known now, for this issue and the next.

    Args:
        dataset: in the reader's language; what other languages say of a record is no part of it.
    """
    records = []
    names = _Names(dataset)
    for name in tables:
        schema = dataset.schemas[name]
        for row in rows_in(dataset.frames[name]):
            key = ", ".join(str(row[column]) for column in schema.primary_key)
            cells = {
                str(column): _text(cell)
                for column, cell in row.items()
                if not str(column).endswith(_TRANSLATED)
            }
            digest = hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest()
            called = names.of(schema, row) or key
            value = _measured(dataset, schema, row, language)
            records.append(KnownRecord(f"{name}/{key}", called, value, digest))
    return tuple(records)


def _text(value: Any) -> str:
    if is_missing(value):
        return ""
    return str(value.date()) if hasattr(value, "date") else str(value)


class _Names:
    """Names of records for a reader, each table looked through once."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._known: dict[tuple[str, str], dict[Any, str]] = {}

    def of(self, schema: TableSchema, row: Mapping[Any, Any]) -> str:
        """The record's own name, or those of what it links."""
        for column in _NAMES:
            if column in row and not is_missing(row[column]):
                return str(row[column])
        linked = [
            self._by(key.table, key.reference[0]).get(row[key.fields[0]], "")
            for key in schema.foreign_keys
            if len(key.fields) == 1 and not is_missing(row[key.fields[0]])
        ]
        return ", ".join(dict.fromkeys(filter(None, linked)))

    def _by(self, table: str, column: str) -> dict[Any, str]:
        """The names of a table's records by that column, the first of several."""
        if (table, column) not in self._known:
            frame = self._dataset.frames[table]
            names: dict[Any, str] = {}
            if "name" in frame:
                for value, name in zip(frame[column], frame["name"], strict=True):
                    names.setdefault(value, str(name))
            self._known[table, column] = names
        return self._known[table, column]


def _measured(dataset: Dataset, schema: TableSchema, row: Mapping[Any, Any], language: str) -> str:
    parts = []
    for measure in schema.measures.values():
        field = schema.field_named(measure.column)
        if field is not None:
            parts.append(_quantity(dataset, field, row, language))
    return "; ".join(filter(None, parts))


def _quantity(dataset: Dataset, field: Field, row: Mapping[Any, Any], language: str) -> str:
    value = row[field.name]
    if is_missing(value):
        return ""
    unit = str(row[field.unit_column]) if field.unit_column else field.unit
    hedge = row[field.qualifier_column] if field.qualifier_column else None
    text = quantity(value, unit, language, units=dataset.units_in(language))
    return qualified(text, hedge, language)


def compared(
    declaration: SinceDeclaration,
    dataset: Dataset,
    now: tuple[KnownRecord, ...],
    before: tuple[KnownRecord, ...] | None,
    previous: tuple[str, date] | None,
    tables: Mapping[str, Table],
    edition: Edition,
) -> Since:
    """Compare the records of this issue with those of the previous one.

    Args:
        before: the previous issue's records; None for the first issue.
        previous: its period for a reader, and its as-of day.
    """
    if before is None or previous is None:
        return Since("")
    old = {record.id: record for record in before}
    new = {record.id: record for record in now}
    both = [(old[key], new[key]) for key in new if key in old]
    return Since(
        previous=previous[0],
        added=tuple(_said(record) for key, record in new.items() if key not in old),
        by_table=_by_table(dataset, [key for key in new if key not in old], edition.language),
        changed=tuple(
            _said(record)
            for was, record in both
            if was.digest != record.digest and was.value == record.value
        ),
        withdrawn=tuple(_said(record) for key, record in old.items() if key not in new),
        restated=tuple(
            (record.name, was.value, record.value)
            for was, record in both
            if was.value != record.value
        ),
        due=_fallen_due(declaration, tables, previous[1], edition),
    )


def news(since: Since, language: str) -> str:
    """What happened since the previous issue, in a sentence; empty for the first issue."""
    if not since.previous:
        return ""
    words = catalogue(language)
    say = words.gettext
    if since.quiet:
        return say("Since {period}: nothing new, and no target fell due.").format(
            period=since.previous
        )
    added = words.ngettext(
        "{count} record added, {first}",
        "{count} records added, among them {first}",
        len(since.added),
    )
    changed = words.ngettext("{count} changed", "{count} changed", len(since.changed))
    withdrawn = words.ngettext("{count} withdrawn", "{count} withdrawn", len(since.withdrawn))
    restated = words.ngettext(
        "{count} number restated", "{count} numbers restated", len(since.restated)
    )
    due = words.ngettext("{count} target fell due", "{count} targets fell due", len(since.due))
    counts: tuple[tuple[Sized, str], ...] = (
        (since.added, added),
        (since.changed, changed),
        (since.withdrawn, withdrawn),
        (since.restated, restated),
        (since.due, due),
    )
    first = f"“{since.added[0]}”" if since.added else ""
    told = [text.format(count=len(items), first=first) for items, text in counts if items]
    said = say("Since {period}: {events}.")
    if since.added and not (since.changed or since.withdrawn or since.restated):
        said = say("Since {period}: {events}; nothing changed or withdrawn.")
    return said.format(period=since.previous, events=listing(told, language))


def _by_table(dataset: Dataset, added: list[str], language: str) -> tuple[tuple[str, int], ...]:
    names = [key.partition("/")[0] for key in added]
    return tuple(
        (dataset.schemas[n].title_in(language), names.count(n)) for n in dict.fromkeys(names)
    )


def _said(record: KnownRecord) -> str:
    return f"{record.name}: {record.value}" if record.value else record.name


def _fallen_due(
    declaration: SinceDeclaration,
    tables: Mapping[str, Table],
    since: date,
    edition: Edition,
) -> tuple[str, ...]:
    if not declaration.due or declaration.due not in tables:
        return ()
    say = catalogue(edition.language).gettext
    rows = tables[declaration.due].frame
    due = rows[declaration.due_column]
    fallen = rows[(due > pd.Timestamp(since)) & (due <= pd.Timestamp(edition.as_of))]
    return tuple(
        say("{what}, due {day}").format(
            what=row[declaration.due_label],
            day=day(row[declaration.due_column], edition.language),
        )
        for _, row in fallen.iterrows()
    )

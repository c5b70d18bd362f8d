"""Which records stand behind a figure, and where each was read: the source appendix.

A record says where it comes from by the columns ``document`` and ``paragraph`` with the words
``as_printed``, or by ``source``; both point to tables that describe the document or source. A
dataset without such columns is named by its file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from briefing.formatting import is_missing
from briefing.structures import Dataset, SourceEntry, Table

_LINKS = (("document", "D"), ("source", "R"))


@dataclass
class _Entry:
    key: str
    record: dict[str, Any]
    uses: dict[tuple[int, str], None] = field(default_factory=dict)
    figures: dict[str, None] = field(default_factory=dict)


class Provenance:
    """Collects what figures use, and writes the entries of the appendix."""

    def __init__(self, dataset: Dataset, tables: Iterable[Table]) -> None:
        """Give every document and source behind the tables its key, in the dataset's order."""
        self._dataset = dataset
        self._entries: dict[tuple[str, str], _Entry] = {}
        used: dict[str, set[tuple[str, str]]] = {letter: set() for _, letter in _LINKS}
        files: dict[tuple[str, str], None] = {}
        for table in tables:
            found = self._places(table, self._rows(table))
            for letter, places in found.items():
                used[letter] |= set(places)
            if table.dataset and not any(found.values()):
                files.setdefault(("", table.dataset))
        for letter, wanted in used.items():
            for target in dict.fromkeys(name for name, _ in sorted(wanted)):
                self._number(letter, target, {key for name, key in wanted if name == target})
        for number, place in enumerate(files, 1):
            schema = dataset.schemas[place[1]]
            record = {"title": schema.title, "publisher": schema.file}
            self._entries[place] = _Entry(f"T{number}", record)

    def _number(self, letter: str, target: str, wanted: set[str]) -> None:
        schema = self._dataset.schemas[target]
        already = sum(entry.key.startswith(letter) for entry in self._entries.values())
        for record in self._dataset.frames[target].to_dict("records"):
            name = str(record[schema.primary_key[0]])
            if name in wanted:
                already += 1
                plain = {str(key): value for key, value in record.items()}
                self._entries[target, name] = _Entry(f"{letter}{already}", plain)

    def _rows(self, table: Table, position: int | None = None) -> pd.DataFrame:
        """The records behind the table, or behind one row of it."""
        frame = self._dataset.frames.get(table.dataset)
        if frame is None:
            return pd.DataFrame()
        chosen = table.records if position is None else (table.records[position],)
        return frame.loc[sorted({line for row in chosen for line in row})]

    def _places(self, table: Table, rows: pd.DataFrame) -> dict[str, list[tuple[str, str]]]:
        """Which documents (D) and sources (R) the records name."""
        found: dict[str, list[tuple[str, str]]] = {}
        for link, letter in _LINKS:
            key = self._dataset.schemas[table.dataset].link_from(link) if link in rows else None
            found[letter] = []
            if key is not None:
                found[letter] = [(key.table, str(name)) for name in rows[link].dropna().unique()]
        return found

    def used(self, table: Table, label: str, position: int | None = None) -> tuple[str, ...]:
        """Note the records behind a table (or one row of it) for a figure.

        Returns:
            References such as "D1 ¶6, ¶11" or "R3", in the order of the appendix.
        """
        rows = self._rows(table, position)
        marks: dict[tuple[str, str], dict[int, None]] = {}
        for link, letter in _LINKS:
            for place in self._places(table, rows)[letter] if len(rows) else []:
                paragraphs = marks.setdefault(place, {})
                for _, row in rows[rows[link] == place[1]].iterrows():
                    self._note(place, row, paragraphs)
        if not marks and ("", table.dataset) in self._entries:
            marks["", table.dataset] = {}
        for place in marks:
            if label:
                self._entries[place].figures.setdefault(label)
        references = [
            (self._entries[place].key, ", ".join(f"¶{n}" for n in sorted(found)))
            for place, found in marks.items()
        ]
        return tuple(f"{key} {text}".strip() for key, text in sorted(references, key=_by_key))

    def _note(self, place: tuple[str, str], row: pd.Series[Any], found: dict[int, None]) -> None:
        if is_missing(row.get("paragraph")):
            return
        paragraph = int(row["paragraph"])
        found.setdefault(paragraph)
        self._entries[place].uses.setdefault((paragraph, str(row.get("as_printed", ""))))

    def entries(self) -> tuple[SourceEntry, ...]:
        """The appendix: documents, then reference sources, each in the dataset's order."""
        ordered = sorted(self._entries.values(), key=lambda entry: _by_key((entry.key, "")))
        return tuple(_source_entry(entry) for entry in ordered if entry.figures or entry.uses)


def _by_key(reference: tuple[str, str]) -> tuple[str, int]:
    return reference[0][0], int(reference[0][1:])


def _source_entry(entry: _Entry) -> SourceEntry:
    record = entry.record
    uses = sorted(entry.uses, key=lambda use: use[0])
    return SourceEntry(
        key=entry.key,
        title=_text(record, "title"),
        publisher=_text(record, "publisher"),
        published=_published(record),
        caveat=_text(record, "note") or _text(record, "caveat"),
        uses=tuple(uses),
        figures=tuple(entry.figures),
    )


def _text(record: dict[str, Any], column: str) -> str:
    value = record.get(column)
    return "" if is_missing(value) else str(value)


def _published(record: dict[str, Any]) -> str:
    """The date of publication, and how it is known where it is not printed."""
    when, basis = _text(record, "published"), _text(record, "date_basis")
    if when and basis and basis != "printed":
        return f"{when} (date {basis})"
    return when

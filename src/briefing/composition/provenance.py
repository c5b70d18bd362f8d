"""Which records stand behind a figure, and where each was read: the source appendix.

A record says where it comes from by the columns ``document`` and ``paragraph`` with the words
``as_printed``, or by ``source``; both point to tables that describe the document or source. A
dataset without such columns is named by its file.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from briefing.catalogues import catalogue
from briefing.formatting import is_missing, listing
from briefing.frames import rows_in
from briefing.structures import (
    Dataset,
    FigureLink,
    Portion,
    RecordEntry,
    RecordSet,
    Reference,
    SourceEntry,
    Table,
    Use,
)

if TYPE_CHECKING:
    import pandas as pd

    from briefing.structures.reductions import Selection

LINKS = (("document", "D"), ("source", "R"))
"""Columns that name where a record was read, each with the letter of its kind."""


@dataclass
class _Entry:
    key: str
    record: dict[str, Any]
    uses: dict[tuple[int | str, str], dict[str, None]] = field(default_factory=dict)
    figures: dict[FigureLink, None] = field(default_factory=dict)
    cited: bool = False


class Provenance:
    """Collects what figures use, and writes the entries of the appendix."""

    def __init__(self, dataset: Dataset, tables: Iterable[Table], language: str) -> None:
        """Give every document and source behind the tables its key, in the dataset's order."""
        self._dataset, self._language = dataset, language
        self._cells: dict[str, dict[Any, dict[Any, Any]]] = {}
        self._entries: dict[tuple[str, str], _Entry] = {}
        self.records: dict[str, RecordEntry] = {}
        self.record_sets: dict[str, RecordSet] = {}
        used: dict[str, set[tuple[str, str]]] = {letter: set() for _, letter in LINKS}
        files: dict[tuple[str, str], None] = {}
        for table in tables:
            lines = {line for row in table.records for line in row}
            places = {self._place(table.dataset, line) for line in lines}
            if table.selection:
                places.add(("", ("", table.dataset)))
            for letter, place in places:
                if letter:
                    used[letter].add(place)
                else:
                    files.setdefault(place)
        for letter, wanted in used.items():
            for target in dict.fromkeys(name for name, _ in sorted(wanted)):
                self._number(letter, target, {key for name, key in wanted if name == target})
        for number, place in enumerate(sorted(files), 1):
            schema = dataset.schemas[place[1]]
            record = {"title": schema.title_in(self._language), "publisher": schema.file}
            self._entries[place] = _Entry(f"T{number}", record)

    def _number(self, letter: str, target: str, wanted: set[str]) -> None:
        schema = self._dataset.schemas[target]
        already = sum(entry.key.startswith(letter) for entry in self._entries.values())
        for record in rows_in(self._dataset.frames[target]):
            name = str(record[schema.primary_key[0]])
            if name in wanted:
                already += 1
                self._entries[target, name] = _Entry(f"{letter}{already}", record)

    def _row(self, table: str, line: int) -> dict[Any, Any]:
        """The record in that line; each table is taken apart once, not cell by cell."""
        if table not in self._cells:
            frame = self._dataset.frames[table]
            self._cells[table] = dict(zip(frame.index.tolist(), rows_in(frame), strict=True))
        return self._cells[table][line]

    def _place(self, table: str, line: int) -> tuple[str, tuple[str, str]]:
        """The letter, table and key of what the record names as its origin; else its file."""
        schema = self._dataset.schemas[table]
        row = self._row(table, line)
        for link, letter in LINKS:
            key = schema.link_from(link)
            if key is not None and not is_missing(row[link]):
                return letter, (key.table, str(row[link]))
        return "", ("", table)

    def used(
        self, table: Table, link: FigureLink | None, position: int | None = None
    ) -> tuple[tuple[Reference, ...], tuple[tuple[str, ...], ...]]:
        """Note the records behind a table (or one row of it) for a figure.

        Returns:
            References in the order of the appendix, and for each row the ids of its records.
        """
        if table.selection:  # a large table is named by its file; its records are many
            entry = self._entries["", table.dataset]
            entry.cited = True
            if link:
                entry.figures.setdefault(link)
            return (Reference(entry.key, ()),), tuple(() for _ in table.records)
        if table.dataset not in self._dataset.frames:
            return (), tuple(() for _ in table.records)
        chosen = table.records if position is None else (table.records[position],)
        marks: dict[tuple[str, str], set[int | str]] = {}
        rows = []
        for lines in chosen:
            rows.append(tuple(self._note(table.dataset, line, marks) for line in lines))
        for place in marks:
            self._entries[place].cited = True
            if link:
                self._entries[place].figures.setdefault(link)
        found = [
            Reference(self._entries[p].key, tuple(sorted(n, key=_in_order)))
            for p, n in marks.items()
        ]
        return tuple(sorted(found, key=lambda item: _by_key(item.key))), tuple(rows)

    def portions(self, table: Table) -> tuple[Portion, ...]:
        """The records of a large table behind each row of a table; else nothing."""
        selection = table.selection
        if selection is None:
            return ()
        name = self._record_set(table, selection)
        return tuple(Portion(name, lead) for lead in selection.leads)

    def portion(self, table: Table, position: int | None = None) -> tuple[Portion, ...]:
        """The records of a large table behind one row of a table, or all of it; else nothing."""
        selection = table.selection
        if selection is None:
            return ()
        lead = selection.whole if position is None else selection.leads[position]
        return (Portion(self._record_set(table, selection), lead),)

    def _record_set(self, table: Table, selection: Selection) -> str:
        """Remember what was asked of a large table; returns its id."""
        if table.name not in self.record_sets:
            from_files = bool(self._dataset.large[table.dataset].digests())
            self.record_sets[table.name] = RecordSet(
                f"#records-{len(self.record_sets) + 1}",
                table.dataset,
                self._dataset.schemas[table.dataset].file,
                self._entries["", table.dataset].key,
                selection.written,
                "" if from_files else digest_of_answer(selection.reduced),
            )
        return self.record_sets[table.name].id

    def _note(self, table: str, line: int, marks: dict[tuple[str, str], set[int | str]]) -> str:
        """Remember a record and where it was read; returns its id."""
        schema = self._dataset.schemas[table]
        row = self._row(table, line)
        _, place = self._place(table, line)
        entry = self._entries[place]
        paragraphs = marks.setdefault(place, set())
        paragraph = paragraph_of(row.get("paragraph"))
        printed, caveat = text_of(row, "as_printed"), text_of(row, "caveat")
        if paragraph is not None:
            paragraphs.add(paragraph)
            use = entry.uses.setdefault((paragraph, printed), {})
            if caveat:
                use.setdefault(caveat)
        key = ", ".join(str(row[column]) for column in schema.primary_key) or f"line {line}"
        name = f"{table}/{key}"
        if name not in self.records:
            values = {str(c): shown(cell) for c, cell in row.items() if not is_missing(cell)}
            self.records[name] = RecordEntry(
                name, schema.file, line, entry.key, paragraph, printed, caveat, values
            )
        return name

    def caveats(self, rows: Iterable[Iterable[str]]) -> tuple[str, ...]:
        """What the records of these rows say that a reader must know, each once.

        A caveat of a single record is said of the words that it is about.
        """
        found: dict[str, dict[str, None]] = {}
        for name in (name for row in rows for name in row):
            entry = self.records[name]
            if entry.caveat:
                found.setdefault(entry.caveat, {}).setdefault(entry.as_printed)
        return tuple(
            f"“{next(iter(words))}”: {caveat}" if len(words) == 1 and next(iter(words)) else caveat
            for caveat, words in found.items()
        )

    def entries(self) -> tuple[SourceEntry, ...]:
        """The appendix: documents, then reference sources, each in the dataset's order."""
        ordered = sorted(self._entries.items(), key=lambda item: _by_key(item[1].key))
        return tuple(self._source_entry(table, one) for (table, _), one in ordered if one.cited)

    def standing(self) -> str:
        """How many records of how many sources stand behind the issue, and how sure they are."""
        if not self.records:
            return ""
        words = catalogue(self._language)
        cited = [entry.key for entry in self._entries.values() if entry.cited]
        documents = sum(key.startswith("D") for key in cited)
        others = len(cited) - documents
        told = [
            words.ngettext("{count} document (D)", "{count} documents (D)", documents).format(
                count=documents
            ),
            words.ngettext(
                "{count} public reference (R)", "{count} public references (R)", others
            ).format(count=others),
        ]
        present = [text for text, count in zip(told, (documents, others), strict=True) if count]
        caveats = sum(bool(entry.caveat) for entry in self.records.values())
        return words.ngettext(
            "{records} records from {sources}; {caveats} carries a caveat, printed with the figure "
            "or in the list of sources.",
            "{records} records from {sources}; {caveats} carry a caveat, printed with the figure "
            "or in the list of sources.",
            caveats,
        ).format(
            records=len(self.records),
            sources=listing(present, self._language),
            caveats=caveats,
        )

    def _source_entry(self, table: str, entry: _Entry) -> SourceEntry:
        record = entry.record
        ordered = sorted(entry.uses.items(), key=lambda use: _in_order(use[0][0]))
        return SourceEntry(
            key=entry.key,
            title=text_of(record, "title"),
            publisher=text_of(record, "publisher"),
            published=self._published(table, record),
            caveat=text_of(record, "note") or text_of(record, "caveat"),
            uses=tuple(Use(number, words, tuple(found)) for (number, words), found in ordered),
            figures=tuple(entry.figures),
        )

    def _published(self, table: str, record: dict[str, Any]) -> str:
        """The date of publication, and how it is known where it is not printed."""
        when, basis = text_of(record, "published"), text_of(record, "date_basis")
        if not when or not basis or basis == "printed":
            return when
        schema = self._dataset.schemas.get(table)
        field = schema.field_named("date_basis") if schema else None
        labels = field.labels_in(self._language) if field else {}
        say = catalogue(self._language).gettext
        return say("{when} (date {basis})").format(when=when, basis=labels.get(basis, basis))


def digest_of_answer(reduced: pd.DataFrame) -> str:
    """SHA-256 of what a database answered."""
    return hashlib.sha256(reduced.to_csv(index=False).encode()).hexdigest()


def paragraph_of(value: Any) -> int | str | None:
    """A paragraph's number, or what the dataset calls it: "IV", "7a"."""
    if is_missing(value):
        return None
    text = str(value)
    return int(text) if text.isdecimal() else text


def _in_order(paragraph: int | str) -> tuple[int, str]:
    return (paragraph, "") if isinstance(paragraph, int) else (sys.maxsize, paragraph)


def _by_key(key: str) -> tuple[str, int]:
    return key[0], int(key[1:])


def text_of(record: Any, column: str) -> str:
    """A cell as text; empty where it is missing."""
    value = record.get(column)
    return "" if is_missing(value) else str(value)


def shown(value: Any) -> str:
    """A cell as a trace shows it."""
    return str(value.date()) if hasattr(value, "date") else str(value)

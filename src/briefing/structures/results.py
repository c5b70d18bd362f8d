"""What the stages hand on: data as read, tables, charts, the composed issue, its files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from briefing.errors import Problem
from briefing.periods import Period
from briefing.structures.declarations import ReportDefinition, TableDeclaration
from briefing.structures.description import TableSchema

if TYPE_CHECKING:
    import pandas as pd


PROVENANCE = "provenance.json"
"""File of an issue: from each number to its records, documents and paragraphs."""
KNOWN = "known.json"
"""File of an issue: the records as it knew them, for the next issue to compare with."""


@dataclass(frozen=True)
class RawTable:
    """Rows of text as they stand in the file, each with the line on which it starts."""

    schema: TableSchema
    header: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]


@dataclass(frozen=True)
class Dataset:
    """Typed frames by table name; the index of each frame is the line in its file."""

    title: str
    schemas: Mapping[str, TableSchema]
    frames: Mapping[str, pd.DataFrame]
    files: Mapping[str, Path]


@dataclass(frozen=True)
class Edition:
    """A report in one language, for one value of its parameter, for a period, as known on a day."""

    report: str
    period: Period
    as_of: date
    language: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its folder under the period: "en", or "KR-27-en" where the report has a parameter."""
        return "-".join([*self.parameters.values(), self.language])


@dataclass(frozen=True)
class Schedule:
    """When a report is due, as a checked cron expression in the project's time zone."""

    report: str
    cron: str


@dataclass(frozen=True)
class Project:
    """config.yaml and everything that it names, checked."""

    root: Path
    publisher: str
    timezone: str
    languages: tuple[str, ...]
    default_report: str
    output: Path
    reports: Mapping[str, ReportDefinition]
    schedules: tuple[Schedule, ...]
    dataset: Dataset
    inputs: Mapping[str, Path]


@dataclass(frozen=True)
class Column:
    """A column of a result: what it is called and in what it is counted.

    Attributes:
        kind: how a cell is written: text, code (a word of a vocabulary), date or quantity.
        unit: the unit of every cell; empty where ``unit_column`` or no unit.
        unit_column: the column of the same frame that holds each cell's unit.
        qualifier_column: the column that holds "about", "at_least" ... for each cell.
    """

    name: str
    title: str
    kind: str = "text"
    unit: str = ""
    unit_column: str = ""
    qualifier_column: str = ""


@dataclass(frozen=True)
class Table:
    """The result of a declared table.

    ``records`` holds, row by row, the lines of the dataset table that stand behind it, so that
    a printed number leads back to its records.
    """

    name: str
    frame: pd.DataFrame
    columns: Mapping[str, Column]
    dataset: str
    records: tuple[tuple[int, ...], ...]
    declaration: TableDeclaration


@dataclass(frozen=True)
class Chart:
    """A finished picture: vector drawing, size in points, and the words that replace it."""

    svg: str
    width: float
    height: float
    alt: str


@dataclass(frozen=True)
class PrintedTable:
    """A table ready for a reader: titles, units in the head, cells as text."""

    headers: tuple[str, ...]
    units: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Reference:
    """Where a figure's records were read: a key of the appendix and paragraphs there."""

    key: str
    paragraphs: tuple[int | str, ...] = ()

    def __str__(self) -> str:
        return f"{self.key} {', '.join(f'¶{number}' for number in self.paragraphs)}".strip()


@dataclass(frozen=True)
class RecordEntry:
    """A record that stands behind a figure.

    Attributes:
        id: the table's name and the record's key, such as ``funding/fund-robot-si-total``.
        file, line: where it stands in the dataset.
        source: key of the appendix, such as ``D1``.
        values: the record's cells as text, empty ones left out.
    """

    id: str
    file: str
    line: int
    source: str
    paragraph: int | str | None
    as_printed: str
    caveat: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Figure:
    """What a reader sees, numbered: a chart or a printed table with its words and sources.

    Attributes:
        caveats: what the records behind it say that a reader must know.
        rows: for each row of the table, the ids of the records behind it.
    """

    name: str
    label: str
    number: int
    title: str
    notes: tuple[str, ...]
    caveats: tuple[str, ...]
    sources: tuple[Reference, ...]
    table: Table
    rows: tuple[tuple[str, ...], ...]
    chart: Chart | None = None
    printed: PrintedTable | None = None


@dataclass(frozen=True)
class Finding:
    """A computed sentence, why it matters, and the figure that shows it."""

    name: str
    text: str
    why: str
    figure: str


@dataclass(frozen=True)
class Use:
    """Words as printed in a paragraph of a document, and the caveats of what was read there."""

    paragraph: int | str
    as_printed: str
    caveats: tuple[str, ...]


@dataclass(frozen=True)
class SourceEntry:
    """One line of the source appendix.

    Attributes:
        key: short key that notes use, such as ``D1`` or ``R3``.
        title, publisher, published: as the dataset's documents or reference sources say.
        caveat: how the date was found, or what a reader should know.
        uses: for a document, what was read there, in the order of its paragraphs.
        figures: labels of the figures that rest on it.
    """

    key: str
    title: str
    publisher: str
    published: str
    caveat: str
    uses: tuple[Use, ...]
    figures: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A chapter of the issue."""

    anchor: str
    title: str
    paragraphs: tuple[str, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class KeyFigure:
    """A number on the cover, with what it counts and where it stands in the sources."""

    value: str
    label: str
    sources: tuple[Reference, ...]
    records: tuple[str, ...]


@dataclass(frozen=True)
class GateResult:
    """How a check of the data gate came out: passed, caveat or hold, and what was seen."""

    name: str
    outcome: str
    said: str


@dataclass(frozen=True)
class KnownRecord:
    """A record as it was known when an issue was made, for the next issue to compare with.

    Attributes:
        id: the table's name and the record's key.
        name: how a reader would call it.
        value: its measured values as text, with units; empty where it measures nothing.
        digest: SHA-256 over all its cells.
    """

    id: str
    name: str
    value: str
    digest: str


@dataclass(frozen=True)
class Since:
    """What happened since the previous issue.

    Attributes:
        previous: the previous issue's period for a reader; empty for the first issue.
        by_table: how many records were added to each table, as (title, count).
        restated: records whose measured value is not what it was, as (name, before, now).
        due: what fell due in between.
    """

    previous: str
    added: tuple[str, ...] = ()
    by_table: tuple[tuple[str, int], ...] = ()
    changed: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    restated: tuple[tuple[str, str, str], ...] = ()
    due: tuple[str, ...] = ()

    @property
    def quiet(self) -> bool:
        """Whether nothing happened."""
        return not any((self.added, self.changed, self.withdrawn, self.restated, self.due))


@dataclass(frozen=True)
class Composition:
    """Everything that one issue says, before any markup."""

    report: str
    title: str
    subtitle: str
    publisher: str
    period: Period
    period_title: str
    as_of: date
    as_of_title: str
    language: str
    edition: str
    key_figures: tuple[KeyFigure, ...]
    findings: tuple[Finding, ...]
    sections: tuple[Section, ...]
    methods: tuple[str, ...]
    sources: tuple[SourceEntry, ...]
    records: Mapping[str, RecordEntry]
    gate: tuple[GateResult, ...] = ()
    omitted: tuple[Problem, ...] = ()
    since: Since | None = None
    known: tuple[KnownRecord, ...] = ()


@dataclass(frozen=True)
class Document:
    """Files of one issue by their path inside it, and the number of PDF pages."""

    files: Mapping[str, bytes]
    pages: int


@dataclass(frozen=True)
class Issue:
    """An issue as filed: where it lies, and whether this build changed anything.

    Attributes:
        state: "new", "unchanged", "rebuilt" (a draft was replaced) or "copy" (unsealed).
        changed: for a rebuilt draft, the inputs and outputs that differ.
    """

    report: str
    period: str
    edition: str
    folder: Path
    files: Mapping[str, str]
    state: str
    changed: tuple[str, ...] = ()


Progress = Callable[[str, str], None]
"""Called with the stage's verb and what it works on, for whoever shows progress."""

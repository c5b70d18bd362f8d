"""What the stages hand on: data as read, tables, charts, the composed issue, its files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from briefing.periods import Period
from briefing.structures.channels import Channels
from briefing.structures.declarations import ReportDefinition, TableDeclaration
from briefing.structures.deliveries import Deliveries
from briefing.structures.description import TableSchema, UnitWords
from briefing.structures.execution import Engine, Means
from briefing.structures.reductions import LargeTable, Selection
from briefing.structures.scheduling import Schedule

if TYPE_CHECKING:
    import pandas as pd


PROVENANCE = "provenance.json"
"""File of an issue: from each number to its records, documents and paragraphs."""
KNOWN = "known.json"
"""File of an issue: the records as it knew them, for the next issue to compare with."""
CORRECTION = "correction.json"
"""File of a correction: why it was made, and everything that is different in it."""


@dataclass(frozen=True)
class RawTable:
    """Rows of text as they stand in the file, each with the line on which it starts."""

    schema: TableSchema
    header: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]


@dataclass(frozen=True)
class Dataset:
    """Typed frames by table name; the index of each frame is the line in its file.

    Attributes:
        units: what units of the dataset's own are called, by unit and language.
        large: tables that are too large to hold, by name; they have a schema but no frame.
    """

    title: str
    schemas: Mapping[str, TableSchema]
    frames: Mapping[str, pd.DataFrame]
    files: Mapping[str, Path]
    units: Mapping[str, Mapping[str, UnitWords]] = field(default_factory=dict)
    large: Mapping[str, LargeTable] = field(default_factory=dict)

    def units_in(self, language: str) -> dict[str, UnitWords]:
        """What the units are called in that language."""
        return {unit: words[language] for unit, words in self.units.items() if language in words}


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
class Settings:
    """What config.yaml alone says, checked; data and reports may have problems."""

    root: Path
    publisher: Mapping[str, str]
    timezone: str
    languages: tuple[str, ...]
    output: Path
    channels: Channels


@dataclass(frozen=True)
class Project(Settings):
    """config.yaml and everything that it names, checked.

    Attributes:
        means: what it was read with; never written anywhere, for it knows secrets.
        read_at: when reading it began, in nanoseconds by the file system; 0 where nobody asked.
    """

    default_report: str
    reports: Mapping[str, ReportDefinition]
    schedules: tuple[Schedule, ...]
    dataset: Dataset
    inputs: Mapping[str, Path]
    deliveries: Deliveries = field(default_factory=Deliveries)
    engine: Engine = field(default_factory=Engine)
    means: Means = field(default_factory=Means, repr=False)
    read_at: int = 0

    @property
    def cache(self) -> Path | None:
        """Where what was made is kept, to be used again; None for nowhere."""
        return self.means.cache


@dataclass(frozen=True)
class Column:
    """A column of a result: what it is called and in what it is counted.

    Attributes:
        kind: how a cell is written: text, code (a word of a vocabulary), date or quantity.
        unit: the unit of every cell; empty where ``unit_column`` or no unit.
        unit_column: the column of the same frame that holds each cell's unit.
        qualifier_column: the column that holds "about", "at_least" ... for each cell.
        labels: for a code, the words that a reader sees, by cell.
        units: what units are called, by unit.
    """

    name: str
    title: str
    kind: str = "text"
    unit: str = ""
    unit_column: str = ""
    qualifier_column: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, UnitWords] = field(default_factory=dict)

    def label(self, code: object) -> str:
        """A word of the vocabulary as a reader sees it."""
        return self.labels.get(str(code), str(code).replace("_", " "))


@dataclass(frozen=True)
class Table:
    """The result of a declared table.

    ``records`` holds, row by row, the lines of the dataset table that stand behind it, so that
    a printed number leads back to its records. Of a large table there are no lines;
    ``selection`` leads back to them.
    """

    name: str
    frame: pd.DataFrame
    columns: Mapping[str, Column]
    dataset: str
    records: tuple[tuple[int, ...], ...]
    declaration: TableDeclaration
    selection: Selection | None = None


Screens = Literal["wide", "narrow", "mail"]
"""What a figure is drawn for: paper and wide screens; telephones; a mail."""


@dataclass(frozen=True)
class Chart:
    """A finished picture: vector drawing, size in points, and the words that replace it.

    Attributes:
        narrow: the same drawn for narrow screens; empty where nobody asked for it.
        png: the narrow drawing as pixels, for mail; empty for all charts but the mail's.
    """

    svg: str
    width: float
    height: float
    alt: str
    narrow: str = ""
    png: bytes = b""


@dataclass(frozen=True)
class Document:
    """Files of one issue by their path inside it, and the number of PDF pages."""

    files: Mapping[str, bytes]
    pages: int


@dataclass(frozen=True)
class Reused:
    """Whether a part of an issue was taken from the cache.

    Attributes:
        kind: issue, table or figure.
        name: of the table or figure; empty for the issue.
        reused: whether it was.
        why: why not; empty where it was.
    """

    kind: str
    name: str
    reused: bool
    why: str = ""


@dataclass(frozen=True)
class Issue:
    """An issue as filed: where it lies, and whether this build changed anything.

    Attributes:
        reused: what of it was taken from the cache, and what was made anew.
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
    reused: tuple[Reused, ...] = ()


@dataclass(frozen=True)
class Superseded:
    """The revision that a correction replaces, as it lies in the archive.

    Attributes:
        revision: such as "r1".
        name: path of its manifest in the archive.
        manifest: SHA-256 of that.
        files: all others by path.
    """

    revision: str
    name: str
    manifest: str
    files: Mapping[str, bytes]


Progress = Callable[[str, str], None]
"""Called with the stage's verb and what it works on, for whoever shows progress."""

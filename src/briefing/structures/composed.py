"""Everything that one issue says, before any markup: figures, findings, chapters, sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from briefing.errors import Problem
from briefing.periods import Period
from briefing.structures.reductions import Lead
from briefing.structures.results import Chart, Table


@dataclass(frozen=True)
class Cell:
    """A cell of a printed table.

    Attributes:
        after: words that follow a number, apart from it so that decimals align.
        picture: a small drawing in place of words.
    """

    text: str
    after: str = ""
    picture: Chart | None = None


@dataclass(frozen=True)
class PrintedTable:
    """A table ready for a reader: titles, units in the head, cells as text.

    Attributes:
        names: the columns shown, as the table calls them.
        total: how many rows there are, shown or not.
    """

    names: tuple[str, ...]
    headers: tuple[str, ...]
    units: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int

    @property
    def trailing(self) -> tuple[int, ...]:
        """For each column, the letters of the longest words that follow a number."""
        columns = zip(*self.rows, strict=True)
        return tuple(max((len(cell.after) for cell in column), default=0) for column in columns)


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
class RecordSet:
    """Records of a large table: too many to be listed, they are found again by what was asked.

    Attributes:
        id: such as ``#records-1``.
        table, file: where they are in the dataset.
        source: key of the appendix.
        asked: the reduction as JSON.
        answer: SHA-256 of what a database answered; empty for files, whose hashes the manifest
            holds.
    """

    id: str
    table: str
    file: str
    source: str
    asked: Mapping[str, Any]
    answer: str


@dataclass(frozen=True)
class Portion:
    """The records of a set that stand behind a row."""

    of: str
    lead: Lead


@dataclass(frozen=True)
class Figure:
    """What a reader sees, numbered: a chart or a printed table with its words and sources.

    Attributes:
        label: "Figure 1" in the reader's language.
        anchor: where it stands in the page, the same in every language.
        caveats: what the records behind it say that a reader must know.
        rows: for each row of the table, the ids of the records behind it.
        portions: for each row of a large table, the records behind it in place of ids.
    """

    name: str
    label: str
    anchor: str
    title: str
    notes: tuple[str, ...]
    caveats: tuple[str, ...]
    sources: tuple[Reference, ...]
    table: Table
    rows: tuple[tuple[str, ...], ...]
    chart: Chart | None = None
    printed: PrintedTable | None = None
    portions: tuple[Portion, ...] = ()

    @property
    def link(self) -> FigureLink:
        """How other places refer to it."""
        return FigureLink(self.label, self.anchor)


@dataclass(frozen=True)
class FigureLink:
    """How a figure is called elsewhere in the issue, and where it stands in the page."""

    label: str
    anchor: str


@dataclass(frozen=True)
class Finding:
    """A computed sentence, why it matters, and the figure that shows it."""

    name: str
    text: str
    why: str
    figure: FigureLink | None


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
        figures: the figures that rest on it.
    """

    key: str
    title: str
    publisher: str
    published: str
    caveat: str
    uses: tuple[Use, ...]
    figures: tuple[FigureLink, ...]


@dataclass(frozen=True)
class Item:
    """An item of a list, and where it stands in the sources."""

    text: str
    sources: tuple[Reference, ...]
    records: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A chapter of the issue."""

    anchor: str
    title: str
    paragraphs: tuple[str, ...]
    figures: tuple[Figure, ...]
    items: tuple[Item, ...] = ()


@dataclass(frozen=True)
class KeyFigure:
    """A number on the cover, with what it counts and where it stands in the sources."""

    value: str
    label: str
    sources: tuple[Reference, ...]
    records: tuple[str, ...]
    portions: tuple[Portion, ...] = ()


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
class Change:
    """A number, row or sentence that is not what the revision before had printed.

    Attributes:
        figure: label and title of the figure, or what stands for them; the same for all changes
            of a figure.
        anchor: where the figure stands in the page; empty where it stands there no more.
        row: the first words of its row; empty where a whole column or figure is meant.
        column: the title of the column; empty where a whole row or sentence is meant.
        before, after: as printed; empty where it was not there, or is not there any more.
        said: the change as a reader reads it under the figure.
    """

    figure: str
    anchor: str
    row: str
    column: str
    before: str
    after: str
    said: str


@dataclass(frozen=True)
class Correction:
    """Why there is another revision of an issue, and what is different in it.

    Attributes:
        revision: of this issue; at least 2.
        reason: as a person gave it.
        before: the revision that it replaces, such as "r1".
        changes: every one, in the order in which the figures are read.
        shown: how many of them the cover and the mail list.
    """

    revision: int
    reason: str
    before: str
    changes: tuple[Change, ...]
    shown: int = 12

    @property
    def replaced(self) -> str:
        """The number of the revision that it replaces."""
        return self.before.removeprefix("r")

    @property
    def more(self) -> int:
        """How many changes are counted, not listed."""
        return max(0, len(self.changes) - self.shown)

    @property
    def by_figure(self) -> tuple[tuple[Change, ...], ...]:
        """The listed changes, those of a figure together."""
        groups: dict[str, list[Change]] = {}
        for change in self.changes[: self.shown]:
            groups.setdefault(change.figure, []).append(change)
        return tuple(tuple(group) for group in groups.values())


@dataclass(frozen=True)
class Composition:
    """Everything that one issue says, before any markup.

    Attributes:
        silences: what the sources do not say, where a chapter would have had nothing.
        news: what happened since the previous issue, in a sentence; empty for the first issue.
        standing: how much stands behind the issue, and how much of it carries a caveat.
        compact: whether the layout takes as few pages as the words need.
        correction: what is different from the revision before; None for the first one.
        record_sets: what its portions of large tables are portions of.
    """

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
    silences: tuple[str, ...] = ()
    news: str = ""
    standing: str = ""
    compact: bool = False
    correction: Correction | None = None
    record_sets: tuple[RecordSet, ...] = ()

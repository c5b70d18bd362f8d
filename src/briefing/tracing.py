"""Follows a number of a filed issue down to its records, documents and paragraphs.

Everything is read from the issue's own ``provenance.json``: a trace says what stood behind the
number when it was printed, whatever has happened to the data since. Of large tables it holds how
many records there were and what finds them again; ``rereading`` does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from briefing.errors import UsageError
from briefing.structures import PROVENANCE, RecordSet
from briefing.structures.reductions import Lead


@dataclass(frozen=True)
class TracedRecord:
    """A record, and where it was read."""

    id: str
    place: str
    source: str
    paragraph: int | str | None
    as_printed: str
    caveat: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class TracedPortion:
    """The records of a large table behind a row.

    Attributes:
        of: what finds them.
        lead: how many there are, and where they begin.
        source: key and title in the appendix.
        shown: how many of them are shown.
        missing: why none is; empty where some are, and where nobody has looked.
    """

    of: RecordSet
    lead: Lead
    source: str
    shown: int = 0
    missing: str = ""

    @property
    def told(self) -> str:
        """How many records there are, and how many of them follow."""
        count = f"{self.lead.count:,} record{'' if self.lead.count == 1 else 's'} of {self.of.file}"
        if self.missing:
            return f"{count}. {self.missing}"
        return f"{count}, of which the first {self.shown}" * (self.shown < self.lead.count) or count


@dataclass(frozen=True)
class TracedRow:
    """A row of a figure with the records behind it.

    Attributes:
        records: of a large table the first ones, as far as they were found again.
        many: for each large table, how many records there are.
    """

    number: int
    cells: Mapping[str, Any]
    hedges: Mapping[str, str]
    records: tuple[TracedRecord, ...]
    many: tuple[TracedPortion, ...] = ()


@dataclass(frozen=True)
class TracedFigure:
    """A figure, the formulas of its derived columns, and its rows."""

    name: str
    label: str
    title: str
    derivations: Mapping[str, str]
    rows: tuple[TracedRow, ...]


def trace(folder: Path) -> tuple[TracedFigure, ...]:
    """Every figure of a filed issue.

    Raises:
        UsageError: no issue is filed there.
    """
    try:
        body = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
    except (IsADirectoryError, ValueError):
        raise UsageError(
            f"{PROVENANCE} in {folder} is damaged.", "Build the issue again."
        ) from None
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"No issue is filed in {folder}.", "Build it first.") from None
    try:
        sources = {item["@id"]: item for item in body["isBasedOn"]}
        records = {item["@id"]: _record(item, sources) for item in body["records"]}
        sets = {item["@id"]: _record_set(item) for item in body.get("recordSets", ())}
        named = {key: _named(item) for key, item in sources.items()}
        return tuple(_figure(item, records, sets, named) for item in body["hasPart"])
    except (KeyError, TypeError):
        raise UsageError(
            f"{PROVENANCE} in {folder} is damaged.", "Build the issue again."
        ) from None


def _record(item: Mapping[str, Any], sources: Mapping[str, Mapping[str, Any]]) -> TracedRecord:
    return TracedRecord(
        id=item["@id"],
        place=f"{item['file']}:{item['line']}",
        source=_named(sources[item["source"]]),
        paragraph=item.get("paragraph"),
        as_printed=item.get("asPrinted", ""),
        caveat=item.get("caveat", ""),
        values=item["values"],
    )


def _named(source: Mapping[str, Any]) -> str:
    """A source as a reader names it: its key, its title, who published it, and when."""
    about = [source["name"], source["publisher"], source["datePublished"]]
    return f"{source['@id'].removeprefix('#source-')} {', '.join(filter(None, about))}"


def _record_set(item: Mapping[str, Any]) -> RecordSet:
    answer, source = item.get("answer", ""), item["source"]
    return RecordSet(item["@id"], item["table"], item["file"], source, item["asked"], answer)


def _figure(
    item: Mapping[str, Any],
    records: Mapping[str, TracedRecord],
    sets: Mapping[str, RecordSet],
    sources: Mapping[str, str],
) -> TracedFigure:
    def many(portion: Mapping[str, Any]) -> TracedPortion:
        of = sets[portion["of"]]
        lead = Lead(portion["numberOfRecords"], portion["firstLine"], tuple(portion["groups"]))
        return TracedPortion(of, lead, sources[of.source])

    rows = tuple(
        TracedRow(
            number,
            row["cells"],
            row.get("hedges", {}),
            tuple(records[name] for name in row["prov:wasDerivedFrom"]),
            tuple(many(portion) for portion in row.get("portions", ())),
        )
        for number, row in enumerate(item["rows"], 1)
    )
    return TracedFigure(
        item["identifier"], item["alternateName"], item["name"], item["derivations"], rows
    )


def chosen_figure(figures: tuple[TracedFigure, ...], wanted: str) -> TracedFigure:
    """The figure that a reader means: by its name, or by its label such as "Figure 3".

    Raises:
        UsageError: the issue has no such figure.
    """
    plain = wanted.lower().replace("-", " ").replace("_", " ")
    for figure in figures:
        if plain in {figure.label.lower(), figure.name.lower().replace("_", " ")}:
            return figure
    known = ", ".join(f"{figure.name} ({figure.label})" for figure in figures)
    raise UsageError(f"The issue has no figure {wanted!r}.", f"It has {known}.")


def chosen_rows(figure: TracedFigure, wanted: str) -> tuple[TracedRow, ...]:
    """The rows that a reader means: by number, or by words that stand in a cell.

    Raises:
        UsageError: no row fits.
    """
    if not wanted:
        return figure.rows
    found = tuple(
        row
        for row in figure.rows
        if (wanted == str(row.number) if wanted.isdecimal() else _speaks_of(row, wanted))
    )
    if not found:
        raise UsageError(
            f"{figure.label} has no row {wanted!r}.",
            f"Its rows are 1 to {len(figure.rows)}; words of a cell will do too.",
        )
    return found


def _speaks_of(row: TracedRow, words: str) -> bool:
    return any(words.lower() in str(cell).lower() for cell in row.cells.values())


def told(figure: TracedFigure, rows: tuple[TracedRow, ...]) -> list[str]:
    """The trace in lines for a reader."""
    lines = [f"{figure.label} ({figure.name}): {figure.title}"]
    for row in rows:
        lines += ["", f"Row {row.number}"]
        for name, value in row.cells.items():
            formula = figure.derivations.get(name)
            hedge = f" ({row.hedges[name]})" if name in row.hedges else ""
            lines.append(f"  {name} = {value}{hedge}{f'   computed: {formula}' if formula else ''}")
        lines += [f"  from {portion.told}" for portion in row.many]
        for record in row.records:
            lines.append(f"  from {record.id} ({record.place})")
            if record.paragraph is not None:
                lines.append(f"    {record.source}, ¶{record.paragraph}: “{record.as_printed}”")
            else:
                printed = record.values.get("as_printed", "")
                lines.append(f"    {record.source}{f': “{printed}”' if printed else ''}")
            if record.caveat:
                lines.append(f"    caveat: {record.caveat}")
    return lines


def plain(figure: TracedFigure) -> dict[str, Any]:
    """The trace for machines: of large tables how many records there are, not what finds them."""
    body = asdict(figure)
    for row, traced in zip(body["rows"], figure.rows, strict=True):
        row["count"] = len(traced.records) + sum(
            item.lead.count - item.shown for item in traced.many
        )
        row["many"] = [
            {
                "table": item.of.table,
                "file": item.of.file,
                "count": item.lead.count,
                "shown": item.shown,
                "missing": item.missing,
            }
            for item in traced.many
        ]
    return body

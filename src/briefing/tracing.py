"""Follows a number of a filed issue down to its records, documents and paragraphs.

Everything is read from the issue's own ``provenance.json``: a trace says what stood behind the
number when it was printed, whatever has happened to the data since.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from briefing.errors import UsageError
from briefing.structures import PROVENANCE


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
class TracedRow:
    """A row of a figure with the records behind it."""

    number: int
    cells: Mapping[str, Any]
    hedges: Mapping[str, str]
    records: tuple[TracedRecord, ...]


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
        return tuple(_figure(item, records) for item in body["hasPart"])
    except (KeyError, TypeError):
        raise UsageError(
            f"{PROVENANCE} in {folder} is damaged.", "Build the issue again."
        ) from None


def _record(item: Mapping[str, Any], sources: Mapping[str, Mapping[str, Any]]) -> TracedRecord:
    source = sources[item["source"]]
    about = [source["name"], source["publisher"], source["datePublished"]]
    return TracedRecord(
        id=item["@id"],
        place=f"{item['file']}:{item['line']}",
        source=f"{item['source'].removeprefix('#source-')} {', '.join(filter(None, about))}",
        paragraph=item.get("paragraph"),
        as_printed=item.get("asPrinted", ""),
        caveat=item.get("caveat", ""),
        values=item["values"],
    )


def _figure(item: Mapping[str, Any], records: Mapping[str, TracedRecord]) -> TracedFigure:
    rows = tuple(
        TracedRow(
            number,
            row["cells"],
            row.get("hedges", {}),
            tuple(records[name] for name in row["prov:wasDerivedFrom"]),
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

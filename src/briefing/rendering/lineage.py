"""The provenance of an issue as JSON-LD: figure, row, record, document and paragraph.

Terms are those of schema.org and, for what was derived from what, of the W3C's PROV-O
(https://www.w3.org/TR/prov-o/).
"""

from __future__ import annotations

import json
from typing import Any

from briefing.formatting import is_missing
from briefing.rendering.files import every_figure
from briefing.structures import (
    Composition,
    Figure,
    KeyFigure,
    Portion,
    RecordEntry,
    RecordSet,
    SourceEntry,
    Table,
)


def lineage(composition: Composition) -> str:
    """The whole way from each number back to where it was read, as JSON text."""
    body = {
        "@context": {"@vocab": "https://schema.org/", "prov": "http://www.w3.org/ns/prov#"},
        "@type": "Report",
        "name": composition.title,
        "inLanguage": composition.language,
        "temporalCoverage": f"{composition.period.start}/{composition.period.end}",
        "publisher": {"@type": "Organization", "name": composition.publisher},
        "asOf": composition.as_of.isoformat(),
        "isBasedOn": [_source(entry) for entry in composition.sources],
        "hasPart": [
            *(_key_figure(number, item) for number, item in enumerate(composition.key_figures, 1)),
            *(_figure(figure) for figure in every_figure(composition)),
        ],
        "records": [_record(entry) for _, entry in sorted(composition.records.items())],
    }
    if composition.record_sets:
        body["recordSets"] = [_record_set(item) for item in composition.record_sets]
    return json.dumps(body, ensure_ascii=False, indent=1) + "\n"


def _source(entry: SourceEntry) -> dict[str, Any]:
    return {
        "@id": f"#source-{entry.key}",
        "@type": "CreativeWork",
        "name": entry.title,
        "publisher": entry.publisher,
        "datePublished": entry.published,
        "disambiguatingDescription": entry.caveat,
    }


def _key_figure(number: int, item: KeyFigure) -> dict[str, Any]:
    row: dict[str, Any] = {
        "cells": {"value": item.value},
        "prov:wasDerivedFrom": list(item.records),
    }
    if item.portions:
        row["portions"] = [_portion(portion) for portion in item.portions]
    return {
        "@id": f"#key-figure-{number}",
        "@type": "Observation",
        "identifier": f"key_figure_{number}",
        "alternateName": f"Key figure {number}",
        "name": f"{item.value}: {item.label}",
        "derivations": {},
        "rows": [row],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    from briefing.frames import rows_in  # with pandas, which a process that prints does not load

    table = figure.table
    rows = []
    for number, (cells, records) in enumerate(zip(rows_in(table.frame), figure.rows, strict=True)):
        shown = {
            str(name): _cell(value)
            for name, value in cells.items()
            if name in table.columns and not is_missing(value)
        }
        row: dict[str, Any] = {"cells": shown, "prov:wasDerivedFrom": list(records)}
        if hedges := _hedges(table, cells):
            row["hedges"] = hedges
        if figure.portions:
            row["portions"] = [_portion(figure.portions[number])]
        rows.append(row)
    derived = {item.name: item for item in table.declaration.derive}
    return {
        "@id": f"#{figure.anchor}",
        "@type": "Dataset",
        "identifier": figure.name,
        "alternateName": figure.label,
        "name": figure.title,
        "variableMeasured": [
            {"@type": "PropertyValue", "name": name, "unitText": column.unit}
            for name, column in table.columns.items()
        ],
        "derivations": {name: item.formula for name, item in derived.items()},
        "rows": rows,
    }


def _hedges(table: Table, cells: dict[Any, Any]) -> dict[str, str]:
    """About, at least and the like: they belong to the number wherever it is shown."""
    found = {}
    for name, column in table.columns.items():
        hedge = cells.get(column.qualifier_column) if column.qualifier_column else None
        if not is_missing(hedge) and hedge not in {"", "exact"}:
            found[name] = str(hedge).replace("_", " ")
    return found


def _cell(value: Any) -> Any:
    if hasattr(value, "date"):
        return str(value.date())
    if hasattr(value, "item"):
        return value.item()
    return value


def _portion(portion: Portion) -> dict[str, Any]:
    """How many records of a large table stand behind a row, and where they begin."""
    return {
        "of": portion.of,
        "numberOfRecords": portion.lead.count,
        "firstLine": portion.lead.first,
        "groups": [dict(group) for group in portion.lead.groups],
    }


def _record_set(item: RecordSet) -> dict[str, Any]:
    """What finds the records of a large table again, as long as it is what it was."""
    body: dict[str, Any] = {
        "@id": item.id,
        "table": item.table,
        "file": item.file,
        "source": f"#source-{item.source}",
        "asked": dict(item.asked),
    }
    if item.answer:
        body["answer"] = item.answer
    return body


def _record(entry: RecordEntry) -> dict[str, Any]:
    body: dict[str, Any] = {
        "@id": entry.id,
        "file": entry.file,
        "line": entry.line,
        "source": f"#source-{entry.source}",
        "values": dict(entry.values),
    }
    if entry.paragraph is not None:
        body |= {"paragraph": entry.paragraph, "asPrinted": entry.as_printed}
    if entry.caveat:
        body["caveat"] = entry.caveat
    return body

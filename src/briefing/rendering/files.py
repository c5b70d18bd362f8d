"""The figures as files of their own: each chart as SVG, each table as CSV; what the PDF carries."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from io import StringIO
from typing import Any

from briefing.catalogues import catalogue
from briefing.formatting import is_missing
from briefing.structures import CORRECTION, PROVENANCE, Composition, Correction, Figure, Table


@dataclass(frozen=True)
class Embedded:
    """A file that the PDF carries inside it.

    Attributes:
        name: file name without folder; its ending says what kind of file it is.
        description: what a reader sees beside it.
        relationship: "Data" for the values behind a figure, "Supplement" for what tells more
            about the document (ISO 32000-2, 7.11.3).
        day: when it was as it is: the day as of which the issue is.
    """

    name: str
    body: bytes
    description: str
    relationship: str
    day: date


def figure_files(composition: Composition) -> dict[str, bytes]:
    """``figures/*.svg`` and ``tables/*.csv`` of an issue, named after the figures."""
    files: dict[str, bytes] = {}
    for figure in every_figure(composition):
        if figure.chart:
            files[f"figures/{figure.name}.svg"] = figure.chart.svg.encode()
        files[f"tables/{figure.name}.csv"] = table_csv(figure.table).encode()
    return files


def embedded_files(composition: Composition, files: Mapping[str, bytes]) -> tuple[Embedded, ...]:
    """What the PDF carries: the values behind each figure, and where each was read.

    Args:
        files: the issue's files by path, ``tables/*.csv`` and ``provenance.json`` among them.
    """
    words, day = catalogue(composition.language), composition.as_of
    data = [
        Embedded(
            f"{figure.name}.csv",
            files[f"tables/{figure.name}.csv"],
            words.gettext("Values of {figure}: {title}").format(
                figure=figure.label, title=figure.title
            ),
            "Data",
            day,
        )
        for figure in every_figure(composition)
    ]
    said = words.gettext("Where each number was read, for machines (JSON-LD)")
    lineage = Embedded(PROVENANCE, files[PROVENANCE], said, "Supplement", day)
    carried = [*data, lineage]
    if composition.correction:
        said = words.gettext("Everything that this correction changed, for machines (JSON)")
        carried.append(Embedded(CORRECTION, files[CORRECTION], said, "Supplement", day))
    # The standard wants the names in order.
    return tuple(sorted(carried, key=lambda file: file.name))


def known_json(composition: Composition) -> str:
    """The records as this issue knew them, for the next issue to compare with."""
    body = {
        record.id: {"name": record.name, "value": record.value, "digest": record.digest}
        for record in composition.known
    }
    return json.dumps(body, ensure_ascii=False, indent=0, sort_keys=True) + "\n"


def correction_json(correction: Correction) -> str:
    """Why there is a correction, and all that is different in it, listed on the cover or not."""
    return json.dumps(asdict(correction), ensure_ascii=False, indent=1) + "\n"


def every_figure(composition: Composition) -> list[Figure]:
    """All figures in the order in which they are read."""
    return [figure for section in composition.sections for figure in section.figures]


def table_csv(table: Table) -> str:
    """The table's exact values, with unit and hedge in columns of their own where rows differ."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = list(table.frame.columns)
    writer.writerow([_head(table, str(name)) for name in names])
    for row in table.frame.itertuples(index=False, name=None):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _head(table: Table, name: str) -> str:
    column = table.columns.get(name)
    return f"{name} [{column.unit}]" if column is not None and column.unit else name


def _cell(value: Any) -> str:
    if is_missing(value):
        return ""
    if hasattr(value, "date"):
        return str(value.date())
    if isinstance(value, float):
        return repr(float(value))
    return str(value)

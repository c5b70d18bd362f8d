"""The figures as files of their own: each chart as SVG, each table as CSV."""

from __future__ import annotations

import csv
import json
from io import StringIO
from typing import Any

from briefing.formatting import is_missing
from briefing.structures import Composition, Figure, Table


def figure_files(composition: Composition) -> dict[str, bytes]:
    """``figures/*.svg`` and ``tables/*.csv`` of an issue, named after the figures."""
    files: dict[str, bytes] = {}
    for figure in every_figure(composition):
        if figure.chart:
            files[f"figures/{figure.name}.svg"] = figure.chart.svg.encode()
        files[f"tables/{figure.name}.csv"] = table_csv(figure.table).encode()
    return files


def known_json(composition: Composition) -> str:
    """The records as this issue knew them, for the next issue to compare with."""
    body = {
        record.id: {"name": record.name, "value": record.value, "digest": record.digest}
        for record in composition.known
    }
    return json.dumps(body, ensure_ascii=False, indent=0, sort_keys=True) + "\n"


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

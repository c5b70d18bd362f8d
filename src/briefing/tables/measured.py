"""What a table's measure means: what it aggregates, how, and under which rules."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from briefing.structures import Field, Measure, MeasureUse
from briefing.tables import arithmetic, names
from briefing.tables.work import Work


def measure_of(work: Work, use: MeasureUse, rows: pd.DataFrame) -> tuple[Measure, Field | None]:
    """The measure that is meant, and the field that it aggregates."""
    if use.measure:
        found = work.schema.measures.get(use.measure)
        if found is None and use.measure == "records":
            return Measure("records", aggregation="count"), None
        if found is None:
            known = ", ".join([*work.schema.measures, "records"])
            what = f"table {work.schema.name} has no measure {use.measure!r}"
            raise work.stop(what, f"It has {known}.")
        measure = replace(found, aggregation=use.aggregation or found.aggregation)
    else:
        aggregation = use.aggregation or "sum"
        if "." in use.of and aggregation in {"sum", "mean", "median"}:
            what = f"{use.of!r} stands in another table and would count once for each record here"
            raise work.stop(what, "Aggregate it in a table of its own.")
        parts = _formula_columns(work, use.of) | {use.of}
        declared = [item for item in work.schema.measures.values() if item.column in parts]
        base = _strictest(declared) if declared else Measure(use.name, use.of)
        measure = replace(base, column=names.flat(use.of), aggregation=aggregation)
    if measure.column and measure.column not in rows:
        raise work.stop(f"there is no column {measure.column!r} to aggregate")
    orderly = measure.aggregation in {"count", "nunique", "last", "min", "max"}
    if not orderly and not pd.api.types.is_numeric_dtype(rows[measure.column]):
        raise work.stop(f"column {measure.column!r} holds no numbers to {measure.aggregation}")
    return measure, _measured_field(work, use, measure)


def _formula_columns(work: Work, name: str) -> set[str]:
    """What a derived column is computed from: the guard of those columns is its guard too."""
    formulas = {item.name: item.formula for item in work.declaration.derive}
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in formulas and current not in found:
            waiting += arithmetic.columns_of(formulas[current])
        found.add(current)
    return found


def _strictest(measures: list[Measure]) -> Measure:
    """The rules of all measures of a column together: naming the column loosens none."""
    rank = ("additive", "semi-additive", "non-additive")
    return replace(
        measures[0],
        additivity=max((item.additivity for item in measures), key=rank.index),
        never_across=tuple(dict.fromkeys(c for item in measures for c in item.never_across)),
        addable={key: value for item in measures for key, value in item.addable.items()},
        part_of=next((item.part_of for item in measures if item.part_of), ""),
    )


def _measured_field(work: Work, use: MeasureUse, measure: Measure) -> Field | None:
    """The field that is measured, with the names that its columns have in the rows."""
    if "." not in use.of:
        return work.schema.field_named(measure.column)
    field = names.field_of(work.schema, work.dataset, use.of)
    if field is None:
        return None
    head = use.of.rpartition(".")[0]
    unit_column = names.flat(f"{head}.{field.unit_column}") if field.unit_column else ""
    return replace(field, name=measure.column, unit_column=unit_column, qualifier_column="")

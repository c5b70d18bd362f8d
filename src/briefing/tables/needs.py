"""What a declaration needs of a large table, as a reduction that any engine can answer.

Everything that may group records further stays a column of its own: what the table is grouped by,
across what a measure must not be added, units, hedges. Conditions go along as far as they speak of
the table's own columns; a condition on another table's column becomes one on the keys that meet it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import pandas as pd

from briefing.structures import (
    Combination,
    Comparison,
    Condition,
    Derivation,
    Field,
    Measure,
    MeasureUse,
    Parameter,
)
from briefing.structures.reductions import Last, PartialKind, Reduction
from briefing.tables import arithmetic, names
from briefing.tables.conditions import columns_of, holds, parameters_of
from briefing.tables.measured import measure_of
from briefing.tables.work import Work

_REMEDY = "Leave the measure out, or keep the table below `large` in its description."
_TIMES = {"period.start", "period.end", "as_of"}
_NUMBERS = ("integer", "number", "year", "date")


def reduction_of(
    work: Work, specimen: pd.DataFrame, scope: Mapping[str, Any]
) -> tuple[Reduction, Condition | None]:
    """What to ask, and what is left of the condition for the reduced frame.

    Args:
        specimen: the table's columns without rows, with every column that the declaration names.
        scope: values of the names that a condition may hold.

    Raises:
        TableError: the measure cannot be put together from parts of a table.
    """
    own = own_columns(work)
    pushed, rest = _divided(work, work.declaration.where, scope, own)
    groups: dict[str, None] = {}
    measured: dict[tuple[str, PartialKind], None] = {}
    lasts: dict[Last, None] = {}
    for name in _named(work, rest):
        groups |= dict.fromkeys(_behind(work, name))
    for use in work.declaration.measures:
        measure, field = measure_of(work, use, specimen)
        kinds, columns = _parts(work, use, measure, field)
        measured |= dict.fromkeys(kinds)
        if measure.aggregation == "last":
            lasts |= dict.fromkeys([_last(work, use, measure, own)])
        for name in columns:
            groups |= dict.fromkeys(_behind(work, name))
    grain = work.declaration.grain
    if grain:
        field = work.schema.field_named(grain[0])
        finer = grain[0] in groups or field is None or field.type != "date"
        groups.setdefault(grain[0])
        grain = None if finer else grain
    mentioned = {*groups, *(name for name, _ in measured), *columns_of(pushed)}
    mentioned |= {item.column for item in lasts}
    derive = tuple(item for item in work.declaration.derive if item.name in mentioned)
    for item in derive:
        _try(work, item)
    asked = Reduction(tuple(groups), tuple(measured), pushed, grain, derive, tuple(lasts))
    return asked, rest


def own_columns(work: Work) -> frozenset[str]:
    """Columns whose cells are those of the source: neither translated nor from another table."""
    suffix = f"_{work.language}"
    fields = {field.name for field in work.schema.fields}
    derived = {item.name for item in work.declaration.derive}
    return frozenset(name for name in fields | derived if f"{name}{suffix}" not in fields)


def translations(work: Work) -> dict[str, str]:
    """Columns that show another one's cells to the reader where it has any, with that one."""
    names = {field.name for field in work.schema.fields}
    return {name: f"{name}_{work.language}" for name in names if f"{name}_{work.language}" in names}


def _behind(work: Work, name: str) -> Iterator[str]:
    """The columns of the source from which a column can be made after grouping."""
    head = name.partition(".")[0]
    translated = f"{head}_{work.language}"
    if work.schema.field_named(translated):
        yield translated
    if work.schema.field_named(head) or head in {item.name for item in work.declaration.derive}:
        yield head


def _named(work: Work, rest: Condition | None) -> Iterator[str]:
    """What the declaration groups by, and what is still to be compared afterwards."""
    yield from work.declaration.by
    yield from filter(None, [work.declaration.pivot, work.declaration.complete])
    yield from columns_of(rest)


def _parts(
    work: Work, use: MeasureUse, measure: Measure, field: Field | None
) -> tuple[list[tuple[str, PartialKind]], list[str]]:
    """The partial values of a measure, and the columns that must stay apart for it.

    Raises:
        TableError: it needs the records themselves.
    """
    if measure.aggregation == "count":
        return [], []
    if measure.aggregation == "sum" and measure.part_of:
        what = f"{use.name!r} has `part_of`, which looks at single records of a large table"
        raise work.stop(what, _REMEDY)
    apart = [*measure.never_across, *measure.addable]
    if field:
        apart += filter(None, [field.unit_column, field.qualifier_column])
    if measure.aggregation == "last":
        return [], apart
    column = use.of or measure.column
    whole = measure.aggregation in {"nunique", "median"} or "." in use.of
    plain = field is None or field.money or field.type in _NUMBERS
    if whole or not plain:
        return [], [*apart, column]
    if measure.aggregation in {"min", "max"}:
        return [(column, cast(PartialKind, measure.aggregation)), (column, "present")], apart
    return [(column, "sum"), (column, "present")], apart


def _last(work: Work, use: MeasureUse, measure: Measure, own: frozenset[str]) -> Last:
    """What decides which record is the last, as on the small path.

    Raises:
        TableError: a column of it is translated, or stands in another table.
    """
    column = use.of or measure.column
    tie = work.schema.primary_key if measure.order else ()
    found = Last(column, measure.order, tie)
    for name in (column, *found.keys):
        if name not in own:
            why = f"{use.name!r} is a `last` by {name!r}, which is no column of {work.schema.name}"
            raise work.stop(f"{why} as it stands in its file", _REMEDY)
    return found


def _divided(
    work: Work, condition: Condition | None, scope: Mapping[str, Any], own: frozenset[str]
) -> tuple[Condition | None, Condition | None]:
    """The part of a condition that the source can be asked, and the rest."""
    if condition is None:
        return None, None
    if isinstance(condition, Combination) and condition.operator == "and":
        parts = [_divided(work, part, scope, own) for part in condition.parts]
        return _all(pushed for pushed, _ in parts), _all(rest for _, rest in parts)
    heads = {name.partition(".")[0] for name in columns_of(condition)}
    by_edition = isinstance(condition, Comparison) and condition.operator == "=="
    by_edition = by_edition and not set(parameters_of(condition)) <= _TIMES
    if by_edition or not heads <= own:  # editions ask for one value each: one pass for them all
        return None, condition
    return _settled(work, condition, scope), None


def _all(parts: Iterator[Condition | None]) -> Condition | None:
    found = tuple(part for part in parts if part is not None)
    return found[0] if len(found) == 1 else Combination("and", found) if found else None


def _settled(work: Work, condition: Condition, scope: Mapping[str, Any]) -> Condition:
    """The condition with values for parameters, on the table's own columns."""
    if isinstance(condition, Combination):
        parts = tuple(_settled(work, part, scope) for part in condition.parts)
        return Combination(condition.operator, parts)
    value = condition.value
    if isinstance(value, Parameter):
        value = scope[value.name]
    literal = Comparison(condition.column, condition.operator, value)
    return _on_keys(work, literal) if "." in condition.column else literal


def _on_keys(work: Work, condition: Comparison) -> Condition:
    """``region.kind == 'city'`` as the regions of that kind."""
    head = condition.column.partition(".")[0]
    link = work.schema.link_from(head)
    assert link is not None  # the specimen was resolved already
    target = work.dataset.frames[link.table][link.reference[0]]
    keys = pd.concat([target.dropna(), pd.Series([None], dtype=target.dtype)], ignore_index=True)
    rows = names.resolved(pd.DataFrame({head: keys}), work.schema, work.dataset, condition.column)
    met = holds(condition, rows, {})
    wanted = tuple(rows.loc[met, head].dropna())
    if not met.iloc[-1]:
        return Comparison(head, "in", wanted)
    others = tuple(rows.loc[~met, head].dropna())
    return Combination("not", (Comparison(head, "in", others),))


def _try(work: Work, derivation: Derivation) -> None:
    """Refuse a formula now that would fail on the first record."""
    columns = work.columns
    known = [name for name in arithmetic.columns_of(derivation.formula) if name in columns]
    ones = pd.DataFrame({name: pd.Series([1], dtype="Float64") for name in known})
    try:
        arithmetic.derive(ones, columns, derivation)
    except ValueError as error:
        raise work.stop(str(error)) from None

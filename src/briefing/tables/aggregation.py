"""Runs one declaration: filter, group, guard, aggregate, pivot, derive, compare, sort, fold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from briefing.structures import (
    Column,
    Condition,
    Dataset,
    Field,
    Measure,
    Table,
    TableDeclaration,
    TableSchema,
)
from briefing.structures.reductions import ROWS
from briefing.tables import arithmetic, comparisons, many, names, reductions, reshaping
from briefing.tables.additivity import Guard
from briefing.tables.behind import Answer
from briefing.tables.conditions import columns_of, holds
from briefing.tables.measured import measure_of
from briefing.tables.periodic import with_period
from briefing.tables.work import LINES, TableError, Work, problem


def aggregate(
    declaration: TableDeclaration,
    dataset: Dataset,
    scope: Mapping[str, Any],
    language: str,
    answer: Answer | None = None,
) -> Table:
    """Compute a declared table.

    Args:
        scope: values of parameters, ``period.start``, ``period.end`` and ``as_of``.
        language: the reader's, for titles, labels and units.
        answer: what the dataset's table answered where it is too large to hold.

    Raises:
        TableError: a name is unknown, a condition does not fit, or records must not be added.
    """
    schema = schema_of(declaration, dataset)
    if answer is None:
        everything, where = dataset.frames[schema.name], declaration.where
        guard = Guard(schema, declaration, everything)
    else:
        everything, where = answer.frame, answer.rest
        guard = Guard(schema, declaration, everything, answer.first_records)
    work = Work(declaration, schema, dataset, language, guard)
    rows = rows_of(work, everything, where, scope)
    keys = [names.flat(name) for name in declaration.by]
    if declaration.grain:
        keys.append("period")
    frame, columns = _grouped(work, rows, keys)
    mentioned = rows
    if declaration.top and len(frame) > declaration.top:
        rows, frame, columns = _folded(work, rows, frame, keys)
    frame = reshaping.completed(work, frame, keys, mentioned)
    if declaration.pivot:
        frame, columns = reshaping.pivoted(work, rows, frame, columns, keys)
    frame, columns = reshaping.settled(frame, columns)
    frame, columns = _computed(work, rows, frame, columns)
    units = dataset.units_in(language)
    columns = {name: replace(column, units=units) for name, column in columns.items()}
    records = tuple(tuple(sorted(lines)) for lines in frame.pop(LINES))
    frame = frame.reset_index(drop=True)
    selection = answer.selection(records) if answer else None
    records = tuple(() for _ in records) if answer else records
    return Table(declaration.name, frame, columns, schema.name, records, declaration, selection)


def _computed(
    work: Work, rows: pd.DataFrame, frame: pd.DataFrame, columns: dict[str, Column]
) -> tuple[pd.DataFrame, dict[str, Column]]:
    """What is computed from the groups: comparisons, formulas, ranks, shares; then the order."""
    try:
        frame, columns = comparisons.compared(work.declaration, frame, columns, work.words)
        for derivation in work.declaration.derive:
            _refuse_pivoted_sum(work, derivation.formula)
            if derivation.name in rows:
                continue  # computed row by row, before grouping
            name = derivation.name
            frame[name], column = arithmetic.derive(frame, columns, derivation)
            parts = arithmetic.columns_of(derivation.formula)
            columns[name] = arithmetic.hedged(frame, columns, column, parts)
        frame, columns = comparisons.ranked(work.declaration, frame, columns, work.words)
        frame, columns = _shared(work, rows, frame, columns)
        if work.declaration.dropna:
            frame = reshaping.without_gaps(frame, work.declaration.dropna)
        frame = reshaping.ordered(work, frame)
    except ValueError as error:
        raise work.stop(str(error)) from None
    return frame, columns


def schema_of(declaration: TableDeclaration, dataset: Dataset) -> TableSchema:
    """The table of the dataset that a declaration is about.

    Raises:
        TableError: there is none of that name.
    """
    schema = dataset.schemas.get(declaration.dataset)
    if schema is None:
        what = f"the dataset has no table {declaration.dataset!r}"
        known = f"It has {', '.join(dataset.schemas)}."
        raise TableError([problem(declaration, what, known)])
    return schema


def rows_of(
    work: Work, everything: pd.DataFrame, where: Condition | None, scope: Mapping[str, Any]
) -> pd.DataFrame:
    """The records that the table is about, with every column that it names."""
    declaration = work.declaration
    rows = everything
    wanted = [*declaration.by, *columns_of(where), declaration.pivot]
    wanted += [use.of for use in declaration.measures]
    derived = {item.name: item for item in declaration.derive}
    try:
        for name in filter(None, wanted):
            if name in derived and name not in rows:
                found, _ = arithmetic.derive(rows, work.columns, derived[name])
                rows = rows.assign(**{name: found})
            elif name not in rows:
                rows = names.resolved(rows, work.schema, work.dataset, name)
        if where is not None:
            rows = rows[holds(where, rows, scope)]
        if declaration.grain:
            rows = with_period(rows, *declaration.grain)
    except (ValueError, KeyError) as error:
        what = f"there is no value for {error}" if isinstance(error, KeyError) else str(error)
        raise work.stop(what) from None
    return rows.rename(columns={name: names.flat(name) for name in rows.columns})


def _grouped(
    work: Work, rows: pd.DataFrame, keys: list[str]
) -> tuple[pd.DataFrame, dict[str, Column]]:
    """One row for each group: keys, measures with their units and hedges, and its lines."""
    columns = {names.flat(name): _key_column(work, name) for name in work.declaration.by}
    if "period" in keys:
        columns.setdefault("period", Column("period", work.words.gettext("period")))
    if keys and ROWS in rows:
        groups = many.groups_of(rows, keys)
    elif keys:
        by = keys if len(keys) > 1 else keys[0]
        grouping = rows.groupby(by, sort=False, dropna=False, observed=True)
        groups = [(key, list(index)) for key, index in grouping.groups.items()]
    else:
        groups = [((), list(rows.index))] if len(rows) else []
    tuples = [key if isinstance(key, tuple) else (key,) for key, _ in groups]
    frame = pd.DataFrame({key: _key_values(rows, key, tuples, i) for i, key in enumerate(keys)})
    if not keys:
        frame = pd.DataFrame(index=range(len(groups)))
    frame[LINES] = pd.Series([lines for _, lines in groups], dtype=object)
    named = [
        (partial(_group_name, keys, values), lines)
        for values, (_, lines) in zip(tuples, groups, strict=True)
    ]
    for use in work.declaration.measures:
        measure, field = measure_of(work, use, rows)
        _refuse(work, measure, field, rows, named)
        tie = [key for key in work.schema.primary_key if key in rows]
        try:
            values = reductions.values(measure, rows, [lines for _, lines in groups], tie)
        except OverflowError:
            what = f"the sum of {use.name} is too large to be kept exactly"
            raise work.stop(what, "Use a larger unit in the data.") from None
        counted = measure.aggregation in {"count", "nunique"}
        frame[use.name] = reductions.numbers(values, None if counted else rows[measure.column])
        columns[use.name] = _with_unit(work, frame, use.name, field, measure, rows)
    return frame, columns


def _key_column(work: Work, name: str) -> Column:
    """The column of a key, described by its field, where the dotted name leads to one."""
    key = names.flat(name)
    field = names.field_of(work.schema, work.dataset, name)
    if field is None:
        return Column(key, key.replace("_", " "))
    kind = "date" if field.type == "date" else "code" if field.enum or field.labels else "text"
    return Column(key, field.title_in(work.language), kind, labels=field.labels_in(work.language))


def _key_values(
    rows: pd.DataFrame, key: str, tuples: list[tuple[Any, ...]], position: int
) -> pd.Series[Any]:
    values = [None if pd.isna(item[position]) else item[position] for item in tuples]
    return pd.Series(values, dtype=rows[key].dtype)


def _group_name(keys: list[str], values: tuple[Any, ...]) -> str:
    pairs = zip(keys, values, strict=True)
    return ", ".join(f"{key} {'none' if pd.isna(value) else value}" for key, value in pairs)


def _refuse(
    work: Work,
    measure: Measure,
    field: Field | None,
    rows: pd.DataFrame,
    named: Sequence[tuple[str | Callable[[], str], list[int]]],
) -> None:
    """Stop where records would be mixed that must not be: units always, sums by the guard."""
    if measure.aggregation in {"count", "nunique"}:
        return
    units = (field.unit_column,) if field and field.unit_column else ()
    if measure.aggregation == "sum":
        across = tuple(dict.fromkeys([*measure.never_across, *units]))
        checked = replace(measure, never_across=across)
    else:
        checked = Measure(measure.name, measure.column, never_across=units)
    found = work.guard.problems(checked, rows, named)
    if found:
        raise TableError(found)


def _refuse_pivoted_sum(work: Work, formula: str) -> None:
    """Columns that a pivot made of what must not be added are not added by a formula either."""
    pivot = work.declaration.pivot
    if not pivot or not arithmetic.adds(formula) or pivot in work.declaration.across:
        return
    for use in work.declaration.measures:
        measure = work.schema.measures.get(use.measure)
        if measure and (pivot in measure.never_across or measure.additivity == "non-additive"):
            raise ValueError(f"{formula!r} would add {use.name} across {pivot}")


def _with_unit(
    work: Work,
    frame: pd.DataFrame,
    name: str,
    field: Field | None,
    measure: Measure,
    rows: pd.DataFrame,
) -> Column:
    """Describe a measured column; units and hedges that vary by row go into helper columns."""
    title = name.replace("_", " ")
    if field is None or measure.aggregation in {"count", "nunique"}:
        return Column(name, title, "quantity")
    if field.type not in {"integer", "number"} and not field.money:
        return Column(name, title, "date" if field.type == "date" else "text")
    unit_column = qualifier_column = ""
    if field.unit_column:
        unit_column = f"{name}__unit"
        frame[unit_column] = reductions.singles(rows, field.unit_column, frame[LINES].to_list())
    if field.qualifier_column:
        qualifier_column = f"{name}__qualifier"
        lines = frame[LINES].to_list()
        frame[qualifier_column] = reductions.hedges(rows, field.qualifier_column, lines)
    return Column(name, title, "quantity", field.unit, unit_column, qualifier_column)


def _folded(
    work: Work, rows: pd.DataFrame, frame: pd.DataFrame, keys: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Column]]:
    """Keep the largest groups; the rest is grouped again as "other", under the same guard."""
    if len(keys) != 1 or not work.declaration.measures:
        raise work.stop("`top` needs a single column in `by` and a measure")
    key, measure = keys[0], work.declaration.measures[0].name
    if not pd.api.types.is_numeric_dtype(frame[measure]):
        raise work.stop(f"`top` needs numbers to rank by; {measure!r} has none")
    kept = frame.sort_values(key, kind="stable").nlargest(work.declaration.top, measure)[key]
    other = work.other
    if other in set(frame[key].dropna().astype("str")):
        raise work.stop(f"a group is named {other!r} already, so the rest cannot be folded into it")
    rows = rows.assign(**{key: rows[key].astype("str").where(rows[key].isin(kept), other)})
    frame, columns = _grouped(work, rows, keys)
    last = frame[key] == other
    return rows, pd.concat([frame[~last], frame[last]], ignore_index=True), columns


def _shared(
    work: Work, rows: pd.DataFrame, frame: pd.DataFrame, columns: dict[str, Column]
) -> tuple[pd.DataFrame, dict[str, Column]]:
    """Shares of the whole and running totals: both add all records, so both are guarded."""
    declaration = work.declaration
    for name in filter(None, [declaration.share, *declaration.cumulative]):
        _refuse_total(work, rows, name, over_time=name in declaration.cumulative)
    if declaration.share:
        total = frame[declaration.share].sum()
        name = f"{declaration.share}_share"
        frame[name] = (frame[declaration.share].astype("Float64") / total) if total else pd.NA
        columns[name] = Column(name, work.words.gettext("share"), "quantity", "ratio")
    for name in declaration.cumulative:
        target = f"{name}_cumulative"
        order = frame.sort_values("period", kind="stable") if "period" in frame else frame
        values = order[name].fillna(0)
        keys = [
            c for c in columns if c != "period" and columns[c].kind != "quantity" and c in frame
        ]
        if keys:
            running = values.groupby([order[key] for key in keys], dropna=False, sort=False)
            frame[target] = running.cumsum()
        else:
            frame[target] = values.cumsum()
        columns[target] = replace(
            columns[name], name=target, title=work.words.gettext("{name} to date").format(name=name)
        )
    return frame, columns


def _refuse_total(work: Work, rows: pd.DataFrame, name: str, *, over_time: bool) -> None:
    """Stop where the groups of a measure must not be added to a whole."""
    declaration = work.declaration
    use = next((item for item in declaration.measures if item.name == name), None)
    if use is None:
        raise ValueError(f"there is no measure {name!r} to add up")
    if declaration.pivot:
        raise ValueError(f"{name!r} is pivoted and cannot be added up any more")
    measure, field = measure_of(work, use, rows)
    if measure.aggregation not in {"sum", "count"}:
        raise ValueError(f"{name!r} is a {measure.aggregation}, which does not add up to a whole")
    if over_time and measure.additivity == "semi-additive":
        raise ValueError(f"{name!r} is semi-additive and is not added over time")
    timed = {declaration.grain[0]} if declaration.grain else set()
    across = tuple(column for column in measure.never_across if column not in timed)
    groups = _totalled(declaration, rows) if over_time else [("the whole table", list(rows.index))]
    _refuse(work, replace(measure, never_across=across), field, rows, groups)


def _totalled(declaration: TableDeclaration, rows: pd.DataFrame) -> list[tuple[str, list[int]]]:
    """The records that one running total adds: those of each group, over all periods."""
    keys = [names.flat(name) for name in declaration.by]
    if not keys:
        return [("all periods", list(rows.index))]
    by = keys if len(keys) > 1 else keys[0]
    groups = rows.groupby(by, sort=False, dropna=False, observed=True).groups
    return [(str(key), list(index)) for key, index in groups.items()]

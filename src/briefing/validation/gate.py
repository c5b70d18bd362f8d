"""The data gate: declared checks decide whether an issue goes out, with a caveat, or is held.

Unlike problems, which are errors to be mended, a gate looks at sound data and asks whether it is
fresh, complete and consistent enough to print.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pandas as pd

from briefing.catalogues import catalogue
from briefing.formatting import day, is_missing, number, quantity
from briefing.structures import Dataset, GateCheck, GateResult, TableSchema
from briefing.structures.reductions import ROWS, Reduction


def pass_gate(
    checks: tuple[GateCheck, ...], dataset: Dataset, as_of: date, language: str
) -> tuple[GateResult, ...]:
    """The result of every check, in the order declared.

    Args:
        dataset: as known on the as-of day.

    Raises:
        ValueError: a check names a table or column that does not exist, as (check, reason).
    """
    results = []
    for check in checks:
        if check.table not in dataset.schemas:
            raise ValueError(check.name, f"the dataset has no table {check.table!r}")
        schema = dataset.schemas[check.table]
        frame = _large(check, dataset) if check.table in dataset.large else None
        if frame is None:
            frame = dataset.frames[check.table]
        for column in filter(None, (check.column, check.measure and _column(schema, check))):
            if column not in frame:
                raise ValueError(check.name, f"table {check.table} has no column {column!r}")
        rows = _narrowed(check, frame)
        passed, said = _KINDS[check.kind](check, rows, dataset, as_of, language)
        outcome = "passed" if passed else check.otherwise
        results.append(GateResult(check.name, outcome, said))
    return tuple(results)


def _large(check: GateCheck, dataset: Dataset) -> pd.DataFrame:
    """The groups of a large table that a check looks at."""
    if check.kind in {"reconciles", "parts_fit"}:
        what = f"{check.kind} looks at single records, and {check.table} is a large table"
        raise ValueError(check.name, what)
    table = dataset.large[check.table]
    columns = dict.fromkeys(filter(None, (check.column, *check.only)))
    missing = [name for name in columns if table.schema.field_named(name) is None]
    if missing:
        return table.specimen()
    (frame,) = table.reduced([Reduction(groups=tuple(columns))])
    return frame


def _column(schema: TableSchema, check: GateCheck) -> str:
    measure = schema.measures.get(check.measure)
    if measure is None:
        known = ", ".join(schema.measures) or "none"
        raise ValueError(
            check.name, f"table {check.table} has no measure {check.measure!r}; it has {known}"
        )
    return measure.column


def _narrowed(check: GateCheck, frame: pd.DataFrame) -> pd.DataFrame:
    for column, wanted in check.only.items():
        if column not in frame:
            raise ValueError(check.name, f"table {check.table} has no column {column!r}")
        frame = frame[frame[column].astype("str") == wanted]
    return frame


Verdict = tuple[bool, str]


def _title(table: str, dataset: Dataset, language: str) -> str:
    return dataset.schemas[table].title_in(language)


def _looked_at(check: GateCheck, dataset: Dataset, language: str) -> str:
    """The records that a check is about: the table, and what narrows them down."""
    title = _title(check.table, dataset, language)
    narrowed = _narrowing(check, dataset, language)
    return f"{title} ({narrowed})" if narrowed else title


def _narrowing(check: GateCheck, dataset: Dataset, language: str) -> str:
    """The values of ``only`` as a reader sees them."""
    schema = dataset.schemas[check.table]
    words = []
    for column, value in check.only.items():
        field = schema.field_named(column)
        words.append(field.labels_in(language).get(value, value) if field else value)
    return ", ".join(words)


def _max_age(
    check: GateCheck, rows: pd.DataFrame, dataset: Dataset, as_of: date, language: str
) -> Verdict:
    """The newest record is not older than so many days."""
    say = catalogue(language).gettext
    if not pd.api.types.is_datetime64_any_dtype(rows[check.column]):
        raise ValueError(check.name, f"{check.column!r} of {check.table} holds no dates")
    newest: Any = rows[check.column].max() if len(rows) else None
    if is_missing(newest):
        said = say("{table} holds no dated record")
        return False, said.format(table=_looked_at(check, dataset, language))
    age = (as_of - newest.date()).days
    said = say(
        "the newest record of {table} is of {day}, {age} days before; allowed are {allowed}"
    ).format(
        table=_looked_at(check, dataset, language),
        day=day(newest, language),
        age=number(age, language),
        allowed=number(check.days, language),
    )
    return age <= check.days, said


def _rows(
    check: GateCheck, rows: pd.DataFrame, dataset: Dataset, _: date, language: str
) -> Verdict:
    """The number of records lies in the band."""
    say = catalogue(language).gettext
    low, high = check.at_least, check.at_most
    said = say("{table} has {count} records; expected are at least {low}")
    if high is not None:
        said = say("{table} has {count} records; expected are {low} to {high}")
    counted = int(rows[ROWS].sum()) if ROWS in rows else len(rows)
    passed = counted >= low and (high is None or counted <= high)
    return passed, said.format(
        table=_looked_at(check, dataset, language),
        count=number(counted, language),
        low=number(low, language),
        high=number(high or 0, language),
    )


def _all_present(
    check: GateCheck, rows: pd.DataFrame, dataset: Dataset, _: date, language: str
) -> Verdict:
    """Every key of the referenced table has a record."""
    link = dataset.schemas[check.table].link_from(check.column)
    if link is None:
        raise ValueError(check.name, f"{check.column!r} of {check.table} is no foreign key")
    wanted = dataset.frames[link.table]
    for column, value in check.among.items():
        if column not in wanted:
            raise ValueError(check.name, f"table {link.table} has no column {column!r}")
        wanted = wanted[wanted[column].astype("str") != value]
    keys = list(wanted[link.reference[0]])
    absent = [str(key) for key in keys if key not in set(rows[check.column])]
    say, table = catalogue(language).gettext, _looked_at(check, dataset, language)
    if absent:
        return False, say("{table} lacks {names}").format(table=table, names=", ".join(absent))
    said = say("{table} has a record for each of the {count} entries of {other}")
    other = _title(link.table, dataset, language)
    return True, said.format(table=table, count=number(len(keys), language), other=other)


def _reconciles(
    check: GateCheck, rows: pd.DataFrame, dataset: Dataset, _: date, language: str
) -> Verdict:
    """Parts add up to the whole that is printed, within a tolerance."""
    say = catalogue(language).gettext
    worst = 0.0
    said = say("no whole of {table} has parts").format(table=_looked_at(check, dataset, language))
    for whole, total, parts, unit in _wholes(check, rows, dataset, language):
        gap = abs(parts - total) / abs(total) if total else float(parts != 0)
        if gap >= worst:
            worst = gap
            said = say("the parts of {whole} add up to {parts}, printed is {total}").format(
                whole=whole,
                parts=quantity(parts, unit, language, units=dataset.units_in(language)),
                total=quantity(total, unit, language, units=dataset.units_in(language)),
            )
    return worst <= check.tolerance, said


def _parts_fit(
    check: GateCheck, rows: pd.DataFrame, dataset: Dataset, _: date, language: str
) -> Verdict:
    """No parts exceed their whole."""
    say, units = catalogue(language).gettext, dataset.units_in(language)
    over, count = [], 0
    for whole, total, parts, unit in _wholes(check, rows, dataset, language):
        count += 1
        if parts > total * (1 + check.tolerance):
            over.append(
                say("the parts of {whole} add up to {parts}, more than its {total}").format(
                    whole=whole,
                    parts=quantity(parts, unit, language, units=units),
                    total=quantity(total, unit, language, units=units),
                )
            )
    if over:
        return False, "; ".join(over)
    said = say("no parts exceed their whole in {table}; {count} looked at")
    table = _looked_at(check, dataset, language)
    return True, said.format(table=table, count=number(count, language))


def _called(rows: pd.DataFrame) -> str:
    """A record as a reader would call it, by the first of the naming columns that it has."""
    for column in ("name", "purpose", "indicator_name"):
        if column in rows and not is_missing(rows[column].iloc[0]):
            return f"“{rows[column].iloc[0]}”"
    return ""


def _wholes(
    check: GateCheck, rows: pd.DataFrame, dataset: Dataset, language: str
) -> list[tuple[str, Any, Any, str]]:
    """For each record with parts: its key, its value, the sum of the parts, the unit."""
    schema = dataset.schemas[check.table]
    measure = schema.measures[check.measure]
    field = schema.field_named(measure.column)
    if not measure.part_of or not schema.primary_key:
        raise ValueError(check.name, f"{check.measure!r} has no `part_of`, so nothing lies inside")
    key = schema.primary_key[0]
    found = []
    for whole, parts in rows.dropna(subset=[measure.part_of]).groupby(measure.part_of, sort=False):
        own = rows[rows[key] == whole]
        if not len(own) or is_missing(own[measure.column].iloc[0]):
            continue
        unit = field.unit if field else ""
        if field and field.unit_column:
            unit = str(own[field.unit_column].iloc[0])
        column = measure.column
        name = _called(own) or _narrowing(check, dataset, language) or str(whole)
        found.append((name, own[column].iloc[0], parts[column].sum(), unit))
    return found


Kind = Callable[[GateCheck, pd.DataFrame, Dataset, date, str], Verdict]
_KINDS: Mapping[str, Kind] = {
    "max_age": _max_age,
    "rows": _rows,
    "all_present": _all_present,
    "reconciles": _reconciles,
    "parts_fit": _parts_fit,
}

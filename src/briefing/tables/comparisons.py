"""Comparisons of a table with itself: the period before, a year before, or the target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
from babel.support import NullTranslations

from briefing.periods import Period
from briefing.structures import Column, TableDeclaration
from briefing.tables.arithmetic import hedged

KINDS = ("previous period", "same period last year", "target")
_SHIFTS: dict[str, Callable[[Period], Period]] = {
    "previous period": Period.previous,
    "same period last year": Period.same_last_year,
}


def compared(
    declaration: TableDeclaration,
    frame: pd.DataFrame,
    columns: dict[str, Column],
    words: NullTranslations,
) -> tuple[pd.DataFrame, dict[str, Column]]:
    """Add the columns that ``compare`` asks for.

    A comparison in time adds ``<measure>_before``, ``<measure>_change`` and
    ``<measure>_change_ratio`` (change over before). ``target`` adds ``attained``: actual over
    target, both of the same indicator.

    Raises:
        ValueError: the table lacks what the comparison needs, or units differ.
    """
    if not declaration.compare:
        return frame, columns
    if declaration.compare == "target":
        return _against_target(declaration, frame, columns, words)
    if "period" not in frame:
        raise ValueError(f"`compare: {declaration.compare}` needs a `grain`")
    shift = _SHIFTS[declaration.compare]
    keys = [c for c in columns if c != "period" and columns[c].kind != "quantity"]
    for use in declaration.measures:
        if use.name not in columns:
            raise ValueError(f"{use.name!r} is pivoted; a comparison in time needs it as a column")
        if columns[use.name].unit_column:
            raise ValueError(f"{use.name!r} mixes units and cannot be compared")
        cells = {_key(row, keys, row["period"]): row[use.name] for _, row in frame.iterrows()}
        before = [
            cells.get(_key(row, keys, str(shift(Period.parse(row["period"])))), pd.NA)
            for _, row in frame.iterrows()
        ]
        name = use.name
        dtype = frame[name].dtype
        frame[f"{name}_before"] = pd.Series(before, index=frame.index, dtype=dtype)
        frame[f"{name}_change"] = frame[name] - frame[f"{name}_before"]
        ratio = frame[f"{name}_change"].astype("Float64") / frame[f"{name}_before"].astype(
            "Float64"
        )
        frame[f"{name}_change_ratio"] = ratio.replace([float("inf"), float("-inf")], None)
        for suffix, unit, title in (
            ("before", None, words.gettext("{name} before")),
            ("change", None, words.gettext("change of {name}")),
            ("change_ratio", "ratio", words.gettext("relative change of {name}")),
        ):
            column = f"{name}_{suffix}"
            columns[column] = replace(
                columns[name],
                name=column,
                title=title.format(name=name),
                unit=columns[name].unit if unit is None else unit,
                qualifier_column="",
            )
    return frame, columns


def _key(row: pd.Series, keys: list[str], period: str) -> tuple[object, ...]:
    return (*(None if pd.isna(row[key]) else row[key] for key in keys), period)


def _against_target(
    declaration: TableDeclaration,
    frame: pd.DataFrame,
    columns: dict[str, Column],
    words: NullTranslations,
) -> tuple[pd.DataFrame, dict[str, Column]]:
    prefixes = ["", *(f"{use.name}_" for use in declaration.measures)]
    prefix = next((item for item in prefixes if f"{item}target" in frame), None)
    if prefix is None:
        raise ValueError("`compare: target` needs a column `target`; pivot the role")
    target, actual = f"{prefix}target", f"{prefix}actual"
    if actual not in frame:  # nothing has been reported yet
        frame[actual] = pd.Series(pd.NA, index=frame.index, dtype="Float64")
        columns[actual] = Column(actual, words.gettext("actual"), "quantity", columns[target].unit)
    both = frame[actual].notna() & frame[target].notna()
    if (_units(frame, columns[actual])[both] != _units(frame, columns[target])[both]).any():
        raise ValueError("actual and target are counted in different units")
    frame["attained"] = frame[actual].astype("Float64") / frame[target].astype("Float64")
    attained = Column("attained", words.gettext("attained"), "quantity", "ratio")
    columns["attained"] = hedged(frame, columns, attained, (actual, target))
    return frame, columns


def _units(frame: pd.DataFrame, column: Column) -> pd.Series[str]:
    if column.unit_column:
        return frame[column.unit_column]
    return pd.Series(column.unit, index=frame.index, dtype="str")


def ranked(
    declaration: TableDeclaration,
    frame: pd.DataFrame,
    columns: dict[str, Column],
    words: NullTranslations,
) -> tuple[pd.DataFrame, dict[str, Column]]:
    """Add ``<measure>_rank`` for each measure of ``rank``; a missing value has no place.

    The largest value is first and equal values share a place, as ``rank(method="min",
    ascending=False)`` of pandas has it.

    Raises:
        ValueError: there is no such column of numbers, or its rows mix units.
    """
    for name in declaration.rank:
        column = columns.get(name)
        if column is None or not pd.api.types.is_numeric_dtype(frame[name]):
            raise ValueError(f"there are no numbers in {name!r} to rank")
        if column.unit_column:
            raise ValueError(f"{name!r} mixes units and cannot be ranked")
        places = frame[name].rank(method="min", ascending=False)
        frame[f"{name}_rank"] = places.astype("Int64")
        title = words.gettext("place")
        columns[f"{name}_rank"] = Column(f"{name}_rank", title, "quantity")
    return frame, columns

"""Whether a finished table may be added up further, as a chart of stacked parts does."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from briefing.errors import Problem
from briefing.structures import Dataset, Edition, Table
from briefing.tables import aggregate_all
from briefing.tables.names import flat
from briefing.tables.work import problem

_REMEDY = "Draw a grouped_bar, which adds nothing."


def problems_of_adding(
    table: Table, value: str, across: Collection[str], dataset: Dataset, edition: Edition
) -> list[Problem]:
    """Why the values of a table must not be added across some of its columns.

    The table is computed once more without these columns. The guard then looks at every sum,
    and the sum must be what the parts make together: distinct names counted twice do not.

    Args:
        value: the column that would be added.
        across: the columns whose parts would be put together.
        dataset: as known on the edition's as-of day.
    """
    declaration = table.declaration
    if declaration.use:
        return []  # the function answers for what it returns
    measures = tuple(use for use in declaration.measures if use.name == value)
    if not measures:
        what = f"{value!r} is no measure of the table {table.name}, so it is not added"
        return [problem(declaration, what, _REMEDY)]
    wholes = replace(
        declaration,
        by=tuple(name for name in declaration.by if flat(name) not in across),
        measures=measures,
        derive=tuple(item for item in declaration.derive if item.name == measures[0].of),
        sort=(),
        top=0,
        pivot="",
        complete="",
        dropna=(),
        compare="",
        rank=(),
        share="",
        cumulative=(),
    )
    computed, problems = aggregate_all((wholes,), dataset, edition)
    if problems:
        return problems
    parts = table.frame[value].sum()
    whole = computed[declaration.name].frame[value].sum()
    if abs(float(parts) - float(whole)) <= 1e-9 * abs(float(whole)):
        return []
    what = f"the parts of {value!r} make {parts} together, the whole is {whole}"
    return [problem(declaration, what, _REMEDY)]

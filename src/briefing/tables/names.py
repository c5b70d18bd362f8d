"""Dotted names: ``region.name`` follows the foreign key of ``region`` to the name over there."""

from __future__ import annotations

import pandas as pd

from briefing.structures import Dataset, Field, TableSchema


def flat(name: str) -> str:
    """The name that a column has in a result: ``region.name`` becomes ``region_name``."""
    return name.replace(".", "_").replace("-", "_")


def resolved(rows: pd.DataFrame, schema: TableSchema, dataset: Dataset, name: str) -> pd.DataFrame:
    """The rows with the dotted column added.

    Raises:
        ValueError: there is no such column, or no single foreign key to follow.
    """
    if name in rows:
        return rows
    head, _, rest = name.partition(".")
    if not rest:
        raise ValueError(f"table {schema.name} has no column {name!r}")
    link = schema.link_from(head)
    if link is None:
        raise ValueError(f"{name!r}: {head!r} of {schema.name} is no foreign key to follow")
    target_schema = dataset.schemas[link.table]
    target = resolved(dataset.frames[link.table], target_schema, dataset, rest)
    target = target.drop_duplicates(link.reference[0])
    lookup = target.set_index(link.reference[0])[rest]
    found = rows[head].map(lookup.to_dict())
    rows = rows.assign(**{name: found.astype(lookup.dtype)})
    field = field_of(schema, dataset, name)
    if field is not None and field.unit_column:
        unit = f"{name.rpartition('.')[0]}.{field.unit_column}"
        return resolved(rows, schema, dataset, unit)
    return rows


def field_of(schema: TableSchema, dataset: Dataset, name: str) -> Field | None:
    """The field that a dotted name leads to, in the table where it stands; None for no field."""
    head, _, rest = name.partition(".")
    if not rest:
        return schema.field_named(name)
    link = schema.link_from(head)
    return field_of(dataset.schemas[link.table], dataset, rest) if link else None

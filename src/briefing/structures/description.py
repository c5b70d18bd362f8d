"""What a dataset's description says of its tables, columns, keys and measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

FieldType = Literal["string", "integer", "number", "boolean", "date", "year"]
Additivity = Literal["additive", "semi-additive", "non-additive"]
Aggregation = Literal["sum", "count", "mean", "median", "min", "max", "last", "nunique"]


@dataclass(frozen=True)
class Field:
    """One column of a dataset table, as its Table Schema describes it."""

    name: str
    type: FieldType = "string"
    title: str = ""
    required: bool = False
    unique: bool = False
    enum: tuple[str, ...] = ()
    pattern: str = ""
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    unit_column: str = ""
    qualifier_column: str = ""
    money: bool = False


@dataclass(frozen=True)
class ForeignKey:
    """Values of ``fields`` must exist in ``reference`` of the table ``table``."""

    fields: tuple[str, ...]
    table: str
    reference: tuple[str, ...]


@dataclass(frozen=True)
class Measure:
    """What may be aggregated, how, and across what it must never be added.

    Attributes:
        addable: column -> the values with which a record may enter a sum at all.
        never_across: columns that must hold one single value among records added together.
        part_of: column naming the record that already contains this one.
        order: column by which "last" is decided.
    """

    name: str
    column: str = ""
    aggregation: Aggregation = "sum"
    additivity: Additivity = "additive"
    never_across: tuple[str, ...] = ()
    addable: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    part_of: str = ""
    order: str = ""


@dataclass(frozen=True)
class TableSchema:
    """One table of the dataset: its columns, keys and measures."""

    name: str
    file: str
    title: str
    fields: tuple[Field, ...]
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    measures: Mapping[str, Measure] = field(default_factory=dict)
    constant_within: tuple[tuple[str, tuple[str, ...]], ...] = ()
    known: str = ""

    def field_named(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((item for item in self.fields if item.name == name), None)

    def link_from(self, column: str) -> ForeignKey | None:
        """The single-column foreign key that starts at the column, or None."""
        return next((key for key in self.foreign_keys if key.fields == (column,)), None)

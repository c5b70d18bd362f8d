"""What a dataset's description says of its tables, columns, keys and measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from briefing.structures.reductions import LargeSource

FieldType = Literal["string", "integer", "number", "boolean", "date", "year"]
Additivity = Literal["additive", "semi-additive", "non-additive"]
Aggregation = Literal["sum", "count", "mean", "median", "min", "max", "last", "nunique"]


@dataclass(frozen=True)
class UnitWords:
    """What a unit is called beside a number of one, beside other numbers, and after "per".

    Words with ``{}`` hold the number: "place {}".
    """

    one: str
    other: str
    per: str


@dataclass(frozen=True)
class Field:
    """One column of a dataset table, as its Table Schema describes it.

    Attributes:
        titles: its title in other languages than the description's own.
        labels: for each word of its vocabulary, what a reader sees, by language.
    """

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
    titles: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def title_in(self, language: str) -> str:
        """The title in that language; the description's own where there is none."""
        return self.titles.get(language, self.title)

    def labels_in(self, language: str) -> dict[str, str]:
        """The words of the vocabulary as a reader of that language sees them."""
        return {value: words[language] for value, words in self.labels.items() if language in words}


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
    titles: Mapping[str, str] = field(default_factory=dict)

    def title_in(self, language: str) -> str:
        """The title in that language; the description's own where there is none."""
        return self.titles.get(language, self.title)

    def field_named(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((item for item in self.fields if item.name == name), None)

    def link_from(self, column: str) -> ForeignKey | None:
        """The single-column foreign key that starts at the column, or None."""
        return next((key for key in self.foreign_keys if key.fields == (column,)), None)


@dataclass(frozen=True)
class DatasetDescription:
    """A dataset's title, one schema per table, and what its units are called, by language.

    Attributes:
        large: the tables that nobody holds, and where each is read.
    """

    title: str
    schemas: tuple[TableSchema, ...]
    units: Mapping[str, Mapping[str, UnitWords]] = field(default_factory=dict)
    large: tuple[LargeSource, ...] = ()

"""What the author of a report declared, checked and in the project's own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from briefing.periods import Grain
from briefing.structures.description import Aggregation


@dataclass(frozen=True)
class Text:
    """An author's string in each of its languages, and where it stands."""

    by_language: Mapping[str, str]
    file: str
    line: int
    key: str


@dataclass(frozen=True)
class Comparison:
    """``column operator value``; ``value`` may be a Parameter."""

    column: str
    operator: Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]
    value: Any


@dataclass(frozen=True)
class Parameter:
    """Stands in a condition for the value of the report's parameter of that name."""

    name: str


@dataclass(frozen=True)
class Combination:
    """``and``, ``or`` (all parts) or ``not`` (the single part)."""

    operator: Literal["and", "or", "not"]
    parts: tuple[Comparison | Combination, ...]


Condition = Comparison | Combination


@dataclass(frozen=True)
class MeasureUse:
    """A measure as a table uses it: by name, or an aggregation of a column."""

    name: str
    measure: str = ""
    of: str = ""
    aggregation: Aggregation | None = None


@dataclass(frozen=True)
class Derivation:
    """A column computed from other columns by arithmetic."""

    name: str
    formula: str
    unit: str = ""


@dataclass(frozen=True)
class TableDeclaration:
    """A declared aggregation; the words are those of pandas."""

    name: str
    file: str
    line: int
    dataset: str = ""
    use: str = ""
    where: Condition | None = None
    by: tuple[str, ...] = ()
    measures: tuple[MeasureUse, ...] = ()
    grain: tuple[str, Grain] | None = None
    derive: tuple[Derivation, ...] = ()
    sort: tuple[str, ...] = ()
    top: int = 0
    pivot: str = ""
    complete: str = ""
    dropna: tuple[str, ...] = ()
    compare: str = ""
    rank: tuple[str, ...] = ()
    share: str = ""
    cumulative: tuple[str, ...] = ()
    across: tuple[str, ...] = ()


@dataclass(frozen=True)
class FigureDeclaration:
    """A chart or a printed table: which table it shows, how, and what it says."""

    name: str
    kind: str
    table: str
    title: Text
    options: Mapping[str, Any]
    file: str
    line: int
    notes: tuple[Text, ...] = ()
    alt: Text | None = None
    columns: Mapping[str, Text] = field(default_factory=dict)
    optional: bool = False
    limit: int = 0


@dataclass(frozen=True)
class FindingDeclaration:
    """A computed sentence; findings with the smallest rank stand on the cover."""

    name: str
    text: Text
    rank: int
    why: Text | None = None
    figure: str = ""
    optional: bool = False


@dataclass(frozen=True)
class KeyFigureDeclaration:
    """A number for the cover with its label."""

    value: Text
    label: Text
    table: str
    only: Mapping[str, str] = field(default_factory=dict)
    line: int = 0
    optional: bool = False
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListDeclaration:
    """A list with an item for each row of a table."""

    table: str
    item: Text


@dataclass(frozen=True)
class SectionDeclaration:
    """A chapter: a title, paragraphs, a list, figures in order.

    Attributes:
        if_empty: what is said instead where it has neither items nor figures.
    """

    title: Text
    text: tuple[Text, ...]
    figures: tuple[str, ...]
    items: ListDeclaration | None = None
    if_empty: Text | None = None


@dataclass(frozen=True)
class GateCheck:
    """A check that the data must pass before an issue goes out.

    Attributes:
        kind: max_age, rows, all_present, reconciles or parts_fit.
        otherwise: "caveat" (goes out with a printed caveat) or "hold".
        only: columns and values that narrow the records down.
        among: for all_present, columns and values of keys that are not expected.
    """

    name: str
    kind: str
    table: str
    otherwise: str
    line: int
    column: str = ""
    measure: str = ""
    days: int = 0
    at_least: int = 0
    at_most: int | None = None
    tolerance: float = 0.0
    only: Mapping[str, str] = field(default_factory=dict)
    among: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SinceDeclaration:
    """What "Since the last issue" compares.

    Attributes:
        tables: tables of the dataset whose records are compared.
        due: a declared table and its date column; rows that fell due since are named.
        due_label: the column that names such a row.
    """

    tables: tuple[str, ...]
    line: int
    due: str = ""
    due_column: str = ""
    due_label: str = ""


@dataclass(frozen=True)
class ParameterValues:
    """The values that a report's parameter takes: a column of the dataset, or part of it."""

    table: str
    column: str
    where: Condition | None = None


@dataclass(frozen=True)
class ReportDefinition:
    """One folder of ``report_templates/``, checked."""

    name: str
    folder: Path
    file: str
    title: Text
    subtitle: Text | None
    grain: Grain
    tables: tuple[TableDeclaration, ...]
    figures: Mapping[str, FigureDeclaration]
    findings: tuple[FindingDeclaration, ...]
    key_figures: tuple[KeyFigureDeclaration, ...]
    sections: tuple[SectionDeclaration, ...]
    methods: tuple[Text, ...]
    gate: tuple[GateCheck, ...] = ()
    since: SinceDeclaration | None = None
    parameters: Mapping[str, ParameterValues] = field(default_factory=dict)
    compact: bool = False

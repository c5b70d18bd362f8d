"""Blocks of a large table, typed and checked by the rules of single cells.

Text is looked at once for each different value, numbers are looked at all together; where
anything is not plainly right, every cell of the column goes through the rules for cells, so a
large table has the same problems in the same lines as a small one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from briefing.errors import Problem
from briefing.formatting import CURRENCIES, minor_units
from briefing.structures import Field, TableSchema
from briefing.structures.reductions import Coded, PlainText, RawBlock
from briefing.validation.cells import DTYPES, amount_of, cell_of

NAMED = 20
"""So many problems of a large table are named; the others are counted."""
_LARGEST = 2.0**63 - 1024
Flaw = tuple[str, str]
Cells = Coded | PlainText | pd.Series


class TypedBlock:
    """Typed columns of a block, each made when it is first asked for.

    Attributes:
        lines: of each record.
    """

    def __init__(self, lines: Any, load: Callable[[str], Cells]) -> None:
        self.lines = lines
        self._load = load
        self._loaded: dict[str, Cells] = {}
        self._coded: dict[str, Coded] = {}

    def load(self, column: str) -> Cells:
        """A column in the form that it has."""
        if column not in self._loaded:
            self._loaded[column] = self._load(column)
        return self._loaded[column]

    def coded(self, column: str) -> Coded:
        """A column by its different values."""
        found = self.load(column)
        if isinstance(found, Coded):
            return found
        found = self.series(column)
        if column not in self._coded:
            codes, values = pd.factorize(found, use_na_sentinel=False)
            kept = pd.Series(values, dtype=found.dtype)
            self._coded[column] = Coded(codes.astype(np.int64), kept)
        return self._coded[column]

    def series(self, column: str) -> pd.Series[Any]:
        """A column value by value."""
        found = self.load(column)
        if isinstance(found, Coded):
            return found.values.take(found.codes).reset_index(drop=True)
        return found.series() if isinstance(found, PlainText) else found


@dataclass
class Findings:
    """The problems of a large table: the first ones by line, and how many more there are."""

    problems: list[Problem] = field(default_factory=list)
    more: int = 0

    def add(self, problems: Iterator[Problem] | list[Problem], count: int) -> None:
        """Note problems in the order of their lines; ``count`` with those not given."""
        taken: list[Problem] = []
        for problem in problems:
            if len(taken) == NAMED:
                break
            taken.append(problem)
        kept = sorted([*self.problems, *taken])[:NAMED]
        self.more += len(self.problems) + count - len(kept)
        self.problems = kept


def typed_block(raw: RawBlock, schema: TableSchema, findings: Findings) -> TypedBlock:
    """A block whose columns are typed; all problems of all cells are noted at once."""
    columns = {item.name: _column(raw, schema, item, findings) for item in schema.fields}
    return TypedBlock(raw.lines, columns.__getitem__)


def loosely_typed(raw: RawBlock, schema: TableSchema) -> TypedBlock:
    """A block that was checked before: a column is typed when it is asked for."""

    def load(name: str) -> Cells:
        found = schema.field_named(name)
        assert found is not None
        return _column(raw, schema, found, Findings())

    return TypedBlock(raw.lines, load)


def _column(raw: RawBlock, schema: TableSchema, item: Field, findings: Findings) -> Cells:
    if item.type == "string" and not item.money:
        plain = raw.plain(item.name)
        free = not (item.enum or item.pattern)
        if plain is not None and free and not (item.required and plain.missing):
            return plain
    elif item.money or item.type in {"integer", "number"}:
        numbers = raw.numbers(item.name)
        if numbers is not None and _within(numbers, item):
            amounts = _minor(raw, item, numbers) if item.money else numbers
            if amounts is not None:
                return amounts
    return _by_value(raw, schema, item, findings)


def _within(numbers: pd.Series[Any], item: Field) -> bool:
    """Whether all of a column's numbers meet its constraints."""
    if item.enum or item.pattern:
        return False
    if item.required and numbers.isna().any():
        return False
    present = numbers.dropna()
    if not len(present):
        return True
    below = item.minimum is not None and present.min() < item.minimum
    above = item.maximum is not None and present.max() > item.maximum
    return not below and not above


def _minor(raw: RawBlock, item: Field, numbers: pd.Series[Any]) -> pd.Series[Any] | None:
    """Whole amounts in minor units; None where a currency is unknown, or the product too large."""
    if not pd.api.types.is_integer_dtype(numbers):
        return None
    if not item.unit_column:
        if item.unit not in CURRENCIES:
            return None
        factors: Any = minor_units(item.unit)
        largest = factors
    else:
        units = raw.texts(item.unit_column)
        used = set(units.values.iloc[np.unique(units.codes)].fillna(""))
        if not used <= set(CURRENCIES):
            return None
        each = [minor_units(unit) if unit in CURRENCIES else 1 for unit in units.values.fillna("")]
        factors = np.array(each, dtype=np.int64)[units.codes]
        largest = max(each, default=1)
    if largest == 1:
        return numbers
    present = numbers.dropna()
    if len(present) and float(present.abs().max()) * largest > _LARGEST:
        return None
    amounts: pd.Series[Any] = numbers * factors
    return amounts


def _by_value(raw: RawBlock, schema: TableSchema, item: Field, findings: Findings) -> Cells:
    """A column through the rules for cells, once for each different text."""
    texts = raw.texts(item.name)
    flaws: list[Flaw | None] = []
    values: list[Any] = []
    for text in texts.values:
        value, flaw = cell_of(item, "" if pd.isna(text) else text)
        values.append(value)
        flaws.append(flaw)
    column = Coded(texts.codes, pd.Series(values, dtype="str" if item.money else DTYPES[item.type]))
    _note(raw, schema, item, column, flaws, findings)
    return _amounts(raw, schema, item, column, findings) if item.money else column


def _amounts(
    raw: RawBlock, schema: TableSchema, item: Field, texts: Coded, findings: Findings
) -> Coded:
    """Amounts in minor units, once for each pair of a text and a currency that occurs."""
    if item.unit_column:
        units = raw.texts(item.unit_column)
    else:
        units = Coded(np.zeros_like(texts.codes), pd.Series([item.unit], dtype="str"))
    width = max(len(units.values), 1)
    codes, pairs = pd.factorize(texts.codes * width + units.codes)
    values, flaws = [], []
    for text, unit in zip(
        texts.values.iloc[pairs // width], units.values.iloc[pairs % width], strict=True
    ):
        currency = "" if pd.isna(unit) else unit
        value, flaw = amount_of(item, None if pd.isna(text) else text, currency)
        values.append(value)
        flaws.append(flaw)
    column = Coded(codes.astype(np.int64), pd.Series(values, dtype="Int64"))
    _note(raw, schema, item, column, flaws, findings)
    return column


def _note(
    raw: RawBlock,
    schema: TableSchema,
    item: Field,
    column: Coded,
    flaws: list[Flaw | None],
    findings: Findings,
) -> None:
    """Note what is wrong with the values of a column, in every line where they stand."""
    wrong = np.array([flaw is not None for flaw in flaws], dtype=bool)
    if not wrong.any():
        return
    rows = np.flatnonzero(wrong[column.codes])
    lines = raw.lines[rows]
    order = np.argsort(lines, kind="stable")

    def problems() -> Iterator[Problem]:
        for at in order:
            flaw = flaws[column.codes[rows[at]]]
            assert flaw is not None
            yield Problem(schema.file, int(lines[at]), item.name, *flaw)

    findings.add(problems(), len(rows))

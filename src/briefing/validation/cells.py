"""From text to typed values, cell by cell.

Text stays ``str``; whole numbers become ``Int64``, other numbers ``Float64``, dates
``datetime64[s]``; money becomes ``Int64`` minor units of its row's currency, never a float.
An empty cell is missing, which is not zero.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

import pandas as pd

from briefing.errors import Problem
from briefing.formatting import CURRENCIES, minor_units
from briefing.structures import Field, RawTable

_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_AMOUNT = re.compile(r"[+-]?\d{1,40}(\.\d{1,10})?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)
_INT64 = 2**63 - 1
_DIGITS = 40  # far beyond 64 bits; longer texts are not even read
DTYPES = {
    "string": "str",
    "integer": "Int64",
    "number": "Float64",
    "boolean": "boolean",
    "date": "datetime64[s]",
    "year": "Int64",
}


class _CellError(Exception):
    """Carries what is wrong with a cell, and the remedy."""


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise _CellError("is not a whole number", "Write digits only, without commas or units.")
    if len(text) > _DIGITS or abs(value := int(text)) > _INT64:
        raise _CellError("is too large", "Numbers beyond 9.2 quintillion cannot be kept exactly.")
    return value


def _number(text: str) -> float:
    value = Decimal(text) if _NUMBER.fullmatch(text) else Decimal("nan")
    if not value.is_finite() or abs(float(value)) == float("inf"):
        raise _CellError("is not a number", "Write digits with a point, without commas or units.")
    return float(value)


def _boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise _CellError("is neither true nor false", "Write true or false.")
    return text == "true"


def _date(text: str) -> date:
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        remedy = "Write a day of the calendar as 2026-10-21."
        raise _CellError("is not a date", remedy) from None


def _year(text: str) -> int:
    if not re.fullmatch(r"\d{4}", text):
        raise _CellError("is not a year", "Write four digits.")
    return int(text)


_PARSERS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "year": _year,
}


def typed_frame(raw: RawTable) -> tuple[pd.DataFrame, list[Problem]]:
    """The typed frame of a table, indexed by line, and a problem for each broken cell."""
    problems: list[Problem] = []
    columns: dict[str, pd.Series[Any]] = {}
    index = pd.Index(raw.lines, name="line")
    positions = {name: index for index, name in enumerate(raw.header)}
    for field in raw.schema.fields:
        position = positions[field.name]
        texts = [row[position] for row in raw.rows]
        values: list[Any] = []
        for line, text in zip(raw.lines, texts, strict=True):
            value, problem = cell_of(field, text)
            values.append(value)
            if problem:
                problems.append(Problem(raw.schema.file, line, field.name, *problem))
        if field.money:
            values, found = _minor(raw, field, values, positions)
            problems += found
        dtype = "Int64" if field.money else DTYPES[field.type]
        columns[field.name] = pd.Series(values, index=index, dtype=dtype)
    return pd.DataFrame(columns, index=index), problems


def cell_of(field: Field, text: str) -> tuple[Any, tuple[str, str] | None]:
    """The value of a cell (of money, still its text), and what is wrong with it and the remedy."""
    if not text:
        if field.required:
            return None, ("the cell is empty, but required", "Fill it in.")
        return None, None
    if text != text.strip():
        return None, (f"{text!r} has spaces around it", "Remove them.")
    try:
        value = _PARSERS["string" if field.money else field.type](text)
    except _CellError as error:
        what, remedy = error.args
        return None, (f"{text!r} {what}", remedy)
    return value, None if field.money else _constraint(field, text, value)


def _constraint(field: Field, text: str, value: Any) -> tuple[str, str] | None:
    if field.enum and text not in field.enum:
        near = get_close_matches(text, field.enum, 1)
        guess = f"Did you mean {near[0]!r}? " if near else ""
        return f"{text!r} is not in the vocabulary", f"{guess}Allowed: {', '.join(field.enum)}."
    if field.pattern and not re.fullmatch(field.pattern, text):
        return f"{text!r} does not match {field.pattern}", "Write it in that form."
    if field.minimum is not None and value < field.minimum:
        return f"{text!r} is below {field.minimum:g}", "Check the figure."
    if field.maximum is not None and value > field.maximum:
        return f"{text!r} is above {field.maximum:g}", "Check the figure."
    return None


def _minor(
    raw: RawTable, field: Field, texts: list[str | None], positions: dict[str, int]
) -> tuple[list[int | None], list[Problem]]:
    values: list[int | None] = []
    problems = []
    for row, line, text in zip(raw.rows, raw.lines, texts, strict=True):
        currency = row[positions[field.unit_column]] if field.unit_column else field.unit
        value, problem = amount_of(field, text, currency)
        values.append(value)
        if problem:
            problems.append(Problem(raw.schema.file, line, field.name, *problem))
    return values, problems


def amount_of(
    field: Field, text: str | None, currency: str
) -> tuple[int | None, tuple[str, str] | None]:
    """An amount in minor units, and what is wrong with its text and the remedy."""
    if text is None:
        return None, None
    try:
        if not _AMOUNT.fullmatch(text) or currency not in CURRENCIES:
            raise InvalidOperation
        amount = Decimal(text) * minor_units(currency)
        if not amount.is_finite() or amount != amount.to_integral_value():
            raise InvalidOperation
        if abs(amount) > _INT64:
            raise InvalidOperation
    except InvalidOperation:
        what = f"{text!r} is no amount of {currency or 'money'}"
        remedy = "Write the amount in whole units, without commas, words or signs."
        return None, (what, remedy)
    return int(amount), _constraint(field, text, float(text))

"""Columns computed from columns: + - * / over names and numbers, with their units kept honest."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from briefing.formatting import CURRENCIES, minor_units
from briefing.structures import Column, Derivation

_ALLOWED = (
    ast.Expression,
    ast.BinOp,
    ast.UnaryOp,
    ast.USub,
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.Div,
    ast.Name,
    ast.Load,
    ast.Constant,
)


def parse(formula: str) -> ast.expr:
    """Read a formula.

    Raises:
        ValueError: the text is no arithmetic over columns and numbers.
    """
    try:
        tree = ast.parse(formula.strip(), mode="eval")
    except SyntaxError as error:
        raise ValueError(f"{formula!r} is no formula: {error.msg}") from None
    for node in ast.walk(tree):
        number = not isinstance(node, ast.Constant) or isinstance(node.value, int | float)
        if not isinstance(node, _ALLOWED) or not number:
            raise ValueError(f"{formula!r} may only hold columns, numbers and + - * / ( )")
    return tree.body


def columns_of(formula: str) -> set[str]:
    """The columns that a formula names."""
    return {node.id for node in ast.walk(parse(formula)) if isinstance(node, ast.Name)}


def adds(formula: str) -> bool:
    """Whether the formula adds or subtracts columns."""
    sums = [n for n in ast.walk(parse(formula)) if isinstance(n, ast.BinOp)]
    return any(isinstance(node.op, ast.Add | ast.Sub) for node in sums)


def derive(
    frame: pd.DataFrame, columns: Mapping[str, Column], derivation: Derivation
) -> tuple[pd.Series[Any], Column]:
    """Compute the column, row by row, and the unit that follows from its parts.

    Raises:
        ValueError: a column is missing, units are added that differ, or the unit that was
            declared is not the unit that comes out.
    """
    title = derivation.name.replace("_", " ")
    named = [name for name in columns_of(derivation.formula) if name in frame]
    if any(bool(frame[name].isna().all()) for name in named):  # nothing known, so no unit either
        empty = pd.Series(pd.NA, index=frame.index, dtype="Float64")
        return empty, Column(derivation.name, title, "quantity", derivation.unit)
    values, unit = _value(parse(derivation.formula), frame, columns)
    if not isinstance(values, pd.Series):
        raise ValueError(f"{derivation.formula!r} names no column")
    if derivation.unit and unit not in {"", derivation.unit}:
        raise ValueError(f"the formula gives {unit}, but {derivation.unit} is declared")
    declared = derivation.unit or unit
    finite = values.astype("Float64").replace([float("inf"), float("-inf")], None)
    return finite * _minor(declared), Column(derivation.name, title, "quantity", declared)


def hedged(
    frame: pd.DataFrame, columns: Mapping[str, Column], column: Column, parts: Iterable[str]
) -> Column:
    """The computed column; where a part of a row is hedged, the result is "about" so much."""
    hedges = [columns[name].qualifier_column for name in parts if name in columns]
    present = [name for name in hedges if name and name in frame]
    if not present:
        return column
    loose = (
        frame[present].apply(lambda cells: ~cells.isin(["exact", ""]) & cells.notna()).any(axis=1)
    )
    if not loose.any():
        return column
    name = f"{column.name}__qualifier"
    frame[name] = loose.map({True: "about", False: "exact"}).astype("str")
    return replace(column, qualifier_column=name)


def _minor(unit: str) -> int:
    """How many minor units a cell of this unit counts in: money is kept in minor units."""
    head = unit.partition("/")[0]
    return minor_units(head) if head in CURRENCIES else 1


def _value(node: ast.expr, frame: pd.DataFrame, columns: Mapping[str, Column]) -> tuple[Any, str]:
    if isinstance(node, ast.Constant):
        return node.value, ""
    if isinstance(node, ast.Name):
        if node.id not in frame:
            raise ValueError(f"there is no column {node.id!r}")
        column = columns.get(node.id)
        if column is not None and column.unit_column:
            raise ValueError(f"column {node.id!r} mixes units; arithmetic needs a single one")
        unit = column.unit if column else ""
        return frame[node.id].astype("Float64") / _minor(unit), unit
    if isinstance(node, ast.UnaryOp):
        value, unit = _value(node.operand, frame, columns)
        return -value, unit
    assert isinstance(node, ast.BinOp)
    left, left_unit = _value(node.left, frame, columns)
    right, right_unit = _value(node.right, frame, columns)
    if isinstance(node.op, ast.Add | ast.Sub):
        if left_unit != right_unit:
            named = " and ".join(unit or "a plain number" for unit in (left_unit, right_unit))
            raise ValueError(f"{ast.unparse(node)!r} would add {named}")
        return (left + right if isinstance(node.op, ast.Add) else left - right), left_unit
    if isinstance(node.op, ast.Mult):
        return left * right, "*".join(unit for unit in (left_unit, right_unit) if unit)
    quotient = left / right
    if left_unit == right_unit:
        return quotient, "ratio"
    return quotient, f"{left_unit}/{right_unit}" if right_unit else left_unit

"""Conditions of a table: ``column operator literal``, joined by and, or, not.

Written as in pandas' ``query``, read once with Python's own parser, and kept as a small tree
that any engine can be handed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast

import pandas as pd

from briefing.structures import Combination, Comparison, Condition, Parameter

_OPERATORS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_SCOPE_NAMES = ("parameters.", "period.start", "period.end", "as_of")


def parse(text: str) -> Condition:
    """Read a condition, such as ``status == 'planned' and value > 0``.

    On the right may stand a string, a number, ``None`` (missing), a list of these, or one of
    ``parameters.NAME``, ``period.start``, ``period.end``, ``as_of``.

    Raises:
        ValueError: the text is no such condition; the message says which part is not.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise ValueError(f"{text!r} is no condition: {error.msg}") from None
    return _condition(tree.body)


def _condition(node: ast.expr) -> Condition:
    if isinstance(node, ast.BoolOp):
        word = "and" if isinstance(node.op, ast.And) else "or"
        return Combination(
            cast(Literal["and", "or"], word), tuple(_condition(part) for part in node.values)
        )
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return Combination("not", (_condition(node.operand),))
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        operator = _OPERATORS.get(type(node.ops[0]))
        column = dotted_name(node.left)
        if operator and column:
            value = _literal(node.comparators[0])
            several = operator in {"in", "not in"}
            if several != isinstance(value, tuple) and not isinstance(value, Parameter):
                wanted = "a list" if several else "a single value"
                raise ValueError(f"{ast.unparse(node)!r}: {operator} needs {wanted} on the right")
            return Comparison(column, cast(Any, operator), value)
    raise ValueError(f"{ast.unparse(node)!r} is not of the form column operator literal")


def dotted_name(node: ast.expr) -> str:
    """``a`` or ``a.b.c`` as text; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = dotted_name(node.value)
        return f"{head}.{node.attr}" if head else ""
    return ""


def _literal(node: ast.expr) -> Any:
    if name := dotted_name(node):
        if name.startswith(_SCOPE_NAMES):
            return Parameter(name.removeprefix("parameters."))
        raise ValueError(f"{name!r} on the right is neither a quoted text nor a known name")
    try:
        value = ast.literal_eval(node)
    except ValueError:
        raise ValueError(f"{ast.unparse(node)!r} is no literal") from None
    if isinstance(value, list | tuple | set):
        value = tuple(value)
    for item in value if isinstance(value, tuple) else (value,):
        if item is not None and not isinstance(item, str | int | float | bool):
            raise ValueError(f"{ast.unparse(node)!r} holds more than texts and numbers")
    return value


def columns_of(condition: Condition | None) -> Iterator[str]:
    """Every column that the condition looks at."""
    if isinstance(condition, Comparison):
        yield condition.column
    elif isinstance(condition, Combination):
        for part in condition.parts:
            yield from columns_of(part)


def parameters_of(condition: Condition | None) -> Iterator[str]:
    """Every parameter that the condition names."""
    if isinstance(condition, Comparison) and isinstance(condition.value, Parameter):
        yield condition.value.name
    elif isinstance(condition, Combination):
        for part in condition.parts:
            yield from parameters_of(part)


def possible(condition: Condition | None, column: str, value: str) -> bool:
    """Whether a row could meet the condition that has this value, whatever else it has."""
    if condition is None:
        return True
    if isinstance(condition, Comparison):
        if condition.column != column or isinstance(condition.value, Parameter):
            return True
        return bool(holds(condition, pd.DataFrame({column: [value]}), {}).iloc[0])
    if condition.operator == "not":
        others = any(name != column for name in columns_of(condition))
        return others or not possible(condition.parts[0], column, value)
    parts = [possible(part, column, value) for part in condition.parts]
    return all(parts) if condition.operator == "and" else any(parts)


def holds(condition: Condition, frame: pd.DataFrame, scope: Mapping[str, Any]) -> pd.Series[bool]:
    """Which rows of the frame meet the condition; a missing cell meets none but ``== None``.

    Raises:
        ValueError: a text is compared with a number, or the like.
    """
    if isinstance(condition, Combination):
        masks = [holds(part, frame, scope) for part in condition.parts]
        result = masks[0]
        for mask in masks[1:]:
            result = result & mask if condition.operator == "and" else result | mask
        return ~result if condition.operator == "not" else result
    wanted = condition.value
    if isinstance(wanted, Parameter):
        wanted = scope[wanted.name]
    column = frame[condition.column]
    try:
        mask = _compare(column, condition.operator, wanted)
    except (TypeError, ValueError):
        raise ValueError(
            f"column {condition.column!r} cannot be compared with {wanted!r}"
        ) from None
    return mask.fillna(False).astype(bool)


def _compare(column: pd.Series[Any], operator: str, wanted: Any) -> pd.Series[bool]:
    if wanted is None:
        if operator not in {"==", "!="}:
            raise TypeError
        return column.isna() if operator == "==" else column.notna()
    if operator in {"in", "not in"}:
        inside = column.isin([_like(column, value) for value in wanted])
        return inside if operator == "in" else ~inside & column.notna()
    value = _like(column, wanted)
    by_operator = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
    result = cast("pd.Series[bool]", getattr(column, by_operator[operator])(value))
    return result.where(column.notna(), other=False)


def _like(column: pd.Series[Any], value: Any) -> Any:
    """The literal in the column's own type; a mismatch raises TypeError."""
    if pd.api.types.is_datetime64_any_dtype(column):
        if not isinstance(value, str | pd.Timestamp):
            raise TypeError
        return pd.Timestamp(value)
    if pd.api.types.is_bool_dtype(column) != isinstance(value, bool):
        raise TypeError
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if numeric != (isinstance(value, int | float) and not isinstance(value, bool)):
        raise TypeError
    return value

"""A reduction as JSON, so that an issue can keep what it asked of a large table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from briefing.periods import Grain
from briefing.structures import Combination, Comparison, Condition, Derivation
from briefing.structures.reductions import Last, Reduction


def written(asked: Reduction) -> dict[str, Any]:
    """The reduction in the words of JSON; what it does not ask for is left out."""
    body: dict[str, Any] = {
        "groups": list(asked.groups),
        "measured": [list(pair) for pair in asked.measured],
        "where": None if asked.where is None else _written(asked.where),
        "grain": None if asked.grain is None else [asked.grain[0], str(asked.grain[1])],
        "lasts": [[item.column, item.order, list(item.tie)] for item in asked.lasts],
        "derive": [{"name": d.name, "formula": d.formula, "unit": d.unit} for d in asked.derive],
    }
    return {name: value for name, value in body.items() if value}


def _written(condition: Condition) -> dict[str, Any]:
    if isinstance(condition, Combination):
        parts = [_written(part) for part in condition.parts]
        return {"operator": condition.operator, "parts": parts}
    value = condition.value
    cells = [plain(item) for item in value] if isinstance(value, tuple) else plain(value)
    return {"column": condition.column, "operator": condition.operator, "value": cells}


def plain(value: Any) -> Any:
    """A cell as JSON knows it; a day as text."""
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    return value.item() if hasattr(value, "item") else value


def read(body: Mapping[str, Any]) -> Reduction:
    """The reduction that was written.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    where, grain = body.get("where"), body.get("grain")
    return Reduction(
        tuple(body.get("groups", ())),
        tuple((name, kind) for name, kind in body.get("measured", ())),
        None if where is None else _read(where),
        None if grain is None else (grain[0], Grain(grain[1])),
        tuple(Derivation(**item) for item in body.get("derive", ())),
        tuple(Last(column, order, tuple(tie)) for column, order, tie in body.get("lasts", ())),
    )


def _read(body: Mapping[str, Any]) -> Condition:
    if "parts" in body:
        return Combination(body["operator"], tuple(_read(part) for part in body["parts"]))
    value = body["value"]
    return Comparison(
        body["column"], body["operator"], tuple(value) if isinstance(value, list) else value
    )

"""What a column's description may say, and whether its constraints make sense."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from briefing.errors import Problem

_FIELD_KEYS = (
    "name type title description format example rdfType constraints unit unitColumn "
    "qualifierColumn money"
).split()
_CONSTRAINTS = ("required", "unique", "enum", "pattern", "minimum", "maximum")
_NUMERIC = ("integer", "number", "year")


def field_problems(item: Mapping[str, Any], shown: str, place: str) -> list[Problem]:
    """Unknown properties and constraints, and constraints that nothing could meet."""
    limits = item.get("constraints", {})
    problems = unknown_keys(item, tuple(_FIELD_KEYS), shown, place)
    if not isinstance(limits, Mapping):
        what, remedy = "the constraints are no mapping", "Write them as names with values."
        return [*problems, Problem(shown, 0, f"{place}.constraints", what, remedy)]
    problems += unknown_keys(limits, _CONSTRAINTS, shown, f"{place}.constraints")
    for key in _CONSTRAINTS:
        if key in limits and (what := _wrong(key, limits[key], item.get("type", "string"))):
            where = f"{place}.constraints.{key}"
            problems.append(Problem(shown, 0, where, what, "Correct the constraint."))
    return problems


def unknown_keys(
    body: Mapping[str, Any], known: tuple[str, ...], shown: str, place: str
) -> list[Problem]:
    """A misspelled property would be ignored in silence, and its rule with it."""
    problems = []
    for key in body:
        if key not in known:
            near = get_close_matches(key, known, 1)
            guess = f"Did you mean {near[0]!r}? " if near else ""
            remedy = f"{guess}Known: {', '.join(known)}."
            problems.append(Problem(shown, 0, f"{place}.{key}", "the key is not known", remedy))
    return problems


def _wrong(key: str, value: Any, kind: str) -> str:
    """What is wrong with a constraint; empty if nothing is."""
    if key in {"required", "unique"}:
        return "" if isinstance(value, bool) else f"{value!r} is neither true nor false"
    if key == "enum":
        good = isinstance(value, list) and value
        return "" if good else f"{value!r} is no list of values"
    if key == "pattern":
        try:
            re.compile(value)
        except (re.error, TypeError) as error:
            return f"{value!r} is no pattern: {error}"
        return "" if kind == "string" else f"a pattern is for texts, not for type {kind}"
    if kind not in _NUMERIC:
        return f"{key} is for numbers, not for type {kind}"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return "" if number else f"{value!r} is no number"

"""What a column's description may say, and whether constraints and words make sense."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from briefing.errors import Problem

_FIELD_KEYS = (
    "name type title titles description format example rdfType constraints labels unit unitColumn "
    "qualifierColumn money"
).split()
_CONSTRAINTS = ("required", "unique", "enum", "pattern", "minimum", "maximum")
_NUMERIC = ("integer", "number", "year")
_LANGUAGES = ("en", "ko")
_UNIT_FORMS = ("one", "other", "per")


def field_problems(item: Mapping[str, Any], shown: str, place: str) -> list[Problem]:
    """Unknown properties and constraints, constraints that nothing could meet, broken words."""
    limits = item.get("constraints", {})
    problems = unknown_keys(item, tuple(_FIELD_KEYS), shown, place)
    problems += title_problems(item, shown, place)
    problems += _label_problems(item, shown, f"{place}.labels")
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


def title_problems(item: Mapping[str, Any], shown: str, place: str) -> list[Problem]:
    """What is wrong with the ``titles`` of a column or table: one text for each language."""
    titles = item.get("titles", {})
    return _broken(_by_language(titles), shown, f"{place}.titles")


def unit_problems(units: Any, shown: str) -> list[Problem]:
    """What is wrong with the package's ``units``: for each unit and language its forms."""
    if not isinstance(units, Mapping):
        return _broken("are no mapping", shown, "units")
    problems = []
    for unit, by_language in units.items():
        what = _by_language(by_language, _forms)
        problems += _broken(what, shown, f"units.{unit}")
    return problems


def _label_problems(item: Mapping[str, Any], shown: str, place: str) -> list[Problem]:
    """Labels need their languages, and either every value of a vocabulary has them or none."""
    labels = item.get("labels", {})
    if not isinstance(labels, Mapping):
        return _broken("are no mapping", shown, place)
    problems = []
    for value, words in labels.items():
        problems += _broken(_by_language(words), shown, f"{place}.{value}")
    if not labels or problems:
        return problems
    spoken = set().union(*labels.values())
    for value, words in labels.items():
        if missing := spoken - set(words):
            what = f"lack the language {', '.join(sorted(missing))}, which other labels have"
            problems += _broken(what, shown, f"{place}.{value}")
    enum = _vocabulary(item)
    for value in enum - set(labels) if enum else ():
        problems += _broken(f"leave out {value!r}, a word of the vocabulary", shown, place)
    for value in set(labels) - enum if enum else ():
        problems += _broken("are for no word of the vocabulary", shown, f"{place}.{value}")
    return sorted(problems, key=lambda problem: (problem.where, problem.what))


def _vocabulary(item: Mapping[str, Any]) -> set[str]:
    limits = item.get("constraints", {})
    enum = limits.get("enum", ()) if isinstance(limits, Mapping) else ()
    return {str(value) for value in enum} if isinstance(enum, list) else set()


def _by_language(body: Any, wrong: Callable[[Any], str] | None = None) -> str:
    """What is wrong with a mapping from languages to words; empty if nothing is."""
    if not isinstance(body, Mapping):
        return "are no mapping from languages"
    for language, words in body.items():
        if language not in _LANGUAGES:
            return f"name the language {language!r}; known are {', '.join(_LANGUAGES)}"
        if what := (wrong or _no_text)(words):
            return f"{what} for {language}"
    return ""


def _no_text(words: Any) -> str:
    return "" if isinstance(words, str) and words.strip() else f"give no text but {words!r}"


def _forms(forms: Any) -> str:
    """What is wrong with the forms of a unit in one language; empty if nothing is."""
    if not isinstance(forms, Mapping) or "other" not in forms:
        return "lack the form 'other'"
    for form, words in forms.items():
        if form not in _UNIT_FORMS:
            return f"name the form {form!r}; known are {', '.join(_UNIT_FORMS)}"
        if what := _no_text(words):
            return what
    return ""


def _broken(what: str, shown: str, where: str) -> list[Problem]:
    """A problem with shown words, or none where nothing is said."""
    remedy = "Correct the words, or leave them out."
    return [Problem(shown, 0, where, f"the words {what}", remedy)] if what else []


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

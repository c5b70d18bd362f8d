"""From pydantic's errors to problems with a line, in words for people."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from briefing.config.reading import KeyPath, Positions
from briefing.errors import Problem

Model = TypeVar("Model", bound=BaseModel)


def checked(
    model: type[Model], values: dict[str, Any], positions: Positions
) -> tuple[Model | None, list[Problem]]:
    """The values as the model, or None and every problem."""
    try:
        return model.model_validate(values), []
    except ValidationError as error:
        found: dict[KeyPath, Problem] = {}
        errors = error.errors(include_url=False)
        for item in errors:
            if _spelled_out(item, errors):
                continue
            path = _path(item["loc"], values)
            found.setdefault(path, _problem(item, path, model, positions))
        return None, list(found.values())


def without(values: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """The values without the top-level keys that have a problem."""
    wrong = {problem.where.partition(".")[0] for problem in problems}
    return {key: value for key, value in values.items() if key not in wrong}


def _spelled_out(item: Any, errors: Iterable[Any]) -> bool:
    """Whether a mapping was refused as no text, though it may be one and its keys are wrong."""
    place = item["loc"][:-1]
    return (
        item["type"] == "string_type"
        and item["loc"][-1] == "str"
        and isinstance(item["input"], dict)
        and any(other is not item and other["loc"][: len(place)] == place for other in errors)
    )


def _path(loc: tuple[int | str, ...], values: Any) -> KeyPath:
    """The location without pydantic's names of union members, which are no keys."""
    path: list[str | int] = []
    for index, part in enumerate(loc):
        last = index == len(loc) - 1
        if isinstance(values, dict) and (part in values or (last and isinstance(part, str))):
            values = values.get(str(part))
            path.append(part)
        elif isinstance(values, list) and isinstance(part, int) and part < len(values):
            values = values[part]
            path.append(part)
    return tuple(path)


def _problem(item: Any, path: KeyPath, model: type[BaseModel], positions: Positions) -> Problem:
    kind = item["type"]
    if kind == "extra_forbidden":
        key = str(path[-1]) if path else "?"
        known = _known_keys(model, path[:-1])
        near = get_close_matches(key, known, 1)
        guess = f"Did you mean {near[0]!r}? " if near else ""
        remedy = f"{guess}Known keys: {', '.join(known)}."
        return positions.problem(path, "the key is not known", remedy)
    if kind == "missing":
        return positions.problem(path, "the key is missing", "Add it.")
    if kind == "value_error":
        return positions.problem(path, str(item["ctx"]["error"]), "Correct the value.")
    shown = item["input"] if isinstance(item["input"], str | int | float | bool) else ""
    what = f"{shown!r}: {item['msg']}" if shown != "" else item["msg"]
    return positions.problem(path, what, "Correct the value; docs/reference/ describes each key.")


def _known_keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys of the model that stands at the path."""
    current: Any = model
    for part in path:
        fields = getattr(current, "model_fields", None)
        if fields and part in fields:
            current = _model_in(fields[part].annotation)
        # an item of a list or a value of a mapping: the model was found a step before
    return list(getattr(current, "model_fields", {}))


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in reversed(getattr(annotation, "__args__", ())):
        if (found := _model_in(part)) is not None:
            return found
    return None

"""Reads a config.yaml that a test writes, for the tests of its keys."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from briefing.config.reading import Positions, read_yaml
from briefing.config.translation import checked
from briefing.errors import Problem

Reading = Callable[[str], tuple[Any, list[Problem]]]
Build = Callable[[Any, Positions, Path], tuple[Any, list[Problem]]]


def reading_of(model: type[BaseModel], build: Build, root: Path) -> Reading:
    """Says what a config.yaml with some lines is made into, or None and what is wrong with it.

    Args:
        model: the keys that are looked at.
        build: makes the nouns of them.
        root: the project's folder.
    """

    def reading(text: str) -> tuple[Any, list[Problem]]:
        (root / "config.yaml").write_text(text, encoding="utf-8")
        values, positions = read_yaml(root / "config.yaml", root)
        keys, problems = checked(model, values, positions)
        return (None, problems) if keys is None else build(keys, positions, root)

    return reading

"""YAML as plain values, with the line of every key and item.

YAML 1.2, so that ``on`` and ``no`` are words and not truth values. Aliases, anchors, tags and
duplicate keys are refused: what stands in the file is what is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from briefing.errors import Problem, ProblemsError

KeyPath = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml reads the reports of this project ten times as fast as Python does."""
_WANTED = (
    ScalarEvent,
    MappingStartEvent,
    MappingEndEvent,
    SequenceStartEvent,
    SequenceEndEvent,
)
_PLAIN_TAGS = {"!"} | {
    f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null")
}
_INTEGER = re.compile(r"[-+]?([0-9][0-9_]*|0o[0-7_]+|0x[0-9a-fA-F_]+)")
_FLOAT = re.compile(
    r"[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)


@dataclass
class Positions:
    """Where each key and item stands.

    Attributes:
        file: the file's name as the reader knows it.
        lines: 1-based line by path of keys.
    """

    file: str
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def line(self, path: KeyPath) -> int:
        """The line of the path, or of the nearest part of it that stands in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: KeyPath, what: str, remedy: str) -> Problem:
        """A problem at a key."""
        return Problem(self.file, self.line(path), dotted(path), what, remedy)


def dotted(path: KeyPath) -> str:
    """A path as people read it: ``figures.money.title``."""
    return ".".join(str(part) for part in path)


def read_yaml(path: Path, root: Path) -> tuple[dict[str, Any], Positions]:
    """Read a mapping from a YAML file.

    Raises:
        ProblemsError: the file is missing, is no YAML, is no mapping, or uses what is refused.
    """
    shown = str(path.relative_to(root)) if path.is_relative_to(root) else path.name
    positions = Positions(shown)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ProblemsError(
            [Problem(shown, 0, "", "there is no such file", "Run briefing in a project's folder.")]
        ) from None
    except OSError as error:
        what = f"the file cannot be read: {error.strerror}"
        raise ProblemsError(
            [Problem(shown, 0, "", what, "Run briefing in a project's folder.")]
        ) from None
    except UnicodeDecodeError:
        raise ProblemsError(
            [Problem(shown, 0, "", "the file is not UTF-8", "Save it as UTF-8.")]
        ) from None
    problems: list[Problem] = []
    try:
        events = list(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        what = f"is no YAML: {error.problem or error.context}"
        raise ProblemsError(
            [Problem(shown, line, "", what, "Check indentation and quotes.")]
        ) from None
    except yaml.YAMLError as error:
        raise ProblemsError([Problem(shown, 1, "", f"is no YAML: {error}", "Mend it.")]) from None
    problems += [found for event in events if (found := _refused(event, shown))]
    if problems:
        raise ProblemsError(problems)
    stream = (event for event in events if isinstance(event, _WANTED))
    first = next(stream, None)
    if not isinstance(first, MappingStartEvent):
        remedy = "Start it with a key such as `title:`; docs/reference/ lists them."
        raise ProblemsError([Problem(shown, 1, "", "the file holds no keys", remedy)])
    value = _plain(first, stream, (), positions, problems)
    for second in [event for event in events if isinstance(event, DocumentStartEvent)][1:]:
        what = "is no YAML: a second document begins here"
        problems.append(Problem(shown, _line(second), "", what, "Keep one document."))
    if problems:
        raise ProblemsError(problems)
    return value, positions


def _line(event: Event) -> int:
    mark = getattr(event, "start_mark", None)
    return mark.line + 1 if mark else 1


def _refused(event: Event, shown: str) -> Problem | None:
    line = _line(event)
    if isinstance(event, AliasEvent):
        return Problem(shown, line, "", f"the alias *{event.anchor} is refused", "Write it out.")
    if isinstance(event, NodeEvent) and event.anchor:
        return Problem(shown, line, "", f"the anchor &{event.anchor} is refused", "Remove it.")
    tag = getattr(event, "tag", None)
    if tag and str(tag) not in _PLAIN_TAGS:
        return Problem(shown, line, "", f"the tag {tag} is refused", "Write a plain value.")
    return None


def _plain(
    event: Event,
    stream: Iterator[Event],
    path: KeyPath,
    positions: Positions,
    problems: list[Problem],
) -> Any:
    """The value that begins with the event; the stream is read to its end."""
    positions.lines.setdefault(path, _line(event))
    if isinstance(event, MappingStartEvent):
        return _mapping(stream, path, positions, problems)
    if isinstance(event, SequenceStartEvent):
        items: list[Any] = []
        while not isinstance(item := next(stream), SequenceEndEvent):
            items.append(_plain(item, stream, (*path, len(items)), positions, problems))
        return items
    assert isinstance(event, ScalarEvent)
    return _scalar(event)


def _mapping(
    stream: Iterator[Event], path: KeyPath, positions: Positions, problems: list[Problem]
) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    while not isinstance(named := next(stream), MappingEndEvent):
        line = _line(named)
        if not isinstance(named, ScalarEvent):
            what, remedy = "a key is no plain word", "Write a word before the colon."
            problems.append(Problem(positions.file, line, dotted(path), what, remedy))
            _plain(named, stream, path, Positions(positions.file), [])
            _plain(next(stream), stream, path, Positions(positions.file), [])
            continue
        key = str(named.value)
        where = (*path, key)
        if key in mapping:
            what = f"the key stands already in line {positions.lines[where]}"
            problems.append(Problem(positions.file, line, dotted(where), what, "Keep one of them."))
            _plain(next(stream), stream, where, Positions(positions.file), [])
            continue
        positions.lines[where] = line
        mapping[key] = _plain(next(stream), stream, where, positions, problems)
    return mapping


def _scalar(event: ScalarEvent) -> Any:
    """The value of a scalar in YAML 1.2's core schema; what stands in quotes is text."""
    text = str(event.value)
    tag = str(event.tag or "")
    if (event.style and not tag) or tag.endswith((":str", "!")):
        return text
    if text.lower() in {"", "~", "null"}:
        return None
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    plain = text.replace("_", "").lower()
    if _INTEGER.fullmatch(text):
        return int(plain, {"0x": 16, "0o": 8}.get(plain.lstrip("+-")[:2], 10))
    if _FLOAT.fullmatch(text):
        return float(plain.replace(".inf", "inf").replace(".nan", "nan"))
    return text

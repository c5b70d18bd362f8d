"""YAML as plain values, with the line of every key and item.

YAML 1.2, so that ``on`` and ``no`` are words and not truth values. Aliases, anchors, tags and
duplicate keys are refused: what stands in the file is what is meant.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, NodeEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from briefing.errors import Problem, ProblemsError

KeyPath = tuple[str | int, ...]


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
    yaml = YAML(typ="safe", pure=True)
    try:
        problems = [found for event in yaml.parse(text) if (found := _refused(event, shown))]
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        what = f"is no YAML: {error.problem or error.context}"
        raise ProblemsError(
            [Problem(shown, line, "", what, "Check indentation and quotes.")]
        ) from None
    except YAMLError as error:
        raise ProblemsError([Problem(shown, 1, "", f"is no YAML: {error}", "Mend it.")]) from None
    if problems:
        raise ProblemsError(problems)
    if not isinstance(node, MappingNode):
        remedy = "Start it with a key such as `title:`; docs/reference/ lists them."
        raise ProblemsError([Problem(shown, 1, "", "the file holds no keys", remedy)])
    value = _plain(node, (), positions, problems)
    if problems:
        raise ProblemsError(problems)
    return value, positions


def _refused(event: Any, shown: str) -> Problem | None:
    line = event.start_mark.line + 1 if getattr(event, "start_mark", None) else 1
    if isinstance(event, AliasEvent):
        return Problem(shown, line, "", f"the alias *{event.anchor} is refused", "Write it out.")
    if isinstance(event, NodeEvent) and event.anchor:
        return Problem(shown, line, "", f"the anchor &{event.anchor} is refused", "Remove it.")
    tag = getattr(event, "tag", None)
    plain = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null")}
    if isinstance(event, NodeEvent) and tag and str(tag) not in {*plain, "!"}:
        return Problem(shown, line, "", f"the tag {tag} is refused", "Write a plain value.")
    return None


def _plain(node: Node, path: KeyPath, positions: Positions, problems: list[Problem]) -> Any:
    positions.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                what, remedy = "a key is no plain word", "Write a word before the colon."
                problems.append(Problem(positions.file, line, dotted(path), what, remedy))
                continue
            key = str(key_node.value)
            if key in mapping:
                first = positions.lines[(*path, key)]
                what = f"the key stands already in line {first}"
                where = dotted((*path, key))
                problems.append(Problem(positions.file, line, where, what, "Keep one of them."))
                continue
            positions.lines[(*path, key)] = line
            mapping[key] = _plain(value_node, (*path, key), positions, problems)
        return mapping
    if isinstance(node, SequenceNode):
        return [
            _plain(item, (*path, index), positions, problems)
            for index, item in enumerate(node.value)
        ]
    assert isinstance(node, ScalarNode)
    return _scalar(node)


def _scalar(node: ScalarNode) -> Any:
    kind = str(node.tag).rpartition(":")[2]
    text = str(node.value)
    if kind == "int":
        digits = text.replace("_", "").lower()
        base = {"0x": 16, "0o": 8}.get(digits.lstrip("+-")[:2], 10)
        return int(digits, base)
    if kind == "float":
        return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
    if kind == "bool":
        return text.lower() == "true"
    if kind == "null":
        return None
    return text

"""What of an issue can be taken from the cache, what is made anew, and why.

Everything that is kept is kept under the hash of all parts that it is made from: the contents of
files, a declaration, a language, the program itself. The parts of the last build of an issue are
kept too, so that ``briefing build --explain`` can say which of them is another one today.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from briefing.cache import Cache, key_of
from briefing.program import PROGRAM
from briefing.structures import Edition, Reused, Table

if TYPE_CHECKING:
    import pandas as pd

ISSUE, TABLE, FIGURE, RECORDS = "issue", "table", "figure", "record list"
COLOURS = "colours"
_TOLD = {ISSUE, TABLE, FIGURE, RECORDS}
_PROGRAM = "the program or a library"
_WHERE_IT_STANDS = {"file", "line"}
T = TypeVar("T")


class Reuse:
    """The cache as one issue sees it.

    Args:
        cache: without a folder, nothing is reused and nothing kept.
        edition: the issue that is made.
        files: SHA-256 of each input, by name.
        off: why nothing is reused; empty where something may be.
    """

    def __init__(
        self, cache: Cache, edition: Edition, files: Mapping[str, str], off: str = ""
    ) -> None:
        self._cache = cache if not off else Cache(None)
        self.is_on = self._cache.folder is not None
        self.files = files
        self._told: list[Reused] = [] if self.is_on else [Reused(ISSUE, "", False, off)]
        self._book = key_of("parts", edition.report, str(edition.period), edition.name)
        self._before: dict[str, dict[str, str]] = {}
        self._now: dict[str, dict[str, str]] = {}
        if self.is_on:
            with suppress(ValueError):
                self._before = json.loads(self._cache.get(self._book) or b"{}")

    @property
    def told(self) -> tuple[Reused, ...]:
        """What was reused and what was not, in the order in which it was looked for."""
        return tuple(self._told)

    def take(self, kind: str, name: str, parts: Mapping[str, str]) -> Any:
        """What was made from exactly these parts; None where that is not kept."""
        if not self.is_on:
            return None
        parts = {**parts, _PROGRAM: PROGRAM}
        self._now[f"{kind} {name}"] = parts
        value = self._cache.get_object(key_of(kind, name, parts))
        why = "" if value is not None else self._why(f"{kind} {name}", parts)
        if kind in _TOLD:
            self._told.append(Reused(kind, name, value is not None, why))
        return value

    def keep(self, kind: str, name: str, parts: Mapping[str, str], value: object) -> None:
        """Keep what was made from these parts."""
        if self.is_on:
            parts = {**parts, _PROGRAM: PROGRAM}
            self._cache.put_object(key_of(kind, name, parts), value)

    def make(self, kind: str, name: str, parts: Mapping[str, str], work: Callable[[], T]) -> T:
        """What was made from exactly these parts, or else is made now and kept."""
        found: T | None = self.take(kind, name, parts)
        if found is None:
            found = work()
            self.keep(kind, name, parts, found)
        return found

    def anew(self, kind: str, name: str, why: str) -> None:
        """Note that something is made anew whatever it is made from."""
        if self.is_on:
            self._told.append(Reused(kind, name, False, why))

    def remember(self) -> None:
        """Keep the parts of this build, for the next one to tell what has changed."""
        if self.is_on and self._now != self._before:
            book = {**self._before, **self._now}
            self._cache.put(self._book, json.dumps(book, ensure_ascii=False).encode())

    def _why(self, what: str, parts: Mapping[str, str]) -> str:
        before = self._before.get(what)
        if before is None:
            return "it was not made before"
        said = [
            f"{part} changed" for part in parts if part in before and before[part] != parts[part]
        ]
        said += [f"{part} is new" for part in parts if part not in before]
        said += [f"{part} is gone" for part in before if part not in parts]
        return ", ".join(said) or "it is kept no more"


def nothing_reused(edition: Edition) -> Reuse:
    """For whoever only rehearses: everything is made anew, nothing is kept."""
    return Reuse(Cache(None), edition, {}, "nothing is kept")


def meaning(value: object) -> str:
    """SHA-256 over what a value says, wherever in a file it stands.

    Args:
        value: frozen structures, mappings, sequences and what they hold.
    """
    body = json.dumps(_plain(value), ensure_ascii=False)
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {
            "": type(value).__name__,
            **{
                field.name: _plain(getattr(value, field.name))
                for field in fields(value)
                if field.name not in _WHERE_IT_STANDS
            },
        }
    if isinstance(value, Mapping):
        return {"mapping": [[_plain(key), _plain(item)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return {"set": sorted(repr(item) for item in value)}
    simple = value is None or type(value) in {str, int, bool}
    return value if simple else {type(value).__name__: repr(value)}


def content_of(table: Table) -> str:
    """SHA-256 over what a computed table shows: its cells, their types, its columns."""
    frame = table.frame
    types = [(str(name), str(kind)) for name, kind in frame.dtypes.items()]
    return meaning([table.name, types, _cells(frame), table.columns])


def _cells(frame: pd.DataFrame) -> str:
    return repr([frame[name].tolist() for name in frame.columns])

"""A secret, which shows itself to nobody who does not ask, and what can be resolved to one."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from functools import cached_property
from typing import NoReturn, Protocol

HIDDEN = "***"
"""What stands in the place of a secret."""


class Secret:
    """A text that nobody may read by accident: printed, logged or formatted, it is ``***``.

    Args:
        value: the text itself, such as a password, or a URL with one inside.
        parts: the stretches of ``value`` that are secret, as they were before they were put into
            it; None for the whole of it.
    """

    def __init__(self, value: str, parts: tuple[str, ...] | None = None) -> None:
        self._value = value
        self._parts = tuple(part for part in (value,) if part) if parts is None else parts

    def reveal(self) -> str:
        """The text itself, for whoever opens the connection; never for a message or a log."""
        return self._value

    def hidden_in(self, text: str) -> str:
        """The text with the secret hidden: as it is, percent-encoded, escaped or in base64."""
        return self._pattern.sub(HIDDEN, text) if self._parts else text

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self._parts, key=len, reverse=True)
        return re.compile("|".join(f"{_written(part)}|{_base64(part)}" for part in longest_first))

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __str__(self) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self._value, self._parts) == (
            other._value,
            other._parts,
        )

    def __hash__(self) -> int:
        return hash((self._value, self._parts))

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret is not written anywhere: resolve its reference where it is used.")


class Resolvable(Protocol):
    """A text of the configuration that names secrets without holding them."""

    @property
    def text(self) -> str:
        """The text as its author wrote it, references and all; safe to show."""

    def resolve(self, environ: Mapping[str, str]) -> Secret:
        """The text with its secrets, from the environment, a file or the keyring.

        Raises:
            ProblemsError: a secret is not there, or not kept as secrets must be.
        """


def _written(part: str) -> str:
    """A pattern for every way in which libraries write a text; any character may be encoded."""
    return "".join(_character(character) for character in part)


def _character(character: str) -> str:
    encoded = "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    escapes = {write(character)[1:-1] for write in (json.dumps, repr, ascii)}
    ways = {f"(?i:{encoded})", *(re.escape(way) for way in (character, *escapes))}
    if character == "'":
        ways.add(r"\\'")
    if character == " ":
        ways.add(r"\+")
    return f"(?:{'|'.join(sorted(ways, key=len, reverse=True))})"


def _base64(part: str) -> str:
    return re.escape(b64encode(part.encode("utf-8", "surrogatepass")).decode().rstrip("="))

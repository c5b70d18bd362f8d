"""Compiled layouts, kept in memory for every environment of a process and of its children."""

from __future__ import annotations

from types import CodeType

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

_MOST = 256


class Compiled(BytecodeCache):
    """Remembers what was compiled by the template's name, place and words.

    Each language and each report has an environment of its own, but most of their templates are
    the shipped ones.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what is known of these words, if anything."""
        bucket.code = self._known.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Remember it."""
        if len(self._known) >= _MOST:  # somebody edits one, again and again
            self._known.clear()
        if bucket.code is not None:
            self._known[bucket.key, bucket.checksum] = bucket.code

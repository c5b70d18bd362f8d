"""Parts of large tables that are done on other machines: what goes there, and what comes back.

A part goes as a place in a file, with what tells whether the file is there what it is here: for a
block of a CSV the hash of its bytes, for a row group of Parquet size, time and footer of its file.
Whoever does not see it so does not do it.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from briefing.errors import Problem, ProblemsError
from briefing.large.files import GroupPart, Passed
from briefing.large.streamed import has_arrow
from briefing.sources.blocks import CsvBlock
from briefing.validation.blocks import TypedBlock

_TAIL = 8  # bytes at the end of a Parquet file: how long its footer is, and four letters
Work = Callable[[Any], Any]


@dataclass(frozen=True)
class Stretch:
    """A block of a CSV without its bytes.

    Attributes:
        block: all else of it.
        length: how many bytes there are.
        digest: their SHA-256.
    """

    block: CsvBlock
    length: int
    digest: bytes

    def there(self) -> CsvBlock | None:
        """The block, read from the file; None where it does not say the same here."""
        if self.block.path is None:
            return None
        try:
            with self.block.path.open("rb") as file:
                file.seek(self.block.start)
                content = file.read(self.length)
        except OSError:
            return None
        if sha256(content).digest() != self.digest:
            return None
        return replace(self.block, content=content)

    def again(self) -> CsvBlock:
        """The block, read once more on the machine that has read it before.

        Raises:
            ProblemsError: the file has changed since.
        """
        found = self.there()
        if found is None:
            what = "the file changed while it was read"
            remedy = "Build again when it is complete."
            raise ProblemsError([Problem(self.block.schema.file, 0, "", what, remedy)])
        return found


@dataclass(frozen=True)
class Unseen:
    """Comes back instead of an answer: the file is not there, or not the same."""


@dataclass(frozen=True)
class Pressed:
    """What came out of a block of records, in few bytes."""

    body: bytes
    length: int

    @classmethod
    def of(cls, passed: Passed) -> Pressed:
        """Without the columns that nobody looks at any more."""
        body = pickle.dumps(narrowed(passed), protocol=5)
        if not has_arrow():
            return cls(body, -1)
        from briefing.sources.columnar import pressed

        return cls(pressed(body), len(body))

    def passed(self) -> Passed:
        """What it was."""
        body = self.body
        if self.length >= 0:
            from briefing.sources.columnar import unpressed

            body = unpressed(body, self.length)
        found: Passed = pickle.loads(body)
        return found


@dataclass(frozen=True)
class Errand:
    """A part on its way to a worker.

    Attributes:
        work: what is done with it; a function of a module, or a partial of one.
        part: the part itself, or the place of its bytes.
        stamp: of a row group, what its file has to be there.
        versions: what has to run there, by name.
    """

    work: Work
    part: Any
    stamp: tuple[Any, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)

    def seen(self) -> Any:
        """The part, if it is here what it is where it comes from; else None."""
        if isinstance(self.part, Stretch):
            return self.part.there()
        return self.part if self.is_unchanged() else None

    def is_unchanged(self) -> bool:
        """Whether the file of a row group is here what it is where it comes from."""
        part = self.part
        return not isinstance(part, GroupPart) or stamp_of_parquet(part.path) == self.stamp


def errand(work: Work, part: Any, versions: dict[str, str]) -> Errand:
    """A part, ready for its way."""
    stamp = stamp_of_parquet(part.path) if isinstance(part, GroupPart) else ()
    return Errand(work, part, stamp, versions)


def light(part: Any) -> Any:
    """A part to be remembered, without its bytes where they can be read again."""
    if not isinstance(part, CsvBlock) or part.path is None:
        return part
    digest = sha256(part.content).digest()
    return Stretch(replace(part, content=b""), len(part.content), digest)


def whole(part: Any) -> Any:
    """A part that was remembered, with its bytes.

    Raises:
        ProblemsError: the file has changed since.
    """
    return part.again() if isinstance(part, Stretch) else part


def name_of(part: Any) -> str:
    """The file that a part stands in; empty for none."""
    path = getattr(part.block if isinstance(part, Stretch) else part, "path", None)
    return path.name if path else ""


def done(asked: Errand) -> Any:
    """What a worker does: the work, if it sees the part.

    Returns:
        What the work has answered, a block ``Pressed``; or ``Unseen``.

    Raises:
        BriefingError: what the work has raised.
    """
    part = asked.seen()
    if part is None:
        return Unseen()
    found = asked.work(part)
    if not asked.is_unchanged():  # replaced between two looks
        return Unseen()
    return Pressed.of(found) if isinstance(found, Passed) else found


def is_seen(asked: Errand) -> bool:
    """Whether this worker sees a part as it is where it comes from."""
    return asked.seen() is not None


def stamp_of_parquet(path: Path) -> tuple[Any, ...]:
    """Size, time of the last change, and hash of the footer, which tells of every row group.

    Empty where there is no such file.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            file.seek(max(status.st_size - _TAIL, 0))
            tail = file.read(_TAIL)
            length = int.from_bytes(tail[:4], "little") + _TAIL
            file.seek(max(status.st_size - length, 0))
            return status.st_size, status.st_mtime_ns, sha256(file.read(length)).digest()
    except OSError:
        return ()


def narrowed(passed: Passed) -> Passed:
    """What came out of a block, with those columns only that are compared with other blocks."""
    block = passed.block
    if not isinstance(block, TypedBlock):
        return passed
    columns = {name: block.load(name) for name in passed.compared}
    return replace(passed, block=TypedBlock(block.lines, columns.__getitem__))

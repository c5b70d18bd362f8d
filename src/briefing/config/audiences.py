"""The keys about readers, their lists in CSV, and the addresses that receive nothing any more."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import Annotated, Literal
from unicodedata import category

from pydantic import BaseModel, ConfigDict, Field, model_validator

from briefing.config.mail import bare_address
from briefing.config.reading import KeyPath, Positions
from briefing.errors import Problem, ProblemsError
from briefing.structures import ALL_EDITIONS, MAIL, Recipient

COLUMNS = ("address", "name", "language", "editions", "channel")
_COMMENT = re.compile(r"(?:^|\s)#")
PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
"""Nearly every address; the parser of headers, which knows them all, takes a hundred times as long
and would keep a list of ten thousand readers waiting for seconds."""
_LARGEST = 20_000_000  # bytes of a list of readers
_Domain = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$")]
SetName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
"""What an audience or a channel may be called."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class RecipientKeys(_Strict):
    """A reader."""

    address: str
    """The mail address, alone."""
    name: str = ""
    """The name shown beside it."""
    language: str = ""
    """In which language they read; the project's first where not given."""
    editions: Literal["all"] | list[str] = []
    """Values of a report's parameter, such as regions; `all` for every one. Reports without a
    parameter reach everybody."""
    channel: str = MAIL
    """Over which channel: `mail`, or one of `channels`."""


class AudienceKeys(_Strict):
    """Readers, in a CSV file or listed here; docs/howto/readers.md has examples."""

    file: str = ""
    """A CSV file from the project's folder, with the columns address, name, language, editions
    (divided by spaces) and channel; only address is needed."""
    readers: list[RecipientKeys] = []
    """Or the readers themselves."""

    @model_validator(mode="after")
    def _one(self) -> AudienceKeys:
        if bool(self.file) == bool(self.readers):
            raise ValueError("give either `file` or `readers`")
        return self


class ReaderKeys(_Strict):
    """What holds for every reader."""

    allowed_domains: list[_Domain] = Field(default=[], min_length=1)
    """Readers have addresses of these domains only; of any where the key is not given."""
    suppressed: str = ""
    """A file with addresses that receive nothing any more, one on a line; read again before
    issues go out."""


@dataclass(frozen=True)
class Audience:
    """A list of readers as its author wrote it.

    Attributes:
        rows: every sound row, in order; one reader may stand in several.
        file: the CSV file; None where the readers stand in config.yaml, or it cannot be read.
    """

    name: str
    rows: tuple[Recipient, ...] = ()
    file: Path | None = None


@dataclass(frozen=True)
class Expected:
    """What a reader is checked against.

    Attributes:
        languages: the project's; the first is that of readers who name none.
        channels: names, ``mail`` among them; empty where they could not be read.
        domains: those that readers may have, casefolded; any where there are none.
    """

    languages: Sequence[str]
    channels: Collection[str]
    domains: Collection[str]


def read_audiences(
    audiences: Mapping[str, AudienceKeys], expected: Expected, positions: Positions, root: Path
) -> tuple[tuple[Audience, ...], list[Problem]]:
    """Every audience with its readers, and what is wrong with any of them.

    Args:
        root: the project's folder, from which files are read and which they may not leave.
    """
    reading = _Reading(expected, positions, root)
    made = tuple(reading.audience(name, keys) for name, keys in audiences.items())
    rows = (row for item in made for row in item.rows)
    return made, [*reading.problems, *_differing(rows)]


def folded(rows: Iterable[Recipient]) -> tuple[Recipient, ...]:
    """Each reader once, where they first stand, with the editions of all their rows.

    A row without a name takes the name of another. Rows that disagree are a problem of
    ``read_audiences``; here the first counts.
    """
    found: dict[str, Recipient] = {}
    for row in rows:
        known = found.get(row.key, row)
        editions = tuple(dict.fromkeys((*known.editions, *row.editions)))
        found[row.key] = replace(known, name=known.name or row.name, editions=editions)
    return tuple(found.values())


def read_suppressed(path: Path, shown: str = "") -> frozenset[str]:
    """The keys of addresses that receive nothing, as the file says at this moment.

    One address on a line; what follows a comma is the reason, and a ``#`` at the beginning of a
    line or after a space begins a comment. A file that is not there is an empty one.

    Args:
        shown: the file's name for messages; its path where not given.

    Raises:
        ProblemsError: the file cannot be read, or a line is no address; nobody knows then who
            wants no more.
    """
    shown = shown or str(path)
    try:
        text = _decoded(path, shown)
    except FileNotFoundError:
        return frozenset()
    found: set[str] = set()
    problems = []
    for number, line in enumerate(text.split("\n"), 1):
        entry = _COMMENT.split(line, maxsplit=1)[0].partition(",")[0].strip()
        if not entry:
            continue
        try:
            found.add(bare_address(entry).casefold())
        except ValueError as error:
            remedy = "Write one address on a line, a reason behind a comma, a comment behind #."
            problems.append(Problem(shown, number, "", str(error), remedy))
    if problems:
        raise ProblemsError(problems)
    return frozenset(found)


def inside(file: str, path: KeyPath, positions: Positions, root: Path) -> Path:
    """The place of a file of the project.

    Raises:
        ProblemsError: it lies outside.
    """
    place = (root / file).resolve() if "\0" not in file else root.parent
    if not place.is_relative_to(root):
        what, remedy = f"the path {file!r} leads outside the project", "Keep it inside its folder."
        raise ProblemsError([positions.problem(path, what, remedy)])
    return place


def _decoded(path: Path, shown: str) -> str:
    """The text of a file of readers.

    Raises:
        FileNotFoundError: there is none.
        ProblemsError: it cannot be read as text.
    """
    try:
        if path.is_file() and path.stat().st_size > _LARGEST:
            what = f"the file has more than {_LARGEST // 10**6} MB"
            raise ProblemsError([Problem(shown, 0, "", what, "Divide it into several audiences.")])
        content = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        what = f"the file cannot be read: {error.strerror}"
        raise ProblemsError([Problem(shown, 0, "", what, "Make it a readable file.")]) from None
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        remedy = "Save the file as UTF-8 text."
        raise ProblemsError([Problem(shown, line, "", "the line holds a NUL byte", remedy)])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = f"byte {content[error.start]:#04x} is not UTF-8"
        raise ProblemsError([Problem(shown, line, "", what, "Save it as UTF-8.")]) from None


@dataclass
class _Reading:
    """Reads audiences and collects what is wrong on the way."""

    expected: Expected
    positions: Positions
    root: Path
    problems: list[Problem] = field(default_factory=list)

    def audience(self, name: str, keys: AudienceKeys) -> Audience:
        if keys.readers:
            return Audience(name, tuple(self._sound(self._listed(name, keys.readers))))
        try:
            place = inside(keys.file, ("audiences", name, "file"), self.positions, self.root)
            text = _decoded(place, keys.file)
        except FileNotFoundError:
            path: KeyPath = ("audiences", name, "file")
            what, remedy = f"there is no file {keys.file}", "Add it, or correct the path."
            self.problems.append(self.positions.problem(path, what, remedy))
        except ProblemsError as error:
            self.problems += error.problems
        else:
            return Audience(name, tuple(self._sound(self._filed(keys.file, text))), place)
        return Audience(name)

    def _listed(self, name: str, readers: Sequence[RecipientKeys]) -> Iterator[Recipient]:
        for index, item in enumerate(readers):
            line = self.positions.line(("audiences", name, "readers", index))
            editions = (ALL_EDITIONS,) if item.editions == "all" else tuple(item.editions)
            place = f"{self.positions.file}:{line}"
            yield self._reader(item.model_dump() | {"editions": editions}, place)

    def _filed(self, file: str, text: str) -> Iterator[Recipient]:
        rows = csv.reader(StringIO(text, newline=""), strict=True)
        header: list[str] | None = None
        start = 1
        try:
            for row in rows:
                cells = [cell.strip() for cell in row]
                if header is None:
                    header = cells
                    if not self._known_header(file, header):
                        return
                elif len(row) == len(header):
                    known = dict(zip(header, cells, strict=True))
                    editions = tuple(known.get("editions", "").split())
                    yield self._reader(known | {"editions": editions}, f"{file}:{start}")
                elif row:  # else a blank line
                    what = f"{len(row)} cells where the header has {len(header)}"
                    remedy = "Quote cells that hold commas, or add the missing ones."
                    self.problems.append(Problem(file, start, "", what, remedy))
                start = rows.line_num + 1
        except csv.Error as error:
            what = f"the row cannot be read as CSV: {error}"
            self.problems.append(Problem(file, start, "", what, "Check its quotes."))
        if header is None:
            what, remedy = "the file is empty", f"Give it a header: {','.join(COLUMNS)}."
            self.problems.append(Problem(file, 1, "", what, remedy))

    def _known_header(self, file: str, header: Sequence[str]) -> bool:
        remedy = f"Columns of readers: {', '.join(COLUMNS)}; only address is needed."
        odd = [(name, "the column is not known") for name in header if name not in COLUMNS]
        odd += [
            (name, "the column stands there twice")
            for name in dict.fromkeys(header)
            if header.count(name) > 1
        ]
        if "address" not in header:
            odd.append(("address", "the column is missing"))
        self.problems += [Problem(file, 1, name, what, remedy) for name, what in odd]
        return not odd

    def _reader(self, cells: Mapping[str, object], place: str) -> Recipient:
        text = {name: str(cells.get(name) or "").strip() for name in COLUMNS}
        editions = cells["editions"]
        return Recipient(
            text["address"],
            text["name"],
            text["language"] or self.expected.languages[0],
            editions if isinstance(editions, tuple) else (),
            text["channel"] or MAIL,
            place,
        )

    def _sound(self, readers: Iterable[Recipient]) -> Iterator[Recipient]:
        """The readers who can be written to; what is wrong with the others is a problem."""
        for reader in readers:
            found = list(self._wrong(reader))
            file, _, line = reader.place.rpartition(":")
            self.problems += [
                Problem(file, int(line), where, what, remedy) for where, what, remedy in found
            ]
            if not found:
                yield reader

    def _wrong(self, reader: Recipient) -> Iterator[tuple[str, str, str]]:
        expected = self.expected
        try:
            if not PLAIN_ADDRESS.fullmatch(reader.address):
                bare_address(reader.address)
        except ValueError as error:
            yield "address", str(error), "Correct it, or remove the reader."
        else:
            domain = reader.address.rpartition("@")[2]
            if expected.domains and domain.casefold() not in expected.domains:
                remedy = "Remove the reader, or add the domain to `readers: allowed_domains`."
                yield "address", f"the domain {domain} is not among those allowed", remedy
        if any(category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in reader.name):
            what = "the name holds a line break or another control character"
            yield "name", what, "Write it on one line."
        if reader.language not in expected.languages:
            what = f"the project is not made in {reader.language!r}"
            yield "language", what, f"Its languages: {', '.join(expected.languages)}."
        if expected.channels and reader.channel not in expected.channels:
            known = ", ".join(sorted(expected.channels))
            yield "channel", f"there is no channel {reader.channel!r}", f"Channels here: {known}."


def _differing(rows: Iterable[Recipient]) -> Iterator[Problem]:
    """Rows of one reader that say different things, so that nobody knows which is meant."""
    first: dict[tuple[str, str], Recipient] = {}
    for row in rows:
        for key in ("name", "language", "channel"):
            value = getattr(row, key)
            known = first.setdefault((row.key, key), row) if value else row
            if getattr(known, key) != value:
                file, _, line = row.place.rpartition(":")
                what = f"the same reader has the {key} {getattr(known, key)!r} in {known.place}, "
                remedy = "Write the same in both places, or remove one of them."
                yield Problem(file, int(line), key, f"{what}and {value!r} here", remedy)

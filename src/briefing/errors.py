"""Every error a user can meet, as one tree, and the Problem that most of them carry.

    BriefingError            exit 4
    |-- ProblemsError        exit 1   data or configuration is wrong; carries the problems
    |   `-- UnreadableError           the project was broken while a scheduler ran
    |-- UsageError           exit 2   the command was asked for something that does not exist
    |-- NothingKnownError    exit 1   nothing was known by then; what cannot be said is left out
    |-- HeldError            exit 3   the data gate holds the issue back
    |-- BusyError            exit 75  somebody else is building the same issue
    |-- SealedError          exit 2   readers have the issue; it never changes any more
    |-- LedgerError          exit 4   the memory of runs does not answer, or is damaged
    |-- StaleRunError        exit 4   the run belongs to somebody else by now
    |-- ChannelError         exit 5   a message did not go out, or not to everybody
    `-- BuildError           exit 4   the issue could not be made
        |-- ChildError                the process that built it died, or took too long
        |-- EngineError               the cluster that should do the work is lost
        |-- ChartError                a chart could not be drawn
        |-- RenderError               the pages could not be made, or failed a gate
        `-- ArchiveError              the issue could not be filed

The docstring of a class is its message where none is given.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, order=True)
class Problem:
    """Something wrong with data or configuration, as a value.

    Attributes:
        file: path as the reader knows it, relative to the project where possible.
        line: 1-based line in that file; 0 where the whole file is meant.
        where: column (of a table) or key path (of a configuration file); may be empty.
        what: what is wrong, with the offending value.
        remedy: what to do about it.
    """

    file: str
    line: int
    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        subject = f"{place}: {self.where}: " if self.where else f"{place}: "
        return f"{subject}{self.what}. {self.remedy}"


class BriefingError(Exception):
    """The briefing could not be made."""

    exit_code = 4

    def __init__(self, message: str = "", hint: str = "") -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.hint = hint
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def __reduce__(self) -> tuple[Any, ...]:
        """Remade as it is, whatever its class asks for, so that it passes to other processes."""
        return _again, (type(self), self.args, self.__dict__)


def _again(
    kind: type[BriefingError], args: tuple[Any, ...], attributes: dict[str, Any]
) -> BriefingError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(attributes)
    return error


class ProblemsError(BriefingError):
    """The data or the configuration has problems."""

    exit_code = 1

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        count = len(self.problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} found.")

    def __str__(self) -> str:
        return "\n".join([*(str(problem) for problem in self.problems), self.message])


class UnreadableError(ProblemsError):
    """The project cannot be read any more; nothing is built until it can."""


class UsageError(BriefingError):
    """The command was asked for something that does not exist."""

    exit_code = 2


class HeldError(BriefingError):
    """The data gate holds the issue back."""

    exit_code = 3


class NothingKnownError(BriefingError):
    """Nothing was known by then; the sentence or figure is left out.

    Never reaches a user: ``briefing check`` makes a problem of it, a build leaves out what
    cannot be said and says so.
    """

    exit_code = 1

    def __init__(self, what: str = "") -> None:
        super().__init__(what)


class BusyError(BriefingError):
    """Somebody else is building the same issue."""

    exit_code = 75


class SealedError(BriefingError):
    """Readers have this issue already; it never changes any more."""

    exit_code = 2


class LedgerError(BriefingError):
    """The ledger, the memory of runs, does not answer."""


class StaleRunError(BriefingError):
    """The run belongs to somebody else by now; what was made here is thrown away."""


class ChannelError(BriefingError):
    """A message did not go out, or not to everybody."""

    exit_code = 5


class BuildError(BriefingError):
    """The issue could not be built."""


class ChildError(BuildError):
    """The process that built the issue died or took too long."""


class EngineError(BuildError):
    """The cluster that should do the work does not answer, or does not fit."""


class ChartError(BuildError):
    """A chart could not be drawn."""


class RenderError(BuildError):
    """The pages could not be made, or they failed a gate."""


class ArchiveError(BuildError):
    """The issue could not be filed."""


def unforeseen(error: Exception) -> str:
    """What went wrong where nobody expected anything to, in a line."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    said = f"{type(error).__name__}: {error}".rstrip(": ")
    return f"Something unforeseen happened: {said} ({Path(place.filename).name}:{place.lineno})."

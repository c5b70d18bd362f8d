"""Who competes in a row, and the rounds in which they take turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from benchmarks.measuring import BenchError, Lap, Warm, run
from benchmarks.targets import Target

Number = int
"""Of a lap: 0 is the one that is not counted."""


class Contender(Protocol):
    """Does the row's work in its way."""

    @property
    def name(self) -> str:
        """What tables call it."""

    def lap(self, number: Number) -> Lap:
        """Do the work once."""

    def close(self) -> None:
        """Let go of what was opened."""


@dataclass(frozen=True)
class Cold:
    """A whole process for each lap.

    Attributes:
        words: the command, for a lap's number.
        before: what has to be set right before a lap, and is not timed.
        made: where the PDF lies that is made, for its size.
        most: MB at which it is given up.
    """

    name: str
    words: Callable[[Number], Sequence[str]]
    folder: Path
    environ: Mapping[str, str]
    log: Path
    before: Callable[[Number], object] = lambda _: None
    made: Callable[[], Path | None] = lambda: None
    most: float = 12_000

    def lap(self, number: Number) -> Lap:
        """Run the command."""
        self.before(number)
        done = run(
            self.words(number),
            folder=self.folder,
            environ=self.environ,
            log=self.log,
            most=self.most,
        )
        pdf = self.made()
        size = pdf.stat().st_size if pdf and pdf.is_file() else 0
        return Lap(done.seconds, done.cpu, done.megabytes, size, done.said, done.stopped)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Ready:
    """A process that is warm, started before its first lap."""

    name: str
    words: Sequence[str]
    folder: Path
    environ: Mapping[str, str]
    log: Path
    most: float = 12_000
    _warm: Warm | None = field(default=None, init=False)

    def lap(self, number: Number) -> Lap:
        """Ask the process."""
        if self._warm is None:
            self._warm = Warm(
                self.words,
                folder=self.folder,
                environ=self.environ,
                log=self.log,
                most=self.most,
            )
        return self._warm.lap(number)

    def close(self) -> None:
        """End the process."""
        if self._warm is not None:
            self._warm.close()


@dataclass(frozen=True)
class Row:
    """One line of the issue's table: the same work by several contenders.

    Attributes:
        key: what ``--only`` calls it.
        notes: what a reader of its table must know.
    """

    key: str
    title: str
    contenders: Sequence[Contender]
    targets: Sequence[Target] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Measured:
    """The counted laps of each contender of a row, round by round."""

    row: Row
    laps: Mapping[str, Sequence[Lap]]


def take_turns(
    row: Row, rounds: int, say: Callable[[str], None], *, warm_up: bool = True
) -> Measured:
    """Let all contenders do the work in each round, the first of one round last in the next.

    One lap of each goes before with ``warm_up``, and is not counted. A contender that was given
    up takes no further part.

    Raises:
        BenchError: a contender failed.
    """
    laps: dict[str, list[Lap]] = {item.name: [] for item in row.contenders}
    out: set[str] = set()
    try:
        for number in range(0 if warm_up else 1, rounds + 1):
            turn = number % len(row.contenders)
            for item in [*row.contenders[turn:], *row.contenders[:turn]]:
                if item.name in out:
                    continue
                lap = item.lap(number)
                say(f"{row.key} {number}/{rounds} {item.name}: {lap.seconds:.2f} s {lap.stopped}")
                if lap.stopped:
                    out.add(item.name)
                    laps[item.name] = [lap]
                elif number:
                    laps[item.name].append(lap)
    finally:
        for item in row.contenders:
            item.close()
    _agree(row, laps)
    return Measured(row, laps)


def _agree(row: Row, laps: Mapping[str, Sequence[Lap]]) -> None:
    """Whoever says what it found has to have found the same.

    Raises:
        BenchError: two found something else.
    """
    found = {
        name: lap.said["answer"]
        for name, done in laps.items()
        for lap in done
        if "answer" in lap.said
    }
    if len({str(answer) for answer in found.values()}) > 1:
        raise BenchError(f"In row {row.key} not all found the same: {found}")

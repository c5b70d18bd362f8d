"""Counts publications from outside, in two ways that do not know of each other.

The ledger writes an event for each publication, and its events are only ever added; a ledger
that a test is about to lose is read before. The archive is watched: an issue's folder appears
with one rename, and one that is replaced has another inode, so a thread that looks at the
folders again and again sees every issue that is put there, and put there anew.

*Twice* is an issue that was published again without anybody having asked: more ``published``
events than one and those that a test asked for by hand, or a folder that was replaced although
the same inputs give the same bytes. *Lost* is an issue that
was due and is neither published, with the very files that the ledger names, nor skipped, held,
failed or parked with a reason. Built more than once is allowed, and counted.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.faults.newsroom import Newsroom, Row

_STOPPED = {"skipped", "held", "failed", "parked"}


class ArchiveWatch:
    """Sees every folder that takes an issue's place, from a thread of its own.

    Args:
        output: says where the archive is.
        every: seconds between two looks; a build takes longer.
    """

    def __init__(self, output: Callable[[], Path], every: float = 0.05) -> None:
        self._output = output
        self._every = every
        self._over = threading.Event()
        self._seen: dict[str, list[int]] = {}
        self._thread = threading.Thread(target=self._watch, name="archive watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look for the last time."""
        self._over.set()
        self._thread.join()
        self._look()

    def placed(self) -> dict[str, int]:
        """How often something was put in the place of each issue."""
        return {issue: len(inodes) for issue, inodes in self._seen.items()}

    def _watch(self) -> None:
        while not self._over.wait(self._every):
            self._look()

    def _look(self) -> None:
        output = self._output()
        for path in output.glob("*/*/*/r1"):
            try:
                inode = path.stat().st_ino
            except OSError:
                continue
            seen = self._seen.setdefault(str(path.parent.relative_to(output)), [])
            if not seen or seen[-1] != inode:
                seen.append(inode)


@dataclass(frozen=True)
class Account:
    """What became of the issues that were expected.

    Attributes:
        built_again: issues that were begun more than once.
        twice: issues that were published again without being asked for.
        lost: issues that were due and of which nothing came, and no reason is known.
    """

    expected: int
    published: int
    built_again: int
    twice: tuple[str, ...]
    lost: tuple[str, ...]


class Witness:
    """Keeps the account of a newsroom."""

    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom = newsroom
        self._watch = ArchiveWatch(lambda: newsroom.output)
        self._told: Counter[str] = Counter()
        self._begun: Counter[str] = Counter()

    def remember(self) -> None:
        """Take down what the ledger says, before it is lost."""
        self._count(self._newsroom.rows().values())

    def _count(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._told[row.issue] += row.count("published")
            self._begun[row.issue] += row.count("claimed")

    def stop(self) -> None:
        """Stop watching the archive."""
        self._watch.stop()

    def account(self, expected: Iterable[str], by_hand: Counter[str] | None = None) -> Account:
        """What became of the expected issues; call it when everything is quiet.

        Args:
            expected: issues as report/period/edition.
            by_hand: how often an issue was asked for beside its schedule.
        """
        self.stop()
        wanted = set(expected)
        rows = self._newsroom.rows()
        self._count(rows.values())
        placed = self._watch.placed()
        there = {issue for issue in wanted if self._is_there(rows.get(issue))}
        asked = by_hand or Counter()
        return Account(
            expected=len(wanted),
            published=len(there),
            built_again=sum(count > 1 for count in self._begun.values()),
            twice=tuple(
                sorted(
                    issue
                    for issue in self._told.keys() | placed.keys()
                    if self._told[issue] > 1 + asked[issue] or placed.get(issue, 0) > 1
                )
            ),
            lost=tuple(
                sorted(issue for issue in wanted - there if not _has_reason(rows.get(issue)))
            ),
        )

    def _is_there(self, row: Row | None) -> bool:
        if row is None or row.state != "published":
            return False
        manifest = self._newsroom.output / row.issue / "r1" / "manifest.json"
        try:
            return sha256(manifest.read_bytes()).hexdigest() == row.manifest
        except OSError:
            return False


def _has_reason(row: Row | None) -> bool:
    return row is not None and row.state in _STOPPED and bool(row.reason)

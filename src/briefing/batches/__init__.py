"""Makes many issues at once: takes the row of each, has it made, publishes what comes back.

Whoever runs this is the coordinator: it alone talks to the ledger, moves issues into the archive
and fills the outbox. Workers make issues, and know of nothing else.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from briefing import archive, pipeline, runs
from briefing.batches.asked import ask_once
from briefing.batches.making import Maker, Near
from briefing.batches.order import longest_first
from briefing.claiming import claimed, concluding, kept_lease
from briefing.errors import BriefingError, BusyError, EngineError, LedgerError
from briefing.executors import Pool, cores
from briefing.interrupts import whole
from briefing.structures import Edition, Issue, Progress, Project, Run

if TYPE_CHECKING:
    from briefing.ledger import Ledger

_LEAST_SHARE = 4 * 1024**3
"""Address space is more than memory: libraries reserve much that they never use."""
Failed = list[tuple[Edition, BriefingError]]
"""What could not be built, and why."""


@dataclass(frozen=True)
class Batch:
    """Issues that are asked for together.

    Attributes:
        ledger: None where all of them are copies.
        waited: called where somebody else builds one of them; true to ask again.
        deliver: whether they go to their readers, also where no schedule asks for that.
        reason: what is wrong with the issues that readers have: they are corrected.
        notice: told what a person should know, though all goes on.
    """

    project: Project
    ledger: Ledger | None
    requests: Sequence[pipeline.Request]
    waited: Callable[[BusyError], bool] = lambda _: False
    deliver: bool = False
    reason: str = ""
    notice: Callable[[str], None] = lambda _: None


@dataclass
class _Order:
    """One issue on its way.

    Attributes:
        place: where it stands among those asked for.
        run: its row; None for a copy, and for what readers have and is only compared.
        lease: what keeps its row until it is closed.
    """

    place: int
    request: pipeline.Request
    run: Run | None = None
    lease: ExitStack = field(default_factory=ExitStack)


def build_batch(
    batch: Batch, workers: int | None, progress: Progress
) -> tuple[list[Issue], Failed]:
    """Make all issues of a batch, one after the other in this process or many at once.

    Args:
        workers: how many at once; None for what the project says, or one for each core. Never
            more than there are issues.

    Returns:
        The issues, and what could not be built, both in the order in which they were asked for.
    """
    engine, issues = batch.project.engine, len(batch.requests)
    at_once = max(1, min(workers or engine.workers or cores(), issues))
    with _ended_politely(), ExitStack() as held:
        if issues <= 1 or workers == 1:
            return _one_by_one(batch, progress)

        def near() -> Near:
            executor = Pool(at_once, memory=engine.memory or _share(at_once))
            return Near(batch.project, held.enter_context(executor))

        if engine.kind == "dask":
            return build_all(batch, _far(batch, at_once, near, held), progress)
        return build_all(batch, near(), progress) if at_once > 1 else _one_by_one(batch, progress)


def _far(batch: Batch, workers: int, near: Callable[[], Near], held: ExitStack) -> Maker:
    """The cluster; workers of this machine where it does not answer."""
    from briefing.batches.far import Far, check_sendable, open_cluster

    try:
        check_sendable(batch.project)
    except EngineError as error:
        batch.notice(f"{error} All is built on this machine.")
        ask_once(batch.project, batch.requests)
        return near()
    try:
        cluster = held.enter_context(open_cluster(batch.project.engine, workers))
    except EngineError as error:
        batch.notice(f"{error} All is built on this machine.")
        return near()
    return Far(batch.project, cluster, near, batch.notice)


def _share(workers: int) -> int:
    """The bytes of address space that a worker may use where nothing is said."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(whole // workers, _LEAST_SHARE)


def _one_by_one(batch: Batch, progress: Progress) -> tuple[list[Issue], Failed]:
    """In this process: every stage of every issue shows its progress."""
    issues: list[Issue] = []
    failed: Failed = []
    for request in batch.requests:
        try:
            if batch.ledger is None or request.is_copy:
                issues.append(pipeline.build(batch.project, request, progress))
            else:
                issues.append(
                    runs.build(
                        batch.project,
                        batch.ledger,
                        request,
                        progress,
                        batch.waited,
                        deliver=batch.deliver,
                        reason=batch.reason,
                    )
                )
        except BriefingError as error:
            failed.append((request.edition, error))
    return issues, failed


class _Stopped(KeyboardInterrupt):
    """SIGTERM came; not SystemExit, which may come from an author's own code."""


@contextmanager
def _ended_politely() -> Iterator[None]:
    """Let SIGTERM end what is inside as Ctrl-C does: nothing half-made is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise _Stopped

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except _Stopped:
        raise SystemExit(128 + signal.SIGTERM) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def build_all(batch: Batch, maker: Maker, progress: Progress) -> tuple[list[Issue], Failed]:
    """Make all issues of a batch; one that fails stops no other.

    Issues that somebody else builds are asked for again when all others are made.

    Returns:
        The issues, and what could not be built, both in the order in which they were asked for.
    """
    return _Building(batch, maker, progress).everything()


class _Building:
    """A batch at work."""

    def __init__(self, batch: Batch, maker: Maker, progress: Progress) -> None:
        self._batch = batch
        self._maker = maker
        self._progress = progress
        self._issues: dict[int, Issue] = {}
        self._failed: dict[int, BriefingError] = {}
        self._busy: dict[int, BusyError] = {}
        self._drawn: list[_Order] = []
        self._open: list[_Order] = []

    def everything(self) -> tuple[list[Issue], Failed]:
        batch = self._batch
        left = list(longest_first(batch.project, batch.ledger, batch.requests))
        while left:
            self._busy = {}
            self._round(left)
            left = [place for place in left if place in self._busy]
            if left and not batch.waited(self._busy[left[0]]):
                self._failed |= self._busy
                break
        failed = [
            (batch.requests[place].edition, self._failed[place]) for place in sorted(self._failed)
        ]
        return [self._issues[place] for place in sorted(self._issues)], failed

    def _round(self, places: list[int]) -> None:
        """Make those of these issues that nobody else builds."""
        self._drawn = []
        try:
            with closing(self._maker.staged(self._requests(places))) as answers:
                for answered in answers:
                    order = self._drawn[answered.number]
                    with whole():
                        self._conclude(order, answered.result)
        finally:
            with whole():
                while self._open:  # only where it was stopped
                    self._give_up(self._open.pop())

    def _requests(self, places: list[int]) -> Iterator[pipeline.Request]:
        """What is to be made, each taken in the ledger just before its turn."""
        for place in places:
            order = _Order(place, self._batch.requests[place])
            try:
                with whole():
                    self._take(order)
                    self._drawn.append(order)
                    self._open.append(order)
            except BusyError as error:
                self._busy[place] = error
            except BriefingError as error:
                self._failed[place] = error
            else:
                yield replace(order.request, keeper=os.getpid())

    def _take(self, order: _Order) -> None:
        batch = self._batch
        if batch.ledger is None or order.request.is_copy:
            return
        order.request, order.run = claimed(
            batch.ledger, order.request, deliver=batch.deliver, reason=batch.reason
        )
        if order.run is not None:
            order.lease.enter_context(kept_lease(batch.ledger, order.run))

    def _conclude(self, order: _Order, made: Callable[[], archive.Staged]) -> None:
        """Publish what was made, or write down why it was not."""
        batch = self._batch
        try:
            self._issues[order.place] = self._published(order, made)
        except BriefingError as error:
            self._failed[order.place] = error
        self._open.remove(order)
        self._sweep(order)
        done = len(self._issues) + len(self._failed)
        edition = batch.requests[order.place].edition
        name = f"{edition.report}/{edition.period}/{edition.name}"
        self._progress(f"{done} of {len(batch.requests)}", name)

    def _published(self, order: _Order, made: Callable[[], archive.Staged]) -> Issue:
        batch, run = self._batch, order.run
        if run is None:
            staged = made()
            is_copy = batch.ledger is None or order.request.is_copy
            return archive.place(staged) if is_copy else runs.compared(staged)
        assert batch.ledger is not None
        order.lease.close()
        with concluding(batch.ledger, run):
            return runs.published(batch.project, batch.ledger, run, made())

    def _give_up(self, order: _Order) -> None:
        """Leave nothing of an order that was stopped; its row is what it was before."""
        order.lease.close()
        self._sweep(order)
        if order.run is not None and self._batch.ledger is not None:
            with suppress(LedgerError):  # the lease ends by itself
                self._batch.ledger.hand_back(order.run, "stopped by hand", cancelled=True)

    def _sweep(self, order: _Order) -> None:
        """Remove what workers that died left beside the issue."""
        request = order.request
        output = request.output or self._batch.project.output
        folder = archive.issue_folder(output, request.edition, request.revision)
        for maker in self._maker.makers:
            archive.sweep_after(output, str(folder.relative_to(output)), maker)


__all__ = ["Batch", "Failed", "Maker", "Near", "build_all", "build_batch"]

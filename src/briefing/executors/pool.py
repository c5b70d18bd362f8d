"""Several issues at once: a bounded pool of warm processes, each doing one piece after another.

A worker keeps what the work brings along (the project as it was read, fonts, style sheets), so
that only its first piece is slow. It is replaced when it has grown too much, or has done many.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any

from briefing.abc import Answer, Executor, Item
from briefing.errors import ChildError
from briefing.executors.forking import how_it_ended, warm_up
from briefing.executors.workers import GROWN, MOST, Worker
from briefing.structures.execution import Answered

_TRIES = 2


@dataclass
class _Piece:
    number: int
    item: Any
    tries: int = 0


class Pool(Executor):
    """Warm processes of this machine.

    A worker that dies costs its piece a second try; a piece that ends two of them has failed.

    Args:
        workers: how many work at once.
        memory: how many bytes of address space each may use; None for no limit.
        grown: how many bytes a worker may hold beyond what it held after its first piece.
        most: after how many pieces a worker is replaced in any case.
    """

    def __init__(
        self, workers: int, *, memory: int | None = None, grown: int = GROWN, most: int = MOST
    ) -> None:
        self.room = workers
        self._memory = memory
        self._grown = grown
        self._most = most
        self._idle: list[Worker] = []
        self._retired: list[Worker] = []
        self._makers: list[int] = []
        warm_up()

    @property
    def makers(self) -> tuple[int, ...]:
        """Process ids of all workers so far."""
        return tuple(self._makers)

    def as_completed(
        self, work: Callable[[Item], Answer], items: Iterable[Item]
    ) -> Iterator[Answered[Item, Answer]]:
        """Do the work on each item, so many at once as there are workers."""
        carried = pickle.dumps(work)
        waiting: list[_Piece] = []
        drawn = (_Piece(number, item) for number, item in enumerate(items))
        busy: dict[Worker, _Piece] = {}
        try:
            while self._occupied(busy, waiting, drawn, carried):
                done = list(self._done(busy, waiting))
                self._occupied(busy, waiting, drawn, carried)  # before the caller takes its time
                yield from done
        finally:
            for worker in busy:
                worker.kill()

    def _occupied(
        self,
        busy: dict[Worker, _Piece],
        waiting: list[_Piece],
        drawn: Iterator[_Piece],
        carried: bytes,
    ) -> bool:
        """Give every free worker a piece, as long as there are any; whether somebody is at work."""
        while len(busy) < self.room:
            piece = waiting.pop() if waiting else next(drawn, None)
            if piece is None:
                break
            worker = self._idle.pop() if self._idle else self._hired()
            busy[worker] = piece
            worker.give(carried, piece.item)
        return bool(busy)

    def _hired(self) -> Worker:
        worker = Worker(self._memory)
        self._makers.append(worker.pid)
        return worker

    def _done(
        self, busy: dict[Worker, _Piece], waiting: list[_Piece]
    ) -> Iterator[Answered[Any, Any]]:
        """Wait until at least one worker has answered or ended."""
        wait([place for worker in busy for place in worker.places])
        for worker in [worker for worker in busy if worker.has_finished()]:
            piece = busy.pop(worker)
            piece.tries += 1
            told = worker.answer()
            if told is None:
                worker.bury()
                if piece.tries < _TRIES:
                    waiting.append(piece)
                    continue
                error = ChildError(f"{how_it_ended(worker.code)} It was tried twice.")
                yield Answered(piece.number, piece.item, error=error)
                continue
            self._keep(worker)
            fine, answer = told
            if fine:
                yield Answered(piece.number, piece.item, answer)
            else:
                yield Answered(piece.number, piece.item, error=answer)

    def _keep(self, worker: Worker) -> None:
        if worker.is_spent(self._grown, self._most):
            worker.retire()
            self._retired = [old for old in self._retired if not old.is_gone()] + [worker]
        else:
            self._idle.append(worker)

    def close(self) -> None:
        """End all workers."""
        for worker in self._idle:
            worker.retire()
        for worker in [*self._idle, *self._retired]:
            worker.end()
        self._idle, self._retired = [], []

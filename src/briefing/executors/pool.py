"""Several issues at once: a bounded pool of warm processes, each doing one piece after another.

A worker keeps what the work brings along (the project as it was read, fonts, style sheets), so
that only its first piece is slow. It is replaced when it has grown too much, or has done many.
"""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from briefing.abc import Answer, Executor, Item
from briefing.errors import BriefingError, ChildError, unforeseen
from briefing.executors.children import TOO_BIG
from briefing.executors.forking import begin_child, context, how_it_ended, start, warm_up
from briefing.structures.execution import Answered

GROWN = 256 * 1024**2
"""How many bytes a worker may hold beyond what it held after its first piece."""
MOST = 200
"""After how many pieces a worker is replaced in any case."""
_TRIES = 2
_GRACE = 2.0


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
        self._idle: list[_Worker] = []
        self._retired: list[_Worker] = []
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
        busy: dict[_Worker, _Piece] = {}
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
        busy: dict[_Worker, _Piece],
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
            worker.give(carried, piece)
        return bool(busy)

    def _hired(self) -> _Worker:
        worker = _Worker(self._memory)
        self._makers.append(worker.pid)
        return worker

    def _done(
        self, busy: dict[_Worker, _Piece], waiting: list[_Piece]
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

    def _keep(self, worker: _Worker) -> None:
        if worker.grown > self._grown or worker.count >= self._most or worker.is_full:
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


class _Worker:
    """One process of the pool, as its owner sees it.

    Attributes:
        count: how many pieces it has done.
        grown: how many bytes it holds beyond what it held after its first piece.
        is_full: whether it ran into its limit of memory.
    """

    def __init__(self, memory: int | None) -> None:
        self._talk, theirs = context.Pipe(duplex=True)
        self._process = context.Process(target=_serve, args=(theirs, memory), daemon=True)
        start(self._process)
        theirs.close()
        self._carried: bytes | None = None
        self._first = 0
        self.count = 0
        self.grown = 0
        self.is_full = False

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    @property
    def code(self) -> int | None:
        return self._process.exitcode

    @property
    def places(self) -> tuple[Any, ...]:
        """What tells that it has answered or ended."""
        return self._talk, self._process.sentinel

    def give(self, carried: bytes, piece: _Piece) -> None:
        """Hand it a piece, and the work itself where it has another one."""
        is_new = carried is not self._carried
        self._carried = carried
        with suppress(OSError):  # it is gone, which its sentinel tells too
            self._talk.send((carried if is_new else None, piece.item))

    def has_finished(self) -> bool:
        return bool(wait(self.places, 0))

    def answer(self) -> tuple[bool, Any] | None:
        """Whether all went well, and the answer or the error; None where it died."""
        try:
            if not self._talk.poll():
                return None
            fine, answer, held, self.is_full = self._talk.recv()
        except (EOFError, OSError):
            return None
        self.count += 1
        self._first = self._first or held
        self.grown = held - self._first
        return fine, answer

    def retire(self) -> None:
        """Let it go: it ends when nobody talks to it any more."""
        self._talk.close()

    def is_gone(self) -> bool:
        return not self._process.is_alive()

    def end(self) -> None:
        """Wait for one that was let go; not for ever."""
        self._process.join(_GRACE)
        if self._process.is_alive():
            self.kill()

    def bury(self) -> None:
        """Wait for one that is dying, and end what it has started."""
        self._process.join(_GRACE)
        self.kill()

    def kill(self) -> None:
        """End it and all that it started, at once."""
        with suppress(ProcessLookupError, PermissionError):  # the group, its leader gone or not
            os.killpg(self.pid, signal.SIGKILL)
        self._process.kill()  # one that has just begun leads no group yet
        self._process.join()
        self._talk.close()


def _serve(talk: Connection[Any, Any], memory: int | None) -> None:
    """The worker's life: pieces come in, answers go out, until nobody talks to it."""
    begin_child(memory)
    work: Callable[[Any], Any] | None = None
    while True:
        try:
            carried, item = talk.recv()
        except (EOFError, OSError):
            return
        is_full = False
        try:
            if carried is not None:
                work = None  # the one before goes first: both may be large
                work = pickle.loads(carried)
            assert work is not None
            answer = (True, work(item))
        except BriefingError as error:
            answer = (False, error)
        except MemoryError:
            answer, is_full = (False, ChildError(*TOO_BIG)), True
        except Exception as error:  # whatever it is, the one who waits must hear of it
            answer = (False, ChildError(unforeseen(error)))
        try:
            talk.send((*answer, _held(), is_full))
        except (BrokenPipeError, ConnectionResetError):
            return


def _held() -> int:
    """The bytes of memory that this process holds. Source: proc(5), statm."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")

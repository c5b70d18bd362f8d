"""A process that stays warm and does one piece of work after another."""

from __future__ import annotations

import gc
import os
import pickle
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from briefing.errors import BriefingError, ChildError, unforeseen
from briefing.executors.children import TOO_BIG
from briefing.executors.forking import begin_child, context, start

GROWN = 256 * 1024**2
"""How many bytes a worker may hold beyond what it held after its first piece."""
MOST = 200
"""After how many pieces a worker is replaced in any case."""
_GRACE = 2.0
_HARDLY_EVER = 2_000_000  # objects; an issue of sixty pages makes fewer that live until its end


class Worker:
    """A process that stays until it is let go.

    Args:
        memory: how many bytes of address space it may use; None for no limit.
        rests: whether there are pauses between the pieces: it looks for garbage then, and hardly
            ever while somebody waits.

    Attributes:
        count: how many pieces it has done.
        grown: how many bytes it holds beyond what it held after its first piece.
        is_full: whether it ran into its limit of memory.
    """

    def __init__(self, memory: int | None, *, rests: bool = False) -> None:
        self._talk, theirs = context.Pipe(duplex=True)
        self._process = context.Process(target=_serve, args=(theirs, memory, rests), daemon=True)
        start(self._process)
        theirs.close()
        self._carried: bytes | None = None
        self._first = 0
        self.count = 0
        self.grown = 0
        self.is_full = False

    @property
    def pid(self) -> int:
        """Its process id, which is also that of its group."""
        return self._process.pid or 0

    @property
    def code(self) -> int | None:
        """What it ended with; None while it lives."""
        return self._process.exitcode

    @property
    def places(self) -> tuple[Any, ...]:
        """What tells that it has answered or ended."""
        return self._talk, self._process.sentinel

    def give(self, carried: bytes, item: Any) -> None:
        """Hand it a piece, and the work itself, pickled, where it has another one."""
        is_new = carried is not self._carried
        self._carried = carried
        with suppress(OSError):  # it is gone, which its sentinel tells too
            self._talk.send((carried if is_new else None, item))

    def has_finished(self) -> bool:
        """Whether it has answered or ended."""
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

    def is_spent(self, grown: int = GROWN, most: int = MOST) -> bool:
        """Whether it has grown by more bytes than that, or done so many pieces."""
        return self.grown > grown or self.count >= most or self.is_full

    def retire(self) -> None:
        """Let it go: it ends when nobody talks to it any more."""
        self._talk.close()

    def is_gone(self) -> bool:
        """Whether it has ended."""
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


def _serve(talk: Connection[Any, Any], memory: int | None, rests: bool) -> None:
    """The worker's life: pieces come in, answers go out, until nobody talks to it."""
    begin_child(memory)
    if rests:
        gc.set_threshold(_HARDLY_EVER)
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
        if rests:
            del answer
            gc.collect()


def _held() -> int:
    """The bytes of memory that this process holds. Source: proc(5), statm."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")

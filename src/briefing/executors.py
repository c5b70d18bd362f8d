"""Runs work in a child process: one that can be given up, with everything that it started.

A thread cannot be stopped and shares its memory with everyone; a child can be killed, limited
and measured. Children come from a fork server that has the heavy libraries loaded, so that one
starts in a fraction of a second.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import resource
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from typing import Any

from briefing.errors import BriefingError, ChildError, unforeseen

PRELOADED = ("briefing.pipeline", "briefing.config", "briefing.charts.style", "weasyprint")
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(list(PRELOADED))
_PR_SET_PDEATHSIG = 1
_GRACE = 2.0


def warm_up() -> None:
    """Start the fork server and let it load its libraries, so that the first child starts fast."""
    forkserver.ensure_running()


class Child:
    """A function at work in a process of its own, the leader of its own process group.

    Args:
        work: a function of a module; called with ``words``, its answer is handed back.
        words: what it is called with; has to be picklable, as its answer has.
        memory: how many bytes of address space it may use; None for no limit.
    """

    def __init__(
        self, work: Callable[..., Any], words: Sequence[Any], *, memory: int | None = None
    ) -> None:
        self._answers, sender = _context.Pipe(duplex=False)
        self._process = _context.Process(
            target=_at_work, args=(sender, work, tuple(words), memory), daemon=True
        )
        self._ended = False
        self._process.start()
        sender.close()

    @property
    def pid(self) -> int:
        """Its process id, which is also that of its group."""
        return self._process.pid or 0

    def finished(self, within: timedelta) -> bool:
        """Wait so long; whether it has answered or ended."""
        return bool(wait([self._answers, self._process.sentinel], within.total_seconds()))

    def answer(self) -> Any:
        """What the work gave back; call it when the child has finished.

        Raises:
            ChildError: the child died before it answered.
            BriefingError: what the work raised.
        """
        try:
            fine, answer = self._answers.recv() if self._answers.poll() else (None, None)
        except (EOFError, OSError):
            fine, answer = None, None
        self.stop(timedelta(seconds=_GRACE))
        if fine is None:
            raise ChildError(_ending(self._process.exitcode))
        if isinstance(answer, BriefingError) and not fine:
            raise answer
        return answer

    def stop(self, grace: timedelta = timedelta(0)) -> None:
        """End the child and all that it started: politely, and after ``grace`` for certain.

        Called again, it does nothing: the number of an ended group may be another's by then.
        """
        if self._ended:
            return
        self._ended = True
        if self._process.is_alive() and grace:
            self._process.join(grace.total_seconds())
        if self._process.is_alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
            self._process.join(_GRACE)
        with suppress(ProcessLookupError, PermissionError):  # the group, its leader gone or not
            os.killpg(self.pid, signal.SIGKILL)
        self._process.join()
        self._answers.close()


def _ending(code: int | None) -> str:
    if code == -signal.SIGKILL:
        return "The process that built it was killed; the machine may be short of memory."
    if code is not None and code < 0:
        return f"The process that built it died of signal {-code} ({signal.strsignal(-code)})."
    return f"The process that built it ended without an answer, with code {code}."


def _at_work(
    sender: Connection[Any, Any],
    work: Callable[..., Any],
    words: tuple[Any, ...],
    memory: int | None,
) -> None:
    """The child's life."""
    os.setsid()  # a group of its own: whatever it starts is ended with it
    _die_with_parent()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if memory is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    try:
        answer = (True, work(*words))
    except BriefingError as error:
        answer = (False, error)
    except MemoryError:
        answer = (
            False,
            ChildError(
                "It needed more memory than it may use.",
                "Raise `memory` in its schedule, or make the report smaller.",
            ),
        )
    except Exception as error:  # whatever it is, the one who waits must hear of it
        answer = (False, ChildError(unforeseen(error)))
    sender.send(answer)
    sender.close()


def _die_with_parent() -> None:
    """Ask the kernel to end this process when the fork server ends, and that ends with its own.

    Source: prctl(2), PR_SET_PDEATHSIG.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with suppress(AttributeError):  # not on Linux: then the deadline ends it
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

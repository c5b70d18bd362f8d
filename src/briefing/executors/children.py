"""Runs work in a child process: one that can be given up, with everything that it started.

A thread cannot be stopped and shares its memory with everyone; a child can be killed, limited
and measured. Children come from a fork server that has the heavy libraries loaded, so that one
starts in a fraction of a second.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from multiprocessing.connection import Connection, wait
from typing import Any

from briefing.errors import BriefingError, ChildError, unforeseen
from briefing.executors.forking import begin_child, context, how_it_ended, start, warm_up

_GRACE = 2.0
TOO_BIG = (
    "It needed more memory than it may use.",
    "Raise `memory` in its schedule, or make the report smaller.",
)


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
        warm_up()  # first, so that the child's temporary files lie in the folder made there
        self._answers, sender = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_at_work, args=(sender, work, tuple(words), memory), daemon=True
        )
        self._ended = False
        start(self._process)
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
            raise ChildError(how_it_ended(self._process.exitcode))
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


def _at_work(
    sender: Connection[Any, Any],
    work: Callable[..., Any],
    words: tuple[Any, ...],
    memory: int | None,
) -> None:
    """The child's life."""
    begin_child(memory)
    try:
        answer = (True, work(*words))
    except BriefingError as error:
        answer = (False, error)
    except MemoryError:
        answer = (False, ChildError(*TOO_BIG))
    except Exception as error:  # whatever it is, the one who waits must hear of it
        answer = (False, ChildError(unforeseen(error)))
    sender.send(answer)
    sender.close()

"""One thing done beside another: a PDF is printed while the rest of its issue is made."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Any

from briefing.errors import ChildError
from briefing.executors.forking import is_warm
from briefing.executors.workers import Worker

_stays = False
_waiting: Worker | None = None


def beside(work: Callable[..., Any], words: tuple[Any, ...]) -> Callable[[], Any]:
    """Begin work in a process of its own, where a fork server stands ready; else do it at once.

    A process that dies costs time: the work is then done here.

    Args:
        work: a function of a module.
        words: what it is called with; has to be picklable, as its answer has.

    Returns:
        What waits for the answer, or raises what the work raised.
    """
    worker = _taken()
    if worker is None:
        done = work(*words)
        return lambda: done
    worker.give(_CALLED, (work, words))

    def finished() -> Any:
        try:
            wait(worker.places)
            told = worker.answer()
        except BaseException:
            worker.kill()
            raise
        if told is None:
            worker.bury()
            return work(*words)
        _let_go(worker)
        if isinstance(told[1], ChildError):
            return work(*words)
        fine, answer = told
        if not fine:
            raise answer
        return answer

    return finished


@contextmanager
def staying() -> Iterator[None]:
    """Let the process that works beside stay for the next work, warm, until what is inside ends."""
    global _stays  # noqa: PLW0603 -- as the fork server: one for each process
    _stays = True
    try:
        yield
    finally:
        _stays = False
        if worker := _taken_back():
            _let_go(worker)


def _called(item: tuple[Callable[..., Any], tuple[Any, ...]]) -> Any:
    work, words = item
    return work(*words)


_CALLED = pickle.dumps(_called)


def _taken() -> Worker | None:
    """The worker that waits, or another one; None where no process is to be had."""
    if not is_warm():
        return None
    try:
        return _taken_back() or Worker(None, rests=_stays)
    except (OSError, EOFError):  # the fork server has died, and no other begins
        return None


def _taken_back() -> Worker | None:
    global _waiting
    worker, _waiting = _waiting, None
    return worker


def _let_go(worker: Worker) -> None:
    """Keep it for the next work where it stays; else end it."""
    global _waiting  # noqa: PLW0603
    if _stays and not worker.is_spent():
        _waiting = worker
    else:
        worker.retire()
        worker.end()

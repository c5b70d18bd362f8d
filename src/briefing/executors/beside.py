"""One thing done beside another: a PDF is printed while the rest of its issue is made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from briefing.errors import ChildError
from briefing.executors.children import Child
from briefing.executors.forking import is_warm

_LOOK = timedelta(seconds=60)


def beside(work: Callable[..., Any], words: tuple[Any, ...]) -> Callable[[], Any]:
    """Begin work in a process of its own, where a fork server stands ready; else do it at once.

    A child that dies costs time: the work is then done here.

    Args:
        work: a function of a module.
        words: what it is called with; has to be picklable, as its answer has.

    Returns:
        What waits for the answer, or raises what the work raised.
    """
    child = _begun(work, words)
    if child is None:
        done = work(*words)
        return lambda: done

    def finished() -> Any:
        try:
            while not child.finished(_LOOK):
                pass
            return child.answer()
        except ChildError:
            return work(*words)
        finally:
            child.stop()

    return finished


def _begun(work: Callable[..., Any], words: tuple[Any, ...]) -> Child | None:
    if not is_warm():
        return None
    try:
        return Child(work, words)
    except (OSError, EOFError):  # no process is to be had, or the fork server has died
        return None

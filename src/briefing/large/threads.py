"""Calls a function for many parts, a few at a time, and gives the answers in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from briefing.errors import BriefingError

Part = TypeVar("Part")
Found = TypeVar("Found")
THREADS = 2
"""More of them wait for one another: Python runs one at a time."""


class Mapped(Protocol):
    """As ``map``, with the answers in the order of the parts; ahead by no more than a few."""

    def __call__(self, function: Callable[[Any], Found], parts: Iterable[Any]) -> Iterator[Found]:
        """The answers in order."""


def in_threads(
    function: Callable[[Part], Found], parts: Iterable[Part], threads: int = THREADS
) -> Iterator[Found]:
    """The answers in order; no more parts are taken than there are threads, and one.

    Raises:
        BriefingError: what the first part that failed has raised; what drawing the parts has
            raised, after all that was drawn before.
    """
    waiting: deque[Future[Found]] = deque()
    troubles: list[BriefingError] = []
    with ThreadPoolExecutor(threads, "large table") as pool:
        try:
            for part in until_trouble(parts, troubles):
                waiting.append(pool.submit(function, part))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
    for trouble in troubles:
        raise trouble


def until_trouble(parts: Iterable[Part], troubles: list[BriefingError]) -> Iterator[Part]:
    """The parts as far as they can be drawn: what is wrong first in a file is told first.

    However many parts are under way when drawing fails, those before it have their say; so what
    is told does not depend on how many there are.

    Args:
        troubles: gets what drawing them has raised.
    """
    try:
        yield from parts
    except BriefingError as error:
        troubles.append(error)

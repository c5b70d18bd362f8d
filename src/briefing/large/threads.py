"""Calls a function for many parts, a few at a time, and gives the answers in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

Part = TypeVar("Part")
Found = TypeVar("Found")
_THREADS = 2


class Mapped(Protocol):
    """As ``map``, with the answers in the order of the parts; ahead by no more than a few."""

    def __call__(self, function: Callable[[Any], Found], parts: Iterable[Any]) -> Iterator[Found]:
        """The answers in order."""


def in_threads(
    function: Callable[[Part], Found], parts: Iterable[Part], threads: int = _THREADS
) -> Iterator[Found]:
    """The answers in order; no more parts are taken than there are threads, and one."""
    waiting: deque[Future[Found]] = deque()
    with ThreadPoolExecutor(threads, "large table") as pool:
        try:
            for part in parts:
                waiting.append(pool.submit(function, part))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

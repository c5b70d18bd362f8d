"""A ``map`` for parts of large tables: over the cluster, or over processes of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol

from briefing.abc import Answer, Executor, Item
from briefing.batches.far import open_cluster
from briefing.errors import EngineError
from briefing.executors import Here, Pool, cores
from briefing.structures import Engine


class Spread(Protocol):
    """What does the same work on many items and gives the answers in their order."""

    def __call__(self, work: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
        """As the builtin ``map``; raises what the first item that failed has raised."""


@contextmanager
def spread(engine: Engine, workers: int | None, notice: Callable[[str], None]) -> Iterator[Spread]:
    """Have work done where the engine says; workers are started with the first piece of it.

    Where a cluster is lost, all of the work is done again on this machine.

    Args:
        workers: how many processes of this machine; None for what the engine says.
        notice: told why the cluster did not do it.

    Raises:
        UsageError: Dask is asked for, and not installed.
    """
    at_once = workers or engine.workers or cores()
    with ExitStack() as held:
        opened: list[Executor] = []
        local: list[Executor] = []

        def near() -> Executor:
            if not local:
                made = Pool(at_once, memory=engine.memory) if at_once > 1 else Here()
                local.append(held.enter_context(made))
            return local[0]

        def mapped(work: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
            pieces = list(items)
            try:
                if engine.kind == "dask" and not opened:
                    opened.append(held.enter_context(open_cluster(engine, at_once)))
                executor = opened[0] if opened else near()
                return executor.map(work, pieces)
            except EngineError as error:
                notice(f"{error} It is done on this machine.")
                opened[:] = [near()]
                return near().map(work, pieces)

        yield mapped

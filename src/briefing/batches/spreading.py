"""Large tables over a cluster: their parts are reduced by its workers, and put together here.

Workers read the files themselves where they see them. What they do not see is sent to them or done
here, and so is everything else that they cannot do.
"""

from __future__ import annotations

import platform
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import chain, islice
from typing import Any, Protocol, Self

from briefing.abc import Answer, Item
from briefing.batches.far import open_cluster
from briefing.errors import ChildError, EngineError, UsageError
from briefing.executors import cores
from briefing.executors.versions import check_versions
from briefing.large import elsewhere
from briefing.large.digests import state_of
from briefing.large.threads import THREADS, Mapped, in_threads, until_trouble
from briefing.sources.blocks import CsvBlock
from briefing.structures import Answered, Engine

_FEW = 3
"""So many parts are done here sooner than somebody else is asked."""
_MANY = 16
"""From so many blocks on a cluster of this machine's own is begun for a CSV: some 400 MB."""
_CARRIED = 12
"""So many blocks are on their way to workers that do not see the file: some 300 MB."""
_AHEAD = 64
"""So many parts are under way at most where their bytes are read by the workers."""
_LIBRARIES = ("briefing", "numpy", "pandas", "pyarrow")
_HERE = "It is done on this machine."


class Remote(Protocol):
    """Workers far away, as ``executors.cluster.Cluster`` has them."""

    room: int

    def in_order(
        self, work: Callable[[Item], Answer], items: Iterable[Item], most: int
    ) -> Iterator[Answered[Item, Answer]]:
        """Do the work on each item; what became of each, in the order of the items."""

    def everywhere(self, question: Callable[[Item], bool], item: Item) -> bool:
        """Whether every worker that answers says yes."""

    def close(self) -> None:
        """Let the workers go."""


Opens = Callable[[Engine, int, Callable[[], Mapping[str, str]]], Remote]


class Spreading:
    """Does parts of large tables on an engine's cluster, which is opened when it is first needed.

    Args:
        notice: told, once for each reason, why the cluster does not do it.
        opens: gives the cluster.
    """

    def __init__(
        self, engine: Engine, notice: Callable[[str], None], opens: Opens = open_cluster
    ) -> None:
        self._engine = engine
        self._notice = notice
        self._opens = opens
        self._workers = engine.workers or cores()
        self._said: set[str] = set()
        self._cluster: Remote | None = None
        self._is_given_up = engine.kind != "dask"

    def mapped(self, function: elsewhere.Work, parts: Iterable[Any]) -> Iterator[Any]:
        """The answers in the order of the parts, the same as in threads.

        Raises:
            BriefingError: what the first part that failed has raised.
        """
        troubles: list[Any] = []
        drawn = iter(until_trouble(parts, troubles))
        first = list(islice(drawn, _FEW))
        cluster = self._opened() if self._is_worth_it(first) else None
        together = chain(_given_up(first), drawn)
        if cluster is None:
            yield from in_threads(function, together)
        else:
            yield from self._far(cluster, function, together)
        for trouble in troubles:
            raise trouble

    def _is_worth_it(self, first: list[Any]) -> bool:
        """Whether the work is more than what it takes to have it done elsewhere.

        Beginning a cluster of this machine's own takes seconds, and its workers are no faster than
        threads.
        """
        if len(first) < _FEW or self._engine.scheduler:
            return len(first) == _FEW
        part = first[0]
        if self._workers <= THREADS or not isinstance(part, CsvBlock) or part.path is None:
            return False
        size = state_of(part.path)[0] if part.path.exists() else 0
        return size >= _MANY * len(part.content)

    def _opened(self) -> Remote | None:
        if self._cluster is None and not self._is_given_up:
            try:
                self._cluster = self._opens(self._engine, self._workers, table_versions)
            except (EngineError, UsageError) as error:
                self._give_up(error)
        return self._cluster

    def _give_up(self, error: EngineError | UsageError) -> None:
        self.close()
        self._say(f"{error} Large tables are reduced on this machine.")

    def _far(
        self, cluster: Remote, function: elsewhere.Work, parts: Iterator[Any]
    ) -> Iterator[Any]:
        """On the cluster, as long as there is one."""
        out: deque[Any] = deque()  # parts that were sent, without their bytes
        first = next(parts)
        is_csv, probe = isinstance(first, CsvBlock), elsewhere.light(first)
        parts = chain(_given_up([first]), parts)
        del first
        try:
            carried = not cluster.everywhere(_is_seen, _errand(function, probe))
            if carried:
                self._say_unseen(probe, "Its blocks are sent to them." if is_csv else _HERE)
            if carried and not is_csv:
                yield from in_threads(function, parts)
                return

            def errands() -> Iterator[elsewhere.Errand]:
                for part in parts:
                    known = elsewhere.light(part)
                    out.append(known)
                    yield _errand(function, part if carried else known)

            most = min(2 * cluster.room, _CARRIED if carried else _AHEAD)
            for answered in cluster.in_order(_done, errands(), most):
                found = self._answer(function, answered, out[0])
                out.popleft()
                yield found
        except EngineError as error:
            self._give_up(error)
            yield from in_threads(function, chain(map(elsewhere.whole, out), parts))

    def _answer(self, function: elsewhere.Work, answered: Answered[Any, Any], part: Any) -> Any:
        """What a worker has answered; where it has not, the part is done here.

        An error of the table itself is met here again, and raised.
        """
        error = answered.error
        if isinstance(error, EngineError):
            raise error
        if isinstance(error, ChildError):
            self._say(f"{error} {_HERE}")
        if error is None and not isinstance(answered.answer, elsewhere.Unseen):
            found = answered.answer
            return found.passed() if isinstance(found, elsewhere.Pressed) else found
        if error is None:
            self._say_unseen(part, "What they do not see is done on this machine.")
        return function(elsewhere.whole(part))

    def _say_unseen(self, part: Any, what: str) -> None:
        name = elsewhere.name_of(part)
        self._say(f"Not all workers of the cluster see {name} as it is here. {what}")

    def _say(self, what: str) -> None:
        if what not in self._said:
            self._said.add(what)
            self._notice(what)

    def close(self) -> None:
        """Let the cluster go."""
        self._is_given_up = True
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def spread(held: ExitStack, notice: Callable[[str], None]) -> Callable[[Engine], Mapped]:
    """What ``Means`` take along: gives what does the parts of large tables on an engine.

    Args:
        held: lets the cluster go in the end.
        notice: told why the cluster does not do it.
    """

    def mapped(engine: Engine) -> Mapped:
        if engine.kind != "dask":
            return in_threads
        return held.enter_context(Spreading(engine, notice)).mapped

    return mapped


@cache
def table_versions() -> Mapping[str, str]:
    """What decides what a part of a table answers, by name."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # pyarrow may be
            found[name] = "missing"
    return found


def _given_up(parts: list[Any]) -> Iterator[Any]:
    """The parts, each of which is let go of: a block of a CSV is large."""
    while parts:
        yield parts.pop(0)


def _errand(function: elsewhere.Work, part: Any) -> elsewhere.Errand:
    return elsewhere.errand(function, part, dict(table_versions()))


# ---- what runs on a worker


def _is_seen(asked: elsewhere.Errand) -> bool:
    return elsewhere.is_seen(asked)


def _done(asked: elsewhere.Errand) -> Any:
    """Do a part.

    Raises:
        EngineError: this worker runs something else than the coordinator.
        BriefingError: what the work has raised.
    """
    check_versions(asked.versions, table_versions(), platform.node())
    return elsewhere.done(asked)

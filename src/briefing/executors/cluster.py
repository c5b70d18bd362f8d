"""A Dask cluster: workers on other machines, or on this one, that make issues and keep none."""

from __future__ import annotations

import logging
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import dask
from distributed import (
    Client,
    Future,
    KilledWorker,
    LocalCluster,
    Security,
    Worker,
    WorkerPlugin,
    get_worker,
)

from briefing.abc import Answer, Executor, Item
from briefing.errors import BriefingError, ChildError, EngineError
from briefing.executors.bundle import Bundle, forget_old, unpacked
from briefing.executors.versions import check_versions
from briefing.structures.execution import Answered, Engine

_FAILURES = 1
"""How many workers a piece of work may end before it is given up: a second try, as here."""
_KEPT = 4
"""Bundles that a worker keeps: those of other projects, and of the same one before a change."""
_ASK = 5.0
_WARN = "distributed.admin.large-graph-warning-threshold"
_REMEDY = "See that it runs (docs/howto/workers-and-dask.md)."
_KILLED = "The workers that built it were killed; they may be short of memory. It was tried twice."
_Open = dict[str, tuple[int, Any]]


class Unpacking(WorkerPlugin):  # type: ignore[misc]  # its types are not looked at
    """Unpacks a bundle on every worker once, also on those that come later."""

    idempotent = True

    def __init__(self, bundle: Bundle) -> None:
        self.name = bundle.name
        self._bundle = bundle

    def setup(self, worker: Worker) -> None:
        """Called by Dask on each worker."""
        folder = Path(worker.local_directory)
        place = unpacked(self._bundle, folder)
        place.touch()
        forget_old(folder, _KEPT)


def bundle_folder(name: str) -> Path:
    """Where a bundle lies on the worker that this is called on.

    Raises:
        EngineError: it has not come.
    """
    worker = get_worker()
    folder = Path(worker.local_directory) / name
    if not folder.is_dir():
        raise EngineError(f"The worker {worker.address} has not got the project.")
    return folder


class Cluster(Executor):
    """The workers of a Dask scheduler.

    Args:
        engine: where the scheduler is; without an address, one with workers of this machine is
            started.
        workers: how many of those.
        probe: what says of a worker, and here, which versions of what it runs; it has to come out
            the same everywhere.

    Raises:
        EngineError: it does not answer, has no workers, or its workers do not fit.
    """

    def __init__(
        self, engine: Engine, workers: int, probe: Callable[[], Mapping[str, str]]
    ) -> None:
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is raised
        self._wait = engine.wait
        self._held = ExitStack()
        self._place = engine.scheduler or "of this machine"
        try:
            self._client = self._connected(engine, workers)
            self._client.wait_for_workers(1, timeout=engine.wait)
            self._compare(probe)
        except EngineError:
            self.close()
            raise
        except Exception as error:  # every layer of Dask raises errors of its own
            self.close()
            what = f"The Dask cluster {self._place} cannot be used: {_said(error)}."
            raise EngineError(what, _REMEDY) from error
        except BaseException:
            self.close()
            raise
        self.room = self._count() + 1  # one more, so that nobody waits for the next piece

    def _connected(self, engine: Engine, workers: int) -> Client:
        address: Any = engine.scheduler
        if not address:
            folder = tempfile.TemporaryDirectory(prefix="briefing-dask-")
            self._held.enter_context(folder)
            self._held.enter_context(
                dask.config.set({"distributed.scheduler.allowed-failures": _FAILURES})
            )
            address = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=None,
                local_directory=folder.name,
                silence_logs=logging.CRITICAL,
            )
            self._held.callback(address.close, timeout=_ASK)
        self._held.enter_context(dask.config.set({_WARN: "1 GB"}))
        client = Client(
            address,
            timeout=engine.wait,
            security=_security(engine),
            set_as_default=False,
        )
        self._held.callback(_quietly, client.close, timeout=_ASK)
        return client

    def _compare(self, probe: Callable[[], Mapping[str, str]]) -> None:
        here = probe()
        for address, there in self._client.run(probe, on_error="return").items():
            if isinstance(there, Exception):
                raise EngineError(
                    f"The worker {address} cannot run briefing: {_said(there)}.",
                    f"Install there what runs here: briefing {here['briefing']} from the same "
                    "lock file.",
                )
            check_versions(here, there, str(address))

    def send(self, bundle: Bundle) -> None:
        """Give a bundle to every worker, also to those that come later.

        Raises:
            EngineError: the cluster is lost.
        """
        try:
            self._client.register_plugin(Unpacking(bundle))
        except Exception as error:
            raise self._lost(_said(error)) from error
        # the scheduler keeps it until then; what is unpacked may serve the next build
        self._held.callback(_quietly, self._client.unregister_worker_plugin, bundle.name)

    def as_completed(
        self, work: Callable[[Item], Answer], items: Iterable[Item]
    ) -> Iterator[Answered[Item, Answer]]:
        """Do the work on each item, a few more at once than there are workers."""
        done: SimpleQueue[Future] = SimpleQueue()
        open_: _Open = {}
        drawn = enumerate(items)
        futures: dict[str, Future] = {}
        try:
            while True:
                while len(open_) < self.room and (piece := next(drawn, None)) is not None:
                    future = self._submitted(work, piece[1])
                    futures[future.key] = future
                    open_[future.key] = piece
                    future.add_done_callback(done.put)
                if not open_:
                    return
                future = self._finished(done)
                answered = self._answered(future, *open_[future.key])
                del open_[future.key], futures[future.key]
                yield answered
        finally:
            if futures:
                _quietly(self._client.cancel, list(futures.values()))

    def in_order(
        self, work: Callable[[Item], Answer], items: Iterable[Item], most: int
    ) -> Iterator[Answered[Item, Answer]]:
        """Do the work on each item; what became of each, in the order of the items.

        Args:
            items: drawn one by one; what is drawn and not yet handed back is bounded, so that
                items and answers may be large.
            most: how many those are.

        Raises:
            EngineError: the cluster is lost; what was not handed back is not done.
        """
        waiting: deque[tuple[int, Item, Future, SimpleQueue[Future]]] = deque()
        drawn = enumerate(items)
        try:
            while True:
                while len(waiting) < most and (piece := next(drawn, None)):
                    done: SimpleQueue[Future] = SimpleQueue()
                    future = self._submitted(work, piece[1])
                    waiting.append((*piece, future, done))
                    future.add_done_callback(done.put)
                if not waiting:
                    return
                number, item, future, done = waiting[0]
                self._finished(done)
                answered = self._answered(future, number, item)
                waiting.popleft()
                del future  # what it holds is not needed any more
                yield answered
        finally:
            if waiting:
                _quietly(self._client.cancel, [entry[2] for entry in waiting])

    def everywhere(self, question: Callable[[Item], bool], item: Item) -> bool:
        """Whether every worker that answers says yes.

        Raises:
            EngineError: the cluster is lost.
        """
        try:
            said = self._client.run(question, item, on_error="return")
        except Exception as error:
            raise self._lost(_said(error)) from error
        answers = [answer for answer in said.values() if not isinstance(answer, BaseException)]
        return bool(answers) and all(answers)

    def _submitted(self, work: Callable[[Any], Any], item: Any) -> Future:
        try:
            return self._client.submit(work, item, pure=False)
        except Exception as error:
            raise self._lost(_said(error)) from error

    def _finished(self, done: SimpleQueue[Future]) -> Future:
        """The next piece that has come to an end, whichever it is."""
        seen = time.monotonic()
        while True:
            with suppress(Empty):
                future = done.get(timeout=1)
                if future.status != "lost":
                    return future
                # its worker died with the answer, and another one makes it again
                future.add_done_callback(done.put)
            if self._count():
                seen = time.monotonic()
            elif time.monotonic() - seen > self._wait:
                raise self._lost("it has no workers any more, or does not answer")

    def _count(self) -> int:
        """How many workers there are; 0 also where the scheduler does not answer."""
        try:
            return len(self._client.sync(self._client.scheduler.ncores, callback_timeout=_ASK))
        except Exception:
            return 0

    def _answered(self, future: Future, number: int, item: Any) -> Answered[Any, Any]:
        if future.status in {"cancelled", "lost"}:
            raise self._lost("the connection to its scheduler broke")
        try:
            return Answered(number, item, future.result(timeout=self._wait))
        except BriefingError as error:
            return Answered(number, item, error=error)
        except KilledWorker:
            return Answered(number, item, error=ChildError(_KILLED))
        except Exception as error:
            if future.status != "error":  # the answer is made, and does not come
                raise self._lost(_said(error)) from error
            what = f"Something unforeseen happened on the cluster: {_said(error)}."
            return Answered(number, item, error=ChildError(what))

    def _lost(self, why: str) -> EngineError:
        return EngineError(f"The Dask cluster {self._place} is lost: {why}.", _REMEDY)

    def close(self) -> None:
        """Let the cluster go; one that was started here ends."""
        self._held.close()


def _security(engine: Engine) -> Security | None:
    if engine.ca_file is None:
        return None
    files = {"cert": str(engine.cert_file), "key": str(engine.key_file)}
    return Security(
        tls_ca_file=str(engine.ca_file),
        tls_client_cert=files["cert"],
        tls_client_key=files["key"],
        require_encryption=True,
    )


def _quietly(work: Callable[..., object], *words: Any, **named: Any) -> None:
    """Do what may fail because nobody is there any more."""
    with suppress(Exception):
        work(*words, **named)


def _said(error: BaseException) -> str:
    first = str(error).strip().splitlines()
    return f"{type(error).__name__}: {first[0]}".rstrip(".") if first else type(error).__name__

"""Where the work is done: the engine that a project asks for, and what comes back from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from briefing.errors import BriefingError

Item = TypeVar("Item")
Answer = TypeVar("Answer")
EngineKind = Literal["local", "dask"]
"""Processes of this machine, or Dask."""


@dataclass(frozen=True)
class Means:
    """What a door gives to whoever reads a project.

    Attributes:
        cache: where what was made is kept, to be used again; None for nowhere.
        environ: the environment, for the secrets in the addresses of databases.
        mapped: gives, for an engine, what calls a function for each of many parts of a large
            table; None for threads here. It knows this process's connections: it does not go
            along into another one.
    """

    cache: Path | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    mapped: Callable[[Engine], Callable[..., Iterator[Any]]] | None = None

    def __reduce__(self) -> tuple[type[Means], tuple[Path | None, dict[str, str]]]:
        """What goes to another process: all but ``mapped``."""
        return Means, (self.cache, dict(self.environ))


@dataclass(frozen=True)
class Engine:
    """What does the work of a project.

    Attributes:
        workers: how many processes of this machine build at once; 0 for as many as it has cores.
        memory: how many bytes of address space each may use; None for no limit.
        scheduler: the address of Dask's scheduler; empty for a cluster of this machine's own.
        ca_file: certificate of the authority that the cluster's certificates come from.
        cert_file: this machine's certificate for the cluster.
        key_file: the key of that.
        wait: seconds after which a cluster that does not answer, or has no workers, is given up.
    """

    kind: EngineKind = "local"
    workers: int = 0
    memory: int | None = None
    scheduler: str = ""
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    wait: float = 30.0


@dataclass(frozen=True)
class Answered(Generic[Item, Answer]):
    """What became of one item of work.

    Attributes:
        number: its place in the order in which items were drawn, from 0.
        answer: what the work gave back; None where it failed.
        error: why it failed.
    """

    number: int
    item: Item
    answer: Answer | None = None
    error: BriefingError | None = None

    def result(self) -> Answer:
        """What the work gave back.

        Raises:
            BriefingError: what it raised, or how its process died.
        """
        if self.error is not None:
            raise self.error
        return self.answer  # type: ignore[return-value]  # None may be what was asked for

"""What may stand in config.yaml about who does the work, and the noun made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from briefing.config.reading import Positions
from briefing.config.schedules import amount_of_memory
from briefing.errors import Problem
from briefing.structures import Engine
from briefing.structures.channels import on_this_machine
from briefing.structures.execution import EngineKind

_EXAMPLE = "tls://scheduler.example.org:8786"
_FILES = ("ca_file", "cert_file", "key_file")


class DaskKeys(BaseModel):
    """The cluster that builds issues where `engine` is dask."""

    model_config = ConfigDict(extra="forbid", strict=True)

    scheduler: str = ""
    """The address of its scheduler, such as `tls://scheduler.example.org:8786`; `tcp://` on this
    machine only. A cluster of this machine's own where not given."""
    ca_file: str = ""
    """For `tls://`, the PEM file of the authority that all certificates of the cluster are from."""
    cert_file: str = ""
    """For `tls://`, the PEM file with the certificate of this machine."""
    key_file: str = ""
    """For `tls://`, the PEM file with the key of that certificate."""
    wait: int = Field(default=30, ge=1, le=3600)
    """Seconds after which issues are built on this machine, if the cluster does not answer."""

    @field_validator("scheduler")
    @classmethod
    def _scheduler(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if value and (parts.scheme not in {"tcp", "tls"} or not parts.hostname or not port):
            raise ValueError(f"{value!r} is no address of a scheduler; write {_EXAMPLE}")
        if parts.scheme == "tcp" and not on_this_machine(parts.hostname or ""):
            raise ValueError(
                "whoever reaches that port could read the data and run programs as the workers do: "
                f"tcp is for this machine only; write {_EXAMPLE}, with its certificates"
            )
        return value

    @model_validator(mode="after")
    def _certificates(self) -> DaskKeys:
        given = [name for name in _FILES if getattr(self, name)]
        if self.scheduler.startswith("tls:") and len(given) < len(_FILES):
            missing = " and ".join(f"`{name}`" for name in _FILES if name not in given)
            raise ValueError(f"a scheduler at tls:// needs {missing} too")
        if given and not self.scheduler.startswith("tls:"):
            raise ValueError(f"`{given[0]}` is for a scheduler at tls:// only")
        return self


class HasEngine(Protocol):
    """The keys of config.yaml that are read here."""

    @property
    def engine(self) -> EngineKind:
        """Who does the work."""

    @property
    def workers(self) -> int | None:
        """How many processes."""

    @property
    def memory(self) -> str:
        """How much each may use."""

    @property
    def dask(self) -> DaskKeys | None:
        """The cluster."""


def build_engine(keys: HasEngine, positions: Positions, root: Path) -> tuple[Engine, list[Problem]]:
    """The noun of the keys, and what is wrong between them.

    Args:
        root: the project's folder.
    """
    dask = keys.dask or DaskKeys()
    problems = []
    files: dict[str, Path | None] = {}
    for name in _FILES:
        given = getattr(dask, name)
        files[name] = root / given if given else None
        if given and not (root / given).is_file():
            what = f"there is no file {given}"
            problems.append(positions.problem(("dask", name), what, "Correct the path."))
    memory = None
    try:
        memory = amount_of_memory(keys.memory) if keys.memory else None
    except ValueError as error:
        remedy = 'Write it as "2 GB" or "1536 MiB".'
        problems.append(positions.problem(("memory",), str(error), remedy))
    engine = Engine(
        keys.engine, keys.workers or 0, memory, dask.scheduler, **files, wait=float(dask.wait)
    )
    return engine, problems

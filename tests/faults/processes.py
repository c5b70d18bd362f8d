"""Processes that a test starts, watches and ends, each by its id."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")


def wait_for(
    what: str, look: Callable[[], Found], within: float = 120.0, every: float = 0.05
) -> Found:
    """Look again and again until something is there.

    Raises:
        AssertionError: it never came; ``within`` is only so that nothing hangs for ever.
    """
    end = time.monotonic() + within
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"never seen: {what}"
        time.sleep(every)


@dataclass(frozen=True)
class Process:
    """A process, told from a later one with the same id by when it started."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Process:
        """The process that has this id now."""
        return cls(pid, _fields(pid)[19] if _fields(pid) else "")

    @property
    def lives(self) -> bool:
        """Whether it still runs; one that only waits to be noticed does not."""
        fields = _fields(self.pid)
        return bool(fields) and fields[0] not in "ZX" and fields[19] == self.started

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it is still there."""
        if self.lives:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def family(pid: int) -> list[Process]:
    """A process and everything that it started, itself first."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (fields := _fields(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop(0)
        found.append(Process.of(one))
        waiting += parents.get(one, [])
    return [item for item in found if item.started]


def resident(pid: int) -> int:
    """The memory that a process holds, in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError(f"process {pid} is gone")


def _fields(pid: int) -> list[str]:
    """What proc(5) says of it, from its state on."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return stat.rpartition(")")[2].split()

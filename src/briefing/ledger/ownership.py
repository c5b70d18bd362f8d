"""Who works on a run, and whether a process of this machine still lives."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from briefing.structures import Owner

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")


def this_process() -> Owner:
    """The process that asks, as an owner of runs."""
    pid = os.getpid()
    return Owner(f"{socket.gethostname()}/{pid}", _place(), pid, started(pid) or 0)


def _place() -> str:
    """What tells the process ids of this boot and container from those of others."""
    try:
        boot = _BOOT.read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink(_NAMESPACE)}"  # noqa: PTH115 -- the target is no path
    except OSError:
        return ""  # not on Linux: a lease then ends by time alone


def started(pid: int) -> int | None:
    """When a process started, in ticks since boot (proc(5), stat, field 22); None if it is gone.

    A process that has ended and waits for its parent to notice counts as gone.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def process_is_gone(name: str) -> bool:
    """Whether an owner's name is that of a process of this machine that has ended."""
    host, _, pid = name.rpartition("/")
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    return started(int(pid)) is None and not _is_hidden(int(pid))


def is_gone(place: str, pid: int, ticks: int) -> bool:
    """Whether the process surely has ended; False where that cannot be known from here."""
    if not place or place != _place():
        return False
    began = started(pid)
    return began != ticks and not (began is None and _is_hidden(pid))


def _is_hidden(pid: int) -> bool:
    """Whether it is another user's, where /proc shows only one's own (hidepid, proc(5))."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return False

"""Tells systemd how the service is: ready, alive, reading its configuration again, stopping.

The protocol of sd_notify(3): assignments, one on a line, in a datagram to a Unix socket whose
name systemd puts into the environment. Without it, nothing happens.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

READY = "READY=1"
"""Started, or done with reading the configuration again."""
WATCHDOG = "WATCHDOG=1"
"""Still alive; systemd restarts a service that does not say so in time."""
STOPPING = "STOPPING=1"
"""About to end."""


def reloading() -> str:
    """The configuration is being read again; ``READY`` has to follow.

    systemd 253 and later want to know when it began, on the clock that never jumps.
    """
    return f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}"


def status(text: str) -> str:
    """A line for people, shown by `systemctl status`."""
    return f"STATUS={' '.join(text.split())}"


def notify(state: str, environ: Mapping[str, str]) -> bool:
    """Send a state, or several on lines of their own.

    Args:
        state: such as ``READY``, or ``READY`` and ``status("...")`` joined by a line break.
        environ: the environment; ``NOTIFY_SOCKET`` names the socket.

    Returns:
        Whether it was sent. Where it was not, there is no systemd, or it does not listen; a
        service does its work all the same.
    """
    name = environ.get("NOTIFY_SOCKET", "")
    if not name.startswith(("/", "@")) or len(name) < 2:
        return False
    address = f"\0{name[1:]}" if name.startswith("@") else name  # @ stands for an abstract socket
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as datagrams:
            datagrams.settimeout(1.0)  # a full queue must not stop the service
            datagrams.connect(address)
            datagrams.sendall(state.encode())
    except OSError:
        return False
    return True


def watchdog_interval(environ: Mapping[str, str]) -> float | None:
    """Every how many seconds to send ``WATCHDOG``: twice as often as systemd wants it.

    Args:
        environ: the environment, with ``WATCHDOG_USEC``, and ``WATCHDOG_PID`` where it is meant
            for a single process.

    Returns:
        None where systemd does not watch, or watches another process.
    """
    if environ.get("WATCHDOG_PID") not in {None, "", str(os.getpid())}:
        return None
    microseconds = environ.get("WATCHDOG_USEC", "")
    if not (microseconds.isascii() and microseconds.isdigit()) or int(microseconds) == 0:
        return None
    return int(microseconds) / 2 / 1_000_000

"""What surrounds a scheduler and may fail: whoever hears of alarms, networks, disks."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.faults.newsroom import Newsroom

# -- whoever hears of alarms ------------------------------------------------------------------


@dataclass
class Owner:
    """The owner of a project, who hears of alarms over a webhook.

    Attributes:
        heard: the subject of each alarm, in order.
    """

    heard: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def owner_of(newsroom: Newsroom) -> Iterator[Owner]:
    """Give a newsroom an owner; call it before config.yaml is written for the last time."""
    owner = Owner()

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            owner.heard.append(json.loads(body)["title"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    newsroom.environ["ALARM_URL"] = f"json://127.0.0.1:{server.server_port}/"
    newsroom.more += 'owner:\n  notify: ["${ALARM_URL}"]\n'
    newsroom.write()
    try:
        yield owner
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def silent_server() -> Iterator[int]:
    """A server that takes connections and never says a word; its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listening:
        yield listening.getsockname()[1]


# -- a network that is cut --------------------------------------------------------------------


class Wire:
    """A way to a server that can be cut: what is sent then waits, and nobody is told.

    Args:
        port: of the server, on loopback.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._through = threading.Event()
        self._through.set()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=100)
        self._open: list[socket.socket] = []
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Let nothing through."""
        self._through.clear()

    def mend(self) -> None:
        """Let through what has waited, and all that follows."""
        self._through.set()

    def close(self) -> None:
        """Take it down."""
        self._listening.close()
        for one in self._open:
            one.close()
        self._through.set()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            self._through.wait()
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                near.close()
                continue
            self._open += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while said := one.recv(65536):
                self._through.wait()
                other.sendall(said)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


# -- disks that are full or read-only ---------------------------------------------------------


@dataclass
class Disk:
    """A small disk of its own under a folder, seen only by the processes that a test starts there.

    Attributes:
        before: the program that runs another one where the disk is.
        folder: the disk as it is seen from here.
    """

    before: tuple[str, ...]
    folder: Path
    place: Path

    def run(self, *words: str) -> None:
        """Run a command where the disk is."""
        subprocess.run([*self.before, *words], check=True, capture_output=True)

    def remount(self, options: str) -> None:
        """Make it another size, read-only or writable."""
        self.run("mount", "-o", f"remount,{options}", str(self.place))


@contextmanager
def small_disk(place: Path, options: str) -> Iterator[Disk]:
    """Mount a tmpfs in a mount namespace of its own; root is not needed.

    Args:
        place: the folder under which it lies; it is made.
        options: such as ``size=1m``.
    """
    place.mkdir(parents=True, exist_ok=True)
    root = os.geteuid() == 0
    unshare = ["unshare", "-m"] if root else ["unshare", "-Urm"]
    enter = ["-m"] if root else ["-U", "-m", "--preserve-credentials"]
    said = "mount -t tmpfs -o $0 tmpfs $1 && echo ready && exec sleep infinity"
    with _ready([*unshare, "sh", "-c", said, options, str(place)], "ready") as holder:
        view = Path(f"/proc/{holder.pid}/root{place}")
        before = ("nsenter", "-t", str(holder.pid), *enter, f"--wd={place.parent}")
        yield Disk(before, view, place)


@contextmanager
def _ready(command: list[str], word: str) -> Iterator[subprocess.Popen[str]]:
    """A process that says a word when it is ready, and is killed at the end."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"{word}\n"
            yield process
        finally:
            process.kill()


# -- a ledger that somebody else holds --------------------------------------------------------


@contextmanager
def locked(ledger: Path) -> Iterator[None]:
    """Another process that has begun to write to an SQLite ledger, and does not end."""
    code = (
        "import sqlite3, sys, time\n"
        "held = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)\n"
        "held.execute('BEGIN IMMEDIATE')\n"
        "print('held', flush=True)\n"
        "time.sleep(3600)\n"
    )
    with _ready([sys.executable, "-c", code, str(ledger)], "held"):
        yield

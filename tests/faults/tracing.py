"""Kills or refuses a process at a chosen system call, with strace."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.newsroom import Newsroom
from tests.faults.processes import family, wait_for

CHANGING = (
    *("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate"),
    *("mkdir", "rename", "renameat2", "unlink", "unlinkat", "rmdir", "chmod", "fchmod"),
)
"""The calls that change what outlives a process. A file that is created is empty until it is
written to, so a kill at the next call leaves what a kill after ``openat`` would."""
_LETTING_GO = 10.0  # seconds
KILL = "signal=SIGKILL"
FAULTS = (KILL, "error=ENOSPC", "error=EIO")
Point = tuple[str, int]
"""A system call, and which one of its kind."""


@dataclass(frozen=True)
class Ended:
    """How a process ended, what it said, and how often it made each call."""

    code: int
    said: str
    calls: Counter[str]


@contextmanager
def traced(
    pid: int, log: Path, point: Point | None = None, fault: str = "", *, threads: bool = False
) -> Iterator[None]:
    """Watch a process, and let something happen to it at one of its calls."""
    words = ["-f"] if threads else []
    names = CHANGING if point is None else (point[0],)
    words.append(f"--trace={','.join(names)}")
    if point is not None:
        words.append(f"--inject={point[0]}:{fault}:when={point[1]}")
    with subprocess.Popen(
        ["strace", "-qqq", *words, "-o", str(log), "-p", str(pid)],
        stderr=subprocess.PIPE,
        text=True,
    ) as strace:
        try:
            wait_for("strace", lambda: strace.poll() is not None or _is_traced(pid), every=0.01)
            assert strace.poll() is None, strace.stderr
            yield
        finally:
            strace.send_signal(signal.SIGINT)  # it lets go
            try:
                strace.communicate(timeout=_LETTING_GO)
            except subprocess.TimeoutExpired:
                # of a process of several threads that it killed, it may wait for one for ever
                strace.kill()
                strace.communicate()


def _is_traced(pid: int) -> bool:
    tasks = Path(f"/proc/{pid}/task")
    try:
        found = [(task / "status").read_text(encoding="ascii") for task in tasks.iterdir()]
    except OSError:
        return True  # gone
    return not any("TracerPid:\t0\n" in text for text in found)


def counted(log: Path) -> Counter[str]:
    """The calls of a log; of the threads of a process, those of the one that made most of each."""
    by_thread: dict[tuple[str, str], int] = Counter()
    for thread, name in re.findall(r"^(\d+ +)?(\w+)\(", log.read_text(), re.MULTILINE):
        by_thread[thread, name] += 1
    found: Counter[str] = Counter()
    for (_, name), count in by_thread.items():
        found[name] = max(found[name], count)
    return found


def points(calls: Counter[str], most: int | None) -> list[Point]:
    """Every call of every kind, or so many of them, evenly spread."""
    every = [(name, number) for name in sorted(calls) for number in range(1, calls[name] + 1)]
    if most is None or most >= len(every):
        return every
    return [every[round(index * (len(every) - 1) / (most - 1))] for index in range(most)]


class Zygote:
    """Starts `briefing` without its imports; ``zygote.py`` is the other end."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._count = 0

    def run(
        self,
        newsroom: Newsroom,
        words: Sequence[str],
        point: Point | None = None,
        fault: str = "",
        *,
        watch: bool = True,
    ) -> Ended:
        """Run a command to its end, and let something happen to it at one of its calls.

        Args:
            watch: whether its calls are seen.
        """
        self._count += 1
        said, log = self._folder / f"said-{self._count}", self._folder / f"calls-{self._count}"
        fifo = self._folder / f"fifo-{self._count}"
        os.mkfifo(fifo)
        asked = {
            "folder": str(newsroom.root),
            "words": json.dumps(list(words)),
            "environ": json.dumps(newsroom.environ),
            "said": str(said),
            "fifo": str(fifo),
        }
        pid = int(self._ask(json.dumps(asked)))
        if watch:
            with traced(pid, log, point, fault):
                code = self._to_its_end(fifo)
            return Ended(code, said.read_text(encoding="utf-8"), counted(log))
        return Ended(self._to_its_end(fifo), said.read_text(encoding="utf-8"), Counter())

    def _to_its_end(self, fifo: Path) -> int:
        os.close(os.open(fifo, os.O_WRONLY))
        return int(self._ask("wait"))

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


@contextmanager
def zygote_in(folder: Path) -> Iterator[Zygote]:
    """A zygote as long as it is needed; its children are ended with it."""
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("zygote.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Zygote(process, folder)
        finally:
            for one in family(process.pid)[1:]:
                one.send(signal.SIGKILL)
            assert process.stdin is not None
            process.stdin.close()
    shutil.rmtree(folder)

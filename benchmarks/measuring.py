"""Time, CPU and memory of a process and of all that it starts, read from /proc."""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PR_SET_CHILD_SUBREAPER = 36
_TICKS = os.sysconf("SC_CLK_TCK")
_EVERY = 0.1  # seconds between two looks at the memory, or more:
_SPARING = 20  # times as long as a look takes, which costs the watched its time too
_GRACE = 2.0  # seconds for what a process has left running


@dataclass(frozen=True)
class Lap:
    """One piece of work, once.

    Attributes:
        seconds: of the wall clock.
        cpu: seconds, user and system, of the process and all its descendants.
        megabytes: largest proportional set size of the tree; pages shared inside count once.
        size: bytes of the PDF that was made; 0 where none was.
        said: what a worker answered beside.
        stopped: why it was given up; empty where it came to its end.
    """

    seconds: float
    cpu: float
    megabytes: float
    size: int = 0
    said: Mapping[str, Any] = field(default_factory=dict)
    stopped: str = ""


class BenchError(Exception):
    """A contender did not do its work; says which, and what its last words were."""


def adopt_orphans() -> None:
    """Become the parent of whatever a measured process leaves behind.

    Only a parent learns of the CPU time that a process took. Source: prctl(2),
    PR_SET_CHILD_SUBREAPER.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def children_of(pid: int) -> list[int]:
    """What the process has started and not yet waited for."""
    found: list[int] = []
    with suppress(OSError):
        for task in list(Path(f"/proc/{pid}/task").iterdir()):
            with suppress(OSError):  # a thread that ends meanwhile hides the children of no other
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def tree_of(pid: int) -> list[int]:
    """The process and its descendants."""
    found = [pid]
    for current in found:
        found += children_of(current)
    return found


def tree_memory(pid: int) -> float:
    """Proportional set size of a process and its descendants in MB; 0 when they are gone."""
    total = 0
    for current in tree_of(pid):
        with suppress(OSError, IndexError):
            rollup = Path(f"/proc/{current}/smaps_rollup").read_text(encoding="ascii")
            total += int(rollup.split("Pss:")[1].split()[0])
    return total * 1024 / 1e6


def tree_cpu(pid: int) -> float:
    """CPU seconds so far of a process, its living descendants and the dead that were waited for."""
    ticks = 0
    for current in tree_of(pid):
        with suppress(OSError, IndexError):
            stat = Path(f"/proc/{current}/stat").read_text(encoding="utf-8", errors="replace")
            # after the name, which may hold anything: utime, stime, cutime, cstime are 14 to 17
            ticks += sum(int(word) for word in stat.rpartition(")")[2].split()[11:15])
    return ticks / _TICKS


class Watch:
    """Looks at a tree's memory now and then, and ends the tree that takes too much or too long."""

    def __init__(self, pid: int, *, most: float, longest: float) -> None:
        self._pid = pid
        self._most, self._until = most, time.monotonic() + longest
        self._over = threading.Event()
        self.peak = 0.0
        self.stopped = ""
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        pause = _EVERY
        while not self._over.wait(pause):
            started = time.perf_counter()
            self.peak = max(self.peak, tree_memory(self._pid))
            if self.peak > self._most:
                self.stopped = f"stopped at {self.peak:,.0f} MB"
            elif time.monotonic() > self._until:
                self.stopped = "stopped, it took too long"
            if self.stopped:
                end(tree_of(self._pid))
                return
            pause = max(_EVERY, _SPARING * (time.perf_counter() - started))

    def finish(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()


def end(pids: Sequence[int]) -> None:
    """Kill these processes, all of which were started here."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def run(
    command: Sequence[str],
    *,
    folder: Path,
    environ: Mapping[str, str],
    log: Path,
    most: float = 12_000,
    longest: float = 1800,
) -> Lap:
    """Run a command to its end and measure it, with all that it starts.

    Args:
        most: MB of memory at which it is given up.
        longest: seconds after which it is given up.

    Raises:
        BenchError: it failed.
    """
    before = set(children_of(os.getpid()))
    started = time.perf_counter()
    with log.open("ab") as said:
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    watch = Watch(process.pid, most=most, longest=longest)
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        end(tree_of(process.pid))
        raise
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    watch.finish()
    cpu = usage.ru_utime + usage.ru_stime + _left_behind(before)
    if process.returncode and not watch.stopped:
        raise BenchError(f"{' '.join(command)}\nended with {process.returncode}:\n{_tail(log)}")
    return Lap(seconds, cpu, watch.peak, stopped=watch.stopped)


def _left_behind(before: Collection[int]) -> float:
    """Wait for what a process has left running, end it if need be; the CPU seconds it took.

    Args:
        before: children of this process that are none of it.
    """
    cpu, until = 0.0, time.monotonic() + _GRACE
    while orphans := [pid for pid in children_of(os.getpid()) if pid not in before]:
        if time.monotonic() > until:
            end([pid for orphan in orphans for pid in tree_of(orphan)])
        for pid in orphans:
            done, _, usage = os.wait4(pid, os.WNOHANG)
            cpu += usage.ru_utime + usage.ru_stime if done else 0
        time.sleep(0.02)
    return cpu


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


class Warm:
    """A process that stays, and does its work once more each time it is asked.

    It prints a line of JSON when it is ready, and one after each lap: ``benchmarks.laps``.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        environ: Mapping[str, str],
        log: Path,
        most: float = 12_000,
        longest: float = 1800,
    ) -> None:
        self._log, self._most, self._longest = log, most, longest
        self._said = log.open("ab")
        self._process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            start_new_session=True,
        )
        self._answer()

    def _answer(self) -> dict[str, Any]:
        answers = self._process.stdout
        assert answers is not None
        ready, _, _ = select.select([answers], [], [], self._longest)
        line = answers.readline() if ready else b""
        if not line:
            self.close()
            raise BenchError(f"{self._process.args!r} gave no answer:\n{_tail(self._log)}")
        answered: dict[str, Any] = json.loads(line)
        return answered

    def lap(self, number: int) -> Lap:
        """Ask for the work once more.

        Raises:
            BenchError: it failed.
        """
        asked = self._process.stdin
        assert asked is not None
        pid = self._process.pid
        watch, cpu = Watch(pid, most=self._most, longest=self._longest), tree_cpu(pid)
        started = time.perf_counter()
        try:
            asked.write(f"{number}\n".encode())
            asked.flush()
            said = self._answer()
        except (BenchError, BrokenPipeError):
            if not watch.stopped:
                raise
            return Lap(time.perf_counter() - started, 0, watch.peak, stopped=watch.stopped)
        finally:
            watch.finish()
        seconds = time.perf_counter() - started
        cpu = tree_cpu(pid) - cpu
        peak = max(watch.peak, tree_memory(pid))
        return Lap(said.pop("seconds", seconds), cpu, peak, said.pop("size", 0), said)

    def close(self) -> None:
        """Let it end, and see to it that it does, with all that it started."""
        before = set(children_of(os.getpid()))
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            end(tree_of(self._process.pid))
            self._process.wait()
        _left_behind(before)
        self._said.close()

"""The fork server: a process with the heavy libraries loaded, from which all others are forked."""

from __future__ import annotations

import ctypes
import fcntl
import multiprocessing
import os
import resource
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, resource_tracker, util
from multiprocessing.context import ForkServerProcess
from pathlib import Path

PRELOADED = (
    "briefing.cli",  # what a child finds in `__main__`
    "briefing.batches",
    "briefing.config",
    "briefing.pipeline",
    "briefing.charts.style",
    "fontTools.subset",
    "holidays",
    "jinja2.ext",
    "briefing.rendering.rehearsed",
    "briefing.executors.frozen",  # the last one
)
"""By name, because they lie on floors above this one; none of them starts a thread."""
context = multiprocessing.get_context("forkserver")
PRINTING = (
    "briefing.cli",
    "briefing.rendering.rehearsed",
    "briefing.executors.frozen",
)
"""What it takes to print a PDF, and no more."""
_PR_SET_PDEATHSIG = 1
_PREFIX = "briefing-workers-"
_LONGEST = 48
"""Bytes; the address of a Unix socket takes 108, and some 58 of them are names of our own."""
_TRIES = 3
_PAUSE = 0.5
_lock = threading.Lock()
_folder: Path | None = None
_is_warm = False


def warm_up(modules: Sequence[str] = PRELOADED) -> None:
    """Start the fork server and let it load its libraries, so that the first child starts fast.

    Args:
        modules: what it loads; one that runs already keeps what it has.
    """
    global _is_warm  # noqa: PLW0603 -- as the fork server itself: one for each process
    with _lock:
        if not _is_warm:
            context.set_forkserver_preload(list(modules))
        _settle()
        with _deaf_to_the_keyboard():
            forkserver.ensure_running()
        _is_warm = True


def is_warm() -> bool:
    """Whether this process has asked for a fork server; its children have not."""
    return _is_warm


def start(process: ForkServerProcess) -> None:
    """Start a child, from another fork server where the one before has died.

    One that has just been killed refuses for a moment, and does not count as dead yet.

    Raises:
        OSError, EOFError: no process is to be had.
    """
    for tries_left in reversed(range(_TRIES)):
        warm_up()
        try:
            process.start()
        except (OSError, EOFError):
            if not tries_left:
                raise
            time.sleep(_PAUSE)
        else:
            return


@contextmanager
def _deaf_to_the_keyboard() -> Iterator[None]:
    """Have what is started here not hear Ctrl-C from its first moment on.

    The fork server ignores it only after it has loaded everything; before, it would die of it and
    print where. Held back, not ignored: this process hears of it afterwards.
    """
    resource_tracker.ensure_running()  # it hears again when that one is started, so that goes first
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _settle() -> None:
    """Give multiprocessing's socket a folder that is removed also after this process was killed.

    Its own, ``pymp-*``, stays behind then. This one is locked for as long as its process lives:
    the next one that starts removes those that nobody locks.
    """
    global _folder  # noqa: PLW0603 -- as multiprocessing's own: one for each process
    if _folder is not None:
        return
    _sweep()
    for _ in range(_TRIES):
        made = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_place()))
        if _locked(made) is not None and made.is_dir():  # else it was swept just before
            break
        shutil.rmtree(made, ignore_errors=True)
    else:
        return  # no locks on this file system: multiprocessing then makes its own
    _folder = made
    before, tempfile.tempdir = tempfile.tempdir, str(_folder)
    try:
        util.get_temp_dir()  # made here, and kept by multiprocessing
    finally:
        tempfile.tempdir = before
    util.Finalize(None, shutil.rmtree, args=(_folder, True), exitpriority=-200)  # after its own


def _place() -> str:
    """The folder for temporary files; a socket's address has no room for a long one."""
    usual = tempfile.gettempdir()
    return usual if len(os.fsencode(usual)) <= _LONGEST else "/tmp"


def _sweep() -> None:
    for left in Path(_place()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if left.is_symlink() or left.stat().st_uid != os.geteuid():
                continue
            handle = _locked(left)
            if handle is not None:
                shutil.rmtree(left, ignore_errors=True)
                os.close(handle)


def _locked(folder: Path) -> int | None:
    """Lock a folder; None where another process has, or it is gone."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def begin_child(memory: int | None) -> None:
    """What every child does first.

    It leads a group of its own, so that whatever it starts can be ended with it, leaves Ctrl-C to
    the process that it works for, and dies with the fork server. What libraries leave in the
    folder for temporary files, as WeasyPrint does with megabytes of fonts, goes when it ends; if
    it is killed, with the process that it works for.

    Args:
        memory: how many bytes of address space it may use; None for no limit.
    """
    os.setsid()
    _die_with_parent()
    with suppress(OSError):  # a full disk: it is for the work to say so
        tempfile.tempdir = tempfile.mkdtemp(prefix="child-", dir=util.get_temp_dir())
        util.Finalize(None, shutil.rmtree, args=(tempfile.tempdir, True), exitpriority=0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if memory is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _die_with_parent() -> None:
    """Ask the kernel to end this process when the fork server ends, and that ends with its own.

    Source: prctl(2), PR_SET_PDEATHSIG.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with suppress(AttributeError):  # not on Linux: then the deadline ends it
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def how_it_ended(code: int | None) -> str:
    """Why a child is gone that gave no answer, in a sentence."""
    if code == -signal.SIGKILL:
        return "The process that built it was killed; the machine may be short of memory."
    if code is not None and code < 0:
        return f"The process that built it died of signal {-code} ({signal.strsignal(-code)})."
    return f"The process that built it ended without an answer, with code {code}."

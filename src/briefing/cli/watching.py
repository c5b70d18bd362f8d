"""``briefing build --watch``: builds again whenever a file of the project has changed."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from briefing.cli.options import HELD
from briefing.errors import BriefingError, UsageError
from briefing.executors import staying
from briefing.interrupts import whole

if TYPE_CHECKING:
    from briefing.structures import Project

_LOOK, _SHARE = 0.05, 0.05
"""Seconds from one look to the next, and how much of all time looking may take. Files are looked
at, because folders of other machines and of containers do not say when something in them changes.
"""
_SETTLED = 0.05
"""Seconds without a further change after which a file counts as written."""
Found = dict[str, tuple[int, int, int]]
"""By path: inode, size, last change in nanoseconds."""


def build_on_change(
    folder: Path, output: Path | None, build: Callable[[Callable[[Project], None]], None]
) -> None:
    """Build, and again after each change, until Ctrl-C. What goes wrong is shown and waited out.

    Args:
        folder: the project's.
        output: where issues go, if not to the archive.
        build: calls what it is given with the project that it has read.

    Raises:
        UsageError: the first build was asked for what there is not.
    """
    files = _Files(folder.resolve(), output)
    with suppress(KeyboardInterrupt), staying():
        for number in count():
            files.remember()
            began = time.monotonic()
            try:
                build(files.learn)
            except BriefingError as error:
                if isinstance(error, UsageError) and not number:
                    raise
                print(error, file=sys.stderr)
            taken = time.monotonic() - began
            sys.stdout.flush()
            print(f"{taken:.1f} s. Waiting for a change; Ctrl-C ends.", file=sys.stderr, flush=True)
            with whole():  # Python says nothing of a Ctrl-C that comes while it collects
                HELD.close()  # a cluster of this round
                gc.collect()  # nobody waits now; the command line looks for garbage hardly ever
            files.wait()


class _Files:
    """The files that a build rests on: all in the project's folder; it reads none elsewhere.

    Hidden ones are none of them, nor is what a build makes.
    """

    def __init__(self, root: Path, output: Path | None) -> None:
        self._root = root
        self._made = {output.resolve()} if output else set()
        self._known: Found = {}

    def remember(self) -> None:
        """Keep what there is now: what changes from here on is a change."""
        self._known = self._look()

    def learn(self, project: Project) -> None:
        """Look away from where this project writes."""
        made = project.output.resolve()
        self._made.add(made)
        self._known = {
            name: found
            for name, found in self._known.items()
            if not Path(name).is_relative_to(made)
        }

    def wait(self) -> None:
        """Wait until something has changed, and nothing changes any more."""
        began = time.monotonic()
        while (found := self._look()) == self._known:
            time.sleep(max(_LOOK, (time.monotonic() - began) / _SHARE))
            began = time.monotonic()
        before: Found = {}
        while found != before:
            time.sleep(_SETTLED)
            before, found = found, self._look()

    def _look(self) -> Found:
        found: Found = {}
        for folder, folders, names in os.walk(self._root):
            folders[:] = [
                name
                for name in folders
                if not name.startswith((".", "__")) and Path(folder, name) not in self._made
            ]
            for name in names:
                if not name.startswith("."):
                    with suppress(OSError):
                        status = Path(folder, name).stat()
                        seen = status.st_ino, status.st_size, status.st_mtime_ns
                        found[str(Path(folder, name))] = seen
        return found

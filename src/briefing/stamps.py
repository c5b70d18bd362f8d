"""Whether files are still what they were: by what the file system says, else by their content.

And what else decides how a build comes out: the program itself, the libraries, the interpreter.

Only the standard library is used here, and little of it: an unchanged build is answered before
anything else loads.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

Stamp = tuple[int, int, int, int, str]
"""Size in bytes, last change of content and of status in nanoseconds, inode, SHA-256."""
ABSENT: Stamp = (-1, 0, 0, 0, "")
_LARGEST = 2**26  # bytes of a file whose content is compared where its times are not the same
_SLACK, _COARSE = 50_000_000, 2_000_000_000  # nanoseconds by which times of files may be late
_LINKER = "/etc/ld.so.cache"  # written again whenever a system library comes or goes
_PASSED_OVER = {"__pycache__"}


def stamp_of(path: str) -> Stamp:
    """What a file is now; ``ABSENT`` where there is none."""
    try:
        status = Path(path).stat()
        content = Path(path).read_bytes() if status.st_size <= _LARGEST else None
    except OSError:
        return ABSENT
    digest = hashlib.sha256(content).hexdigest() if content is not None else ""
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, digest)


def still_is(path: str, stamp: Stamp) -> bool:
    """Whether a file is what it was: not touched since, or with the same content all the same."""
    try:
        status = Path(path).stat()
    except OSError:
        return tuple(stamp) == ABSENT
    found = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    if found == tuple(stamp[:4]):
        return True
    return status.st_size == stamp[0] and bool(stamp[4]) and stamp_of(path)[4] == stamp[4]


def is_older(path: str, moment: int) -> bool:
    """Whether a file has surely not been changed since a moment, or is not there.

    Args:
        moment: in nanoseconds, by the clock of the file system; 0 for never.
    """
    try:
        status = Path(path).stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    latest = max(status.st_mtime_ns, status.st_ctime_ns)
    fine = latest % 1_000_000_000 != 0  # else this file system may know whole seconds only
    return latest < moment - (_SLACK if fine else _COARSE)


def files_in(folder: str) -> Iterator[str]:
    """Every file in a folder and in the folders in it, in no order; compiled code left out."""
    try:
        with os.scandir(folder) as here:
            items = list(here)
    except OSError:
        return
    for item in items:
        if item.is_dir():
            if item.name not in _PASSED_OVER:
                yield from files_in(item.path)
        else:
            yield item.path


def program_files() -> list[str]:
    """The files of briefing itself, layouts and catalogues among them, sorted."""
    return sorted(files_in(str(Path(__file__).parent)))


def surroundings(program: Mapping[str, Stamp]) -> str:
    """SHA-256 over what decides beside a project's files how it is built.

    The program's own files by content, the installed distributions by name and version, the
    interpreter, and the system's libraries as the linker knows them.

    Args:
        program: the files of ``program_files``.
    """
    whole = hashlib.sha256(installed().encode())
    for path, stamp in program.items():
        whole.update(f"{path}\0{stamp[4]}\0".encode())
    return whole.hexdigest()


@cache
def installed() -> str:
    """The interpreter, what is installed for it and the system's libraries, as a text."""
    found = {name for folder in sys.path for name in _distributions(folder or ".")}
    try:
        linker = Path(_LINKER).stat()
        libraries = f"{linker.st_size} {linker.st_mtime_ns}"
    except OSError:
        libraries = ""
    return "\n".join([sys.version, libraries, *sorted(found)])


def _distributions(folder: str) -> Iterable[str]:
    """The distributions installed in a folder, as ``name-version``."""
    try:
        with os.scandir(folder) as items:
            names = [item.name for item in items]
    except OSError:
        return []
    return [name for name in names if name.endswith((".dist-info", ".egg-info"))]


def differing(stamps: Mapping[str, Stamp]) -> str | None:
    """The first file that is not what it was; None where all are."""
    return next((path for path, stamp in stamps.items() if not still_is(path, stamp)), None)

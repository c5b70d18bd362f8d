"""SHA-256 of large files, remembered by what the file system says of them.

As git does it for its index: a file is not read again while its size, its times and its inode are
those noted, and the note is younger than the file's last change by more than the clock's grain.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

_GRAIN = 2 * 10**9  # nanoseconds: two seconds are the coarsest times of a file system in use


def digest_of(path: Path, notes: Path | None) -> str:
    """SHA-256 of a file in hexadecimal, read in pieces where it is not noted.

    Args:
        notes: folder of the notes; None: nothing is noted.
    """
    known = noted(path, notes)
    if known:
        return known
    before = _state(path)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if _state(path) == before:
        note(path, notes, found, before)
    return found


def noted(path: Path, notes: Path | None) -> str:
    """The digest as noted; empty where there is none, or the file may have changed since."""
    if notes is None:
        return ""
    place = _place(path, notes)
    try:
        body = json.loads(place.read_text(encoding="utf-8"))
        written = place.stat().st_mtime_ns
        state = _state(path)
    except (OSError, ValueError):
        return ""
    settled = written - max(state[1], state[2]) > _GRAIN
    same = body.get("state") == list(state)
    return str(body.get("sha256", "")) if settled and same else ""


def note(path: Path, notes: Path | None, digest: str, state: tuple[int, ...]) -> None:
    """Remember the digest of a file that was in this state before it was read."""
    if notes is None:
        return
    place = _place(path, notes)
    with suppress(OSError):  # a full disk costs the note, not the issue
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(f".{place.name}.{os.getpid()}")
        body = json.dumps({"path": str(path), "sha256": digest, "state": list(state)})
        temporary.write_text(body + "\n", encoding="utf-8")
        temporary.replace(place)


def state_of(path: Path) -> tuple[int, ...]:
    """Size, times and inode of a file."""
    return _state(path)


def _state(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _place(path: Path, notes: Path) -> Path:
    name = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:32]
    return notes / f"{name}.json"

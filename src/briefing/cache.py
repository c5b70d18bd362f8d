"""What was made before and may be made use of again: bytes by key, in a folder of bounded size.

A key is the hash of everything that the bytes depend on, so an entry is never out of date: it is
there, or it is not. Whatever goes wrong (a full disk, a folder that nobody may write to, a damaged
entry, a neighbour who prunes) means that it is not there, and what was asked for is made anew.
Any number of processes may read, write and prune at once. Deleting the folder is always fine.

The folder is as trusted as the project's own code: objects in it are pickled. It is made for its
owner alone.

Only the standard library is used here: an unchanged build is answered before anything else loads.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from briefing.structures import Means

FOLDER = Path(".briefing") / "cache"
"""Where it lies in a project."""
BOUND = 2**30
"""Bytes that the entries may take together, about."""
_MODE = 0o700
_DIGEST = 32  # bytes
_KEPT = 0.9  # of the bound, after pruning
_STEPS = 128  # of those, each 1/4096 of the bound, are written before somebody prunes
_MAKING = ".making-"
_WRITTEN = ".written"
_STALE = 3600 * 10**9  # nanoseconds after which a file that is still being written never will be


def cache_folder(root: Path, environ: Mapping[str, str]) -> Path | None:
    """Where a project's cache lies; None where the environment switches it off.

    Args:
        root: the project's folder.
        environ: the environment; ``BRIEFING_CACHE=off`` switches the cache off.
    """
    off = environ.get("BRIEFING_CACHE", "").strip().casefold() in {"off", "no", "0", "false"}
    return None if off else root.absolute() / FOLDER


def means_of(root: Path, environ: Mapping[str, str]) -> Means:
    """What a door gives to whoever reads a project.

    Args:
        root: the project's folder.
        environ: the environment.
    """
    from briefing.structures import Means  # not for a remembered answer, which needs only a cache

    return Means(cache_folder(root, environ), dict(environ))


def key_of(*parts: str | Mapping[str, str]) -> str:
    """SHA-256 over texts and mappings of texts, in hexadecimal; their order counts."""
    body = [part if isinstance(part, str) else dict(part) for part in parts]
    return hashlib.sha256(json.dumps(body, ensure_ascii=False).encode()).hexdigest()


class Cache:
    """The store; without a folder, one that keeps nothing.

    Args:
        folder: where the entries lie; None for nowhere.
        bound: bytes that they may take together, about.
    """

    def __init__(self, folder: Path | None, bound: int = BOUND) -> None:
        self.folder = folder
        self.bound = bound

    def get(self, key: str) -> bytes | None:
        """The bytes under a key of hexadecimal digits; None where there are none."""
        if self.folder is None:
            return None
        path = self._path(self.folder, key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        seal, body = content[:_DIGEST], content[_DIGEST:]
        if hashlib.sha256(body).digest() != seal:
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)  # the least recently used are pruned first
        return body

    def put(self, key: str, body: bytes) -> None:
        """Keep bytes under a key; where that does not work, nothing is kept and nobody hears."""
        if self.folder is None or len(body) > self.bound:
            return
        with suppress(OSError):
            path = self._path(self.folder, key)
            self._write(path, hashlib.sha256(body).digest() + body)
            if self._is_pruning_due(len(body)):
                self.prune()

    def get_object(self, key: str) -> object:
        """The object under a key; None where there is none, or none that can be read."""
        body = self.get(key)
        if body is None:
            return None
        import pickle

        try:
            return pickle.loads(body)
        except Exception:  # written by other code: anything may be wrong with it
            return None

    def put_object(self, key: str, value: object) -> None:
        """Keep an object under a key, if it can be written at all."""
        if self.folder is None:
            return
        import pickle

        try:
            body = pickle.dumps(value, protocol=5)
        except Exception:  # own code may hand on objects of any kind
            return
        self.put(key, body)

    def moment(self) -> int:
        """What time it is for the file system, in nanoseconds; 0 where it cannot be asked.

        A file that was last changed before this moment has not been changed since.
        """
        if self.folder is None:
            return 0
        try:
            self._make_folder(self.folder)
            handle, path = _new_file(self.folder)
            try:
                return os.fstat(handle).st_mtime_ns
            finally:
                os.close(handle)
                path.unlink()
        except OSError:
            return 0

    def prune(self) -> None:
        """Remove the least recently used entries, until the rest takes less than the bound."""
        if self.folder is None:
            return
        with suppress(OSError):
            (self.folder / _WRITTEN).unlink(missing_ok=True)
        now = self.moment()
        found = []
        for entry in _entries(self.folder):
            with suppress(OSError):
                status = entry.stat()
                if entry.name.startswith(_MAKING):
                    if now - status.st_mtime_ns > _STALE:  # whoever wrote it was killed
                        Path(entry.path).unlink()
                else:
                    found.append((status.st_mtime_ns, status.st_size, entry.path))
        size = sum(item[1] for item in found)
        for _, weight, path in sorted(found) if size > self.bound * _KEPT else ():
            if size <= self.bound * _KEPT:
                break
            with suppress(OSError):
                Path(path).unlink()
            size -= weight

    @staticmethod
    def _path(folder: Path, key: str) -> Path:
        return folder / key[:2] / key[2:]

    @staticmethod
    def _make_folder(folder: Path) -> None:
        if not folder.is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=_MODE, exist_ok=True)

    def _write(self, path: Path, content: bytes) -> None:
        """Write beside the place, then rename: an entry appears whole or not at all.

        It is not flushed to disk: what a power cut damages is missed by its digest.
        """
        assert self.folder is not None
        self._make_folder(self.folder)
        path.parent.mkdir(exist_ok=True)
        handle, making = _new_file(path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            making.rename(path)
        except BaseException:
            with suppress(OSError):
                making.unlink()
            raise

    def _is_pruning_due(self, size: int) -> bool:
        """Whether so much was written since the last pruning, by all processes, that one is due.

        They count together by appending to one file, a byte for each step of the bound.
        """
        assert self.folder is not None
        steps = 1 + size * _STEPS * 32 // self.bound
        with (self.folder / _WRITTEN).open("ab") as file:
            file.write(b"." * steps)
            return file.tell() >= _STEPS


def _new_file(folder: Path) -> tuple[int, Path]:
    """A file that nobody else writes, open for writing."""
    path = folder / f"{_MAKING}{os.urandom(8).hex()}"
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), path


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """The files in the folder and in the folders in it."""
    try:
        with os.scandir(folder) as here:
            items = list(here)
    except OSError:
        return
    for item in items:
        if item.is_dir(follow_symlinks=False):
            yield from _entries(Path(item.path))
        elif item.name != _WRITTEN:
            yield item

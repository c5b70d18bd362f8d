"""Folders that issues are filed in: on this machine, or far away over fsspec."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from briefing.errors import ChannelError

_NO_FLUSHING = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS}  # of folders, on some mounted shares


class Place(Protocol):
    """A folder in which files appear whole; names are paths inside it, with ``/``."""

    def read(self, name: str) -> bytes | None:
        """The file's content; None where there is none.

        Raises:
            OSError: nobody can tell.
        """

    def write(self, name: str, content: bytes) -> None:
        """Put the file there, or in the place of the one that is.

        Raises:
            OSError: it is not there, or not for certain; what was there before may still be.
        """

    def remove(self, name: str) -> None:
        """Take the file away.

        Raises:
            OSError: it may still be there.
        """


def is_remote(path: str) -> bool:
    """Whether a path is an address that fsspec knows, such as ``s3://bucket/issues``."""
    return "://" in path


class LocalPlace:
    """A folder on this machine, or mounted on it; it is made where it is not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> bytes | None:
        """The file's content; None where there is none."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Write beside the file, flush to disk, and rename.

        The file beside it has the same name at every try, so that one that was cut short leaves
        nothing that stays.
        """
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".part-{sha256(path.name.encode()).hexdigest()[:16]}")
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        for folder in path.parents:
            _flush(folder)
            if folder == self._folder:
                break

    def remove(self, name: str) -> None:
        """Take the file away."""
        path = self._folder / name
        path.unlink(missing_ok=True)
        _flush(path.parent)


def _flush(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in _NO_FLUSHING:
            raise
    finally:
        os.close(opened)


class RemotePlace:
    """A folder that fsspec reaches: object stores, SFTP, SMB, WebDAV and more.

    Args:
        address: with its scheme.
        options: what the file system is made with, secrets revealed.

    Raises:
        ChannelError: fsspec, or what it needs for this scheme, is not installed; or the file
            system does not know these options.
        OSError: it cannot be reached.
    """

    def __init__(self, address: str, options: Mapping[str, str | int | bool]) -> None:
        scheme = address.partition("://")[0]
        try:
            from fsspec.core import url_to_fs
        except ImportError:
            raise ChannelError(
                f"The folder {address} needs fsspec, which is not installed.",
                "Run pip install 'briefing[remote]', or name a folder of this machine.",
            ) from None
        with _as_os_errors():
            try:
                # not shared with others, so that a connection that broke is not found again
                self._files, base = url_to_fs(address, skip_instance_cache=True, **options)
            except ImportError as error:
                raise ChannelError(
                    f"The folder {address} needs a package that is not installed: {error}.",
                    f"Install the one that fsspec names for {scheme}://.",
                ) from None
            except (ValueError, TypeError) as error:
                raise ChannelError(
                    f"The folder {address} cannot be opened: {error}.",
                    f"Check its address and its options; fsspec's pages list those of {scheme}://.",
                ) from None
        self._base = str(base).rstrip("/")

    def read(self, name: str) -> bytes | None:
        """The file's content; None where there is none."""
        with _as_os_errors():
            try:
                content: bytes = self._files.cat_file(self._path(name))
            except FileNotFoundError:
                return None
            return content

    def write(self, name: str, content: bytes) -> None:
        """Write in a transaction of the file system, which shows the file when it is whole."""
        path = self._path(name)
        with _as_os_errors():
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            with self._files.transaction, self._files.open(path, "wb") as file:
                file.write(content)

    def remove(self, name: str) -> None:
        """Take the file away."""
        with _as_os_errors():
            self._files.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._base}/{name}"


@contextmanager
def _as_os_errors() -> Iterator[Any]:
    """Whatever dozens of file systems raise, as the one kind that callers know."""
    try:
        yield
    except (OSError, ChannelError):
        raise
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {error}".rstrip(": ")) from error

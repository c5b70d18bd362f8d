"""Files issues in a folder, on this machine or far away: for people to fetch, or as mail."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import ClassVar
from urllib.parse import quote

from briefing.abc import Channel
from briefing.channels.letters import MANIFEST, sealed_file
from briefing.channels.message import issue_message
from briefing.channels.places import LocalPlace, Place, RemotePlace, is_remote
from briefing.errors import ChannelError
from briefing.structures.channels import Mailbox, MailServer, Receipt, Step
from briefing.structures.deliveries import Parcel
from briefing.structures.secrets import Secret

_COPIED = re.compile(r"index\.html|(?:tables|data)/[^/]+\.csv")
"""The files of an issue that lie in a folder under their own names."""
_LATER = timedelta(minutes=5)
_LONGEST = 200  # bytes of a file name before its ending; file systems take 255
_NEVER = {errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP}
_NEVER_KINDS = (NotADirectoryError, FileExistsError, IsADirectoryError)
_REMEDIES = {
    errno.ENOSPC: "Make room there; it is tried again.",
    errno.EDQUOT: "Make room there; it is tried again.",
    errno.EFBIG: "Allow larger files there; it is tried again.",
    errno.EROFS: "Mount it for writing; it is tried again.",
    errno.EACCES: "Give write permission there; it is tried again.",
    errno.EPERM: "Give write permission there; it is tried again.",
}


class FolderChannel(Channel):
    """Files each issue under report/period/edition/r1.

    An issue for nobody in particular lies there with its files under readable names, and
    ``manifest.json``, written last, says that it is complete. An issue for a reader is one
    message, ``mail/*.eml``, as it would have gone out by mail; its name holds no address.

    Args:
        path: a path from ``root``, an absolute one, or an address that fsspec knows.
        root: the project's folder.
        options: what a remote file system is made with.
        server: whom the mail for readers is from; None where no mail is set up.
    """

    repeatable: ClassVar[bool] = True

    def __init__(
        self,
        path: str,
        root: Path,
        options: Mapping[str, Secret | str] | None = None,
        server: MailServer | None = None,
    ) -> None:
        self._path = path
        self._root = root
        self._options = dict(options or {})
        self._server = server
        self._place: Place | None = None

    def deliver(self, parcel: Parcel, still_wanted: Callable[[], bool]) -> Receipt:
        """File the issue; filed again, it is the same, byte for byte.

        Raises:
            ChannelError: a file of the issue was changed after it was filed, the reader's mail
                has no sender, or what reaches the folder is not installed.
        """
        files = self._files(parcel) if parcel.to is None else self._mail(parcel, parcel.to)
        for name in files:
            _check_name(name)
        try:
            place = self._place = self._place or self._opened()
            if not still_wanted():
                return _unwanted()
            _make_incomplete(place, files, f"{parcel.issue}/{MANIFEST}")
            *before, last = files
            for name in before:
                place.write(name, files[name])
            if before and not still_wanted():
                return _unwanted()
            place.write(last, files[last])
        except OSError as error:
            self._place = None  # a connection that broke is opened anew
            return self._failed(error)
        shown = last if parcel.to else f"{parcel.issue}/"
        return Receipt("sent", "dot", text=f"It lies at {self._path.rstrip('/')}/{shown}")

    # -- what is filed ------------------------------------------------------------------------

    def _files(self, parcel: Parcel) -> dict[str, bytes]:
        """The issue's files for people, in the order in which they are written."""
        files = {name: _sealed(parcel, name) for name in _copied(parcel)}
        files |= {item.name: item.content for item in parcel.letter.attachments}
        told = {
            "issue": parcel.issue,
            "manifest": parcel.files.get(MANIFEST, ""),
            "files": {name: sha256(files[name]).hexdigest() for name in sorted(files)},
        }
        files[MANIFEST] = (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()
        return {f"{parcel.issue}/{name}": content for name, content in files.items()}

    def _mail(self, parcel: Parcel, to: Mailbox) -> dict[str, bytes]:
        """The reader's message, as the one file."""
        if self._server is None:
            raise ChannelError(
                f"The issue {parcel.issue} cannot be filed for a reader: its mail has no sender.",
                "Set up `mail` in config.yaml, at least with `host` and `sender`; or name the "
                "folder under `channels` of the delivery, so that it lies there for everybody.",
            )
        message = issue_message(
            parcel.letter,
            to,
            self._server,
            date=parcel.date,
            message_id=parcel.message_id,
            in_reply_to=parcel.in_reply_to,
        )
        return {f"{parcel.issue}/mail/{_file_name(parcel.message_id)}.eml": bytes(message)}

    # -- where --------------------------------------------------------------------------------

    def _opened(self) -> Place:
        if not is_remote(self._path):
            return LocalPlace(self._root / self._path)
        words = {
            key: value.reveal() if isinstance(value, Secret) else _typed(value)
            for key, value in self._options.items()
        }
        try:
            return RemotePlace(self._path, words)
        except ChannelError as error:
            raise ChannelError(self._hidden(error.message), self._hidden(error.hint)) from None

    def _failed(self, error: OSError) -> Receipt:
        what = self._hidden(
            " ".join((error.strerror or str(error) or type(error).__name__).split())
        )
        text = f"The folder {self._path} cannot be written to: {what}."
        if error.errno in _NEVER or isinstance(error, _NEVER_KINDS):
            remedy = "Name another folder, or move away what stands in its place."
            return Receipt("channel_failed", "connection", text=text, remedy=remedy)
        step: Step = "message" if error.errno == errno.EFBIG else "connection"
        remedy = _REMEDIES.get(error.errno or 0, "Look after it if that lasts; it is tried again.")
        return Receipt("deferred", step, text=text, remedy=remedy, retry_after=_LATER)

    def _hidden(self, text: str) -> str:
        for value in self._options.values():
            text = value.hidden_in(text) if isinstance(value, Secret) else text
        return text


def _typed(word: str) -> str | int | bool:
    """An option as file systems expect it: ports are numbers, and "false" is not true."""
    if word in {"true", "false"}:
        return word == "true"
    return int(word) if word.isdecimal() and word.isascii() else word


def _copied(parcel: Parcel) -> Iterator[str]:
    """Paths in the issue of what is copied; from its manifest where that is known."""
    on_disk = (
        path.relative_to(parcel.folder).as_posix()
        for path in parcel.folder.rglob("*")
        if path.is_file()
    )
    yield from sorted(name for name in parcel.files or on_disk if _COPIED.fullmatch(name))


def _sealed(parcel: Parcel, name: str) -> bytes:
    return sealed_file(parcel.folder, name, parcel.files.get(name, ""))


def _make_incomplete(place: Place, files: Mapping[str, bytes], manifest: str) -> None:
    """Take away the manifest of another content, before it speaks of what is half there."""
    if manifest not in files:
        return
    try:
        before = place.read(manifest)
    except PermissionError:  # a drop box: what is in it, nobody may read here
        return
    if before not in {None, files[manifest]}:
        place.remove(manifest)


def _unwanted() -> Receipt:
    text = "It was left before it was complete, as was asked."
    return Receipt("deferred", "message", text=text, retry_after=timedelta(0))


def _check_name(name: str) -> None:
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or "\0" in name:
        raise ChannelError(
            f"{name!r} cannot be filed: that is no name inside a folder.",
            "Rename the report, or the file.",
        )


def _file_name(message_id: str) -> str:
    """The Message-ID's left part as the name of a file; a long one is cut, and stays the only."""
    left = quote(message_id.strip("<>").rpartition("@")[0], safe="%!$&'()+,=")
    if len(left) <= _LONGEST:
        return left
    return f"{left[: _LONGEST - 20]}.{sha256(message_id.encode()).hexdigest()[:16]}"

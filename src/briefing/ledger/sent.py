"""What remembers beside the ledger who has which issue, so that a lost ledger sends nothing twice.

``.briefing/sent.jsonl`` gets a line for each message that went out, or may have: a keyed hash of
recipient and Message-ID, never an address. The key lies beside it, and a copy of it in the ledger,
so that schedulers on several machines have the same one.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from briefing.errors import LedgerError
from briefing.ledger.rows import Room, insert
from briefing.ledger.schema import settings
from briefing.structures import SENT

SENT_BOOK = "sent.jsonl"
KEY = "recipients.key"
_SETTING = "recipients' key"
_SHORT = 20


class Keys(Room):
    """The part of the ledger that keeps the key of recipients."""

    def recipients_key(self, folder: Path) -> bytes:
        """The project's key, the same for ever; made where there is none.

        Args:
            folder: the project's ``.briefing``; the ledger's copy counts where they differ.

        Raises:
            LedgerError: it cannot be written.
        """
        file = folder / KEY
        try:
            kept = bytes.fromhex(file.read_text(encoding="ascii")) if file.exists() else b""
        except (OSError, ValueError):
            kept = b""
        with self.database.writing() as connection:
            connection.execute(
                insert(connection, settings)
                .values(name=_SETTING, value=(kept or secrets.token_bytes(32)).hex())
                .on_conflict_do_nothing()
            )
            query = sa.select(settings.c.value).where(settings.c.name == _SETTING)
            key = bytes.fromhex(connection.execute(query).scalar_one())
        if key != kept:
            _write_alone(file, key.hex())
        return key


def _write_alone(file: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    making = file.with_name(f".{file.name}-{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        making.unlink(missing_ok=True)
        opened = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w", encoding="ascii") as writing:
            writing.write(text)
            writing.flush()
            os.fsync(writing.fileno())
        making.rename(file)
    except OSError as error:
        raise LedgerError(
            f"The key of recipients cannot be written to {file}: {error.strerror}.",
            "Give room and write permission there.",
        ) from error


def digest_of(key: bytes, *parts: str) -> str:
    """A keyed hash (HMAC, RFC 2104) of a few words, short enough for a header."""
    return hmac.digest(key, "\n".join(parts).encode(), "sha256").hex()[:_SHORT]


class SentBook:
    """The lines of ``sent.jsonl``."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._file = folder / SENT_BOOK
        self._key = key

    @property
    def exists(self) -> bool:
        """Whether anything was ever written down."""
        return self._file.exists()

    def add(
        self, issue: str, recipient: str, message_id: str, state: str, moment: datetime
    ) -> None:
        """Write down that a message went out, or may have; it is on the disk when this returns.

        Raises:
            LedgerError: it cannot be written.
        """
        line = {
            "issue": issue,
            "sent": digest_of(self._key, recipient.casefold(), message_id),
            "state": state,
            "at": moment.isoformat(timespec="seconds"),
        }
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            opened = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                # begins with a line break: half a line that a full disk left spoils no other
                os.write(opened, f"\n{json.dumps(line)}".encode())
                os.fsync(opened)
            finally:
                os.close(opened)
        except OSError as error:
            raise LedgerError(
                f"What was sent cannot be written to {self._file}: {error.strerror}.",
                "Make room or give write permission there.",
            ) from error

    def read(self) -> Mapping[str, tuple[str, str]]:
        """What is known: by the hash that ``key_of`` gives, the issue and the state.

        What is known to have gone out is not in doubt again, whatever a later line says.
        """
        try:
            lines = self._file.read_text(encoding="utf-8", errors="replace").split("\n")
        except FileNotFoundError:
            return {}
        found: dict[str, tuple[str, str]] = {}
        for line in lines:
            try:
                body = json.loads(line)
                sent, said = str(body["sent"]), (str(body["issue"]), str(body["state"]))
            except (ValueError, KeyError, TypeError):
                continue  # half a line
            if sent not in found or found[sent][1] != SENT:
                found[sent] = said
        return found

    def key_of(self, recipient: str, message_id: str) -> str:
        """How a message to a recipient is called in ``read``."""
        return digest_of(self._key, recipient.casefold(), message_id)

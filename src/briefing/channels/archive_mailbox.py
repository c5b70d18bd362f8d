"""Asks the archive mailbox over IMAP which messages have arrived; nothing is changed there."""

from __future__ import annotations

import imaplib
import re
import ssl
from base64 import b64encode
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from briefing.channels.email import trusted
from briefing.errors import ChannelError
from briefing.structures.channels import ArchiveMailbox
from briefing.structures.secrets import Secret

SETTLED = timedelta(minutes=2)
"""How long after the dot a message may take to show up; before that, absence says nothing."""
_SHOWN = 200  # letters of what the server said
_NETWORK = "Check mail.archive.host and mail.archive.port in config.yaml, and the network."
_TAGGED = re.compile(r"message-id:\s*(\S+)\s*", re.IGNORECASE)


def find(
    archive: ArchiveMailbox, message_ids: Collection[str], password: Secret | None = None
) -> set[str]:
    """Those of the messages that lie in the archive mailbox.

    Nothing is changed there: no message is marked as read.

    Args:
        message_ids: with their angle brackets.
        password: resolved; None where the server asks for none.

    Raises:
        ChannelError: the mailbox cannot be asked, so that nothing is known about any message.
        ValueError: a Message-ID is none.
    """
    for message_id in message_ids:
        if not re.fullmatch(r"<[!#-\[\]-~]+>", message_id):
            raise ValueError(f"{message_id!r} is no Message-ID")
    if not message_ids:
        return set()
    with _opened(archive, password) as mailbox:
        return {message_id for message_id in message_ids if _holds(mailbox, message_id)}


def _holds(mailbox: imaplib.IMAP4, message_id: str) -> bool:
    """Whether a message has this Message-ID; a search gives those that have it inside, too."""
    found = _done(mailbox.uid("SEARCH", "HEADER", "Message-ID", f'"{message_id}"'))
    numbers = b",".join(b" ".join(item for item in found if isinstance(item, bytes)).split())
    if not numbers:
        return False
    wanted = "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"
    fetched = _done(mailbox.uid("FETCH", numbers.decode("ascii"), wanted))
    headers = [item[1].decode("ascii", "replace") for item in fetched if isinstance(item, tuple)]
    return any((match := _TAGGED.match(text)) and match[1] == message_id for text in headers)


def _done(answer: tuple[str, list[object]]) -> list[object]:
    kind, content = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(f"{content}")
    return content


# -- the connection ---------------------------------------------------------------------------


@contextmanager
def _opened(archive: ArchiveMailbox, password: Secret | None) -> Iterator[imaplib.IMAP4]:
    """The mailbox with its folder open for reading.

    Raises:
        ChannelError: whatever goes wrong on the connection, here or in the body.
    """
    mailbox: imaplib.IMAP4 | None = None
    try:
        mailbox = _connected(archive)
        if password is not None:
            _log_in(mailbox, archive, password)
        elif mailbox.state == "NONAUTH":
            remedy = "Give mail.archive.username and mail.archive.password in config.yaml."
            raise _error(archive, "wants a login", remedy, password)
        kind, said = mailbox.select(_quoted(_encoded(archive.folder)), readonly=True)
        if kind != "OK":
            what = f"does not open the folder {archive.folder!r}: {_text(said)}"
            raise _error(archive, what, "Check mail.archive.folder in config.yaml.", password)
        yield mailbox
    except (imaplib.IMAP4.error, OSError, UnicodeError) as error:
        raise _explained(error, archive, password) from None
    finally:
        if mailbox is not None:
            with suppress(imaplib.IMAP4.error, OSError):
                mailbox.logout()
            with suppress(OSError):
                mailbox.shutdown()


def _connected(archive: ArchiveMailbox) -> imaplib.IMAP4:
    host, port, timeout = archive.host, archive.port, archive.timeout
    if archive.security == "tls":
        trust = trusted(archive.ca_file, "mail.archive.ca_file")
        return imaplib.IMAP4_SSL(host, port, ssl_context=trust, timeout=timeout)
    mailbox = imaplib.IMAP4(host, port, timeout=timeout)
    try:
        if archive.security == "starttls":
            mailbox.starttls(trusted(archive.ca_file, "mail.archive.ca_file"))
    except BaseException:
        mailbox.shutdown()
        raise
    return mailbox


def _log_in(mailbox: imaplib.IMAP4, archive: ArchiveMailbox, password: Secret) -> None:
    user, word = archive.username, password.reveal()
    try:
        if "AUTH=PLAIN" in mailbox.capabilities:
            mailbox.authenticate("PLAIN", lambda _: f"\0{user}\0{word}".encode())
        else:
            mailbox.login(_quoted(user), word)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        what = f"refused the user name or the password: {_text(error.args)}"
        remedy = (
            "Check mail.archive.username, and where mail.archive.password points to; some "
            "providers want a password of its own for a program."
        )
        raise _error(archive, what, remedy, password) from None


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _encoded(folder: str) -> str:
    """The folder's name in IMAP's own UTF-7."""

    def shifted(match: re.Match[str]) -> str:
        code = b64encode(match[0].encode("utf-16-be")).decode("ascii")
        return f"&{code.rstrip('=').replace('/', ',')}-"

    return re.sub(r"[^ -~]+", shifted, folder.replace("&", "&-"))


# -- what went wrong, in words ----------------------------------------------------------------


def _explained(error: Exception, archive: ArchiveMailbox, password: Secret | None) -> ChannelError:
    if isinstance(error, ssl.SSLCertVerificationError):
        what = f"showed a certificate that is not valid: {error.verify_message}"
        remedy = (
            "Write the name that stands in it as mail.archive.host in config.yaml; where the "
            "server has an authority of its own, name that as mail.archive.ca_file."
        )
    elif isinstance(error, ssl.SSLError):
        what = f"agreed on no encryption ({(error.reason or 'unknown reason').lower()})"
        remedy = "Check mail.archive.port and .security: 993 is for tls, 143 for starttls."
    elif isinstance(error, TimeoutError):
        what = f"did not answer within {archive.timeout:g} seconds"
        remedy = _NETWORK
    elif isinstance(error, OSError):
        what, remedy = f"cannot be reached: {error.strerror or error}", _NETWORK
    else:
        what = f"gave no answer that can be used: {_text(error.args)}"
        remedy = "It is asked again later; if that lasts, ask whoever runs it."
    return _error(archive, what, remedy, password)


def _error(
    archive: ArchiveMailbox, what: str, remedy: str, password: Secret | None
) -> ChannelError:
    said = (password.hidden_in(what) if password else what)[:_SHOWN].rstrip(" .")
    return ChannelError(f"The archive mailbox at {archive.host}:{archive.port} {said}.", remedy)


def _text(said: object) -> str:
    """What a server said on one line; imaplib hands it on as bytes, lists and tuples of them."""
    if isinstance(said, bytes):
        said = said.decode("utf-8", "replace")
    elif isinstance(said, list | tuple):
        said = " ".join(_text(item) for item in said)
    plain = "".join(letter if letter.isprintable() else " " for letter in str(said))
    return " ".join(plain.split())

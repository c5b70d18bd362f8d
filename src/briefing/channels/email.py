"""Mail over SMTP: a message goes to the server over verified TLS, or it is said why not."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from functools import singledispatch
from pathlib import Path
from typing import NamedTuple

from briefing.channels.message import alarm_message
from briefing.errors import ChannelError
from briefing.structures.channels import MailServer
from briefing.structures.secrets import Secret

__all__ = [
    "DOT_PATIENCE",
    "Dialogue",
    "Said",
    "alarm_message",
    "answer",
    "connected",
    "explained",
    "opened",
    "send",
    "sentence",
    "shown",
    "trusted",
]

_LOGINS = ("PLAIN", "LOGIN", "CRAM-MD5")  # the simplest first: the line is secret already
_OTHER_NAME = {62, 64}  # OpenSSL's codes for a certificate of another host or address
_EXPIRED = 10
_SHOWN = 300  # letters of what a server says
_LINE = 512  # bytes of an answer, as RFC 5321 has it
_BLOCK = 65_536  # bytes that are sent within one timeout
_FAREWELL = 5.0  # seconds for the answer to a farewell, which changes nothing
DOT_PATIENCE = 600.0
"""Seconds that a server may take to answer the dot that ends a message, as RFC 5321 advises.

Whoever gives up sooner and tries again makes the reader get it twice.
"""
_LATER = "It may take it later; if that lasts, ask whoever runs it."
_LOGIN = "It may want a login: give mail.username and mail.password in config.yaml."


class Said(NamedTuple):
    """What went wrong with a server, in words.

    Attributes:
        what: to follow the server's name in a sentence.
        remedy: what to do about it.
        lasting: whether it stays wrong until somebody mends it.
    """

    what: str
    remedy: str
    lasting: bool = False


def send(server: MailServer, message: EmailMessage, password: Secret | None = None) -> None:
    """Hand a message to the server.

    Args:
        message: with its sender and recipients in its headers.
        password: the resolved password; None where the server asks for none.

    Raises:
        ChannelError: it was not taken, or not for every recipient; the error says whether it may
            have arrived nevertheless.
    """
    with connected(server, password) as connection:
        if refused := connection.send_message(message):
            taken = "took the message for the others, but refused it for"
            said = _refused(refused, server, taken)
            raise ChannelError(sentence(server, said.what, password), said.remedy)


# -- the connection ---------------------------------------------------------------------------


@contextmanager
def connected(server: MailServer, password: Secret | None) -> Iterator[smtplib.SMTP]:
    """A connection on which messages can be sent one after the other.

    Raises:
        ChannelError: whatever goes wrong on the connection, here or in the body.
    """
    connection: Dialogue | None = None
    try:
        connection = opened(server)
        if password is not None:
            connection.enter(server.username, password)
        yield connection
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        what, remedy, _ = explained(error, server)
        if connection is not None and connection.handed_over:
            what = f"{what}, after the whole message was handed over: it may have arrived"
            remedy = "Look whether it did before it is sent again."
        raise ChannelError(sentence(server, what, password), remedy) from None
    finally:
        if connection is not None:
            connection.leave()


class Dialogue(smtplib.SMTP):
    """Sends the dot that ends a message apart from the message, and knows whether it went out.

    Whatever fails raises an OSError, as all errors of smtplib are; an answer that refuses
    something does so only in methods of smtplib's own.
    """

    handed_over = False
    """Whether a dot went out and no answer came back."""
    patience = DOT_PATIENCE

    @property
    def most_bytes(self) -> int | None:
        """The largest message that the server takes; None where it does not say."""
        said = self.esmtp_features.get("size", "").split()
        return int(said[0]) or None if said and said[0].isdecimal() else None

    def enter(self, username: str, password: Secret) -> None:
        """Log in, in one way only: each way that is tried counts a wrong password once more."""
        offered = self.esmtp_features.get("auth", "").upper().split()
        if ways := [way for way in _LOGINS if way in offered]:
            self.esmtp_features["auth"] = ways[0]
        self.login(username, _typed(password))

    def data(self, msg: bytes | str) -> tuple[int, bytes]:  # type: ignore[override]
        """A whole message after its recipients: called by smtplib."""
        code, answer = self.docmd("data")
        if code != 354:
            raise smtplib.SMTPDataError(code, answer)
        self.body(msg if isinstance(msg, bytes) else msg.encode("ascii"))
        code, answer = self.dot()
        return (250 if 200 <= code < 300 else code), answer

    def body(self, content: bytes) -> None:
        """Send a message without the dot that ends it; the server cannot deliver it yet."""
        quoted = re.sub(rb"(?m)^\.", b"..", content)
        if not quoted.endswith(b"\r\n"):
            quoted += b"\r\n"
        for start in range(0, len(quoted), _BLOCK):
            self.send(quoted[start : start + _BLOCK])

    def overheard(self) -> bytes | None:
        """What the server says unasked; empty where it hung up, None where it says nothing."""
        if self.sock is None:
            return b""
        self.sock.settimeout(0)
        try:
            return self.sock.recv(_LINE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except OSError:
            return b""
        finally:
            self.sock.settimeout(self.timeout)

    def dot(self) -> tuple[int, bytes]:
        """End the message; with the answer to this, it is the server's to deliver, or it is not."""
        self.handed_over = True
        if self.sock is not None:
            self.sock.settimeout(self.patience)
        self.send(b".\r\n")
        code, answer = self.getreply()
        if not 200 <= code < 600:
            self.close()
            raise smtplib.SMTPServerDisconnected("the answer cannot be understood")
        self.handed_over = False
        if self.sock is not None:
            self.sock.settimeout(self.timeout)
        return code, answer

    def leave(self) -> None:
        """End the connection; what was taken is taken, however the farewell goes."""
        with suppress(smtplib.SMTPException, OSError):
            if self.sock is not None:
                self.sock.settimeout(_FAREWELL)
            self.quit()
        self.close()


class _TlsDialogue(Dialogue, smtplib.SMTP_SSL):
    """The same, with TLS from the start."""


def opened(server: MailServer) -> Dialogue:
    """A connection to the server, over verified TLS where that is asked for; nobody is logged in.

    Raises:
        OSError: it cannot be reached or trusted; ``explained`` has the words.
        UnicodeError: its name cannot be asked for.
        ChannelError: the certificates of ``ca_file`` cannot be read.
    """
    # named after the sender: to look this machine's own name up can take long
    name, timeout = server.sender.domain, server.timeout
    connection: Dialogue
    if server.security == "tls":
        trust = trusted(server.ca_file, "mail.ca_file")
        connection = _TlsDialogue(server.host, server.port, name, timeout=timeout, context=trust)
    else:
        connection = Dialogue(server.host, server.port, name, timeout=timeout)
    try:
        if connection.sock is not None:
            # or the dot waits until the server has confirmed what went before it
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if server.security == "starttls":
            connection.starttls(context=trusted(server.ca_file, "mail.ca_file"))
        connection.ehlo_or_helo_if_needed()
    except BaseException:
        connection.close()
        raise
    return connection


def trusted(ca_file: Path | None, key: str) -> ssl.SSLContext:
    """Checks certificate and name; without a context, Python's libraries would trust anybody.

    Args:
        ca_file: the only authorities that are trusted; None for the system's.
        key: where the file is named in config.yaml.

    Raises:
        ChannelError: there is no such file, or no certificate in it.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ChannelError(
            f"The certificates in {ca_file} cannot be read: {error.strerror or error}.",
            f"Name a PEM file as {key} in config.yaml.",
        ) from None


def _typed(password: Secret) -> str:
    text = password.reveal()
    if not text.isascii():
        raise ChannelError(
            "The password of the mail server holds other letters than ASCII and cannot be sent.",
            "Choose one of plain letters, digits and punctuation.",
        )
    return text


# -- what went wrong, in words ----------------------------------------------------------------


def sentence(server: MailServer, what: str, password: Secret | None) -> str:
    """The sentence about what the server did, without the password."""
    return f"The mail server {server.host}:{server.port} {shown(server, what, password)}."


def shown(server: MailServer, text: str, password: Secret | None) -> str:
    """What a server said without the password, cut where it is long: never within the password."""
    if password is not None:
        word = password.reveal()
        # a login sends both in one, and a server may repeat that too
        login = Secret(word, (f"\0{server.username}\0{word}", word))
        text = password.hidden_in(login.hidden_in(text))
    return text[:_SHOWN].rstrip()


@singledispatch
def explained(error: Exception, server: MailServer) -> Said:
    """What went wrong on a connection, in words; errors that are no OSError come from its name."""
    return Said(f"cannot be used: {error}", "Check mail.host in config.yaml.", lasting=True)


@explained.register
def _os(error: OSError, server: MailServer) -> Said:
    what = f"cannot be reached: {error.strerror or error}"
    return Said(what, "Check mail.host and mail.port in config.yaml, and the network.")


@explained.register
def _name(error: socket.gaierror, server: MailServer) -> Said:
    return Said("is not found under that name", "Check mail.host in config.yaml, and the network.")


@explained.register
def _time(error: TimeoutError, server: MailServer) -> Said:
    what = f"did not answer within {server.timeout:g} seconds"
    return Said(what, "Check mail.host and mail.port in config.yaml, and the firewall.")


@explained.register
def _certificate(error: ssl.SSLCertVerificationError, server: MailServer) -> Said:
    what = f"showed a certificate that is not valid: {error.verify_message}"
    remedy = "Where it has an authority of its own, name that as mail.ca_file in config.yaml."
    if error.verify_code in _OTHER_NAME:
        remedy = "Write the name that stands in its certificate as mail.host in config.yaml."
    if error.verify_code == _EXPIRED:
        remedy = "Whoever runs it has to renew it."
    return Said(what, remedy, lasting=True)


@explained.register
def _tls(error: ssl.SSLError, server: MailServer) -> Said:
    what = f"agreed on no encryption ({(error.reason or 'unknown reason').lower()})"
    remedy = "Check mail.port and mail.security: 587 is for starttls, 465 for tls."
    return Said(what, remedy, lasting=True)


@explained.register
def _smtp(error: smtplib.SMTPException, server: MailServer) -> Said:
    what = "offers no way to log in that is known here"
    return Said(what, "Ask whoever runs it for PLAIN, LOGIN or CRAM-MD5.", lasting=True)


@explained.register(ssl.SSLEOFError)
@explained.register(ssl.SSLZeroReturnError)
@explained.register(ConnectionResetError)
@explained.register(BrokenPipeError)
@explained.register(smtplib.SMTPServerDisconnected)
def _hung_up(error: OSError, server: MailServer) -> Said:
    return Said("ended the connection, or stopped answering", _LATER)


@explained.register
def _not_offered(error: smtplib.SMTPNotSupportedError, server: MailServer) -> Said:
    if "STARTTLS" in str(error):
        remedy = "Nothing was sent in the clear. Use its port for tls, often 465."
        return Said("offers no STARTTLS", remedy, lasting=True)
    if "AUTH" in str(error):
        remedy = "Use its port for submission, often 587, or drop mail.username and mail.password."
        return Said("offers no login", remedy, lasting=True)
    what = "takes no addresses with other letters than ASCII"
    return Said(what, "Write the domain as xn--...", lasting=True)


@explained.register
def _answered(error: smtplib.SMTPResponseException, server: MailServer) -> Said:
    code = error.smtp_code
    what = f"refused the message: {answer(code, error.smtp_error)}"
    if code == 552:
        return Said(what, "The message is too large for it.", lasting=True)
    if 400 <= code < 500:
        return Said(what, _LATER)
    return Said(what, "Ask whoever runs it." if server.username else _LOGIN, lasting=True)


@explained.register(smtplib.SMTPConnectError)
@explained.register(smtplib.SMTPHeloError)
def _greeting(error: smtplib.SMTPResponseException, server: MailServer) -> Said:
    what = f"turned the connection away: {answer(error.smtp_code, error.smtp_error)}"
    if 400 <= error.smtp_code < 500:
        return Said(what, _LATER)
    remedy = "Check mail.host and mail.port in config.yaml; if they are right, ask whoever runs it."
    return Said(what, remedy, lasting=True)


@explained.register
def _login(error: smtplib.SMTPAuthenticationError, server: MailServer) -> Said:
    reply = answer(error.smtp_code, error.smtp_error)
    if 400 <= error.smtp_code < 500:
        return Said(f"cannot check the password now: {reply}", _LATER)
    what = f"refused the user name or the password: {reply}"
    remedy = (
        "Check mail.username, and where mail.password points to; some providers want a password "
        "of its own for a program."
    )
    return Said(what, remedy, lasting=True)


@explained.register
def _nobody(error: smtplib.SMTPRecipientsRefused, server: MailServer) -> Said:
    return _refused(error.recipients, server, "refused the message for")


def _refused(recipients: Mapping[str, tuple[int, bytes]], server: MailServer, verb: str) -> Said:
    named = ", ".join(
        f"{address} ({answer(code, text)})" for address, (code, text) in recipients.items()
    )
    if all(400 <= code < 500 for code, _ in recipients.values()):
        return Said(f"{verb} {named}", _LATER)
    remedy = "Correct the address."
    return Said(f"{verb} {named}", remedy if server.username else f"{remedy} {_LOGIN}", True)


def answer(code: int, text: bytes | str) -> str:
    """A server's reply on one line, without anything that could move a cursor."""
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    plain = "".join(letter if letter.isprintable() else " " for letter in said)
    return f"{code} {' '.join(plain.split())}".strip()

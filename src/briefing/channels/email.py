"""Mail over SMTP: a message goes to the server over verified TLS, or it is said why not."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import singledispatch

from briefing.errors import ChannelError
from briefing.structures.channels import Mailbox, MailServer
from briefing.structures.secrets import Secret

_OTHER_NAME = {62, 64}  # OpenSSL's codes for a certificate of another host or address
_EXPIRED = 10
_SHOWN = 200  # letters of a server's reply
_LATER = "It may take it later; if that lasts, ask whoever runs it."
_LOGIN = "It may want a login: give mail.username and mail.password in config.yaml."

Said = tuple[str, str]
"""What the server did, to follow its name in a sentence, and what to do about it."""


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
            what, remedy = _refused(refused, server, taken)
            raise _error(server, what, remedy, password)


def alarm_message(
    sender: Mailbox, to: Mailbox, subject: str, body: str, *, digest: str, at: datetime
) -> EmailMessage:
    """A plain text message to the owner; the same arguments make the same bytes.

    Args:
        digest: the same for the same failure. With ``at`` it makes the Message-ID: a second try
            has the same one, the same failure on another day has not, since some providers show
            a Message-ID only once.
        at: when it happened, with a zone.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = _header(sender)
    message["To"] = _header(to)
    message["Subject"] = " ".join(_sendable(subject).split())
    message["Date"] = at
    message["Message-ID"] = f"<alarm.{digest}.{at:%Y%m%d%H%M%S}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    # seven bits, so that any server takes it as it is
    message.set_content(_sendable(body), cte="quoted-printable")
    return message


def _header(mailbox: Mailbox) -> Address:
    return Address(mailbox.name, addr_spec=mailbox.address)


def _sendable(text: str) -> str:
    """The text without what no message can hold: the half letters of oddly named files."""
    return text.encode("utf-8", "replace").decode("utf-8")


# -- the connection ---------------------------------------------------------------------------


@contextmanager
def connected(server: MailServer, password: Secret | None) -> Iterator[smtplib.SMTP]:
    """A connection on which messages can be sent one after the other.

    Raises:
        ChannelError: whatever goes wrong on the connection, here or in the body.
    """
    connection: _Dialogue | None = None
    try:
        connection = _opened(server)
        if password is not None:
            connection.login(server.username, _typed(password))
        yield connection
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        what, remedy = _read(error, server)
        if connection is not None and connection.handed_over:
            what = f"{what}, after the whole message was handed over: it may have arrived"
            remedy = "Look whether it did before it is sent again."
        raise _error(server, what, remedy, password) from None
    finally:
        if connection is not None:
            # what was taken is taken, however the farewell goes
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()


class _Dialogue(smtplib.SMTP):
    """Knows whether what it sent last was a message to its last dot."""

    handed_over = False

    def send(self, s: bytes | str) -> None:  # type: ignore[override]
        self.handed_over = False
        super().send(s)
        # the body and its dot go out in one piece: where that fails, the dot did not go out
        self.handed_over = isinstance(s, bytes) and s.endswith(b"\r\n.\r\n")


class _TlsDialogue(_Dialogue, smtplib.SMTP_SSL):
    """The same, with TLS from the start."""


def _opened(server: MailServer) -> _Dialogue:
    # named after the sender: to look this machine's own name up can take long
    name, timeout = server.sender.domain, server.timeout
    if server.security == "tls":
        trusted = _trusted(server)
        return _TlsDialogue(server.host, server.port, name, timeout=timeout, context=trusted)
    connection = _Dialogue(server.host, server.port, name, timeout=timeout)
    if server.security == "starttls":
        try:
            connection.starttls(context=_trusted(server))
        except BaseException:
            connection.close()
            raise
    return connection


def _trusted(server: MailServer) -> ssl.SSLContext:
    """Checks certificate and name; without a context, smtplib would trust anybody."""
    try:
        return ssl.create_default_context(cafile=server.ca_file)
    except OSError as error:  # no file, or no certificate in it
        raise ChannelError(
            f"The certificates in {server.ca_file} cannot be read: {error.strerror or error}.",
            "Name a PEM file as mail.ca_file in config.yaml.",
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


def _error(server: MailServer, what: str, remedy: str, password: Secret | None) -> ChannelError:
    message = f"The mail server {server.host}:{server.port} {what}."
    return ChannelError(password.hidden_in(message) if password else message, remedy)


@singledispatch
def _read(error: Exception, server: MailServer) -> Said:
    return f"cannot be used: {error}", "Check mail.host in config.yaml."


@_read.register
def _os(error: OSError, server: MailServer) -> Said:
    what = f"cannot be reached: {error.strerror or error}"
    return what, "Check mail.host and mail.port in config.yaml, and the network."


@_read.register
def _name(error: socket.gaierror, server: MailServer) -> Said:
    return "is not found under that name", "Check mail.host in config.yaml, and the network."


@_read.register
def _time(error: TimeoutError, server: MailServer) -> Said:
    what = f"did not answer within {server.timeout:g} seconds"
    return what, "Check mail.host and mail.port in config.yaml, and the firewall."


@_read.register
def _certificate(error: ssl.SSLCertVerificationError, server: MailServer) -> Said:
    what = f"showed a certificate that is not valid: {error.verify_message}"
    if error.verify_code in _OTHER_NAME:
        return what, "Write the name that stands in its certificate as mail.host in config.yaml."
    if error.verify_code == _EXPIRED:
        return what, "Whoever runs it has to renew it."
    return what, "Where it has an authority of its own, name that as mail.ca_file in config.yaml."


@_read.register
def _tls(error: ssl.SSLError, server: MailServer) -> Said:
    what = f"agreed on no encryption ({(error.reason or 'unknown reason').lower()})"
    return what, "Check mail.port and mail.security: 587 is for starttls, 465 for tls."


@_read.register
def _smtp(error: smtplib.SMTPException, server: MailServer) -> Said:
    what = "offers no way to log in that is known here"
    return what, "Ask whoever runs it for PLAIN, LOGIN or CRAM-MD5."


@_read.register
def _hung_up(error: smtplib.SMTPServerDisconnected, server: MailServer) -> Said:
    return "ended the connection, or stopped answering", _LATER


@_read.register
def _not_offered(error: smtplib.SMTPNotSupportedError, server: MailServer) -> Said:
    if "STARTTLS" in str(error):
        remedy = "Nothing was sent in the clear. Use its port for tls, often 465."
        return "offers no STARTTLS", remedy
    if "AUTH" in str(error):
        remedy = "Use its port for submission, often 587, or drop mail.username and mail.password."
        return "offers no login", remedy
    return "takes no addresses with other letters than ASCII", "Write the domain as xn--..."


@_read.register
def _answered(error: smtplib.SMTPResponseException, server: MailServer) -> Said:
    code = error.smtp_code
    what = f"refused the message: {_reply(code, error.smtp_error)}"
    if code == 552:
        return what, "The message is too large for it."
    if 400 <= code < 500:
        return what, _LATER
    return what, "Ask whoever runs it." if server.username else _LOGIN


@_read.register
def _greeting(error: smtplib.SMTPConnectError, server: MailServer) -> Said:
    return f"turned the connection away: {_reply(error.smtp_code, error.smtp_error)}", _LATER


@_read.register
def _login(error: smtplib.SMTPAuthenticationError, server: MailServer) -> Said:
    reply = _reply(error.smtp_code, error.smtp_error)
    if 400 <= error.smtp_code < 500:
        return f"cannot check the password now: {reply}", _LATER
    return (
        f"refused the user name or the password: {reply}",
        "Check mail.username, and where mail.password points to; some providers want a password "
        "of its own for a program.",
    )


@_read.register
def _nobody(error: smtplib.SMTPRecipientsRefused, server: MailServer) -> Said:
    return _refused(error.recipients, server, "refused the message for")


def _refused(recipients: Mapping[str, tuple[int, bytes]], server: MailServer, verb: str) -> Said:
    named = ", ".join(
        f"{address} ({_reply(code, text)})" for address, (code, text) in recipients.items()
    )
    if all(400 <= code < 500 for code, _ in recipients.values()):
        return f"{verb} {named}", _LATER
    remedy = "Correct the address."
    return f"{verb} {named}", remedy if server.username else f"{remedy} {_LOGIN}"


def _reply(code: int, text: bytes | str) -> str:
    """A server's reply on one line, cut where it is long; it is not ours to trust."""
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    plain = "".join(letter if letter.isprintable() else " " for letter in said)
    return f"{code} {' '.join(plain.split())}"[:_SHOWN].strip()

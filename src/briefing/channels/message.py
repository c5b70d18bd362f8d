"""Makes mail, an issue's or an alarm's: one reader each, same arguments, same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email.header import Header
from email.headerregistry import Address, BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy, Policy
from hashlib import sha256
from typing import Any
from unicodedata import category
from urllib.parse import quote

from briefing.errors import ChannelError
from briefing.structures.channels import Attachment, Letter, Mailbox, MailServer, Picture

_WIDTH = 76  # letters of a line
_LONGEST = 900  # letters of a header that may not be broken; a line may have 998
_BREAKING = {"Cc", "Cs", "Zl", "Zp"}  # controls, half letters, separators of lines
_SHOWN = re.compile(r"\bcid:([^\"'\s)>]+)", re.IGNORECASE)
_CID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
_PLAIN = re.compile(rb"[\t\r\n -<>-~]")  # bytes that quoted-printable leaves as they are


def issue_message(
    letter: Letter,
    to: Mailbox,
    mail: MailServer,
    *,
    date: datetime,
    message_id: str,
    in_reply_to: str = "",
) -> EmailMessage:
    """The message that brings an issue to one reader.

    It is made of ASCII in lines of at most 998 letters, so that any server takes it as it is.

    Args:
        letter: what every reader gets.
        to: the only reader who is named in it.
        mail: whom it is from, where answers and unsubscriptions go.
        date: when the issue was due, with a zone.
        message_id: with its angle brackets; the boundaries between the parts follow from it.
        in_reply_to: for a correction, the Message-ID of what it corrects; else empty.

    Raises:
        ChannelError: a header, a name or an address holds a line break or another control
            character, or the HTML and the pictures do not fit together.
    """
    if date.tzinfo is None:
        raise ValueError("the date needs a zone")
    message = EmailMessage(_POLICY)
    _write_headers(message, letter, to, mail)
    message["Date"] = date
    message["Message-ID"] = _line("Message-ID", message_id)
    if in_reply_to:
        message["In-Reply-To"] = message["References"] = _line("In-Reply-To", in_reply_to)
    _write_parts(message, letter, _boundaries(message_id))
    # last, because set_content() drops every Content- header that stands there before
    message["Content-Language"] = _line("Content-Language", letter.language)
    return message


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
    message["From"] = in_header(sender)
    message["To"] = in_header(to)
    message["Subject"] = " ".join(_sendable(subject).split())
    message["Date"] = at
    message["Message-ID"] = f"<alarm.{digest}.{at:%Y%m%d%H%M%S}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    # seven bits, so that any server takes it as it is
    message.set_content(_sendable(body), cte="quoted-printable")
    return message


def message_id_of(
    domain: str,
    *,
    report: str,
    edition: str,
    period: str,
    revision: int,
    recipient_digest: str,
    resend: int = 0,
) -> str:
    """The Message-ID of an issue for a reader, the same at every try.

    Other arguments make another Message-ID.

    Args:
        domain: the sender's.
        edition: with its language, such as ``KR-27-ko``.
        revision: from 1.
        recipient_digest: a keyed hash of the reader's address; the address itself is not shown.
        resend: how often a person asked for it to be sent again.

    Returns:
        Such as ``<regional-innovation.KR-27-ko.2026-10.r1.5f1c@example.org>``.

    Raises:
        ChannelError: it would not fit on a line.
    """
    parts = [report, edition, period, f"r{revision}", recipient_digest]
    parts += [f"again{resend}"] if resend else []
    # a dot stands between parts, so that none may stand within one
    left = ".".join(quote(part, safe="").replace(".", "%2E") for part in parts)
    return _line("Message-ID", f"<{left}@{domain}>")


def encoded_size(message: EmailMessage) -> int:
    """The size of a message as servers count it, in bytes."""
    return len(bytes(message))


def in_header(mailbox: Mailbox) -> Address:
    """A mailbox as a header takes it.

    Raises:
        ChannelError: its name or address would break the header.
    """
    name = _line("name of a mailbox", mailbox.name)
    return Address(name, addr_spec=_line("address", mailbox.address))


def _sendable(text: str) -> str:
    """The text without what no message can hold: the half letters of oddly named files."""
    return text.encode("utf-8", "replace").decode("utf-8")


# -- headers ----------------------------------------------------------------------------------


class _Unbroken(BaseHeader):
    """A header that programs read letter by letter; the library would encode it where long."""

    max_count = 1

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        """Take the text as it is: a header's way, called by the library."""
        kwds["parse_tree"] = kwds["decoded"] = value

    def fold(self, *, policy: Policy) -> str:
        """The header's one line: a header's way, called by the library."""
        return f"{self.name}: {self}{policy.linesep}"


class _Words(BaseHeader):
    """A header of any words; the library's own way to encode them moves spaces where long."""

    max_count = 1

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        """Take the text as it is: a header's way, called by the library."""
        kwds["parse_tree"] = kwds["decoded"] = value

    def fold(self, *, policy: Policy) -> str:
        """The header's lines: a header's way, called by the library."""
        line = f"{self.name}: {self}"
        if not line.isascii() or len(line) > _WIDTH or "=?" in line:
            encoded = Header(str(self), "utf-8", _WIDTH, self.name)
            line = f"{self.name}: {encoded.encode(linesep=policy.linesep)}"
        return line + policy.linesep


def _policy() -> EmailPolicy[EmailMessage]:
    headers = HeaderRegistry()
    for name in ("message-id", "in-reply-to", "references", "list-id", "list-unsubscribe"):
        headers.map_to_type(name, _Unbroken)
    headers.map_to_type("subject", _Words)
    return SMTP.clone(cte_type="7bit", header_factory=headers)


_POLICY = _policy()


def _write_headers(message: EmailMessage, letter: Letter, to: Mailbox, mail: MailServer) -> None:
    message["From"] = in_header(mail.sender)
    message["To"] = in_header(to)
    if mail.reply_to is not None:
        message["Reply-To"] = in_header(mail.reply_to)
    message["Subject"] = _line("Subject", letter.subject)
    lists = mail.list_id or mail.sender.domain
    message["List-Id"] = _line("List-Id", f"<{letter.report}.{lists}>")
    if mail.unsubscribe:
        address = quote(_line("unsubscribe", mail.unsubscribe), safe="@")
        subject = quote(f"unsubscribe {letter.report}", safe="")
        link = f"<mailto:{address}?subject={subject}>"
        message["List-Unsubscribe"] = _line("List-Unsubscribe", link)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"


def _line(name: str, text: str) -> str:
    """The text, if it can stand on one line.

    Raises:
        ChannelError: it cannot; whoever wrote it may have wanted another header there.
    """
    if any(category(letter) in _BREAKING for letter in text):
        raise ChannelError(
            f"The {name} of a mail holds a line break or another control character: {text!r}.",
            "Remove it where the text comes from.",
        )
    if name not in {"Subject", "name of a mailbox"} and len(text.encode()) > _LONGEST:
        raise ChannelError(
            f"The {name} of a mail is too long: {text[:60]}...", "Shorten the names in it."
        )
    return text


# -- parts ------------------------------------------------------------------------------------


def _write_parts(message: EmailMessage, letter: Letter, boundaries: Iterator[str]) -> None:
    _check_pictures(letter)
    message.set_content(letter.text, cte=_transfer(letter.text))
    if letter.html:
        message.make_alternative(next(boundaries))
        message.add_alternative(letter.html, subtype="html", cte=_transfer(letter.html))
    if letter.pictures:
        *_, page = message.iter_parts()
        page.make_related(next(boundaries))
        page.set_param("type", "text/html")
        for picture in letter.pictures:
            _add_picture(page, picture)
    if letter.attachments:
        message.make_mixed(next(boundaries))
    for attachment in letter.attachments:
        _add_file(message, attachment)
    for part in message.walk():
        if part is not message:
            del part["MIME-Version"]  # is the whole message's


def _check_pictures(letter: Letter) -> None:
    shown = {name.lower() for name in _SHOWN.findall(letter.html)}
    held = [picture.cid.lower() for picture in letter.pictures]
    if sorted(shown) != sorted(held):
        amiss = ", ".join(sorted(shown.symmetric_difference(held) or held))
        raise ChannelError(
            f"The HTML of the mail and its pictures do not fit together: {amiss}.",
            "Each picture has to be shown by its cid, and each that is shown has to be there once.",
        )


def _add_picture(page: Any, picture: Picture) -> None:
    if not _CID.fullmatch(picture.cid):
        raise ChannelError(
            f"A picture of the mail cannot be called {picture.cid!r}.",
            "Use letters, digits, dots and hyphens.",
        )
    page.add_related(
        picture.content,
        "image",
        "png",
        cid=f"<{picture.cid}>",
        disposition="inline",
        filename=f"{picture.cid}.png",
    )


def _add_file(message: EmailMessage, attachment: Attachment) -> None:
    main, _, sub = _line("media type of a file", attachment.media_type).partition("/")
    name = _line("name of a file", attachment.name)
    message.add_attachment(attachment.content, main, sub, filename=name)


def _boundaries(message_id: str) -> Iterator[str]:
    """Lines that separate parts; neither quoted-printable nor base64 can hold an ``=_``."""
    stem = sha256(message_id.encode()).hexdigest()[:32]
    number = 0
    while True:
        yield f"=_{stem}_{number}"
        number += 1


def _transfer(text: str) -> str:
    """The shorter of the two ways to write any text in seven bits."""
    content = text.encode("utf-8")
    escaped = 3 * len(_PLAIN.sub(b"", content))
    plain = len(content) - escaped // 3
    return "quoted-printable" if plain + escaped <= len(content) * 1.37 else "base64"

"""The ways out of the house: mail servers, what goes over them, and whom alarms are for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from briefing.structures.secrets import Resolvable

Security = Literal["starttls", "tls", "none"]
"""How a connection to a mail server is kept secret: TLS after asking, from the start, or not."""
Outcome = Literal["sent", "deferred", "refused", "too_large", "uncertain", "channel_failed"]
"""What became of a message: the server has it; nobody has it, and it can be tried again; nobody
has it, and this reader or this size is not wanted; nobody knows; nobody has it, and the next
message would fare no better before somebody mends the channel."""
Step = Literal["connection", "login", "sender", "recipient", "message", "dot"]
"""How far the dialogue about a message came; ``dot`` is the one that ends the message."""
OnUncertain = Literal["resend_once", "hold"]
"""What happens to a message of which nobody can find out whether it arrived."""


@dataclass(frozen=True)
class Mailbox:
    """A checked mail address with the name shown beside it.

    Attributes:
        name: empty where there is none.
        address: local part and domain, in ASCII.
    """

    name: str
    address: str

    @property
    def domain(self) -> str:
        """What stands behind the @."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True)
class Rate:
    """How many messages may go out in a stretch of time."""

    messages: int
    every: timedelta

    @property
    def pause(self) -> timedelta:
        """The time from one message to the next."""
        return self.every / self.messages


@dataclass(frozen=True)
class ArchiveMailbox:
    """A mailbox that gets a copy of every issue, and can be asked over IMAP what has arrived.

    Attributes:
        address: where the copies go.
        username: empty where the server asks for none.
        password: None where the server asks for none.
        folder: where the copies lie.
        timeout: seconds that each step may take.
        ca_file: certificates of the only authorities that are trusted; None for the system's.
    """

    address: str
    host: str
    port: int = 993
    security: Security = "tls"
    username: str = ""
    password: Resolvable | None = None
    folder: str = "INBOX"
    timeout: float = 30.0
    ca_file: Path | None = None


@dataclass(frozen=True)
class MailServer:
    """The server that takes mail for delivery, and what is the same for all mail over it.

    Attributes:
        sender: who the mail is from.
        username: empty where the server asks for none.
        password: None where the server asks for none.
        timeout: seconds that each step may take.
        ca_file: certificates of the only authorities that are trusted; None for the system's.
        reply_to: where answers go; None for the sender.
        list_id: the domain under which each report is a mailing list; empty for the sender's.
        unsubscribe: the address at which a reader asks for no more; empty where there is none.
        link: where readers find issues: a URL to which an issue's path is added; may be empty.
        rate: how fast issues go out.
        on_uncertain: what happens to an issue of which nobody can find out whether it arrived.
        expires: for how long an issue is tried after it was due.
        archive: None where no copies are kept.
    """

    host: str
    port: int
    security: Security
    sender: Mailbox
    username: str = ""
    password: Resolvable | None = None
    timeout: float = 30.0
    ca_file: Path | None = None
    reply_to: Mailbox | None = None
    list_id: str = ""
    unsubscribe: str = ""
    link: str = ""
    rate: Rate = Rate(60, timedelta(minutes=1))
    on_uncertain: OnUncertain = "resend_once"
    expires: timedelta = timedelta(hours=24)
    archive: ArchiveMailbox | None = None


@dataclass(frozen=True)
class Picture:
    """A PNG picture inside a mail.

    Attributes:
        cid: the name by which the HTML shows it, as ``cid:NAME``; letters, digits, dots, hyphens.
        content: the PNG file.
    """

    cid: str
    content: bytes


@dataclass(frozen=True)
class Attachment:
    """A file that a mail carries.

    Attributes:
        name: as the reader sees it; any letters, no folder.
        content: the file.
        media_type: such as ``application/pdf``.
    """

    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True)
class Letter:
    """What an issue's mail says to every reader alike.

    Attributes:
        report: the report's name.
        language: of the words, such as ``ko``.
        subject: one line.
        text: the same as ``html``, for who sees no HTML.
        html: empty where there is only text.
        pictures: those that the HTML shows, no more and no fewer.
    """

    report: str
    language: str
    subject: str
    text: str
    html: str = ""
    pictures: tuple[Picture, ...] = ()
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class Receipt:
    """What became of one message for one reader.

    Attributes:
        step: how far the dialogue came; up to ``sender`` it was not about this reader.
        code: the server's answer; 0 where it gave none.
        text: its words, or what happened in place of an answer; one line without secrets.
        remedy: what a person can do about it; empty where nothing is wrong.
        retry_after: how long to wait at least, where it was deferred.
    """

    outcome: Outcome
    step: Step
    code: int = 0
    text: str = ""
    remedy: str = ""
    retry_after: timedelta | None = None

    @property
    def about_everybody(self) -> bool:
        """Whether a message for another reader would have ended the same way."""
        if self.outcome == "deferred":
            return self.step in {"connection", "login", "sender"}
        return self.outcome == "channel_failed"


@dataclass(frozen=True)
class ProjectOwner:
    """Who is told when something fails.

    Attributes:
        mail: where alarms are mailed to; None where they are not.
        notify: Apprise addresses with references.
    """

    mail: Mailbox | None = None
    notify: tuple[Resolvable, ...] = ()


@dataclass(frozen=True)
class Channels:
    """What config.yaml says about state, mail and alarms, checked.

    Attributes:
        state: the URL of the ledger's database.
        owner: None where nobody is told.
        ping: a URL that is asked for after each round in which all is well.
        mail: None while no mail is sent.
    """

    state: Resolvable
    owner: ProjectOwner | None = None
    ping: Resolvable | None = None
    mail: MailServer | None = None


@dataclass(frozen=True)
class Told:
    """What became of an alarm.

    Attributes:
        reached: the ways over which it went out.
        failures: for each other way, what went wrong and what to do about it.
    """

    reached: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


def on_this_machine(host: str) -> bool:
    """Whether a host is this machine, so that nobody on the way can read what is said."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False

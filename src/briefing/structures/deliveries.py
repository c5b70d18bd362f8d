"""Who receives which issue over which channel, and what became of each delivery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from briefing.structures.channels import Letter, Mailbox
from briefing.structures.secrets import Resolvable

ALL_EDITIONS = "all"
"""Stands in a recipient's editions for every value of a report's parameter."""
MAIL = "mail"
"""The channel of a recipient who names none."""
ALWAYS, CHANGED = "always", "changed"
"""Conditions of a delivery that are words; every other one is an expression."""
Release = Literal["auto", "approve"]
"""Whether an issue goes out by itself, or after somebody has approved it."""
Otherwise = Literal["skip", "notice"]
"""What readers get where the condition does not hold: nothing, or a line that says so."""

QUEUED = "queued"
SENDING = "sending"
SENT = "sent"
DEFERRED = "deferred"
REFUSED = "refused"
UNCERTAIN = "uncertain"
SUPPRESSED = "suppressed"
EXPIRED = "expired"
AWAITING = "awaiting"
STOPPED = "stopped"
DELIVERY_STATES = (
    QUEUED,
    SENDING,
    SENT,
    DEFERRED,
    REFUSED,
    UNCERTAIN,
    SUPPRESSED,
    EXPIRED,
    AWAITING,
    STOPPED,
)
"""queued: to be sent. sending: somebody is at it. sent: the other side has it. deferred: not
taken, tried again. refused: not taken, for good. uncertain: it may have arrived. suppressed: the
recipient wants none, or is no reader any more. expired: tried for too long. awaiting: somebody
has to approve the issue. stopped: held back by a person, or superseded by a correction."""
OPEN = (QUEUED, DEFERRED, AWAITING)
"""States of deliveries that have not gone out and still may."""
OUT = (SENDING, SENT, UNCERTAIN)
"""States in which a reader has the issue, or may have it: it is sealed then."""


@dataclass(frozen=True)
class Recipient:
    """A reader.

    Attributes:
        address: as mail is sent to it; two that differ in case only are one reader.
        editions: values of a report's parameter that they receive; ``ALL_EDITIONS`` for all,
            none where only reports without a parameter are meant.
        channel: the name of a channel.
        place: file and line, for messages.
    """

    address: str
    name: str
    language: str
    editions: tuple[str, ...] = ()
    channel: str = MAIL
    place: str = ""

    @property
    def key(self) -> str:
        """What tells readers apart."""
        return self.address.casefold()


@dataclass(frozen=True)
class ChannelSettings:
    """A channel of config.yaml other than mail.

    Attributes:
        kind: "folder", "notify" or "use" (the author's own).
        path: for a folder, a path from the project's folder or an address that fsspec knows.
        url: for notify, an Apprise address with references.
        use: for an own channel, module:class.
        link: where readers find issues: a URL to which an issue's path is added; may be empty.
        attach: for notify, whether the files go along.
        options: what the own channel, or the remote folder's file system, is made with.
    """

    name: str
    kind: Literal["folder", "notify", "use"]
    line: int
    path: str = ""
    url: Resolvable | None = None
    use: str = ""
    link: str = ""
    attach: bool = False
    options: tuple[tuple[str, Resolvable | str], ...] = ()


@dataclass(frozen=True)
class DeliveryRule:
    """Where the issues of a report go.

    Attributes:
        recipients: of all its audiences, each once.
        channels: those that take every issue themselves, such as a folder.
        when: "always", "changed", or an expression over the issue's tables.
        otherwise: what readers get where that does not hold.
        release: whether somebody has to approve an issue first.
    """

    report: str
    line: int
    recipients: tuple[Recipient, ...] = ()
    channels: tuple[str, ...] = ()
    when: str = ALWAYS
    otherwise: Otherwise = "skip"
    release: Release = "auto"

    def readers(self, language: str, parameter: str) -> tuple[Recipient, ...]:
        """Who receives an edition: their language, and their region where it has one."""
        return tuple(
            reader
            for reader in self.recipients
            if reader.language == language
            and (not parameter or parameter in reader.editions or ALL_EDITIONS in reader.editions)
        )


@dataclass(frozen=True)
class Deliveries:
    """What config.yaml says about readers, checked.

    Attributes:
        suppressed: keys of addresses that receive nothing.
        suppress_file: where they are listed; None where no file is named.
        files: the lists of readers, and that file: what a change of readers shows in.
    """

    rules: tuple[DeliveryRule, ...] = ()
    channels: tuple[ChannelSettings, ...] = ()
    suppressed: frozenset[str] = frozenset()
    suppress_file: Path | None = None
    files: tuple[Path, ...] = ()

    def rule(self, report: str) -> DeliveryRule | None:
        """The rule of a report; None where it is delivered to nobody."""
        return next((rule for rule in self.rules if rule.report == report), None)


@dataclass(frozen=True)
class Verdict:
    """Whether an issue goes to its readers, as its own tables say.

    Attributes:
        why: the condition and what came of it, for the log.
    """

    holds: bool
    why: str


@dataclass(frozen=True)
class Posting:
    """A delivery that is wanted, before it is in the outbox.

    Attributes:
        recipient: the address; empty where the channel itself takes the issue.
        state: ``QUEUED``, ``AWAITING``, ``SUPPRESSED`` or, for what is known to have gone out
            although the ledger was lost, ``SENT`` or ``UNCERTAIN``.
        notice: whether only a line goes out that there is nothing to report.
        in_reply_to: the Message-ID of what this corrects, for who has that; else empty.
        expires: for how long it is tried.
    """

    channel: str
    recipient: str
    name: str
    message_id: str
    state: str = QUEUED
    reason: str = ""
    notice: bool = False
    in_reply_to: str = ""
    expires: timedelta = timedelta(hours=24)


@dataclass(frozen=True)
class Delivery:
    """A row of the outbox: one issue to one recipient over one channel.

    Attributes:
        recipient: the address, or empty where the channel itself is the recipient.
        resend: 0 for the first time; grows only where a person asks for another copy.
        due: when the issue was due: the date of the message.
        fence: grows with each claim.
        doubts: how often it was unknown whether it had arrived.
        code: what the other side answered, such as 250; 0 for nothing.
    """

    id: int
    run_id: int
    report: str
    edition: str
    period: str
    revision: int
    language: str
    channel: str
    recipient: str
    name: str
    resend: int
    state: str
    reason: str
    due: datetime
    message_id: str
    in_reply_to: str
    notice: bool
    manifest: str
    owner: str
    fence: int
    attempt: int
    doubts: int
    next_attempt_at: datetime | None
    expires_at: datetime
    sending_at: datetime | None
    sent_at: datetime | None
    code: int

    @property
    def issue(self) -> str:
        """The issue as people name it, which is also its path: report/period/edition/r1."""
        return f"{self.report}/{self.period}/{self.edition}/r{self.revision}"


@dataclass(frozen=True)
class Parcel:
    """A sealed issue on its way to one recipient: all that a channel may know.

    Attributes:
        issue: report/period/edition/r1.
        folder: where the issue lies; read only. For what is only tried out it may be a copy.
        files: the SHA-256 of each of its files, by path, as its manifest says.
        letter: what the mail says, with its pictures and attachments.
        to: the reader; None where the channel itself takes the issue.
        date: when the issue was due, with a zone.
        message_id: the same for each try of the same delivery.
        in_reply_to: the Message-ID of what this corrects, where the reader has that; else empty.
    """

    issue: str
    folder: Path
    letter: Letter
    to: Mailbox | None
    date: datetime
    message_id: str
    in_reply_to: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

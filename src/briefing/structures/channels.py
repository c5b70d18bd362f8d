"""The ways out of the house: whom an alarm is for, and over which server mail goes."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from briefing.structures.secrets import Resolvable

Security = Literal["starttls", "tls", "none"]
"""How a connection to a mail server is kept secret: TLS after asking, from the start, or not."""


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
class MailServer:
    """The server that takes mail for delivery.

    Attributes:
        sender: who the mail is from.
        username: empty where the server asks for none.
        password: None where the server asks for none.
        timeout: seconds that each step may take.
        ca_file: certificates of the only authorities that are trusted; None for the system's.
    """

    host: str
    port: int
    security: Security
    sender: Mailbox
    username: str = ""
    password: Resolvable | None = None
    timeout: float = 30.0
    ca_file: Path | None = None


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

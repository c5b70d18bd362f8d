"""What may stand in config.yaml about state, mail and alarms, and the nouns made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Protocol
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, field_validator, model_validator

from briefing.config.mail import ArchiveKeys, MailKeys, duration, mailbox, rate
from briefing.config.reading import KeyPath, Positions
from briefing.config.secrets import Reference, check_url, has_reference
from briefing.errors import Problem
from briefing.structures.channels import (
    ArchiveMailbox,
    Channels,
    MailServer,
    ProjectOwner,
    on_this_machine,
)

__all__ = [
    "STATE_URL",
    "MailKeys",
    "OwnerKeys",
    "PingUrl",
    "StateUrl",
    "build_channels",
    "mailbox",
    "notify_url",
]

STATE_URL = "sqlite:///.briefing/ledger.sqlite"
"""Where the ledger is kept if nothing is said."""
_STATE_EXAMPLE = "postgresql+psycopg://briefing:${PGPASSWORD}@db/briefing"
_STATE_SCHEMES = ("sqlite", "postgresql", "postgresql+psycopg")
_NOTIFY_EXAMPLE = "slack://${SLACK_TOKEN}"
_PING_EXAMPLE = "https://hc-ping.com/${PING_KEY}"
_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_ARCHIVE_PORTS = {"starttls": 143, "tls": 993, "none": 143}


def _state_url(value: object) -> str:
    return check_url(value, _STATE_EXAMPLE, schemes=_STATE_SCHEMES)


def _ping_url(value: object) -> str:
    url = check_url(value, _PING_EXAMPLE, schemes=("https", "http"), tokens=True)
    parts = urlsplit(url)
    if parts.scheme == "http" and not on_this_machine(parts.hostname or ""):
        raise ValueError(
            "everybody on the way could read the address, which is a secret: http is for this "
            f"machine only; write {_PING_EXAMPLE}"
        )
    return url


def notify_url(value: object) -> str:
    """Check an address of Apprise's.

    Raises:
        ValueError: it is none, or a secret stands in it; the secret is not repeated.
    """
    url = check_url(value, _NOTIFY_EXAMPLE, tokens=True)
    if not has_reference(url):
        raise ValueError(
            "the address names no secret, and nearly every such address has one: write it with "
            f"a reference, as {_NOTIFY_EXAMPLE}, or all of it as ${{ALARM_URL}}"
        )
    return url


StateUrl = Annotated[str, BeforeValidator(_state_url)]
"""The URL of the ledger's database; passwords by reference."""
PingUrl = Annotated[str, BeforeValidator(_ping_url)]
"""The URL that a monitor gives out; tokens by reference."""
_NotifyUrl = Annotated[str, BeforeValidator(notify_url)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class OwnerKeys(_Strict):
    """Who is told when something fails."""

    mail: str = ""
    """The address that alarms are mailed to, over the server of `mail`."""
    notify: list[_NotifyUrl] = []
    """Apprise addresses, such as `slack://${SLACK_TOKEN}`; needs `pip install 'briefing[notify]'`.
    """

    @field_validator("mail")
    @classmethod
    def _mail(cls, value: str) -> str:
        mailbox(value)
        return value

    @model_validator(mode="after")
    def _some(self) -> OwnerKeys:
        if not self.mail and not self.notify:
            raise ValueError("give `mail`, `notify` or both, or leave `owner` out")
        return self


class HasChannels(Protocol):
    """The keys of config.yaml that are read here."""

    @property
    def state_url(self) -> str:
        """The ledger's database."""

    @property
    def owner(self) -> OwnerKeys | None:
        """Who is told."""

    @property
    def ping(self) -> str:
        """The monitor's URL; empty where there is none."""

    @property
    def mail(self) -> MailKeys | None:
        """The mail server."""


def build_channels(
    keys: HasChannels, positions: Positions, root: Path
) -> tuple[Channels, list[Problem]]:
    """The nouns of the keys, and what is wrong between them.

    Args:
        root: the project's folder.
    """
    building = _Building(positions, root)
    problems = []
    mail = building.server(keys.mail) if keys.mail else None
    authorities: list[tuple[KeyPath, Path | None]] = [
        (("mail", "ca_file"), mail.ca_file if mail else None),
        (("mail", "archive", "ca_file"), mail.archive.ca_file if mail and mail.archive else None),
    ]
    for path, file in authorities:
        if file and not file.is_file():
            remedy = "Correct the path, or drop it to trust the system's authorities."
            problems.append(positions.problem(path, f"there is no file {file}", remedy))
    if keys.owner and keys.owner.mail and not mail:
        what = "there is no mail server to send it over"
        problems.append(positions.problem(("owner", "mail"), what, "Add `mail` with its `host`."))
    state = building.reference(keys.state_url, ("state_url",))
    owner = building.owner(keys.owner) if keys.owner else None
    ping = building.reference(keys.ping, ("ping",)) if keys.ping else None
    return Channels(state, owner, ping, mail), problems


class _Building:
    """Makes nouns that know where in the file they come from."""

    def __init__(self, positions: Positions, root: Path) -> None:
        self._positions = positions
        self._root = root

    def reference(self, text: str, path: KeyPath) -> Reference:
        where = ".".join(str(part) for part in path)
        line = self._positions.line(path)
        return Reference(text, self._positions.file, line, where, self._root)

    def owner(self, keys: OwnerKeys) -> ProjectOwner:
        return ProjectOwner(
            mail=mailbox(keys.mail) if keys.mail else None,
            notify=tuple(
                self.reference(url, ("owner", "notify", number))
                for number, url in enumerate(keys.notify)
            ),
        )

    def server(self, keys: MailKeys) -> MailServer:
        return MailServer(
            host=keys.host,
            port=keys.port or _PORTS[keys.security],
            security=keys.security,
            sender=mailbox(keys.sender),
            username=keys.username,
            password=self._login(keys.password, ("mail", "password")),
            timeout=float(keys.timeout),
            ca_file=self._root / keys.ca_file if keys.ca_file else None,
            reply_to=mailbox(keys.reply_to) if keys.reply_to else None,
            list_id=keys.list_id,
            unsubscribe=keys.unsubscribe,
            link=keys.link,
            rate=rate(keys.rate),
            on_uncertain=keys.on_uncertain,
            expires=duration(keys.expires),
            archive=self._archive(keys.archive, keys.timeout) if keys.archive else None,
        )

    def _archive(self, keys: ArchiveKeys, timeout: int) -> ArchiveMailbox:
        return ArchiveMailbox(
            address=keys.address,
            host=keys.host,
            port=keys.port or _ARCHIVE_PORTS[keys.security],
            security=keys.security,
            username=keys.username,
            password=self._login(keys.password, ("mail", "archive", "password")),
            folder=keys.folder,
            timeout=float(timeout),
            ca_file=self._root / keys.ca_file if keys.ca_file else None,
        )

    def _login(self, text: str, path: KeyPath) -> Reference | None:
        return self.reference(text, path) if text else None

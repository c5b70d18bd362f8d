"""What may stand in config.yaml about state, mail and alarms, and the nouns made of it."""

from __future__ import annotations

from email.headerregistry import Address
from email.policy import SMTP
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol
from unicodedata import category

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from briefing.config.reading import KeyPath, Positions
from briefing.config.secrets import Reference, check_secret, check_url, has_reference
from briefing.errors import Problem
from briefing.structures.channels import (
    Channels,
    Mailbox,
    MailServer,
    ProjectOwner,
    on_this_machine,
)

STATE_URL = "sqlite:///.briefing/ledger.sqlite"
"""Where the ledger is kept if nothing is said."""
_STATE_EXAMPLE = "postgresql+psycopg://briefing:${PGPASSWORD}@db/briefing"
_STATE_SCHEMES = ("sqlite", "postgresql", "postgresql+psycopg")
_NOTIFY_EXAMPLE = "slack://${SLACK_TOKEN}"
_PING_EXAMPLE = "https://hc-ping.com/${PING_KEY}"
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def mailbox(text: str) -> Mailbox:
    """Parse one mail address with or without a name.

    Args:
        text: such as ``Regional Briefing <briefing@example.org>``.

    Raises:
        ValueError: it is not exactly one address with a domain, or cannot be sent safely.
    """
    if text.splitlines() != [text] or any(category(letter) == "Cc" for letter in text):
        raise ValueError("the address is empty, or holds a line break or a control character")
    try:
        header: Any = SMTP.header_factory("To", text)
        found: tuple[Address, ...] = header.addresses
    except Exception:  # the parser stumbles over some texts, such as "a@" or encoded line breaks
        raise ValueError(f"{text!r} is no mail address; write name@example.org") from None
    if len(found) != 1 or any(group.display_name is not None for group in header.groups):
        raise ValueError(f"{text!r} is not one mail address; write name@example.org")
    (address,) = found
    if header.defects or not address.username or not address.domain:
        raise ValueError(f"{text!r} is no mail address; write name@example.org")
    if not address.addr_spec.isascii():
        raise ValueError(
            f"the address {text!r} holds other letters than ASCII; write its domain as xn--..."
        )
    return Mailbox(address.display_name, address.addr_spec)


def _address(value: str) -> str:
    mailbox(value)
    return value


def _state_url(value: object) -> str:
    return check_url(value, _STATE_EXAMPLE, schemes=_STATE_SCHEMES)


def _ping_url(value: object) -> str:
    return check_url(value, _PING_EXAMPLE, schemes=("https", "http"), tokens=True)


def _notify_url(value: object) -> str:
    url = check_url(value, _NOTIFY_EXAMPLE, tokens=True)
    if not has_reference(url):
        raise ValueError(
            "the address names no secret, and nearly every such address has one: write it with "
            f"a reference, as {_NOTIFY_EXAMPLE}, or all of it as ${{ALARM_URL}}"
        )
    return url


def _password(value: object) -> str:
    return check_secret(value, "password", "SMTP_PASSWORD")


StateUrl = Annotated[str, BeforeValidator(_state_url)]
"""The URL of the ledger's database; passwords by reference."""
PingUrl = Annotated[str, BeforeValidator(_ping_url)]
"""The URL that a monitor gives out; tokens by reference."""
_NotifyUrl = Annotated[str, BeforeValidator(_notify_url)]
_Password = Annotated[str, BeforeValidator(_password)]


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, use_attribute_docstrings=True, hide_input_in_errors=True
    )


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
        return _address(value)

    @model_validator(mode="after")
    def _some(self) -> OwnerKeys:
        if not self.mail and not self.notify:
            raise ValueError("give `mail`, `notify` or both, or leave `owner` out")
        return self


class MailKeys(_Strict):
    """The server that takes mail for delivery."""

    host: str = Field(pattern=r"^[A-Za-z0-9.:_-]+$")
    """Its name, as it stands in its certificate."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """Its port; 587 for starttls, 465 for tls and 25 for none, where not given."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """starttls: TLS after asking for it. tls: from the start. none: no TLS, on this machine only.
    The server's certificate is always checked."""
    username: str = Field(default="", pattern=r"^[ -~]*$")
    """Who logs in; nobody where not given."""
    password: _Password = ""
    """The password as a reference: `${SMTP_PASSWORD}`, `file:PATH` or `keyring:SERVICE/USER`."""
    sender: str
    """Who the mail is from: `Regional Briefing <briefing@example.org>`."""
    timeout: int = Field(default=30, ge=1, le=600)
    """Seconds that the server may take for each step."""
    ca_file: str = ""
    """A PEM file with the only authorities that are trusted; the system's where not given."""

    @field_validator("sender")
    @classmethod
    def _sender(cls, value: str) -> str:
        return _address(value)

    @model_validator(mode="after")
    def _fitting(self) -> MailKeys:
        if bool(self.username) != bool(self.password):
            raise ValueError("give `username` and `password` together, or neither")
        if self.security == "none" and not on_this_machine(self.host):
            raise ValueError(
                f"without TLS everybody on the way to {self.host} could read along: `security: "
                "none` is for a server on this machine; write starttls or tls"
            )
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
    if mail and mail.ca_file and not mail.ca_file.is_file():
        what = f"there is no file {mail.ca_file}"
        remedy = "Correct the path, or drop it to trust the system's authorities."
        problems.append(positions.problem(("mail", "ca_file"), what, remedy))
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
            password=(
                self.reference(keys.password, ("mail", "password")) if keys.password else None
            ),
            timeout=float(keys.timeout),
            ca_file=self._root / keys.ca_file if keys.ca_file else None,
        )

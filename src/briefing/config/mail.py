"""What may stand in config.yaml about mail: the server, its archive mailbox, addresses, paces."""

from __future__ import annotations

import re
from datetime import timedelta
from email.headerregistry import Address
from email.policy import SMTP
from typing import Annotated, Any
from unicodedata import category
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from briefing.config.secrets import check_secret, check_url, has_reference
from briefing.structures.channels import Mailbox, OnUncertain, Rate, Security, on_this_machine

_HOST = r"^[A-Za-z0-9.:_-]+$"
_RATE = re.compile(r"([1-9][0-9]{0,5}) per (second|minute|hour|day)")
_DURATION = re.compile(r"([1-9][0-9]{0,3}) (minute|hour|day)s?")


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


def _whole_address(value: str) -> str:
    mailbox(value)
    return value


def rate(text: str) -> Rate:
    """How fast mail may go out.

    Args:
        text: such as ``60 per minute``.

    Raises:
        ValueError: it says nothing of the kind.
    """
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError(f'{text!r} is no rate; write it as "60 per minute" or "500 per hour"')
    return Rate(int(match[1]), timedelta(**{f"{match[2]}s": 1}))


def duration(text: str) -> timedelta:
    """A stretch of time.

    Args:
        text: such as ``24 hours``.

    Raises:
        ValueError: it says nothing of the kind.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f'{text!r} is no stretch of time; write it as "24 hours" or "3 days"')
    return timedelta(**{f"{match[2]}s": int(match[1])})


def bare_address(text: str) -> str:
    """A mail address without a name.

    Raises:
        ValueError: it is none, or a name stands beside it.
    """
    found = mailbox(text)
    if found.name or found.address != text.strip():
        raise ValueError(f"write the address alone, as {found.address}")
    return found.address


def _password(value: object) -> str:
    return check_secret(value, "password", "SMTP_PASSWORD")


def _archive_password(value: object) -> str:
    return check_secret(value, "password", "ARCHIVE_PASSWORD")


def _check_secrecy(host: str, security: Security) -> None:
    if security == "none" and not on_this_machine(host):
        raise ValueError(
            f"without TLS everybody on the way to {host} could read along: `security: "
            "none` is for a server on this machine; write starttls or tls"
        )


_Password = Annotated[str, BeforeValidator(_password)]
_ArchivePassword = Annotated[str, BeforeValidator(_archive_password)]


_LINK_EXAMPLE = "https://briefings.example.org"


def _link(value: object) -> str:
    """Check the beginning of a web address that every reader sees."""
    url = check_url(value, _LINK_EXAMPLE, schemes=("https", "http"), tokens=True)
    if has_reference(url):
        raise ValueError(f"readers see the link, so no secret can stand in it: {_LINK_EXAMPLE}")
    parts = urlsplit(url)
    if not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        raise ValueError(
            f"an issue's path is put behind it, so it is a host and a path: {_LINK_EXAMPLE}"
        )
    if parts.scheme == "http" and not on_this_machine(parts.hostname):
        raise ValueError(f"http is for this machine only; write https://{parts.hostname}")
    return url


LinkUrl = Annotated[str, BeforeValidator(_link)]
"""Where readers find issues: a web address to which an issue's path is added."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class ArchiveKeys(_Strict):
    """A mailbox that gets a copy of every issue and is asked over IMAP what has arrived."""

    address: str
    """Where the copies go: `archive@example.org`; an ordinary mailbox of its own."""
    host: str = Field(pattern=_HOST)
    """The IMAP server's name, as it stands in its certificate."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """Its port; 993 for tls, 143 for starttls and none, where not given."""
    security: Security = "tls"
    """tls: TLS from the start. starttls: after asking for it. none: no TLS, on this machine only.
    The server's certificate is always checked."""
    username: str = Field(pattern=r"^[ -~]+$")
    """Who logs in."""
    password: _ArchivePassword
    """The password as a reference, as that of `mail`."""
    folder: str = Field(default="INBOX", min_length=1)
    """The folder in which the copies lie."""
    ca_file: str = ""
    """A PEM file with the only authorities that are trusted; the system's where not given."""

    @field_validator("address")
    @classmethod
    def _address(cls, value: str) -> str:
        return bare_address(value)

    @field_validator("folder")
    @classmethod
    def _folder(cls, value: str) -> str:
        if any(category(letter) in {"Cc", "Cs"} for letter in value):
            raise ValueError("the name holds a control character")
        return value

    @model_validator(mode="after")
    def _fitting(self) -> ArchiveKeys:
        _check_secrecy(self.host, self.security)
        return self


class MailKeys(_Strict):
    """The server that takes mail for delivery."""

    host: str = Field(pattern=_HOST)
    """Its name, as it stands in its certificate."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """Its port; 587 for starttls, 465 for tls and 25 for none, where not given."""
    security: Security = "starttls"
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
    reply_to: str = ""
    """Where answers go; to the sender where not given."""
    list_id: str = Field(default="", pattern=r"^([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+)?$")
    """The domain under which each report is a mailing list of its own, for the filters of
    readers; the sender's where not given."""
    unsubscribe: str = ""
    """The address at which a reader asks for no more; mail programs show it as a button."""
    link: LinkUrl = ""
    """Where readers find what is too large for a mail: a web address to which an issue's path is
    added; they are told to ask for it where not given."""
    rate: str = "60 per minute"
    """How fast issues go out, per second, minute, hour or day."""
    expires: str = "24 hours"
    """For how long an issue is tried after it was due."""
    on_uncertain: OnUncertain = "resend_once"
    """What happens to an issue of which nobody can find out whether it arrived: resend_once (a
    reader may get it twice) or hold (a reader may not get it)."""
    archive: ArchiveKeys | None = None
    """A mailbox that gets a copy of every issue, so that it can be found out what arrived."""

    @field_validator("sender")
    @classmethod
    def _sender(cls, value: str) -> str:
        return _whole_address(value)

    @field_validator("reply_to")
    @classmethod
    def _reply_to(cls, value: str) -> str:
        return _whole_address(value) if value else value

    @field_validator("unsubscribe")
    @classmethod
    def _unsubscribe(cls, value: str) -> str:
        return bare_address(value) if value else value

    @field_validator("rate")
    @classmethod
    def _rate(cls, value: str) -> str:
        rate(value)
        return value

    @field_validator("expires")
    @classmethod
    def _expires(cls, value: str) -> str:
        duration(value)
        return value

    @model_validator(mode="after")
    def _fitting(self) -> MailKeys:
        if bool(self.username) != bool(self.password):
            raise ValueError("give `username` and `password` together, or neither")
        _check_secrecy(self.host, self.security)
        return self

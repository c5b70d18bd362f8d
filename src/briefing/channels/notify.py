"""Alarms and issues over Apprise, in Slack, Teams and more, and the ping of a dead man's switch."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from briefing.abc import Channel
from briefing.channels.letters import linked, preview_in
from briefing.errors import ChannelError
from briefing.structures.channels import Attachment, Receipt, on_this_machine
from briefing.structures.deliveries import Parcel
from briefing.structures.secrets import Secret

_SENDER = "briefing"
_LATER = timedelta(minutes=5)
_ADDRESS = "Check the address under `notify` in config.yaml, and the secrets that it names."
_PING = "Check ping in config.yaml, and the network."


def notify(urls: Sequence[Secret], title: str, body: str, timeout: float = 30.0) -> None:
    """Send a notice to every address.

    Args:
        urls: resolved Apprise addresses.
        title: one line.
        body: plain text.
        timeout: seconds that each may take.

    Raises:
        ChannelError: Apprise is not installed, or an address did not take the notice; the others
            have it.
    """
    failed = [
        f"{_kind(url)} {reason}"
        for url in urls
        if (reason := url.hidden_in(_notified(url, title, body, timeout)))
    ]
    if failed:
        raise ChannelError(
            f"A notice did not go out: {'; '.join(failed)}.",
            "Check owner.notify in config.yaml and the secrets that it names.",
        )


def _notified(url: Secret, title: str, body: str, timeout: float) -> str:
    """Empty where the notice went out, else why it did not."""
    try:
        service = _service(url, timeout)
        return _pushed(service, title, body) if service else "is no address that Apprise knows"
    except ChannelError:
        raise
    except Exception as error:  # more than a hundred services, each with code of its own
        return f"made Apprise fail ({type(error).__name__})"


def _service(url: Secret, timeout: float) -> Any:
    """What Apprise makes of an address; None where it knows none such.

    Raises:
        ChannelError: Apprise is not installed.
    """
    try:
        from apprise import Apprise, AppriseAsset
    except ImportError:
        raise ChannelError(
            "Notices need Apprise, which is not installed.",
            "Run pip install 'briefing[notify]', or take `notify` out of config.yaml.",
        ) from None
    service = Apprise(asset=AppriseAsset(app_id=_SENDER, service_timeout=timeout))
    # what is no URL at all, Apprise would repeat in its log
    return service if "://" in url.reveal() and service.add(url.reveal()) else None


def _pushed(service: Any, title: str, body: str, files: Sequence[Attachment] = ()) -> str:
    """Empty where the service took the notice, else its words."""
    from apprise import AppriseAttachment, NotifyFormat
    from apprise.attachment.memory import AttachMemory

    attached = AppriseAttachment()
    for item in files:
        made: Any = AttachMemory  # has no types
        attached.add(made(item.content, name=item.name, mimetype=item.media_type))
    result = service.notify(
        body=body, title=title, body_format=NotifyFormat.TEXT, attach=attached if files else None
    )
    said = [entry.message.strip().rstrip(".") for entry in result.logs()]
    return "" if result else f"did not take it: {'; '.join(said) or result.status.name.lower()}"


def _kind(url: Secret) -> str:
    return f"{url.reveal().partition('://')[0]}://" if "://" in url.reveal() else "The address"


# -- issues -----------------------------------------------------------------------------------


class NotifyChannel(Channel):
    """Tells a chat or a webhook of each issue: its subject, its first words, and where it is.

    Args:
        url: a resolved Apprise address.
        link: where readers find issues: a URL to which an issue's path is added; may be empty.
        attach: whether the files go along, where the service takes any.
        timeout: seconds that the service may take.
    """

    def __init__(
        self, url: Secret, link: str = "", *, attach: bool = False, timeout: float = 30.0
    ) -> None:
        self._url = url
        self._link = link
        self._attach = attach
        self._timeout = timeout

    def deliver(self, parcel: Parcel, still_wanted: Callable[[], bool]) -> Receipt:
        """Send a notice of the issue.

        A service that answers that it did not take it has not: ``deferred``. Where Apprise
        fails, nobody knows: ``uncertain``.

        Raises:
            ChannelError: Apprise is not installed.
        """
        letter, what = parcel.letter, "is no address that Apprise knows"
        try:
            service = _service(self._url, self._timeout)
        except ChannelError:
            raise
        except Exception as error:  # more than a hundred services, each with code of its own
            service, what = None, f"made Apprise fail ({type(error).__name__})"
        if service is None:
            text = self._sentence(what)
            return Receipt("channel_failed", "connection", text=text, remedy=_ADDRESS)
        body = f"{preview_in(letter)}\n\n{linked(self._link, parcel.issue) or parcel.issue}"
        if not still_wanted():
            text = "No notice was sent, as was asked."
            return Receipt("deferred", "message", text=text, retry_after=timedelta(0))
        try:
            refused = _pushed(
                service, letter.subject, body, letter.attachments if self._attach else ()
            )
        except Exception as error:
            text = self._sentence(f"made Apprise fail ({type(error).__name__})")
            remedy = "Look whether the notice arrived before it is sent again."
            return Receipt("uncertain", "dot", text=text, remedy=remedy)
        if refused:
            text = self._sentence(refused)
            return Receipt("deferred", "message", text=text, remedy=_ADDRESS, retry_after=_LATER)
        return Receipt("sent", "dot", text=self._sentence("took the notice"))

    def _sentence(self, what: str) -> str:
        return self._url.hidden_in(" ".join(f"{_kind(self._url)} {what}.".split()))


# -- the dead man's switch --------------------------------------------------------------------


def ping(url: Secret, timeout: float = 10.0) -> None:
    """Tell a monitor that all is well, by asking for its URL; it raises the alarm if that stops.

    Args:
        url: https, or http on this machine.
        timeout: seconds to wait for a connection, and for each part of the answer.

    Raises:
        ChannelError: the monitor did not answer with success. Nobody's work depends on it.
    """
    address = _checked(url.reveal())
    opener = build_opener(HTTPSHandler(context=ssl.create_default_context()), _SameScheme())
    try:
        with opener.open(Request(address, headers={"User-Agent": _SENDER}), timeout=timeout):
            pass
    except HTTPError as error:
        error.close()
        raise _unheard(url, f"answered {error.code}") from None
    except URLError as error:
        reason = getattr(error.reason, "strerror", None) or error.reason
        raise _unheard(url, f"cannot be reached: {reason}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _unheard(url, f"did not answer: {type(error).__name__}") from None


class _SameScheme(HTTPRedirectHandler):
    """Follows the monitor to another address of its own kind only."""

    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> Request | None:
        _checked(newurl)
        if urlsplit(newurl).scheme != urlsplit(req.full_url).scheme:
            raise ChannelError("The monitor sends the ping elsewhere, without TLS.", _PING)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _checked(address: str) -> str:
    """The address, if it can be asked for without anybody reading along.

    Raises:
        ChannelError: it cannot; it is not repeated, since it is a secret.
    """
    try:
        parts = urlsplit(address)
        host, known = parts.hostname or "", parts.username or parts.password
    except ValueError:
        host, known = "", None
    secure = address.startswith("https://")
    odd = known or not address.isprintable() or " " in address
    if not host or odd or not (secure or address.startswith("http://")):
        raise ChannelError("The ping is no https address without a password.", _PING)
    if not secure and not on_this_machine(host):
        raise ChannelError(f"The ping to {host} goes over http; everybody could read it.", _PING)
    return address


def _unheard(url: Secret, what: str) -> ChannelError:
    host = urlsplit(url.reveal()).hostname
    return ChannelError(url.hidden_in(f"The monitor at {host} {what}."), _PING)

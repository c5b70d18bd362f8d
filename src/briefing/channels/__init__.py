"""The ways out: issues go to readers over channels, and the owner hears of failures over all.

Each way is a module of its own, and loads what it needs only when it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from briefing.abc import Channel
from briefing.errors import BriefingError, ChannelError
from briefing.structures.channels import Channels, MailServer, Told
from briefing.structures.deliveries import ChannelSettings
from briefing.structures.runs import Alarm
from briefing.structures.secrets import Resolvable, Secret

Resolve = Callable[[Resolvable], Secret]
"""Fetches a secret; the door's own, because it knows the environment."""


def open_mail(mail: MailServer, resolve: Resolve, *, link: str = "") -> Channel:
    """The channel ``mail``; the server is connected to by its first delivery.

    Args:
        resolve: fetches the password, where the server asks for one.
        link: where readers find issues: a URL to which an issue's path is added; may be empty.
    """
    from briefing.channels.mail import MailChannel

    return MailChannel(mail, resolve(mail.password) if mail.password else None, link=link)


def open_channel(
    settings: ChannelSettings,
    mail: MailServer | None,
    resolve: Resolve,
    folders: tuple[Path, ...],
) -> Channel:
    """A channel of config.yaml other than mail.

    Args:
        mail: whom mail is from that is filed in a folder; None where none is set up.
        resolve: fetches the secrets in its address and its options.
        folders: the project's folder first, from which its path starts; in all of them, the code
            that ``use`` names is looked for.

    Raises:
        ExtensionError: there is no such code.
        ChannelError: it is no channel, or cannot be made.
        ProblemsError: a secret is not there.
    """
    options = {
        key: value if isinstance(value, str) else resolve(value) for key, value in settings.options
    }
    if settings.kind == "folder":
        from briefing.channels.folder import FolderChannel

        return FolderChannel(settings.path, folders[0], options, mail)
    if settings.kind == "use":
        from briefing.channels.own import own_channel

        return own_channel(settings.name, settings.use, options, folders)
    from briefing.channels.notify import NotifyChannel

    if settings.url is None:
        raise ChannelError(
            f"The channel {settings.name!r} has no address.", "Give `notify` one in config.yaml."
        )
    return NotifyChannel(resolve(settings.url), settings.link, attach=settings.attach)


def tell_owner(channels: Channels, alarm: Alarm, *, project: str, resolve: Resolve) -> Told:
    """Tell the owner over every way; one that fails stops no other.

    Args:
        project: whose alarm it is, as the owner knows it; stands first in the subject.
        resolve: fetches the secrets of each way just before it is used.

    Returns:
        The ways that worked, and what went wrong with the others. Both are empty where no owner
        is named.
    """
    reached: list[str] = []
    failures: list[str] = []
    for name, tell in _ways(channels, alarm, f"{project}: {alarm.subject}", resolve):
        try:
            tell()
        except BriefingError as error:
            failures.append(f"{name}: {error}")
        else:
            reached.append(name)
    return Told(tuple(reached), tuple(failures))


def _ways(
    channels: Channels, alarm: Alarm, subject: str, resolve: Resolve
) -> Iterator[tuple[str, Callable[[], None]]]:
    if channels.owner is None:
        return
    if channels.owner.mail is not None and channels.mail is not None:
        server, to = channels.mail, channels.owner.mail

        def mail() -> None:
            from briefing.channels.email import alarm_message, send

            message = alarm_message(
                server.sender, to, subject, alarm.body, digest=alarm.digest, at=alarm.first_at
            )
            send(server, message, resolve(server.password) if server.password else None)

        yield "owner.mail", mail
    for number, url in enumerate(channels.owner.notify):

        def push(url: Resolvable = url) -> None:
            from briefing.channels.notify import notify

            notify([resolve(url)], subject, alarm.body)

        yield f"owner.notify.{number}", push

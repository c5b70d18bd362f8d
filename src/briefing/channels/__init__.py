"""The ways out: the owner hears of a failure over every way there is.

Each way is a module of its own, and loads what it needs only when it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from briefing.errors import BriefingError
from briefing.structures.channels import Channels, Told
from briefing.structures.runs import Alarm
from briefing.structures.secrets import Resolvable, Secret

Resolve = Callable[[Resolvable], Secret]
"""Fetches a secret; the door's own, because it knows the environment."""


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

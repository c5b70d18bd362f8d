"""How an issue's mail will look, and a try of the way it takes; neither touches the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from briefing import archive, rendering
from briefing.channels.letters import for_test, letter_of, manifest_of
from briefing.channels.message import issue_message, message_id_of
from briefing.errors import BriefingError, UsageError
from briefing.structures import (
    DeliveryRule,
    Edition,
    Letter,
    Mailbox,
    MailServer,
    Parcel,
    Project,
    Settings,
)

_STAND_IN = Mailbox("", "briefing@briefing.invalid")
"""Whom a mail is from while no server is named (RFC 2606)."""


def readers_of(
    rule: DeliveryRule | None, editions: list[Edition], address: str
) -> list[tuple[Edition, Mailbox]]:
    """The editions whose mail is looked at, each with its reader.

    Args:
        address: whose mail; that of the first reader of each edition where empty.

    Raises:
        UsageError: nobody of that address receives any of them.
    """
    found = []
    for edition in editions:
        parameter = next(iter(edition.parameters.values()), "")
        readers = rule.readers(edition.language, parameter) if rule else ()
        if address:
            readers = tuple(item for item in readers if item.key == address.casefold())
        if readers:
            found.append((edition, Mailbox(readers[0].name, readers[0].address)))
        elif not address:
            found.append((edition, Mailbox("", "reader@example.org")))
    if not found:
        raise UsageError(
            f"{address} receives no edition of {editions[0].report}.",
            "Readers and their editions stand under `audiences` in config.yaml.",
        )
    return found


def trial_parcel(
    project: Settings, folder: Path, issue: str, to: Mailbox, at: datetime, *, test: bool
) -> Parcel:
    """An issue addressed to somebody, outside of the outbox.

    Args:
        folder: where the issue, or a copy of it, lies.
        issue: report/period/edition/r1.
        test: mark it as a try.

    Raises:
        ChannelError: a file of the issue was changed after it was filed.
    """
    letter = letter_of(folder)
    report, period, edition, revision = issue.split("/")
    digest = hashlib.sha256(f"try {at.isoformat()} {to.address}".encode()).hexdigest()[:20]
    server = project.channels.mail
    return Parcel(
        issue=issue,
        folder=folder,
        letter=for_test(letter) if test else letter,
        to=to,
        date=at,
        message_id=message_id_of(
            server.sender.domain if server else _STAND_IN.domain,
            report=report,
            edition=edition,
            period=period,
            revision=int(revision.removeprefix("r")),
            recipient_digest=digest,
        ),
        files=manifest_of(folder)["outputs"],
    )


def write_preview(project: Project, parcel: Parcel, into: Path) -> Iterator[Path]:
    """Write a mail as it would go out, its HTML, and that as a picture; nothing is sent.

    Args:
        into: the folder; what lies there under the same names is replaced.

    Returns:
        The files.

    Raises:
        BriefingError: they cannot be written.
    """
    assert parcel.to is not None
    server = project.channels.mail or _nobody()
    message = issue_message(
        parcel.letter, parcel.to, server, date=parcel.date, message_id=parcel.message_id
    )
    letter = parcel.letter
    pictures = {f"cid:{picture.cid}": picture.content for picture in letter.pictures}
    written = {
        "mail.eml": bytes(message),
        "mail.txt": letter.text.encode(),
        "mail.html": _with_pictures(letter).encode(),
        "mail.png": rendering.photograph(letter.html, pictures, letter.language),
        **{f"{picture.cid}.png": picture.content for picture in letter.pictures},
    }
    try:
        into.mkdir(parents=True, exist_ok=True)
        for name, body in written.items():
            (into / name).write_bytes(body)
            yield into / name
    except OSError as error:
        raise BriefingError(
            f"The preview cannot be written to {into}: {error.strerror}.",
            "Name a folder with --output that may be written to.",
        ) from error


def filed(project: Project, edition: Edition) -> tuple[Path, str] | None:
    """Where the newest revision of an issue lies, and its name; None where it is not built."""
    folder = archive.newest_folder(project.output, edition)
    if not (folder / archive.MANIFEST).is_file():
        return None
    return folder, str(folder.relative_to(project.output))


def _with_pictures(letter: Letter) -> str:
    """The HTML with its pictures as files beside it, for a browser."""
    page = letter.html
    for picture in letter.pictures:
        page = page.replace(f"cid:{picture.cid}", f"{picture.cid}.png")
    return page


def _nobody() -> MailServer:
    return MailServer(host="", port=0, security="none", sender=_STAND_IN)

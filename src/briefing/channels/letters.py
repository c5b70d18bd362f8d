"""What an issue's mail says, read from its sealed folder; the short mails that stand in for it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from html import unescape
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from jinja2 import PackageLoader, Template

from briefing.catalogues import catalogue
from briefing.errors import ChannelError
from briefing.formatting import number
from briefing.structures.channels import Attachment, Letter, Picture
from briefing.templating import environment

MANIFEST = "manifest.json"
MAIL_JSON = "mail/mail.json"
TEST_MARK = "[TEST] "
"""Stands before the subject of what goes out to try the way."""
_RESTORE = "Restore it from a copy, or build a correction with --revise."
_BODY = re.compile(r"(?is)<body\b[^>]*>(?:\s*<div style=\"display: none[^>]*>.*?</div>)?")
_PREVIEW = re.compile(r"(?is)<div style=\"display: none[^>]*>(.*?)</div>")


def letter_of(folder: Path, manifest: str = "") -> Letter:
    """The letter of a sealed issue, as it was filed.

    Args:
        folder: of the issue; nothing is written there.
        manifest: the SHA-256 that its manifest had when it was filed; empty where that is not
            known.

    Raises:
        ChannelError: a file of the issue was changed after it was filed, or is gone, or the
            issue has no mail.
    """
    told = manifest_of(folder, manifest)
    try:
        report = str(told["report"])
        content = {
            path: sealed_file(folder, path, str(digest)) for path, digest in told["outputs"].items()
        }
    except (KeyError, TypeError, AttributeError):
        raise _damaged(folder, MANIFEST) from None
    if MAIL_JSON not in content:
        raise ChannelError(
            f"The issue in {folder} has no mail.", "Build it again, and it is written with it."
        )
    mail = _read(folder, content[MAIL_JSON], MAIL_JSON)
    try:
        return _letter(report, mail, content)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _damaged(folder, MAIL_JSON) from None


def manifest_of(folder: Path, manifest: str = "") -> dict[str, Any]:
    """The manifest of a sealed issue.

    Args:
        manifest: the SHA-256 that it had when it was filed; empty where that is not known.

    Raises:
        ChannelError: it was changed after it was filed, cannot be read, or is damaged.
    """
    return _read(folder, sealed_file(folder, MANIFEST, manifest), MANIFEST)


def sealed_file(folder: Path, path: str, digest: str) -> bytes:
    """A file of a sealed issue.

    Args:
        path: in the folder, with ``/``.
        digest: the SHA-256 that it has to have; empty where any will do.

    Raises:
        ChannelError: it was changed after it was filed, cannot be read, or lies elsewhere.
    """
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or path.startswith("/"):
        raise _damaged(folder, MANIFEST)
    try:
        content = (folder / path).read_bytes()
    except OSError as error:
        raise ChannelError(
            f"{folder / path} cannot be read: {error.strerror or error}; nothing is sent.", _RESTORE
        ) from None
    if digest and sha256(content).hexdigest() != digest:
        raise ChannelError(
            f"{folder / path} was changed after it was filed; nothing is sent.", _RESTORE
        )
    return content


def preview_in(letter: Letter) -> str:
    """What a list of mails shows beside the subject: the first thing that the letter says."""
    found = _PREVIEW.search(letter.html)
    hidden = " ".join(unescape(found.group(1)).split()) if found else ""
    return hidden or next((line.strip() for line in letter.text.splitlines() if line.strip()), "")


def for_test(letter: Letter) -> Letter:
    """The same letter, marked as one that only tries the way."""
    return replace(letter, subject=f"{TEST_MARK}{letter.subject}")


def notice_of(letter: Letter) -> Letter:
    """The short mail that goes out in place of an issue that has nothing to report.

    Args:
        letter: of the issue; its subject names report and period.
    """
    say = catalogue(letter.language).gettext
    subject = say("{issue}: nothing new").format(issue=letter.subject)
    sentence = say("{issue}: there is nothing new to report.").format(issue=letter.subject)
    html = _template("notice.html.j2", letter.language).render(
        language=letter.language, subject=subject, title=letter.subject, sentence=sentence
    )
    return Letter(letter.report, letter.language, subject, f"{sentence}\n", f"{html}\n")


def shortened(letter: Letter, kept: int, link: str) -> Letter:
    """The letter with its first attachments alone; its first words name those that are missing.

    Args:
        kept: how many of the attachments stay.
        link: where the reader finds the issue; empty where the reader has to ask for it.
    """
    missing = letter.attachments[kept:]
    words = catalogue(letter.language)
    told = {
        "lead": words.gettext(
            "Not attached after all, because the mail would have been too large:"
        ),
        "files": [(item.name, _size(len(item.content), letter.language)) for item in missing],
        "link": link,
        "way": words.ngettext(
            "To get it, answer this mail.", "To get them, answer this mail.", len(missing)
        ),
    }
    if link:
        told["way"] = words.ngettext(
            "It can be found here:", "They can be found here:", len(missing)
        )
    return replace(
        letter,
        text=f"{_as_text(told)}\n\n{letter.text}",
        html=_after_the_preview(letter, told) if letter.html else "",
        attachments=letter.attachments[:kept],
    )


def linked(link: str, issue: str) -> str:
    """Where readers find an issue: its path added to the channel's link; empty without a link."""
    return f"{link.rstrip('/')}/{quote(issue)}/" if link else ""


# -- reading ----------------------------------------------------------------------------------


def _read(folder: Path, body: bytes, name: str) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise _damaged(folder, name)
    return told


def _damaged(folder: Path, name: str) -> ChannelError:
    return ChannelError(f"{folder / name} is damaged; nothing is sent.", _RESTORE)


def _letter(report: str, mail: Mapping[str, Any], content: Mapping[str, bytes]) -> Letter:
    chart, files = mail.get("chart"), mail["attachments"]
    return Letter(
        report=report,
        language=str(mail["language"]),
        subject=str(mail["subject"]),
        text=content[mail["text"]].decode("utf-8"),
        html=content[mail["html"]].decode("utf-8"),
        pictures=(Picture(str(chart["cid"]), content[chart["file"]]),) if chart else (),
        attachments=tuple(
            Attachment(str(item["name"]), content[item["file"]], str(item["type"]))
            for item in files
        ),
    )


# -- words ------------------------------------------------------------------------------------


def _as_text(told: Mapping[str, Any]) -> str:
    files: Sequence[tuple[str, str]] = told["files"]
    lines = [told["lead"], *(f"  {name} ({size})" for name, size in files), told["way"]]
    return "\n".join([*lines, f"  {told['link']}"] if told["link"] else lines)


def _after_the_preview(letter: Letter, told: Mapping[str, Any]) -> str:
    """The page with the words before all that shows, and after what lists of mails show."""
    block = _template("missing.html.j2", letter.language).render(told, language=letter.language)
    found = _BODY.search(letter.html)
    place = found.end() if found else 0
    return f"{letter.html[:place]}\n{block}\n{letter.html[place:].lstrip()}"


def _size(count: int, language: str) -> str:
    """A size in bytes for a reader, such as "241 kB" or "1.2 MB"."""
    if count < 1_000_000:
        return f"{number(max(1, round(count / 1000)), language)} kB"
    return f"{number(count / 1_000_000, language, 1)} MB"


@cache
def _template(name: str, language: str) -> Template:
    loader = PackageLoader("briefing", "channels/layout")
    return environment(language, loader).get_template(name)

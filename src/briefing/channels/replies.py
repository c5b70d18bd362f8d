"""What a mail server's answer means for a message: for this reader, for this size, for all mail."""

from __future__ import annotations

import re
from datetime import timedelta

from briefing.structures.channels import Outcome, Receipt, Step

SOON = timedelta(minutes=1)
"""After a connection that failed."""
_LATER = timedelta(minutes=5)  # greylists want five minutes
_LATEST = timedelta(hours=1)
_ASKED = re.compile(r"\b(\d{1,5}) ?(second|sec|minute|min)s?\b", re.IGNORECASE)
_STATUS = re.compile(r"\d{3}[ -]?[45]\.(\d{1,3})\.(\d{1,3})\b")

# Codes of RFC 3463, without their first digit
_SIZE = {(2, 3), (3, 4)}
_READER = {(1, 1), (1, 2), (1, 3), (1, 4), (1, 6), (1, 10), (2, 1), (2, 2), (4, 1), (4, 4)}
_SENDER = {(1, 7), (1, 8)}
_POLICY = 7
_NOT_THE_READER = {500, 502, 503, 504, 521, 530, 534, 535, 538}
_OURS = re.compile(
    r"relay|authenti|sender|sending|client host|daily|hourly|blocklist|blacklist|listed (at|by|in)",
    re.IGNORECASE,
)
REMEDIES: dict[Outcome, str] = {
    "sent": "",
    "deferred": "It is tried again later; if that lasts, ask whoever runs the server.",
    "refused": "Correct the address, or take the reader off the list.",
    "too_large": "Send a link in place of the files, or ask whoever runs the server for more.",
    "uncertain": "Look whether it arrived before it is sent again.",
    "channel_failed": "Mend `mail` in config.yaml, or ask whoever runs the server.",
}
"""What a person can do about each outcome where nothing better is known."""


def judged(step: Step, code: int, text: str, *, proven: bool) -> Receipt:
    """The receipt that follows from an answer.

    An answer that ends a message well is ``sent``, and one that asks for patience ``deferred``. A
    refusal is about the reader, unless its code or its words speak of size, of the sender or of
    the right to send at all. Some leave that open, such as 554 or 5.7.1: they are about the
    channel, as long as nothing has gone over it.

    Args:
        step: what was asked.
        code: the answer's three digits.
        text: the whole answer on one line, code and all; may hold an RFC 3463 code after it.
        proven: whether the server has taken a message for somebody on this channel just now.
    """
    outcome = _outcome(step, code, text, proven)
    pause = _pause(code, text) if outcome == "deferred" else None
    return Receipt(outcome, step, code, text, _remedy(outcome, step), pause)


def _outcome(step: Step, code: int, text: str, proven: bool) -> Outcome:
    if step == "dot" and 200 <= code < 300:
        return "sent"
    if not 500 <= code < 600:
        return "deferred"  # also what makes no sense at this step: nothing was delivered
    status = _status(text)
    if status in _SIZE or (code == 552 and status not in _READER and step != "recipient"):
        return "too_large"
    if step in {"connection", "login", "sender"}:
        return "channel_failed"
    return "channel_failed" if _about_the_channel(code, status, text, proven) else "refused"


def _about_the_channel(code: int, status: tuple[int, int] | None, text: str, proven: bool) -> bool:
    if code in _NOT_THE_READER or status in _SENDER:
        return True
    if status in _READER:
        return False
    if _OURS.search(text):
        return True
    open_to_doubt = status[0] == _POLICY if status else code == 554
    return open_to_doubt and not proven


def _status(text: str) -> tuple[int, int] | None:
    found = _STATUS.match(text)
    return (int(found[1]), int(found[2])) if found else None


def _remedy(outcome: Outcome, step: Step) -> str:
    if outcome == "channel_failed" and step == "sender":
        return "Write an address as mail.sender in config.yaml that may send over this server."
    if outcome == "channel_failed":
        return (
            "It may want a login (mail.username and mail.password in config.yaml), or have "
            "another reason to take no mail: ask whoever runs it."
        )
    return REMEDIES[outcome]


def _pause(code: int, text: str) -> timedelta:
    """How long to wait: what the answer asks for, within reason."""
    least = SOON if code == 421 else _LATER
    found = _ASKED.search(text)
    if not found:
        return least
    unit = "seconds" if found[2].lower().startswith("s") else "minutes"
    return min(max(least, timedelta(**{unit: int(found[1])})), _LATEST)

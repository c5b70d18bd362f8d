"""Who receives an issue: the rule of its report, its readers, what its own tables say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from briefing.channels.message import message_id_of
from briefing.structures import (
    AWAITING,
    MAIL,
    QUEUED,
    SENT,
    SUPPRESSED,
    UNCERTAIN,
    DeliveryRule,
    Posting,
    Project,
    Recipient,
    Run,
    Verdict,
)

if TYPE_CHECKING:
    from briefing.ledger import Ledger, SentBook

STATE_FOLDER = ".briefing"
_NOWHERE = "briefing.invalid"  # a domain that nobody has (RFC 2606), where no mail is sent
_UNKNOWN = "the ledger was lost, and with it who has this issue: look, then approve or hold it"


def sent_book(root: Path, ledger: Ledger) -> tuple[SentBook, bytes]:
    """What remembers beside the ledger who has what, and the key of recipients.

    Raises:
        LedgerError: the ledger does not answer, or the key cannot be written.
    """
    from briefing.ledger import SentBook

    folder = root / STATE_FOLDER
    key = ledger.recipients_key(folder)
    return SentBook(folder, key), key


def postings_of(
    project: Project, ledger: Ledger, run: Run, verdict: Verdict | None
) -> tuple[tuple[Posting, ...], str]:
    """Every delivery of an issue, and in a few words why these.

    A correction goes also to those who have what it corrects and are no readers any more, and
    whatever its tables say: who has a wrong number has to hear of it.

    Args:
        verdict: what the issue's own tables say; None where nobody asked them.

    Raises:
        LedgerError: the ledger does not answer.
    """
    rule = project.deliveries.rule(run.report)
    if rule is None:
        return (), "nobody receives this report"
    notice = verdict is not None and not verdict.holds and run.revision == 1
    why = verdict.why if verdict else ""
    if notice and rule.otherwise == "skip":
        return (), why
    readers = list(rule.readers(run.language, run.parameter))
    takers = [] if notice else list(rule.channels)
    if run.revision > 1:
        _add_holders(ledger, run, readers, takers)
    _, key = sent_book(project.root, ledger)
    made = [_to_reader(project, rule, run, reader, key, notice=notice) for reader in readers]
    made += [_to_channel(project, rule, run, name, key) for name in takers]
    return tuple(made), why


def recovered(project: Project, ledger: Ledger, run: Run) -> tuple[tuple[Posting, ...], str]:
    """The deliveries of an issue that a new ledger took over from the archive.

    Who has it already is known from what stands beside the ledger. Where that is lost too, or the
    key to it, or a condition would have to be computed again, a person has to decide.

    Raises:
        LedgerError: the ledger does not answer.
    """
    postings, _ = postings_of(project, ledger, run, None)
    book, _ = sent_book(project.root, ledger)
    rule = project.deliveries.rule(run.report)
    known = book.read()
    keys = [book.key_of(posting.recipient, posting.message_id) for posting in postings]
    told = any(issue == run.issue for issue, _ in known.values())
    unreadable = told and known.keys().isdisjoint(keys)  # written with another key
    unsure = not book.exists or unreadable or (rule is not None and rule.when != "always")
    found = []
    for posting, key in zip(postings, keys, strict=True):
        _, state = known.get(key, ("", ""))
        if state in {SENT, UNCERTAIN}:
            found.append(replace(posting, state=state, reason="known from before the loss"))
        elif unsure and posting.state == QUEUED:
            found.append(replace(posting, state=AWAITING, reason=_UNKNOWN))
        else:
            found.append(posting)
    return tuple(found), "taken over from the archive"


def _add_holders(ledger: Ledger, run: Run, readers: list[Recipient], takers: list[str]) -> None:
    present = {(reader.channel, reader.key) for reader in readers}
    for delivery in ledger.holders(run):
        if not delivery.recipient:
            takers += [delivery.channel] if delivery.channel not in takers else []
        elif (delivery.channel, delivery.recipient.casefold()) not in present:
            readers.append(
                Recipient(delivery.recipient, delivery.name, run.language, channel=delivery.channel)
            )


def _to_reader(
    project: Project, rule: DeliveryRule, run: Run, reader: Recipient, key: bytes, *, notice: bool
) -> Posting:
    suppressed = reader.key in project.deliveries.suppressed
    state, reason = (SUPPRESSED, "asked for no more") if suppressed else _released(rule)
    return Posting(
        channel=reader.channel,
        recipient=reader.address,
        name=reader.name,
        message_id=_message_id(project, run, key, reader.channel, reader.key),
        state=state,
        reason=reason,
        notice=notice,
        expires=_expires(project, reader.channel),
    )


def _to_channel(project: Project, rule: DeliveryRule, run: Run, name: str, key: bytes) -> Posting:
    state, reason = _released(rule)
    return Posting(
        channel=name,
        recipient="",
        name="",
        message_id=_message_id(project, run, key, name, ""),
        state=state,
        reason=reason,
        expires=_expires(project, name),
    )


def _released(rule: DeliveryRule) -> tuple[str, str]:
    return (AWAITING, "waits for an approval") if rule.release == "approve" else (QUEUED, "")


def _expires(project: Project, channel: str) -> timedelta:
    mail = project.channels.mail
    return mail.expires if mail and channel == MAIL else timedelta(hours=24)


def _message_id(project: Project, run: Run, key: bytes, channel: str, recipient: str) -> str:
    from briefing.ledger import digest_of

    mail = project.channels.mail
    return message_id_of(
        mail.sender.domain if mail else _NOWHERE,
        report=run.report,
        edition=run.edition,
        period=run.period,
        revision=run.revision,
        recipient_digest=digest_of(key, channel, recipient),
    )

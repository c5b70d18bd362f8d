"""Fills the outbox for an issue, in the transaction that publishes it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from briefing.ledger.alarms import remember
from briefing.ledger.rows import record
from briefing.ledger.schema import deliveries, runs
from briefing.structures import (
    APPROVED,
    AWAITING,
    OPEN,
    OUT,
    QUEUED,
    STAYS,
    STOPPED,
    SUPPRESSED,
    UNCERTAIN,
    Delivery,
    Failure,
    Posting,
    Run,
)

_FIELDS = [field.name for field in fields(Delivery)]


def queue(
    connection: sa.Connection,
    run: Run,
    manifest: str,
    postings: Sequence[Posting],
    now: datetime,
    why: str,
) -> int:
    """Add a row for each posting that has none; withdraw those that nobody wants any more.

    A draft that is published again keeps its rows, which carry the new manifest from then on. Of
    a correction, whoever has what it corrects gets it as an answer to that; what of the earlier
    revision has not gone out stays.

    Args:
        why: what decided who receives it, for the log.

    Returns:
        How many rows are new.
    """
    decision = connection.execute(
        sa.select(runs.c.decision).where(runs.c.id == run.id)
    ).scalar_one()
    _withdraw(connection, run, manifest, postings)
    had = _had(connection, run)
    rows = []
    for posting in _unknown(connection, run, postings):
        row = _row(run, manifest, posting, now)
        key = _key(posting.channel, posting.recipient)
        row["in_reply_to"] = had.get(key, posting.in_reply_to)
        if decision == STAYS and row["state"] in OPEN:
            row["state"] = STOPPED
        if decision == APPROVED and row["state"] == AWAITING:
            row["state"] = QUEUED
        rows.append(row)
    if rows:  # all at once, so that thousands of readers hold nobody up
        connection.execute(deliveries.insert(), rows)
    new = len(rows)
    connection.execute(runs.update().where(runs.c.id == run.id).values(queued=True, deliver=True))
    if run.revision > 1:
        _supersede(connection, run)
    waiting = sum(posting.state == AWAITING for posting in postings)
    if waiting and new and not decision:
        remember(connection, _waits(run, waiting), now)
    said = f"{new} deliver{'y' if new == 1 else 'ies'}"
    said += ", waiting for an approval" if waiting and not decision else ""
    record(connection, run.id, now, "queued", f"{said}; {why}" if why else said)
    return new


def _waits(run: Run, waiting: int) -> Failure:
    """What the owner hears of an issue that somebody has to approve."""
    digest = hashlib.sha256(f"{run.issue} waits".encode()).hexdigest()[:32]
    noun = "delivery waits" if waiting == 1 else "deliveries wait"
    body = (
        f"{waiting} {noun} for an approval of the issue {run.issue}.\n\n"
        f"Let it go out: briefing approve {run.issue}\n"
        f"Keep it back: briefing hold {run.issue}\n"
    )
    return Failure(digest, run.report, f"{run.report} {run.period} waits for an approval", body)


def _key(channel: str, recipient: str) -> tuple[str, str]:
    """What tells recipients apart: two addresses that differ in case are one reader's."""
    return channel, recipient.casefold()


def _unknown(connection: sa.Connection, run: Run, postings: Sequence[Posting]) -> Iterator[Posting]:
    """The postings that have no row yet; each recipient of a channel once.

    Nobody else adds one meanwhile: whoever asks holds the run's row.
    """
    rows = connection.execute(
        sa.select(deliveries.c.channel, deliveries.c.recipient).where(deliveries.c.run_id == run.id)
    )
    seen = {_key(row.channel, row.recipient) for row in rows}
    for posting in postings:
        key = _key(posting.channel, posting.recipient)
        if key not in seen:
            seen.add(key)
            yield posting


def _withdraw(
    connection: sa.Connection, run: Run, manifest: str, postings: Sequence[Posting]
) -> None:
    wanted = {_key(posting.channel, posting.recipient) for posting in postings}
    still = (deliveries.c.run_id == run.id, deliveries.c.state.in_(OPEN))
    rows = connection.execute(
        sa.select(deliveries.c.id, deliveries.c.channel, deliveries.c.recipient).where(*still)
    )
    gone = [{"row": row.id} for row in rows if _key(row.channel, row.recipient) not in wanted]
    if gone:
        connection.execute(
            deliveries.update()
            .where(deliveries.c.id == sa.bindparam("row"))
            .values(state=SUPPRESSED, reason="no reader of this issue any more"),
            gone,
        )
    connection.execute(deliveries.update().where(*still).values(manifest=manifest))


def _had(connection: sa.Connection, run: Run) -> dict[tuple[str, str], str]:
    """The Message-IDs of the newest earlier revision that each recipient has, or may have."""
    rows = connection.execute(
        sa.select(deliveries.c.channel, deliveries.c.recipient, deliveries.c.message_id)
        .where(*earlier(run), may_have())
        .order_by(deliveries.c.revision, deliveries.c.resend)
    )
    return {_key(row.channel, row.recipient): row.message_id for row in rows}


def _supersede(connection: sa.Connection, run: Run) -> None:
    connection.execute(
        deliveries.update()
        .where(*earlier(run), deliveries.c.state.in_(OPEN))
        .values(state=STOPPED, reason=f"superseded by r{run.revision}")
    )


def earlier(run: Run) -> tuple[sa.ColumnElement[bool], ...]:
    """The deliveries of earlier revisions of a run's issue."""
    return (
        deliveries.c.report == run.report,
        deliveries.c.edition == run.edition,
        deliveries.c.period == run.period,
        deliveries.c.revision < run.revision,
    )


def may_have() -> sa.ColumnElement[bool]:
    """Whether the recipient of a delivery has the issue, or may have it from an earlier try."""
    return sa.or_(deliveries.c.state.in_(OUT), deliveries.c.doubts > 0)


def as_delivery(row: sa.Row[Any]) -> Delivery:
    """A row of the table ``delivery``."""
    return Delivery(**{name: row._mapping[name] for name in _FIELDS})


def _row(run: Run, manifest: str, posting: Posting, now: datetime) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "report": run.report,
        "edition": run.edition,
        "period": run.period,
        "revision": run.revision,
        "language": run.language,
        "channel": posting.channel,
        "recipient": posting.recipient,
        "name": posting.name,
        "resend": 0,
        "state": posting.state,
        "reason": posting.reason,
        "due": run.scheduled_for or now,
        "message_id": posting.message_id,
        "in_reply_to": "",
        "notice": posting.notice,
        "manifest": manifest,
        "owner": "",
        "place": "",
        "pid": 0,
        "process_started": 0,
        "lease_until": None,
        "fence": 0,
        "attempt": 0,
        "doubts": 0,
        "next_attempt_at": None,
        "expires_at": now + posting.expires,
        # known from before a loss: from now on it can be looked up whether it arrived
        "sending_at": now if posting.state == UNCERTAIN else None,
        "sent_at": None,
        "code": 0,
    }

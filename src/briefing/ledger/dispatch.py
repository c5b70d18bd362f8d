"""What people decide about deliveries, what stops a channel, and how all of them stand."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from briefing.ledger.queueing import as_delivery, earlier, may_have
from briefing.ledger.rows import Room, as_run, insert, record
from briefing.ledger.schema import channels, deliveries, runs
from briefing.structures import (
    APPROVED,
    AWAITING,
    EXPIRED,
    OPEN,
    PUBLISHED,
    QUEUED,
    REFUSED,
    STOPPED,
    UNCERTAIN,
    Delivery,
    Run,
)

AGAIN = timedelta(hours=24)
"""For how long a delivery is tried that a person let go out, or asked for once more."""
_FAILED = (REFUSED, EXPIRED)
_TROUBLED = (*_FAILED, UNCERTAIN)


class Dispatch(Room):
    """The part of the ledger that lets deliveries go, or stops them."""

    # -- what a person decides ----------------------------------------------------------------

    def decide(self, run: Run, decision: str, reason: str) -> int:
        """Approve an issue, or hold it back: what has not gone out goes, or stays.

        Args:
            decision: ``APPROVED`` or ``STAYS``.

        Returns:
            How many deliveries that changes.
        """
        approved = decision == APPROVED
        before = (AWAITING, STOPPED) if approved else OPEN
        with self.database.writing(in_turn=True) as connection:
            now = self.database.now(connection)
            values: dict[str, Any] = {"decision": decision}
            if approved:
                values["sealed"] = True
            connection.execute(runs.update().where(runs.c.id == run.id).values(**values))
            record(connection, run.id, now, decision, reason)
            again = {"state": QUEUED, "expires_at": now + AGAIN} if approved else {"state": STOPPED}
            changed = connection.execute(
                deliveries.update()
                .where(deliveries.c.run_id == run.id, deliveries.c.state.in_(before))
                .values(reason=reason, **again)
            )
            return changed.rowcount

    def send_again(self, run: Run, states: Collection[str] = _FAILED, recipient: str = "") -> int:
        """Queue deliveries again that ended in one of these states: a person asked for it."""
        with self.database.writing() as connection:
            now = self.database.now(connection)
            chosen = [deliveries.c.run_id == run.id, deliveries.c.state.in_(list(states))]
            if recipient:
                chosen.append(deliveries.c.recipient == recipient)
            changed = connection.execute(
                deliveries.update()
                .where(*chosen)
                .values(
                    state=QUEUED,
                    reason="asked for again",
                    attempt=0,
                    next_attempt_at=None,
                    expires_at=now + AGAIN,
                )
            )
            if changed.rowcount:
                record(connection, run.id, now, "asked for again", f"{changed.rowcount} deliveries")
            return changed.rowcount

    # -- channels -----------------------------------------------------------------------------

    def stop_channel(self, channel: str, reason: str, wait: timedelta) -> None:
        """Send nothing over a channel for a while: it is wrong itself, not a recipient."""
        with self.database.writing() as connection:
            until = self.database.now(connection) + wait
            set_channel(connection, channel, stopped_until=until, reason=reason)

    def start_channel(self, channel: str) -> None:
        """The channel works: whatever stopped it is over."""
        with self.database.writing() as connection:
            connection.execute(
                channels.update()
                .where(channels.c.name == channel, channels.c.stopped_until.is_not(None))
                .values(stopped_until=None, reason="")
            )

    def stopped_channels(self) -> dict[str, str]:
        """The channels that are stopped, and why."""
        with self.database.reading() as connection:
            rows = connection.execute(
                sa.select(channels.c.name, channels.c.reason)
                .where(channels.c.stopped_until.is_not(None))
                .order_by(channels.c.name)
            )
            return {row.name: row.reason for row in rows}

    # -- looked at ----------------------------------------------------------------------------

    def deliveries(self, run: Run, states: Iterable[str] = ()) -> list[Delivery]:
        """Deliveries of a run, in the order in which they were queued."""
        query = sa.select(deliveries).where(deliveries.c.run_id == run.id)
        if wanted := list(states):
            query = query.where(deliveries.c.state.in_(wanted))
        with self.database.reading() as connection:
            rows = connection.execute(query.order_by(deliveries.c.id))
            return [as_delivery(row) for row in rows]

    def holders(self, run: Run) -> list[Delivery]:
        """Deliveries of earlier revisions of an issue that arrived, or may have: who has it."""
        query = sa.select(deliveries).where(*earlier(run), may_have()).order_by(deliveries.c.id)
        with self.database.reading() as connection:
            return [as_delivery(row) for row in connection.execute(query)]

    def is_taken_over(self, run: Run) -> bool:
        """Whether an issue was found in an archive, and not published since."""
        query = sa.select(runs.c.published_fence).where(runs.c.id == run.id)
        with self.database.reading() as connection:
            return connection.execute(query).scalar_one_or_none() == 0

    def note(self, run: int, kind: str, detail: str) -> None:
        """Write down something that happened to a run."""
        with self.database.writing() as connection:
            record(connection, run, self.database.now(connection), kind, detail)

    def troubled(self, since: timedelta) -> dict[str, dict[str, int]]:
        """Issues that somebody has not got, or may not have got, or that wait for an approval.

        Args:
            since: how long ago they may have been tried; what waits, waits for ever.

        Returns:
            By issue, how many deliveries are in each such state.
        """
        with self.database.reading() as connection:
            now = self.database.now(connection)
            tried = sa.func.coalesce(deliveries.c.sending_at, deliveries.c.due)
            counted = (
                sa.select(
                    deliveries.c.run_id,
                    deliveries.c.state.label("how"),
                    sa.func.count().label("many"),
                )
                .where(
                    sa.or_(
                        deliveries.c.state == AWAITING,
                        sa.and_(deliveries.c.state.in_(_TROUBLED), tried > now - since),
                    )
                )
                .group_by(deliveries.c.run_id, deliveries.c.state)
                .subquery()
            )
            newer = runs.alias("newer")
            superseded = sa.exists().where(
                newer.c.report == runs.c.report,
                newer.c.edition == runs.c.edition,
                newer.c.period == runs.c.period,
                newer.c.revision > runs.c.revision,
                newer.c.state == PUBLISHED,
            )
            rows = connection.execute(
                sa.select(runs, counted.c.how, counted.c.many)
                .join(counted, counted.c.run_id == runs.c.id)
                .where(~superseded)
                .order_by(runs.c.id)
            )
            found: dict[str, dict[str, int]] = {}
            for row in rows:
                found.setdefault(as_run(row).issue, {})[row.how] = row.many
            return found

    def delivery_counts(self, run: Run | None = None) -> dict[str, int]:
        """How many deliveries are in each state; states without any are left out."""
        query = sa.select(deliveries.c.state, sa.func.count()).group_by(deliveries.c.state)
        if run is not None:
            query = query.where(deliveries.c.run_id == run.id)
        with self.database.reading() as connection:
            return {str(row[0]): int(row[1]) for row in connection.execute(query)}


def set_channel(connection: sa.Connection, name: str, **values: Any) -> None:
    """Change what is known of a channel, or begin to know it."""
    row = {"name": name, "next_at": None, "stopped_until": None, "reason": "", **values}
    connection.execute(
        insert(connection, channels)
        .values(row)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )

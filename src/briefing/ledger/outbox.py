"""The outbox: one row for each issue, recipient and copy; filled in the transaction that publishes.

``sending`` is committed before a word is said to the other side. Whoever vanishes after that may
have delivered: the row becomes ``uncertain``, never ``queued`` again by itself. The first claim of
a delivery seals its issue in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from briefing.ledger.dispatch import set_channel
from briefing.ledger.ownership import is_gone
from briefing.ledger.queueing import as_delivery, queue
from briefing.ledger.rows import Room, as_run
from briefing.ledger.schema import channels, deliveries, runs
from briefing.structures import (
    APPROVED,
    DEFERRED,
    EXPIRED,
    OUT,
    PUBLISHED,
    QUEUED,
    SENDING,
    SENT,
    STAYS,
    UNCERTAIN,
    Delivery,
    Owner,
    Posting,
    Run,
)

LEASE = timedelta(minutes=15)
"""Longer than the longest silence that is allowed after a message's last dot."""


class Outbox(Room):
    """The part of the ledger that knows who received what."""

    delivery_lease = LEASE

    # -- filled -------------------------------------------------------------------------------

    def unqueued(self) -> list[Run]:
        """Issues that go to readers and are not in the outbox: taken over from an archive."""
        with self.database.reading() as connection:
            rows = connection.execute(
                sa.select(runs).where(
                    runs.c.state == PUBLISHED, runs.c.deliver.is_(True), runs.c.queued.is_(False)
                )
            )
            return [as_run(row) for row in rows]

    def queue(self, run: Run, postings: Iterable[Posting], why: str) -> int:
        """Fill the outbox for a published issue, where it is not filled yet.

        Returns:
            How many deliveries are new.
        """
        wanted = tuple(postings)
        with self.database.writing() as connection:
            now = self.database.now(connection)
            row = connection.execute(
                sa.select(runs).where(runs.c.id == run.id).with_for_update()
            ).one_or_none()
            if row is None or row.state != PUBLISHED or row.manifest != run.manifest:
                return 0
            return queue(connection, run, run.manifest, wanted, now, why)

    # -- emptied ------------------------------------------------------------------------------

    def claim_delivery(
        self,
        owner: Owner,
        paces: Mapping[str, timedelta],
        *,
        run: int | None = None,
    ) -> Delivery | None:
        """Take the next delivery that may go out, and write down that it is being sent.

        Args:
            paces: the channels that whoever asks can speak to, and the time from one delivery to
                the next on each, which all who send keep together.
            run: only deliveries of this run.
        """
        with self.database.writing(in_turn=True) as connection:
            now = self.database.now(connection)
            free = _free(connection, list(paces), now)
            row = _next(connection, free, now, run)
            if row is None:
                return None
            connection.execute(
                deliveries.update()
                .where(deliveries.c.id == row.id)
                .values(
                    state=SENDING,
                    reason="",
                    owner=owner.name,
                    place=owner.place,
                    pid=owner.pid,
                    process_started=owner.started,
                    lease_until=now + self.delivery_lease,
                    fence=row.fence + 1,
                    attempt=row.attempt + 1,
                    next_attempt_at=None,
                    sending_at=now,
                )
            )
            connection.execute(runs.update().where(runs.c.id == row.run_id).values(sealed=True))
            if paces[row.channel]:
                set_channel(connection, row.channel, next_at=now + paces[row.channel])
            return _find(connection, deliveries.c.id == row.id)

    def wait(self, channel: str, *, run: int | None = None) -> timedelta | None:
        """How long until a delivery over a channel may go out; None where there is none."""
        with self.database.reading() as connection:
            now = self.database.now(connection)
            queued = sa.func.count(sa.case((deliveries.c.state == QUEUED, 1)))
            found = connection.execute(
                sa.select(queued.label("queued"), sa.func.min(deliveries.c.next_attempt_at)).where(
                    *_may_go([channel], run), deliveries.c.state.in_((QUEUED, DEFERRED))
                )
            ).one()
            row = connection.execute(
                sa.select(channels).where(channels.c.name == channel)
            ).one_or_none()
        at = now if found.queued else found[1]
        if at is None:
            return None
        held = (row.next_at, row.stopped_until) if row is not None else ()
        wait: timedelta = max(at, *filter(None, held)) - now if any(held) else at - now
        return max(wait, timedelta(0))

    def still_ours(self, delivery: Delivery) -> bool:
        """Whether nobody has taken the delivery over: asked just before it cannot be undone."""
        with self.database.reading() as connection:
            query = sa.select(deliveries.c.id).where(*_mine(delivery))
            return connection.execute(query).first() is not None

    def settle(
        self,
        delivery: Delivery,
        state: str,
        *,
        reason: str = "",
        code: int = 0,
        wait: timedelta | None = None,
    ) -> str:
        """Write down what became of a delivery.

        Args:
            wait: for ``deferred``, how long until it is tried again; what would be tried after
                it expires has expired.

        Returns:
            The state that it has now; empty where it was somebody else's by then.
        """
        with self.database.writing() as connection:
            now = self.database.now(connection)
            again = now + wait if wait is not None else None
            if state == DEFERRED and (again is None or again > delivery.expires_at):
                state, again = EXPIRED, None
            doubts = delivery.doubts + (state == UNCERTAIN)
            # the dialogue may have taken minutes: what is in doubt may still be on its way
            doubted = {"sending_at": now} if state == UNCERTAIN else {}
            changed = connection.execute(
                deliveries.update()
                .where(*_mine(delivery))
                .values(
                    state=state,
                    reason=reason,
                    code=code,
                    doubts=doubts,
                    lease_until=None,
                    next_attempt_at=again,
                    sent_at=now if state == SENT else None,
                    **doubted,
                )
            )
            if changed.rowcount and state not in OUT:
                _unseal(connection, delivery.run_id)
            return state if changed.rowcount else ""

    def hand_back_delivery(self, delivery: Delivery) -> None:
        """Give back a delivery of which nothing has gone out, as if it had not been taken."""
        with self.database.writing() as connection:
            connection.execute(
                deliveries.update()
                .where(*_mine(delivery))
                .values(state=QUEUED, lease_until=None, attempt=delivery.attempt - 1)
            )
            _unseal(connection, delivery.run_id)

    def expire_deliveries(self) -> set[int]:
        """Give up what was tried for too long, or could not be tried.

        Returns:
            The runs that have such deliveries.
        """
        waiting = deliveries.c.state.in_((QUEUED, DEFERRED))
        with self.database.reading() as connection:
            over = deliveries.c.expires_at <= self.database.now(connection)
            query = sa.select(deliveries.c.run_id).where(waiting, over).distinct()
            found = set(connection.execute(query).scalars())
        if found:
            with self.database.writing() as connection:
                over = deliveries.c.expires_at <= self.database.now(connection)
                connection.execute(
                    deliveries.update()
                    .where(waiting, over)
                    .values(state=EXPIRED, next_attempt_at=None)
                )
        return found

    def reclaim_deliveries(self, repeatable: Collection[str]) -> list[Delivery]:
        """Deliveries whose sender vanished: they may have arrived.

        Args:
            repeatable: channels on which handing over twice does no harm: queued again there.
        """
        with self.database.reading() as connection:
            now = self.database.now(connection)
            rows = connection.execute(
                sa.select(deliveries).where(deliveries.c.state == SENDING)
            ).all()
        gone = [
            row
            for row in rows
            if row.lease_until <= now
            or row.lease_until > now + 2 * self.delivery_lease  # given before the clock went back
            or is_gone(row.place, row.pid, row.process_started)
        ]
        found = []
        for row in gone:
            delivery = as_delivery(row)
            why = f"{row.owner} vanished while it was sent"
            state = QUEUED if row.channel in repeatable else UNCERTAIN
            if self.settle(delivery, state, reason=why):
                found.append(delivery)
        return found

    # -- uncertain ----------------------------------------------------------------------------

    def uncertain(self, channel: str, *, older_than: timedelta) -> list[Delivery]:
        """Deliveries that may have arrived, so long ago that it can be looked up."""
        with self.database.reading() as connection:
            now = self.database.now(connection)
            rows = connection.execute(
                sa.select(deliveries).where(
                    deliveries.c.state == UNCERTAIN,
                    deliveries.c.channel == channel,
                    deliveries.c.sending_at <= now - older_than,
                )
            )
            return [as_delivery(row) for row in rows]

    def resolve(self, delivery: Delivery, state: str, reason: str) -> bool:
        """Settle an uncertain delivery: it has arrived, or is sent again.

        It is not sent again where a correction has taken the issue's place, nor held back by a
        person; False then.
        """
        newer = runs.alias("newer")
        superseded = sa.exists().where(
            newer.c.report == delivery.report,
            newer.c.edition == delivery.edition,
            newer.c.period == delivery.period,
            newer.c.revision > delivery.revision,
            newer.c.state == PUBLISHED,
        )
        held = sa.exists().where(runs.c.id == delivery.run_id, runs.c.decision == STAYS)
        with self.database.writing() as connection:
            now = self.database.now(connection)
            more = (~superseded, ~held) if state == QUEUED else ()
            changed = connection.execute(
                deliveries.update()
                .where(
                    deliveries.c.id == delivery.id,
                    deliveries.c.fence == delivery.fence,
                    deliveries.c.state == UNCERTAIN,
                    *more,
                )
                .values(state=state, reason=reason, sent_at=now if state == SENT else None)
            )
            return bool(changed.rowcount)


def _free(connection: sa.Connection, names: list[str], now: datetime) -> list[str]:
    """The channels over which something may go out now."""
    waiting = connection.execute(
        sa.select(channels.c.name).where(
            sa.or_(channels.c.next_at > now, channels.c.stopped_until > now)
        )
    )
    return [name for name in names if name not in set(waiting.scalars())]


def _next(
    connection: sa.Connection, free: list[str], now: datetime, run: int | None
) -> sa.Row[Any] | None:
    """What was queued first; where nothing is, what has waited for another try."""
    query = sa.select(deliveries).where(*_may_go(free, run)).limit(1)
    queued = query.where(deliveries.c.state == QUEUED).order_by(deliveries.c.id)
    waited = query.where(
        deliveries.c.state == DEFERRED, deliveries.c.next_attempt_at <= now
    ).order_by(deliveries.c.next_attempt_at, deliveries.c.id)
    found = connection.execute(queued).one_or_none()
    return found if found is not None else connection.execute(waited).one_or_none()


def _unseal(connection: sa.Connection, run: int) -> None:
    """Make a draft of an issue again that nobody has received after all.

    Of one that was taken over from an archive, nobody knows who has it.
    """
    somebody = sa.exists().where(deliveries.c.run_id == run, deliveries.c.state.in_(OUT))
    connection.execute(
        runs.update()
        .where(
            runs.c.id == run,
            runs.c.decision != APPROVED,
            runs.c.published_fence > 0,
            ~somebody,
        )
        .values(sealed=False)
    )


def _may_go(names: list[str], run: int | None) -> tuple[sa.ColumnElement[bool], ...]:
    """Only what lies in the archive goes out, not what is about to be made anew."""
    published = sa.select(runs.c.id).where(runs.c.state == PUBLISHED)
    chosen = (deliveries.c.run_id == run,) if run is not None else ()
    return (deliveries.c.channel.in_(names), deliveries.c.run_id.in_(published), *chosen)


def _mine(delivery: Delivery) -> tuple[sa.ColumnElement[bool], ...]:
    """The row of a claim; numbers and fences begin anew where a ledger was lost."""
    return (
        deliveries.c.id == delivery.id,
        deliveries.c.message_id == delivery.message_id,
        deliveries.c.owner == delivery.owner,
        deliveries.c.fence == delivery.fence,
        deliveries.c.state == SENDING,
    )


def _find(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> Delivery | None:
    row = connection.execute(sa.select(deliveries).where(*conditions)).one_or_none()
    return as_delivery(row) if row is not None else None

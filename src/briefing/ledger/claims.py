"""Claims, leases and fences: who may work on a run, and whose work counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from briefing.errors import BusyError, LedgerError, SealedError, StaleRunError
from briefing.ledger.alarms import remember
from briefing.ledger.ownership import is_gone
from briefing.ledger.queueing import queue
from briefing.ledger.rows import LIST_SEPARATOR, Room, as_run, find, record
from briefing.ledger.schema import pauses, runs
from briefing.structures import (
    ATTENTION,
    CANCELLED,
    FAILED,
    HELD,
    PARKED,
    PENDING,
    PUBLISHED,
    RUNNING,
    SKIPPED,
    WAITING,
    Failure,
    Owner,
    Planned,
    Posting,
    Run,
)

AlarmOf = Callable[[Run, str, str], Failure]
"""What the owner hears of a run, its state and the reason."""
LEASE = timedelta(seconds=60)
MOST_CLAIMS = 12
"""A run that was claimed so often, because whoever held it vanished each time, is given up: it
may be what makes them vanish."""
_AT_REST = (PUBLISHED, HELD, FAILED, PARKED, SKIPPED, CANCELLED)
_COMMIT_TRIES = 3
_COMMIT_PAUSE = 1.0
"""Seconds before a lost commit is looked for, then twice as many: a server is back by then."""


class Claims(Room):
    """The part of the ledger that gives out work."""

    lease = LEASE

    def claim(self, wanted: Planned, owner: Owner) -> Run:
        """Take the run of one issue, whatever state it is in, unless somebody works on it.

        Raises:
            BusyError: somebody else holds it; the message names them.
            SealedError: somebody has received it already.
            LedgerError: the database does not answer.
        """
        from briefing.ledger.planned import added

        with self.database.writing(in_turn=True) as connection:
            now = self.database.now(connection)
            is_new = bool(added(connection, [wanted], now))  # then it was nothing before
            row = connection.execute(
                sa.select(runs)
                .where(
                    runs.c.report == wanted.report,
                    runs.c.edition == wanted.edition,
                    runs.c.period == wanted.period,
                    runs.c.revision == wanted.revision,
                )
                .with_for_update()
            ).one()
            if row.sealed:
                raise SealedError
            if row.state == RUNNING and not self._is_dead(row, now):
                raise BusyError(
                    f"{as_run(row).issue} is being built by {row.owner} since "
                    f"{row.started_at:%H:%M:%S} UTC; its lease runs until "
                    f"{row.lease_until:%H:%M:%S} UTC.",
                    "Wait for it with --wait, or ask again later.",
                )
            again: dict[str, Any] = {
                "formats": LIST_SEPARATOR.join(wanted.formats),
                "failures": 0,
                "attempt": 1,
            }
            again |= {"deliver": True} if wanted.deliver else {}
            again |= {"correction": wanted.correction} if wanted.correction else {}
            again |= {"state_before": CANCELLED} if is_new else {}
            return self._taken(connection, row, owner, now, again)

    def claim_next(
        self, owner: Owner, reports: Collection[str], overlapping: Collection[str] = ()
    ) -> Run | None:
        """Take the run that is due first.

        Args:
            reports: the reports that the project has; runs of others wait.
            overlapping: reports of which an edition may be run for two periods at once.
        """
        with self.database.writing(in_turn=True) as connection:
            now = self.database.now(connection)
            other = runs.alias("other")
            busy = (
                sa.exists()
                .where(
                    other.c.report == runs.c.report,
                    other.c.edition == runs.c.edition,
                    other.c.state == RUNNING,
                )
                .correlate(runs)
            )
            row = connection.execute(
                sa.select(runs)
                .where(
                    sa.or_(
                        runs.c.state == PENDING,
                        sa.and_(runs.c.state == WAITING, runs.c.next_attempt_at <= now),
                    ),
                    runs.c.report.in_(list(reports)),
                    runs.c.report.not_in(sa.select(pauses.c.report)),
                    sa.or_(runs.c.report.in_(list(overlapping)), ~busy),
                )
                .order_by(
                    runs.c.priority,
                    sa.case((runs.c.priority > 0, runs.c.period_end)),  # a backfill: oldest first
                    runs.c.scheduled_for.nulls_first(),  # a person waits for it
                    runs.c.period_end,
                    runs.c.id,
                )
                .limit(1)
                .with_for_update(skip_locked=True)
            ).one_or_none()
            return self._taken(connection, row, owner, now) if row is not None else None

    def _taken(
        self,
        connection: sa.Connection,
        row: sa.Row[Any],
        owner: Owner,
        now: datetime,
        also: dict[str, Any] | None = None,
    ) -> Run:
        before = {"state_before": row.state, "reason_before": row.reason}
        connection.execute(
            runs.update()
            .where(runs.c.id == row.id)
            .values(
                {
                    **(before if row.state != RUNNING else {}),
                    "state": RUNNING,
                    "reason": "",
                    "owner": owner.name,
                    "place": owner.place,
                    "pid": owner.pid,
                    "process_started": owner.started,
                    "lease_until": now + self.lease,
                    "fence": row.fence + 1,
                    "attempt": row.attempt + 1,
                    "next_attempt_at": None,
                    "started_at": now,
                    "finished_at": None,
                    **(also or {}),
                }
            )
        )
        record(connection, row.id, now, "claimed", f"by {owner.name}")
        run = find(connection, runs.c.id == row.id)
        assert run is not None
        return run

    def renew(self, run: Run) -> bool:
        """Renew the lease; False: it was lost, and what is being made is for nothing."""
        with self.database.writing() as connection:
            until = self.database.now(connection) + self.lease
            changed = connection.execute(runs.update().where(*_mine(run)).values(lease_until=until))
            return bool(changed.rowcount)

    def publish(
        self,
        run: Run,
        manifest: str,
        place: Callable[[], object],
        postings: Iterable[Posting] = (),
        why: str = "",
    ) -> None:
        """Put the issue into the archive and write that down, if the run is still ours.

        Where the issue goes to readers, the outbox is filled in the same transaction.

        The row is locked while ``place`` moves the finished files in, so nobody can take the
        run over in between. Where the answer to the commit is lost, the row says afterwards
        whether it had counted.

        Args:
            manifest: SHA-256 of the issue's manifest.
            place: moves the files in with a rename; may be called again.
            postings: who would receive it.
            why: what decided that, for the log.

        Raises:
            StaleRunError: somebody else holds the run by now; nothing was moved.
            LedgerError: the database does not answer; the files may lie in the archive, the
                next run finds them unchanged or replaces them.
        """
        wanted = tuple(postings)
        for attempt in range(1, _COMMIT_TRIES + 1):
            try:
                self._publish(run, manifest, place, wanted, why)
            except LedgerError:
                if attempt == _COMMIT_TRIES:
                    raise
                time.sleep(attempt * _COMMIT_PAUSE)
            else:
                return

    def _publish(
        self,
        run: Run,
        manifest: str,
        place: Callable[[], object],
        postings: Sequence[Posting],
        why: str,
    ) -> None:
        with self.database.writing() as connection:
            now = self.database.now(connection)
            row = connection.execute(
                sa.select(runs).where(*_same(run)).with_for_update()
            ).one_or_none()
            if row is not None and (row.published_fence, row.manifest) == (run.fence, manifest):
                return  # the answer to our earlier commit was lost, not the commit
            ours = RUNNING, run.fence, run.owner
            if row is None or (row.state, row.fence, row.owner) != ours:
                raise StaleRunError
            place()
            connection.execute(
                runs.update()
                .where(runs.c.id == run.id)
                .values(
                    state=PUBLISHED,
                    published_fence=run.fence,
                    manifest=manifest,
                    published_at=now,
                    finished_at=now,
                    failures=0,
                    attempt=0,
                    lease_until=None,
                )
            )
            record(connection, run.id, now, "published", manifest)
            if row.deliver:
                queue(connection, run, manifest, postings, now, why)

    def fail(
        self,
        run: Run,
        why: str,
        *,
        waits: tuple[timedelta, ...] | None,
        held: bool = False,
        alarm: AlarmOf | None = None,
    ) -> str:
        """Write down that an attempt failed; an issue published before stays published.

        Args:
            waits: the pauses before further attempts; None where trying again is no use.
            held: the data gate holds the issue back.
            alarm: what the owner hears where a person has to look.

        Returns:
            The state that the run has now; empty where it was no longer ours.
        """
        with self.database.writing() as connection:
            now = self.database.now(connection)
            failures = run.failures + 1
            values: dict[str, Any] = {"failures": failures, "finished_at": now}
            if waits is not None and failures <= len(waits):
                values |= {"state": WAITING, "next_attempt_at": now + waits[failures - 1]}
            else:
                final = HELD if held else FAILED if waits is None else PARKED
                values["state"] = PUBLISHED if run.manifest else final
            state = self._ended(connection, run, now, values, why, "failed")
            if alarm is not None and state in ATTENTION:
                remember(connection, alarm(run, state, why), now)
            return state

    def hand_back(self, run: Run, why: str, *, cancelled: bool = False) -> None:
        """Give up a run that was interrupted through no fault of its own.

        Args:
            cancelled: a person stopped what only they had asked for: it is again what it was
                before, unless it became due meanwhile; else it comes again.
        """
        with self.database.writing(in_turn=True) as connection:
            now = self.database.now(connection)
            row = connection.execute(sa.select(runs).where(*_same(run))).one_or_none()
            values: dict[str, Any] = {"state": PENDING, "attempt": max(run.attempt - 1, 0)}
            fell_due = row is not None and row.scheduled_for != run.scheduled_for
            if cancelled and row is not None and not fell_due and row.state_before in _AT_REST:
                values["state"] = row.state_before
                values["reason"] = row.reason_before or ("" if run.manifest else why)
            self._ended(connection, run, now, values, why, "handed back")

    def _ended(
        self,
        connection: sa.Connection,
        run: Run,
        now: datetime,
        values: dict[str, Any],
        why: str,
        kind: str,
    ) -> str:
        changed = connection.execute(
            runs.update().where(*_mine(run)).values(lease_until=None, **({"reason": why} | values))
        )
        if not changed.rowcount:
            return ""
        record(connection, run.id, now, kind, why)
        return str(values["state"])

    def reclaim(self, alarm: AlarmOf | None = None) -> list[Run]:
        """Free the runs whose holder vanished: the lease ended, or its process is gone.

        Args:
            alarm: what the owner hears where one is given up.

        Returns:
            The runs as they are now: pending again or, where it happened too often, parked; an
            issue published before stays published.
        """
        with self.database.reading() as connection:
            now = self.database.now(connection)
            rows = connection.execute(sa.select(runs).where(runs.c.state == RUNNING)).all()
        dead = [row for row in rows if self._is_dead(row, now)]
        if not dead:
            return []
        freed = []
        with self.database.writing(in_turn=True) as connection:
            now = self.database.now(connection)
            for row in dead:
                given_up = row.attempt >= MOST_CLAIMS
                ended = PUBLISHED if row.manifest else PARKED
                why = f"{row.owner} vanished while it worked on it"
                changed = connection.execute(
                    runs.update()
                    .where(
                        runs.c.id == row.id,
                        runs.c.fence == row.fence,
                        runs.c.state == RUNNING,
                        runs.c.lease_until == row.lease_until,
                    )
                    .values(
                        state=ended if given_up else PENDING,
                        reason=why,
                        lease_until=None,
                        finished_at=now,
                    )
                )
                if changed.rowcount:
                    record(connection, row.id, now, ended if given_up else "reclaimed", why)
                    run = find(connection, runs.c.id == row.id)
                    freed += [run] if run else []
                    if run is not None and given_up and alarm is not None:
                        remember(connection, alarm(run, PARKED, why), now)
        return freed

    def _is_dead(self, row: sa.Row[Any], now: datetime) -> bool:
        """Whether the holder of a running row is gone.

        A lease that ends later than any could was given before the clock was set back.
        """
        ended = row.lease_until is None or row.lease_until <= now
        impossible = not ended and row.lease_until > now + 2 * self.lease
        return ended or impossible or is_gone(row.place, row.pid, row.process_started)


def _mine(run: Run) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        *_same(run),
        runs.c.fence == run.fence,
        runs.c.owner == run.owner,
        runs.c.state == RUNNING,
    )


def _same(run: Run) -> tuple[sa.ColumnElement[bool], ...]:
    """The row of a claim; numbers and fences begin anew where a ledger was lost."""
    return (
        runs.c.id == run.id,
        runs.c.report == run.report,
        runs.c.edition == run.edition,
        runs.c.period == run.period,
    )

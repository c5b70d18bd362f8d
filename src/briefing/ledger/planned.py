"""What is to be run: planned periods, pauses, and issues taken over from the archive."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from briefing.ledger.ownership import process_is_gone
from briefing.ledger.rows import LIST_SEPARATOR, Room, as_run, events_of, find, insert, record
from briefing.ledger.schema import events, instances, pauses, plans, runs, settings
from briefing.structures import (
    CANCELLED,
    FAILED,
    HELD,
    PARKED,
    PENDING,
    PUBLISHED,
    RUNNING,
    SKIPPED,
    Instance,
    Owner,
    Pause,
    Planned,
    Run,
    RunEvent,
)

PAUSED = "paused"
"""The reason of runs that fell due while their report was paused."""
_ADOPTED = "archive taken over"
_ENDED = (SKIPPED, PUBLISHED, HELD, FAILED, PARKED, CANCELLED)
_PART = 100
"""So many runs are written at a time, so that a backfill of years holds nobody up."""


class Plans(Room):
    """The part of the ledger that knows what is wanted."""

    def plan(
        self, wanted: Iterable[Planned], schedule: str, digest: str, until: datetime
    ) -> list[Run]:
        """Add the runs that are not known yet, and remember how far the plan reaches.

        What falls due while its report is paused is skipped for that reason. An issue that a
        person had made before it was due is made again when it is: its data may have changed.

        Args:
            schedule: which schedule this is the plan of.
            digest: what the schedule says, to see later whether it was changed.
            until: everything due up to then is planned.

        Returns:
            The runs that are new or wanted again.
        """
        found = [run for part in _parts(wanted) for run in self._planned(part)]
        with self.database.writing() as connection:  # last: whoever is killed before plans again
            row = {"schedule": schedule, "digest": digest, "planned_until": until}
            connection.execute(
                insert(connection, plans)
                .values(row)
                .on_conflict_do_update(index_elements=["schedule"], set_=row)
            )
        return found

    def _planned(self, wanted: list[Planned]) -> list[Run]:
        with self.database.writing(in_turn=True) as connection:
            paused = set(connection.execute(sa.select(pauses.c.report)).scalars())
            asked = [
                replace(item, state=SKIPPED, reason=PAUSED)
                if item.report in paused and item.state == PENDING
                else item
                for item in wanted
            ]
            return added(connection, asked, self.database.now(connection))

    def planned_until(self, schedule: str) -> tuple[str, datetime] | None:
        """The digest of a schedule when it was last planned, and up to when; None if never."""
        with self.database.reading() as connection:
            row = connection.execute(sa.select(plans).where(plans.c.schedule == schedule)).first()
            return (row.digest, row.planned_until) if row is not None else None

    def ask(self, wanted: Iterable[Planned], *, again: Iterable[str] = ()) -> list[Run]:
        """Add runs that a person asks for, and those that exist in one of the states ``again``.

        Returns:
            The runs that will be made.
        """
        states = set(again)
        return [run for part in _parts(wanted) for run in self._asked(part, states)]

    def _asked(self, wanted: list[Planned], states: set[str]) -> list[Run]:
        with self.database.writing(in_turn=True) as connection:
            now = self.database.now(connection)
            found = added(connection, wanted, now)
            new = {run.id for run in found}
            for item in wanted:
                run = find(connection, *_of(item))
                asleep = run is not None and run.id not in new and not run.sealed
                if run is not None and asleep and run.state in states:
                    _wake(
                        connection,
                        run,
                        now,
                        "asked for again",
                        item.priority,
                        deliver=run.deliver or item.deliver,
                    )
                    found += [again_ for again_ in [find(connection, *_of(item))] if again_]
            return found

    def pause(self, report: str, reason: str) -> bool:
        """Stop running a report; False: it was paused already."""
        with self.database.writing() as connection:
            row = {"report": report, "since": self.database.now(connection), "reason": reason}
            done = connection.execute(
                insert(connection, pauses)
                .values(row)
                .on_conflict_do_nothing()
                .returning(pauses.c.report)
            )
            return done.first() is not None

    def resume(self, report: str, *, catch_up: bool) -> list[Run] | None:
        """Run a report again.

        Args:
            catch_up: make up for what fell due meanwhile.

        Returns:
            The runs that are made up for; None: the report was not paused.
        """
        with self.database.writing(in_turn=True) as connection:
            now = self.database.now(connection)
            gone = connection.execute(sa.delete(pauses).where(pauses.c.report == report))
            if not gone.rowcount:
                return None
            if not catch_up:
                return []
            rows = connection.execute(
                sa.select(runs).where(
                    runs.c.report == report,
                    runs.c.state.in_(_ENDED),
                    runs.c.reason == PAUSED,
                    runs.c.sealed.is_(False),
                )
            ).all()
            for row in rows:
                _wake(connection, as_run(row), now, "resumed", row.priority, deliver=True)
            awake = runs.c.id.in_([row.id for row in rows])
            return [as_run(row) for row in connection.execute(sa.select(runs).where(awake))]

    def paused(self) -> list[Pause]:
        """The reports that are paused."""
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(pauses).order_by(pauses.c.report))
            return [Pause(row.report, row.since, row.reason) for row in rows]

    def adopt(
        self, filed: Iterable[tuple[Planned, str]], sealed: Collection[str] = frozenset()
    ) -> int:
        """Take over the issues of an archive into a ledger that never knew them, once.

        Args:
            filed: each issue and the SHA-256 of its manifest.
            sealed: the issues that somebody has received, as ``Run.issue`` names them.

        Returns:
            How many there were; 0 where it was done before.
        """
        found = list(filed)  # before anybody has to wait
        with self.database.writing(in_turn=True) as connection:
            done = connection.execute(
                insert(connection, settings)
                .values(name=_ADOPTED, value="yes")
                .on_conflict_do_nothing()
                .returning(settings.c.name)
            )
            if done.first() is None:
                return 0
            now = self.database.now(connection)
            count = 0
            for item, manifest in found:
                for run in added(connection, [item], now):
                    connection.execute(
                        runs.update()
                        .where(runs.c.id == run.id)
                        .values(
                            state=PUBLISHED,
                            manifest=manifest,
                            published_at=now,
                            sealed=run.issue in sealed,
                        )
                    )
                    record(connection, run.id, now, "taken over", "found in the archive")
                    count += 1
            return count

    def is_new(self) -> bool:
        """Whether the archive was never taken over into this ledger."""
        with self.database.reading() as connection:
            row = connection.execute(sa.select(settings).where(settings.c.name == _ADOPTED)).first()
            return row is None

    def run(self, number: int) -> tuple[Run, list[RunEvent]] | None:
        """A run with everything that happened to it; None where there is none."""
        with self.database.reading() as connection:
            run = find(connection, runs.c.id == number)
            return (run, events_of(connection, number)) if run else None

    def latest(
        self, *, report: str = "", states: Iterable[str] = (), limit: int | None = None
    ) -> list[Run]:
        """Runs, those touched last first."""
        touched = sa.select(sa.func.max(events.c.id)).where(events.c.run_id == runs.c.id)
        query = sa.select(runs).order_by(touched.scalar_subquery().desc())
        if report:
            query = query.where(runs.c.report == report)
        if wanted := list(states):
            query = query.where(runs.c.state.in_(wanted))
        if limit is not None:
            query = query.limit(limit)
        with self.database.reading() as connection:
            return [as_run(row) for row in connection.execute(query)]

    def newest(self, report: str, edition: str, period: str) -> Run | None:
        """The newest revision of an issue that was published, else its first.

        Returns:
            None where nobody ever wanted it.
        """
        with self.database.reading() as connection:
            row = connection.execute(
                sa.select(runs)
                .where(runs.c.report == report, runs.c.edition == edition, runs.c.period == period)
                .order_by(runs.c.manifest == "", sa.case((runs.c.manifest != "", -runs.c.revision)))
                .order_by(runs.c.revision)
                .limit(1)
            ).one_or_none()
            return as_run(row) if row is not None else None

    def counts(self) -> dict[str, int]:
        """How many runs are in each state; states without any are left out."""
        with self.database.reading() as connection:
            rows = connection.execute(
                sa.select(runs.c.state, sa.func.count()).group_by(runs.c.state)
            )
            return {str(row[0]): int(row[1]) for row in rows}

    def enter(self, owner: Owner) -> None:
        """Write down that a scheduler begins; those of this machine that are gone are forgotten."""
        with self.database.writing() as connection:
            for name in connection.execute(sa.select(instances.c.name)).scalars().all():
                if process_is_gone(name):
                    connection.execute(sa.delete(instances).where(instances.c.name == name))
        self.tick(owner)

    def tick(self, owner: Owner) -> None:
        """Write down that a scheduler has just looked what is due."""
        with self.database.writing() as connection:
            now = self.database.now(connection)
            row = {"name": owner.name, "started_at": now, "ticked_at": now}
            connection.execute(
                insert(connection, instances)
                .values(row)
                .on_conflict_do_update(index_elements=["name"], set_={"ticked_at": now})
            )

    def leave(self, owner: Owner) -> None:
        """Write down that a scheduler has stopped in good order."""
        with self.database.writing() as connection:
            connection.execute(sa.delete(instances).where(instances.c.name == owner.name))

    def instances(self) -> tuple[datetime, list[Instance]]:
        """The database's clock, and the schedulers that did not say good-bye."""
        with self.database.reading() as connection:
            now = self.database.now(connection)
            rows = connection.execute(sa.select(instances).order_by(instances.c.started_at))
            return now, [Instance(row.name, row.started_at, row.ticked_at) for row in rows]


def added(connection: sa.Connection, wanted: Iterable[Planned], now: datetime) -> list[Run]:
    """Add the runs that are not known; of those made before they were due, ask again."""
    found = []
    for item in wanted:
        row = connection.execute(
            insert(connection, runs).values(_row(item)).on_conflict_do_nothing().returning(*runs.c)
        ).one_or_none()
        if row is not None:
            kind = "skipped" if item.state == SKIPPED else "planned"
            record(connection, row.id, now, kind, item.reason or item.trigger)
            found.append(as_run(row))
        elif item.scheduled_for is not None:
            found += _now_due(connection, item, now)
    return found


def _parts(wanted: Iterable[Planned]) -> Iterator[list[Planned]]:
    every = list(wanted)
    return (every[first : first + _PART] for first in range(0, len(every), _PART))


def _now_due(connection: sa.Connection, item: Planned, now: datetime) -> list[Run]:
    conditions = (*_of(item), runs.c.scheduled_for.is_(None))
    run = find(connection, *conditions)
    if run is None:
        return []
    taken_over = find(connection, *conditions, runs.c.published_fence == 0) is not None
    due: dict[str, Any] = {
        "scheduled_for": item.scheduled_for,
        "trigger": item.trigger,
        "priority": item.priority,
        "deliver": item.deliver,
    }
    if item.state == SKIPPED:
        due["reason"] = item.reason  # by which a resumed report finds what it has to make up for
    connection.execute(runs.update().where(runs.c.id == run.id).values(due))
    # what a person had made goes to its readers only when it is published once more
    unsent = item.deliver and not taken_over
    done = run.state == PUBLISHED and not _was_early(run, item) and not unsent
    again = run.state in _ENDED and not done and not run.sealed and item.state == PENDING
    if again:
        _wake(connection, run, now, "due, and made before", item.priority)
    return [found for found in [find(connection, runs.c.id == run.id)] if found and again]


def _was_early(run: Run, item: Planned) -> bool:
    """Whether an issue was made, or found in the archive, before it was due."""
    at, due = run.published_at, item.scheduled_for
    return at is None or due is None or at < due


def _wake(
    connection: sa.Connection,
    run: Run,
    now: datetime,
    why: str,
    priority: int,
    **also: Any,
) -> None:
    if run.state == RUNNING:
        return
    anew = {"state": PENDING, "reason": "", "attempt": 0, "failures": 0, "next_attempt_at": None}
    connection.execute(
        runs.update().where(runs.c.id == run.id).values(**anew, priority=priority, **also)
    )
    record(connection, run.id, now, "planned", why)


def _of(item: Planned) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        runs.c.report == item.report,
        runs.c.edition == item.edition,
        runs.c.period == item.period,
        runs.c.revision == item.revision,
    )


def _row(item: Planned) -> dict[str, Any]:
    return {
        "report": item.report,
        "edition": item.edition,
        "period": item.period,
        "revision": item.revision,
        "period_end": item.period_end,
        "language": item.language,
        "parameter": item.parameter,
        "formats": LIST_SEPARATOR.join(item.formats),
        "correction": item.correction,
        "deliver": item.deliver,
        "trigger": item.trigger,
        "priority": item.priority,
        "state": item.state,
        "reason": item.reason,
        "state_before": CANCELLED,
        "reason_before": "",
        "scheduled_for": item.scheduled_for,
        "owner": "",
        "place": "",
        "pid": 0,
        "process_started": 0,
        "lease_until": None,
        "fence": 0,
        "attempt": 0,
        "failures": 0,
        "next_attempt_at": None,
        "started_at": None,
        "finished_at": None,
        "published_at": None,
        "published_fence": 0,
        "manifest": "",
        "queued": False,
        "sealed": False,
        "decision": "",
    }

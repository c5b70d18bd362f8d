"""What a person must hear of: each distinct failure once, until it is over."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

import sqlalchemy as sa

from briefing.ledger.rows import Room, insert
from briefing.ledger.schema import alarms
from briefing.structures import Alarm, Failure


class AlarmBook(Room):
    """The part of the ledger that remembers alarms."""

    def raise_alarm(self, failure: Failure) -> None:
        """Remember a failure; one that is known already is counted."""
        with self.database.writing() as connection:
            now = self.database.now(connection)
            row = {**asdict(failure), "first_at": now, "last_at": now, "count": 1}
            seen = {"last_at": now, "count": alarms.c.count + 1}
            connection.execute(
                insert(connection, alarms)
                .values(told_at=None, **row)
                .on_conflict_do_update(index_elements=["digest"], set_=seen)
            )

    def untold(self) -> list[Alarm]:
        """Take the alarms that nobody was told of; each is given to one teller only."""
        with self.database.reading() as connection:
            waiting = connection.execute(
                sa.select(sa.func.count()).where(alarms.c.told_at.is_(None))
            ).scalar_one()
        if not waiting:
            return []
        with self.database.writing() as connection:
            now = self.database.now(connection)
            rows = connection.execute(
                sa.select(alarms).where(alarms.c.told_at.is_(None)).with_for_update()
            ).all()
            connection.execute(
                alarms.update()
                .where(alarms.c.digest.in_([row.digest for row in rows]))
                .values(told_at=now)
            )
            return [_as_alarm(row) for row in rows]

    def not_told(self, alarm: Alarm) -> None:
        """Give back an alarm that could not be told."""
        with self.database.writing() as connection:
            connection.execute(
                alarms.update().where(alarms.c.digest == alarm.digest).values(told_at=None)
            )

    def end_alarms(self, report: str) -> None:
        """The report works again: the same failure would be a new one."""
        with self.database.writing() as connection:
            connection.execute(sa.delete(alarms).where(alarms.c.report == report))

    def alarms(self) -> list[Alarm]:
        """Every alarm that is not over."""
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(alarms).order_by(alarms.c.first_at))
            return [_as_alarm(row) for row in rows]


def _as_alarm(row: sa.Row[Any]) -> Alarm:
    return Alarm(**{field.name: row._mapping[field.name] for field in fields(Alarm)})

"""What a person must hear of: each distinct failure once, until it is over."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from briefing.ledger.rows import Room, insert
from briefing.ledger.schema import alarms, runs
from briefing.structures import ATTENTION, Alarm, Failure

_TELLING = timedelta(minutes=10)
"""How long telling may take: a mail server and other ways, each with its own patience."""


class AlarmBook(Room):
    """The part of the ledger that remembers alarms."""

    def raise_alarm(self, failure: Failure) -> None:
        """Remember a failure; one that is known already is counted."""
        with self.database.writing() as connection:
            remember(connection, failure, self.database.now(connection))

    def untold(self) -> list[Alarm]:
        """Take the alarms that nobody was told of, for a while in which nobody else takes them.

        Say ``told`` or ``not_told`` of each. Whoever vanishes in between has not told it: it is
        taken again.
        """
        with self.database.reading() as connection:
            free = _untold(self.database.now(connection))
            count = connection.execute(sa.select(sa.func.count()).where(*free)).scalar_one()
        if not count:
            return []
        with self.database.writing() as connection:
            now = self.database.now(connection)
            rows = connection.execute(
                sa.select(alarms).where(*_untold(now)).with_for_update()
            ).all()
            connection.execute(
                alarms.update()
                .where(alarms.c.digest.in_([row.digest for row in rows]))
                .values(telling_until=now + _TELLING)
            )
            return [_as_alarm(row) for row in rows]

    def told(self, alarm: Alarm) -> None:
        """Write down that the owner has heard of it."""
        with self.database.writing() as connection:
            self._said(connection, alarm, {"told_at": self.database.now(connection)})

    def not_told(self, alarm: Alarm) -> None:
        """Give back an alarm that could not be told."""
        with self.database.writing() as connection:
            self._said(connection, alarm, {"telling_until": None})

    def _said(self, connection: sa.Connection, alarm: Alarm, values: dict[str, Any]) -> None:
        connection.execute(alarms.update().where(alarms.c.digest == alarm.digest).values(values))

    def end_alarms(self, report: str, period: str = "") -> None:
        """The report works again: the same failure would be a new one.

        What nobody was told yet is still told.

        Args:
            period: not while another of its editions for this period needs a person; else each
                edition that fails between others that do not would be a new failure.
        """
        failing = sa.exists().where(
            runs.c.report == report, runs.c.period == period, runs.c.state.in_(ATTENTION)
        )
        with self.database.writing() as connection:
            connection.execute(
                sa.delete(alarms).where(
                    alarms.c.report == report, alarms.c.told_at.is_not(None), ~failing
                )
            )

    def alarms(self) -> list[Alarm]:
        """Every alarm that is not over."""
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(alarms).order_by(alarms.c.first_at))
            return [_as_alarm(row) for row in rows]


def remember(connection: sa.Connection, failure: Failure, now: datetime) -> None:
    """Remember a failure in the transaction that writes down what failed."""
    row = {**asdict(failure), "first_at": now, "last_at": now, "count": 1}
    seen = {"last_at": now, "count": alarms.c.count + 1}
    connection.execute(
        insert(connection, alarms)
        .values(told_at=None, telling_until=None, **row)
        .on_conflict_do_update(index_elements=["digest"], set_=seen)
    )


def _untold(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    free = sa.or_(alarms.c.telling_until.is_(None), alarms.c.telling_until <= now)
    return alarms.c.told_at.is_(None), free


def _as_alarm(row: sa.Row[Any]) -> Alarm:
    return Alarm(**{field.name: row._mapping[field.name] for field in fields(Alarm)})

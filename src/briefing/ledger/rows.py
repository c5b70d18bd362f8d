"""Rows of the ledger as nouns, and the events that are written beside each change."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from briefing.ledger.database import Database
from briefing.ledger.schema import events, runs
from briefing.structures import Run, RunEvent

_FIELDS = [field.name for field in fields(Run)]
LIST_SEPARATOR = ","


class Room:
    """What every part of the ledger shares: its database."""

    def __init__(self, database: Database) -> None:
        self.database = database


def as_run(row: sa.Row[Any]) -> Run:
    """A row of the table ``run``."""
    values = {name: row._mapping[name] for name in _FIELDS}
    values["formats"] = tuple(values["formats"].split(LIST_SEPARATOR))
    return Run(**values)


def insert(connection: sa.Connection, table: sa.Table) -> Any:
    """INSERT … ON CONFLICT, which both databases have and each spells by its own dialect."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


def record(connection: sa.Connection, run: int, at: datetime, kind: str, detail: str = "") -> None:
    """Write down what happened to a run."""
    connection.execute(events.insert().values(run_id=run, at=at, kind=kind, detail=detail))


def find(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> Run | None:
    """The single run that fits."""
    row = connection.execute(sa.select(runs).where(*conditions)).one_or_none()
    return as_run(row) if row is not None else None


def events_of(connection: sa.Connection, run: int) -> list[RunEvent]:
    """What happened to a run, oldest first."""
    rows = connection.execute(
        sa.select(events.c.at, events.c.kind, events.c.detail)
        .where(events.c.run_id == run)
        .order_by(events.c.id)
    )
    return [RunEvent(row.at, row.kind, row.detail) for row in rows]

"""The ledger's tables, the same on SQLite and PostgreSQL.

This is the newest schema; ``migrations/versions/`` leads from each older one to it, and a test
compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

REVISION = "0001"
"""The newest migration."""

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)


class Moment(sa.TypeDecorator[datetime]):
    """An aware moment, kept in UTC; SQLite has no zones, so it is stored there without one."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """To the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"the moment {value} has no zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """From the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(sa.TypeDecorator[str]):
    """Words from anywhere, an error's for example; what no database holds is written out."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """To the database."""
        if value is None:
            return None
        return value.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")


def _column(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=options.pop("nullable", False), **options)


runs = sa.Table(
    "run",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    _column("report", sa.Text),
    _column("edition", sa.Text),
    _column("period", sa.Text),
    _column("revision", sa.Integer),
    _column("period_end", sa.Date),
    _column("language", sa.Text),
    _column("parameter", sa.Text),
    _column("formats", sa.Text),
    _column("correction", Words),
    _column("deliver", sa.Boolean),
    _column("trigger", sa.Text),
    _column("priority", sa.Integer),
    _column("state", sa.Text),
    _column("reason", Words),
    _column("state_before", sa.Text),
    _column("reason_before", Words),
    _column("scheduled_for", Moment, nullable=True),
    _column("owner", sa.Text),
    _column("place", sa.Text),
    _column("pid", sa.Integer),
    _column("process_started", sa.BigInteger),
    _column("lease_until", Moment, nullable=True),
    _column("fence", sa.Integer),
    _column("attempt", sa.Integer),
    _column("failures", sa.Integer),
    _column("next_attempt_at", Moment, nullable=True),
    _column("started_at", Moment, nullable=True),
    _column("finished_at", Moment, nullable=True),
    _column("published_at", Moment, nullable=True),
    _column("published_fence", sa.Integer),
    _column("manifest", sa.Text),
    _column("queued", sa.Boolean),
    _column("sealed", sa.Boolean),
    _column("decision", sa.Text),
    sa.UniqueConstraint("report", "edition", "period", "revision"),
    sa.Index(None, "state"),
)

events = sa.Table(
    "event",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.Integer, sa.ForeignKey("run.id"), nullable=False),
    _column("at", Moment),
    _column("kind", sa.Text),
    _column("detail", Words),
    sa.Index(None, "run_id"),
)

deliveries = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.Integer, sa.ForeignKey("run.id"), nullable=False),
    _column("report", sa.Text),
    _column("edition", sa.Text),
    _column("period", sa.Text),
    _column("revision", sa.Integer),
    _column("language", sa.Text),
    _column("channel", sa.Text),
    _column("recipient", sa.Text),
    _column("name", sa.Text),
    _column("resend", sa.Integer),
    _column("state", sa.Text),
    _column("reason", Words),
    _column("due", Moment),
    _column("message_id", sa.Text),
    _column("in_reply_to", sa.Text),
    _column("notice", sa.Boolean),
    _column("manifest", sa.Text),
    _column("owner", sa.Text),
    _column("place", sa.Text),
    _column("pid", sa.Integer),
    _column("process_started", sa.BigInteger),
    _column("lease_until", Moment, nullable=True),
    _column("fence", sa.Integer),
    _column("attempt", sa.Integer),
    _column("doubts", sa.Integer),
    _column("next_attempt_at", Moment, nullable=True),
    _column("expires_at", Moment),
    _column("sending_at", Moment, nullable=True),
    _column("sent_at", Moment, nullable=True),
    _column("code", sa.Integer),
    sa.UniqueConstraint(
        "report", "edition", "period", "revision", "channel", "recipient", "resend"
    ),
    sa.Index("ix_delivery_state", "state", "id"),
    sa.Index(None, "run_id"),
)

channels = sa.Table(
    "channel",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    _column("next_at", Moment, nullable=True),
    _column("stopped_until", Moment, nullable=True),
    _column("reason", Words),
)

plans = sa.Table(
    "plan",
    metadata,
    sa.Column("schedule", sa.Text, primary_key=True),
    _column("digest", sa.Text),
    _column("planned_until", Moment),
)

pauses = sa.Table(
    "pause",
    metadata,
    sa.Column("report", sa.Text, primary_key=True),
    _column("since", Moment),
    _column("reason", Words),
)

alarms = sa.Table(
    "alarm",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    _column("report", sa.Text),
    _column("subject", Words),
    _column("body", Words),
    _column("first_at", Moment),
    _column("last_at", Moment),
    _column("told_at", Moment, nullable=True),
    _column("telling_until", Moment, nullable=True),
    _column("count", sa.Integer),
)

instances = sa.Table(
    "instance",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    _column("started_at", Moment),
    _column("ticked_at", Moment),
)

settings = sa.Table(
    "setting",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    _column("value", sa.Text),
)

"""Runs and their events, deliveries, channels, plans, pauses, alarms, instances."""

import sqlalchemy as sa
from alembic import op

from briefing.ledger.schema import Moment

revision = "0001"
down_revision = None


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _whole(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _truths(*names: str) -> list[sa.Column[bool]]:
    return [sa.Column(name, sa.Boolean(), nullable=False) for name in names]


def _moments(*names: str, nullable: bool = False) -> list[sa.Column[object]]:
    return [sa.Column(name, Moment(), nullable=nullable) for name in names]


def upgrade() -> None:
    """From nothing."""
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        *_text("report", "edition", "period"),
        *_whole("revision"),
        sa.Column("period_end", sa.Date(), nullable=False),
        *_text("language", "parameter", "formats", "correction"),
        *_truths("deliver"),
        *_text("trigger"),
        *_whole("priority"),
        *_text("state", "reason", "state_before", "reason_before"),
        *_moments("scheduled_for", nullable=True),
        *_text("owner", "place"),
        *_whole("pid"),
        sa.Column("process_started", sa.BigInteger(), nullable=False),
        *_moments("lease_until", nullable=True),
        *_whole("fence", "attempt", "failures"),
        *_moments("next_attempt_at", "started_at", "finished_at", "published_at", nullable=True),
        *_whole("published_fence"),
        *_text("manifest"),
        *_truths("queued", "sealed"),
        *_text("decision"),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.UniqueConstraint("report", "edition", "period", "revision", name="uq_run"),
    )
    op.create_index("ix_run_state", "run", ["state"])
    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        *_whole("run_id"),
        *_moments("at"),
        *_text("kind", "detail"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_event_run_id"),
    )
    op.create_index("ix_event_run_id", "event", ["run_id"])
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        *_whole("run_id"),
        *_text("report", "edition", "period"),
        *_whole("revision"),
        *_text("language", "channel", "recipient", "name"),
        *_whole("resend"),
        *_text("state", "reason"),
        *_moments("due"),
        *_text("message_id", "in_reply_to"),
        *_truths("notice"),
        *_text("manifest", "owner", "place"),
        *_whole("pid"),
        sa.Column("process_started", sa.BigInteger(), nullable=False),
        *_moments("lease_until", nullable=True),
        *_whole("fence", "attempt", "doubts"),
        *_moments("next_attempt_at", nullable=True),
        *_moments("expires_at"),
        *_moments("sending_at", "sent_at", nullable=True),
        *_whole("code"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_delivery_run_id"),
        sa.UniqueConstraint(
            "report",
            "edition",
            "period",
            "revision",
            "channel",
            "recipient",
            "resend",
            name="uq_delivery",
        ),
    )
    op.create_index("ix_delivery_state", "delivery", ["state", "id"])
    op.create_index("ix_delivery_run_id", "delivery", ["run_id"])
    op.create_table(
        "channel",
        *_text("name"),
        *_moments("next_at", "stopped_until", nullable=True),
        *_text("reason"),
        sa.PrimaryKeyConstraint("name", name="pk_channel"),
    )
    op.create_table(
        "plan",
        *_text("schedule", "digest"),
        *_moments("planned_until"),
        sa.PrimaryKeyConstraint("schedule", name="pk_plan"),
    )
    op.create_table(
        "pause",
        *_text("report"),
        *_moments("since"),
        *_text("reason"),
        sa.PrimaryKeyConstraint("report", name="pk_pause"),
    )
    op.create_table(
        "alarm",
        *_text("digest", "report", "subject", "body"),
        *_moments("first_at", "last_at"),
        *_moments("told_at", "telling_until", nullable=True),
        *_whole("count"),
        sa.PrimaryKeyConstraint("digest", name="pk_alarm"),
    )
    op.create_table(
        "instance",
        *_text("name"),
        *_moments("started_at", "ticked_at"),
        sa.PrimaryKeyConstraint("name", name="pk_instance"),
    )
    op.create_table(
        "setting",
        *_text("name", "value"),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )

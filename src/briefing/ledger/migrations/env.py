"""Runs the migrations on the connection that ``ledger.database`` hands over."""

from alembic import context

from briefing.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
)
context.run_migrations()

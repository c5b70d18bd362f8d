"""Everything that the ledger remembers, over one database."""

from __future__ import annotations

from briefing.ledger.alarms import AlarmBook
from briefing.ledger.claims import Claims
from briefing.ledger.dispatch import Dispatch
from briefing.ledger.outbox import Outbox
from briefing.ledger.planned import Plans
from briefing.ledger.sent import Keys


class Ledger(Claims, Plans, Outbox, Dispatch, AlarmBook, Keys):
    """Everything that is remembered, over one database."""

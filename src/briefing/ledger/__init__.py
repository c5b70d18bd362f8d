"""The memory of runs: who may make which issue, what became of it, what a person must hear.

A run is a row, unique for report, edition, period and revision. It is claimed before any work
is done; the claim carries a lease, which its holder renews, and a fence, which grows with each
claim. An issue is put into the archive inside the transaction that checks the fence, so that
whoever was overtaken while it worked publishes nothing. Every change is one short transaction:
killed at any point, it has happened or not. The outbox is filled in the transaction that publishes,
and each delivery has a claim of its own.
"""

from briefing.ledger.alarms import AlarmBook
from briefing.ledger.claims import Claims
from briefing.ledger.database import Database, back_up, backups, open_database
from briefing.ledger.dispatch import Dispatch
from briefing.ledger.outbox import Outbox
from briefing.ledger.ownership import process_is_gone, this_process
from briefing.ledger.planned import Plans
from briefing.ledger.sent import Keys, SentBook, digest_of


class Ledger(Claims, Plans, Outbox, Dispatch, AlarmBook, Keys):
    """Everything that is remembered, over one database."""


__all__ = [
    "Database",
    "Ledger",
    "SentBook",
    "back_up",
    "backups",
    "digest_of",
    "open_database",
    "process_is_gone",
    "this_process",
]

"""The memory of runs: who may make which issue, what became of it, what a person must hear.

A run is a row, unique for report, edition, period and revision. It is claimed before any work
is done; the claim carries a lease, which its holder renews, and a fence, which grows with each
claim. An issue is put into the archive inside the transaction that checks the fence, so that
whoever was overtaken while it worked publishes nothing. Every change is one short transaction:
killed at any point, it has happened or not. The outbox is filled in the transaction that publishes,
and each delivery has a claim of its own.

Importing this package loads nothing: a glance at the ledger needs neither its rooms nor SQLAlchemy.
"""

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from briefing.ledger.database import Database, back_up, backups, open_database
    from briefing.ledger.ownership import process_is_gone, this_process
    from briefing.ledger.sent import SentBook, digest_of
    from briefing.ledger.whole import Ledger

_ROOMS = {
    "Database": "database",
    "Ledger": "whole",
    "SentBook": "sent",
    "back_up": "database",
    "backups": "database",
    "digest_of": "sent",
    "open_database": "database",
    "process_is_gone": "ownership",
    "this_process": "ownership",
}


def __getattr__(name: str) -> object:
    """What the rooms offer, loaded when it is asked for."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)


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

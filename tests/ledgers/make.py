"""Writes the ledger of this release as SQL, with a row in every table and every state.

Run once for each new schema, before it is released, and never again::

    .venv/bin/python tests/ledgers/make.py > tests/ledgers/0001.sql

``tests/integration/test_ledger_file.py`` opens each of these with the code of the day.
"""

import sqlite3
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from briefing.ledger import Ledger, open_database
from briefing.structures import (
    AWAITING,
    DEFERRED,
    DELIVERY_STATES,
    EXPIRED,
    FAILED,
    HELD,
    PARKED,
    PENDING,
    QUEUED,
    REFUSED,
    SENDING,
    SENT,
    SKIPPED,
    STATES,
    STOPPED,
    SUPPRESSED,
    UNCERTAIN,
    WAITING,
    Failure,
    Owner,
    Planned,
    Posting,
)

REPORT = "library-loans"
DUE = datetime(2026, 11, 1, 21, tzinfo=UTC)
OWNER = Owner("reading-room/4711", "another boot, another namespace", 4711, 123456)
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def planned(name: str, state: str = PENDING, reason: str = "") -> Planned:
    return Planned(
        report=REPORT,
        edition=f"{name}-ko",
        period="2026-10",
        period_end=date(2026, 10, 31),
        language="ko",
        parameter=name,
        scheduled_for=DUE,
        state=state,
        reason=reason,
    )


def fill(ledger: Ledger) -> None:
    """Bring a run to each state, and write into the other tables too."""
    ledger.adopt([(planned("taken-over"), DIGEST)])
    skipped = planned("skipped", SKIPPED, "superseded by 2026-11")
    ledger.plan([planned("pending"), skipped], REPORT, DIGEST, DUE + timedelta(hours=1))
    ledger.lease = timedelta(0)
    ledger.claim(planned("running"), OWNER)
    ledger.publish(ledger.claim(planned("published"), OWNER), DIGEST, lambda: None)
    for state, waits in ((WAITING, (timedelta(minutes=5),)), (PARKED, ()), (FAILED, None)):
        ledger.fail(ledger.claim(planned(state), OWNER), "it broke: 실패", waits=waits)
    ledger.fail(ledger.claim(planned(HELD), OWNER), "held by the gate", waits=None, held=True)
    by_hand = Planned(REPORT, "en", "2026-09", date(2026, 9, 30), "en", trigger="manual")
    ledger.hand_back(ledger.claim(by_hand, OWNER), "stopped by hand", cancelled=True)
    deliver(ledger)
    ledger.pause("member-survey", "the questions change")
    ledger.tick(OWNER)
    for digest, times in (("a" * 32, 2), ("b" * 32, 1)):
        for _ in range(times):
            ledger.raise_alarm(Failure(digest, REPORT, "library-loans failed", "It broke."))
        if times == 2:
            ledger.told(ledger.untold()[0])


def deliver(ledger: Ledger) -> None:
    """Bring a delivery to each state."""
    wanted = replace(planned("delivered"), deliver=True)
    postings = [
        Posting("mail", f"{number}@example.org", "", f"<{number}@example.org>", state)
        for number, state in enumerate([AWAITING, SUPPRESSED, STOPPED, *[QUEUED] * 7])
    ]
    ledger.publish(ledger.claim(wanted, OWNER), DIGEST, lambda: None, postings, "always")
    ledger.delivery_lease = timedelta(0)
    for state in (SENT, REFUSED, EXPIRED, UNCERTAIN, DEFERRED, SENDING):
        delivery = ledger.claim_delivery(OWNER, {"mail": timedelta(0)})
        assert delivery is not None
        wait = timedelta(hours=1) if state == DEFERRED else None
        if state != SENDING:
            ledger.settle(delivery, state, reason="so it was: 그랬다", code=250, wait=wait)
    ledger.stop_channel("mail", "the password is wrong", timedelta(minutes=15))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = open_database("sqlite:///ledger.sqlite", Path(folder))
        ledger = Ledger(database)
        fill(ledger)
        assert set(ledger.counts()) == set(STATES)
        assert set(ledger.delivery_counts()) == set(DELIVERY_STATES)
        connection = sqlite3.connect(Path(folder) / "ledger.sqlite")
        lines = "\n".join(connection.iterdump()).splitlines()
        sys.stdout.writelines(f"{line.rstrip()}\n" for line in lines)
        connection.close()


if __name__ == "__main__":
    main()

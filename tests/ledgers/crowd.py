"""Several processes that do the same thing to one ledger at the same moment.

``python crowd.py URL COUNT WHAT``: each process prints a line of JSON for what it did. All are
ready before any begins.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from briefing.ledger import Ledger, back_up, open_database, this_process
from briefing.ledger.schema import runs
from briefing.structures import PENDING, RUNNING, Failure, Planned

REPORT = "library-loans"
DUE = datetime(2026, 11, 1, 6, tzinfo=UTC)
ROWS = 300
ALARMS = 20


def wanted(number: int) -> Planned:
    day = date(2026, 1, 1) + timedelta(days=number)
    return Planned(REPORT, "en", str(day), day, "en", scheduled_for=DUE + timedelta(days=number))


def claim(ledger: Ledger, _: int) -> Iterator[Any]:
    """Take everything there is."""
    while run := ledger.claim_next(this_process(), [REPORT], [REPORT]):
        yield run.id


def work(ledger: Ledger, _: int) -> Iterator[Any]:
    """Publish everything there is, one period of an edition at a time; tell how many were at it."""
    while PENDING in ledger.counts():
        run = ledger.claim_next(this_process(), [REPORT])
        if run is None:
            continue
        with ledger.database.reading() as connection:
            beside = connection.execute(
                sa.select(sa.func.count()).where(
                    runs.c.state == RUNNING, runs.c.edition == run.edition
                )
            ).scalar_one()
        ledger.publish(run, "digest", lambda: None)
        yield [run.id, beside]


def plan(ledger: Ledger, number: int) -> Iterator[Any]:
    """Plan the same rows, every other process backwards."""
    rows = [wanted(row) for row in range(ROWS)]
    yield len(ledger.plan(rows[:: 1 - 2 * (number % 2)], REPORT, "digest", DUE))


def adopt(ledger: Ledger, _: int) -> Iterator[Any]:
    yield ledger.adopt([(wanted(row), "digest") for row in range(20)])


def alarm(ledger: Ledger, _: int) -> Iterator[Any]:
    for number in range(ALARMS):
        ledger.raise_alarm(Failure(f"{number:02}", REPORT, "It failed", "It did."))
    yield ALARMS


def tell(ledger: Ledger, _: int) -> Iterator[Any]:
    yield [alarm.digest for alarm in ledger.untold()]


def begin(ledger: Ledger, number: int) -> Iterator[Any]:
    """The ledger is opened only now: see ``OPENS_LATE``."""
    yield ledger.pause(f"report-{number}", "")


def copy(ledger: Ledger, _: int) -> Iterator[Any]:
    yield str(back_up(ledger.database, date(2026, 11, 1)))


def hold(ledger: Ledger, number: int) -> Iterator[Any]:
    """Take a run and stay."""
    yield ledger.claim(wanted(number), this_process()).id
    time.sleep(600)


OPENS_LATE = {"begin"}


def child(url: str, what: str, number: int, ready: int, go: int) -> None:
    ledger = None if what in OPENS_LATE else Ledger(open_database(url, Path.cwd()))
    os.write(ready, b".")
    os.read(go, 1)
    ledger = ledger or Ledger(open_database(url, Path.cwd()))
    for done in globals()[what](ledger, number):
        os.write(1, json.dumps(done).encode() + b"\n")  # one call: lines do not mix


def main(url: str, count: int, what: str) -> int:
    (are_ready, ready), (go, gone) = os.pipe(), os.pipe()
    children = []
    for number in range(count):
        process = os.fork()
        if process == 0:
            os.close(gone)
            failed = 1
            try:
                child(url, what, number, ready, go)
                failed = 0
            finally:
                sys.stderr.flush()
                if failed:
                    sys.excepthook(*sys.exc_info())
                os._exit(failed)
        children.append(process)
    os.close(ready)
    awaited = count
    while awaited and (said := os.read(are_ready, awaited)):
        awaited -= len(said)
    os.close(gone)
    return sum(os.waitpid(process, 0)[1] != 0 for process in children)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))

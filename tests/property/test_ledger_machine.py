"""Whatever is done to the ledger in whatever order, it does what a page of rules says.

Several people and schedulers plan, claim, build, die, come back late, lose the database, pause
and ask. Beside the ledger the machine keeps its own small book, by rules written down apart from
the ledger's, and an archive; after each step the ledger must say what the book says.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from briefing.errors import BusyError, LedgerError, StaleRunError
from briefing.ledger import Database, Ledger, claims, open_database
from briefing.ledger.schema import events, runs
from briefing.structures import (
    CANCELLED,
    FAILED,
    HELD,
    PARKED,
    PENDING,
    PUBLISHED,
    RUNNING,
    SKIPPED,
    WAITING,
    Owner,
    Planned,
    Run,
)

MEMORY = Path("/dev/shm")
REPORTS = ("loans", "visits")
PERIODS = {"2026-09": date(2026, 9, 30), "2026-10": date(2026, 10, 31)}
MOST_CLAIMS = 3
HOUR = timedelta(hours=1)
Key = tuple[str, str, str]
keys = st.sampled_from(
    [
        ("loans", "en", "2026-09"),
        ("loans", "en", "2026-10"),
        ("loans", "ko", "2026-10"),
        ("visits", "en", "2026-10"),
    ]
)
owners = st.sampled_from([Owner(f"node-{n}/1", "", 1, 1) for n in range(2)])
ENDED = (PUBLISHED, HELD, FAILED, PARKED, CANCELLED)
FAULTS = st.sampled_from(
    [
        (),
        (),
        (),
        ("answer lost",),
        ("not committed",),
        ("not committed", "answer lost"),
        ("not committed",) * 3,
        ("answer lost",) * 3,
    ]
)


@dataclass
class Row:
    """What the book says of one issue."""

    number: int
    state: str
    due: datetime | None = None
    priority: int = 0
    reason: str = ""
    fence: int = 0
    attempt: int = 0
    failures: int = 0
    published_fence: int = 0
    manifest: str = ""
    published_at: datetime | None = None
    holder_lives: bool = False
    wait_is_over: bool = False
    times_published: int = 0
    before: tuple[str, str] = (CANCELLED, "")


@dataclass
class Claim:
    """Somebody who believes to hold a run."""

    key: Key
    run: Run
    manifest: str


class Faulty(Database):
    """A database whose next commits fail, or whose answers to them are lost."""

    def __init__(self, database: Database) -> None:
        super().__init__(database.engine, database.file)
        self.faults: list[str] = []

    @contextmanager
    def writing(self, *, in_turn: bool = False) -> Iterator[sa.Connection]:
        fault = self.faults.pop(0) if self.faults else ""
        with super().writing(in_turn=in_turn) as connection:
            yield connection
            if fault == "not committed":
                raise LedgerError("The ledger does not answer: gone away.")
        if fault == "answer lost":
            raise LedgerError("The ledger does not answer: gone away.")


@cache
def empty_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        open_database("sqlite:///ledger.sqlite", Path(folder)).close()
        return (Path(folder) / "ledger.sqlite").read_bytes()


def planned(key: Key, **more: Any) -> Planned:
    report, edition, period = key
    return Planned(report, edition, period, PERIODS[period], "en", **more)


class LedgerMachine(RuleBasedStateMachine):
    """The ledger, the book beside it, and the archive."""

    held = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
        (self.folder / "ledger.sqlite").write_bytes(empty_file())
        self.book: dict[Key, Row] = {}
        self.planned: set[Key] = set()
        self.paused: set[str] = set()
        self.archive: dict[Key, str] = {}
        self.torn: set[Key] = set()
        self.claimed: set[tuple[Key, int]] = set()
        self.fences: dict[int, int] = {}
        self.usual = claims.MOST_CLAIMS, claims._COMMIT_PAUSE
        claims.MOST_CLAIMS, claims._COMMIT_PAUSE = MOST_CLAIMS, 0.0

    def teardown(self) -> None:
        claims.MOST_CLAIMS, claims._COMMIT_PAUSE = self.usual
        shutil.rmtree(self.folder)

    @initialize()
    def open(self) -> None:
        self.database = Faulty(open_database("sqlite:///ledger.sqlite", self.folder))
        self.ledger = Ledger(self.database)

    # -- what is wanted --------------------------------------------------------------------------

    @rule(wanted=st.lists(keys, unique=True), ahead=st.booleans())
    def plan(self, wanted: list[Key], ahead: bool) -> None:
        due = datetime.now(UTC) + (HOUR if ahead else -HOUR)  # noqa: TID251
        expected = [key for key in wanted if self.fell_due(key, due)]
        found = self.ledger.plan(
            [planned(key, scheduled_for=due) for key in wanted], "all", "digest", due
        )
        assert [self.key(run) for run in found] == expected
        self.planned |= set(wanted)
        self.learn(found)

    def fell_due(self, key: Key, due: datetime) -> bool:
        is_paused = key[0] in self.paused
        row = self.book.get(key)
        if row is None:
            self.book[key] = Row(
                0, SKIPPED if is_paused else PENDING, due, reason="paused" if is_paused else ""
            )
            return True
        if row.due is not None:
            return False
        row.due, row.priority = due, 0
        row.reason = "paused" if is_paused else row.reason
        made_since = row.state == PUBLISHED and row.published_at and row.published_at >= due
        if row.state in ENDED and not made_since and not is_paused:
            self.wake(row)
            return True
        return False

    def wake(self, row: Row) -> None:
        row.state, row.reason, row.attempt, row.failures = PENDING, "", 0, 0

    @rule(
        wanted=st.lists(keys, max_size=3, unique=True),
        again=st.sets(st.sampled_from([FAILED, HELD, PARKED, PUBLISHED, CANCELLED])),
        priority=st.sampled_from([0, 10]),
    )
    def ask(self, wanted: list[Key], again: set[str], priority: int) -> None:
        new = [key for key in wanted if key not in self.book]
        woken = [key for key in wanted if key not in new and self.book[key].state in again]
        found = self.ledger.ask([planned(key, priority=priority) for key in wanted], again=again)
        assert [self.key(run) for run in found] == new + woken
        for key in new:
            self.book[key] = Row(0, PENDING, priority=priority)
        for key in woken:
            self.wake(self.book[key])
            self.book[key].priority = priority
        self.planned |= set(wanted)
        self.learn(found)

    @rule(report=st.sampled_from(REPORTS))
    def pause(self, report: str) -> None:
        assert self.ledger.pause(report, "") == (report not in self.paused)
        self.paused.add(report)

    @rule(report=st.sampled_from(REPORTS), catch_up=st.booleans())
    def resume(self, report: str, catch_up: bool) -> None:
        found = self.ledger.resume(report, catch_up=catch_up)
        if report not in self.paused:
            assert found is None
            return
        self.paused.remove(report)
        made_up = {
            key
            for key, row in self.book.items()
            if catch_up
            and key[0] == report
            and row.state in (*ENDED, SKIPPED)
            and row.reason == "paused"
        }
        assert {self.key(run) for run in found or []} == made_up
        for key in made_up:
            self.wake(self.book[key])

    # -- who works -------------------------------------------------------------------------------

    @rule(target=held, key=keys, owner=owners)
    def claim(self, key: Key, owner: Owner) -> Any:
        row = self.book.get(key)
        if row is not None and row.state == RUNNING and row.holder_lives:
            try:
                self.ledger.claim(planned(key), owner)
            except BusyError:
                return multiple()
            raise AssertionError("two hold the same run")
        run = self.ledger.claim(planned(key), owner)
        if row is None:
            row = self.book[key] = Row(run.id, RUNNING)
        row.attempt, row.failures = 0, 0
        return self.taken(key, row, run, owner)

    @rule(target=held, owner=owners)
    def claim_next(self, owner: Owner) -> Any:
        best = min(filter(self.may_go, self.book), key=self.order, default=None)
        run = self.ledger.claim_next(owner, REPORTS)
        assert (self.key(run) if run else None) == best
        if run is None or best is None:
            return multiple()
        return self.taken(best, self.book[best], run, owner)

    def may_go(self, key: Key) -> bool:
        row = self.book[key]
        ready = row.state == PENDING or (row.state == WAITING and row.wait_is_over)
        busy = any(
            other.state == RUNNING and which[:2] == key[:2] for which, other in self.book.items()
        )
        return ready and not busy and key[0] not in self.paused

    def order(self, key: Key) -> tuple[Any, ...]:
        row = self.book[key]
        by_hand = datetime.min.replace(tzinfo=UTC)
        return row.priority, row.due or by_hand, PERIODS[key[2]], row.number

    def taken(self, key: Key, row: Row, run: Run, owner: Owner) -> Claim:
        assert (key, run.fence) not in self.claimed
        self.claimed.add((key, run.fence))
        if row.state != RUNNING:
            row.before = row.state, row.reason
        row.state, row.reason, row.holder_lives = RUNNING, "", True
        row.fence += 1
        row.attempt += 1
        assert (run.fence, run.attempt, run.owner) == (row.fence, row.attempt, owner.name)
        return Claim(key, run, f"{owner.name} with fence {row.fence}")

    def is_current(self, claim: Claim) -> bool:
        row = self.book[claim.key]
        return row.state == RUNNING and row.fence == claim.run.fence

    @rule(claim=held)
    def renew(self, claim: Claim) -> None:
        assert self.ledger.renew(claim.run) == self.is_current(claim)
        if self.is_current(claim):
            self.book[claim.key].holder_lives = True

    # -- how it ends -----------------------------------------------------------------------------

    @rule(claim=held, faults=FAULTS)
    def publish(self, claim: Claim, faults: tuple[str, ...]) -> None:
        """Also by somebody who was overtaken long ago, or who has published already."""
        row, current = self.book[claim.key], self.is_current(claim)
        counted = row.published_fence == claim.run.fence
        placed = []

        def place() -> None:
            placed.append(1)
            self.archive[claim.key] = claim.manifest

        self.database.faults[:] = list(faults)
        said = ""
        try:
            self.ledger.publish(claim.run, claim.manifest, place)
        except StaleRunError:
            said = "stale"
        except LedgerError:
            said = "away"
        self.database.faults.clear()
        assert bool(placed) == current
        if not current and not counted:
            assert said == "stale"
            return
        assert said == ("away" if len(faults) == claims._COMMIT_TRIES else "")
        if not current:
            return
        if "answer lost" not in faults and said == "away":
            self.torn.add(claim.key)  # the files lie there, and the row says that it is running
            return
        self.torn.discard(claim.key)
        row.state, row.manifest, row.published_fence = PUBLISHED, claim.manifest, claim.run.fence
        row.attempt, row.failures, row.holder_lives = 0, 0, False
        row.times_published += 1
        stored = self.ledger.run(row.number)
        assert stored is not None
        row.published_at = stored[0].published_at

    @rule(
        claim=consumes(held),
        waits=st.sampled_from([None, (), (HOUR,), (HOUR, 2 * HOUR)]),
        gated=st.booleans(),
    )
    def fail(self, claim: Claim, waits: tuple[timedelta, ...] | None, gated: bool) -> None:
        row, current = self.book[claim.key], self.is_current(claim)
        state = self.ledger.fail(claim.run, "it broke", waits=waits, held=gated)
        if not current:
            assert state == ""
            return
        row.failures += 1
        row.reason, row.holder_lives, row.wait_is_over = "it broke", False, False
        if waits is not None and row.failures <= len(waits):
            row.state = WAITING
        elif row.manifest:
            row.state = PUBLISHED
        else:
            row.state = HELD if gated else FAILED if waits is None else PARKED
        assert state == row.state

    @rule(claim=consumes(held), cancelled=st.booleans())
    def hand_back(self, claim: Claim, cancelled: bool) -> None:
        row, current = self.book[claim.key], self.is_current(claim)
        self.ledger.hand_back(claim.run, "stopped", cancelled=cancelled)
        if not current:
            return
        row.attempt -= 1
        row.reason, row.holder_lives = "stopped", False
        row.state = PENDING
        fell_due_meanwhile = row.due != claim.run.scheduled_for
        if cancelled and not fell_due_meanwhile and row.before[0] in (*ENDED, SKIPPED):
            row.state = row.before[0]
            row.reason = row.before[1] or ("" if claim.run.manifest else "stopped")

    # -- what time and death do ------------------------------------------------------------------

    @rule(claim=held, clock_went_back=st.booleans())
    def die(self, claim: Claim, clock_went_back: bool) -> None:
        """Or stand still: whoever holds a run does not renew its lease, and may still come back."""
        if self.is_current(claim):
            until = datetime.now(UTC) + (HOUR if clock_went_back else timedelta(0))  # noqa: TID251
            self.change(claim.key, lease_until=until)
            self.book[claim.key].holder_lives = False

    @rule(target=held, claim=held, owner=owners)
    def overtake(self, claim: Claim, owner: Owner) -> Any:
        if not self.is_current(claim):
            return multiple()
        self.die(claim, clock_went_back=False)
        return self.claim(claim.key, owner)

    @rule(key=keys)
    def wait(self, key: Key) -> None:
        if key in self.book and self.book[key].state == WAITING:
            self.change(key, next_attempt_at=datetime.now(UTC) - HOUR)  # noqa: TID251
            self.book[key].wait_is_over = True

    def change(self, key: Key, **values: Any) -> None:
        with self.database.writing() as connection:
            row = runs.c.id == self.book[key].number
            connection.execute(runs.update().where(row).values(values))

    @rule()
    def reclaim(self) -> None:
        freed = self.ledger.reclaim()
        dead = {
            key: row
            for key, row in self.book.items()
            if row.state == RUNNING and not row.holder_lives
        }
        assert {self.key(run) for run in freed} == set(dead)
        for row in dead.values():
            given_up = PUBLISHED if row.manifest else PARKED
            row.state = given_up if row.attempt >= MOST_CLAIMS else PENDING
            row.reason = "vanished"

    # -- what must hold --------------------------------------------------------------------------

    @invariant()
    def the_ledger_says_what_the_book_says(self) -> None:
        if not hasattr(self, "ledger"):
            return
        with self.database.reading() as connection:
            stored = {
                (row.report, row.edition, row.period): row
                for row in connection.execute(sa.select(runs))
            }
            published = dict(
                connection.execute(
                    sa.select(events.c.run_id, sa.func.count())
                    .where(events.c.kind == "published")
                    .group_by(events.c.run_id)
                ).all()
            )
        assert stored.keys() == self.book.keys() >= self.planned
        for key, row in self.book.items():
            row.number = stored[key].id
            self.agrees(row, stored[key])
            assert published.get(row.number, 0) == row.times_published
            assert self.fences.get(row.number, 0) <= row.fence
            self.fences[row.number] = row.fence

    def agrees(self, row: Row, stored: sa.Row[Any]) -> None:
        for name in (
            "state",
            "fence",
            "attempt",
            "failures",
            "published_fence",
            "manifest",
            "published_at",
            "priority",
        ):
            assert getattr(stored, name) == getattr(row, name), name
        assert stored.scheduled_for == row.due
        assert (stored.lease_until is not None) == (row.state == RUNNING)
        assert (stored.next_attempt_at is not None) >= (row.state == WAITING)
        assert stored.reason.endswith(row.reason) or row.reason == "vanished"

    @invariant()
    def what_is_published_lies_in_the_archive(self) -> None:
        for key, row in self.book.items():
            if row.manifest and key not in self.torn:
                assert self.archive[key] == row.manifest

    # -- names -----------------------------------------------------------------------------------

    def key(self, run: Run) -> Key:
        return run.report, run.edition, run.period

    def learn(self, found: list[Run]) -> None:
        for run in found:
            self.book[self.key(run)].number = run.id


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=40, stateful_step_count=50, deadline=None)

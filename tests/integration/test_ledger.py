"""The ledger as whoever works with it sees it: claims, leases, fences, plans, alarms.

The same checks run on PostgreSQL: see tests/services/test_ledger_on_postgres.py.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from briefing.errors import BusyError, LedgerError, StaleRunError
from briefing.ledger import Database, Ledger, claims, open_database, this_process
from briefing.ledger.ownership import is_gone, started
from briefing.ledger.schema import alarms, metadata, runs
from briefing.structures import (
    CANCELLED,
    FAILED,
    HELD,
    PARKED,
    PENDING,
    PUBLISHED,
    RUNNING,
    SKIPPED,
    STATES,
    WAITING,
    Alarm,
    Failure,
    Owner,
    Planned,
    Run,
    RunEvent,
)

CROWD = Path(__file__).parents[1] / "ledgers" / "crowd.py"
MEMORY = Path("/dev/shm")
REPORT = "library-loans"
ANNA, BEN = Owner("anna/1", "", 1, 1), Owner("ben/2", "", 2, 2)
MINUTE = timedelta(minutes=1)
WAITS = (MINUTE, 5 * MINUTE)


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where the system has such a place: a disk takes most of the time else."""
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture
def new_url(quick_folder: Path) -> str:
    """Where there is no ledger yet."""
    return f"sqlite:///{quick_folder}/new.sqlite"


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("ledger") / "empty.sqlite"
    open_database(f"sqlite:///{file}", file.parent).close()
    return file


@pytest.fixture
def ledger_url(empty_file: Path, quick_folder: Path) -> str:
    """An empty ledger, copied: making one takes longer than most checks."""
    shutil.copy(empty_file, quick_folder / "ledger.sqlite")
    return f"sqlite:///{quick_folder}/ledger.sqlite"


@pytest.fixture
def ledger(ledger_url: str, tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(open_database(ledger_url, tmp_path))
    yield ledger
    ledger.database.close()


@pytest.fixture
def crowd(ledger_url: str, tmp_path: Path) -> Callable[..., list[Any]]:
    """What each of several processes says that do the same at once; see crowd.py."""

    def gather(count: int, what: str, url: str = ledger_url) -> list[Any]:
        command = [sys.executable, str(CROWD), url, str(count), what]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return [json.loads(line) for line in ran.stdout.splitlines()]

    return gather


@contextmanager
def at_work(url: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process that has claimed a run and holds it."""
    command = [sys.executable, str(CROWD), url, "1", "hold"]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as holder:
        assert holder.stdout is not None
        try:
            yield holder, int(holder.stdout.readline())
        finally:
            holder.stdout.close()
            kill_group(holder)


def kill_group(process: subprocess.Popen[str]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def wanted(period: str = "2026-10", edition: str = "en", **keys: Any) -> Planned:
    return Planned(
        **{"report": REPORT, "period_end": date(2026, 10, 31), "language": "en"} | keys,
        period=period,
        edition=edition,
    )


def clock(ledger: Ledger) -> datetime:
    with ledger.database.reading() as connection:
        return ledger.database.now(connection)


def due(ledger: Ledger, *periods: str, ago: timedelta = MINUTE, **keys: Any) -> list[Run]:
    """Plan periods that fell due a minute ago."""
    at = clock(ledger) - ago
    return ledger.plan([wanted(p, scheduled_for=at, **keys) for p in periods], REPORT, "d", at)


def change(ledger: Ledger, run: Run, **values: Any) -> None:
    """What only time or a broken clock could do to a row."""
    with ledger.database.writing() as connection:
        connection.execute(runs.update().where(runs.c.id == run.id).values(values))


def now_is(ledger: Ledger, run: Run) -> Run:
    found = ledger.run(run.id)
    assert found is not None
    return found[0]


def kinds(ledger: Ledger, run: Run) -> list[str]:
    found = ledger.run(run.id)
    assert found is not None
    return [event.kind for event in found[1]]


def end_lease(ledger: Ledger, run: Run) -> None:
    change(ledger, run, lease_until=clock(ledger))


def eventually(attempt: Callable[[], Any]) -> Any:
    """What is true after a moment that the kernel takes; a defect would make it wait for ever."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if found := attempt():
            return found
    raise AssertionError("it never came true")


def nothing() -> None:
    """An issue without files."""


def published(ledger: Ledger, planned: Planned, manifest: str = "first") -> Run:
    run = ledger.claim(planned, ANNA)
    ledger.publish(run, manifest, nothing)
    return now_is(ledger, run)


def brought_to(ledger: Ledger, state: str) -> Run:
    """A run in any state, by the ways that lead there."""
    run = _brought_to(ledger, state)
    assert run.state == state
    return run


def _brought_to(ledger: Ledger, state: str) -> Run:
    if state == SKIPPED:
        planned = wanted(state=SKIPPED, reason="superseded", scheduled_for=clock(ledger))
        return ledger.plan([planned], REPORT, "d", clock(ledger))[0]
    if state == PENDING:
        return due(ledger, "2026-10")[0]
    run = ledger.claim(wanted(), ANNA)
    if state == PUBLISHED:
        ledger.publish(run, "first", nothing)
    elif state == CANCELLED:
        ledger.hand_back(run, "stopped by hand", cancelled=True)
    elif state != RUNNING:
        waits = {WAITING: (MINUTE,), PARKED: ()}.get(state)
        ledger.fail(run, "it broke", waits=waits, held=state == HELD)
    return now_is(ledger, run)


# -- claims -----------------------------------------------------------------------------------


def test_a_claim_of_an_unknown_issue_makes_its_row(ledger):
    before = clock(ledger)
    run = ledger.claim(wanted(formats=("pdf",)), ANNA)
    assert (run.state, run.owner, run.fence, run.attempt, run.failures) == (
        RUNNING,
        "anna/1",
        1,
        1,
        0,
    )
    assert run.issue == "library-loans/2026-10/en/r1"
    assert run.formats == ("pdf",)
    assert before <= run.started_at <= clock(ledger)
    assert run.lease_until == run.started_at + ledger.lease
    assert kinds(ledger, run) == ["planned", "claimed"]
    assert ledger.latest() == [run]


def test_what_somebody_works_on_is_not_given_to_another(ledger):
    run = ledger.claim(wanted(), ANNA)
    with pytest.raises(BusyError, match=r"library-loans/2026-10/en/r1 is being built by anna/1"):
        ledger.claim(wanted(), BEN)
    assert ledger.claim_next(BEN, [REPORT]) is None
    assert now_is(ledger, run) == run


@pytest.mark.parametrize("state", [state for state in STATES if state != RUNNING])
def test_a_person_may_have_a_run_made_whatever_became_of_it(ledger, state):
    before = brought_to(ledger, state)
    run = ledger.claim(wanted(formats=("html",)), BEN)
    assert run == replace(
        before,
        state=RUNNING,
        reason="",
        owner="ben/2",
        fence=before.fence + 1,
        attempt=1,
        failures=0,
        formats=("html",),
        next_attempt_at=None,
        started_at=run.started_at,
        finished_at=None,
        lease_until=run.lease_until,
    )


@pytest.mark.parametrize("state", STATES)
def test_only_what_is_due_is_taken_by_itself(ledger, state):
    run = brought_to(ledger, state)
    taken = ledger.claim_next(BEN, [REPORT])
    assert (taken is not None and taken.id == run.id) == (state == PENDING)


def test_a_lease_is_renewed_as_long_as_the_run_is_held(ledger):
    run = ledger.claim(wanted(), ANNA)
    change(ledger, run, lease_until=clock(ledger) + MINUTE / 2)
    before = clock(ledger)
    assert ledger.renew(run)
    assert before + ledger.lease <= now_is(ledger, run).lease_until
    ledger.publish(run, "first", nothing)
    assert not ledger.renew(run)
    assert now_is(ledger, run).lease_until is None


# -- publishing -------------------------------------------------------------------------------


def test_a_published_run_says_what_was_published(ledger):
    run = ledger.claim(wanted(), ANNA)
    placed = []
    ledger.publish(run, "first", lambda: placed.append(now_is(ledger, run).state))
    assert placed == [RUNNING]  # nobody sees it published before the files lie there
    after = now_is(ledger, run)
    assert (after.state, after.manifest, after.attempt, after.failures) == (
        PUBLISHED,
        "first",
        0,
        0,
    )
    assert after.lease_until is None
    assert after.published_at == after.finished_at >= run.started_at
    assert kinds(ledger, run)[-1] == "published"


def overtaken(ledger: Ledger, run: Run, how: str, by: Owner = BEN) -> Run | None:
    """Take a run from somebody who does not know of it."""
    end_lease(ledger, run)
    if how == "claimed":
        return ledger.claim(wanted(), by)
    (freed,) = ledger.reclaim()
    assert freed.state == PENDING
    if how == "freed":
        return None
    taken = ledger.claim_next(by, [REPORT])
    if how == "published":
        ledger.publish(taken, "by another", nothing)
    return taken


@pytest.mark.parametrize("by", [ANNA, BEN], ids=["itself", "another"])
@pytest.mark.parametrize("how", ["freed", "taken", "claimed", "published"])
def test_whoever_was_overtaken_publishes_nothing(ledger, how, by):
    run = ledger.claim(wanted(), ANNA)
    overtaken(ledger, run, how, by)
    before, placed = now_is(ledger, run), []
    with pytest.raises(StaleRunError, match="belongs to somebody else by now"):
        ledger.publish(run, "anna's", lambda: placed.append("anna's"))
    assert placed == []
    assert not ledger.renew(run)
    assert ledger.fail(run, "it broke", waits=None) == ""
    ledger.hand_back(run, "stopped", cancelled=True)
    assert now_is(ledger, run) == before


def test_whoever_overtook_publishes(ledger):
    run = ledger.claim(wanted(), ANNA)
    taken = overtaken(ledger, run, "taken")
    assert taken.fence == run.fence + 1
    ledger.publish(taken, "ben's", nothing)
    assert now_is(ledger, run).manifest == "ben's"


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


@pytest.fixture
def faulty(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> tuple[Ledger, list[str]]:
    monkeypatch.setattr(claims, "_COMMIT_PAUSE", 0.0)
    database = Faulty(ledger.database)
    return Ledger(database), database.faults


@pytest.mark.parametrize(
    ("faults", "places"),
    [
        (["answer lost"], 1),
        (["not committed"], 2),
        (["not committed", "answer lost"], 2),
        (["not committed", "not committed"], 3),
    ],
)
def test_a_commit_without_an_answer_is_looked_up_not_repeated(faulty, faults, places):
    ledger, to_come = faulty
    run = ledger.claim(wanted(), ANNA)
    placed = []
    to_come += faults
    ledger.publish(run, "first", lambda: placed.append(1))
    assert len(placed) == places
    assert now_is(ledger, run).manifest == "first"
    assert kinds(ledger, run) == ["planned", "claimed", "published"]


def test_a_commit_that_counted_counts_even_if_the_next_holder_is_at_work(faulty):
    ledger, to_come = faulty
    run = ledger.claim(wanted(), ANNA)
    taken = []
    with pytest.raises(LedgerError):
        to_come += ["answer lost"] * 3
        ledger.publish(run, "first", nothing)
    taken.append(ledger.claim(wanted(), BEN))
    ledger.publish(run, "first", lambda: pytest.fail("it was published before"))
    assert now_is(ledger, run) == taken[0]


def test_whoever_held_a_run_of_a_ledger_that_was_lost_publishes_nothing(ledger):
    """In the new ledger another run may have the same number, or another holder the same fence."""
    run = ledger.claim(wanted(), ANNA)
    for lost in (replace(run, owner="ben/2"), replace(run, period="2026-09")):
        with pytest.raises(StaleRunError):
            ledger.publish(lost, "from the lost one", lambda: pytest.fail("it was not ours"))
        assert not ledger.renew(lost)
        assert ledger.fail(lost, "it broke", waits=None) == ""
    ledger.publish(run, "first", nothing)
    with pytest.raises(StaleRunError):
        ledger.publish(replace(run, owner="ben/2"), "from the lost one", nothing)
    assert now_is(ledger, run).manifest == "first"


def test_a_server_that_stays_away_leaves_the_run_to_be_made_again(faulty):
    ledger, to_come = faulty
    run = ledger.claim(wanted(), ANNA)
    to_come += ["not committed"] * 3
    with pytest.raises(LedgerError, match="gone away"):
        ledger.publish(run, "first", nothing)
    assert now_is(ledger, run) == run


def test_files_that_cannot_be_moved_in_leave_the_run_to_its_holder(ledger):
    run = ledger.claim(wanted(), ANNA)

    def full() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        ledger.publish(run, "first", full)
    assert now_is(ledger, run) == run
    assert ledger.fail(run, "the disk is full", waits=WAITS) == WAITING


# -- failing and giving back ------------------------------------------------------------------


def test_a_failure_that_may_pass_is_tried_again_at_its_time_and_then_parked(ledger):
    run = due(ledger, "2026-10")[0]
    for number, wait in enumerate(WAITS, 1):
        taken = ledger.claim_next(ANNA, [REPORT])
        assert (taken.failures, taken.attempt) == (number - 1, number)
        assert ledger.fail(taken, "no room", waits=WAITS) == WAITING
        waiting = now_is(ledger, run)
        assert waiting.next_attempt_at == waiting.finished_at + wait
        assert (waiting.reason, waiting.lease_until) == ("no room", None)
        assert ledger.claim_next(BEN, [REPORT]) is None
        change(ledger, run, next_attempt_at=clock(ledger))
    taken = ledger.claim_next(BEN, [REPORT])
    assert ledger.fail(taken, "no room", waits=WAITS) == PARKED
    assert ledger.claim_next(BEN, [REPORT]) is None
    assert kinds(ledger, run) == ["planned", *["claimed", "failed"] * 3]


@pytest.mark.parametrize(("held", "state"), [(False, FAILED), (True, HELD)])
def test_a_failure_that_does_not_pass_waits_for_a_person(ledger, held, state):
    run = ledger.claim(wanted(), ANNA)
    assert ledger.fail(run, "line 9 is wrong", waits=None, held=held) == state
    after = now_is(ledger, run)
    assert (after.state, after.reason, after.failures) == (state, "line 9 is wrong", 1)


@pytest.mark.parametrize(("waits", "held"), [(None, False), (None, True), ((), False)])
def test_an_issue_that_was_published_stays_published_when_making_it_again_fails(
    ledger, waits, held
):
    before = published(ledger, wanted())
    run = ledger.claim(wanted(), BEN)
    assert ledger.fail(run, "it broke", waits=waits, held=held) == PUBLISHED
    after = now_is(ledger, run)
    assert (after.state, after.reason) == (PUBLISHED, "it broke")
    assert (after.manifest, after.published_at) == (before.manifest, before.published_at)
    again = ledger.claim(wanted(), BEN)
    ledger.hand_back(again, "stopped by hand", cancelled=True)
    assert now_is(ledger, run).state == PUBLISHED


def test_an_interrupted_run_comes_again_and_the_attempt_does_not_count(ledger):
    run = due(ledger, "2026-10")[0]
    for _ in range(claims.MOST_CLAIMS + 1):
        taken = ledger.claim_next(ANNA, [REPORT])
        assert taken.attempt == 1
        ledger.hand_back(taken, "the scheduler was stopped")
    assert (now_is(ledger, run).state, now_is(ledger, run).attempt) == (PENDING, 0)


def test_what_only_a_person_wanted_ends_when_they_stop_it(ledger):
    run = ledger.claim(wanted(), ANNA)
    ledger.hand_back(run, "stopped by hand", cancelled=True)
    assert now_is(ledger, run).state == CANCELLED
    asked = ledger.claim(wanted("2026-11"), ANNA)
    ledger.hand_back(asked, "the machine goes down")
    assert now_is(ledger, asked).state == PENDING


def test_what_is_due_is_made_although_a_person_stops_it(ledger):
    due(ledger, "2026-10")
    run = ledger.claim(wanted(), ANNA)
    ledger.hand_back(run, "stopped by hand", cancelled=True)
    assert now_is(ledger, run).state == PENDING


def test_what_falls_due_while_a_person_makes_it_is_made_although_they_stop(ledger):
    run = ledger.claim(wanted(), ANNA)
    assert due(ledger, "2026-10") == []
    ledger.hand_back(run, "stopped by hand", cancelled=True)
    assert now_is(ledger, run).state == PENDING


def test_any_words_of_an_error_are_written_down(ledger):
    run = ledger.claim(wanted(), ANNA)
    assert ledger.fail(run, "caf\udce9\0.csv: 찾을 수 없음", waits=None) == FAILED
    assert now_is(ledger, run).reason == "caf\\udce9\\x00.csv: 찾을 수 없음"
    ledger.raise_alarm(Failure("1", REPORT, "\udce9", "\0"))
    assert [(alarm.subject, alarm.body) for alarm in ledger.alarms()] == [("\\udce9", "\\x00")]


# -- leases -----------------------------------------------------------------------------------


def test_a_run_whose_lease_has_ended_is_free(ledger):
    run = ledger.claim(wanted(), ANNA)
    assert ledger.reclaim() == []
    end_lease(ledger, run)
    (freed,) = ledger.reclaim()
    assert (freed.id, freed.state, freed.lease_until) == (run.id, PENDING, None)
    assert freed.reason == "anna/1 vanished while it worked on it"
    assert kinds(ledger, run)[-1] == "reclaimed"
    assert ledger.reclaim() == []
    again = ledger.claim_next(BEN, [REPORT])
    assert (again.fence, again.attempt) == (2, 2)


def test_a_lease_that_is_renewed_at_the_last_moment_is_kept(ledger):
    """Between the look at it and the attempt to free it."""
    run = ledger.claim(wanted(), ANNA)
    end_lease(ledger, run)

    class Slow(Ledger):
        def _is_dead(self, row: Any, now: datetime) -> bool:
            found = super()._is_dead(row, now)
            assert ledger.renew(run)
            return found

    assert Slow(ledger.database).reclaim() == []
    assert now_is(ledger, run).state == RUNNING


def test_a_lease_longer_than_any_was_given_before_the_clock_went_back(ledger):
    run = ledger.claim(wanted(), ANNA)
    change(ledger, run, lease_until=clock(ledger) + 1.9 * ledger.lease)
    assert ledger.reclaim() == []
    change(ledger, run, lease_until=clock(ledger) + 60 * MINUTE)
    assert [freed.id for freed in ledger.reclaim()] == [run.id]


def test_a_process_that_was_killed_loses_its_run_at_once(ledger, ledger_url, tmp_path):
    with at_work(ledger_url, tmp_path) as (holder, number):
        assert ledger.reclaim() == []  # it lives
        owner = ledger.run(number)[0].owner
        kill_group(holder)
        freed = eventually(ledger.reclaim)
    assert [(run.id, run.state) for run in freed] == [(number, PENDING)]
    assert freed[0].reason == f"{owner} vanished while it worked on it"


def test_a_person_need_not_wait_for_the_lease_of_a_dead_process(ledger, ledger_url, tmp_path):
    asked = wanted("2026-01-01")
    with at_work(ledger_url, tmp_path) as (holder, number):
        with pytest.raises(BusyError):
            ledger.claim(asked, ANNA)
        kill_group(holder)
        holder.wait()
    taken = eventually(lambda: unless_busy(ledger, asked))
    assert (taken.id, taken.fence) == (number, 2)


def unless_busy(ledger: Ledger, planned: Planned) -> Run | None:
    try:
        return ledger.claim(planned, ANNA)
    except BusyError:
        return None


def test_a_dead_child_that_nobody_has_buried_is_dead(ledger):
    with subprocess.Popen(["sleep", "600"]) as child:
        me = this_process()
        ticks = started(child.pid)
        assert not is_gone(me.place, child.pid, ticks)
        child.kill()
        eventually(lambda: is_gone(me.place, child.pid, ticks))
        assert Path(f"/proc/{child.pid}").exists()  # a zombie until it is waited for


@pytest.mark.parametrize(
    ("changed", "dead"),
    [
        ({}, False),
        ({"started": 1}, True),  # the process id was used again
        ({"started": 1, "place": "another machine"}, False),
        ({"started": 1, "place": ""}, False),
    ],
)
def test_only_a_process_of_this_machine_can_be_known_to_be_dead(ledger, changed, dead):
    ledger.claim(wanted(), replace(this_process(), **changed))
    assert bool(ledger.reclaim()) == dead


HIDDEN = """
import os
from pathlib import Path
from briefing.ledger import ownership
place = ownership.this_process().place
ownership.started = lambda pid: None  # what /proc says of other users where it is mounted so
if os.geteuid() == 0:
    os.setresuid(65534, 65534, 65534)
others = [1] if Path("/proc/1").stat().st_uid != os.geteuid() else []
print([ownership.is_gone(place, pid, 1) for pid in [*others[:1], 2**31 - 1]])
"""


def test_a_process_that_its_system_hides_is_not_taken_for_dead():
    ran = subprocess.run(
        [sys.executable, "-c", HIDDEN], capture_output=True, text=True, check=False
    )
    assert ran.stderr == ""
    assert ran.stdout in {"[False, True]\n", "[True]\n"}  # there may be no other user


def test_a_run_that_kills_whoever_makes_it_is_given_up(ledger):
    run = due(ledger, "2026-10")[0]
    for number in range(1, claims.MOST_CLAIMS + 1):
        taken = ledger.claim_next(ANNA, [REPORT])
        end_lease(ledger, taken)
        (freed,) = ledger.reclaim()
        assert freed.state == (PARKED if number == claims.MOST_CLAIMS else PENDING)
    assert ledger.claim_next(BEN, [REPORT]) is None
    assert kinds(ledger, run)[-1] == "parked"
    assert ledger.claim(wanted(), ANNA).attempt == 1


# -- planning ---------------------------------------------------------------------------------


def test_what_is_planned_twice_is_there_once(ledger):
    at = clock(ledger)
    rows = [wanted(f"2026-{month:02}", scheduled_for=at) for month in range(1, 11)]
    assert ledger.planned_until(REPORT) is None
    first = ledger.plan(rows, REPORT, "one", at)
    assert [(run.period, run.state, run.scheduled_for) for run in first] == [
        (row.period, PENDING, at) for row in rows
    ]
    before = ledger.latest()
    assert ledger.plan(rows, REPORT, "two", at + MINUTE) == []
    assert ledger.latest() == before
    assert ledger.planned_until(REPORT) == ("two", at + MINUTE)
    assert ledger.counts() == {PENDING: 10}


def test_a_long_plan_that_breaks_off_is_made_whole_by_the_next(faulty):
    """It is written in parts, between which others get their turn."""
    ledger, to_come = faulty
    rows = [wanted(f"{number:03}", scheduled_for=clock(ledger)) for number in range(150)]
    to_come += ["", "not committed"]
    with pytest.raises(LedgerError):
        ledger.plan(rows, REPORT, "d", clock(ledger))
    assert len(ledger.latest()) == 100
    assert ledger.planned_until(REPORT) is None
    assert [run.period for run in ledger.plan(rows, REPORT, "d", clock(ledger))] == [
        row.period for row in rows[100:]
    ]
    assert ledger.planned_until(REPORT) is not None


def test_what_falls_due_while_a_report_is_paused_is_made_up_for_if_asked(ledger):
    assert ledger.pause(REPORT, "the figures are checked")
    assert not ledger.pause(REPORT, "again")
    assert [(pause.report, pause.reason) for pause in ledger.paused()] == [
        (REPORT, "the figures are checked")
    ]
    skipped = due(ledger, "2026-09", "2026-10")
    assert [(run.state, run.reason) for run in skipped] == [(SKIPPED, "paused")] * 2
    assert (
        ledger.plan(
            [wanted("2026-08", state=SKIPPED, reason="superseded")], REPORT, "d", clock(ledger)
        )[0].reason
        == "superseded"
    )
    woken = ledger.resume(REPORT, catch_up=True)
    assert sorted((run.period, run.state, run.reason) for run in woken) == [
        ("2026-09", PENDING, ""),
        ("2026-10", PENDING, ""),
    ]
    assert ledger.paused() == []
    assert ledger.resume(REPORT, catch_up=True) is None
    assert {run.period for run in ledger.latest(states=[PENDING])} == {"2026-09", "2026-10"}


def test_what_fell_due_while_a_report_was_paused_stays_out_if_not_asked_for(ledger):
    ledger.pause(REPORT, "")
    (run,) = due(ledger, "2026-10")
    assert ledger.resume(REPORT, catch_up=False) == []
    assert ledger.claim_next(ANNA, [REPORT]) is None
    assert due(ledger, "2026-10") == []
    assert now_is(ledger, run).state == SKIPPED


@pytest.mark.parametrize("state", [PUBLISHED, HELD, FAILED, PARKED, CANCELLED])
def test_an_issue_made_by_hand_before_it_was_due_is_made_again_when_it_is(ledger, state):
    before = brought_to(ledger, state)
    (again,) = due(ledger, "2026-10", ago=-MINUTE)
    assert (again.id, again.state, again.manifest) == (before.id, PENDING, before.manifest)
    assert (again.attempt, again.failures) == (0, 0)
    assert again.scheduled_for > clock(ledger)
    assert due(ledger, "2026-10", ago=-MINUTE) == []


def test_what_was_made_when_it_was_due_is_not_made_again_by_a_later_plan(ledger):
    due(ledger, "2026-10")
    ledger.publish(ledger.claim_next(ANNA, [REPORT]), "first", nothing)
    assert due(ledger, "2026-10", ago=-MINUTE) == []
    assert ledger.counts() == {PUBLISHED: 1}


def test_an_issue_made_by_hand_after_it_was_due_is_not_made_again(ledger):
    run = published(ledger, wanted())
    assert due(ledger, "2026-10") == []
    after = now_is(ledger, run)
    assert (after.state, after.trigger) == (PUBLISHED, "schedule")
    assert after.scheduled_for < after.published_at


def test_what_a_backfill_waits_for_goes_first_once_it_is_due(ledger):
    ledger.ask([wanted("2026-10", priority=10), wanted("2026-09", priority=10)])
    due(ledger, "2026-10")
    assert ledger.claim_next(ANNA, [REPORT]).period == "2026-10"


def test_a_person_asks_for_what_is_missing_and_for_what_failed(ledger):
    failed = brought_to(ledger, FAILED)
    done = published(ledger, wanted("2026-09"))
    asked = [wanted("2026-08"), wanted("2026-09"), wanted("2026-10"), wanted("2026-08")]
    assert [run.period for run in ledger.ask(asked)] == ["2026-08"]
    again = ledger.ask(asked, again=[FAILED, HELD])
    assert [(run.id, run.state) for run in again] == [(failed.id, PENDING)]
    assert now_is(ledger, done).state == PUBLISHED


def test_an_archive_is_taken_over_once_and_nothing_in_it_is_made_again(ledger):
    assert ledger.is_new()
    filed = [(wanted("2026-09"), "a"), (wanted("2026-10"), "b")]
    assert ledger.adopt(filed) == 2
    assert not ledger.is_new()
    assert ledger.adopt([*filed, (wanted("2026-08"), "c")]) == 0
    assert {(run.period, run.state, run.manifest) for run in ledger.latest()} == {
        ("2026-09", PUBLISHED, "a"),
        ("2026-10", PUBLISHED, "b"),
    }
    assert due(ledger, "2026-09", "2026-10") == []
    assert ledger.claim_next(ANNA, [REPORT]) is None


# -- whose turn it is -------------------------------------------------------------------------


def test_runs_go_by_priority_then_by_hand_then_by_when_they_were_due(ledger):
    at = clock(ledger)
    order = [
        wanted("by hand, older", "a", period_end=date(2025, 12, 31)),
        wanted("by hand", "b"),
        wanted("due first", "c", scheduled_for=at - 2 * MINUTE),
        wanted("due later, older", "d", scheduled_for=at - MINUTE, period_end=date(2026, 1, 1)),
        wanted("due later", "e", scheduled_for=at - MINUTE),
        wanted(
            "backfill, older",
            "f",
            priority=10,
            scheduled_for=at,
            period_end=date(2026, 1, 1),
        ),
        wanted("backfill", "g", priority=10),
    ]
    ledger.ask(order[::-1])
    taken = []
    while run := ledger.claim_next(ANNA, [REPORT]):
        taken.append(run.period)
    assert taken == [planned.period for planned in order]


def test_reports_that_are_paused_or_gone_wait(ledger):
    at = clock(ledger)
    ledger.ask([wanted(report=name, scheduled_for=at) for name in ("paused", "gone", "there")])
    ledger.pause("paused", "")
    assert ledger.claim_next(ANNA, ["paused", "there"]).report == "there"
    assert ledger.claim_next(ANNA, ["paused", "there"]) is None
    assert ledger.claim_next(ANNA, []) is None
    ledger.resume("paused", catch_up=False)
    assert ledger.claim_next(ANNA, ["paused", "there"]).report == "paused"
    assert [run.report for run in ledger.latest(states=[PENDING])] == ["gone"]


def test_an_edition_is_made_for_one_period_at_a_time_unless_it_may_overlap(ledger):
    due(ledger, "2026-09", "2026-10")
    due(ledger, "2026-09", edition="ko", ago=-MINUTE)
    first = ledger.claim_next(ANNA, [REPORT])
    assert (first.period, first.edition) == ("2026-09", "en")
    assert ledger.claim_next(BEN, [REPORT]).edition == "ko"
    assert ledger.claim_next(BEN, [REPORT]) is None
    second = ledger.claim_next(BEN, [REPORT], [REPORT])
    assert (second.period, second.edition) == ("2026-10", "en")


def test_the_next_period_goes_on_when_the_one_before_is_done(ledger):
    due(ledger, "2026-09", "2026-10")
    first = ledger.claim_next(ANNA, [REPORT])
    ledger.publish(first, "first", nothing)
    assert ledger.claim_next(BEN, [REPORT]).period == "2026-10"


def test_runs_are_listed_by_what_happened_last(ledger):
    first, second, third = due(ledger, "2026-08", "2026-09", "2026-10")
    taken = ledger.claim(wanted("2026-08"), ANNA)
    (asked,) = ledger.ask([wanted("2026-07")])
    assert [run.id for run in ledger.latest()] == [asked.id, first.id, third.id, second.id]
    ledger.publish(taken, "first", nothing)
    assert [run.id for run in ledger.latest(limit=2)] == [first.id, asked.id]
    assert [run.id for run in ledger.latest(report="another")] == []
    assert [run.id for run in ledger.latest(states=[PUBLISHED])] == [first.id]
    assert ledger.run(999) is None


# -- alarms and schedulers --------------------------------------------------------------------


def digests(found: list[Alarm]) -> list[tuple[str, int]]:
    return [(alarm.digest, alarm.count) for alarm in found]


FAILURE, OTHER = Failure("1", REPORT, "It failed", "It did."), Failure("2", "other", "So", "Too.")


def test_a_failure_is_counted_and_told_once_until_it_is_over(ledger):
    assert ledger.untold() == []
    for failure in (FAILURE, FAILURE, OTHER):
        ledger.raise_alarm(failure)
    first, second = ledger.untold()
    assert digests([first, second]) == [("1", 2), ("2", 1)]
    assert (first.report, first.subject, first.body) == (REPORT, "It failed", "It did.")
    assert first.first_at <= first.last_at <= clock(ledger)
    ledger.told(first)
    ledger.raise_alarm(FAILURE)
    assert ledger.untold() == []  # the second is being told
    ledger.not_told(second)
    assert digests(ledger.untold()) == [("2", 1)]
    assert [(alarm.digest, alarm.told_at is None) for alarm in ledger.alarms()] == [
        ("1", False),
        ("2", True),
    ]
    ledger.told(second)
    ledger.end_alarms(REPORT)
    assert digests(ledger.alarms()) == [("2", 1)]
    ledger.not_told(first)  # too late: it is over
    assert ledger.untold() == []
    ledger.raise_alarm(FAILURE)
    assert digests(ledger.untold()) == [("1", 1)]


def test_an_alarm_whose_teller_vanished_is_told_by_another(ledger):
    ledger.raise_alarm(FAILURE)
    (taken,) = ledger.untold()
    with ledger.database.writing() as connection:
        connection.execute(alarms.update().values(telling_until=clock(ledger)))
    assert digests(ledger.untold()) == [("1", 1)]
    ledger.told(taken)
    assert ledger.untold() == []


def alarm_of(run: Run, state: str, why: str) -> Failure:
    return Failure(f"{run.id} {state} {why}", run.report, "", "")


@pytest.mark.parametrize(
    ("waits", "held", "state"),
    [(None, False, FAILED), (None, True, HELD), ((), False, PARKED), (WAITS, False, WAITING)],
)
def test_the_owner_hears_of_what_a_person_has_to_look_at(ledger, waits, held, state):
    run = ledger.claim(wanted(), ANNA)
    assert ledger.fail(run, "line 9", waits=waits, held=held, alarm=alarm_of) == state
    heard = [f"{run.id} {state} line 9"] if state != WAITING else []
    assert [alarm.digest for alarm in ledger.alarms()] == heard
    assert ledger.fail(run, "line 10", waits=None, alarm=alarm_of) == ""
    assert len(ledger.alarms()) == len(heard)


def test_an_issue_that_stays_published_raises_no_alarm(ledger):
    published(ledger, wanted())
    ledger.fail(ledger.claim(wanted(), BEN), "it broke", waits=None, alarm=alarm_of)
    assert ledger.alarms() == []


def test_the_owner_hears_of_a_run_that_is_given_up(ledger):
    run = ledger.claim(wanted(), ANNA)
    for attempt in (claims.MOST_CLAIMS - 1, claims.MOST_CLAIMS):
        change(ledger, run, attempt=attempt, state=RUNNING, lease_until=clock(ledger))
        ledger.reclaim(alarm_of)
    why = "anna/1 vanished while it worked on it"
    assert digests(ledger.alarms()) == [(f"{run.id} parked {why}", 1)]


def test_alarms_are_not_over_while_another_edition_of_the_period_needs_a_person(ledger):
    run = ledger.claim(wanted(edition="ko"), ANNA)
    ledger.fail(run, "it broke", waits=None, alarm=alarm_of)
    ledger.told(ledger.untold()[0])
    ledger.end_alarms(REPORT, "2026-10")
    assert len(ledger.alarms()) == 1
    ledger.end_alarms(REPORT, "2026-09")
    assert ledger.alarms() == []


def test_what_nobody_was_told_yet_is_told_although_it_is_over(ledger):
    ledger.raise_alarm(FAILURE)
    ledger.end_alarms(REPORT)
    (alarm,) = ledger.untold()
    ledger.told(alarm)
    ledger.end_alarms(REPORT)
    assert ledger.alarms() == []


def test_a_scheduler_is_known_from_its_first_tick_to_its_good_bye(ledger):
    me = this_process()
    ledger.enter(me)
    ((first, name),) = [(seen.ticked_at, seen.name) for seen in ledger.instances()[1]]
    assert name == me.name
    ledger.tick(me)
    now, (seen,) = ledger.instances()
    assert first <= seen.ticked_at <= now
    assert seen.started_at <= first
    ledger.leave(me)
    assert ledger.instances()[1] == []


def test_a_scheduler_that_was_killed_is_forgotten_by_the_next_of_its_machine(ledger):
    with subprocess.Popen(["sleep", "600"]) as child:
        child.kill()
    me = this_process()
    host = me.name.rpartition("/")[0]
    dead = replace(me, name=f"{host}/{child.pid}", pid=child.pid)
    elsewhere = replace(dead, name=f"another-machine/{child.pid}")
    ledger.tick(dead)
    ledger.tick(elsewhere)
    ledger.enter(me)
    assert {seen.name for seen in ledger.instances()[1]} == {elsewhere.name, me.name}


def test_everything_that_happened_to_a_run_is_told_in_its_order(ledger):
    run = due(ledger, "2026-10")[0]
    ledger.fail(ledger.claim_next(ANNA, [REPORT]), "no room", waits=None)
    ledger.publish(ledger.claim(wanted(), BEN), "first", nothing)
    _, events = ledger.run(run.id)
    assert [(event.kind, event.detail) for event in events] == [
        ("planned", "schedule"),
        ("claimed", "by anna/1"),
        ("failed", "no room"),
        ("claimed", "by ben/2"),
        ("published", "first"),
    ]
    assert all(isinstance(event, RunEvent) and event.at.tzinfo is UTC for event in events)
    assert [event.at for event in events] == sorted(event.at for event in events)


# -- many at once -----------------------------------------------------------------------------


def test_several_processes_open_a_new_ledger_at_once(crowd, new_url, tmp_path):
    assert crowd(4, "begin", new_url) == [True] * 4
    ledger = Ledger(open_database(new_url, tmp_path))
    assert len(ledger.paused()) == 4
    ledger.database.close()


def test_two_that_plan_the_same_rows_at_once_add_each_once(crowd, ledger):
    """One plans them backwards: neither may wait for ever for the other."""
    added = crowd(2, "plan")
    assert sum(added) == 300
    assert len(ledger.latest()) == 300


def test_of_many_that_claim_at_once_each_run_goes_to_one(crowd, ledger):
    due(ledger, *map(str, range(400)))
    taken = crowd(8, "claim")
    assert len(taken) == len(set(taken)) == 400
    assert {(run.state, run.fence, run.attempt) for run in ledger.latest()} == {(RUNNING, 1, 1)}


def test_no_edition_is_made_for_two_periods_at_once_by_many(crowd, ledger):
    for edition in ("en", "ko"):
        due(ledger, *map(str, range(15)), edition=edition)
    worked = crowd(4, "work")
    assert len({number for number, _ in worked}) == len(worked) == 30
    assert {beside for _, beside in worked} == {1}


def test_two_that_take_an_archive_over_at_once_do_it_once(crowd, ledger):
    assert sorted(crowd(2, "adopt")) == [0, 20]
    assert len(ledger.latest(states=[PUBLISHED])) == 20


def test_alarms_raised_by_many_at_once_are_counted_and_told_once(crowd, ledger):
    crowd(4, "alarm")
    assert [alarm.count for alarm in ledger.alarms()] == [4] * 20
    told = [digest for digests in crowd(4, "tell") for digest in digests]
    assert sorted(told) == [f"{number:02}" for number in range(20)]


# -- the schema -------------------------------------------------------------------------------


def test_the_migrations_lead_to_the_schema_that_the_code_knows(new_url, tmp_path):
    database = open_database(new_url, tmp_path)
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.close()


def test_a_ledger_of_a_newer_release_is_left_alone(ledger, ledger_url, tmp_path):
    run = ledger.claim(wanted(), ANNA)
    with ledger.database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LedgerError, match=r"newer release of briefing \(schema 9999\)\. Use that"):
        open_database(ledger_url, tmp_path)
    assert now_is(ledger, run) == run


@pytest.mark.parametrize("state", [SKIPPED, PUBLISHED, HELD, FAILED, PARKED])
def test_a_run_that_a_person_stops_is_again_what_it_was(ledger, state):
    before = brought_to(ledger, state)
    ledger.hand_back(ledger.claim(wanted(), BEN), "stopped by hand", cancelled=True)
    after = now_is(ledger, before)
    assert (after.state, after.reason) == (state, before.reason)


def test_what_a_person_had_made_early_is_made_up_for_after_a_pause(ledger):
    run = published(ledger, wanted())
    ledger.pause(REPORT, "a strike")
    assert due(ledger, "2026-10") == []
    assert now_is(ledger, run).state == PUBLISHED
    assert [found.id for found in ledger.resume(REPORT, catch_up=True)] == [run.id]
    assert now_is(ledger, run).state == PENDING


def test_an_issue_whose_further_builds_all_vanish_stays_published(ledger):
    run = published(ledger, wanted())
    ledger.lease = timedelta(0)
    for _ in range(claims.MOST_CLAIMS):
        ledger.ask([wanted()], again=[PUBLISHED])
        while ledger.claim_next(BEN, [REPORT]) is not None:
            ledger.reclaim()
    after = now_is(ledger, run)
    assert (after.state, after.manifest) == (PUBLISHED, "first")

"""Schedulers that are killed, stopped, paused and doubled: what is due is made, and made once."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Callable

import pytest
from tests.faults.conftest import Settle
from tests.faults.days import editions
from tests.faults.newsroom import Newsroom
from tests.faults.processes import wait_for

pytestmark = pytest.mark.faults
AT_ONCE = {"every": "day", "at": '"00:00"', "retry": '["1 second", "1 second"]'}
TICK = ("--tick", "0.3")


@pytest.fixture
def six(newsroom: Newsroom) -> list[str]:
    """Six issues that are due, each of which takes a second longer than usual."""
    newsroom.branches(6)
    newsroom.report("daily", "slow 1", editions=True, **AT_ONCE)
    return editions(6)


def test_killed_while_it_builds_the_next_one_makes_up_for_it(
    newsroom: Newsroom, six: list[str], settle: Settle
):
    first = newsroom.serve()
    wait_for("a build", newsroom.builders)
    first.kill()
    second = newsroom.serve()
    newsroom.wait_until(six)
    assert second.stop() == 0
    assert not newsroom.leftovers()
    settle("kill -9 of a scheduler while it builds", 1, six)


def test_both_of_two_are_killed_and_a_third_takes_over(
    newsroom: Newsroom, six: list[str], settle: Settle
):
    pair = [newsroom.rehearse(*TICK), newsroom.rehearse(*TICK)]
    wait_for("builds of both", lambda: len(newsroom.builders()) >= 3)
    for desk in pair:
        desk.kill()
    third = newsroom.rehearse(*TICK)
    newsroom.wait_until(six)
    assert third.stop() == 0
    assert not newsroom.leftovers()
    settle("both schedulers killed, a third takes over", 2, six)


def test_one_of_two_is_killed_and_the_other_goes_on(
    newsroom: Newsroom, six: list[str], settle: Settle
):
    killed, other = newsroom.rehearse(*TICK), newsroom.rehearse(*TICK)
    wait_for("builds of both", lambda: len(newsroom.builders()) >= 3)
    killed.kill()
    newsroom.wait_until(six)
    assert other.stop() == 0
    settle("kill -9 of one of two schedulers", 1, six)


def test_two_schedulers_make_every_issue_once(newsroom: Newsroom, settle: Settle):
    newsroom.branches(10)
    newsroom.report("daily", editions=True, **AT_ONCE)
    pair = [newsroom.rehearse(*TICK), newsroom.rehearse(*TICK)]
    newsroom.wait_until(editions(10), within=120)
    assert [desk.stop() for desk in pair] == [0, 0]
    assert settle("two schedulers", 1, editions(10)).built_again == 0


def test_asked_to_stop_it_finishes_what_it_builds_and_leaves_the_rest(
    newsroom: Newsroom, six: list[str], settle: Settle
):
    first = newsroom.serve()
    wait_for("two builds", lambda: len(newsroom.builders()) >= 2)
    assert first.stop() == 0
    found = newsroom.states()
    assert list(found.values()).count("published") >= 2
    assert set(found.values()) == {"published", "pending"}
    second = newsroom.serve()
    newsroom.wait_until(six)
    assert second.stop() == 0
    assert settle("SIGTERM while it builds", 1, six).built_again == 0


def test_asked_twice_it_stops_now_and_hands_its_runs_back(newsroom: Newsroom, settle: Settle):
    newsroom.branches(2)
    newsroom.report("daily", "hang", editions=True, **AT_ONCE)
    first = newsroom.serve()
    wait_for("two builds", lambda: len(newsroom.builders()) >= 2)
    first.signal(signal.SIGTERM)
    first.hear("stopping")
    assert first.stop(30) == 0
    rows = newsroom.rows()
    assert {row.state for row in rows.values()} == {"pending"}
    assert {row.attempt for row in rows.values()} == {0}
    newsroom.conduct("")
    second = newsroom.serve()
    newsroom.wait_until(editions(2))
    assert second.stop() == 0
    settle("SIGTERM twice", 1, editions(2))


def pause(newsroom: Newsroom, send: Callable[[signal.Signals], None]) -> None:
    """SIGSTOP while nobody writes: who sleeps with SQLite's lock in hand holds everybody up."""

    def asleep_without_the_lock() -> bool:
        send(signal.SIGSTOP)
        ledger = sqlite3.connect(newsroom.ledger, timeout=0.2, isolation_level=None)
        try:
            ledger.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            send(signal.SIGCONT)
            return False
        else:
            return True
        finally:
            ledger.close()

    wait_for("a moment without a transaction", asleep_without_the_lock)


def test_paused_beyond_its_lease_it_publishes_nothing(
    newsroom: Newsroom, six: list[str], settle: Settle
):
    short = (*TICK, "--lease", "12")
    stale = newsroom.rehearse(*short)
    wait_for("two builds", lambda: len(newsroom.builders()) >= 2)
    asleep = stale.family()

    def to_all(number: signal.Signals) -> None:
        for process in asleep:
            process.send(number)

    pause(newsroom, to_all)
    held = [name for name, row in newsroom.rows().items() if row.state == "running"]
    assert held
    other = newsroom.rehearse(*short)
    newsroom.wait_until(six, within=90)
    to_all(signal.SIGCONT)
    stale.hear("lost", times=len(held))
    assert stale.stop() == 0
    assert other.stop() == 0
    assert not newsroom.leftovers()
    settle("SIGSTOP beyond the lease, then SIGCONT", 1, six)


def test_only_the_scheduler_is_paused_and_its_builds_finish_without_it(
    newsroom: Newsroom, six: list[str], settle: Settle
):
    short = (*TICK, "--lease", "12")
    stale = newsroom.rehearse(*short)
    wait_for("two builds", lambda: len(newsroom.builders()) >= 2)
    pause(newsroom, stale.signal)
    other = newsroom.rehearse(*short)
    newsroom.wait_until(six, within=90)
    stale.signal(signal.SIGCONT)
    stale.hear("lost")
    assert stale.stop() == 0
    assert other.stop() == 0
    assert not newsroom.leftovers()
    settle("SIGSTOP of the scheduler alone, then SIGCONT", 1, six)

"""Whoever owns the project hears of every failure, once, and not for ever."""

from __future__ import annotations

import signal
import time
from collections import Counter

import pytest
from tests.faults.conftest import Settle
from tests.faults.days import editions, issue
from tests.faults.newsroom import Desk, Newsroom
from tests.faults.processes import wait_for
from tests.faults.surroundings import locked, owner_of, silent_server

pytestmark = pytest.mark.faults
AT_ONCE = {"every": "day", "at": '"00:00"', "retry": "[]"}
TICK = ("--tick", "0.3")


def rehearse_with_mail(newsroom: Newsroom, port: int, timeout: int) -> Desk:
    """A scheduler that is dead after 8 seconds, and tells its owner by that mail server."""
    newsroom.more += (
        "owner: {mail: owner@example.org}\n"
        f"mail: {{host: localhost, port: {port}, security: none, timeout: {timeout},"
        " sender: briefing@example.org}\n"
    )
    newsroom.write()
    return newsroom.rehearse(*TICK, "--dead", "8")


def test_five_editions_that_fail_the_same_way_are_one_alarm(newsroom: Newsroom, settle: Settle):
    newsroom.branches(5)
    newsroom.report("daily", "raise no loans were counted", editions=True, **AT_ONCE)
    with owner_of(newsroom) as owner:
        desk = newsroom.rehearse(*TICK)
        newsroom.wait_until(editions(5), "failed")
        wait_for("an alarm", lambda: owner.heard)
        assert desk.stop() == 0
        assert len(owner.heard) == 1
    settle("a data problem in five editions", 5, editions(5))


def test_editions_that_fail_between_others_that_do_not_are_one_alarm(
    newsroom: Newsroom, settle: Settle
):
    newsroom.branches(6)
    newsroom.report("daily", "raise-in-turn no loans were counted", editions=True, **AT_ONCE)
    with owner_of(newsroom) as owner:
        desk = newsroom.rehearse(*TICK, "--workers", "1")
        wait_for(
            "the end of all",
            lambda: Counter(newsroom.states().values()) == {"failed": 3, "published": 3},
        )
        time.sleep(1)
        assert desk.stop() == 0
        assert len(owner.heard) == 1
    settle("a data problem in every other edition", 3, editions(6))


def test_run_once_the_owner_has_heard_of_a_failure_when_it_ends(newsroom: Newsroom, settle: Settle):
    newsroom.report("daily", "raise no loans were counted", **AT_ONCE)
    with owner_of(newsroom) as owner:
        assert newsroom.serve(once=True).wait() == 4
        assert len(owner.heard) == 1
    settle("a failure under serve --once", 1, [issue()])


def test_a_mail_server_that_says_nothing_stops_nobody(newsroom: Newsroom, settle: Settle):
    for number in range(4):
        newsroom.report(f"bad-{number}", f"raise no loans in part {number}", **AT_ONCE)
    newsroom.report("daily", "slow 3", **AT_ONCE)
    bad = [issue(f"bad-{number}") for number in range(4)]
    with silent_server() as port:
        desk = rehearse_with_mail(newsroom, port, timeout=3)
        newsroom.wait_until(bad, "failed")
        newsroom.wait_until([issue()])
        desk.hear("the owner could not be told")
        assert desk.stop() == 0
        assert not desk.said("the scheduler's loop is dead")
    assert newsroom.select("SELECT count(*) FROM alarm WHERE told_at IS NULL") == [(4,)]
    settle("a mail server that says nothing", 1, [*bad, issue()])


def test_whoever_waits_for_a_silent_mail_server_at_the_end_is_not_dead(
    newsroom: Newsroom, settle: Settle
):
    newsroom.report("daily", "raise no loans were counted", **AT_ONCE)
    with silent_server() as port:
        desk = rehearse_with_mail(newsroom, port, timeout=12)
        newsroom.wait_until([issue()], "failed")
        assert desk.stop() == 0, desk.tail()
        assert desk.said("stopped")
        assert not desk.said("the scheduler's loop is dead")
    settle("stopped while a mail server says nothing", 1, [issue()])


def test_a_ledger_that_does_not_answer_is_one_alarm_however_long_it_lasts(
    newsroom: Newsroom, settle: Settle
):
    newsroom.report("daily", **AT_ONCE)
    with owner_of(newsroom) as owner:
        desk = newsroom.rehearse(*TICK)
        newsroom.wait_until([issue()])
        with locked(newsroom.ledger):
            desk.hear("the ledger does not answer", times=4, within=120)
        desk.signal(signal.SIGTERM)
        assert desk.wait() == 0
        assert len(owner.heard) == 1
    settle("a ledger that does not answer", 1, [issue()])

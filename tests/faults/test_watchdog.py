"""A loop that hangs ends the process; one that was only asleep, or whose alarm is dead, goes on."""

from __future__ import annotations

import signal
import time

import pytest
from tests.faults.conftest import Settle
from tests.faults.days import editions, issue
from tests.faults.newsroom import Newsroom

pytestmark = pytest.mark.faults
AT_ONCE = {"every": "day", "at": '"00:00"', "retry": '["1 second", "1 second"]'}
TICK = ("--tick", "0.3")


def test_a_loop_that_hangs_ends_the_process_and_the_next_one_goes_on(
    newsroom: Newsroom, settle: Settle
):
    newsroom.branches(2)
    newsroom.report("daily", "until go", editions=True, **AT_ONCE)
    first = newsroom.rehearse(*TICK, "--dead", "4", "--hang")
    newsroom.wait_until(editions(2), "running")
    (newsroom.root / "hang.txt").touch()
    first.gone += first.family()
    assert first.wait() == 4
    assert first.said("the scheduler's loop is dead")
    newsroom.release("go")
    second = newsroom.rehearse(*TICK)
    newsroom.wait_until(editions(2))
    assert second.stop() == 0
    assert not newsroom.leftovers()
    settle("the scheduler's loop hangs", 1, editions(2))


def test_asleep_for_longer_than_a_dead_loop_it_goes_on(newsroom: Newsroom, settle: Settle):
    newsroom.branches(2)
    newsroom.report("daily", editions=True, **AT_ONCE)
    desk = newsroom.rehearse(*TICK, "--dead", "4")
    newsroom.wait_until(editions(2))
    for _ in range(4):
        desk.signal(signal.SIGSTOP)
        time.sleep(6)
        desk.signal(signal.SIGCONT)
        time.sleep(2)
        assert desk.lives, desk.tail()
    assert desk.stop() == 0
    settle("the whole machine sleeps", 4, editions(2))


def test_with_its_alarm_clock_dead_it_goes_on(newsroom: Newsroom, settle: Settle):
    newsroom.report("daily", "until go", **AT_ONCE)
    desk = newsroom.rehearse(*TICK, "--alarm-dies")
    desk.hear("the alarm clock is dead")
    newsroom.release("go")
    newsroom.wait_until([issue()])
    newsroom.report("later", **AT_ONCE)
    desk.signal(signal.SIGHUP)
    newsroom.wait_until([issue("later")])
    assert desk.stop() == 0
    settle("the alarm clock's thread dies", 1, [issue(), issue("later")])

"""Builds that die, hang, eat all memory or fail: the scheduler outlives them and says why."""

from __future__ import annotations

import signal

import pytest
from tests.faults.conftest import Settle
from tests.faults.days import editions, issue
from tests.faults.newsroom import Newsroom
from tests.faults.processes import Process, wait_for

pytestmark = pytest.mark.faults
QUICK = ("--tick", "0.3")
AT_ONCE = {"every": "day", "at": '"00:00"', "retry": '["1 second", "1 second"]'}


def test_a_report_that_kills_its_process_is_parked_after_three_attempts(
    newsroom: Newsroom, settle: Settle
):
    newsroom.report("poison", "die", **AT_ONCE)
    newsroom.report("daily", **AT_ONCE)
    desk = newsroom.rehearse(*QUICK)
    newsroom.wait_until([issue("poison")], "parked")
    newsroom.wait_until([issue()])
    row = newsroom.rows()[issue("poison")]
    assert (row.count("claimed"), row.failures) == (3, 3)
    assert "code 11" in row.reason
    assert len(newsroom.builders("poison")) == 3
    assert desk.stop() == 0
    settle("a report that kills its process", 3, [issue("poison"), issue()])


def test_a_render_that_hangs_is_killed_at_its_deadline_with_all_that_it_started(
    newsroom: Newsroom, settle: Settle
):
    newsroom.report("hung", "grandchild", **{**AT_ONCE, "retry": "[]", "timeout": "15 seconds"})
    newsroom.report("daily", **AT_ONCE)
    desk = newsroom.rehearse(*QUICK)
    wait_for("a child and a grandchild", lambda: len(newsroom.builders("hung")) == 2)
    started = [Process.of(pid) for pid in newsroom.builders("hung")]
    assert all(process.lives for process in started)
    newsroom.wait_until([issue("hung")], "parked")
    assert "longer than 15 seconds" in newsroom.rows()[issue("hung")].reason
    wait_for("the end of both", lambda: not any(process.lives for process in started), 5)
    newsroom.wait_until([issue()])
    assert desk.stop() == 0
    settle("a render that hangs", 1, [issue("hung"), issue()])


def test_a_build_that_needs_more_memory_than_it_may_use_is_parked_and_harms_nobody(
    newsroom: Newsroom, settle: Settle
):
    newsroom.report("bomb", "bomb", **{**AT_ONCE, "memory": "2 GB", "retry": '["1 second"]'})
    newsroom.report("daily", **AT_ONCE)
    desk = newsroom.rehearse(*QUICK)
    newsroom.wait_until([issue("bomb")], "parked")
    newsroom.wait_until([issue()])
    assert "memory" in newsroom.rows()[issue("bomb")].reason
    assert desk.stop() == 0
    settle("a build that eats all memory", 2, [issue("bomb"), issue()])


def test_a_child_that_the_kernel_kills_is_tried_again_and_then_parked(
    newsroom: Newsroom, settle: Settle
):
    newsroom.report("daily", "killed", **AT_ONCE)
    desk = newsroom.rehearse(*QUICK)
    newsroom.wait_until([issue()], "parked")
    row = newsroom.rows()[issue()]
    assert row.count("claimed") == 3
    assert "was killed; the machine may be short of memory" in row.reason
    assert desk.stop() == 0
    settle("a child that the kernel kills", 3, [issue()])


def test_a_child_that_is_killed_once_is_made_up_for(newsroom: Newsroom, settle: Settle):
    newsroom.report("daily", "slow 30", **AT_ONCE)
    desk = newsroom.rehearse(*QUICK)
    wait_for("a build", newsroom.builders)
    newsroom.conduct("")
    Process.of(newsroom.builders()[0]).send(signal.SIGKILL)
    newsroom.wait_until([issue()])
    assert newsroom.rows()[issue()].count("claimed") == 2
    assert desk.stop() == 0
    settle("a child that is killed", 1, [issue()])


def test_the_fork_server_killed_in_the_middle_of_builds_is_started_anew(
    newsroom: Newsroom, settle: Settle
):
    newsroom.branches(4)
    newsroom.report("daily", "slow 2", editions=True, **AT_ONCE)
    wanted = editions(4)
    desk = newsroom.rehearse(*QUICK)
    wait_for("two builds", lambda: len(newsroom.builders()) >= 2)
    child = newsroom.builders()[0]
    (server,) = [one for one in desk.family() if child in {kin.pid for kin in children(one.pid)}]
    newsroom.conduct("")
    server.send(signal.SIGKILL)
    newsroom.wait_until(wanted)
    assert desk.stop() == 0
    settle("the fork server killed", 1, wanted)


def children(pid: int) -> list[Process]:
    from tests.faults.processes import family

    return [one for one in family(pid)[1:] if parent(one.pid) == pid]


def parent(pid: int) -> int:
    from tests.faults.processes import _fields

    fields = _fields(pid)
    return int(fields[1]) if fields else 0

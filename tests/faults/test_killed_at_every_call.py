"""Killed or refused at each system call that changes something: nothing lost, nothing twice.

For every day some of the calls, evenly spread; for a soak every one of them. Each has a project
of its own, in which another process then does what is left to do.
"""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.faults.conftest import Settle
from tests.faults.days import editions, issue
from tests.faults.newsroom import Desk, Newsroom
from tests.faults.processes import Process, wait_for
from tests.faults.recorder import line_of
from tests.faults.tracing import (
    FAULTS,
    KILL,
    Point,
    Zygote,
    counted,
    points,
    traced,
    zygote_in,
)
from tests.faults.witness import Witness

PATIENT = {"every": "day", "at": '"00:00"', "retry": str(["1 second"] * 60)}
BUILD = ("build", "daily", "--format", "html")
ONCE = ("serve", "--once", "--json-log")
Make = Callable[[], Newsroom]
Record = Callable[[str, object], None]


def at_calls(quick: int):
    """Some calls for every day, all of them for a soak."""
    return pytest.mark.parametrize(
        "most",
        [
            pytest.param(quick, marks=pytest.mark.faults, id=f"{quick} calls"),
            pytest.param(None, marks=pytest.mark.soak, id="every call"),
        ],
    )


@pytest.fixture
def zygote(tmp_path: Path) -> Iterator[Zygote]:
    """Starts `briefing` without its imports."""
    with zygote_in(tmp_path / "zygote") as started:
        yield started


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """A new project with a report that is due."""
    rooms: list[Newsroom] = []

    def anew() -> Newsroom:
        room = Newsroom(tmp_path / f"shot-{len(rooms)}" / "project")
        room.branches(1)
        room.report("daily", **PATIENT)
        rooms.append(room)
        return room

    yield anew
    for room in rooms:
        room.end()


class Shot:
    """One injection: what was there after it, and what became of it."""

    def __init__(self, newsroom: Newsroom, record: Record, name: str) -> None:
        self.newsroom = newsroom
        self._record = record
        self._name = name
        self._witness = Witness(newsroom)

    def settle(self, *, by_hand: int = 0) -> None:
        """After the recovery: one whole issue, in the archive once, with nothing beside it."""
        account = self._witness.account([issue()], Counter({issue(): by_hand}))
        self._record("fault", json.dumps(line_of(self._name, 1, account)))
        assert account.published == 1
        assert not account.twice
        assert not self.newsroom.leftovers()


@pytest.mark.parametrize("fault", FAULTS)
@at_calls(4)
def test_a_build_by_hand(
    zygote: Zygote, make: Make, record_property: Record, fault: str, most: int | None
):
    rehearsal = zygote.run(make(), BUILD)
    assert rehearsal.code == 0, rehearsal.said
    for point in points(rehearsal.calls, most):
        shot = Shot(make(), record_property, f"`briefing build`: {fault} at a call")
        ended = zygote.run(shot.newsroom, BUILD, point, fault)
        ends_as_it_should(ended.code, ended.said, fault, point)
        again = zygote.run(shot.newsroom, BUILD, watch=False)
        assert again.code == 0, (point, again.said)
        shot.settle(by_hand=1)


def ends_as_it_should(code: int, said: str, fault: str, point: Point) -> None:
    allowed = {-signal.SIGKILL} if fault == KILL else {0, 4}
    assert code in allowed, (point, code, said)
    assert "Traceback" not in said, (point, said)


@pytest.mark.parametrize("fault", FAULTS)
@at_calls(2)
def test_a_scheduler_that_plans_and_claims(
    zygote: Zygote, make: Make, record_property: Record, fault: str, most: int | None
):
    """Its main thread: it makes the ledger, plans, claims, says that it lives and says good-bye."""
    rehearsal = zygote.run(make(), ONCE)
    assert rehearsal.code == 0, rehearsal.said
    for point in points(rehearsal.calls, most):
        shot = Shot(make(), record_property, f"`briefing serve --once`: {fault} at a call")
        ended = zygote.run(shot.newsroom, ONCE, point, fault)
        ends_as_it_should(ended.code, ended.said, fault, point)
        finish(zygote, shot.newsroom)
        shot.settle()


def finish(zygote: Zygote, newsroom: Newsroom) -> None:
    """What cron would do: once more, and where a pause was due, once more after it."""

    def is_made() -> bool:
        assert zygote.run(newsroom, ONCE, watch=False).code == 0
        return newsroom.states() == {issue(): "published"}

    wait_for("the issue", is_made)


def over(newsroom: Newsroom, desk: Desk) -> bool:
    """Whether the scheduler is dead, or something has become of the run.

    The ledger is asked first: a line of the log may be the very call that was refused.
    """
    given_up = {entry["event"] for entry in desk.events()} & {"not recorded", "lost"}
    return not desk.lives or bool(given_up) or newsroom.states() not in ({}, {issue(): "running"})


@pytest.mark.parametrize("fault", FAULTS)
@at_calls(2)
def test_a_scheduler_that_publishes(
    tmp_path: Path,
    zygote: Zygote,
    make: Make,
    record_property: Record,
    fault: str,
    most: int | None,
):
    """All its threads, from the moment when the issue is made."""

    log = tmp_path / "calls"

    def publish(newsroom: Newsroom, point: Point | None) -> None:
        newsroom.conduct("until go")
        desk = newsroom.serve()
        wait_for("a build", newsroom.builders)
        with traced(desk.pid, log, point, fault, threads=True):
            newsroom.release("go")
            wait_for("its end", lambda: over(newsroom, desk))
        if desk.lives:
            newsroom.wait_until([issue()])
            assert desk.stop() == 0

    publish(make(), None)
    for point in points(counted(log), most):
        shot = Shot(make(), record_property, f"a scheduler that publishes: {fault} at a call")
        publish(shot.newsroom, point)
        finish(zygote, shot.newsroom)
        shot.settle()


@pytest.mark.parametrize("fault", FAULTS)
@at_calls(4)
def test_a_child_that_files(
    tmp_path: Path, newsroom: Newsroom, settle: Settle, fault: str, most: int | None
):
    """From the moment when its tables are made: it renders, writes, flushes and answers."""
    count = 1 + (most or 60)
    newsroom.branches(count)
    newsroom.report("daily", "until each", editions=True, **PATIENT)
    desk = newsroom.rehearse("--tick", "0.2", "--workers", "1")
    log = tmp_path / "calls"

    def let_one_go(number: int, point: Point | None) -> None:
        wait_for("a build", lambda: len(newsroom.builders()) > number)
        child = Process.of(newsroom.builders()[number])
        with traced(child.pid, log, point, fault):
            newsroom.release(f"each-{child.pid}")
            wait_for("its end", lambda: not child.lives)

    let_one_go(0, None)
    shots = points(counted(log), most)
    for number, point in enumerate(shots, start=1):
        let_one_go(number, point)
    newsroom.conduct("")
    newsroom.release(f"each-{newsroom.builders()[-1]}")
    newsroom.wait_until(editions(count), within=600)
    assert desk.stop() == 0
    assert not newsroom.leftovers()
    settle(f"a child that files: {fault} at a call", len(shots), editions(count))

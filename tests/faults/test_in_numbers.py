"""The same again and again: many issues at once, two schedulers, and people who build by hand."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest
from tests.faults.clocks import NOON, Clock
from tests.faults.conftest import Settle
from tests.faults.days import ZONE, days, editions
from tests.faults.newsroom import Newsroom
from tests.faults.processes import wait_for
from tests.services.conftest import Cluster, postgres

__all__ = ["postgres"]
AT_ONCE = {"every": "day", "at": '"00:00"', "retry": '["1 second", "1 second"]'}
ALL = {**AT_ONCE, "catch_up": "all", "since": "2026-03-10"}
TICK = ("--tick", "0.3")


def numbers(quick: int, full: int):
    """A small number for every day, and the full one for a soak."""
    return pytest.mark.parametrize(
        "count",
        [
            pytest.param(quick, marks=pytest.mark.faults),
            pytest.param(full, marks=pytest.mark.soak),
        ],
    )


@numbers(15, 1000)
def test_so_many_that_are_due_in_one_second_are_all_made(
    newsroom: Newsroom, settle: Settle, count: int
):
    newsroom.branches(count)
    newsroom.report("daily", editions=True, **AT_ONCE)
    desk = newsroom.serve()
    newsroom.wait_until(editions(count), within=60 + 6 * count)
    assert desk.stop() == 0
    account = settle(f"{count:,} due in one second", 1, editions(count))
    assert account.built_again == 0


def two_schedulers(newsroom: Newsroom, count: int) -> list[str]:
    """Two of them over so many days, of which each takes less than a second."""
    newsroom.report("daily", **ALL)
    fast = ("--start", NOON.isoformat(), "--epoch", str(time.time()))  # noqa: TID251
    fast += ("--speed", str(2 * 86400), "--tick", "0.1", "--until", str(count))
    pair = [newsroom.rehearse(*fast), newsroom.rehearse(*fast)]
    wanted = days(date(2026, 3, 10), date(2026, 3, 9) + timedelta(days=count))
    newsroom.wait_until(wanted, within=60 + 6 * count)
    assert [desk.stop() for desk in pair] == [0, 0]
    assert all(desk.said("published") for desk in pair)
    return wanted


@numbers(15, 200)
def test_two_schedulers_and_so_many_fires_on_sqlite(newsroom: Newsroom, settle: Settle, count: int):
    wanted = two_schedulers(newsroom, count)
    account = settle("two schedulers, one after the other, SQLite", count, wanted)
    assert account.built_again == 0


@numbers(15, 200)
def test_two_schedulers_and_so_many_fires_on_postgres(
    newsroom: Newsroom, postgres: Cluster, settle: Settle, count: int
):
    newsroom.state_url = postgres.create()
    wanted = two_schedulers(newsroom, count)
    account = settle("two schedulers, one after the other, PostgreSQL", count, wanted)
    assert account.built_again == 0


@numbers(4, 200)
def test_built_by_hand_while_the_scheduler_builds_it(
    newsroom: Newsroom, settle: Settle, count: int
):
    newsroom.branches(count)
    newsroom.report("daily", editions=True, **AT_ONCE)
    desk = newsroom.rehearse(*TICK)
    desk.hear("started")

    def build(number: int) -> int:
        name = f"b{number:04}"
        done = newsroom.ask("build", "daily", "--edition", name, "--format", "html")
        assert done.returncode in {0, 75}, done.stderr
        assert ("is being built by" in done.stderr) == (done.returncode == 75)
        return done.returncode

    with ThreadPoolExecutor(2) as people:
        codes = list(people.map(build, range(1, count + 1)))
    newsroom.wait_until(editions(count), within=60 + 6 * count)
    assert desk.stop() == 0
    by_hand = Counter(
        issue for issue, code in zip(editions(count), codes, strict=True) if code == 0
    )
    settle("briefing build against the scheduler", count, editions(count), by_hand)


def offsets(count: int) -> Iterator[float]:
    """Seconds from three milliseconds before to three after."""
    yield from (0.006 * number / (count - 1) - 0.003 for number in range(count))


@numbers(5, 60)
def test_asked_to_stop_within_three_milliseconds_of_a_fire(
    newsroom: Newsroom, settle: Settle, count: int
):
    newsroom.report("daily", **ALL)
    clock = Clock(newsroom)
    for number, offset in enumerate(offsets(count)):
        desk = newsroom.rehearse(*clock.options)
        desk.hear("started")
        fire = datetime(2026, 3, 11, tzinfo=ZONE) + timedelta(days=number)
        at = clock.set(fire - timedelta(seconds=0.5)) + 0.5 + offset
        wait_for("the moment", lambda at=at: time.time() >= at, every=0.0001)  # noqa: TID251
        desk.signal(signal.SIGTERM)
        assert desk.wait() == 0
    wanted = days(date(2026, 3, 10), date(2026, 3, 9) + timedelta(days=count))
    last = newsroom.rehearse(*clock.options)
    newsroom.wait_until(wanted)
    assert last.stop() == 0
    settle("SIGTERM within 3 ms of a fire", count, wanted)

"""Years of nights in minutes: two schedulers killed again and again, and one that is not."""

from __future__ import annotations

import random
import time
from datetime import date, timedelta

import pytest
from tests.faults.clocks import NOON
from tests.faults.conftest import Settle
from tests.faults.days import days
from tests.faults.newsroom import Newsroom
from tests.faults.processes import resident, wait_for

NIGHTS = 2000
SECONDS = 0.6
"""How long a day is; a build takes about as long."""
LIVES = (6.0, 20.0)
"""After how many seconds one of the two is killed."""
GROWTH = 1.10
ALL = {
    "every": "day",
    "at": '"00:00"',
    "catch_up": "all",
    "since": "2026-03-10",
    "retry": '["1 second", "1 second"]',
}


@pytest.mark.soak
def test_two_thousand_nights_in_which_schedulers_are_killed(newsroom: Newsroom, settle: Settle):
    newsroom.report("daily", **ALL)
    chance = random.Random(4711)
    options = ("--start", NOON.isoformat(), "--epoch", str(time.time()))  # noqa: TID251
    options += ("--speed", str(86400 / SECONDS), "--until", str(NIGHTS))
    options += ("--tick", "0.2", "--workers", "1")
    wanted = days(date(2026, 3, 10), date(2026, 3, 9) + timedelta(days=NIGHTS))
    steady = newsroom.rehearse(*options)
    wait_for("a warm scheduler", lambda: made(newsroom) >= NIGHTS / 20, within=600)
    first, kills = resident(steady.pid), 0
    pair = [newsroom.rehearse(*options), newsroom.rehearse(*options)]
    while made(newsroom) < NIGHTS:
        time.sleep(chance.uniform(*LIVES))
        kills += 1
        which = chance.randrange(2)
        pair[which].kill()
        pair[which] = newsroom.rehearse(*options)
    newsroom.wait_until(wanted)
    last = resident(steady.pid)
    assert [desk.stop() for desk in (steady, *pair)] == [0, 0, 0]
    assert kills >= 100
    fault = f"{NIGHTS:,} nights of kills; {first:,} KiB at first and {last:,} at last"
    settle(fault, kills, wanted)
    assert last < GROWTH * first, f"{first} KiB, then {last} KiB"
    assert not newsroom.leftovers()


def made(newsroom: Newsroom) -> int:
    if not newsroom.planned():
        return 0
    return newsroom.select("SELECT count(*) FROM run WHERE state = 'published'")[0][0]

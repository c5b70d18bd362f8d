"""Clocks that jump, hours in which nobody worked, and signals at the worst moment."""

from __future__ import annotations

import signal
from datetime import date, datetime, timedelta

import pytest
from tests.faults.clocks import Clock
from tests.faults.conftest import Settle
from tests.faults.days import ZONE, days, issue
from tests.faults.newsroom import Newsroom
from tests.faults.processes import wait_for

pytestmark = pytest.mark.faults
DAILY = {"every": "day", "at": '"00:00"', "retry": '["1 second", "1 second"]'}
FIRST = date(2026, 3, 9)
HOUR = 3600.0
DAY = 24 * HOUR


@pytest.fixture
def clock(newsroom: Newsroom) -> Clock:
    return Clock(newsroom)


def last_tick(newsroom: Newsroom) -> list[tuple[object, ...]]:
    return newsroom.select("SELECT max(ticked_at) FROM instance")


def quiet(newsroom: Newsroom) -> None:
    """Wait until the scheduler has looked what is due by the clock as it is now."""
    for _ in range(2):
        before = last_tick(newsroom)
        wait_for("a round", lambda before=before: last_tick(newsroom) != before)


def test_an_hour_forward_over_a_fire_it_is_made_late_and_once(
    newsroom: Newsroom, clock: Clock, settle: Settle
):
    newsroom.report("daily", **DAILY)
    desk = newsroom.rehearse(*clock.options)
    newsroom.wait_until([issue(day=FIRST)])
    clock.set(datetime(2026, 3, 10, 23, 30, tzinfo=ZONE))
    clock.jump(HOUR)
    late = issue(day=FIRST + timedelta(days=1))
    newsroom.wait_until([late])
    assert newsroom.rows()[late].trigger == "catch-up"
    clock.jump(-HOUR)
    quiet(newsroom)
    clock.jump(HOUR)
    quiet(newsroom)
    assert desk.stop() == 0
    wanted = days(FIRST, FIRST + timedelta(days=1))
    assert settle("clock +1 h, then -1 h over the same fire", 2, wanted).built_again == 0
    assert newsroom.rows().keys() == set(wanted)


def test_three_days_forward_the_newest_is_made_and_the_others_are_skipped_with_a_reason(
    newsroom: Newsroom, clock: Clock, settle: Settle
):
    newsroom.report("daily", **DAILY)
    desk = newsroom.rehearse(*clock.options)
    newsroom.wait_until([issue(day=FIRST)])
    clock.jump(3 * DAY)
    newsroom.wait_until([issue(day=FIRST + timedelta(days=3))])
    wanted = days(FIRST, FIRST + timedelta(days=3))
    rows = newsroom.rows()
    assert [rows[item].state for item in wanted] == ["published", "skipped", "skipped", "published"]
    assert {rows[item].reason for item in wanted[1:3]} == {"superseded by 2026-03-12"}
    assert desk.stop() == 0
    settle("clock +3 days", 1, wanted)


def test_after_three_fires_without_anybody_each_policy_makes_what_it_says(
    newsroom: Newsroom, clock: Clock, settle: Settle
):
    policies = {
        "latest": {"catch_up": "latest"},
        "all": {"catch_up": "all"},
        "none": {"catch_up": "none"},
        "within": {"catch_up": "all", "catch_up_window": "40 hours"},
    }
    for name, keys in policies.items():
        newsroom.report(name, **{**DAILY, **keys, "since": "2026-03-10"})
    first = newsroom.rehearse(*clock.options)
    wait_for("a plan for each", lambda: newsroom.planned(4))
    assert first.stop() == 0
    clock.jump(3 * DAY)
    second = newsroom.rehearse(*clock.options)
    three = {name: days(date(2026, 3, 10), date(2026, 3, 12), name) for name in policies}
    wait_for(
        "an end of each",
        lambda: ended(newsroom, [item for items in three.values() for item in items]),
    )
    assert second.stop() == 0
    rows = newsroom.rows()
    found = {name: [rows[item].state for item in three[name]] for name in policies}
    assert found == {
        "latest": ["skipped", "skipped", "published"],
        "all": ["published"] * 3,
        "none": ["skipped"] * 3,
        "within": ["skipped", "published", "published"],
    }
    assert {rows[item].reason for item in three["none"]} == {"missed, and catch_up is none"}
    assert "catch_up_window" in rows[three["within"][0]].reason
    settle(
        "down over three fires, by policy", 4, [item for items in three.values() for item in items]
    )


def ended(newsroom: Newsroom, issues: list[str]) -> bool:
    found = newsroom.states()
    return all(found.get(item) in {"published", "skipped"} for item in issues)


def test_a_broken_configuration_is_not_taken_over_and_a_good_one_is(
    newsroom: Newsroom, clock: Clock, settle: Settle
):
    newsroom.report("daily", **DAILY)
    desk = newsroom.rehearse(*clock.options)
    newsroom.wait_until([issue(day=FIRST)])
    good = (newsroom.root / "config.yaml").read_text(encoding="utf-8")
    (newsroom.root / "config.yaml").write_text(f"{good}    attime: 6\n", encoding="utf-8")
    desk.signal(signal.SIGHUP)
    desk.hear("not reloaded, going on as before")
    (refused,) = desk.said("not reloaded, going on as before")
    assert "attime" in refused["reason"]
    newsroom.report("later", **DAILY)  # writes a good config.yaml with one report more
    desk.signal(signal.SIGHUP)
    desk.hear("reloaded")
    newsroom.wait_until([issue("later", day=FIRST)])
    clock.jump(12 * HOUR)
    second = FIRST + timedelta(days=1)
    wanted = [*days(FIRST, second), *days(FIRST, second, "later")]
    newsroom.wait_until(wanted)
    assert desk.stop() == 0
    assert settle("SIGHUP with a broken and a good configuration", 2, wanted).built_again == 0

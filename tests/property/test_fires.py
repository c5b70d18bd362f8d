"""Due times: one on each local day in every zone, and no period owed twice or not at all."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from cronsim import CronSim
from hypothesis import assume, given
from hypothesis import strategies as st

from briefing.calendars import fires, is_business_day, next_fires
from briefing.periods import Grain, Period
from briefing.structures import Fire, Schedule

AWKWARD = (
    *("America/New_York", "Europe/Berlin", "Europe/Helsinki", "Australia/Sydney"),
    *("Australia/Lord_Howe", "Africa/Casablanca", "Asia/Jerusalem", "America/Santiago"),
    *("America/Havana", "Asia/Beirut", "Africa/Cairo", "Atlantic/Azores", "Europe/London"),
    *("Asia/Seoul", "America/Nuuk", "Pacific/Apia", "America/Asuncion", "Asia/Kathmandu"),
    *("Antarctica/Troll", "America/St_Johns"),
)
EVERY_ZONE = sorted({*available_timezones(), *AWKWARD})
MINUTE = timedelta(minutes=1)
zones = st.one_of(st.sampled_from(AWKWARD), st.sampled_from(EVERY_ZONE))
times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
grains = st.sampled_from([grain for grain in Grain if grain is not Grain.ON_DEMAND])


def moment(day: date) -> datetime:
    """Noon in UTC, days away from where a window matters."""
    return datetime.combine(day, time(12), UTC)


def daily(zone: str, at: time, first: date, last: date, **more: object) -> list[Fire]:
    """The fires of a daily schedule on the local days from first to last."""
    schedule = Schedule("r", 1, Grain.DAY, at=at, timezone=zone, **more)
    return on_days(schedule, first, last)


def daily_cron(zone: str, at: time, first: date, last: date) -> list[Fire]:
    cron = f"{at.minute} {at.hour} * * *"
    return on_days(Schedule("r", 1, None, cron=cron, timezone=zone), first, last)


def on_days(schedule: Schedule, first: date, last: date) -> list[Fire]:
    margin = timedelta(days=2)
    found = fires(schedule, Grain.DAY, moment(first - margin), moment(last + margin))
    return [fire for fire in found if first <= local(fire).date() <= last]


def local(fire: Fire) -> datetime:
    return fire.at.astimezone(ZoneInfo(fire.schedule.timezone))


def days_that_exist(zone: str, first: date, last: date) -> list[date]:
    """The dates that a clock on the wall shows, looked up hour by hour."""
    start, end = moment(first - timedelta(days=2)), moment(last + timedelta(days=2))
    hours = range(int((end - start) / timedelta(hours=1)))
    seen = {(start + timedelta(hours=n)).astimezone(ZoneInfo(zone)).date() for n in hours}
    return sorted(day for day in seen if first <= day <= last)


@cache
def changes(zone: str, year: int) -> tuple[date, ...]:
    """The days of a year on which the clocks of a zone are changed."""
    place = ZoneInfo(zone)
    offsets = [
        (day, moment(day).astimezone(place).utcoffset())
        for day in (date(year, 1, 1) + timedelta(days=n) for n in range(366))
    ]
    return tuple(day for (_, before), (day, after) in pairwise(offsets) if before != after)


@given(zones, times, st.dates(date(1950, 1, 1), date(2090, 1, 1)))
def test_a_daily_schedule_is_due_once_on_every_day_of_its_zone(zone, at, first):
    last = first + timedelta(days=380)
    found = daily(zone, at, first, last)
    assert [local(fire).date() for fire in found] == days_that_exist(zone, first, last)
    assert all(one.at < other.at for one, other in pairwise(found))
    assert all(fire.at.tzinfo is UTC for fire in found)


@given(zones, times, st.dates(date(1950, 1, 1), date(2090, 1, 1)))
def test_a_daily_schedule_reports_on_each_day_once(zone, at, first):
    last = first + timedelta(days=200)
    found = daily(zone, at, first, last)
    days = days_that_exist(zone, first - timedelta(days=3), last)
    before = [days[days.index(local(fire).date()) - 1] for fire in found]
    assert [fire.period.start for fire in found] == before


@given(zones, times, st.dates(date(1950, 1, 1), date(2090, 1, 1)))
def test_words_and_cron_mean_the_same_times(zone, at, first):
    last = first + timedelta(days=200)
    told, cron = daily(zone, at, first, last), daily_cron(zone, at, first, last)
    assert [(f.at, f.period, f.moved) for f in told] == [(f.at, f.period, f.moved) for f in cron]


def walked(zone: str, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
    """Every minute of real time, and what a clock on the wall shows then."""
    now, place = moment(first - timedelta(days=2)), ZoneInfo(zone)
    while now < moment(last + timedelta(days=2)):
        yield now, now.astimezone(place).replace(tzinfo=None)
        now += MINUTE


def by_hand(zone: str, first: date, last: date) -> dict[tuple[date, time], datetime]:
    """When each time of day is due, found by watching the clock: minute by minute, no arithmetic.

    The first minute that shows the time; where none does, the first after the gap, or the last
    before it if the gap ends on another day.
    """
    due: dict[tuple[date, time], datetime] = {}
    for (earlier, before), (now, shown) in pairwise(walked(zone, first, last)):
        due.setdefault((shown.date(), shown.time()), now)
        skipped = before + MINUTE
        while skipped < shown:
            key = (skipped.date(), skipped.time())
            if shown.date() == skipped.date():
                due.setdefault(key, now)
            elif before.date() == skipped.date():
                due.setdefault(key, earlier)
            skipped += MINUTE
    return due


@pytest.mark.parametrize("zone", AWKWARD)
@pytest.mark.parametrize("year", [2011, 2026])
def test_around_a_change_of_clocks_every_time_of_day_is_as_the_clock_on_the_wall_shows(zone, year):
    for day in changes(zone, year):
        first, last = day - timedelta(days=1), day + timedelta(days=1)
        expected = by_hand(zone, first, last)
        for minute in range(0, 24 * 60, 7):
            at = time(minute // 60, minute % 60)
            days = [first + timedelta(days=n) for n in range(3)]
            wanted = [expected[day, at] for day in days if (day, at) in expected]
            assert [fire.at for fire in daily(zone, at, first, last)] == wanted, at


@given(zones, times, st.dates(date(1975, 1, 1), date(2036, 1, 1)))
def test_cronsim_agrees_but_where_a_gap_ends_on_another_day(zone, at, first):
    last = first + timedelta(days=200)
    place = ZoneInfo(zone)
    start = datetime.combine(first, time(), place) - timedelta(days=1)
    theirs = []
    for due in CronSim(f"{at.minute} {at.hour} * * *", start):
        if due.date() > last:
            break
        theirs.append(due.astimezone(UTC))
    for fire in daily_cron(zone, at, first, last):
        if fire.moved and local(fire).time() < at:  # made up for before the gap
            assert fire.at not in theirs
        else:
            assert fire.at in theirs


@given(
    zones, st.sampled_from(["0 * * * *", "*/15 * * * *", "30 */6 * * *", "0 9-17/2 * * mon-fri"])
)
def test_an_hourly_expression_runs_in_real_time_when_clocks_change(zone, cron):
    schedule = Schedule("r", 1, None, cron=cron, timezone=zone)
    begin = datetime(2026, 10, 20, 0, 7, tzinfo=UTC)
    found = [f.at for f in fires(schedule, Grain.DAY, begin, begin + timedelta(days=15))]
    assert found == sorted(set(found))
    if cron == "*/15 * * * *":
        assert {after - before for before, after in pairwise(found)} == {timedelta(minutes=15)}


# -- windows, periods, business days ----------------------------------------------------------

calendars = st.sampled_from(["", "KR", "US", "DE-BE", "JP", "CN", "IL", "EG", "BR", "GB-ENG"])
shifts = st.sampled_from(["next", "previous", "skip", "none"])
DAYS_ON = ("", "first business day", "last business day", "last day", "1", "15", "20", "31")


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Schedule, Grain]:
    """Any schedule that the configuration would accept, with the grain of its report."""
    grain = draw(grains)
    every = draw(grains.filter(lambda longer: longer.days >= grain.days))
    on = draw(st.sampled_from(DAYS_ON))
    if every is Grain.DAY:
        on = ""
    elif every is Grain.WEEK and on.isdigit():
        on = "thu"
    schedule = Schedule(
        "r",
        1,
        every,
        on,
        draw(times),
        timezone=draw(zones),
        calendar=draw(calendars),
        shift=draw(shifts),
        back=draw(st.integers(0, 3)),
    )
    return schedule, grain


def window(grain: Grain, first: date, periods: int) -> tuple[datetime, datetime]:
    begin = moment(first)
    return begin, begin + timedelta(days=periods * max(grain.days, 14))


instants = st.dates(date(2000, 1, 1), date(2034, 1, 1))


@given(schedules(), instants, st.integers(0, 60))
def test_two_windows_that_touch_hold_what_one_over_both_holds(made, first, split):
    schedule, grain = made
    begin, end = window(schedule.every, first, 4)
    middle = begin + (end - begin) * split / 60
    whole = list(fires(schedule, grain, begin, end))
    parts = [*fires(schedule, grain, begin, middle), *fires(schedule, grain, middle, end)]
    assert parts == whole
    for fire in whole[:3]:  # a window ends with its last instant and begins after its first
        assert fire in list(fires(schedule, grain, fire.at - MINUTE, fire.at))
        assert fire not in list(fires(schedule, grain, fire.at, fire.at + MINUTE))


@given(schedules(), instants)
def test_a_period_is_reported_on_only_after_it_ended(made, first):
    schedule, grain = made
    zone = ZoneInfo(schedule.timezone)
    for fire in fires(schedule, grain, *window(schedule.every, first, 4)):
        assert fire.period.grain is grain
        assert fire.period.ended(local(fire).date())
        assert fire.period.bounds(zone)[1] <= fire.at


@given(schedules(), instants)
def test_fires_come_in_order_and_each_has_its_own_period(made, first):
    schedule, grain = made
    found = list(fires(schedule, grain, *window(schedule.every, first, 5)))
    assert [fire.at for fire in found] == sorted(fire.at for fire in found)
    own = [fire.period for fire in found]
    assert all(one < other for one, other in pairwise(own))
    if schedule.every is grain:
        assert all(one.next() == other for one, other in pairwise(own) if grain is not Grain.DAY)


@given(schedules(), instants)
def test_a_shifted_schedule_is_due_on_business_days_only_and_says_why(made, first):
    schedule, grain = made
    assume(schedule.shift != "none")
    for fire in fires(schedule, grain, *window(schedule.every, first, 5)):
        at_work = is_business_day(schedule.calendar, local(fire).date())
        assert at_work != bool(fire.skipped)
        assert not (fire.skipped and schedule.shift != "skip")


@given(schedules(), instants, st.integers(0, 6))
def test_the_next_fires_are_the_first_of_all_that_follow(made, first, count):
    schedule, grain = made
    now = moment(first)
    found = next_fires(schedule, grain, now, count)
    assert len(found) == count
    if found:
        assert found == list(fires(schedule, grain, now, found[-1].at))[:count]


@given(schedules(), instants)
def test_without_a_shift_it_is_the_last_complete_period_or_one_so_many_before(made, first):
    schedule, grain = replace(made[0], shift="none", timezone="Asia/Seoul"), made[1]
    for fire in fires(schedule, grain, *window(schedule.every, first, 3)):
        newest = Period.last_complete(local(fire).date(), grain)
        assert fire.period == newest.earlier(schedule.back)

"""What holds for every period and every day."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given
from hypothesis import strategies as st

from briefing.periods import Grain, Period

days = st.dates(date(3, 1, 15), date(9998, 12, 1))
years = st.dates(date(1000, 1, 15), date(9998, 12, 1))
grains = st.sampled_from([grain for grain in Grain if grain is not Grain.ON_DEMAND])
zones = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)


@given(days, grains)
def test_the_next_of_the_previous_is_the_same(day, grain):
    period = Period.containing(day, grain)
    assert period.previous().next() == period
    assert period.next().previous() == period
    assert period.previous() < period < period.next()


@given(days, grains)
def test_a_period_contains_the_day_that_it_was_made_for(day, grain):
    period = Period.containing(day, grain)
    assert period.contains(day)
    assert period.start <= day <= period.end


@given(days, grains)
def test_every_day_is_in_exactly_one_period(day, grain):
    period = Period.containing(day, grain)
    assert period.previous().end + timedelta(1) == period.start
    assert period.end + timedelta(1) == period.next().start
    assert Period.containing(period.start, grain) == period
    assert Period.containing(period.end, grain) == period
    assert not period.previous().contains(day)
    assert not period.next().contains(day)


@given(years, grains)
def test_what_is_printed_reads_back(day, grain):
    period = Period.containing(day, grain)
    assert Period.parse(str(period)) == period


@given(years, grains)
def test_names_sort_like_the_time_they_name(day, grain):
    period = Period.containing(day, grain)
    assert str(period.previous()) < str(period) < str(period.next())


@given(days, grains)
def test_a_year_before_is_about_a_year_before(day, grain):
    period = Period.containing(day, grain)
    before = period.same_last_year()
    assert before.grain == grain
    assert 350 <= (period.start - before.start).days <= 380
    assert before.end < period.start


@given(days, grains)
def test_the_last_complete_period_is_the_latest_that_had_ended(day, grain):
    period = Period.last_complete(day, grain)
    assert period.ended(day)
    assert not period.next().ended(day)


@given(years, grains, st.integers(0, 30))
def test_so_many_periods_earlier_are_as_many_steps_back(day, grain, count):
    period = Period.containing(day, grain)
    earlier = period.earlier(count)
    for _ in range(count):
        earlier = earlier.next()
    assert earlier == period


@given(years, grains, st.integers(0, 30))
def test_words_and_names_ask_for_the_same_period(day, grain, count):
    last = Period.last_complete(day, grain)
    assert Period.asked("last", day, grain) == last == Period.asked("last-0", day, grain)
    asked = Period.asked(f"last-{count}", day, grain)
    assert asked == last.earlier(count)
    assert Period.asked(str(asked), day, grain) == asked
    word = "year" if grain.fiscal else grain
    assert Period.asked(f"the {word} before", day, grain) == last


@given(years, grains)
def test_no_grain_is_shorter_than_the_days_it_is_said_to_last(day, grain):
    period = Period.containing(day, grain)
    assert 0 <= (period.end - period.start).days + 1 - grain.days <= 3


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), grains, zones)
def test_periods_of_a_zone_touch_without_gap_or_overlap(day, grain, zone):
    period = Period.containing(day, grain)
    begin, end = period.bounds(zone)
    assert begin.tzinfo is UTC
    assert end == period.next().bounds(zone)[0]
    assert begin == period.previous().bounds(zone)[1]
    assert begin <= end
    if begin < end:
        assert period.contains(begin.astimezone(zone).date())


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), grains, zones)
def test_a_period_begins_at_midnight_or_where_the_clocks_go_on(day, grain, zone):
    period = Period.containing(day, grain)
    begin = period.bounds(zone)[0].astimezone(zone)
    before = (begin.astimezone(UTC) - timedelta(seconds=1)).astimezone(zone)
    if (begin.hour, begin.minute, begin.second) != (0, 0, 0) or begin.date() != period.start:
        assert before.utcoffset() < begin.utcoffset()
    assert before.replace(tzinfo=None) < datetime.combine(period.start, time())

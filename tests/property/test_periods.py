"""What holds for every period and every day."""

from datetime import date, timedelta

from apscheduler.triggers.cron import CronTrigger
from hypothesis import given
from hypothesis import strategies as st

from briefing.periods import Grain, Period, check_cron

days = st.dates(date(2, 1, 15), date(9998, 12, 1))
years = st.dates(date(1000, 1, 15), date(9998, 12, 1))
grains = st.sampled_from([grain for grain in Grain if grain is not Grain.ON_DEMAND])


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


def parts(low: int, high: int) -> st.SearchStrategy[str]:
    """What may stand between the commas of a field of a cron expression."""
    number = st.integers(low, high).map(str)
    span = st.tuples(st.integers(low, high), st.integers(low, high)).map(
        lambda ends: f"{ends[0]}-{ends[1]}"
    )
    step = st.integers(1, 70).map(lambda size: f"/{size}")
    plain = st.one_of(st.just("*"), number, span)
    return st.one_of(plain, st.builds(str.__add__, plain, step))


def names(words: str) -> st.SearchStrategy[str]:
    word = st.sampled_from(words.split())
    return st.one_of(st.just("*"), word, st.builds("{}-{}".format, word, word))


months = st.one_of(parts(1, 12), names("jan feb mar jul dec"))
expressions = st.tuples(
    parts(0, 59), parts(0, 23), parts(1, 31), months, names("mon tue wed thu fri sat sun")
).map(" ".join)


@given(expressions)
def test_what_the_check_accepts_the_alarm_clock_accepts(expression):
    try:
        accepted = check_cron(expression)
    except ValueError:
        return
    CronTrigger.from_crontab(accepted, timezone="Asia/Seoul")

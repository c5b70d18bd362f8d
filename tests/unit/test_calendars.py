"""When schedules are due: business days, holidays, clocks that are changed, cron expressions."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from briefing.calendars import (
    check_calendar,
    check_cron,
    fires,
    is_business_day,
    next_fires,
    no_business_day_because,
)
from briefing.periods import Grain
from briefing.structures import Fire, Schedule

NEW_YEAR = datetime(2025, 12, 31, 15, tzinfo=UTC)  # midnight in Seoul


def seoul(every: Grain | None, on: str = "", **more: object) -> Schedule:
    return Schedule("r", 1, every, on, timezone="Asia/Seoul", **more)


def told(fire: Fire) -> str:
    """A fire as a reader would note it: local day and time, period, and what became of it."""
    local = fire.at.astimezone(ZoneInfo(fire.schedule.timezone))
    note = fire.moved or (fire.skipped and f"skipped, {fire.skipped}")
    return f"{local:%Y-%m-%d %H:%M} {fire.period}{f': {note}' if note else ''}"


def following(schedule: Schedule, grain: Grain, count: int, now: datetime = NEW_YEAR) -> list[str]:
    return [told(fire) for fire in next_fires(schedule, grain, now, count)]


# -- holidays ---------------------------------------------------------------------------------

KOREA_2026 = {
    "2026-01-01": "신정연휴",
    "2026-02-16": "설날 전날",
    "2026-02-17": "설날",
    "2026-02-18": "설날 다음날",
    "2026-03-02": "삼일절 대체 휴일",
    "2026-05-01": "노동절",  # a public holiday since 2026
    "2026-05-05": "어린이날",
    "2026-05-25": "부처님오신날 대체 휴일",
    "2026-06-03": "지방선거일",
    "2026-07-17": "제헌절",  # a public holiday again since 2026
    "2026-08-17": "광복절 대체 휴일",
    "2026-09-24": "추석 전날",
    "2026-09-25": "추석",
    "2026-10-05": "개천절 대체 휴일",
    "2026-10-09": "한글날",
    "2026-12-25": "기독탄신일",
}
KOREA_2027 = {
    "2027-01-01": "신정연휴",
    "2027-02-08": "설날 다음날",
    "2027-02-09": "설날 대체 휴일",
    "2027-03-01": "삼일절",
    "2027-05-03": "노동절 대체 휴일",
    "2027-05-05": "어린이날",
    "2027-05-13": "부처님오신날",
    "2027-07-19": "제헌절 대체 휴일",
    "2027-08-16": "광복절 대체 휴일",
    "2027-09-14": "추석 전날",
    "2027-09-15": "추석",
    "2027-09-16": "추석 다음날",
    "2027-10-04": "개천절 대체 휴일",
    "2027-10-11": "한글날 대체 휴일",
    "2027-12-27": "기독탄신일 대체 휴일",
}


def weekdays_off(calendar: str, year: int) -> list[str]:
    days = (date(year, 1, 1) + timedelta(days=count) for count in range(365))
    return [str(d) for d in days if d.weekday() < 5 and not is_business_day(calendar, d)]


@pytest.mark.parametrize(("year", "expected"), [(2026, KOREA_2026), (2027, KOREA_2027)])
def test_nobody_works_on_the_holidays_of_korea_and_their_substitutes(year, expected):
    assert weekdays_off("KR", year) == list(expected)
    for day, name in expected.items():
        why = no_business_day_because("KR", date.fromisoformat(day))
        assert why == f"{day} is a holiday ({name})"


def test_a_holiday_on_a_weekend_is_called_by_its_name():
    assert no_business_day_because("KR", date(2026, 3, 1)) == "2026-03-01 is a holiday (삼일절)"
    assert no_business_day_because("KR", date(2026, 10, 4)) == "2026-10-04 is a Sunday"
    assert no_business_day_because("", date(2026, 10, 3)) == "2026-10-03 is a Saturday"


def test_without_a_calendar_only_weekends_are_free():
    assert weekdays_off("", 2026) == []
    assert not is_business_day("", date(2026, 10, 3))
    assert not is_business_day("", date(2026, 10, 4))


@pytest.mark.parametrize(
    ("calendar", "day", "works"),
    [
        ("EG", date(2026, 11, 6), False),  # a Friday
        ("EG", date(2026, 11, 8), True),  # a Sunday
        ("DE-BE", date(2027, 3, 8), False),  # women's day, in Berlin
        ("DE-BY", date(2027, 3, 8), True),
        ("DE", date(2027, 3, 8), True),
        ("CN", date(2025, 10, 11), True),  # a Saturday worked in place of a holiday
        ("LK", date(2101, 4, 13), True),  # a year of which the library knows no holidays
    ],
)
def test_a_calendar_brings_its_own_weekend_and_regional_holidays(calendar, day, works):
    assert is_business_day(calendar, day) is works


@pytest.mark.parametrize("code", ["KR", "DE", "DE-BE", "GB-ENG", "US-CA", "FR-Zone A"])
def test_a_known_calendar_is_taken(code):
    assert check_calendar(code) == code


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("kr", "did you mean KR"),
        ("KOR", "did you mean .*KR"),
        ("Korea", "two letters of a country"),
        ("", "two letters of a country"),
        ("XX", "is no calendar"),
        ("date", "is no calendar"),
        ("KR-11", "it has no parts with own holidays"),
        ("DE-XX", "it has BB, BE"),
        ("DE-", "has no part ''"),
        ("DE-BYP", "has no part 'BYP'"),
    ],
)
def test_an_unknown_calendar_is_refused_with_what_there_is(code, part):
    with pytest.raises(ValueError, match=part):
        check_calendar(code)


# -- the first business day, and days that are moved ------------------------------------------


def test_the_first_business_day_of_each_month_in_seoul():
    schedule = seoul(Grain.MONTH, "first business day", calendar="KR")
    assert following(schedule, Grain.MONTH, 13) == [
        "2026-01-02 08:00 2025-12",
        "2026-02-02 08:00 2026-01",
        "2026-03-03 08:00 2026-02",
        "2026-04-01 08:00 2026-03",
        "2026-05-04 08:00 2026-04",
        "2026-06-01 08:00 2026-05",
        "2026-07-01 08:00 2026-06",
        "2026-08-03 08:00 2026-07",
        "2026-09-01 08:00 2026-08",
        "2026-10-01 08:00 2026-09",
        "2026-11-02 08:00 2026-10",
        "2026-12-01 08:00 2026-11",
        "2027-01-04 08:00 2026-12",
    ]


def test_the_last_business_day_reports_on_the_month_before_because_this_one_goes_on():
    schedule = seoul(Grain.MONTH, "last business day", calendar="KR")
    assert following(schedule, Grain.MONTH, 3) == [
        "2026-01-30 08:00 2025-12",
        "2026-02-27 08:00 2026-01",
        "2026-03-31 08:00 2026-02",
    ]


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        ("none", "2026-10-03 08:00 2026-09"),
        ("next", "2026-10-06 08:00 2026-09: 2026-10-03 is a holiday (개천절)"),
        ("previous", "2026-10-02 08:00 2026-09: 2026-10-03 is a holiday (개천절)"),
        ("skip", "2026-10-03 08:00 2026-09: skipped, 2026-10-03 is a holiday (개천절)"),
    ],
)
def test_a_day_that_is_a_holiday_is_moved_or_skipped_as_the_schedule_says(shift, expected):
    schedule = seoul(Grain.MONTH, "3", calendar="KR", shift=shift)
    october = datetime(2026, 9, 30, tzinfo=UTC)
    assert following(schedule, Grain.MONTH, 1, october) == [expected]


def test_a_day_is_not_moved_back_to_where_its_period_still_goes_on():
    schedule = seoul(Grain.MONTH, "1", calendar="KR", shift="previous")
    assert following(schedule, Grain.MONTH, 3) == [
        "2026-01-02 08:00 2025-12: 2026-01-01 is a holiday (신정연휴), and 2025-12 has not ended "
        "on 2025-12-31, the business day before",
        "2026-02-02 08:00 2026-01: 2026-02-01 is a Sunday, and 2026-01 has not ended on "
        "2026-01-30, the business day before",
        "2026-03-03 08:00 2026-02: 2026-03-01 is a holiday (삼일절), and 2026-02 has not ended "
        "on 2026-02-27, the business day before",
    ]


def test_it_may_be_moved_back_across_the_end_of_a_month_where_an_older_one_is_reported_on():
    schedule = seoul(Grain.MONTH, "1", calendar="KR", shift="previous", back=1)
    assert following(schedule, Grain.MONTH, 2) == [
        "2026-01-30 08:00 2025-12: 2026-02-01 is a Sunday",
        "2026-02-27 08:00 2026-01: 2026-03-01 is a holiday (삼일절)",
    ]


def test_a_daily_schedule_that_skips_says_so_for_each_day():
    schedule = seoul(Grain.DAY, at=time(6, 30), calendar="KR", shift="skip")
    assert following(schedule, Grain.DAY, 6, datetime(2026, 10, 1, tzinfo=UTC)) == [
        "2026-10-02 06:30 2026-10-01",
        "2026-10-03 06:30 2026-10-02: skipped, 2026-10-03 is a holiday (개천절)",
        "2026-10-04 06:30 2026-10-03: skipped, 2026-10-04 is a Sunday",
        "2026-10-05 06:30 2026-10-04: skipped, 2026-10-05 is a holiday (개천절 대체 휴일)",
        "2026-10-06 06:30 2026-10-05",
        "2026-10-07 06:30 2026-10-06",
    ]


def test_a_daily_schedule_that_is_moved_makes_up_for_the_weekend_on_monday():
    schedule = seoul(Grain.DAY, at=time(6, 30), shift="next")
    assert following(schedule, Grain.DAY, 4, datetime(2026, 11, 12, 22, tzinfo=UTC)) == [
        "2026-11-16 06:30 2026-11-13: 2026-11-14 is a Saturday",
        "2026-11-16 06:30 2026-11-14: 2026-11-15 is a Sunday",
        "2026-11-16 06:30 2026-11-15",
        "2026-11-17 06:30 2026-11-16",
    ]


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        ("none", "2020-01-27 08:00 2020-W04: skipped, 2020-W05 has no business day"),
        ("skip", "2020-01-27 08:00 2020-W04: skipped, 2020-W05 has no business day"),
        ("next", "2020-02-03 08:00 2020-W04: 2020-W05 has no business day"),
    ],
)
def test_a_week_without_a_business_day_is_not_passed_over_in_silence(shift, expected):
    """The new year's holiday of China in 2020, made longer by the epidemic."""
    schedule = Schedule("r", 1, Grain.WEEK, "first business day", calendar="CN", shift=shift)
    assert following(schedule, Grain.WEEK, 1, datetime(2020, 1, 26, tzinfo=UTC)) == [expected]


# -- days within a period ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "on", "grain", "expected"),
    [
        (Grain.DAY, "", Grain.DAY, ["2026-01-01 08:00 2025-12-31", "2026-01-02 08:00 2026-01-01"]),
        (Grain.WEEK, "", Grain.WEEK, ["2026-01-05 08:00 2026-W01", "2026-01-12 08:00 2026-W02"]),
        (Grain.WEEK, "sun", Grain.WEEK, ["2026-01-04 08:00 2025-W52", "2026-01-11 08:00 2026-W01"]),
        (Grain.MONTH, "", Grain.MONTH, ["2026-01-01 08:00 2025-12", "2026-02-01 08:00 2026-01"]),
        (Grain.MONTH, "31", Grain.MONTH, ["2026-01-31 08:00 2025-12", "2026-02-28 08:00 2026-01"]),
        (
            Grain.MONTH,
            "15",
            Grain.DAY,
            ["2026-01-15 08:00 2026-01-14", "2026-02-15 08:00 2026-02-14"],
        ),
        (
            Grain.QUARTER,
            "20",
            Grain.QUARTER,
            ["2026-01-20 08:00 2025-Q4", "2026-04-20 08:00 2026-Q1"],
        ),
        (
            Grain.QUARTER,
            "40",
            Grain.QUARTER,
            ["2026-02-09 08:00 2025-Q4", "2026-05-10 08:00 2026-Q1"],
        ),
        (
            Grain.HALF,
            "last day",
            Grain.HALF,
            ["2026-06-30 08:00 2025-H2", "2026-12-31 08:00 2026-H1"],
        ),
        (Grain.YEAR, "366", Grain.YEAR, ["2026-12-31 08:00 2025", "2027-12-31 08:00 2026"]),
        (
            Grain.YEAR_FROM_APRIL,
            "first business day",
            Grain.YEAR_FROM_APRIL,
            ["2026-04-01 08:00 FY2025-04", "2027-04-01 08:00 FY2026-04"],
        ),
        (
            Grain.DAY,
            "",
            Grain.ON_DEMAND,
            ["2026-01-01 08:00 2026-01-01", "2026-01-02 08:00 2026-01-02"],
        ),
    ],
)
def test_a_day_is_counted_within_what_it_recurs_in(every, on, grain, expected):
    assert following(seoul(every, on), grain, 2) == expected


def test_a_report_on_demand_is_about_the_day_on_which_it_is_made():
    schedule = seoul(Grain.MONTH, "3", calendar="KR", shift="next")
    october = datetime(2026, 10, 1, tzinfo=UTC)
    assert following(schedule, Grain.ON_DEMAND, 1, october) == [
        "2026-10-06 08:00 2026-10-06: 2026-10-03 is a holiday (개천절)"
    ]


def test_a_due_time_belongs_to_the_window_that_ends_with_it():
    schedule, at = seoul(Grain.MONTH, "1"), datetime(2026, 1, 31, 23, tzinfo=UTC)
    assert [told(f) for f in fires(schedule, Grain.MONTH, at - timedelta(days=1), at)] == [
        "2026-02-01 08:00 2026-01"
    ]
    assert not list(fires(schedule, Grain.MONTH, at, at + timedelta(days=1)))


@pytest.mark.parametrize(
    ("shift", "first", "expected"),
    [
        (
            "next",
            "2026-09-28",
            ["2026-09-23", "2026-09-24", "2026-09-25", "2026-09-26", "2026-09-27"],
        ),
        ("previous", "2026-09-23", ["2026-09-22"]),
        (
            "previous",
            "2026-09-28",
            ["2026-09-23", "2026-09-24", "2026-09-25", "2026-09-26", "2026-09-27"],
        ),
    ],
)
def test_a_window_holds_what_a_long_holiday_moved_into_it(shift, first, expected):
    """The harvest festival of 2026 is free from Thursday 24 to Sunday 27 September."""
    schedule = seoul(Grain.DAY, calendar="KR", shift=shift)
    begin = datetime.fromisoformat(f"{first}T00:00+09:00")
    found = fires(schedule, Grain.DAY, begin, begin + timedelta(days=1))
    assert [str(fire.period) for fire in found] == expected


def test_a_window_holds_what_is_moved_back_into_it_from_beyond():
    schedule = seoul(Grain.MONTH, "27", calendar="KR", shift="previous")
    begin = datetime(2026, 9, 22, 15, tzinfo=UTC)
    (fire,) = fires(schedule, Grain.MONTH, begin, begin + timedelta(days=1))
    assert told(fire) == "2026-09-23 08:00 2026-08: 2026-09-27 is a Sunday"
    daily = seoul(Grain.DAY, calendar="KR", shift="previous", back=7)
    found = list(fires(daily, Grain.DAY, begin, begin + timedelta(days=1)))
    assert [str(fire.period) for fire in found] == [f"2026-09-{day}" for day in range(15, 20)]


# -- clocks that are changed ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "at", "day", "expected"),
    [
        # set forward: 02:00 to 03:00
        ("America/New_York", "02:30", "2026-03-08", "2026-03-08T07:00: 02:30 does not exist"),
        ("America/New_York", "00:00", "2026-03-09", "2026-03-09T04:00"),
        # set back: 02:00 to 01:00, so that 01:30 comes twice
        ("America/New_York", "01:30", "2026-11-01", "2026-11-01T05:30"),
        # set forward at midnight, the day begins at 01:00
        ("America/Santiago", "00:00", "2026-09-06", "2026-09-06T04:00: 00:00 does not exist"),
        # set forward by half an hour
        ("Australia/Lord_Howe", "02:15", "2026-10-04", "2026-10-03T15:30: 02:15 does not exist"),
        # set forward at 23:00, to the next day
        ("America/Nuuk", "23:30", "2026-03-28", "2026-03-29T00:59: 23:30 does not exist"),
        # set back from 00:01 to 23:01 of the day before
        ("America/St_Johns", "00:00", "2010-11-07", "2010-11-07T02:30"),
    ],
)
@pytest.mark.parametrize("cron", [False, True])
def test_clocks_are_changed_and_the_day_has_its_one_time(zone, at, day, expected, cron):
    hour, minute = map(int, at.split(":"))
    schedule = Schedule("r", 1, Grain.DAY, at=time(hour, minute), timezone=zone)
    if cron:
        schedule = Schedule("r", 1, None, cron=f"{minute} {hour} * * *", timezone=zone)
    noon = datetime.fromisoformat(f"{day}T12:00+00:00")
    found = [
        f"{fire.at:%Y-%m-%dT%H:%M}{f': {fire.moved}' if fire.moved else ''}"
        for fire in fires(schedule, Grain.DAY, noon - timedelta(days=2), noon + timedelta(days=2))
        if str(fire.at.astimezone(ZoneInfo(zone)).date()) == day
    ]
    assert found == [expected + (f" on {day}" if "exist" in expected else "")]


def test_a_zone_that_lost_a_day_has_nothing_due_on_it():
    schedule = Schedule("r", 1, Grain.DAY, timezone="Pacific/Apia")
    assert following(schedule, Grain.DAY, 3, datetime(2011, 12, 29, tzinfo=UTC)) == [
        "2011-12-29 08:00 2011-12-28",
        "2011-12-31 08:00 2011-12-29",
        "2012-01-01 08:00 2011-12-31",
    ]
    monthly = Schedule("r", 1, Grain.MONTH, "30", timezone="Pacific/Apia")
    assert following(monthly, Grain.MONTH, 1, datetime(2011, 12, 29, tzinfo=UTC)) == [
        "2011-12-31 00:00 2011-11: 08:00 does not exist on 2011-12-30"
    ]


# -- cron -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("0 8 1 * *", "0 8 1 * *"),
        ("  30  6 * *  MON-Fri ", "30 6 * * mon-fri"),
        ("*/15 0-6/2 1,15 jan,jul *", "*/15 0-6/2 1,15 jan,jul *"),
        ("0 8 L * *", "0 8 l * *"),
        ("0 8 * * mon#1", "0 8 * * mon#1"),
        ("0 8 * * sat-sun", "0 8 * * sat-sun"),
    ],
)
def test_a_cron_expression_comes_back_tidied(text, clean):
    assert check_cron(text) == clean


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("0 8 1 *", "4 fields"),
        ("0 8 1 * * 2026", "6 fields"),
        ("@daily", "1 fields"),
        ("60 8 1 * *", "minute field is '60'; allowed: 0 to 59"),
        ("0 24 1 * *", "hour"),
        ("0 8 0 * *", "day of month"),
        ("0 8 32 * *", "day of month"),
        ("0 8 1 13 *", "month"),
        ("0 8 * * 1", "day of week field is '1'; programs disagree about the numbers"),
        ("0 8 * * 1-5", "day of week"),
        ("0 8 * * mon,7", "day of week"),
        ("0 8 * * 5l", "day of week"),
        ("0 8 * * */2", "day of week.*where steps begin"),
        ("0 8 * * sunday", "day of week"),
        ("0 8 * * mon#6", "day of week"),
        ("*/0 8 * * *", "minute"),
        ("*/x 8 * * *", "minute"),
        ("1- 8 * * *", "minute"),
        (", 8 * * *", "minute"),
        ("30-10 8 * * *", "minute"),
        ("0 8 * * fri-mon", "day of week"),
        ("*/90 8 * * *", "minute.*step beyond"),
        ("0 8 30 2 *", "never comes"),
        ("0 8 31 4,6 *", "never comes"),
    ],
)
def test_a_wrong_cron_expression_is_refused_with_the_field(text, part):
    with pytest.raises(ValueError, match=part):
        check_cron(text)


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 8 1 * *", ["2026-01-01 08:00 2025-12-31", "2026-02-01 08:00 2026-01-31"]),
        ("30 6 * * mon#1", ["2026-01-05 06:30 2026-01-04", "2026-02-02 06:30 2026-02-01"]),
        ("0 8 * * sat-sun", ["2026-01-03 08:00 2026-01-02", "2026-01-04 08:00 2026-01-03"]),
        ("0 8 lw * *", ["2026-01-30 08:00 2026-01-29", "2026-02-27 08:00 2026-02-26"]),
        ("0 8 29 2 *", ["2028-02-29 08:00 2028-02-28", "2032-02-29 08:00 2032-02-28"]),
        ("0 */12 * * *", ["2026-01-01 12:00 2025-12-31", "2026-01-02 00:00 2026-01-01"]),
    ],
)
def test_a_cron_expression_is_due_by_the_clock_of_its_zone(cron, expected):
    assert following(seoul(None, cron=cron), Grain.DAY, 2) == expected


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-24", 24), ("2026-10-25", 25)]
)
def test_an_hourly_expression_has_as_many_times_as_the_day_has_hours(day, hours):
    berlin = ZoneInfo("Europe/Berlin")
    schedule = Schedule("r", 1, None, cron="0 * * * *", timezone="Europe/Berlin")
    begin = datetime.combine(date.fromisoformat(day), time(0), berlin)
    end = begin + timedelta(days=1)  # midnight on the wall
    found = list(fires(schedule, Grain.DAY, begin - timedelta(minutes=1), end))[:-1]
    assert len(found) == len({fire.at for fire in found}) == hours


def test_a_cron_expression_keeps_clear_of_holidays_too():
    schedule = seoul(None, cron="0 8 1 * *", calendar="KR", shift="next")
    assert following(schedule, Grain.MONTH, 2) == [
        "2026-01-02 08:00 2025-12: 2026-01-01 is a holiday (신정연휴)",
        "2026-02-02 08:00 2026-01: 2026-02-01 is a Sunday",
    ]


def test_minutes_in_a_gap_that_fall_on_one_instant_are_one_time():
    schedule = Schedule("r", 1, None, cron="0,15,30 2 * * *", timezone="America/New_York")
    day = datetime(2026, 3, 8, tzinfo=UTC)
    assert [told(f) for f in fires(schedule, Grain.DAY, day, day + timedelta(days=1))] == [
        "2026-03-08 03:00 2026-03-07: 02:00 does not exist on 2026-03-08"
    ]

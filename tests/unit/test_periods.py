"""Periods: how they are written, where they end, what is before and after."""

from datetime import UTC, date
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from briefing.config import load_project
from briefing.editions import edition_of
from briefing.errors import UsageError
from briefing.formatting import period_title
from briefing.periods import Grain, Period
from briefing.tables.periodic import with_period


@pytest.mark.parametrize(
    ("text", "start", "end", "grain"),
    [
        ("2026-10-21", date(2026, 10, 21), date(2026, 10, 21), Grain.DAY),
        ("2026-W43", date(2026, 10, 19), date(2026, 10, 25), Grain.WEEK),
        ("2026-W53", date(2026, 12, 28), date(2027, 1, 3), Grain.WEEK),
        ("2020-W53", date(2020, 12, 28), date(2021, 1, 3), Grain.WEEK),
        ("2025-W01", date(2024, 12, 30), date(2025, 1, 5), Grain.WEEK),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29), Grain.MONTH),
        ("2023-02", date(2023, 2, 1), date(2023, 2, 28), Grain.MONTH),
        ("1900-02", date(1900, 2, 1), date(1900, 2, 28), Grain.MONTH),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31), Grain.MONTH),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31), Grain.QUARTER),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31), Grain.QUARTER),
        ("2026-H1", date(2026, 1, 1), date(2026, 6, 30), Grain.HALF),
        ("2026-H2", date(2026, 7, 1), date(2026, 12, 31), Grain.HALF),
        ("2026", date(2026, 1, 1), date(2026, 12, 31), Grain.YEAR),
        ("FY2026-04", date(2026, 4, 1), date(2027, 3, 31), Grain.YEAR_FROM_APRIL),
        ("FY2023-03", date(2023, 3, 1), date(2024, 2, 29), Grain.YEAR_FROM_MARCH),
        ("FY2026-12", date(2026, 12, 1), date(2027, 11, 30), Grain.YEAR_FROM_DECEMBER),
        ("9999-12", date(9999, 12, 1), date(9999, 12, 31), Grain.MONTH),
        ("2024-02-29", date(2024, 2, 29), date(2024, 2, 29), Grain.DAY),
        ("0987-W10", date(987, 3, 5), date(987, 3, 11), Grain.WEEK),
    ],
)
def test_a_period_reads_and_prints_as_people_write_it(text, start, end, grain):
    period = Period.parse(text)
    assert (period.start, period.end, period.grain) == (start, end, grain)
    assert str(period) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "October", "2026-13", "2026-00", "2026-W54", "2025-W53", "2026-W00", "2026-Q5"),
        *("2026-H0", "2026-H3", "FY2026", "FY2026-01", "FY2026-13", "FY26-04", "9999-W52"),
        *("2026-02-29", "2026-1", "26", "2026-10-21T00:00", " 2026", "2026-W5", "0000"),
    ],
)
def test_what_is_no_period_is_refused_with_the_text(text):
    with pytest.raises(ValueError, match=r"is no period|not in the calendar") as refused:
        Period.parse(text)
    assert repr(text) in str(refused.value)


def test_a_fiscal_year_from_january_is_a_calendar_year():
    with pytest.raises(ValueError, match="a year that begins in January is written 2026"):
        Period.parse("FY2026-01")


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("2026-01", "2025-12"),
        ("2026-Q1", "2025-Q4"),
        ("2026", "2025"),
        ("2026-H1", "2025-H2"),
        ("2026-H2", "2026-H1"),
        ("FY2026-04", "FY2025-04"),
        ("2026-W01", "2025-W52"),
        ("2027-W01", "2026-W53"),
        ("2024-03-01", "2024-02-29"),
        ("2023-03-01", "2023-02-28"),
    ],
)
def test_the_period_before_and_the_one_after(text, before):
    assert str(Period.parse(text).previous()) == before
    assert str(Period.parse(before).next()) == text


@pytest.mark.parametrize(
    ("today", "grain", "expected"),
    [
        (date(2026, 11, 1), Grain.MONTH, "2026-10"),
        (date(2026, 10, 31), Grain.MONTH, "2026-09"),
        (date(2026, 1, 1), Grain.MONTH, "2025-12"),
        (date(2026, 1, 1), Grain.QUARTER, "2025-Q4"),
        (date(2026, 1, 1), Grain.YEAR, "2025"),
        (date(2026, 6, 30), Grain.HALF, "2025-H2"),
        (date(2026, 7, 1), Grain.HALF, "2026-H1"),
        (date(2026, 3, 31), Grain.YEAR_FROM_APRIL, "FY2024-04"),
        (date(2026, 4, 1), Grain.YEAR_FROM_APRIL, "FY2025-04"),
        (date(2026, 10, 26), Grain.WEEK, "2026-W43"),
        (date(2026, 10, 25), Grain.WEEK, "2026-W42"),
        (date(2027, 1, 4), Grain.WEEK, "2026-W53"),
        (date(2024, 3, 1), Grain.DAY, "2024-02-29"),
        (date(2024, 3, 1), Grain.ON_DEMAND, "2024-03-01"),
    ],
)
def test_the_last_complete_period_had_ended_before_today(today, grain, expected):
    period = Period.last_complete(today, grain)
    assert str(period) == expected
    assert period.ended(today)


def test_a_period_has_not_ended_on_its_last_day():
    october = Period.parse("2026-10")
    assert not october.ended(date(2026, 10, 31))
    assert october.ended(date(2026, 11, 1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-02-29", "2023-02-28"),
        ("2025-02-28", "2024-02-28"),
        ("2024-02", "2023-02"),
        ("2026-W53", "2025-W52"),
        ("2021-W53", None),
        ("2027-W01", "2026-W01"),
        ("2026-Q3", "2025-Q3"),
        ("2026-H2", "2025-H2"),
        ("FY2026-10", "FY2025-10"),
        ("2026", "2025"),
    ],
)
def test_the_same_period_a_year_before(text, expected):
    if expected is None:
        with pytest.raises(ValueError, match="not in the calendar"):
            Period.parse(text)
    else:
        assert str(Period.parse(text).same_last_year()) == expected


def test_a_period_contains_its_first_and_last_day_and_no_other():
    week = Period.parse("2026-W53")
    assert week.contains(date(2026, 12, 28))
    assert week.contains(date(2027, 1, 3))
    assert not week.contains(date(2026, 12, 27))
    assert not week.contains(date(2027, 1, 4))


@pytest.mark.parametrize(
    ("text", "grain", "expected"),
    [
        ("last", Grain.MONTH, "2026-10"),
        ("last-1", Grain.MONTH, "2026-09"),
        ("last-12", Grain.MONTH, "2025-10"),
        ("the month before", Grain.MONTH, "2026-10"),
        ("  The  Month before ", Grain.MONTH, "2026-10"),
        ("the day before", Grain.DAY, "2026-11-09"),
        ("the week before", Grain.WEEK, "2026-W45"),
        ("last-2", Grain.QUARTER, "2026-Q1"),
        ("the half before", Grain.HALF, "2026-H1"),
        ("the year before", Grain.YEAR, "2025"),
        ("last", Grain.YEAR_FROM_DECEMBER, "FY2024-12"),
        ("the year before", Grain.YEAR_FROM_APRIL, "FY2025-04"),
        ("the year-from-april before", Grain.YEAR_FROM_APRIL, "FY2025-04"),
        ("last", Grain.ON_DEMAND, "2026-11-10"),
        ("last-1", Grain.ON_DEMAND, "2026-11-09"),
        ("2026-02", Grain.MONTH, "2026-02"),
        ("FY2024-07", Grain.YEAR_FROM_JULY, "FY2024-07"),
    ],
)
def test_a_period_can_be_asked_for_in_words_that_count_back(text, grain, expected):
    assert str(Period.asked(text, date(2026, 11, 10), grain)) == expected


@pytest.mark.parametrize(
    ("text", "grain", "instead"),
    [
        ("the week before", Grain.MONTH, "the month before"),
        ("the month before", Grain.WEEK, "the week before"),
        ("the quarter before", Grain.YEAR_FROM_APRIL, "the year before"),
        ("the year-from-may before", Grain.YEAR_FROM_APRIL, "the year before"),
        ("the day before", Grain.ON_DEMAND, "'last'"),
        ("the fortnight before", Grain.DAY, "the day before"),
    ],
)
def test_words_for_another_grain_than_the_report_has_are_refused(text, grain, instead):
    with pytest.raises(ValueError, match=f"grain {grain}") as refused:
        Period.asked(text, date(2026, 11, 10), grain)
    assert instead in str(refused.value)


@pytest.mark.parametrize("text", ["last-", "last-x", "last 1", "before", "next", "last--1"])
def test_other_words_are_no_period(text):
    with pytest.raises(ValueError, match="is no period; write it as"):
        Period.asked(text, date(2026, 11, 10), Grain.MONTH)


def test_before_the_first_year_there_is_no_period():
    with pytest.raises(ValueError, match="there is no calendar"):
        Period.asked("last-9999", date(2026, 11, 10), Grain.YEAR)


@pytest.mark.parametrize(
    ("text", "zone", "begin", "end"),
    [
        ("2026-10", "UTC", "2026-10-01T00:00", "2026-11-01T00:00"),
        ("2026-10", "Asia/Seoul", "2026-09-30T15:00", "2026-10-31T15:00"),
        ("2026-03-08", "America/New_York", "2026-03-08T05:00", "2026-03-09T04:00"),
        ("2026-11-01", "America/New_York", "2026-11-01T04:00", "2026-11-02T05:00"),
        # midnight is in the gap: 24:00 on the 5th is 01:00 on the 6th
        ("2026-09-06", "America/Santiago", "2026-09-06T04:00", "2026-09-07T03:00"),
        ("2026-09-05", "America/Santiago", "2026-09-05T04:00", "2026-09-06T04:00"),
        # a day that Samoa never had, as it moved across the date line
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00", "2011-12-30T10:00"),
        ("2011-12", "Pacific/Apia", "2011-12-01T10:00", "2011-12-31T10:00"),
    ],
)
def test_a_period_begins_and_ends_by_the_clock_of_its_zone(text, zone, begin, end):
    bounds = Period.parse(text).bounds(ZoneInfo(zone))
    assert [f"{moment:%Y-%m-%dT%H:%M}" for moment in bounds] == [begin, end]
    assert {moment.tzinfo for moment in bounds} == {UTC}


@pytest.mark.parametrize(
    ("text", "english", "korean"),
    [
        ("2026-H1", "1st half 2026", "2026년 상반기"),
        ("2026-H2", "2nd half 2026", "2026년 하반기"),
        ("FY2026-04", "April 2026 – March 2027", "2026년 4월~2027년 3월"),
        ("FY2026-12", "December 2026 – November 2027", "2026년 12월~2027년 11월"),
    ],
)
def test_halves_and_fiscal_years_have_a_title_for_a_reader(text, english, korean):
    assert period_title(Period.parse(text), "en") == english
    assert period_title(Period.parse(text), "ko") == korean


@pytest.mark.parametrize(
    ("grain", "names"),
    [
        (Grain.HALF, ["2025-H2", "2026-H1", "2026-H2"]),
        (Grain.YEAR_FROM_APRIL, ["FY2025-04", "FY2025-04", "FY2026-04"]),
    ],
)
def test_rows_of_a_table_fall_into_halves_and_fiscal_years(grain, names):
    days = pd.to_datetime(["2025-12-31", "2026-03-31", "2026-07-01", None])
    rows = with_period(pd.DataFrame({"day": days}), "day", grain)
    assert list(rows["period"]) == names


def test_a_column_of_years_does_not_tell_the_fiscal_year():
    with pytest.raises(ValueError, match="holds no dates to group by year-from-april"):
        with_period(pd.DataFrame({"year": [2025, 2026]}), "year", Grain.YEAR_FROM_APRIL)


@pytest.mark.parametrize(
    ("grain", "period"), [("half", "2026-H1"), ("year-from-april", "FY2025-04")]
)
def test_a_report_is_made_by_half_or_fiscal_year(small_project, grain, period):
    small_project.replace(small_project.report_file, "grain: month", f"grain: {grain}")
    small_project.replace(small_project.report_file, "to: month", f"to: {grain}")
    project = load_project(small_project.root)
    report = project.reports["library-loans"]
    assert str(edition_of(project, report, date(2026, 11, 10)).period) == period
    asked = edition_of(project, report, date(2026, 11, 10), period="last-1")
    assert str(asked.period) == str(Period.parse(period).previous())


def test_words_for_another_grain_are_a_wrong_use_with_a_hint(small_project):
    project = load_project(small_project.root)
    report = project.reports["library-loans"]
    with pytest.raises(UsageError, match="grain month; write 'the month before'") as refused:
        edition_of(project, report, date(2026, 11, 10), period="the week before")
    assert refused.value.hint.startswith("The last complete one is 2026-10;")

"""Periods: how they are written, where they end, what is before and after."""

from datetime import date

import pytest

from briefing.periods import Grain, Period, check_cron


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
        ("2026", date(2026, 1, 1), date(2026, 12, 31), Grain.YEAR),
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
        *("2026-02-29", "2026-1", "26", "2026-10-21T00:00", " 2026", "2026-W5", "0000"),
    ],
)
def test_what_is_no_period_is_refused_with_the_text(text):
    with pytest.raises(ValueError, match=r"is no period|not in the calendar") as refused:
        Period.parse(text)
    assert repr(text) in str(refused.value)


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("2026-01", "2025-12"),
        ("2026-Q1", "2025-Q4"),
        ("2026", "2025"),
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
    ("text", "clean"),
    [
        ("0 8 1 * *", "0 8 1 * *"),
        ("  30  6 * *  MON-Fri ", "30 6 * * mon-fri"),
        ("*/15 0-6/2 1,15 jan,jul *", "*/15 0-6/2 1,15 jan,jul *"),
    ],
)
def test_a_cron_expression_comes_back_tidied(text, clean):
    assert check_cron(text) == clean


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("0 8 1 *", "4 fields"),
        ("0 8 1 * * 2026", "6 fields"),
        ("60 8 1 * *", "minute"),
        ("0 24 1 * *", "hour"),
        ("0 8 0 * *", "day of month"),
        ("0 8 32 * *", "day of month"),
        ("0 8 1 13 *", "month"),
        ("0 8 * * 1", "day of week"),
        ("0 8 * * sunday", "day of week"),
        ("*/0 8 * * *", "step"),
        ("*/x 8 * * *", "step"),
        ("1- 8 * * *", "minute"),
        (", 8 * * *", "minute"),
        ("30-10 8 * * *", "minute"),
        ("0 8 * * fri-mon", "day of week"),
        ("*/90 8 * * *", "minute"),
    ],
)
def test_a_wrong_cron_expression_is_refused_with_the_field(text, part):
    with pytest.raises(ValueError, match=part):
        check_cron(text)

"""Numbers, money and dates as English and Korean readers see them."""

from datetime import date
from decimal import Decimal

import pandas as pd
import pytest

from briefing import formatting
from briefing.formatting import money, number, percent, period_title, qualified, quantity
from briefing.periods import Period


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (0, 0, "0"),
        (-0.04, 1, "0.0"),
        (1234567, 0, "1,234,567"),
        (1234.56, 1, "1,234.6"),
        (0.5, 0, "0"),
        (1.5, 0, "2"),
        (2.5, 0, "2"),
        (-2, 0, "-2"),
        (Decimal("0.25"), 1, "0.2"),
        (2**63 - 1, 0, "9,223,372,036,854,775,807"),
        (1e30, 0, "1,000,000,000,000,000,000,000,000,000,000"),
    ],
)
def test_numbers_have_separators_and_round_half_to_even(value, decimals, expected):
    assert number(value, "en", decimals) == expected


@pytest.mark.parametrize(
    ("minor", "currency", "long", "short"),
    [
        (32_700_000_000, "KRW", "32.7 billion won", "₩32.7bn"),
        (1_400_000_000_000, "KRW", "1.4 trillion won", "₩1.4tn"),
        (60_000_000, "KRW", "60 million won", "₩60m"),
        (999, "KRW", "999 won", "₩999"),
        (0, "KRW", "0 won", "₩0"),
        (-1_500_000, "KRW", "-1.5 million won", "-₩1.5m"),
        (68_400_000_000, "USD", "US$684 million", "US$684m"),
        (150, "USD", "US$1.5", "US$1.5"),
        (3_700_000, "USD", "US$37,000", "US$37,000"),
        (100, "EUR", "1 EUR", "EUR 1"),
    ],
)
def test_money_in_english(minor, currency, long, short):
    assert money(minor, currency, "en") == long
    assert money(minor, currency, "en", short=True) == short


@pytest.mark.parametrize(
    ("minor", "currency", "long"),
    [
        (32_700_000_000, "KRW", "327억 원"),
        (1_400_000_000_000, "KRW", "1조 4,000억 원"),
        (123_456_789, "KRW", "1억 2,346만 원"),
        (60_000_000, "KRW", "6,000만 원"),
        (99_999_999, "KRW", "1억 원"),
        (999, "KRW", "999 원"),
        (-200_000_000, "KRW", "-2억 원"),
        (68_400_000_000, "USD", "6억 8,400만 달러"),
    ],
)
def test_money_in_korean(minor, currency, long):
    assert money(minor, currency, "ko") == long


@pytest.mark.parametrize(
    ("minor", "currency", "expected"),
    [(15_000, "KRW", "1.5만 원"), (3_700_000, "USD", "3.7만 달러"), (12_000, "KRW", "1.2만 원")],
)
def test_korean_money_keeps_a_decimal_below_ten_thousands(minor, currency, expected):
    """One decimal is kept: 15,000 won are not 2만 원."""
    assert money(minor, currency, "ko") == expected


def test_an_amount_that_rounds_up_to_the_next_word_uses_that_word():
    assert money(999_960_000, "KRW", "en") == "1 billion won"
    assert money(999_960_000_000, "KRW", "en", short=True) == "₩1tn"


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (1, "cities", "1 city"),
        (5, "cities", "5 cities"),
        (1, "companies", "1 company"),
        (1, "cases", "1 case"),
        (2.5, "cases", "2.5 cases"),
        (50, "percent", "50%"),
        (12.5, "percent", "12.5%"),
        (0.306, "ratio", "31%"),
        (1000, "", "1,000"),
        (42_000_000, "KRW/person", "42 million won per person"),
    ],
)
def test_a_quantity_has_its_unit(value, unit, expected):
    assert quantity(value, unit, "en") == expected


def test_a_quantity_for_each_in_korean():
    assert quantity(42_000_000, "KRW/명", "ko") == "명당 4,200만 원"


@pytest.mark.parametrize("nothing", [None, pd.NA, pd.NaT, float("nan")])
def test_nothing_is_not_zero(nothing):
    assert quantity(nothing, "cities", "en") == "not reported"
    assert quantity(nothing, "KRW", "ko") == "보고 없음"


def test_an_exact_figure_is_not_cut_off():
    """A rate of 686.97 won is not 686 won."""
    assert quantity(686.97, "KRW", "en") == "687 won"


@pytest.mark.parametrize(
    ("hedge", "english", "korean"),
    [
        ("about", "about 80", "약 80"),
        ("at_least", "at least 80", "80 이상"),
        ("more_than", "more than 80", "80 초과"),
        ("up_to", "up to 80", "최대 80"),
        ("range_min", "from 80", "80부터"),
        ("range_max", "up to 80", "최대 80"),
        ("exact", "80", "80"),
        (None, "80", "80"),
        (pd.NA, "80", "80"),
    ],
)
def test_the_hedge_of_the_source_stays_with_the_figure(hedge, english, korean):
    assert qualified("80", hedge, "en") == english
    assert qualified("80", hedge, "ko") == korean


def test_shares_and_dates():
    assert percent(0.305, "en", 1) == "30.5%"
    assert formatting.day(date(2014, 9, 11), "en") == "11 September 2014"
    assert formatting.day(date(2026, 6, 30), "en", "month") == "June 2026"
    assert formatting.day(date(2026, 6, 30), "ko") == "2026년 6월 30일"
    assert formatting.day(pd.Timestamp(2026, 6, 30), "en", "year") == "2026"


@pytest.mark.parametrize(
    ("text", "english", "korean"),
    [
        ("2026-10", "October 2026", "2026년 10월"),
        ("2026", "2026", "2026년"),
        ("2026-Q3", "Third quarter 2026", "2026년 3분기"),
        ("2026-W53", "Week 53, 2026", "2026년 53주"),
        ("2026-10-21", "21 October 2026", "2026년 10월 21일"),
    ],
)
def test_a_period_as_a_title(text, english, korean):
    assert period_title(Period.parse(text), "en") == english
    assert period_title(Period.parse(text), "ko") == korean


def test_a_listing():
    assert formatting.listing([], "en") == ""
    assert formatting.listing(["a"], "en") == "a"
    assert formatting.listing(["a", "b", "c"], "en") == "a, b and c"
    assert formatting.listing(["가", "나", "다"], "ko") == "가, 나, 다"

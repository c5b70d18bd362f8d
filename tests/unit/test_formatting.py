"""Numbers, money and dates as English and Korean readers see them."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from briefing import formatting
from briefing.config import load_project
from briefing.formatting import money, number, percent, period_title, qualified, quantity
from briefing.periods import Period
from briefing.structures import Column, UnitWords

REPOSITORY = Path(__file__).parents[2]


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


UNITS = {
    "en": {
        "companies": UnitWords("company", "companies", "company"),
        "people": UnitWords("person", "people", "person"),
    },
    "ko": {
        "companies": UnitWords("개사", "개사", "1개사"),
        "people": UnitWords("명", "명", "1인"),
    },
}


@pytest.mark.parametrize(
    ("value", "unit", "english", "korean"),
    [
        (1, "people", "1 person", "1명"),
        (1.0, "people", "1 person", "1명"),
        (0, "people", "0 people", "0명"),
        (80, "people", "80 people", "80명"),
        (2.5, "companies", "2.5 companies", "2.5개사"),
        (5_000_000, "KRW/people", "5 million won per person", "1인당 500만 원"),
        (32_000_000, "KRW/companies", "32 million won per company", "1개사당 3,200만 원"),
        (1, "sheets", "1 sheet", "1sheets"),
        (7, "sheets", "7 sheets", "7sheets"),
    ],
)
def test_units_are_called_as_the_dataset_says_in_each_language(value, unit, english, korean):
    assert quantity(value, unit, "en", units=UNITS["en"]) == english
    assert quantity(value, unit, "ko", units=UNITS["ko"]) == korean


@pytest.mark.parametrize(
    ("column", "row", "english", "korean"),
    [
        (
            {"kind": "quantity", "unit_column": "u", "qualifier_column": "h"},
            {"x": 80, "u": "people", "h": "at_least"},
            "at least 80 people",
            "80명 이상",
        ),
        ({"kind": "quantity", "unit": "people"}, {"x": None}, "not reported", "보고 없음"),
        ({"kind": "code"}, {"x": "under_way"}, "under way", "under way"),
        ({"kind": "code"}, {"x": None}, "", ""),
        (
            {"kind": "date"},
            {"x": pd.Timestamp(2026, 10, 31)},
            "31 October 2026",
            "2026년 10월 31일",
        ),
        ({"kind": "date"}, {"x": pd.NaT}, "", ""),
        ({}, {"x": "a_b"}, "a_b", "a_b"),
    ],
)
def test_a_cell_as_a_reader_sees_it(column, row, english, korean):
    for language, expected in (("en", english), ("ko", korean)):
        described = Column("x", "x", **column, units=UNITS[language])
        assert formatting.shown(described, row, language) == expected


def test_a_code_is_shown_by_its_label():
    column = Column("x", "x", "code", labels={"under_way": "추진 중"})
    assert formatting.shown(column, {"x": "under_way"}, "ko") == "추진 중"
    assert formatting.shown(column, {"x": "not_labelled"}, "ko") == "not labelled"


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
        ("range_min", "from 80", "최소 80"),
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
        ("2026-Q3", "3rd quarter 2026", "2026년 3분기"),
        ("2026-W53", "Week 53, 2026", "2026년 제53주"),
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


@pytest.mark.parametrize(
    ("last_day", "english", "korean"),
    [
        (date(2026, 12, 31), "the end of 2026", "2026년 말"),
        (pd.Timestamp(2026, 12, 31), "the end of 2026", "2026년 말"),
        (date(2026, 6, 30), "30 June 2026", "2026년 6월 30일"),
    ],
)
def test_a_deadline_at_the_end_of_a_year_is_said_so(last_day, english, korean):
    assert formatting.deadline(last_day, "en") == english
    assert formatting.deadline(last_day, "ko") == korean


@pytest.mark.parametrize(
    ("first", "last", "english", "korean"),
    [
        (2024, 2026, "2024 to 2026", "2024~2026년"),
        (2024, 2024, "2024", "2024년"),
        (2024, None, "2024", "2024년"),
        (pd.NA, 2026, "2026", "2026년"),
    ],
)
def test_a_span_of_years(first, last, english, korean):
    assert formatting.years(first, last, "en") == english
    assert formatting.years(first, last, "ko") == korean


def test_a_span_that_nobody_printed_is_said_so():
    assert formatting.years(None, pd.NA, "en") == "years not printed"
    assert formatting.years(None, pd.NA, "ko") not in {"", "years not printed"}


@pytest.mark.parametrize(
    ("word", "pair", "said"),
    [
        ("부산", "이/가", "부산이"),
        ("대구", "이/가", "대구가"),
        ("서울", "을/를", "서울을"),
        ("제주", "을/를", "제주를"),
        ("사업", "은/는", "사업은"),
        ("회사", "은/는", "회사는"),
        ("기업", "과/와", "기업과"),
        ("학교", "과/와", "학교와"),
        ("부산", "으로/로", "부산으로"),
        ("대구", "으로/로", "대구로"),
        ("서울", "으로/로", "서울로"),
        ("서울", "이라는/라는", "서울이라는"),
        ("0", "이/가", "0이"),
        ("1", "이/가", "1이"),
        ("2", "이/가", "2가"),
        ("3", "은/는", "3은"),
        ("4", "은/는", "4는"),
        ("5", "을/를", "5를"),
        ("6", "으로/로", "6으로"),
        ("7", "으로/로", "7로"),
        ("8", "으로/로", "8로"),
        ("8", "이/가", "8이"),
        ("9", "과/와", "9와"),
        ("10", "으로/로", "10으로"),
        ("2026", "으로/로", "2026으로"),
        ("ABB", "이/가", "ABB가"),
        ("KTL", "이/가", "KTL이"),
        ("KTL", "으로/로", "KTL로"),
        ("AI", "을/를", "AI를"),
        ("RIS", "은/는", "RIS는"),
        ("SM", "은/는", "SM은"),
        ("SCN", "을/를", "SCN을"),
        ("R", "으로/로", "R로"),
        ("대구테크노파크(대구TP)", "이/가", "대구테크노파크(대구TP)가"),
        ("부산 (KR-26)", "이/가", "부산 (KR-26)이"),
        ("“대구”", "이/가", "“대구”가"),
        ("'부산'", "은/는", "'부산'은"),
        ("", "이/가", "가"),
        (327, "은/는", "327은"),
    ],
)
def test_a_particle_fits_the_last_sound(word, pair, said):
    assert formatting.particle(word, pair) == said


@pytest.mark.parametrize(
    ("words", "lowered"),
    [
        ("Technology startups", "technology startups"),
        ("ABB companies", "ABB companies"),
        ("AI", "AI"),
        ("A plan", "a plan"),
        ("지역", "지역"),
        ("", ""),
    ],
)
def test_a_line_in_the_middle_of_a_sentence_begins_small_but_a_name_in_capitals_does_not(
    words, lowered
):
    assert formatting.lower_first(words) == lowered


def test_what_the_shipped_units_say():
    """Every unit of the dataset has its words in both languages, one and many and per."""
    dataset = load_project(REPOSITORY).dataset
    used = set()
    for name, schema in dataset.schemas.items():
        for field in schema.fields:
            if field.unit_column:
                used |= set(dataset.frames[name][field.unit_column].dropna())
            used |= {field.unit}
    plain = {unit for unit in used if unit} - {"percent", "ratio"} - formatting.CURRENCIES
    named = {part for unit in plain for part in unit.split("/")} - formatting.CURRENCIES
    for language in ("en", "ko"):
        assert named - set(dataset.units_in(language)) == set()
    english = dataset.units_in("en")
    assert quantity(1, "companies", "en", units=english) == "1 company"
    assert quantity(1, "companies", "ko", units=dataset.units_in("ko")).startswith("1개")

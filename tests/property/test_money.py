"""Money is exact from the file to the sum, and what is printed is close to what was meant."""

import re
from decimal import Decimal

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from briefing.formatting import minor_units, money
from briefing.structures import DatasetDescription, Field, RawTable, TableSchema
from briefing.validation import validate

LARGEST = 2**63 - 1
amounts = st.one_of(
    st.integers(-LARGEST, LARGEST),
    st.integers(-(10**6), 10**6),
    st.builds(lambda power, more: 10**power + more, st.integers(0, 18), st.integers(-60, 60)),
)
currencies = st.sampled_from(["KRW", "USD", "JPY", "EUR", "KWD"])
SCHEMA = TableSchema(
    "t",
    "t.csv",
    "T",
    (Field("currency"), Field("value", "integer", money=True, unit_column="currency")),
)


def printed_in_file(minor: int, currency: str) -> str:
    """The amount as a file holds it: whole units with as many decimals as the currency has."""
    return str(Decimal(minor).scaleb(-len(str(minor_units(currency))) + 1))


def read(cells: list[tuple[str, str]]) -> pd.Series:
    rows = [list(cell) for cell in cells]
    raw = RawTable(SCHEMA, ("currency", "value"), rows, list(range(2, 2 + len(rows))))
    dataset, problems = validate(DatasetDescription("T", (SCHEMA,)), [raw], {})
    assert problems == []
    return dataset.frames["t"]["value"]


@given(st.lists(st.tuples(currencies, amounts), min_size=1, max_size=8))
def test_an_amount_comes_through_the_file_exactly(given_amounts):
    column = read(
        [(currency, printed_in_file(minor, currency)) for currency, minor in given_amounts]
    )
    assert [int(value) for value in column] == [minor for _, minor in given_amounts]
    assert str(column.dtype) == "Int64"


@given(st.lists(st.integers(-(2**53) * 9, 2**53 * 9), min_size=1, max_size=60))
def test_a_sum_of_a_column_is_the_sum_of_its_numbers(values):
    column = read([("KRW", str(value)) for value in values])
    assert int(column.sum()) == sum(values)


SCALES = {"trillion": 10**12, "billion": 10**9, "million": 10**6}
SHORT = {"tn": 10**12, "bn": 10**9, "m": 10**6}
KOREAN = {"조": 10**12, "억": 10**8, "만": 10**4}


def leading(text: str) -> tuple[Decimal, str]:
    """The number that stands first in the text, and the word right after it."""
    match = re.match(r"-?(?:US\$|₩|[A-Z]{3} )?([\d,.]+) ?([a-z]*)", text)
    assert match, text
    return Decimal(match[1].replace(",", "")), match[2]


@given(amounts, currencies, st.booleans())
def test_the_printed_number_is_within_half_a_decimal_of_the_amount(minor, currency, short):
    text = money(minor, currency, "en", short=short)
    number, word = leading(text)
    scale = (SHORT if short else SCALES).get(word, 1)
    exact = abs(Decimal(minor)) / minor_units(currency) / scale
    assert abs(exact - number) <= Decimal("0.05")
    assert text.startswith("-") == (minor < 0 and Decimal(minor) != 0)


@given(amounts, currencies)
def test_a_larger_amount_is_never_printed_as_less(minor, currency):
    def value(text: str) -> Decimal:
        number, word = leading(text)
        return number * SCALES.get(word, 1) * (-1 if text.startswith("-") else 1)

    assert value(money(minor, currency, "en")) <= value(
        money(min(LARGEST, minor + 1), currency, "en")
    )


def korean_value(text: str) -> Decimal:
    body = text.removeprefix("-").rpartition(" ")[0]
    total = Decimal(0)
    for part in body.split():
        word = KOREAN.get(part[-1], 1)
        total += Decimal(part.rstrip("조억만").replace(",", "")) * word
    return total


@given(amounts, st.sampled_from(["KRW", "USD"]))
def test_korean_money_is_within_a_twentieth(minor, currency):
    """The two largest groups, or one decimal: never further off than one decimal would be."""
    exact = abs(Decimal(minor)) / minor_units(currency)
    shown = korean_value(money(minor, currency, "ko"))
    assert abs(exact - shown) <= max(Decimal("0.05"), exact / 20)


# -- what is printed in both languages, read back by somebody who knows neither's code ------------


def read_english(text: str) -> Decimal:
    """The whole units that "1.4 trillion won" or "-US$684 million" says."""
    found = re.fullmatch(
        r"(-?)(?:US\$)?([\d,]+(?:\.\d)?)(?: (trillion|billion|million))?(?: won)?", text
    )
    assert found, text
    sign, digits, word = found.groups()
    value = Decimal(digits.replace(",", "")) * SCALES.get(word or "", 1)
    return -value if sign else value


def read_korean(text: str) -> Decimal:
    """The whole units that "1조 4,000억 원" or "-1.5만 달러" says."""
    found = re.fullmatch(
        r"(-?)(?:([\d,]+)조)? ?(?:([\d,]+)억)? ?(?:([\d,]+(?:\.\d)?)만)? ?([\d,]+(?:\.\d)?)?"
        r" (?:원|달러)",
        text,
    )
    assert found, text
    sign, *groups = found.groups()
    scales = (10**12, 10**8, 10**4, 1)
    value = sum(
        Decimal(digits.replace(",", "")) * scale
        for digits, scale in zip(groups, scales, strict=True)
        if digits
    )
    return -Decimal(value) if sign else Decimal(value)


won_or_dollars = st.sampled_from(["KRW", "USD"])
round_amounts = st.builds(
    lambda digits, power, sign: sign * digits * 10**power,
    st.integers(1, 99),
    st.integers(3, 15),
    st.sampled_from([1, -1]),
)


@given(round_amounts, won_or_dollars)
def test_an_amount_of_two_digits_reads_the_same_in_both_languages(whole, currency):
    minor = whole * minor_units(currency)
    assert read_english(money(minor, currency, "en")) == whole
    assert read_korean(money(minor, currency, "ko")) == whole


@given(amounts, won_or_dollars)
def test_any_amount_reads_the_same_up_to_what_was_rounded(minor, currency):
    exact = Decimal(minor) / minor_units(currency)
    size = abs(exact)
    english = next((s for s in SCALES.values() if size >= s * Decimal("0.9999")), 1)
    korean = next(
        (
            f
            for s, f in ((10**12, 10**8), (10**8, 10**4), (10**4, 10**3))
            if size >= s * Decimal("0.9999")
        ),
        Decimal("0.1"),
    )
    in_english = read_english(money(minor, currency, "en"))
    in_korean = read_korean(money(minor, currency, "ko"))
    assert abs(in_english - exact) <= Decimal(english) / 20
    assert abs(in_korean - exact) <= Decimal(korean) / 2

"""Money is exact from the file to the sum, and what is printed is close to what was meant."""

import re
from decimal import Decimal

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from briefing.formatting import minor_units, money
from briefing.structures import Field, RawTable, TableSchema
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
    dataset, problems = validate("T", [raw], {})
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

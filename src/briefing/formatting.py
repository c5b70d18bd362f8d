"""How numbers, money and dates are written for a reader, in English and Korean.

Money comes in minor units (int): won have none, a dollar has 100 cents. Nothing is rounded
away silently: one decimal is kept, and where that is not exact the exact figure stands in the
table's CSV.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import TYPE_CHECKING, Any

from babel.dates import format_date
from babel.numbers import format_decimal, get_currency_precision, list_currencies

from briefing.catalogues import catalogue
from briefing.periods import Grain, Period
from briefing.structures import Column, UnitWords

if TYPE_CHECKING:
    import pandas as pd

_NEXT_WORD = Decimal("0.99995")  # 999.95 million rounds to 1,000 million, which is 1 billion
_SCALES_EN = ((10**12, "trillion", "tn"), (10**9, "billion", "bn"), (10**6, "million", "m"))
_NO_UNITS: Mapping[str, UnitWords] = {}
_FINAL_RIEUL = 8
_CLOSED_SOUNDS = frozenset("013678lmnr")
"""Digits and letters whose Korean name ends in a consonant."""
_RIEUL_SOUNDS = frozenset("178lr")
_QUARTERS = {"en": "QQQQ y", "ko": "y년 QQQ"}
_SCALES_KO = ((10**12, "조"), (10**8, "억"), (10**4, "만"))
CURRENCIES = frozenset(list_currencies())
"""Units that are money; an amount in one of them is kept in its minor units."""
_CURRENCY_EN = {"KRW": "won", "USD": "US dollars"}
_CURRENCY_SHORT_EN = {"KRW": "₩", "USD": "US$"}
_CURRENCY_KO = {"KRW": "원", "USD": "달러"}


def not_reported(language: str) -> str:
    """What stands where the sources are silent."""
    return str(catalogue(language).gettext("not reported"))


def is_missing(value: object) -> bool:
    """Whether a cell holds nothing: None, NaN, NA or NaT."""
    if value is None:
        return True
    import pandas as pd  # where a PDF is printed, nobody asks, and it is not loaded

    return bool(pd.isna(value))  # type: ignore[call-overload]


def number(value: float | Decimal, language: str, decimals: int = 0) -> str:
    """A number with its language's separators and exactly so many decimals (half to even)."""
    quantum = Decimal(1).scaleb(-decimals)
    with localcontext() as context:
        context.prec = 400  # the largest float has 309 digits before the point
        rounded = Decimal(str(value)).quantize(quantum, rounding=ROUND_HALF_EVEN)
        if rounded == 0:
            rounded = abs(rounded)  # no minus before a zero
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return str(
            format_decimal(rounded, format=pattern, locale=language, decimal_quantization=False)
        )


def _one_decimal(value: Decimal, language: str) -> str:
    text = number(value, language, 1)
    return text[:-2] if text.endswith(".0") else text


def minor_units(currency: str) -> int:
    """How many minor units make one unit: 1 for KRW, 100 for USD (ISO 4217, by Babel's CLDR)."""
    return int(10 ** get_currency_precision(currency))


def money(minor: int, currency: str, language: str, *, short: bool = False) -> str:
    """An amount of money as people read it: "32.7 billion won", "327억 원"; short "₩32.7bn"."""
    major = Decimal(int(minor)) / minor_units(currency)
    if language == "ko":
        return f"{_korean_amount(major)} {_CURRENCY_KO.get(currency, currency)}"
    sign, size = ("-" if major < 0 else ""), abs(major)
    long_scale, short_scale, figure = "", "", ""
    for scale, word, letters in _SCALES_EN:
        if size >= scale * _NEXT_WORD:
            long_scale, short_scale, figure = f" {word}", letters, _one_decimal(size / scale, "en")
            break
    else:
        figure = _one_decimal(size, "en")
    if short:
        symbol = _CURRENCY_SHORT_EN.get(currency, currency + " ")
        return f"{sign}{symbol}{figure}{short_scale}"
    if currency == "USD":
        return f"{sign}US${figure}{long_scale}"
    return f"{sign}{figure}{long_scale} {_CURRENCY_EN.get(currency, currency)}"


def _korean_amount(major: Decimal) -> str:
    """조, 억 and 만 groups, the two largest that are not zero; the rest is rounded into them."""
    sign, rest = ("-" if major < 0 else ""), abs(major)
    for index, (scale, word) in enumerate(_SCALES_KO):
        if rest >= scale * _NEXT_WORD:
            if index == len(_SCALES_KO) - 1:
                return f"{sign}{_one_decimal(rest / scale, 'ko')}{word}"
            finest = _SCALES_KO[index + 1][0]
            rest = (rest / finest).quantize(Decimal(1), rounding=ROUND_HALF_EVEN) * finest
            break
    else:
        return sign + _one_decimal(rest, "ko")
    parts = []
    for scale, word in _SCALES_KO:
        count, rest = divmod(rest, scale)
        if count:
            parts.append(f"{number(count, 'ko')}{word}")
    return sign + " ".join(parts)


def quantity(
    value: Any,
    unit: str,
    language: str,
    *,
    short: bool = False,
    units: Mapping[str, UnitWords] = _NO_UNITS,
) -> str:
    """A value with its unit: money, percent, or a counted noun ("1 city", "5 cities", "5개사").

    Args:
        units: what the dataset calls its units in that language.
    """
    if is_missing(value):
        return not_reported(language)
    head, _, per = unit.partition("/")
    if head in CURRENCIES and per:
        each = money(_whole(value), head, language, short=short)
        return each if short else per_unit(each, per, language, units)
    if head in CURRENCIES:
        return money(_whole(value), unit, language, short=short)
    decimals = 0 if float(value).is_integer() else 1
    if unit == "percent":
        return number(value, language, decimals) + "%"
    if unit == "ratio":
        return percent(value, language)
    figure = number(value, language, decimals)
    if not unit or (short and language == "en"):
        return figure
    word = unit_word(unit, value, language, units)
    if "{}" in word:
        return word.format(figure)
    return f"{figure}{'' if language == 'ko' else ' '}{word}"


def per_unit(
    text: str, unit: str, language: str, units: Mapping[str, UnitWords] = _NO_UNITS
) -> str:
    """An amount for each of something: "5 million won per person", "1인당 500만 원"."""
    per = units[unit].per if unit in units else unit
    return str(catalogue(language).gettext("{amount} per {unit}")).format(amount=text, unit=per)


def unit_word(
    unit: str, value: float, language: str, units: Mapping[str, UnitWords] = _NO_UNITS
) -> str:
    """What a unit is called beside that number."""
    if unit in units:
        return units[unit].one if value == 1 else units[unit].other
    return _singular(unit) if language == "en" and value == 1 else unit


def shown(column: Column, row: Mapping[Any, Any], language: str, *, short: bool = False) -> str:
    """A cell as a reader sees it: a quantity with unit and hedge, a code's label, a date.

    Args:
        row: the cells of the row by column, helper columns for unit and hedge included.
        short: a quantity without the words of its unit, money with its sign.
    """
    value = row[column.name]
    if column.kind == "quantity":
        unit = str(row[column.unit_column]) if column.unit_column else column.unit
        hedge = row.get(column.qualifier_column) if column.qualifier_column else None
        text = quantity(value, unit, language, short=short, units=column.units)
        return qualified(text, hedge, language)
    if is_missing(value):
        return ""
    if column.kind == "date":
        return day(value, language)
    return column.label(value) if column.kind == "code" else str(value)


def _whole(value: Any) -> int:
    return int(Decimal(str(value)).to_integral_value(ROUND_HALF_EVEN))


def _singular(unit: str) -> str:
    return f"{unit[:-3]}y" if unit.endswith("ies") else unit.removesuffix("s")


def percent(ratio: float, language: str, decimals: int = 0) -> str:
    """A ratio as a percentage: 0.3 is "30%"."""
    return number(Decimal(str(ratio)) * 100, language, decimals) + "%"


def qualified(text: str, qualifier: object, language: str) -> str:
    """Put the hedge of the source back before the figure; exact figures stay as they are."""
    if is_missing(qualifier):
        return text
    say = catalogue(language).gettext
    hedges = {
        "about": say("about {}"),
        "at_least": say("at least {}"),
        "more_than": say("more than {}"),
        "up_to": say("up to {}"),
        "range_min": say("from {}"),
        "range_max": say("up to {}"),
    }
    return str(hedges.get(str(qualifier), "{}")).format(text)


def day(value: date | datetime | pd.Timestamp, language: str, precision: str = "day") -> str:
    """A date as exactly as it is known: "11 September 2014", "June 2026", "2024"."""
    plain = value.date() if isinstance(value, datetime) else value
    forms = {
        "en": {"day": "d MMMM y", "month": "MMMM y", "year": "y"},
        "ko": {"day": "y년 M월 d일", "month": "y년 M월", "year": "y년"},
    }
    return str(format_date(plain, format=forms[language][precision], locale=language))


def deadline(value: date | datetime | pd.Timestamp, language: str) -> str:
    """A last day, as a sentence says it after "by": the last of a year is its end."""
    plain = value.date() if isinstance(value, datetime) else value
    if (plain.month, plain.day) == (12, 31):
        return str(catalogue(language).gettext("the end of {year}")).format(year=plain.year)
    return day(plain, language)


def years(first: object, last: object, language: str) -> str:
    """A span of years: "2024 to 2026", "2024~2026년"; one that begins and ends in a year is it."""
    say = catalogue(language).gettext
    if is_missing(first) and is_missing(last):
        return str(say("years not printed"))
    if is_missing(last) or is_missing(first) or str(first) == str(last):
        return str(say("{year}")).format(year=last if is_missing(first) else first)
    return str(say("{first} to {last}")).format(first=first, last=last)


def period_title(period: Period, language: str) -> str:
    """A period as a reader says it: "October 2026", "3rd quarter 2026", "Week 53, 2026"."""
    say = catalogue(language).gettext
    if period.grain is Grain.MONTH:
        return day(period.start, language, "month")
    if period.grain is Grain.YEAR:
        return day(period.start, language, "year")
    if period.grain is Grain.QUARTER:
        return str(format_date(period.start, format=_QUARTERS[language], locale=language))
    if period.grain is Grain.HALF:
        title = say("1st half {year}") if period.start.month == 1 else say("2nd half {year}")
        return str(title).format(year=period.start.year)
    if period.grain.fiscal:
        first, last = (day(month, language, "month") for month in (period.start, period.end))
        return str(say("{first} – {last}")).format(first=first, last=last)
    if period.grain is Grain.WEEK:
        week = period.start.isocalendar()
        return str(say("Week {week}, {year}")).format(week=week.week, year=week.year)
    return day(period.start, language)


def listing(words: list[str], language: str) -> str:
    """Words as a sentence lists them: "a, b and c"; in Korean "a, b, c"."""
    if language == "ko" or len(words) < 2:
        return ", ".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def particle(word: object, pair: str) -> str:
    """A word with the Korean particle that fits its last sound: ``particle("이/가")``.

    The pair names the form after a consonant first. A word in parentheses at the end is not
    spoken; digits and Latin letters are taken as they are read in Korean; after ㄹ, "으로/로"
    becomes "로".

    Source: the standard language rules, Hangul syllables as Unicode composes them
    (https://www.unicode.org/versions/latest/core-spec/chapter-3/#G24646).
    """
    text = str(word)
    after_consonant, after_vowel = pair.split("/")
    spoken = re.sub(r"\s*\([^()]*\)$", "", text).rstrip("\"'”’)]. ")
    last = spoken[-1:] or " "
    if "가" <= last <= "힣":
        final = (ord(last) - ord("가")) % 28
        consonant, rieul = final != 0, final == _FINAL_RIEUL
    else:
        consonant = last.lower() in _CLOSED_SOUNDS
        rieul = last.lower() in _RIEUL_SOUNDS
    if rieul and after_consonant.startswith("으로"):
        consonant = False
    return text + (after_consonant if consonant else after_vowel)


def lower_first(words: object) -> str:
    """Words that began a line, in the middle of one: a name in capitals keeps them."""
    text = str(words)
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def filters(language: str) -> dict[str, Callable[..., str]]:
    """The Jinja filters, bound to a language."""
    return {
        "number": lambda value, decimals=0: number(value, language, decimals),
        "money": lambda value, currency="KRW": money(value, currency, language),
        "percent": lambda value, decimals=0: percent(value, language, decimals),
        "quantity": lambda value, unit="": quantity(value, unit, language),
        "day": lambda value, precision="day": day(value, language, precision),
        "code": lambda value: str(value).replace("_", " "),
        "deadline": lambda value: deadline(value, language),
        "years": lambda first, last: years(first, last, language),
        "particle": particle,
        "lower_first": lower_first,
        "listing": lambda words: listing([str(word) for word in words], language),
    }

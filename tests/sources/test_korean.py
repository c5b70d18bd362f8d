"""The Korean beside the English: complete, with the same numbers, in the right script."""

import csv
import json
import re
from collections import Counter
from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "data"
PACKAGE = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
HANGUL = re.compile("[\uac00-\ud7a3]")
KOREAN_OWN = {("region_alias", "alias")}  # aliases of both languages in one column
NOT_LABELLED = "unit"  # the package's units say what these are called

CARDINALS = """
    two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen
""".split()
MONTHS = """
    January February March April May June July August September October November December
""".split()
NATIVE = {
    "두": 2,
    "세": 3,
    "네": 4,
    "다섯": 5,
    "여섯": 6,
    "일곱": 7,
    "여덟": 8,
    "아홉": 9,
    "열": 10,
}
DIGITS = re.compile(r"\d+(?:\.\d+)*")
QUOTED = re.compile('"[^"]+"')


def rows(table):
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def pairs():
    """Each Korean column: table, English column, Korean column."""
    for resource in PACKAGE["resources"]:
        names = [field["name"] for field in resource["schema"]["fields"]]
        for name in names:
            base = name.removesuffix("_ko")
            if base != name:
                yield resource["name"], base if base in names else f"{base}_en", name


PAIRS = list(pairs())
FIELDS = [
    (resource["name"], field)
    for resource in PACKAGE["resources"]
    for field in resource["schema"]["fields"]
]


def ids(pair):
    return f"{pair[0]}.{pair[2]}"


def english_numbers(text):
    """Digits, number words but one, first and half, and months, which Korean writes in digits."""
    found = Counter(DIGITS.findall(text))
    for word in re.findall(r"[A-Za-z]+", text):
        known = word.lower().removesuffix("th")
        if known in CARDINALS:
            found[str(CARDINALS.index(known) + 2)] += 1
        if word in MONTHS:
            found[str(MONTHS.index(word) + 1)] += 1
    return found


def korean_numbers(text):
    """Digits, and the numerals that stand before a noun."""
    found = Counter(DIGITS.findall(text))
    numerals = "|".join(NATIVE)
    for word in re.findall(f"(?<![\uac00-\ud7a3])({numerals})(?: |$)", text):
        found[str(NATIVE[word])] += 1
    return found


@pytest.mark.parametrize(
    ("english", "korean"),
    [
        ("about 1.4 of 50", "50 중 약 1.4"),
        ("Four places, between the two dates", "두 날짜 사이의 4곳"),
        ("3 to 6 November 2015", "2015년 11월 3~6일"),
        ("it may fit May", "5월도 가능함"),
        ("the seventeenth region", "17번째 지역"),
    ],
)
def test_numbers_are_found_in_both_languages(english, korean):
    assert english_numbers(english) == korean_numbers(korean)


@pytest.mark.parametrize("pair", PAIRS, ids=ids)
def test_a_korean_cell_is_filled_exactly_where_the_english_is(pair):
    table, english, korean = pair
    odd = [row for row in rows(table) if bool(row[english]) != bool(row[korean])]
    assert odd == []


@pytest.mark.parametrize("pair", PAIRS, ids=ids)
def test_the_numbers_of_both_languages_are_the_same(pair):
    table, english, korean = pair
    odd = [
        (row[english], row[korean])
        for row in rows(table)
        if english_numbers(row[english]) != korean_numbers(row[korean])
    ]
    assert odd == []


@pytest.mark.parametrize("pair", PAIRS, ids=ids)
def test_korean_is_in_hangul_or_a_name_as_printed(pair):
    table, english, korean = pair
    odd = [
        row[korean]
        for row in rows(table)
        if row[korean] and not HANGUL.search(row[korean]) and row[korean] != row[english]
    ]
    assert odd == []


@pytest.mark.parametrize("pair", PAIRS, ids=ids)
def test_one_english_text_has_one_korean_text(pair):
    table, english, korean = pair
    known = {}
    for row in rows(table):
        assert known.setdefault(row[english], row[korean]) == row[korean]


@pytest.mark.parametrize("pair", PAIRS, ids=ids)
def test_words_quoted_from_a_document_are_not_translated(pair):
    table, english, korean = pair
    lost = [
        (quoted, row[korean])
        for row in rows(table)
        for quoted in QUOTED.findall(row[english])
        if quoted not in row[korean]
    ]
    assert lost == []


def test_every_caveat_has_a_korean_column():
    tables = {name for name, field in FIELDS if field["name"] == "caveat"}
    assert tables == {table for table, english, _ in PAIRS if english == "caveat"}


def test_english_columns_hold_no_hangul():
    found = [
        (resource["name"], column, cell)
        for resource in PACKAGE["resources"]
        for row in rows(resource["name"])
        for column, cell in row.items()
        if HANGUL.search(cell)
        and not column.endswith("_ko")
        and (resource["name"], column) not in KOREAN_OWN
    ]
    assert found == []


def test_every_table_and_column_has_a_korean_title():
    bare = [item["name"] for item in PACKAGE["resources"] if not item.get("titles", {}).get("ko")]
    bare += [
        (name, field["name"]) for name, field in FIELDS if not field.get("titles", {}).get("ko")
    ]
    assert bare == []


def test_every_vocabulary_has_labels_in_both_languages():
    for table, field in FIELDS:
        enum = field.get("constraints", {}).get("enum", ())
        if not enum or field["name"] == NOT_LABELLED:
            continue
        labels = field.get("labels", {})
        assert list(labels) == enum, (table, field["name"])
        for value, words in labels.items():
            assert set(words) == {"en", "ko"}, (table, value)
            assert HANGUL.search(words["ko"]) or words["ko"] == value, (table, value)
            assert not HANGUL.search(words["en"]), (table, value)


def test_two_words_of_a_vocabulary_never_share_a_label():
    for table, field in FIELDS:
        for language in ("en", "ko"):
            shown = Counter(words[language] for words in field.get("labels", {}).values())
            assert all(count == 1 for count in shown.values()), (table, field["name"], shown)


def test_every_unit_has_words_in_both_languages():
    codes = {
        code
        for _, field in FIELDS
        if field["name"] == NOT_LABELLED
        for code in field["constraints"]["enum"]
    }
    codes |= {row["currency"] for row in rows("funding")}
    assert codes == set(PACKAGE["units"])
    for code, words in PACKAGE["units"].items():
        assert set(words) == {"en", "ko"}, code
        assert set(words["en"]) == {"one", "other", "per"}, code
        assert {"other", "per"} <= set(words["ko"]), code

"""Both languages of an issue show the same: figures, cells, findings, items, and every number."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from briefing.config import load_project
from briefing.editions import editions_of
from briefing.pipeline import _aggregated, _composed, _silently
from briefing.structures import Composition, Figure

REPOSITORY = Path(__file__).parents[2]
TODAY = date(2026, 11, 10)
REGIONS = ("KR-11", "KR-26", "KR-27", "KR-31", "KR-41", "KR-46", "KR-49", "KR-50")
EDITIONS = [
    ("regional-innovation", ""),
    ("funding-watch", ""),
    *((name, region) for name in ("region-profile", "cluster-visit") for region in REGIONS),
]

# -- the numbers of a text, read without the project's own formatting ------------------------------

SMALL = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen twenty"
).split()
MONTHS = (
    "January February March April May June July August September October November December"
).split()
SCALES = {"trillion": 12, "billion": 9, "million": 6, "tn": 12, "bn": 9, "m": 6}
NO_NUMBER = "one year's"
"""Of a label, in Korean 단년도."""
DIGITS = r"\d+(?:,\d{3})*(?:\.\d+)?"
ENGLISH = re.compile(
    rf"({DIGITS})(?: ?(trillion|billion|million|tn|bn|m)\b)?"
    rf"|\b({'|'.join(SMALL)})\b(?!-)"
    rf"|\b({'|'.join(MONTHS)})(?= \d{{4}})",
    re.IGNORECASE,
)
KOREAN = re.compile(rf"(?:({DIGITS})조)?(?: ?({DIGITS})억)?(?: ?({DIGITS})만)?")
PER = re.compile(r"(?<![\d,.])1[가-힣]{1,2}당")
"""For each: in Korean with a number, 1인당, in English without."""
KOREAN_SCALES = ((12, 10**8), (8, 10**4), (4, 10**3))
"""The power of each word, and to what an amount is rounded whose first word it is."""


@dataclass(frozen=True, order=True)
class Read:
    """A number as read, and by how much what was meant may differ from what is printed."""

    value: Decimal
    doubt: Decimal = Decimal(0)

    def agrees(self, other: "Read") -> bool:
        return abs(self.value - other.value) <= self.doubt + other.doubt


def plain(digits: str) -> Decimal:
    return Decimal(digits.replace(",", ""))


def english(text: str) -> Iterator[Read]:
    for digits, scale, word, month in ENGLISH.findall(text.replace(NO_NUMBER, "")):
        if word:
            yield Read(Decimal(SMALL.index(word.lower()) + 1))
        elif month:
            yield Read(Decimal(MONTHS.index(month.capitalize()) + 1))
        elif scale:
            size = Decimal(10) ** SCALES[scale.lower()]
            yield Read(plain(digits) * size, size / 20)
        else:
            yield Read(plain(digits))


def korean(text: str) -> Iterator[Read]:
    text, place = PER.sub("", text), 0
    while match := re.compile(DIGITS).search(text, place):
        scaled = KOREAN.match(text, match.start())
        groups = [
            plain(digits) * 10**power
            for digits, (power, _) in zip(scaled.groups(), KOREAN_SCALES, strict=True)
            if digits
        ]
        if groups:
            finest = next(f for d, (_, f) in zip(scaled.groups(), KOREAN_SCALES, strict=True) if d)
            yield Read(sum(groups, Decimal(0)), Decimal(finest) / 2)
            place = scaled.end()
        else:
            yield Read(plain(match.group()))
            place = match.end()


def numbers(text: str, language: str) -> list[Read]:
    """The numbers of a text; a zero is often said without one ("no", "없음") and left out."""
    found = english(text) if language == "en" else korean(text)
    return sorted(read for read in found if read.value)


# -- what an issue says, place by place -----------------------------------------------------------


def said(issue: Composition) -> Iterator[tuple[str, str]]:
    """Every text of an issue with its place, called alike in both languages."""
    yield "title", f"{issue.title} {issue.subtitle} {issue.period_title} {issue.as_of_title}"
    for index, key_figure in enumerate(issue.key_figures):
        yield f"key figure {index}", f"{key_figure.value} {key_figure.label}"
    for finding in issue.findings:
        yield f"finding {finding.name}", f"{finding.text} {finding.why}"
    for number, section in enumerate(issue.sections):
        yield f"section {number}", " ".join((section.title, *section.paragraphs))
        for item in section.items:
            yield f"item of {', '.join(sorted(item.records))}", item.text
        for figure in section.figures:
            yield f"figure {figure.name}", " ".join((figure.label, figure.title, *figure.notes))
            if figure.chart:
                yield f"picture {figure.name}", figure.chart.alt
    yield "methods", " ".join(issue.methods)
    yield "silences", " ".join(issue.silences)
    yield "standing", f"{issue.standing} {issue.news}"
    for check in issue.gate:
        yield f"check {check.name}", check.said


def outline(issue: Composition) -> list[tuple]:
    """What stands where, without any words."""
    return [
        *((item.sources, sorted(item.records)) for item in issue.key_figures),
        *((item.name, item.figure and item.figure.anchor) for item in issue.findings),
        *(
            (len(item.paragraphs), len(item.items), tuple(map(placed, item.figures)))
            for item in issue.sections
        ),
        (len(issue.silences), len(issue.methods)),
        tuple(problem.where for problem in issue.omitted),
        tuple((check.name, check.outcome) for check in issue.gate),
    ]


def placed(figure: Figure) -> tuple:
    rows = (len(figure.printed.rows), figure.printed.total) if figure.printed else None
    return figure.name, figure.anchor, len(figure.notes), figure.chart is not None, rows


def cells(figure: Figure) -> list[tuple[str, ...]]:
    """The rows by the records behind them, with all cells that are no names."""
    kept = [name for name, column in figure.table.columns.items() if column.kind != "text"]
    rows = figure.table.frame.to_dict("records")
    return sorted(
        (*sorted(records), *(f"{name}={row[name]}" for name in kept))
        for records, row in zip(figure.rows, rows, strict=True)
    )


def differences(one: Composition, other: Composition) -> list[str]:
    """Where two languages of an issue do not show the same."""
    if outline(one) != outline(other):
        pairs = zip(outline(one), outline(other), strict=False)
        return [f"not the same places: {a} and {b}" for a, b in pairs if a != b] or ["more places"]
    found = []
    for a, b in zip(figures(one), figures(other), strict=True):
        if cells(a) != cells(b):
            found.append(f"not the same cells in {a.name}: {set(cells(a)) ^ set(cells(b))}")
    theirs = dict(said(other))
    for place, text in said(one):
        if place not in theirs:
            found.append(f"{place} is missing")
            continue
        mine, yours = numbers(text, one.language), numbers(theirs[place], other.language)
        agree = len(mine) == len(yours) and all(
            a.agrees(b) for a, b in zip(mine, yours, strict=True)
        )
        if not agree:
            found.append(f"not the same numbers in {place}: {text!r} and {theirs[place]!r}")
    return found


def figures(issue: Composition) -> list[Figure]:
    return [figure for section in issue.sections for figure in section.figures]


# -- the tests ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def project():
    return load_project(REPOSITORY)


@pytest.fixture(scope="module")
def both(project):
    """The English and the Korean composition of an edition."""

    def make(name: str, parameter: str) -> tuple[Composition, ...]:
        report = project.reports[name]
        asked = editions_of(project, report, TODAY, language="all", parameter=parameter)
        assert [edition.language for edition in asked] == ["en", "ko"]
        found = [_aggregated(project, report, item, _silently) for item in asked]
        return tuple(
            _composed(project, report, item, tables, _silently)
            for item, tables in zip(asked, found, strict=True)
        )

    return make


@pytest.mark.parametrize(("name", "parameter"), EDITIONS)
def test_both_languages_show_the_same(both, name, parameter):
    one, other = both(name, parameter)
    assert differences(one, other) == []
    assert sum(len(numbers(text, "en")) for _, text in said(one)) > 10, "there is much to compare"


def test_every_report_is_compared(project):
    assert {name for name, _ in EDITIONS} == set(project.reports)


@pytest.fixture(scope="module")
def profile(both):
    return both("region-profile", "KR-27")


def changed_finding(issue: Composition, change) -> Composition:
    first, *rest = issue.findings
    return replace(issue, findings=(replace(first, text=change(first.text)), *rest))


def changed_section(issue: Composition, change) -> Composition:
    return replace(issue, sections=tuple(change(section) for section in issue.sections))


def with_cell_changed(figure: Figure) -> Figure:
    quantities = [n for n, column in figure.table.columns.items() if column.kind == "quantity"]
    if not quantities:
        return figure
    frame = figure.table.frame.copy()
    frame.loc[0, quantities[0]] = 4711
    return replace(figure, table=replace(figure.table, frame=frame))


PLANTED = {
    "a digit in a finding": lambda issue: changed_finding(
        issue,
        lambda text: re.sub(r"\d", lambda found: str((int(found[0]) + 1) % 10), text, count=1),
    ),
    "a scale in a finding": lambda issue: changed_finding(
        issue, lambda text: text.replace("조", "억") if "조" in text else text.replace("억", "만")
    ),
    "a number more": lambda issue: changed_finding(issue, lambda text: f"{text} 7건"),
    "a finding less": lambda issue: replace(issue, findings=issue.findings[1:]),
    "a key figure less": lambda issue: replace(issue, key_figures=issue.key_figures[1:]),
    "a silence more": lambda issue: replace(issue, silences=(*issue.silences, "말")),
    "a figure less": lambda issue: changed_section(
        issue, lambda section: replace(section, figures=section.figures[1:])
    ),
    "an item less": lambda issue: changed_section(
        issue, lambda section: replace(section, items=section.items[1:])
    ),
    "a title with another number": lambda issue: changed_section(
        issue,
        lambda section: replace(
            section, figures=tuple(replace(item, title="표 99건") for item in section.figures)
        ),
    ),
    "a cell": lambda issue: changed_section(
        issue,
        lambda section: replace(section, figures=tuple(map(with_cell_changed, section.figures))),
    ),
}


@pytest.mark.parametrize("change", PLANTED.values(), ids=PLANTED)
def test_a_difference_is_found(profile, change):
    one, other = profile
    assert differences(one, other) == []
    assert differences(one, change(other)) != []


@pytest.mark.parametrize(
    ("in_english", "in_korean", "same"),
    [
        ("1.4 trillion won", "1조 4,000억 원", True),
        ("1.4 trillion won", "1조 3,900억 원", True),  # both are rounded
        ("1.4 trillion won", "1조 3,000억 원", False),
        ("32.7 billion won", "327억 원", True),
        ("32.7 billion won", "326억 원", False),
        ("₩32.7bn", "327억원", True),
        ("60 million won", "6,000만 원", True),
        ("15,000 won", "1.5만 원", True),
        ("US$684 million", "6억 8,400만 달러", True),
        ("five of 17", "17개 중 5개", True),
        ("five of 17", "17개 중 6개", False),
        ("5 of 5", "5개", False),
        ("31 October 2026", "2026년 10월 31일", True),
        ("31 October 2026", "2026년 11월 31일", False),
        ("no region", "없음", True),
        ("no region", "0개", True),
        ("31%", "31%", True),
        ("5 million won per person", "1인당 500만 원", True),
        ("99 won", "98 원", False),
    ],
)
def test_numbers_are_read_alike(in_english, in_korean, same):
    one, other = numbers(in_english, "en"), numbers(in_korean, "ko")
    agree = len(one) == len(other) and all(a.agrees(b) for a, b in zip(one, other, strict=True))
    assert agree == same

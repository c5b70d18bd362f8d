"""Every kind at both widths, with long, many, Korean, missing and negative cells: words fit."""

import math
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree

import pandas as pd
import pytest

from briefing import charts
from briefing.charts.kinds import KINDS, NARROW, WIDE
from briefing.charts.style import DARK, SMALL, text_width
from briefing.errors import ChartError
from briefing.structures import Column, UnitWords

SVG = "{http://www.w3.org/2000/svg}"
REGIONS = {
    "en": "Daegu Gwangju Ulsan Daejeon Busan Gyeongbuk Seoul Incheon Gyeonggi Gangwon Jeju".split(),
    "ko": "대구 광주 울산 대전 부산 경북 서울 인천 경기 강원 제주".split(),
}
LONG = {
    "en": "Support of regional high-growth companies and of the industrial convergence alliance",
    "ko": "지역 주력산업 고성장 기업 육성과 산업융합얼라이언스 지원을 위한 창업도시 조성 사업",
}
PARTS = {
    "en": ["books", "films and recordings", "maps"],
    "ko": ["도서", "영화와 음반", "지도"],
}
UNITS = {
    "en": {"loans": UnitWords("loan", "loans", "loan")},
    "ko": {"loans": UnitWords("건", "건", "건")},
}
CASES = ["plain", "gaps", "one", "many", "long", "large", "negative", "all negative"]
NOT_BELOW_ZERO = {"stacked_bar", "parts", "dots", "bullet", "ranks", "range"}
DATES = ("2026-12-31", "2025-06-30", "2030-03-01")


def rows_of(case):
    return {"one": 1, "many": 30}.get(case, 6)


def value(index, case):
    size = int(50 + 45 * math.sin(index * 1.7) + index) + 1
    if case == "all negative" or (case == "negative" and index % 3 == 1):
        size = -size
    return size * (10**9 if case == "large" else 1)


def cells_of(kind, case, language):
    """The columns of a table for that kind, each with what it holds."""
    count = rows_of(case)
    names = [f"{REGIONS[language][i % 11]} {i // 11 + 1}".removesuffix(" 1") for i in range(count)]
    if case == "long":
        names[0] = LONG[language]
    gap = 2 if case == "gaps" else -1

    def numbers(length, shift=0):
        return [None if i % 5 == gap else value(i + shift, case) for i in range(length)]

    parts = PARTS[language]
    by_part = [name for name in names for _ in parts]
    years = [str(2014 + i) for i in range(9)]
    lines = names[:12]
    by_year = [name for name in lines for _ in years]
    whole = [value(i, case) for i in range(count)]
    spread = count * len(parts)
    return {
        "bar": {"label": names, "value": numbers(count), "emphasis": ["x", *names[1:]]},
        "grouped_bar": {"label": by_part, "series": parts * count, "value": numbers(spread)},
        "stacked_bar": {"label": by_part, "series": parts * count, "value": numbers(spread)},
        "parts": {"label": names, "value": whole, "whole": [sum(whole) * 5 // 4] * count},
        "dumbbell": {"label": names, "start": numbers(count), "end": numbers(count, 3)},
        "dots": {
            "label": names,
            "value": numbers(count),
            "group": [parts[i * 2 // count] for i in range(count)],
            "detail": [parts[1]] * count,
        },
        "range": {"label": names, "start": numbers(count), "end": [v + 9 for v in whole]},
        "bullet": {
            "label": names,
            "actual": numbers(count),
            "target": [value(i + 1, case) for i in range(count)],
            "baseline": [None if i % 3 else abs(value(i, case)) // 2 for i in range(count)],
            "due": [DATES[i % 3] for i in range(count)],
        },
        "line": {"x": years * len(lines), "series": by_year, "value": numbers(len(by_year))},
        "small_multiples": {
            "x": years * len(lines),
            "panel": by_year,
            "value": numbers(len(by_year)),
        },
        "heatmap": {"row": by_part, "column": parts * count, "value": numbers(spread)},
        "cards": {
            "label": by_year[: 6 * 9],
            "x": (years * len(lines))[: 6 * 9],
            "value": numbers(len(by_year))[: 6 * 9],
            "change": numbers(len(by_year))[: 6 * 9],
        },
        "tiles": {
            "label": names,
            "value": numbers(count),
            "row": [i // 5 + 1 for i in range(count)],
            "column": [i % 5 + 1 for i in range(count)],
            "emphasis": ["x", *([None] * (count - 1))],
        },
        "ranks": {
            "label": [name for name in names for _ in range(2)],
            "value": [abs(value(i, "plain")) * 7 for i in range(2 * count)],
            "period": ["2025", "2026"] * count,
        },
        "timeline": {
            "label": names,
            "start": [f"{1998 + i * 5 % 29}-03-{10 + i % 9}" for i in range(count)],
            "end": [None if i % 2 else f"{1998 + i * 5 % 29}-12-31" for i in range(count)],
            "group": [parts[i * 2 // count] for i in range(count)],
            "precision": ["day" if i % 2 else "year" for i in range(count)],
        },
        "matrix": {
            "row": by_part,
            "column": [parts[i % 2] for i in range(spread)],
            "cell": [parts[i % 3] for i in range(spread)],
            "detail": [parts[0]] * spread,
            "side": [LONG[language]] * spread,
        },
    }[kind]


NUMBERS = {"value", "start", "end", "actual", "target", "baseline", "whole", "change"}


@pytest.fixture
def drawn(table_of, figure_of):
    def make(kind, case, language):
        frame, columns = {}, {}
        for name, cells in cells_of(kind, case, language).items():
            dated = name == "due" or (kind == "timeline" and name in {"start", "end"})
            counted = name in NUMBERS and not dated
            placed = kind == "tiles" and name in {"row", "column"}
            dtype = "datetime64[s]" if dated else "Int64" if counted or placed else "str"
            frame[name] = pd.Series(cells, dtype=dtype)
            word = "date" if dated else "quantity" if counted or placed else "text"
            unit = "KRW" if case == "large" else "loans"
            columns[name] = Column(name, name, word, unit if counted else "", units=UNITS[language])
        table = table_of(pd.DataFrame(frame), columns)
        options = {key: key for key in frame if key in KINDS[kind].options}
        words = {"goal": "100"} if kind == "ranks" else {}
        if kind == "bar":
            words["emphasis_label"] = LONG[language]
        said = {key: frame[key].tolist() for key in ("detail", "side") if kind == "matrix"}
        wide, narrow = (
            charts.draw(
                figure_of(kind, **options),
                table,
                titles={},
                words=words,
                row_words=said,
                language=language,
                as_of=date(2026, 10, 31),
                screens=screens,
            )
            for screens in ("wide", "narrow")
        )
        return replace(wide, narrow=narrow.svg)

    return make


def boxes(svg):
    """The words of a picture with the box that each takes, and the picture's size."""
    tree = ElementTree.fromstring(svg)
    found = []
    for element in tree.iter(f"{SVG}text"):
        size, x, y = (float(element.get(key)) for key in ("font-size", "x", "y"))
        width = text_width(element.text, size, bold=element.get("font-weight") == "bold")
        assert size >= SMALL, element.text
        if element.get("transform"):
            found.append((element.text, x - 0.8 * size, y - width, x + 0.2 * size, y))
        else:
            x -= {"middle": width / 2, "end": width}.get(element.get("text-anchor"), 0)
            found.append((element.text, x, y - 0.8 * size, x + width, y + 0.2 * size))
    width, height = (float(part) for part in tree.get("viewBox").split()[2:])
    return found, width, height


def faults(svg):
    """Words that leave the picture, and words that lie on one another."""
    found, width, height = boxes(svg)
    wrong = []
    for index, (words, left, top, right, bottom) in enumerate(found):
        if left < -0.6 or right > width + 0.6 or top < -0.6 or bottom > height + 1:
            wrong.append(f"clipped: {words}")
        for other, *box in found[index + 1 :]:
            wide = min(right, box[2]) - max(left, box[0])
            high = min(bottom, box[3]) - max(top, box[1])
            if wide > 1 and high > 0.35 * min(bottom - top, box[3] - box[1]):
                wrong.append(f"on one another: {words} / {other}")
    return wrong


PICTURES = [
    (kind, case, language)
    for kind in KINDS
    for case in CASES
    for language in ("en", "ko")
    if not ("negative" in case and kind in NOT_BELOW_ZERO)
    if language == "en" or case in {"plain", "long", "large"}
]


@pytest.mark.parametrize(("kind", "case", "language"), PICTURES)
def test_words_neither_overlap_nor_leave_the_picture(drawn, kind, case, language):
    chart = drawn(kind, case, language)
    for svg, width in ((chart.svg, WIDE), (chart.narrow, NARROW)):
        assert faults(svg) == []
        assert boxes(svg)[1] == width
        assert set(colours(svg)) <= set(DARK)


def colours(svg):
    """Every colour that a picture names."""
    for element in ElementTree.fromstring(svg).iter():
        for key in ("fill", "stroke"):
            if element.get(key, "none") != "none":
                yield element.get(key)


@pytest.mark.parametrize("kind", ["stacked_bar", "parts", "dots"])
def test_what_is_no_share_is_refused(drawn, kind):
    with pytest.raises(ChartError, match=r"below zero|above zero"):
        drawn(kind, "negative", "en")


@pytest.mark.parametrize("kind", KINDS)
def test_both_widths_come_out_the_same_twice(drawn, kind):
    assert drawn(kind, "gaps", "ko") == drawn(kind, "gaps", "ko")


def test_the_faults_are_seen():
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 50">'
        '<text x="90" y="20" font-size="8">too long</text>'
        '<text x="10" y="40" font-size="8">covered</text>'
        '<text x="12" y="41" font-size="8">over</text></svg>'
    )
    assert len(faults(svg)) == 2

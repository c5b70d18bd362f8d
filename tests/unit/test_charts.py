"""Every chart kind, drawn from a small table: vector, real text, the same again, and in words."""

import re
from datetime import date
from xml.etree import ElementTree

import pandas as pd
import pytest

from briefing import charts
from briefing.charts.kinds import KINDS, PRINTED
from briefing.charts.scales import linear, logarithmic
from briefing.charts.style import WIDTH, text_width, wrapped
from briefing.errors import ChartError, NothingKnownError, ProblemsError
from briefing.structures import Column

NOTHING = re.compile(r"\b(nan|NaN|None|NA|NaT)\b")
SVG = "{http://www.w3.org/2000/svg}"
FRAMES = {
    "bar": {"label": ["Main", "항구 분관"], "value": [1500, 310]},
    "grouped_bar": {
        "label": ["Main", "Main", "항구 분관", "항구 분관"],
        "series": ["2024", "2025", "2024", "2025"],
        "value": [1500, 1700, 310, None],
    },
    "stacked_bar": {
        "label": ["Main", "Main", "항구 분관", "항구 분관"],
        "series": ["books", "films", "books", "films"],
        "value": [1500, 20, 310, None],
    },
    "parts": {
        "label": ["Main", "항구 분관"],
        "value": [1500, 310],
        "whole": [2000, 2000],
    },
    "dumbbell": {
        "label": ["Main", "항구 분관", "Hill"],
        "start": [1500, 310, None],
        "end": [1200, 400, 70],
    },
    "line": {
        "x": ["2023", "2024", "2025", "2023", "2025"],
        "series": ["Main", "Main", "Main", "항구 분관", "항구 분관"],
        "value": [1500, None, 1700, 310, 290],
    },
    "small_multiples": {
        "panel": ["Main", "Main", "항구 분관", "항구 분관"],
        "x": ["2024", "2025", "2024", "2025"],
        "value": [1500, 1700, 310, None],
    },
    "heatmap": {
        "row": ["Main", "Main", "항구 분관"],
        "column": ["2024", "2025", "2024"],
        "value": [1500, 20, 310],
    },
    "cards": {
        "label": ["Main", "항구 분관"],
        "value": [1500, 310],
        "change": [-3, 12],
    },
    "dots": {
        "label": ["Main", "항구 분관"],
        "value": [1500000, 310],
        "group": ["books", "films"],
        "detail": ["counted", "estimated"],
    },
    "range": {"label": ["Main", "항구 분관"], "start": [100, None], "end": [250, 90]},
    "bullet": {
        "label": ["Loans", "항구 방문"],
        "actual": [150, None],
        "target": [200, 60],
        "due": ["2026-12-31", "2025-06-30"],
    },
    "tiles": {"label": ["Main", "항구"], "value": [3, 0], "row": [1, 2], "column": [1, 2]},
    "ranks": {
        "label": ["Main", "Main", "항구"],
        "value": [8, 14, 320],
        "period": ["2025", "2024", "2025"],
    },
    "timeline": {
        "label": ["Opening", "항구 공사"],
        "start": ["2025-03-01", "2026-01-01"],
        "end": [None, "2027-12-31"],
        "group": ["past", "building"],
        "precision": ["day", "year"],
    },
    "matrix": {
        "row": ["Main", "Main", "항구"],
        "column": ["Books", "Films", "Books"],
        "cell": ["lends", "shows", "lends"],
    },
}
DATES = {"due", "start", "end"}
NUMBERS = {"value", "actual", "target", "start", "end", "whole", "change"}
PLACES = {"row", "column"}
SPOKEN = {
    "bar": ["Main 1,500 items", "항구 분관 310 items"],
    "grouped_bar": [
        "Main: 2024 1,500 items and 2025 1,700 items",
        "항구 분관: 2024 310 items and 2025 not reported",
    ],
    "stacked_bar": [
        "Main 1,520 (books 1,500 and films 20)",
        "항구 분관 at least 310 (books 310 and films not reported)",
    ],
    "parts": ["Main 1,500 (75.0%)", "항구 분관 310 (15.5%)", "not broken down 190 (9.5%)"],
    "dumbbell": [
        "Main 1,500 items → 1,200 items (-300)",
        "항구 분관 310 items → 400 items (+90)",
        "Hill not reported → 70 items",
    ],
    "line": [
        "Main: 2023 1,500 items, 2024 not reported, 2025 1,700 items",
        "항구 분관: 2023 310 items, 2024 not reported, 2025 290 items",
    ],
    "small_multiples": [
        "Main: 2024 1,500 items, 2025 1,700 items",
        "항구 분관: 2024 310 items, 2025 not reported",
    ],
    "heatmap": [
        "Main: 2024 1,500 items and 2025 20 items",
        "항구 분관: 2024 310 items and 2025 not reported",
    ],
    "cards": ["Main 1,500 items (-3 items)", "항구 분관 310 items (+12 items)"],
    "dots": ["Main 1,500,000 items (counted, books)", "항구 분관 310 items (estimated, films)"],
    "range": ["Main 100 items – 250 items", "항구 분관 90 items"],
    "bullet": [
        "Loans: target 200 items, 150 reached, due by end of 2026",
        "항구 방문: target 60 items, no outturn reported, past its date, 30 June 2025",
    ],
    "tiles": ["3: Main", "0: 항구"],
    "ranks": ["Main 14 in 2024 and 8 in 2025", "항구 320 in 2025", "place 10"],
    "timeline": ["1 March 2025: Opening", "2027: 항구 공사"],
    "matrix": ["Main", "Books (lends) and Films (shows)", "항구", "Books (lends)"],
}


def typed(kind: str, cells: dict) -> tuple[pd.DataFrame, dict[str, Column]]:
    """The frame as a declared table would hand it over."""
    columns, described = {}, {}
    for name, values in cells.items():
        dated = name in DATES and kind in {"bullet", "timeline"}
        counted = name in NUMBERS | (PLACES if kind == "tiles" else set()) and not dated
        dtype = "datetime64[s]" if dated else "Int64" if counted else "str"
        columns[name] = pd.Series(values, dtype=dtype)
        word = "date" if dated else "quantity" if counted else "text"
        described[name] = Column(name, name, word, "items" if counted else "")
    return pd.DataFrame(columns), described


@pytest.fixture
def draw(table_of, figure_of):
    def make(kind: str, cells: dict | None = None, language: str = "en", **more):
        frame, columns = typed(kind, FRAMES[kind] if cells is None else cells)
        options = {key: key for key in frame.columns if key in KINDS[kind].options}
        words = {"goal": "10"} if kind == "ranks" else {}
        rows = len(frame)
        row_words = {"detail": ["said"] * rows, "side": ["more"] * rows} if kind == "matrix" else {}
        return charts.draw(
            figure_of(kind, **options, **more),
            table_of(frame, columns),
            titles={},
            words=words,
            row_words=row_words,
            language=language,
            as_of=date(2026, 10, 31),
        )

    return make


def test_every_kind_has_a_case_here():
    assert set(FRAMES) == set(SPOKEN) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_chart_is_vector_with_real_text(draw, kind):
    chart = draw(kind)
    tree = ElementTree.fromstring(chart.svg)
    assert tree.tag == f"{SVG}svg"
    assert not list(tree.iter(f"{SVG}image"))
    assert "base64" not in chart.svg
    written = [element.text for element in tree.iter(f"{SVG}text")]
    shown = " ".join(filter(None, written))
    first = next(key for key in ("label", "row", "series", "panel") if key in FRAMES[kind])
    for label in FRAMES[kind][first]:
        assert label in shown
    assert re.search("[가-힣]", shown)
    assert list(tree.iter(f"{SVG}path"))
    assert (chart.width, f"{chart.width:g}pt") == (WIDTH, tree.get("width"))
    assert 0 < chart.height < 700, "it fits on a page"


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_leaves_the_picture(draw, kind):
    tree = ElementTree.fromstring(draw(kind).svg)
    for element in tree.iter(f"{SVG}text"):
        if element.get("transform"):
            continue
        size, x = float(element.get("font-size")), float(element.get("x"))
        width = text_width(element.text, size, bold=element.get("font-weight") == "bold")
        left = x - {"middle": width / 2, "end": width}.get(element.get("text-anchor"), 0)
        assert left >= -1, element.text
        assert left + width <= WIDTH + 1, element.text


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_table_gives_the_same_bytes(draw, kind):
    assert draw(kind) == draw(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_the_words_for_the_picture_name_every_label_and_value(draw, kind):
    alt = draw(kind).alt
    for part in SPOKEN[kind]:
        assert part in alt
    assert alt.endswith(".")
    assert not NOTHING.search(alt)


@pytest.mark.parametrize(
    ("kind", "option"),
    [
        ("grouped_bar", "value"),
        ("grouped_bar", "series"),
        ("stacked_bar", "value"),
        ("parts", "value"),
        ("parts", "whole"),
        ("dumbbell", "start"),
        ("dumbbell", "end"),
        ("line", "value"),
        ("line", "x"),
        ("line", "series"),
        ("small_multiples", "value"),
        ("heatmap", "value"),
        ("heatmap", "column"),
        ("cards", "value"),
        ("cards", "change"),
        ("bar", "value"),
        ("dots", "value"),
        ("range", "end"),
        ("range", "start"),
        ("bullet", "actual"),
        ("bullet", "target"),
        ("bullet", "due"),
        ("tiles", "value"),
        ("tiles", "row"),
        ("ranks", "value"),
        ("timeline", "start"),
        ("timeline", "end"),
    ],
)
@pytest.mark.parametrize("every", [False, True], ids=["one", "all"])
def test_a_value_that_is_missing_is_said_or_refused(draw, kind, option, every):
    cells = {name: list(values) for name, values in FRAMES[kind].items()}
    gaps = len(cells[option]) if every else 1
    cells[option][:gaps] = [None] * gaps
    try:
        chart = draw(kind, cells)
    except (ChartError, NothingKnownError) as error:
        assert error.message
    else:
        assert not NOTHING.search(chart.svg + chart.alt)


@pytest.mark.parametrize(
    ("kind", "option"),
    [
        ("bar", "label"),
        ("dots", "group"),
        ("matrix", "cell"),
        ("ranks", "label"),
        ("cards", "label"),
    ],
)
def test_a_word_that_is_missing_is_not_printed_as_none(draw, kind, option):
    cells = {name: list(values) for name, values in FRAMES[kind].items()}
    cells[option][0] = None
    chart = draw(kind, cells)
    assert not NOTHING.search(chart.svg + chart.alt)


def test_a_bar_without_a_value_says_that_nothing_was_reported(draw):
    chart = draw("bar", {"label": ["Main", "Hill"], "value": [1500, None]})
    assert "Hill not reported" in chart.alt
    assert "not reported" in chart.svg


@pytest.mark.parametrize(
    "kind", ["bar", "tiles", "bullet", "range", "grouped_bar", "stacked_bar", "line", "heatmap"]
)
def test_zeros_are_values(draw, kind):
    cells = {
        name: [
            0 if name in {"value", "actual", "end"} and kind != "timeline" else v for v in values
        ]
        for name, values in FRAMES[kind].items()
    }
    assert "NaN" not in draw(kind, cells).svg


def test_negative_bars_stay_in_the_picture(draw):
    chart = draw("bar", {"label": ["Main", "Hill"], "value": [-40, 100]})
    assert "Main -40" in chart.alt


@pytest.mark.parametrize("value", [0, -5])
def test_a_logarithmic_chart_refuses_what_it_cannot_show(draw, value):
    with pytest.raises(ChartError, match="above zero"):
        draw("dots", FRAMES["dots"] | {"value": [1500, value]})


def test_characters_of_markup_are_escaped(draw):
    chart = draw("bar", {"label": ["R&D <b>", 'a "quote"'], "value": [1, 2]})
    tree = ElementTree.fromstring(chart.svg)
    assert "R&D <b>" in [element.text for element in tree.iter(f"{SVG}text")]


def test_signs_of_mathematics_are_words(draw):
    chart = draw("bar", {"label": ["$x$ and _y_", "{z} \\frac"], "value": [1, 2]})
    assert "$x$ and _y_" in chart.svg
    assert "{z} \\frac" in chart.svg


def test_a_column_that_is_not_there_is_a_problem(table_of, figure_of):
    frame, columns = typed("bar", FRAMES["bar"])
    with pytest.raises(ProblemsError, match="no column 'colour'"):
        charts.draw(
            figure_of("bar", label="label", value="colour"),
            table_of(frame, columns),
            titles={},
            words={},
            row_words={},
            language="en",
            as_of=date(2026, 10, 31),
        )


def test_a_printed_table_is_no_picture(table_of, figure_of):
    frame, columns = typed("bar", FRAMES["bar"])
    chart = charts.draw(
        figure_of(PRINTED),
        table_of(frame, columns),
        titles={},
        words={},
        row_words={},
        language="en",
        as_of=date(2026, 10, 31),
    )
    assert chart is None


def test_korean_charts_speak_korean_numbers(draw):
    assert "1,500items" in draw("bar", language="ko").alt


# -- the canvas -------------------------------------------------------------------------------


def test_long_words_are_wrapped_to_the_width():
    lines = wrapped("Support other than R&D, for one company of the project", 90)
    assert len(lines) > 1
    assert all(text_width(line) <= 90 for line in lines)
    assert " ".join(lines) == "Support other than R&D, for one company of the project"
    assert wrapped("", 90) == []


def test_scales_begin_at_zero_and_reach_beyond_the_largest():
    scale = linear([3, 7, 9.5], 0, 100)
    assert scale.position(0) == 0
    assert scale.ticks[0] == 0
    assert scale.ticks[-1] >= 9.5
    assert linear([0, 0], 0, 100).position(0) == 0
    with pytest.raises(NothingKnownError):
        linear([], 0, 100)


def test_a_logarithmic_scale_has_a_tick_for_each_power_of_ten():
    scale = logarithmic([20, 3000], 0, 300)
    assert scale.ticks == (10, 100, 1000, 10000)
    assert scale.position(100) == pytest.approx(100)
    assert logarithmic([10, 10], 0, 100).ticks == (10, 100)

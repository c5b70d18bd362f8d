"""Labels at the ends of lines never overlap; names, keys and ticks keep to their room."""

from datetime import date
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from briefing.charts import Request
from briefing.charts.drawing import Shape, Words
from briefing.charts.labels import Entry, Key, Names, broken
from briefing.charts.lines import line
from briefing.charts.scales import apart, spanning, thinned, with_ends
from briefing.charts.style import BODY, SMALL, text_width
from briefing.structures import Column

places = st.floats(-500, 500)
heights = st.floats(1, 30)
words = st.lists(st.tuples(st.floats(0, 500), st.floats(1, 80)), min_size=1, max_size=20)


@given(st.lists(st.tuples(places, heights), max_size=20), st.floats(0, 200))
def test_labels_are_moved_apart_within_their_room(pairs, spare):
    room = sum(height for _, height in pairs) + spare
    middles = apart([place for place, _ in pairs], [height for _, height in pairs], 10, 10 + room)
    spans = sorted(
        (middle - height / 2, middle + height / 2)
        for middle, (_, height) in zip(middles, pairs, strict=True)
    )
    assert all(b[0] - a[1] > -1e-6 for a, b in pairwise(spans))
    assert all(low >= 10 - 1e-6 and high <= 10 + room + 1e-6 for low, high in spans)


def test_labels_that_have_room_stay_where_they_are():
    assert apart([20, 60, 40], [10, 10, 10], 0, 100) == [20, 60, 40]


def test_two_labels_at_one_place_share_the_way():
    assert apart([50, 50], [10, 10], 0, 100) == [45, 55]


@given(words)
def test_words_in_a_line_leave_a_gap(entries):
    entries = sorted(entries)
    for kept in (thinned(entries), with_ends(entries)):
        assert kept
        for one, other in pairwise(kept):
            room = entries[other][0] - entries[one][0]
            assert room >= (entries[one][1] + entries[other][1]) / 2 + 6 - 1e-6
    assert with_ends(entries)[-1] == len(entries) - 1


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=20))
def test_a_scale_holds_every_value(values):
    scale = spanning(values, 40, 400)
    assert all(40 - 1e-6 <= scale.position(value) <= 400 + 1e-6 for value in values)


@given(st.text(alphabet="ab 가나", max_size=60), st.floats(20, 200))
def test_too_long_a_word_is_broken_off(text, width):
    lines = broken(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(text_width(item) <= width for item in lines)


@pytest.mark.parametrize("width", [320, 482])
def test_long_names_stand_above_their_rows(width):
    name = "Support of regional high-growth companies " * 4
    names = Names.fitted([name, "Main"], width, [30])
    assert names.above
    assert all(text_width(item, BODY) <= width for own in names.lines for item in own)
    assert not Names.fitted(["Main", "Hill"], width, [30]).above


def test_a_key_takes_as_many_rows_as_it_needs():
    entries = [Entry(f"branch number {index}", "#0b5394") for index in range(12)]
    assert Key(entries, 482).height > Key(entries[:2], 482).height
    assert Key([], 482).height == 0


def request_of(lines, width):
    """A line chart's request: values by series, a year each."""
    rows = [
        {"x": str(2000 + year), "series": f"branch {index}", "value": value}
        for index, values in enumerate(lines)
        for year, value in enumerate(values)
    ]
    columns = {
        "x": Column("x", "year"),
        "series": Column("series", "branch"),
        "value": Column("value", "loans", "quantity", "loans"),
    }
    options = {name: name for name in columns}
    return Request(rows, columns, {}, options, "en", date(2026, 10, 31), width)


amounts = st.lists(st.integers(-1000, 1000) | st.none(), min_size=3, max_size=3)
many = st.lists(amounts, min_size=1, max_size=12).filter(
    lambda lines: any(value is not None for own in lines for value in own)
)


@settings(max_examples=40, deadline=None)
@given(many, st.sampled_from([320.0, 482.0]))
def test_the_ends_of_lines_are_named_without_overlap(lines, width):
    canvas, alt = line(request_of(lines, width))
    spans = sorted(
        (words.y - 0.8 * SMALL, words.y + 0.2 * SMALL)
        for words in canvas.drawn
        if isinstance(words, Words) and words.text.startswith("branch")
    )
    assert len(spans) == len(lines)
    assert all(b[0] >= a[1] - 1e-6 for a, b in pairwise(spans))
    assert all(top >= 0 and bottom <= canvas.height for top, bottom in spans)
    assert all(f"branch {index}" in alt for index in range(len(lines)))


def test_dates_lie_where_their_days_lie():
    days = pd.to_datetime(["2024-01-01", "2024-01-11", "2024-03-31"])
    rows = [{"x": day, "value": index} for index, day in enumerate(days)]
    columns = {"x": Column("x", "day", "date"), "value": Column("value", "loans", "quantity")}
    request = Request(rows, columns, {}, {"x": "x", "value": "value"}, "en", date(2026, 1, 1))
    canvas, _ = line(request)
    lines = [shape for shape in canvas.drawn if isinstance(shape, Shape) and not shape.fill]
    course = next(shape for shape in lines if len(shape.steps) == 3)
    first, second, third = (places[0] for _, places in course.steps)
    assert (second - first) / (third - first) == pytest.approx(10 / 90)

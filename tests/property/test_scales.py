"""Scales keep the order of values, and ticks lie inside."""

from hypothesis import assume, given
from hypothesis import strategies as st

from briefing.charts.scales import fitted_end, linear, logarithmic
from briefing.charts.style import text_width, wrapped

numbers = st.floats(-1e15, 1e15, allow_nan=False)
above_zero = st.floats(1e-6, 1e15)


@given(st.lists(numbers, min_size=1, max_size=20))
def test_a_linear_scale_keeps_the_order(values):
    scale = linear(values, 40, 400)
    places = [scale.position(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(40 - 1e-6 <= place <= 400 + 1e-6 for place in places)
    assert 40 - 1e-6 <= scale.position(0) <= 400 + 1e-6


@given(st.lists(above_zero, min_size=1, max_size=20))
def test_a_logarithmic_scale_keeps_the_order(values):
    scale = logarithmic(values, 40, 400)
    places = [scale.position(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(40 - 1e-6 <= place <= 400 + 1e-6 for place in places)


@given(st.lists(numbers, min_size=1, max_size=20))
def test_ticks_rise_and_lie_on_the_axis(values):
    scale = linear(values, 40, 400)
    assert list(scale.ticks) == sorted(set(scale.ticks))
    assert all(40 - 1e-6 <= scale.position(tick) <= 400 + 1e-6 for tick in scale.ticks)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 100)), min_size=1, max_size=8))
def test_labels_fit_before_the_right_edge(pairs):
    shares, words = [list(column) for column in zip(*pairs, strict=True)]
    end = fitted_end(shares, words, 40, 400)
    assume(end > 40)
    assert end <= 400
    for share, width in pairs:
        if share > 0:
            assert 40 + share * (end - 40) + width <= 400 + 1e-6


@given(st.text(alphabet="ab 가나-", max_size=60), st.floats(20, 200))
def test_wrapping_loses_no_word_and_keeps_to_the_width(text, width):
    lines = wrapped(text, width)
    assert " ".join(lines).split() == text.split()
    assert all(text_width(line) <= width or " " not in line for line in lines)

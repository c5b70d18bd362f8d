"""What the charts of parts, pairs and courses say, add and refuse."""

from datetime import date

import pandas as pd
import pytest

from briefing import charts, pipeline
from briefing.charts.kinds import KINDS
from briefing.config import load_project
from briefing.errors import ChartError, NothingKnownError
from briefing.structures import Column


@pytest.fixture
def draw(table_of, figure_of):
    def make(kind, unit="loans", language="en", words=None, **cells):
        frame, columns = {}, {}
        for name, values in cells.items():
            counted = not any(isinstance(value, str) for value in values)
            frame[name] = pd.Series(values, dtype="Float64" if counted else "str")
            hedges = f"{name}_hedge" if f"{name}_hedge" in cells else ""
            word = "quantity" if counted else "text"
            columns[name] = Column(name, name, word, unit if counted else "", "", hedges)
        options = {key: key for key in frame if key in KINDS[kind].options}
        return charts.draw(
            figure_of(kind, **options),
            table_of(pd.DataFrame(frame), columns),
            titles={},
            words=words or {},
            row_words={},
            language=language,
            as_of=date(2026, 10, 31),
        )

    return make


def test_percentages_differ_by_points(draw):
    chart = draw("dumbbell", "percent", label=["Main", "Hill"], start=[40, 12], end=[43.5, 9])
    assert "40% → 43.5% (+3.5 points)" in chart.alt
    assert "12% → 9% (-3 points)" in chart.alt


def test_the_difference_of_vague_values_is_vague(draw):
    chart = draw("dumbbell", label=["Main"], start=[40], start_hedge=["about"], end=[43])
    assert "about 40 loans → 43 loans (about +3)" in chart.alt


def test_a_part_that_is_not_reported_makes_the_total_a_least(draw):
    chart = draw(
        "stacked_bar",
        label=["Main", "Main", "Hill"],
        series=["books", "films", "books"],
        value=[5, 7, 4],
    )
    assert "Main 12 (" in chart.alt
    assert "Hill at least 4 (books 4 and films not reported)" in chart.alt


def test_more_parts_than_colours_are_refused(draw):
    names = [f"medium {index}" for index in range(7)]
    with pytest.raises(ChartError, match="here are 7"):
        draw("stacked_bar", label=["Main"] * 7, series=names, value=[1] * 7)


def test_parts_that_exceed_their_whole_are_refused(draw):
    with pytest.raises(ChartError, match="more than the whole"):
        draw("parts", label=["a", "b"], value=[5, 7], whole=[10, 10])


def test_parts_of_different_wholes_are_refused(draw):
    with pytest.raises(ChartError, match="different wholes"):
        draw("parts", label=["a", "b"], value=[5, 7], whole=[20, 30])


def test_parts_of_an_unknown_whole_are_refused(draw):
    with pytest.raises(ChartError, match="Nothing is reported of b"):
        draw("parts", label=["a", "b"], value=[5, None])


def test_parts_that_make_up_the_whole_leave_no_rest(draw):
    chart = draw("parts", label=["a", "b"], value=[5, 15])
    assert "a 5 (25.0%) and b 15 (75.0%)" in chart.alt
    assert "not broken down" not in chart.svg


def test_nothing_has_no_parts(draw):
    with pytest.raises(NothingKnownError):
        draw("parts", label=["a"], value=[0])


@pytest.mark.parametrize(
    ("kind", "name", "other"),
    [("line", "series", "x"), ("small_multiples", "panel", "x"), ("heatmap", "row", "column")],
)
def test_two_rows_for_one_place_are_refused(draw, kind, name, other):
    cells = {name: ["Main", "Main"], other: ["2024", "2024"], "value": [1, 2]}
    with pytest.raises(ChartError, match="two rows"):
        draw(kind, **cells)


def test_a_scale_that_does_not_begin_at_zero_says_so(draw):
    far = draw("line", x=["2023", "2024"], value=[9000, 9100])
    assert "The scale begins at 9,000." in far.svg
    assert far.alt.endswith("The scale begins at 9,000.")
    assert "begins" not in draw("line", x=["2023", "2024"], value=[10, 9100]).alt


def test_periods_are_put_in_their_order_and_names_are_not(draw):
    dated = draw("line", x=["2024-Q3", "2023-Q4"], value=[2, 1])
    assert "2023-Q4 1 loan, 2024-Q3 2 loans" in dated.alt
    named = draw("line", x=["spring", "autumn"], value=[2, 1])
    assert "spring 2 loans, autumn 1 loan" in named.alt


def test_groups_that_are_no_time_get_bars(draw):
    cells = {"panel": ["Main"] * 2 + ["Hill"] * 2, "x": ["books", "films"] * 2}
    bars = draw("small_multiples", **cells, value=[5, 7, 3, None])
    assert bars.svg.count(">books<") == 2, "each panel names its bars"
    assert "Hill: books 3 loans, films not reported" in bars.alt


def test_a_card_shows_the_last_value_of_its_course(draw):
    chart = draw(
        "cards",
        label=["Main"] * 3,
        x=["2024", "2025", "2023"],
        value=[7, None, 5],
        change=[1, 2, 3],
    )
    assert "Main 7 loans (+1 loan): 2023 5 loans, 2024 7 loans, 2025 not reported" in chart.alt
    assert ">2023–2025<" in chart.svg


def test_tiles_without_values_show_where_the_region_lies(draw, table_of):
    chart = draw(
        "tiles", "", label=["Main", "Hill"], row=[1, 1], column=[1, 2], emphasis=["x", None]
    )
    assert chart.alt == "Tile map of regions: Main and Hill. Emphasised: Main."


def test_one_row_is_highlighted_by_its_name(draw):
    cells = {"label": ["Main", "Hill"], "row": [1, 1], "column": [1, 2]}
    chart = draw("tiles", "", words={"highlight": "Hill"}, **cells)
    assert chart.alt.endswith("Emphasised: Hill.")
    bars = draw("bar", label=["Main", "Hill"], value=[4, 2], words={"highlight": "Hill"})
    assert bars.svg.count('font-weight="bold"') == 2, "its name and its amount"


def test_different_units_share_no_scale(table_of, figure_of):
    frame = pd.DataFrame({"label": ["a", "b"], "value": [1, 2], "unit": ["KRW", "USD"]})
    columns = {"value": Column("value", "value", "quantity", "", "unit")}
    with pytest.raises(ChartError, match="KRW and USD, which share no scale"):
        charts.draw(
            figure_of("bar", label="label", value="value"),
            table_of(frame, columns),
            titles={},
            words={},
            row_words={},
            language="en",
            as_of=date(2026, 10, 31),
        )


# -- a chart that adds asks the table whether it may -------------------------------------------


STACKED = """figures:
  stacked:
    kind: stacked_bar
    table: parts
    label: branch_name
    series: {series}
    value: {value}
    title: {{en: By branch, ko: 분관별}}
"""
TABLE = """tables:
  parts:
    dataset: loans
    by: [branch.name, {series}]
    measures: {measures}
"""


@pytest.fixture
def problems(small_project):
    def make(series, value, measures):
        report = small_project.read(small_project.report_file)
        report = report.replace("tables:\n", TABLE.format(series=series, measures=measures), 1)
        report = report.replace(
            "\nfigures:\n", "\n" + STACKED.format(series=series, value=value), 1
        )
        report = report.replace("figures: [", "figures: [stacked, ", 1)
        small_project.write(small_project.report_file, report)
        loaded = load_project(small_project.root)
        return pipeline.check(loaded, date(2026, 11, 2))

    return make


def test_what_the_guard_refuses_is_not_stacked(problems):
    found = problems("medium", "lent", "[lent]")
    assert any("differ in medium" in item.what for item in found)


def test_what_may_be_added_is_stacked(problems):
    assert problems("medium", "fees", "[fees]") == []


def test_distinct_names_are_not_stacked(problems):
    found = problems("medium", "days", "{days: {of: day, aggregation: nunique}}")
    assert any("the whole is" in item.what for item in found)

"""Small lines for the cells of a printed table and for cards."""

import re
from xml.etree import ElementTree

import pandas as pd
import pytest

from briefing.charts.kinds import PRINTED_OPTIONS, SPARKLINE_KEYS
from briefing.charts.sparklines import sparkline, sparklines
from briefing.errors import ChartError
from briefing.structures import Column

COLUMNS = {"key": "branch", "x": "year", "y": "loans"}


@pytest.fixture
def courses(table_of):
    def make(branches, years, loans):
        frame = pd.DataFrame(
            {
                "branch": pd.Series(branches, dtype="str"),
                "year": pd.Series(years, dtype="str"),
                "loans": pd.Series(loans, dtype="Int64"),
            }
        )
        return table_of(frame, {"loans": Column("loans", "loans", "quantity", "loans")}, "by_year")

    return make


def paths(svg):
    return [item for item in ElementTree.fromstring(svg).iter() if item.tag.endswith("path")]


def test_a_small_line_ends_in_a_dot_and_says_its_values():
    small = sparkline([1, 3, 2])
    line, dot = paths(small.svg)
    assert line.get("fill") == "none"
    assert dot.get("fill") == line.get("stroke")
    assert (small.width, small.height) == (60, 11)
    assert small.alt == "Course: 1, 3, 2."
    assert sparkline([1, 3, 2]) == small


def test_a_gap_breaks_the_line_and_is_said():
    small = sparkline([1, 3, None, 2, 2.5])
    lines = [item for item in paths(small.svg) if item.get("fill") == "none"]
    assert len(lines) == 2
    assert small.alt == "Course: 1, 3, not reported, 2, 2.5."


@pytest.mark.parametrize("values", [[4], [4, 4], [0, 0, 0], [-5, None, 5], [None, 7, None]])
def test_every_point_lies_in_the_picture(values):
    for path in paths(sparkline(values, 40, 9).svg):
        numbers = [float(item) for item in re.findall(r"-?[\d.]+", path.get("d"))]
        assert all(0 <= x <= 40 for x in numbers[::2])
        assert all(0 <= y <= 9 for y in numbers[1::2])


def test_the_rows_of_a_table_get_their_lines(courses):
    table = courses(
        ["Main", "Hill", "Main", "Hill", "Main"],
        ["2025", "2024", "2024", "2025", "2023"],
        [9, 4, 7, None, 5],
    )
    main, hill, port = sparklines(["Main", "Hill", "Port"], table, COLUMNS, "en")
    assert main.alt == "Course: 2023 5 loans, 2024 7 loans, 2025 9 loans."
    assert hill.alt == "Course: 2023 not reported, 2024 4 loans, 2025 not reported."
    assert port is None


def test_two_rows_for_one_period_are_refused(courses):
    table = courses(["Main", "Main"], ["2024", "2024"], [9, 4])
    with pytest.raises(ChartError, match="two rows for Main"):
        sparklines(["Main"], table, COLUMNS, "en")


def test_a_column_that_is_not_there_is_named(courses):
    with pytest.raises(ChartError, match="no column 'month'"):
        sparklines(["Main"], courses(["Main"], ["2024"], [9]), {**COLUMNS, "x": "month"}, "en")


def test_the_option_of_printed_tables_names_its_keys():
    assert all(f"`{key}`" in PRINTED_OPTIONS["sparkline"].about for key in SPARKLINE_KEYS)

"""Which editions a report has: one for each language and value, all of them, or the one asked."""

from datetime import date

import pytest

from briefing.config import load_project
from briefing.editions import edition_of, editions_of, parameter_values
from briefing.errors import ProblemsError, UsageError
from briefing.structures import ParameterValues
from briefing.tables import conditions

TODAY = date(2026, 11, 10)
MONTHLY = "grain: month\nparameters:\n  place: {keys}"


@pytest.fixture
def library(small_project):
    """The library's project, its report with a parameter where keys for it are given."""

    def make(keys: str = "", grain: str = "month"):
        if keys:
            parameter = MONTHLY.format(keys=keys).replace("month", grain)
            small_project.replace(small_project.report_file, "grain: month", parameter)
            small_project.replace(
                small_project.report_file, "medium == 'book'", "branch == parameters.place"
            )
        project = load_project(small_project.root)
        return project, project.reports["library-loans"]

    return make


def names(library, *made, **asked) -> list[str]:
    project, report = library(*made)
    return [edition.name for edition in editions_of(project, report, TODAY, **asked)]


SOME = "{values: branches.branch, where: opened < '2000-01-01'}"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["en"]),
        ({"language": "ko"}, ["ko"]),
        ({"language": "all"}, ["en", "ko"]),
    ],
)
def test_a_report_without_a_parameter_has_an_edition_for_each_language(library, asked, expected):
    assert names(library, **asked) == expected


@pytest.mark.parametrize(
    ("keys", "asked", "expected"),
    [
        ("branches.branch", {}, ["main-en", "harbour-en", "hill-en"]),
        ("branches.branch", {"parameter": "all"}, ["main-en", "harbour-en", "hill-en"]),
        ("branches.branch", {"parameter": "hill"}, ["hill-en"]),
        ("branches.branch", {"parameter": "hill", "language": "all"}, ["hill-en", "hill-ko"]),
        ("{values: branches.branch}", {"parameter": "main"}, ["main-en"]),
        (SOME, {"language": "ko"}, ["main-ko", "harbour-ko"]),
        (
            SOME,
            {"parameter": "all", "language": "all"},
            ["main-en", "main-ko", "harbour-en", "harbour-ko"],
        ),
    ],
)
def test_a_report_with_a_parameter_has_an_edition_for_each_value(library, keys, asked, expected):
    assert names(library, keys, **asked) == expected


def test_a_report_on_demand_wants_its_edition_named_or_all(library):
    project, report = library("branches.branch", "on-demand")
    with pytest.raises(UsageError, match="one edition for each value of place") as refused:
        editions_of(project, report, TODAY)
    assert "--edition: main, harbour, hill" in refused.value.hint
    assert [item.name for item in editions_of(project, report, TODAY, parameter="hill")] == [
        "hill-en"
    ]
    assert len(editions_of(project, report, TODAY, parameter="all", language="all")) == 6


def test_every_edition_is_of_the_period_and_day_asked_for(library):
    project, report = library("branches.branch")
    made = editions_of(
        project, report, TODAY, period="2026-09", as_of=date(2026, 10, 5), language="all"
    )
    assert {(str(item.period), item.as_of, item.report) for item in made} == {
        ("2026-09", date(2026, 10, 5), "library-loans")
    }
    assert {item.parameters["place"] for item in made} == {"main", "harbour", "hill"}


@pytest.mark.parametrize(
    ("keys", "asked", "part"),
    [
        ("branches.branch", {"parameter": "dale"}, "no edition 'dale'"),
        (SOME, {"parameter": "hill"}, "no edition 'hill'"),
        ("branches.branch", {"language": "de"}, "'de'"),
        ("", {"parameter": "all"}, "has no editions"),
        ("branches.branch", {"period": "2026-11"}, "has not ended"),
    ],
)
def test_an_edition_that_does_not_exist_is_a_wrong_use(library, keys, asked, part):
    with pytest.raises(UsageError, match=part):
        names(library, *filter(None, [keys]), **asked)


def test_a_value_that_cannot_name_a_folder_is_refused(library, small_project):
    small_project.replace("data/branches.csv", "hill,", "../hill,")
    small_project.replace("data/loans.csv", "l-4,hill", "l-4,../hill")
    project, report = library("branches.branch")
    with pytest.raises(UsageError, match="cannot name a folder"):
        edition_of(project, report, TODAY, parameter="../hill")


@pytest.mark.parametrize(
    ("values", "part"),
    [
        (ParameterValues("branchs", "branch"), "branchs.branch, which does not exist"),
        (ParameterValues("branches", "brunch"), "branches.brunch, which does not exist"),
        (
            ParameterValues("branches", "branch", conditions.parse("colour == 'red'")),
            "does not fit",
        ),
        (
            ParameterValues("branches", "branch", conditions.parse("branch == parameters.place")),
            "does not fit",
        ),
        (
            ParameterValues("branches", "branch", conditions.parse("opened > 'soon'")),
            "does not fit",
        ),
    ],
)
def test_values_that_cannot_be_found_are_said(library, values, part):
    project, _ = library()
    with pytest.raises(UsageError, match=part):
        parameter_values(project, values)


@pytest.mark.parametrize(
    ("keys", "part"),
    [
        ("branches", "'branches' does not say where its values stand"),
        ("loans.branch.name", "does not say where its values stand"),
        ("{where: branch == 'x'}", "parameters.place.values: the key is missing"),
        ("{values: branches.branch, where: branch = 'x'}", "is no condition"),
        ("{values: branches.branch, only: x}", "parameters.place.only: the key is not known"),
        ("branches.branch\n  other: branches.branch", "at most"),
    ],
)
def test_a_parameter_that_is_written_wrong_is_a_problem_with_its_line(
    library, small_project, keys, part
):
    with pytest.raises(ProblemsError) as refused:
        library(keys)
    found = [item for item in refused.value.problems if item.where.startswith("parameters")]
    assert found, refused.value.problems
    (problem,) = found
    assert part in f"{problem.where}: {problem.what}"
    first = small_project.read(small_project.report_file).splitlines().index("parameters:") + 1
    assert first <= problem.line <= first + 2


def test_the_row_of_a_key_figure_may_be_that_of_the_parameter_if_it_is_declared(
    library, small_project
):
    small_project.replace(
        small_project.report_file, "only: {branch: main}", "only: {branch: parameters.place}"
    )
    with pytest.raises(ProblemsError, match="there is no parameter 'place'"):
        library()
    project, _ = library("branches.branch")
    (figure,) = project.reports["library-loans"].key_figures
    assert figure.only == {"branch": "parameters.place"}


def test_the_regions_are_the_editions_of_the_shipped_reports(project_copy):
    project = load_project(project_copy.root)
    for name in ("region-profile", "cluster-visit"):
        (known,) = project.reports[name].parameters.values()
        values = parameter_values(project, known)
        assert len(values) == 17
        assert {"KR-11", "KR-27", "KR-49", "KR-50"} <= set(values)
        assert "KR" not in values, "the country is no region"

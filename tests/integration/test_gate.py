"""The data gate: send, send with a printed caveat, or hold."""

from collections.abc import Callable
from typing import Any

import pytest

CHECKS = {
    "max_age": "kind: max_age\n    table: loans\n    column: reported_on\n    days: {limit}",
    "rows": "kind: rows\n    table: loans\n    at_least: {limit}\n    at_most: 100",
    "all_present": (
        "kind: all_present\n    table: loans\n    column: branch\n    only: {{medium: {limit}}}"
    ),
}


def gate(project: Any, kind: str, limit: object, otherwise: str) -> None:
    body = CHECKS[kind].format(limit=limit)
    project.append(
        project.report_file, f"\ngate:\n  looked_at:\n    {body}\n    otherwise: {otherwise}\n"
    )


def build(briefing: Callable[..., Any], project: Any) -> Any:
    return briefing("build", "--period", "2026-10", "--format", "html", cwd=project.root)


def page(project: Any) -> str:
    return project.read("output/library-loans/2026-10/en/r1/index.html")


@pytest.mark.parametrize(
    ("kind", "good", "bad", "said"),
    [
        ("max_age", 0, None, "days before"),
        ("rows", 5, 6, "Loans by branch and month has 5 records; expected are 6 to 100"),
        ("all_present", "book", "film", "Loans by branch and month (film) lacks harbour, hill"),
    ],
)
def test_each_kind_passes_warns_and_holds(
    small_project: Any,
    briefing: Callable[..., Any],
    kind: str,
    good: object,
    bad: object,
    said: str,
) -> None:
    before = small_project.read(small_project.report_file)
    gate(small_project, kind, good, "hold")
    assert build(briefing, small_project).code == 0
    assert "<strong>Passed</strong>" in page(small_project)
    if bad is None:
        return
    small_project.write(small_project.report_file, before)
    gate(small_project, kind, bad, "caveat")
    assert build(briefing, small_project).code == 0
    assert "Please note" in page(small_project)
    assert said in page(small_project)
    sealed = page(small_project)
    small_project.write(small_project.report_file, before)
    gate(small_project, kind, bad, "hold")
    held = build(briefing, small_project)
    assert held.code == 3
    assert said in held.err
    assert page(small_project) == sealed  # nothing was written


def test_old_data_are_held(small_project: Any, briefing: Callable[..., Any]) -> None:
    gate(small_project, "max_age", 10, "hold")
    loans = small_project.read("data/loans.csv").replace("2026-10-31", "2026-10-16")
    small_project.write("data/loans.csv", loans)
    held = build(briefing, small_project)
    assert held.code == 3
    assert "15 days before; allowed are 10" in held.err


def test_parts_that_exceed_their_whole_hold_the_national_report(
    project_copy: Any, briefing: Callable[..., Any]
) -> None:
    project_copy.replace("data/funding.csv", "10900000000", "40900000000")
    held = briefing("build", "--period", "2026-10", cwd=project_copy.root)
    assert held.code == 3
    assert "the parts of “Whole programme” add up to 40.9 billion won" in held.err


def test_regions_that_do_not_reconcile_are_printed_as_a_caveat(
    project_copy: Any, briefing: Callable[..., Any]
) -> None:
    project_copy.replace("data/indicators.csv", "651000000000000", "661000000000000")
    built = briefing("build", "--period", "2026-10", "--format", "html", cwd=project_copy.root)
    assert built.code == 0, built.err
    page = project_copy.read("output/regional-innovation/2026-10/en/r1/index.html")
    assert "Please note" in page
    assert "printed is 2,561 trillion won" in page


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("kind: rows\n    table: lends\n    at_least: 1", "no table 'lends'"),
        ("kind: max_age\n    table: loans\n    days: 3", "needs `column`"),
        ("kind: max_age\n    table: loans\n    column: dated\n    days: 3", "no column 'dated'"),
        ("kind: parts_fit\n    table: loans\n    measure: weight", "no measure 'weight'"),
        ("kind: all_present\n    table: loans\n    column: medium", "no foreign key"),
        ("kind: tea_time\n    table: loans", "tea_time"),
    ],
)
def test_a_check_that_cannot_be_made_is_a_problem(
    small_project: Any, briefing: Callable[..., Any], wrong: str, said: str
) -> None:
    small_project.append(
        small_project.report_file, f"\ngate:\n  looked_at:\n    {wrong}\n    otherwise: hold\n"
    )
    ran = briefing("check", cwd=small_project.root)
    assert ran.code == 1
    assert said in ran.err
    assert "report.yaml:" in ran.err
    assert "Traceback" not in ran.err

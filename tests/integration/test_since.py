"""What changed since the last issue, and what was known on an earlier day."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

SINCE = """
since_last_issue:
  tables: [loans, branches]
"""


@pytest.fixture
def library(small_project: Any) -> Any:
    small_project.append(small_project.report_file, SINCE)
    return small_project


def section(project: Any, period: str) -> str:
    page = project.read(f"output/library-loans/{period}/en/r1/index.html")
    found = re.search(r'<section class="since">(.*?)</section>', page, re.DOTALL)
    assert found is not None
    return " ".join(re.sub(r"<[^>]+>", " ", found.group(1)).split())


def build(briefing: Callable[..., Any], project: Any, period: str, *more: str) -> Any:
    ran = briefing(
        "build", "--period", period, "--format", "html", "--json", *more, cwd=project.root
    )
    assert ran.code == 0, ran.err
    return ran.json["issues"][0]


def test_the_first_issue_says_so(library: Any, briefing: Callable[..., Any]) -> None:
    build(briefing, library, "2026-09")
    assert "first issue" in section(library, "2026-09")


def test_records_that_became_known_are_added(library: Any, briefing: Callable[..., Any]) -> None:
    build(briefing, library, "2026-09")
    build(briefing, library, "2026-10")
    said = section(library, "2026-10")
    assert "Compared with the issue of September 2026" in said
    assert "Added (4)" in said
    assert "Harbour Branch: 310" in said
    assert "Withdrawn" not in said


def test_a_moved_number_is_restated_a_removed_record_withdrawn_another_cell_changed(
    library: Any, briefing: Callable[..., Any]
) -> None:
    library.write(
        "data/loans.csv",
        library.read("data/loans.csv") + "l-6,hill,2026-09-20,map,7,sheets,,2026-09-30\n",
    )
    build(briefing, library, "2026-09")
    library.replace("data/loans.csv", "book,1200", "book,1250")
    library.replace("data/loans.csv", "l-6,hill,2026-09-20,map,7,sheets,,2026-09-30\n", "")
    library.replace("data/branches.csv", "1974-09-14", "1974-09-15")
    build(briefing, library, "2026-10")
    said = section(library, "2026-10")
    assert "Restated (1) Main Library: 1,250 items" in said
    assert "before 1,200 items" in said
    assert "Withdrawn (1) Hill Branch: 7 sheets" in said
    assert "Changed (1) Harbour Branch" in said


def test_nothing_new_is_said_too(library: Any, briefing: Callable[..., Any]) -> None:
    loans = library.read("data/loans.csv").replace("2026-10-31", "2026-09-30")
    library.write("data/loans.csv", loans)
    build(briefing, library, "2026-09")
    build(briefing, library, "2026-10")
    assert "no record was added, changed, withdrawn or restated" in section(library, "2026-10")


def test_the_previous_issue_is_an_input_and_recorded(
    library: Any, briefing: Callable[..., Any]
) -> None:
    build(briefing, library, "2026-09")
    build(briefing, library, "2026-10")
    manifest = json.loads(library.read("output/library-loans/2026-10/en/r1/manifest.json"))
    (name,) = [key for key in manifest["inputs"] if key.startswith("previous/")]
    assert name == "previous/library-loans/2026-09/en/r1/manifest.json"
    assert build(briefing, library, "2026-10")["state"] == "unchanged"
    library.replace("data/loans.csv", "book,1200", "book,1250")
    build(briefing, library, "2026-09")
    again = build(briefing, library, "2026-10")
    assert again["state"] == "rebuilt"
    assert name in again["changed"]


def test_targets_that_fell_due_are_named(project_copy: Any, briefing: Callable[..., Any]) -> None:
    for period in ("2024-11", "2025-01"):
        ran = briefing("build", "--period", period, "--format", "html", cwd=project_copy.root)
        assert ran.code == 0, ran.err
    page = project_copy.read("output/regional-innovation/2025-01/en/r1/index.html")
    assert "Fell due (3)" in page
    assert "Technology startups discovered, due 31 December 2024" in page


@pytest.mark.parametrize("as_of", ["2014-09-30", "2015-12-01", "2022-05-01", "2025-06-30"])
def test_the_report_can_be_built_as_of_any_day_and_uses_nothing_later(
    project_copy: Any, briefing: Callable[..., Any], as_of: str
) -> None:
    ran = briefing(
        "build",
        "--period",
        "2026-10",
        "--as-of",
        as_of,
        "--format",
        "html",
        "--json",
        cwd=project_copy.root,
    )
    assert ran.code == 0, ran.err
    folder = project_copy.root / ran.json["issues"][0]["folder"]
    assert folder.name == f"as-of-{as_of}"
    body = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    assert body["records"]
    assert max(record["values"]["reported_on"] for record in body["records"]) <= as_of
    assert "Nothing was known for this" in (folder / "index.html").read_text(encoding="utf-8")


def test_check_names_what_would_be_left_out(library: Any, briefing: Callable[..., Any]) -> None:
    library.replace(
        library.report_file, "medium == 'book' and day >=", "medium == 'map' and day >="
    )
    ran = briefing("check", cwd=library.root)
    assert ran.code == 1
    assert "nothing is known on" in ran.err
    assert "figures.bars" in ran.err
    built = briefing("build", "--period", "2026-10", "--format", "html", cwd=library.root)
    assert built.code == 0, built.err

"""What may be added in the shipped data: every pair is tried, and docs/sums.md says the same."""

import re
from itertools import combinations
from pathlib import Path

import pytest

from briefing.config import load_project
from briefing.structures import TableDeclaration
from briefing.tables.additivity import Guard

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "sums.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def dataset():
    return load_project(REPOSITORY).dataset


def reasons(dataset, table: str, measure: str) -> list[str]:
    """Why each pair of records is refused; empty where it may be added."""
    schema, frame = dataset.schemas[table], dataset.frames[table]
    guard = Guard(schema, TableDeclaration("sum", "report.yaml", 1), frame)
    found = []
    for pair in combinations(frame.index, 2):
        problems = guard.problems(schema.measures[measure], frame, [("", list(pair))])
        found.append(problems[0].what.partition(", but ")[2] if problems else "")
    return found


def test_no_two_amounts_of_the_documents_may_be_added(dataset):
    found = reasons(dataset, "funding", "amount")
    kinds = [
        "never" if "is never added" in why else "status" if "status" in why else "part"
        for why in found
    ]
    assert "" not in found
    assert f"{len(found)} pairs" in PAGE
    for kind in ("never", "status", "part"):
        assert re.search(rf"\| {kinds.count(kind)} \|", PAGE)


def test_no_two_measures_are_added(dataset):
    found = reasons(dataset, "measures", "level")
    assert all("non-additive" in why for why in found)
    assert f"{len(found)} pairs" in PAGE
    assert f"The {len(dataset.frames['measures'])} measures" in PAGE


def test_the_regions_of_a_year_may_be_added_but_not_with_their_country(dataset):
    frame = dataset.frames["indicators"]
    product = frame[(frame["indicator"] == "grdp") & (frame["period"] == "2024")]
    regions = list(product.index[product["region"] != "KR"])
    guard = Guard(dataset.schemas["indicators"], TableDeclaration("sum", "report.yaml", 1), frame)
    reading = dataset.schemas["indicators"].measures["reading"]
    assert len(regions) == 17
    assert guard.problems(reading, frame, [("", regions)]) == []
    assert guard.problems(reading, frame, [("", list(product.index))])

"""From any figure of a filed issue down to records, documents and paragraphs."""

import csv
import json
import re
from collections.abc import Callable
from typing import Any

import pytest


def provenance(issue: Any) -> dict[str, Any]:
    return json.loads(issue.text("provenance.json"))


def test_every_row_of_every_figure_leads_to_records_of_the_dataset(built_issue: Any) -> None:
    body = provenance(built_issue)
    records = {record["@id"]: record for record in body["records"]}
    sources = {source["@id"] for source in body["isBasedOn"]}
    rows = [row for figure in body["hasPart"] for row in figure["rows"]]
    assert len(rows) > 100
    for row in rows:
        assert row["prov:wasDerivedFrom"], row
        for name in row["prov:wasDerivedFrom"]:
            assert records[name]["source"] in sources


def test_a_record_is_what_stands_in_its_line_of_the_file(built_issue: Any) -> None:
    for record in provenance(built_issue)["records"]:
        path = built_issue.project.root / record["file"]
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            row = next(row for row in reader if reader.line_num == record["line"])
        assert record["@id"].partition("/")[2] in row.values()
        if "asPrinted" in record:
            assert row["as_printed"] == record["asPrinted"]
            assert row["paragraph"] == str(record["paragraph"])


def test_the_trace_of_an_amount_names_document_paragraph_and_words(
    built_issue: Any, briefing: Callable[..., Any]
) -> None:
    root = built_issue.project.root
    ran = briefing(
        "trace", "regional-innovation", "Figure 1", "Robot", "--period", "2026-10", cwd=root
    )
    assert ran.code == 0, ran.err
    assert "funding/fund-robot-si-total" in ran.out
    assert re.search(r"D1 .*, ¶14: “32.7 billion won”", ran.out)
    assert "caveat: " in ran.out


def test_a_derived_value_shows_its_formula_and_both_inputs(
    built_issue: Any, briefing: Callable[..., Any]
) -> None:
    root = built_issue.project.root
    command = ("trace", "regional-innovation", "grdp_per_head", "Ulsan")
    ran = briefing(*command, "--period", "2026-10", cwd=root)
    assert "computed: reading_grdp / reading_population" in ran.out
    assert "indicators/ind-population-kr-31-2020" in ran.out
    assert "indicators/ind-grdp-kr-31-2024-provisional" in ran.out


def test_without_a_figure_all_are_listed_with_the_key_figures(
    built_issue: Any, briefing: Callable[..., Any]
) -> None:
    ran = briefing(
        "trace", "regional-innovation", "--period", "2026-10", cwd=built_issue.project.root
    )
    assert len(ran.out.splitlines()) == len(provenance(built_issue)["hasPart"])
    assert ran.out.startswith("Key figure 1 (key_figure_1): ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("regional-innovation", "Figure 99"), "no figure 'Figure 99'"),
        (("regional-innovation", "Figure 1", "Atlantis"), "no row 'Atlantis'"),
        (("regional-innovation", "--period", "2026-09"), "Build it first"),
        (("nonesuch",), "no report 'nonesuch'"),
    ],
)
def test_what_is_not_there_is_said(
    built_issue: Any, briefing: Callable[..., Any], words: tuple[str, ...], said: str
) -> None:
    period = () if "--period" in words else ("--period", "2026-10")
    ran = briefing("trace", *words, *period, cwd=built_issue.project.root)
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_the_page_carries_the_same_provenance_and_links_both_ways(built_issue: Any) -> None:
    page = built_issue.text("index.html")
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    assert json.loads(found.group(1)) == provenance(built_issue)
    anchors = set(re.findall(r'id="([^"]+)"', page))
    links = re.findall(r'href="#([^"]+)"', page)
    assert set(links) <= anchors
    assert any(re.fullmatch(r"source-D1-\d+", link) for link in links)  # to the paragraph
    assert "figure-1" in links  # and back to the figure

"""The guard over random sets of funding records: nothing wrong gets through, culprits are named."""

import json
from datetime import date
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from briefing.periods import Period
from briefing.sources.datapackage import read_description
from briefing.structures import Edition, MeasureUse, RawTable, TableDeclaration
from briefing.tables import aggregate_all
from briefing.validation import validate

DATA = Path(__file__).parents[2] / "data"
DESCRIBED, _, _ = read_description(DATA / "datapackage.json", DATA.parent)
SCHEMA = next(schema for schema in DESCRIBED.schemas if schema.name == "funding")
MEASURE = SCHEMA.measures["amount"]
COLUMNS = tuple(field.name for field in SCHEMA.fields)
EDITION = Edition("r", Period.parse("2026-10"), date(2026, 10, 31), "en", {})
PLAIN = dict.fromkeys(COLUMNS, "") | {
    "programme": "p",
    "qualifier": "exact",
    "document": "d",
    "paragraph": "1",
    "as_printed": "x",
    "purpose": "x",
    "purpose_ko": "가",
    "reported_on": "2024-12-31",
}
NAMES = [f"fund-{letter}" for letter in "abcdef"]


def mostly(usual: str, *others: str) -> st.SearchStrategy[str]:
    return st.sampled_from([usual] * 6 + list(others))


@st.composite
def records(draw):
    count = draw(st.integers(1, len(NAMES)))
    return [
        PLAIN
        | {
            "funding_id": name,
            "region": draw(mostly("KR-27", "KR-11")),
            "amount_type": draw(mostly("per_unit_award", "annual_slice", "per_unit_ceiling")),
            "funder_type": draw(mostly("public", "private")),
            "currency": draw(mostly("KRW", "USD")),
            "value": str(draw(st.integers(1, 10**15))),
            "nominal_from": draw(mostly("2024", "2023", "")),
            "nominal_to": draw(mostly("2024", "2026")),
            "status": draw(mostly("planned", "achieved")),
            "part_of": draw(mostly("", "", *NAMES)),
            "representation": draw(mostly("original", "as_printed_conversion")),
        }
        for name in NAMES[:count]
    ]


def added(rows, by=()):
    raw = RawTable(
        SCHEMA, COLUMNS, [list(row.values()) for row in rows], list(range(2, 2 + len(rows)))
    )
    dataset, _ = validate(DESCRIBED, [raw], {})
    use = MeasureUse("amount", measure="amount")
    declaration = TableDeclaration("t", "r.yaml", 1, dataset="funding", by=by, measures=(use,))
    tables, problems = aggregate_all((declaration,), dataset, EDITION)
    return tables.get("t"), problems


def ancestors(name, rows):
    parents = {row["funding_id"]: row["part_of"] for row in rows}
    found, current = set(), parents.get(name, "")
    while current and current not in found:
        found.add(current)
        current = parents.get(current, "")
    return found


def culprits(group, everything):
    """Why this group must not be added, told without the guard: the names of who is to blame."""
    if len(group) < 2:
        return set()
    names = {row["funding_id"] for row in group}
    blamed = set()
    for row in group:
        if any(row[column] not in allowed for column, allowed in MEASURE.addable.items()):
            blamed.add(row["funding_id"])
        above = ancestors(row["funding_id"], everything) & names
        if above:
            blamed |= {row["funding_id"]} | above
    for column in MEASURE.never_across:
        if len({row[column] for row in group}) > 1:
            blamed |= names
    return blamed


@given(records())
def test_what_gets_through_may_be_added_and_is_added_exactly(rows):
    table, problems = added(rows)
    if problems:
        return
    assert culprits(rows, rows) == set()
    scale = 100 if rows[0]["currency"] == "USD" else 1
    assert int(table.frame["amount"].iloc[0]) == scale * sum(int(row["value"]) for row in rows)


@given(records())
def test_what_is_refused_names_a_culprit_and_nothing_is_added(rows):
    table, problems = added(rows)
    blamed = culprits(rows, rows)
    assert bool(problems) == bool(blamed)
    if problems:
        assert table is None
        message = " ".join(problem.what for problem in problems)
        assert any(name in message for name in blamed)


@given(records())
def test_groups_are_judged_each_on_its_own(rows):
    table, problems = added(rows, ("status", "region"))
    groups = {}
    for row in rows:
        groups.setdefault((row["status"], row["region"]), []).append(row)
    blamed = {key for key, group in groups.items() if culprits(group, rows)}
    assert bool(problems) == bool(blamed)
    for status, region in blamed:
        assert any(f"(status {status}, region {region})" in item.what for item in problems)
    if not problems:
        assert {(row["status"], row["region"]) for row in table.frame.to_dict("records")} == set(
            groups
        )


@given(records())
def test_every_record_stands_behind_exactly_one_row(rows):
    table, problems = added(rows, ("funding_id",))
    assert problems == []
    lines = [line for row in table.records for line in row]
    assert sorted(lines) == list(range(2, 2 + len(rows)))


def test_the_columns_used_here_are_those_of_the_shipped_description():
    described = json.loads((DATA / "datapackage.json").read_text())
    funding = next(item for item in described["resources"] if item["name"] == "funding")
    assert set(PLAIN) == {field["name"] for field in funding["schema"]["fields"]}
    assert {"status", "funder_type", "currency", "amount_type", "region"} <= set(
        MEASURE.never_across
    )

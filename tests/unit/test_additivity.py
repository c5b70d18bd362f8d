"""The guard: amounts of the shipped data that must not be added are named, and nothing is added."""

import json
from pathlib import Path

import pytest

from briefing.structures import Derivation, MeasureUse
from briefing.tables import aggregate_all, conditions

DATA = Path(__file__).parents[2] / "data"
DESCRIPTION = json.loads((DATA / "datapackage.json").read_text())
PLAIN = {
    "funding_id": "",
    "programme": "robot-si",
    "region": "KR-27",
    "purpose": "support",
    "purpose_ko": "지원",
    "amount_type": "per_unit_award",
    "funder_type": "public",
    "currency": "KRW",
    "value": "1000000",
    "qualifier": "exact",
    "nominal_from": "2024",
    "nominal_to": "2024",
    "status": "committed",
    "part_of": "",
    "conversion_of": "",
    "representation": "original",
    "document": "daegu-technopark",
    "paragraph": "1",
    "as_printed": "x",
    "caveat": "",
    "caveat_ko": "",
    "reported_on": "2024-12-31",
}


def described(name: str) -> dict:
    """The shipped description of a table, without references to the other tables."""
    found = next(item for item in DESCRIPTION["resources"] if item["name"] == name)
    schema = {key: value for key, value in found["schema"].items() if key != "foreignKeys"}
    return {key: value for key, value in found.items() if key not in {"name", "path", "schema"}} | {
        "schema": schema
    }


@pytest.fixture
def added(dataset_of, declare, edition):
    """Add these funding records, each given by what is not plain about it."""

    def make(*records: dict, **keys):
        rows = [PLAIN | {"funding_id": f"fund-{'abcdefgh'[i]}"} | r for i, r in enumerate(records)]
        lines = [",".join(PLAIN), *(",".join(row.values()) for row in rows)]
        dataset, problems = dataset_of({"funding": ("\n".join(lines) + "\n", described("funding"))})
        assert problems == []
        where = keys.pop("where", "")
        declaration = declare(
            dataset="funding",
            measures=keys.pop("measures", ("amount",)),
            where=conditions.parse(where) if where else None,
            **keys,
        )
        tables, found = aggregate_all((declaration,), dataset, edition)
        return tables.get("result"), found

    return make


TOTAL = {"amount_type": "programme_total", "nominal_to": "2026"}
REFUSED = {
    "a slice to its total": (
        [TOTAL, {"amount_type": "annual_slice", "part_of": "fund-a"}],
        ["fund-b is part of fund-a", "amount_type"],
    ),
    "a part to its whole of the same kind": (
        [{}, {"part_of": "fund-a"}],
        ["fund-b is part of fund-a"],
    ),
    "a ceiling to an award": (
        [{"amount_type": "per_unit_ceiling"}, {}],
        ["amount_type per_unit_ceiling is never added", "fund-a"],
    ),
    "an application to a total": (
        [{"amount_type": "application_value"}, {"amount_type": "programme_total"}],
        ["application_value is never added", "fund-a"],
    ),
    "won to dollars": (
        [{}, {"currency": "USD", "value": "900"}],
        ["currency (KRW, USD)", "fund-a (1 million won)", "fund-b (US$900)"],
    ),
    "planned to achieved": (
        [{"status": "planned"}, {"status": "achieved"}],
        ["status (planned, achieved)", "fund-a", "fund-b"],
    ),
    "a conversion to its original": (
        [{}, {"representation": "as_printed_conversion", "conversion_of": "fund-a"}],
        ["as_printed_conversion is never added", "fund-b"],
    ),
    "across regions": (
        [{"region": "KR-27"}, {"region": "KR-11"}],
        ["region (KR-27, KR-11)", "fund-a", "fund-b"],
    ),
    "across years": (
        [{"nominal_from": "2023"}, {"nominal_from": "2024"}],
        ["nominal_from (2023, 2024)", "fund-a", "fund-b"],
    ),
    "a year that is not printed": (
        [{"nominal_from": "", "nominal_to": ""}, {}],
        ["nominal_from (none, 2024)", "fund-a", "fund-b"],
    ),
    "across funders": (
        [{"funder_type": "public"}, {"funder_type": "private"}],
        ["funder_type (public, private)", "fund-a", "fund-b"],
    ),
}


@pytest.mark.parametrize(("records", "parts"), REFUSED.values(), ids=REFUSED)
def test_what_must_not_be_added_is_refused_with_the_names_of_the_records(added, records, parts):
    table, problems = added(*records)
    assert table is None
    message = "\n".join(map(str, problems))
    for part in parts:
        assert part in message
    assert "would add" in message
    assert "report.yaml:7: tables.result" in message


def test_a_part_of_a_part_is_refused_though_the_middle_is_left_out(added):
    records = [
        {"funding_id": "fund-whole"},
        {"funding_id": "fund-middle", "part_of": "fund-whole"},
        {"funding_id": "fund-piece", "part_of": "fund-middle"},
    ]
    _, problems = added(*records, where="funding_id != 'fund-middle'")
    assert any("fund-piece is part of fund-whole" in item.what for item in problems)


def test_records_that_are_part_of_each_other_do_not_hang_the_guard(added):
    _, problems = added({"part_of": "fund-b"}, {"part_of": "fund-a"})
    assert any("is part of" in item.what for item in problems)


def test_many_culprits_are_counted_and_the_first_are_named(added):
    _, problems = added(*({"amount_type": "per_unit_ceiling"} for _ in range(7)))
    assert "and 3 more" in problems[0].what


def test_the_group_is_named(added):
    _, problems = added(
        {"status": "planned"}, {"status": "achieved"}, {"region": "KR-11"}, by=("region",)
    )
    assert len(problems) == 1
    assert "(region KR-27)" in problems[0].what


@pytest.mark.parametrize(
    ("records", "keys", "expected"),
    [
        ([{}, {}], {}, [2_000_000]),
        ([{"qualifier": "about"}, {}], {}, [2_000_000]),
        ([{"status": "planned"}, {"status": "achieved"}], {"by": ("status",)}, [10**6, 10**6]),
        (
            [TOTAL, {"part_of": "fund-x", "amount_type": "programme_total", "nominal_to": "2026"}],
            {},
            [2 * 10**6],
        ),
        ([{"amount_type": "per_unit_ceiling"}], {}, [1_000_000]),
        ([{"region": "KR-27"}, {"region": "KR-11"}], {"across": ("region",)}, [2_000_000]),
        ([{"part_of": "fund-c"}, {"part_of": "fund-c"}], {}, [2_000_000]),
        ([{"value": str(2**62)}, {"value": str(2**62 - 1)}], {}, [2**63 - 1]),
    ],
    ids="alike hedged grouped part-of-absent single across siblings largest".split(),
)
def test_what_may_be_added_is_added_exactly(added, records, keys, expected):
    table, problems = added(*records, **keys)
    assert problems == []
    assert list(table.frame["amount"]) == expected


def test_a_sum_beyond_what_can_be_kept_exactly_is_refused(added):
    table, problems = added({"value": str(2**63 - 1)}, {"value": str(2**63 - 1)})
    assert problems, f"it came out as {list(table.frame['amount'])}"


@pytest.mark.parametrize("column", ["currency", "status"])
def test_across_on_purpose_lets_nothing_else_through(added, column):
    records = [
        {"region": "KR-27"},
        {"region": "KR-11", column: {"currency": "USD"}.get(column, "planned")},
    ]
    _, problems = added(*records, across=("region",))
    assert any(column in item.what for item in problems)


def test_folding_into_other_is_under_the_same_guard(added):
    records = [{"value": "9000000"}, {"region": "KR-11"}, {"region": "KR-28", "status": "planned"}]
    _, problems = added(*records, by=("region",), top=1)
    assert any("status" in item.what and "region other" in item.what for item in problems)


def test_a_share_adds_the_whole_table_and_is_refused(added):
    records = [{"status": "planned"}, {"status": "achieved"}]
    _, problems = added(*records, by=("status",), share="amount")
    assert any("the whole table" in item.what for item in problems)


def test_naming_the_column_instead_of_the_measure_does_not_get_round_the_guard(added):
    use = MeasureUse("money", of="value")
    _, problems = added({"status": "planned"}, {"status": "achieved"}, measures=(use,))
    assert problems


def test_another_aggregation_does_not_mix_currencies(added):
    use = MeasureUse("money", measure="amount", aggregation="max")
    _, problems = added({}, {"currency": "USD", "value": "900"}, measures=(use,))
    assert any("currency" in item.what for item in problems)


def test_a_mean_of_planned_and_achieved_is_no_sum(added):
    use = MeasureUse("money", measure="amount", aggregation="max")
    table, problems = added({"status": "planned"}, {"status": "achieved"}, measures=(use,))
    assert problems == []
    assert list(table.frame["money"]) == [1_000_000]


def test_a_computed_copy_does_not_get_round_the_guard(dataset_of, declare, edition):
    """`derive: {copy: lent * 1}`, then the sum of the copy: across media all the same."""
    description = {
        "measures": {"lent": {"column": "lent", "never_across": ["medium"]}},
        "schema": {
            "fields": [
                {"name": "id"},
                {"name": "medium"},
                {"name": "lent", "type": "integer", "unit": "items"},
            ],
            "primaryKey": "id",
        },
    }
    dataset, _ = dataset_of({"t": ("id,medium,lent\na,book,1\nb,film,2\n", description)})
    declaration = declare(
        dataset="t",
        derive=(Derivation("copy", "lent * 1", ""),),
        measures=(MeasureUse("copied", of="copy"),),
    )
    tables, problems = aggregate_all((declaration,), dataset, edition)
    assert problems, f"it was added: {tables['result'].frame.to_dict('list')}"


def test_a_measure_that_is_not_additive_is_never_added(dataset_of, declare, edition):
    description = {
        "measures": {
            "rank": {"column": "rank", "aggregation": "sum", "additivity": "non-additive"}
        },
        "schema": {
            "fields": [{"name": "id"}, {"name": "rank", "type": "integer"}],
            "primaryKey": "id",
        },
    }
    dataset, _ = dataset_of({"t": ("id,rank\nseoul,21\nbusan,300\n", description)})
    _, problems = aggregate_all((declare(dataset="t", measures=("rank",)),), dataset, edition)
    (problem,) = problems
    assert "seoul (21); busan (300)" in problem.what
    assert "non-additive" in problem.what


def test_part_of_without_a_primary_key_is_no_traceback(dataset_of, declare, edition):
    description = {
        "measures": {"lent": {"column": "lent", "part_of": "part_of"}},
        "schema": {
            "fields": [{"name": "id"}, {"name": "part_of"}, {"name": "lent", "type": "integer"}]
        },
    }
    dataset, problems = dataset_of({"t": ("id,part_of,lent\na,,1\nb,a,2\n", description)})
    if not problems:
        aggregate_all((declare(dataset="t", measures=("lent",)),), dataset, edition)


def test_populations_are_added_across_regions_and_not_across_years(dataset_of, declare, edition):
    head = (DATA / "indicators.csv").read_text().splitlines()
    rows = [line for line in head if line.startswith("ind-population-kr-1") or line == head[0]]
    dataset, problems = dataset_of(
        {"indicators": ("\n".join(rows) + "\n", described("indicators"))}
    )
    assert problems == []
    by_year = declare("by_year", dataset="indicators", by=("period",), measures=("reading",))
    by_region = declare("by_region", dataset="indicators", by=("region",), measures=("reading",))
    tables, problems = aggregate_all((by_year, by_region), dataset, edition)
    assert "by_year" in tables
    assert all("period (" in item.what for item in problems)
    assert problems

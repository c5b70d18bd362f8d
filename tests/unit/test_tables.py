"""Declared tables: every word of the vocabulary, and the mistakes that are refused."""

from dataclasses import replace

import pandas as pd
import pytest

from briefing import validation
from briefing.formatting import shown
from briefing.periods import Grain
from briefing.structures import Derivation, MeasureUse
from briefing.tables import aggregate_all, arithmetic, conditions

BRANCHES = """\
branch,name_en,name_ko,district
main,Main,중앙,old-town
hill,Hill,언덕,heights
harbour,Harbour,항구,old-town
dock,Dock,부두,heights
"""
LOANS = """\
id,branch,day,year,medium,lent,unit,hours,fees,note
1,main,2025-10-05,2025,book,100,items,1.5,1000,
2,main,2026-09-05,2026,book,120,items,2.0,1200,x
3,main,2026-10-05,2026,book,150,items,2.5,,x
4,main,2026-10-20,2026,book,50,items,0.5,300,
5,hill,2026-10-06,2026,book,40,items,1.0,400,y
6,harbour,2026-10-07,2026,book,30,items,1.0,500,
7,harbour,2026-10-07,2026,film,9,discs,,900,
8,main,2026-10-08,2026,film,11,discs,,950,
9,,2026-10-09,2026,book,5,items,1.0,100,
"""


def text(name: str, **more: object) -> dict:
    return {"name": name, "type": "string", **more}


BRANCHES_SCHEMA = {
    "schema": {
        "fields": [text("branch"), text("name_en"), text("name_ko"), text("district")],
        "primaryKey": ["branch"],
    }
}
LOANS_SCHEMA = {
    "measures": {
        "lent": {"column": "lent", "never_across": ["medium"]},
        "fees": {"column": "fees"},
        "latest": {
            "column": "lent",
            "aggregation": "last",
            "additivity": "non-additive",
            "order": "day",
        },
        "stock": {
            "column": "lent",
            "aggregation": "last",
            "additivity": "semi-additive",
            "never_across": ["day"],
            "order": "day",
        },
    },
    "schema": {
        "fields": [
            text("id"),
            text("branch"),
            {"name": "day", "type": "date"},
            {"name": "year", "type": "year"},
            text("medium", constraints={"enum": ["book", "film"]}),
            {"name": "lent", "type": "integer", "unitColumn": "unit"},
            text("unit"),
            {"name": "hours", "type": "number", "unit": "hours"},
            {"name": "fees", "type": "integer", "money": True, "unit": "KRW"},
            text("note"),
        ],
        "primaryKey": ["id"],
        "foreignKeys": [
            {"fields": "branch", "reference": {"resource": "branches", "fields": "branch"}}
        ],
    },
}


@pytest.fixture
def dataset(dataset_of, edition):
    made, problems = dataset_of(
        {"branches": (BRANCHES, BRANCHES_SCHEMA), "loans": (LOANS, LOANS_SCHEMA)}
    )
    assert problems == []
    return validation.in_language(made, edition.language)


@pytest.fixture
def run(dataset, edition, declare):
    """The computed table and its problems."""

    def make(**keys):
        where = keys.pop("where", "medium == 'book'")
        declaration = declare(
            dataset=keys.pop("dataset", "loans"),
            where=conditions.parse(where) if where else None,
            **keys,
        )
        tables, problems = aggregate_all((declaration,), dataset, edition)
        return tables.get("result"), problems

    return make


@pytest.fixture
def cells(run):
    """The computed rows as dictionaries of plain values; no problems allowed."""

    def make(**keys):
        table, problems = run(**keys)
        assert problems == []
        rows = table.frame.to_dict("records")
        return [{k: None if pd.isna(v) else v for k, v in row.items()} for row in rows]

    return make


# -- where ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("branch == 'main'", "1 2 3 4 8"),
        ("branch != 'main'", "5 6 7"),
        ("branch == None", "9"),
        ("branch != None and lent > 100", "2 3"),
        ("lent >= 100 or lent < 9", "1 2 3 9"),
        ("not branch == 'main'", "5 6 7 9"),
        ("not (branch == 'main' or medium == 'film')", "5 6 9"),
        ("branch in ['main', 'hill'] and medium in ['film']", "8"),
        ("branch not in ['main', 'hill']", "6 7"),
        ("branch in ['hill', None]", "5 9"),
        ("lent in [9, 11]", "7 8"),
        ("hours <= 1", "4 5 6 9"),
        ("hours == None", "7 8"),
        ("day >= period.start and day <= period.end and lent > 40", "3 4"),
        ("day > '2026-10-08'", "4 9"),
        ("day <= as_of", "1 2 3 4 5 6 7 8 9"),
        ("year == 2025", "1"),
        ("branch.name == 'Harbour'", "6 7"),
        ("branch.district == 'heights'", "5"),
    ],
)
def test_where(cells, where, ids):
    rows = cells(where=where, by=("id",), measures=("records",))
    assert sorted(row["id"] for row in rows) == ids.split()


def test_where_knows_the_value_of_the_reports_parameter(dataset, declare, edition):
    declaration = declare(
        dataset="loans", where=conditions.parse("branch == parameters.place"), by=("id",)
    )
    tables, problems = aggregate_all(
        (declaration,), dataset, replace(edition, parameters={"place": "hill"})
    )
    assert problems == []
    assert list(tables["result"].frame["id"]) == ["5"]


@pytest.mark.parametrize(
    "where",
    [
        "branch",
        "branch = 'main'",
        "'main' == branch",
        "branch == other",
        "1 < lent < 5",
        "lent + 1 == 2",
        "branch.upper() == 'MAIN'",
        "__import__('os')",
        "branch == f'x'",
        "branch == 'a' if lent else 'b'",
        "lambda: 1",
        "",
        "branch is None",
    ],
)
def test_what_is_no_condition_is_refused(where):
    with pytest.raises(ValueError, match=r"."):
        conditions.parse(where)


@pytest.mark.parametrize(
    "where",
    [
        "branch > 5",
        "lent == 'many'",
        "branch == 5",
        "day == 'soon'",
        "day > 2024",
        "lent < None",
        "colour == 'red'",
        "branch.colour == 'red'",
        "medium.name == 'x'",
        "branch == True",
        "branch in 'main'",
        "branch in 5",
        "branch == ['main']",
        "branch == {'a': 1}",
    ],
)
def test_a_condition_that_does_not_fit_the_data_is_a_problem(run, where):
    try:
        conditions.parse(where)
    except ValueError:
        return  # found even before the data were looked at
    table, problems = run(where=where, by=("id",), measures=("records",))
    assert table is None, f"{where} went through: {list(table.frame['id'])}"
    (problem,) = problems
    assert (problem.file, problem.line, problem.where) == ("report.yaml", 7, "tables.result")


def test_columns_and_parameters_of_a_condition():
    tree = conditions.parse("a == 1 and (b.c in ['x'] or not d == parameters.place)")
    assert list(conditions.columns_of(tree)) == ["a", "b.c", "d"]
    assert list(conditions.parameters_of(tree)) == ["place"]


# -- by and measures --------------------------------------------------------------------------


def test_groups_come_with_names_lines_and_units(run):
    table, problems = run(by=("branch", "branch.name"), measures=("lent", "fees", "records"))
    assert problems == []
    first = table.frame.iloc[0]
    assert list(table.columns) == ["branch", "branch_name", "lent", "fees", "records"]
    assert (first["branch"], first["branch_name"], first["lent"]) == ("main", "Main", 420)
    assert table.records[0] == (2, 3, 4, 5), "the lines of the file"
    assert table.columns["lent"].unit == "items"
    assert table.columns["fees"].unit == "KRW"
    assert first["records"] == 4


def test_records_without_a_key_are_a_group_of_their_own(cells):
    rows = cells(by=("branch",), measures=("lent",))
    assert {"branch": None, "lent": 5} in rows


def test_without_by_there_is_one_row_for_all(cells):
    assert cells(measures=("lent",)) == [{"lent": 495}]


def test_nothing_that_meets_the_condition_is_an_empty_table(run):
    table, problems = run(where="branch == 'nowhere'", by=("branch",), measures=("lent",))
    assert problems == []
    assert len(table.frame) == 0
    table, problems = run(where="branch == 'nowhere'", measures=("lent",))
    assert problems == []
    assert len(table.frame) == 0


def test_nothing_reported_is_not_zero(cells):
    rows = cells(where="id == '3'", by=("id",), measures=("fees",))
    assert rows == [{"id": "3", "fees": None}]


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [
        ("sum", 6.5),
        ("count", 4),
        ("mean", 1.625),
        ("median", 1.75),
        ("min", 0.5),
        ("max", 2.5),
        ("last", 0.5),
        ("nunique", 4),
    ],
)
def test_aggregations_of_a_column(cells, aggregation, expected):
    use = MeasureUse("hours", of="hours", aggregation=aggregation)
    rows = cells(where="branch == 'main' and medium == 'book'", by=("branch",), measures=(use,))
    assert rows == [{"branch": "main", "hours": expected}]


def test_last_follows_the_order_that_the_measure_names(cells):
    rows = cells(where="branch == 'main' and medium == 'book'", measures=("latest",))
    assert rows == [{"latest": 50}]


def test_a_measure_of_a_dotted_column(cells):
    use = MeasureUse("districts", of="branch.district", aggregation="nunique")
    assert cells(where="branch != None", measures=(use,)) == [{"districts": 2}]


def test_the_hedge_of_a_group_is_that_of_its_records(dataset_of, declare, edition):
    description = {
        "schema": {
            "fields": [
                text("id"),
                text("branch"),
                {"name": "lent", "type": "integer", "qualifierColumn": "hedge"},
                text("hedge"),
            ]
        }
    }
    rows = "id,branch,lent,hedge\n1,a,5,about\n2,a,6,about\n3,b,1,at_least\n4,b,2,up_to\n5,c,1,\n"
    dataset, _ = dataset_of({"t": (rows, description)})
    use = MeasureUse("lent", of="lent")
    declaration = declare(dataset="t", by=("branch",), measures=(use,))
    tables, problems = aggregate_all((declaration,), dataset, edition)
    assert problems == []
    frame = tables["result"].frame
    column = tables["result"].columns["lent"].qualifier_column
    assert dict(zip(frame["branch"], frame[column], strict=True)) == {
        "a": "about",
        "b": "about",
        "c": "",
    }


@pytest.mark.parametrize(
    ("keys", "part"),
    [
        ({"dataset": "lones", "where": ""}, "no table 'lones'"),
        ({"by": ("colour",)}, "no column 'colour'"),
        ({"by": ("medium.name",)}, "no foreign key"),
        ({"by": ("branch.colour",)}, "no column 'colour'"),
        ({"measures": ("renewals",)}, "no measure 'renewals'"),
        ({"measures": (MeasureUse("x", of="colour"),)}, "colour"),
        ({"measures": (MeasureUse("x", of="note"),)}, "holds no numbers"),
        ({"by": ("branch",), "sort": ("-colour",)}, "no column 'colour' to sort"),
        ({"by": ("branch",), "dropna": ("colour",)}, "no column 'colour'"),
        ({"by": ("branch",), "grain": ("note", Grain.MONTH)}, "holds no dates"),
        ({"by": ("branch",), "grain": ("year", Grain.MONTH)}, "holds no dates"),
        ({"by": ("branch",), "grain": ("colour", Grain.MONTH)}, "no column 'colour'"),
        ({"by": ("branch", "medium"), "measures": ("lent",), "top": 1}, "single column"),
        ({"by": ("branch",), "pivot": "branch"}, "with a measure"),
        ({"by": ("branch",), "measures": ("lent",), "complete": "medium"}, "foreign key"),
        ({"by": ("branch",), "measures": ("lent",), "compare": "target"}, "target"),
        ({"by": ("branch",), "measures": ("lent",), "share": "fees"}, "no measure 'fees'"),
        ({"by": ("branch",), "measures": ("lent",), "cumulative": ("fees",)}, "no measure 'fees'"),
    ],
)
def test_a_mistake_in_a_declaration_is_a_problem_at_its_place(run, keys, part):
    table, problems = run(**keys)
    assert table is None
    (problem,) = problems
    assert part in f"{problem.what} {problem.remedy}"
    assert (problem.file, problem.line, problem.where) == ("report.yaml", 7, "tables.result")


@pytest.mark.parametrize(
    "keys",
    [
        {"by": ("medium",), "measures": ("lent",), "pivot": "medium"},
        {"by": ("branch", "medium"), "measures": ("lent",), "pivot": "medium", "share": "lent"},
        {"by": ("branch", "medium"), "measures": ("lent",), "pivot": "medium", "sort": ("-lent",)},
        {
            "by": ("branch", "medium"),
            "measures": ("lent",),
            "pivot": "medium",
            "grain": ("day", Grain.MONTH),
            "compare": "previous period",
        },
        {
            "by": ("branch", "medium"),
            "measures": ("lent",),
            "pivot": "medium",
            "cumulative": ("lent",),
        },
        {
            "by": ("branch",),
            "measures": (MeasureUse("note", of="note", aggregation="last"),),
            "top": 1,
        },
        {"by": ("branch",), "measures": ("lent", "lent")},
        {"by": ("lent",), "measures": ("lent",)},
        {"by": ("branch", "branch"), "measures": ("lent",)},
    ],
    ids="pivot-alone pivot-share pivot-sort pivot-compare pivot-cumulative top-of-words"
    " measure-twice key-as-measure key-twice".split(),
)
def test_words_that_do_not_go_together_are_a_table_or_a_problem(run, keys):
    """Whichever of the two it is, it is no traceback."""
    table, problems = run(where="", **keys)
    assert (table is None) == bool(problems)


# -- grain, derive, sort, top, pivot, complete, dropna ------------------------------------------


@pytest.mark.parametrize(
    ("column", "grain", "expected"),
    [
        ("day", Grain.MONTH, {"2025-10": 100, "2026-09": 120, "2026-10": 200}),
        ("day", Grain.QUARTER, {"2025-Q4": 100, "2026-Q3": 120, "2026-Q4": 200}),
        ("day", Grain.YEAR, {"2025": 100, "2026": 320}),
        ("year", Grain.YEAR, {"2025": 100, "2026": 320}),
        ("day", Grain.WEEK, {"2025-W40": 100, "2026-W36": 120, "2026-W41": 150, "2026-W43": 50}),
        (
            "day",
            Grain.DAY,
            {"2025-10-05": 100, "2026-09-05": 120, "2026-10-05": 150, "2026-10-20": 50},
        ),
    ],
)
def test_grain_groups_by_calendar_period(cells, column, grain, expected):
    rows = cells(
        where="medium == 'book' and branch == 'main'",
        grain=(column, grain),
        measures=("lent",),
        sort=("period",),
    )
    assert {row["period"]: row["lent"] for row in rows} == expected


@pytest.mark.parametrize(
    ("formula", "unit", "declared", "value"),
    [
        ("fees / hours", "KRW/hours", "", 400.0),
        ("fees / fees", "ratio", "", 1.0),
        ("fees + fees", "KRW", "KRW", 800.0),
        ("fees - 2 * fees", "KRW", "", -400.0),
        ("-fees", "KRW", "", -400.0),
        ("lent * 2", "items", "", 80.0),
        ("hours * 0.5", "hours", "hours", 0.5),
        ("(fees + fees) / (hours + hours)", "KRW/hours", "KRW/hours", 400.0),
    ],
)
def test_derive_computes_the_column_and_its_unit(run, formula, unit, declared, value):
    table, problems = run(
        where="medium == 'book' and branch == 'hill'",
        by=("branch",),
        measures=("fees", "lent", MeasureUse("hours", of="hours")),
        derive=(Derivation("made", formula, declared),),
    )
    assert problems == []
    assert table.columns["made"].unit == unit
    assert table.frame["made"].iloc[0] == value


@pytest.mark.parametrize(
    ("formula", "declared", "part"),
    [
        ("fees + hours", "", "KRW and hours"),
        ("fees + 1", "", "a plain number"),
        ("fees / hours", "KRW", "but KRW is declared"),
        ("wages / hours", "", "no column 'wages'"),
        ("1 + 1", "", "names no column"),
    ],
)
def test_derive_refuses_units_that_do_not_fit(run, formula, declared, part):
    _, (problem,) = run(
        by=("branch",),
        measures=("fees", MeasureUse("hours", of="hours")),
        derive=(Derivation("made", formula, declared),),
    )
    assert part in problem.what


@pytest.mark.parametrize("formula", ["", "a ** 2", "f(a)", "a.b", "a if b else c", "'x'", "a // b"])
def test_what_is_no_formula_is_refused(formula):
    with pytest.raises(ValueError, match=r"is no formula|may only hold"):
        arithmetic.parse(formula)


def test_a_division_by_zero_is_not_reported(cells):
    rows = cells(
        where="id == '5'",
        by=("id",),
        measures=("fees",),
        derive=(Derivation("made", "fees / (fees - fees)", ""),),
    )
    assert rows[0]["made"] is None


def test_sort_turns_with_a_minus_and_puts_gaps_last(cells):
    rows = cells(where="branch == 'main'", by=("id",), measures=("fees",), sort=("-fees",))
    assert [row["id"] for row in rows] == ["2", "1", "8", "4", "3"]
    rows = cells(by=("branch",), measures=("lent",), sort=("branch",))
    assert [row["branch"] for row in rows] == ["harbour", "hill", "main", None]


def test_top_folds_the_rest_into_other_and_puts_it_last(run):
    table, problems = run(by=("branch",), measures=("lent",), top=2, sort=("lent",))
    assert problems == []
    rows = list(zip(table.frame["branch"], table.frame["lent"], strict=True))
    assert rows == [("hill", 40), ("main", 420), ("other", 35)]
    assert table.records[-1] == (7, 10)


def test_top_that_leaves_nothing_over_folds_nothing(cells):
    rows = cells(by=("branch",), measures=("lent",), top=9)
    assert len(rows) == 4


def test_top_and_complete_do_not_say_that_folded_groups_have_no_records(run):
    table, problems = run(
        where="medium == 'book' and branch != None",
        by=("branch",),
        measures=("lent",),
        top=1,
        complete="branch",
    )
    if not problems:
        assert not {"hill", "harbour"} & set(table.frame["branch"])


def test_pivot_turns_values_into_columns(run):
    table, problems = run(
        where="branch != None and day >= period.start",
        by=("branch", "medium"),
        measures=("lent",),
        pivot="medium",
    )
    assert problems == []
    frame = table.frame.set_index("branch")
    assert frame.loc["main", "book"] == 200
    assert frame.loc["main", "film"] == 11
    assert pd.isna(frame.loc["hill", "film"])
    assert (table.columns["book"].unit, table.columns["film"].unit) == ("items", "discs")
    assert table.records[0] == (4, 5, 9)


def test_pivot_of_two_measures_names_both(run):
    table, _ = run(
        where="branch == 'main'", by=("branch", "medium"), measures=("lent", "fees"), pivot="medium"
    )
    assert list(table.columns) == ["branch", "lent_book", "fees_book", "lent_film", "fees_film"]


def test_pivot_drops_no_record_silently(run):
    table, problems = run(
        where="medium == 'book'", by=("medium", "branch"), measures=("lent",), pivot="branch"
    )
    if not problems:
        assert 10 in table.records[0], "the record without a branch is gone without a word"


def test_complete_shows_keys_without_records(cells):
    rows = cells(
        where="branch == 'main' and medium == 'book'",
        by=("branch", "branch.name"),
        measures=("lent", "records"),
        complete="branch",
        sort=("branch",),
    )
    assert rows == [
        {"branch": "dock", "branch_name": "Dock", "lent": None, "records": 0},
        {"branch": "harbour", "branch_name": "Harbour", "lent": None, "records": 0},
        {"branch": "hill", "branch_name": "Hill", "lent": None, "records": 0},
        {"branch": "main", "branch_name": "Main", "lent": 420, "records": 4},
    ]


def test_dropna_leaves_out_rows_with_gaps(cells):
    rows = cells(where="branch == 'main'", by=("id",), measures=("fees",), dropna=("fees",))
    assert "3" not in {row["id"] for row in rows}


# -- comparisons, shares, running totals --------------------------------------------------------


def test_the_previous_period(cells):
    rows = cells(
        where="medium == 'book' and branch in ['main', 'hill']",
        by=("branch",),
        measures=("lent",),
        grain=("day", Grain.MONTH),
        compare="previous period",
        sort=("branch", "period"),
    )
    hill, _, _, main = rows
    assert (hill["period"], hill["lent"], hill["lent_before"]) == ("2026-10", 40, None)
    assert (main["lent"], main["lent_before"], main["lent_change"]) == (200, 120, 80)
    assert round(main["lent_change_ratio"], 4) == 0.6667


def test_the_same_period_last_year(run):
    table, problems = run(
        where="medium == 'book' and branch == 'main'",
        measures=("lent",),
        grain=("day", Grain.MONTH),
        compare="same period last year",
        sort=("period",),
    )
    assert problems == []
    last = table.frame.iloc[-1]
    assert (last["period"], last["lent_before"], last["lent_change"]) == ("2026-10", 100, 100)
    assert table.columns["lent_change_ratio"].unit == "ratio"
    assert table.columns["lent_change"].unit == "items"


@pytest.fixture
def targets(dataset_of, declare, edition):
    def make(rows: str):
        description = {
            "measures": {"level": {"column": "value", "aggregation": "last"}},
            "schema": {
                "fields": [
                    text("id"),
                    text("indicator"),
                    text("role"),
                    {"name": "value", "type": "number", "unitColumn": "unit"},
                    text("unit"),
                ]
            },
        }
        dataset, problems = dataset_of(
            {"goals": (f"id,indicator,role,value,unit\n{rows}", description)}
        )
        assert problems == []
        declaration = declare(
            dataset="goals",
            by=("indicator", "role"),
            measures=("level",),
            pivot="role",
            compare="target",
        )
        tables, problems = aggregate_all((declaration,), dataset, edition)
        return tables.get("result"), problems

    return make


def test_the_target(targets):
    table, problems = targets(
        "1,loans,target,200,items\n2,loans,actual,150,items\n3,visits,target,9,people\n"
    )
    assert problems == []
    assert table.frame["attained"].iloc[0] == 0.75
    assert pd.isna(table.frame["attained"].iloc[1])


def test_a_target_without_any_outturn(targets):
    table, problems = targets("1,loans,target,200,items\n")
    assert problems == []
    assert table.frame["attained"].isna().all()


def test_a_target_in_another_unit_is_refused(targets):
    _, (problem,) = targets("1,loans,target,200,items\n2,loans,actual,150,people\n")
    assert "different units" in problem.what


def test_share_and_cumulative(cells):
    rows = cells(
        where="medium == 'book' and branch != None",
        by=("branch",),
        measures=("lent",),
        share="lent",
    )
    assert [round(row["lent_share"], 3) for row in rows] == [0.857, 0.082, 0.061]
    rows = cells(
        where="medium == 'book' and branch == 'main'",
        measures=("lent",),
        grain=("day", Grain.MONTH),
        cumulative=("lent",),
        sort=("period",),
    )
    assert [row["lent_cumulative"] for row in rows] == [100, 220, 420]


@pytest.mark.parametrize(
    "keys",
    [
        {"share": "latest", "measures": ("latest",)},
        {"cumulative": ("latest",), "measures": ("latest",), "grain": ("day", Grain.MONTH)},
        {"cumulative": ("stock",), "measures": ("stock",), "grain": ("day", Grain.MONTH)},
        {
            "share": "hours",
            "measures": (MeasureUse("hours", of="hours", aggregation="mean"),),
        },
        {
            "share": "places",
            "measures": (MeasureUse("places", of="note", aggregation="nunique"),),
        },
    ],
    ids="share-of-non-additive total-of-non-additive total-of-semi-additive share-of-means"
    " share-of-distinct-counts".split(),
)
def test_shares_and_running_totals_add_so_what_must_not_be_added_is_refused(run, keys):
    table, problems = run(where="medium == 'book' and branch != None", by=("branch",), **keys)
    assert problems, f"it was added: {table.frame.to_dict('list')}"


# -- places -----------------------------------------------------------------------------------


def test_rank_gives_the_largest_the_first_place_and_equal_ones_the_same(run_on):
    rows = "a,3,1\nb,7,2\nc,7,3\nd,,4\ne,1,5\nf,3,6\n"
    table, problems = run_on("id,lent,cost\n" + rows, rank=("lent", "cost"), by=("id",))
    assert problems == []
    places = dict(zip(table.frame["id"], table.frame["lent_rank"], strict=True))
    assert {key: None if pd.isna(value) else value for key, value in places.items()} == {
        "b": 1,
        "c": 1,
        "a": 3,
        "f": 3,
        "e": 5,
        "d": None,
    }
    assert str(table.frame["lent_rank"].dtype) == "Int64"
    assert list(table.frame["cost_rank"]) == [6, 5, 4, 3, 2, 1]
    column = table.columns["lent_rank"]
    assert (column.kind, column.unit, column.title) == ("quantity", "", "place")


@pytest.fixture
def run_on(dataset_of, declare, edition):
    """Computes a table over a few rows with id, lent and cost."""

    def make(rows: str, **keys):
        description = {
            "measures": {
                name: {"column": name, "aggregation": "last"} for name in ("lent", "cost")
            },
            "schema": {
                "fields": [
                    text("id"),
                    {"name": "lent", "type": "integer", "unit": "items"},
                    {"name": "cost", "type": "integer", "money": True, "unit": "KRW"},
                ]
            },
        }
        dataset, problems = dataset_of({"t": (rows, description)})
        assert problems == []
        declaration = declare(dataset="t", measures=("lent", "cost"), **keys)
        tables, problems = aggregate_all((declaration,), dataset, edition)
        return tables.get("result"), problems

    return make


def test_a_place_may_be_that_of_a_derived_column_and_sorted_by(run_on):
    table, problems = run_on(
        "id,lent,cost\na,2,10\nb,4,10\n",
        by=("id",),
        derive=(Derivation("each", "cost / lent", "KRW/items"),),
        rank=("each",),
        sort=("-each_rank",),
    )
    assert problems == []
    assert list(zip(table.frame["id"], table.frame["each_rank"], strict=True)) == [
        ("b", 2),
        ("a", 1),
    ]


def test_the_rows_left_out_of_the_table_still_count_for_the_place(run_on):
    """A place is one among all that were compared, not among those shown."""
    table, _ = run_on("id,lent,cost\na,9,\nb,4,10\n", by=("id",), rank=("lent",), dropna=("cost",))
    assert list(zip(table.frame["id"], table.frame["lent_rank"], strict=True)) == [("b", 2)]


def test_an_empty_table_has_the_column_of_places_too(run_on):
    table, problems = run_on("id,lent,cost\n", by=("id",), rank=("lent",))
    assert problems == []
    assert "lent_rank" in table.columns
    assert "lent_rank" in table.frame


@pytest.mark.parametrize(
    ("keys", "part"),
    [
        ({"rank": ("colour",)}, "no numbers in 'colour' to rank"),
        ({"rank": ("branch",)}, "no numbers in 'branch' to rank"),
        ({"rank": ("lent",), "where": "", "by": ("id",)}, "'lent' mixes units"),
    ],
)
def test_what_cannot_be_ranked_is_refused(run, keys, part):
    table, problems = run(**{"by": ("branch",), "measures": ("lent",), **keys})
    assert table is None
    assert part in problems[0].what


# -- titles, labels and units in the reader's language --------------------------------------------

LABELLED = {
    "title": "Aims",
    "titles": {"ko": "시책"},
    "measures": {"people": {"column": "people"}},
    "schema": {
        "fields": [
            text("id"),
            text(
                "status",
                title="Status",
                titles={"ko": "상태"},
                constraints={"enum": ["under_way", "planned"]},
                labels={
                    "under_way": {"en": "under way", "ko": "추진 중"},
                    "planned": {"en": "planned", "ko": "계획"},
                },
            ),
            text("kind", labels={"x_y": {"en": "ex why", "ko": "엑스"}}),
            {"name": "people", "type": "integer", "unit": "people"},
            text("part_of"),
        ],
        "primaryKey": ["id"],
        "foreignKeys": [{"fields": "part_of", "reference": {"resource": "", "fields": "id"}}],
    },
}
AIMS = "id,status,kind,people,part_of\na,under_way,x_y,1,\nb,planned,z_z,5,a\n"
UNITS = {
    "people": {
        "en": {"one": "person", "other": "people", "per": "person"},
        "ko": {"other": "명", "per": "1인"},
    }
}


@pytest.fixture
def aims(dataset_of, declare, edition):
    """Computes a table over the aims in a language."""

    def make(language: str, **keys):
        dataset, problems = dataset_of({"aims": (AIMS, LABELLED)}, units=UNITS)
        assert problems == []
        declaration = declare(dataset="aims", measures=("people",), **keys)
        tables, problems = aggregate_all(
            (declaration,), dataset, replace(edition, language=language)
        )
        assert problems == []
        return tables["result"]

    return make


@pytest.mark.parametrize(
    ("language", "titles", "labels"),
    [
        ("en", ["Status", "Status", "kind", "people"], ["under way", "ex why", "z z"]),
        ("ko", ["상태", "상태", "kind", "people"], ["추진 중", "엑스", "z z"]),
    ],
)
def test_columns_are_titled_and_codes_labelled_in_the_readers_language(
    aims, language, titles, labels
):
    columns = aims(language, by=("status", "part_of.status", "kind")).columns
    names = ("status", "part_of_status", "kind", "people")
    assert [columns[name].title for name in names] == titles
    assert [columns[name].kind for name in names] == ["code", "code", "code", "quantity"]
    assert columns["part_of_status"].label("under_way") == labels[0]
    assert [columns["kind"].label(code) for code in ("x_y", "z_z")] == labels[1:]


@pytest.mark.parametrize(
    ("language", "said"), [("en", ["1 person", "5 people"]), ("ko", ["1명", "5명"])]
)
def test_units_are_in_the_readers_language_with_one_and_many(aims, language, said):
    table = aims(language, by=("id",))
    column = table.columns["people"]
    rows = table.frame.to_dict("records")
    assert [shown(column, row, language) for row in rows] == said


@pytest.mark.parametrize(
    ("language", "titles"), [("en", ["under way", "planned"]), ("ko", ["추진 중", "계획"])]
)
def test_a_pivot_is_headed_by_labels_and_named_by_codes(aims, language, titles):
    table = aims(language, by=("part_of", "status"), pivot="status")
    columns = {name: table.columns[name].title for name in ("under_way", "planned")}
    assert list(columns.values()) == titles


@pytest.mark.parametrize(("language", "other"), [("en", "other"), ("ko", "기타")])
def test_what_is_folded_is_called_other_in_the_readers_language(aims, language, other):
    table = aims(language, by=("id",), top=1, sort=("-people",))
    assert list(table.frame["id"]) == ["b", other]


@pytest.mark.parametrize(("language", "name"), [("en", ["Main", "Hill"]), ("ko", ["중앙", "언덕"])])
def test_a_dotted_name_is_in_the_language_of_the_dataset(
    dataset_of, declare, edition, language, name
):
    made, _ = dataset_of({"branches": (BRANCHES, BRANCHES_SCHEMA), "loans": (LOANS, LOANS_SCHEMA)})
    declaration = declare(
        dataset="loans",
        where=conditions.parse(
            "branch.name in ['Main', 'Hill', '중앙', '언덕'] and id in ['1', '5']"
        ),
        by=("branch.name",),
    )
    tables, problems = aggregate_all(
        (declaration,), validation.in_language(made, language), replace(edition, language=language)
    )
    assert problems == []
    assert list(tables["result"].frame["branch_name"]) == name


# -- tables of the author's own -----------------------------------------------------------------


def test_use_gets_the_typed_frames_and_may_name_records_and_units(dataset, declare, edition):
    def own(frames):
        loans = frames["loans"]
        loans.loc[:, "lent"] = 0  # a copy: nobody else sees this
        made = pd.DataFrame({"place": ["main"], "hours": [6.5], "records": [[2, 3]]})
        made.attrs["units"] = {"hours": "hours"}
        return made

    declaration = declare(dataset="loans", use="mine:own")
    tables, problems = aggregate_all((declaration,), dataset, edition, lambda _: own)
    assert problems == []
    table = tables["result"]
    assert table.columns["hours"].unit == "hours"
    assert (table.columns["hours"].kind, table.columns["place"].kind) == ("quantity", "text")
    assert table.records == ((2, 3),)
    assert dataset.frames["loans"]["lent"].sum() > 0


@pytest.mark.parametrize(
    ("function", "part"),
    [
        (lambda frames: frames["nothing"], "KeyError"),
        (lambda frames: 1 / 0, "ZeroDivisionError"),
        (lambda frames: [1, 2], "returned list"),
        (lambda frames: None, "returned NoneType"),
    ],
)
def test_a_failing_function_is_a_problem(dataset, declare, edition, function, part):
    _, (problem,) = aggregate_all(
        (declare(dataset="loans", use="mine:own"),), dataset, edition, lambda _: function
    )
    assert part in problem.what
    assert problem.where == "tables.result"


def test_a_running_total_runs_within_each_group(cells):
    rows = cells(
        where="medium == 'book' and branch in ['main', 'hill']",
        by=("branch",),
        measures=("lent",),
        grain=("day", Grain.MONTH),
        cumulative=("lent",),
        sort=("branch", "period"),
    )
    assert [(row["branch"], row["lent_cumulative"]) for row in rows] == [
        ("hill", 40),
        ("main", 100),
        ("main", 220),
        ("main", 420),
    ]

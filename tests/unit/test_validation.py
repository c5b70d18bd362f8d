"""From text to typed cells, and the rules between rows."""

from datetime import date

import pandas as pd
import pytest

from briefing import validation

ID = {"name": "id", "constraints": {"required": True, "unique": True}}


@pytest.fixture
def column(dataset_of):
    """The frame and problems of a table with one described column and these cells."""

    def make(field: dict, *cells: str, more: str = "", fields: tuple = ()):
        rows = "".join(f'r{i},"{cell}"{more}\n' for i, cell in enumerate(cells, 1))
        names = "".join(f",{item['name']}" for item in fields)
        schema = {"fields": [ID, {"name": "value", **field}, *fields]}
        dataset, problems = dataset_of({"t": (f"id,value{names}\n{rows}", {"schema": schema})})
        return dataset.frames["t"], problems

    return make


@pytest.mark.parametrize(
    ("kind", "good", "values", "dtype"),
    [
        ("string", ["a b", "항구"], ["a b", "항구"], "str"),
        ("integer", ["0", "-12", "+7", str(2**63 - 1)], [0, -12, 7, 2**63 - 1], "Int64"),
        ("number", ["0.5", "-3", "1e3"], [0.5, -3.0, 1000.0], "Float64"),
        ("boolean", ["true", "false"], [True, False], "boolean"),
        ("year", ["2026", "0987"], [2026, 987], "Int64"),
    ],
)
def test_a_cell_gets_the_type_of_its_column(column, kind, good, values, dtype):
    frame, problems = column({"type": kind}, *good)
    assert problems == []
    assert list(frame["value"]) == values
    assert str(frame["value"].dtype) == dtype
    assert list(frame.index) == list(range(2, 2 + len(good)))


def test_a_date_cell(column):
    frame, problems = column({"type": "date"}, "2024-02-29", "1908-05-01")
    assert problems == []
    assert [day.date() for day in frame["value"]] == [date(2024, 2, 29), date(1908, 5, 1)]


def test_an_empty_cell_is_missing_and_not_zero(column):
    for kind in ("string", "integer", "number", "boolean", "date", "year"):
        frame, problems = column({"type": kind}, "")
        assert problems == []
        assert frame["value"].isna().all()


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        ("integer", ["1,500", "1.0", "1 500", "12 items", "one", "0x1F", str(2**63)]),
        ("integer", ["9" * 5000]),
        ("number", ["1,5", "nan", "inf", "12%", "few"]),
        ("number", ["1e400"]),
        ("boolean", ["yes", "True", "1"]),
        ("date", ["2026-02-29", "31.10.2026", "2026-10", "20261031", "2026-13-01"]),
        ("date", ["2026-W44-6"]),
        ("year", ["26", "2026-10", "MMXX"]),
    ],
)
def test_a_broken_cell_is_a_problem_with_line_column_and_remedy(column, kind, bad):
    frame, problems = column({"type": kind}, *bad)
    assert [(item.line, item.where) for item in problems] == [
        (line, "value") for line in range(2, 2 + len(bad))
    ]
    assert all(item.file == "t.csv" and item.remedy for item in problems)
    assert frame["value"].isna().all(), "a broken cell becomes missing"


@pytest.mark.parametrize(
    ("constraints", "kind", "good", "bad", "part"),
    [
        ({"required": True}, "string", "x", "", "empty, but required"),
        ({"enum": ["book", "film"]}, "string", "book", "boook", "Did you mean 'book'"),
        ({"enum": ["book", "film"]}, "string", "film", "zzz", "Allowed: book, film"),
        ({"enum": [1, 2]}, "integer", "2", "3", "vocabulary"),
        ({"pattern": "l-[0-9]+"}, "string", "l-12", "l-12x", "does not match"),
        ({"minimum": 0}, "integer", "0", "-1", "below 0"),
        ({"maximum": 100}, "number", "100", "100.5", "above 100"),
        ({"minimum": 1900}, "year", "1900", "1899", "below 1900"),
    ],
)
def test_a_constraint_is_kept_or_reported(column, constraints, kind, good, bad, part):
    _, problems = column({"type": kind, "constraints": constraints}, good, bad)
    (problem,) = problems
    assert (problem.line, problem.where) == (3, "value")
    assert part in f"{problem.what} {problem.remedy}"


CURRENCY = ({"name": "currency"},)
MONEY = {"type": "integer", "money": True, "unitColumn": "currency"}


@pytest.mark.parametrize(
    ("currency", "cell", "minor"),
    [
        ("KRW", "32700000000", 32_700_000_000),
        ("USD", "37000", 3_700_000),
        ("USD", "37.05", 3_705),
        ("JPY", "5", 5),
        ("KWD", "1.234", 1_234),
        ("KRW", "-5", -5),
        ("KRW", str(2**63 - 1), 2**63 - 1),
    ],
)
def test_money_is_kept_in_minor_units_of_its_row(column, currency, cell, minor):
    frame, problems = column(MONEY, cell, more=f",{currency}", fields=CURRENCY)
    assert problems == []
    assert str(frame["value"].dtype) == "Int64"
    assert frame["value"].iloc[0] == minor


@pytest.mark.parametrize(
    ("currency", "cell"),
    [
        ("KRW", "0.5"),
        ("USD", "1.005"),
        ("KRW", "1,000"),
        ("KRW", "60 million"),
        ("KRW", "₩5"),
        ("KRW", "nan"),
        ("KRW", str(2**63)),
        ("USD", "1e999999"),
        ("KRW", "1_000"),
    ],
)
def test_what_is_no_amount_is_a_problem(column, currency, cell):
    frame, problems = column(MONEY, cell, more=f",{currency}", fields=CURRENCY)
    (problem,) = problems
    assert (problem.line, problem.where) == (2, "value")
    assert currency in problem.what
    assert frame["value"].isna().all()


def test_money_of_a_fixed_currency(column):
    frame, problems = column({"type": "integer", "money": True, "unit": "KRW"}, "41500", "")
    assert problems == []
    assert list(frame["value"].fillna(-1)) == [41500, -1]


# -- between rows -----------------------------------------------------------------------------


def test_a_key_that_stands_twice_names_the_first_line(dataset_of):
    schema = {"fields": [ID], "primaryKey": "id"}
    _, problems = dataset_of({"t": ("id\na\nb\na\na\n", {"schema": schema})})
    assert [(item.line, item.where) for item in problems] == [(4, "id"), (5, "id")]
    assert "'a' stands already in line 2" in problems[0].what


def test_a_key_of_two_columns(dataset_of):
    schema = {"fields": [{"name": "a"}, {"name": "b", "type": "integer"}], "primaryKey": ["a", "b"]}
    _, problems = dataset_of({"t": ("a,b\nx,1\nx,2\nx,1\n", {"schema": schema})})
    assert [(item.line, item.where) for item in problems] == [(4, "a, b")]


def test_an_empty_key_is_a_problem_once(dataset_of):
    schema = {"fields": [{"name": "id"}, {"name": "x"}], "primaryKey": ["id"]}
    _, problems = dataset_of({"t": ("id,x\n,1\n", {"schema": schema})})
    assert [item.what for item in problems] == ["the key is empty"]
    required = {"fields": [ID, {"name": "x"}], "primaryKey": ["id"]}
    _, problems = dataset_of({"t": ("id,x\n,1\n", {"schema": required})})
    assert len(problems) == 1


BRANCHES = (
    "branch,known_on\nmain,2020-01-01\nhill,2026-05-01\n",
    {
        "known": "known_on",
        "schema": {
            "fields": [{"name": "branch"}, {"name": "known_on", "type": "date"}],
            "primaryKey": ["branch"],
        },
    },
)


def loans(rows: str) -> tuple[str, dict]:
    return (
        f"id,branch,known_on\n{rows}",
        {
            "known": "known_on",
            "schema": {
                "fields": [ID, {"name": "branch"}, {"name": "known_on", "type": "date"}],
                "foreignKeys": [
                    {"fields": "branch", "reference": {"resource": "branches", "fields": "branch"}}
                ],
            },
        },
    )


def test_a_reference_to_nothing_suggests_what_may_be_meant(dataset_of):
    rows = "1,main,2026-10-01\n2,mian,2026-10-01\n3,,2026-10-01\n4,zzzzz,2026-10-01\n"
    _, problems = dataset_of({"branches": BRANCHES, "loans": loans(rows)})
    near, far = problems
    assert (near.line, near.where, near.what) == (3, "branch", "'mian' is not in branches")
    assert "Did you mean 'main'" in near.remedy
    assert "Did you mean" not in far.remedy
    assert far.line == 5


def test_a_table_may_refer_to_itself(dataset_of):
    schema = {
        "fields": [ID, {"name": "part_of"}],
        "primaryKey": "id",
        "foreignKeys": [{"fields": "part_of", "reference": {"resource": "", "fields": "id"}}],
    }
    _, problems = dataset_of({"t": ("id,part_of\na,\nb,a\nc,d\n", {"schema": schema})})
    assert [(item.line, item.where) for item in problems] == [(4, "part_of")]


def test_a_record_known_before_what_it_refers_to(dataset_of):
    rows = "1,hill,2026-04-30\n2,hill,2026-05-01\n"
    _, (problem,) = dataset_of({"branches": BRANCHES, "loans": loans(rows)})
    assert (problem.line, problem.where) == (2, "known_on")
    assert "known before 'hill'" in problem.what


def test_a_unit_that_changes_within_a_series_names_both_lines(dataset_of):
    description = {
        "constantWithin": [{"field": "unit", "within": ["medium"]}],
        "schema": {"fields": [ID, {"name": "medium"}, {"name": "unit"}]},
    }
    rows = "id,medium,unit\n1,book,items\n2,film,discs\n3,book,titles\n4,book,\n"
    _, (problem,) = dataset_of({"t": (rows, description)})
    assert (problem.line, problem.where) == (4, "unit")
    assert "'titles', but book has 'items' in line 2" in problem.what


def test_every_problem_is_found_and_not_only_the_first(dataset_of):
    rows = "1,main,2026-13-01\n1,mian,2026-10-01\n,hill,2026-10-01\n"
    _, problems = dataset_of({"branches": BRANCHES, "loans": loans(rows)})
    assert [(item.line, item.where) for item in sorted(problems)] == [
        (2, "known_on"),
        (3, "branch"),
        (3, "id"),
        (4, "id"),
    ]


def test_what_was_known_on_a_day(dataset_of):
    rows = "1,main,2026-09-30\n2,main,2026-10-31\n3,hill,2026-11-01\n"
    dataset, problems = dataset_of({"branches": BRANCHES, "loans": loans(rows)})
    assert problems == []
    known = validation.known_on(dataset, date(2026, 10, 31))
    assert list(known.frames["loans"]["id"]) == ["1", "2"]
    assert list(known.frames["loans"].index) == [2, 3], "lines stay those of the file"
    assert len(dataset.frames["loans"]) == 3
    assert isinstance(known.frames["branches"], pd.DataFrame)


# -- the dataset in a reader's language ---------------------------------------------------------


@pytest.fixture
def translated(dataset_of):
    """A table with a column in two languages, and one with a Korean column beside the English."""
    columns = ("id", "name_en", "name_ko", "note", "note_ko", "joke_en")
    rows = f"{','.join(columns)}\n1,Main,중앙,Open,개관,x\n2,Hill,,Closed,,\n3,,,,,\n"
    schema = {"fields": [{"name": name} for name in columns]}
    dataset, problems = dataset_of({"t": (rows, {"schema": schema})})
    assert problems == []
    return dataset


@pytest.mark.parametrize(
    ("language", "names", "notes", "jokes"),
    [
        ("en", ["Main", "Hill", None], ["Open", "Closed", None], ["x", None, None]),
        ("ko", ["중앙", None, None], ["개관", "Closed", None], None),
    ],
)
def test_a_column_takes_the_cells_of_the_language_and_keeps_its_own_where_those_are_empty(
    translated, language, names, notes, jokes
):
    frame = validation.in_language(translated, language).frames["t"]

    def cells(column):
        return [None if pd.isna(cell) else cell for cell in frame[column]]

    assert cells("name") == names
    assert cells("note") == notes
    assert (cells("joke") if jokes else "joke" not in frame) == (jokes or True)
    assert cells("note_ko") == ["개관", None, None], "what stands in the file stays at hand"
    assert list(frame.index) == [2, 3, 4], "lines stay those of the file"


def test_another_language_leaves_the_dataset_as_it_was(translated):
    validation.in_language(translated, "ko")
    assert "name" not in translated.frames["t"]
    assert list(translated.frames["t"]["note"].dropna()) == ["Open", "Closed"]


def test_only_columns_of_that_language_count(translated):
    frame = validation.in_language(translated, "en").frames["t"]
    assert list(frame["note"].dropna()) == ["Open", "Closed"]

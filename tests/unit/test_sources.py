"""CSV files and the description of a dataset, in all the forms in which they arrive."""

import json
from pathlib import Path

import pytest

from briefing.errors import ProblemsError
from briefing.sources.datapackage import read_description
from briefing.sources.files import read_csv
from briefing.structures import Field, TableSchema

SCHEMA = TableSchema("loans", "data/loans.csv", "Loans", (Field("branch"), Field("lent")))


@pytest.fixture
def read(tmp_path: Path):
    def make(content: str | bytes):
        path = tmp_path / "loans.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_csv(path, SCHEMA)

    return make


@pytest.mark.parametrize(
    ("content", "rows", "lines"),
    [
        ("branch,lent\nmain,1\nhill,2\n", [["main", "1"], ["hill", "2"]], [2, 3]),
        ("\ufeffbranch,lent\nmain,1\n", [["main", "1"]], [2]),
        ("branch,lent\r\nmain,1\r\nhill,2", [["main", "1"], ["hill", "2"]], [2, 3]),
        ("branch,lent\n\nmain,1\n\n\nhill,2\n", [["main", "1"], ["hill", "2"]], [3, 6]),
        ('branch,lent\n"ma\nin",1\nhill,2\n', [["ma\nin", "1"], ["hill", "2"]], [2, 4]),
        ('branch,lent\n"a ""b"", c",1\n', [['a "b", c', "1"]], [2]),
        ("branch,lent\n,\n", [["", ""]], [2]),
        ("branch,lent\n", [], []),
        ("branch,lent\n항구,1\n", [["항구", "1"]], [2]),
        ("branch,lent\nma\u2028in,1\nhill,2\n", [["ma\u2028in", "1"], ["hill", "2"]], [2, 3]),
        ("branch,lent\nma\x0cin,1\nhill,2\n", [["ma\x0cin", "1"], ["hill", "2"]], [2, 3]),
    ],
    ids="plain bom crlf blank multi-line quotes empty-cells no-rows hangul u2028 formfeed".split(),
)
def test_a_good_file_comes_as_text_with_the_line_of_each_row(read, content, rows, lines):
    table, problems = read(content)
    assert problems == []
    assert table.rows == rows
    assert table.lines == lines


def test_columns_may_stand_in_any_order(read):
    table, problems = read("lent,branch\n1,main\n")
    assert problems == []
    assert table.header == ("lent", "branch")


@pytest.mark.parametrize(
    ("content", "line", "where", "part"),
    [
        ("branch,lent\nmain,1\nhill\n", 3, "", "1 cells where the header has 2"),
        ("branch,lent\nmain,1,000\n", 2, "", "3 cells where the header has 2"),
        ('branch,lent\n"ma\n\nin",1\nhill,2,3\n', 5, "", "3 cells"),
        (b"branch,lent\nmain,1\n\xc7\xd7\xb1\xb8,2\n", 3, "", "not UTF-8"),
        ("", 1, "", "empty"),
        ("\n\n", 1, "branch", "missing"),
        ("branch\nmain\n", 1, "lent", "missing"),
        ("branch,lent,fees\nmain,1,2\n", 1, "fees", "not described"),
        ("branch,lent,lent\nmain,1,2\n", 1, "lent", "twice"),
        ("Branch,lent\nmain,1\n", 1, "branch", "missing"),
        ('branch,lent\nmain,1\n"hill,2\n', 3, "", "cannot be read as CSV"),
        ('branch,lent\nmain,"1"0\n', 2, "", "cannot be read as CSV"),
    ],
    ids="short long after-multi-line not-utf8 empty blank-lines missing undescribed duplicate case"
    " open-quote letter-after-quote".split(),
)
def test_a_bad_file_is_a_problem_at_its_line(read, content, line, where, part):
    _, problems = read(content)
    assert problems, "nothing was found"
    found = [item for item in problems if part in item.what and item.where == where]
    assert [item.line for item in found] == [line], problems
    assert all(item.remedy and item.file == "data/loans.csv" for item in found)


def test_a_bad_row_does_not_hide_the_others(read):
    table, problems = read("branch,lent\nmain\nhill,2\nharbour\n")
    assert [item.line for item in problems] == [2, 4]
    assert table.rows == [["hill", "2"]]
    assert table.lines == [3]


def test_a_file_that_is_not_there(tmp_path: Path):
    table, (problem,) = read_csv(tmp_path / "none.csv", SCHEMA)
    assert table is None
    assert "does not exist" in problem.what


# -- the description --------------------------------------------------------------------------


def described(**changes: object) -> dict:
    table = {
        "name": "loans",
        "path": "loans.csv",
        "schema": {"fields": [{"name": "branch"}, {"name": "lent", "type": "integer"}]},
    }
    return {"title": "Library", "resources": [table | changes]}


@pytest.fixture
def describe(tmp_path: Path):
    def make(body: object):
        package = tmp_path / "data" / "datapackage.json"
        package.parent.mkdir(exist_ok=True)
        package.write_text(body if isinstance(body, str) else json.dumps(body))
        return read_description(package, tmp_path)

    return make


def test_a_description_says_all_about_a_table(describe):
    body = described(
        measures={"lent": {"column": "lent", "never_across": ["branch"]}}, known="branch"
    )
    description, paths, problems = describe(body)
    (schema,) = description.schemas
    assert (description.title, problems) == ("Library", [])
    assert schema.measures["lent"].never_across == ("branch",)
    assert schema.known == "branch"
    assert paths["loans"].name == "loans.csv"


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ("{", "is not JSON"),
        ("[]", "describes no tables"),
        ({"title": "x"}, "describes no tables"),
        ({"resources": []}, "describes no tables"),
        ({"resources": {"a": 1}}, "describes no tables"),
    ],
)
def test_a_description_that_cannot_be_used(describe, body, part):
    with pytest.raises(ProblemsError, match=part):
        describe(body)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"path": "../../loans.csv"}, "outside the project"),
        ({"path": "/etc/hostname"}, "outside the project"),
        ({"path": ["a.csv", "b.csv"]}, "lacks or breaks"),
        ({"name": None, "schema": {}}, "lacks or breaks"),
        ({"schema": {"fields": [{"type": "string"}]}}, "lacks or breaks"),
        ({"schema": {"fields": [{"name": "a", "type": "geopoint"}]}}, "geopoint"),
        ({"measures": {"m": {"column": "nothing"}}}, "'nothing' is not described"),
        ({"measures": {"m": {"colum": "lent"}}}, "'colum' is not known"),
        ({"measures": {"m": {"aggregation": "total"}}}, "'total' is not known"),
        ({"measures": {"m": {"additivity": "maybe"}}}, "'maybe' is not known"),
        ({"measures": {"m": {"never_across": ["nothing"]}}}, "'nothing' is not described"),
    ],
)
def test_a_wrong_description_is_a_problem(describe, changes, part):
    _, _, problems = describe(described(**changes))
    assert any(part in item.what for item in problems), problems


FIELDS = [{"name": "branch"}, {"name": "lent", "type": "integer"}]


@pytest.mark.parametrize(
    "changes",
    [
        {"known": "nothing"},
        {"constantWithin": [{"field": "nothing", "within": ["branch"]}]},
        {"constantWithin": [{"field": "branch", "within": ["nothing"]}]},
        {"schema": {"fields": FIELDS, "primaryKey": "nothing"}},
        {"schema": {"fields": [{"name": "branch"}, {"name": "lent", "unitColumn": "nothing"}]}},
        {
            "schema": {
                "fields": [{"name": "branch"}, {"name": "lent", "qualifierColumn": "nothing"}]
            }
        },
        {
            "schema": {
                "fields": FIELDS,
                "foreignKeys": [
                    {"fields": "branch", "reference": {"resource": "nothing", "fields": "branch"}}
                ],
            }
        },
    ],
    ids="known constant within primary-key unit-column qualifier-column foreign-key".split(),
)
def test_a_column_or_table_that_the_description_names_must_exist(describe, changes):
    _, _, problems = describe(described(**changes))
    assert problems, "the column 'nothing' went unnoticed"


@pytest.mark.parametrize(
    "constraints",
    [{"pattern": "("}, {"minimum": "low"}, {"maximum": [1]}, {"enum": "book"}],
    ids="pattern minimum maximum enum".split(),
)
def test_a_constraint_that_makes_no_sense_is_a_problem(describe, constraints):
    field = {"name": "lent", "type": "integer", "constraints": constraints}
    _, _, problems = describe(described(schema={"fields": [field]}))
    assert problems, "the constraint went unnoticed"


def test_two_tables_of_one_name_are_a_problem(describe):
    body = described()
    body["resources"] *= 2
    _, _, problems = describe(body)
    assert any("loans" in item.what or "loans" in item.where for item in problems)


def test_a_description_that_is_not_utf8_is_a_problem(tmp_path: Path):
    package = tmp_path / "datapackage.json"
    package.write_bytes(b'{"title": "\xc7\xd7", "resources": []}')
    with pytest.raises(ProblemsError):
        read_description(package, tmp_path)


# -- words in the reader's languages ----------------------------------------------------------

KIND = {"name": "kind", "constraints": {"enum": ["book", "film"]}}
LABELS = {"book": {"en": "book", "ko": "책"}, "film": {"en": "film", "ko": "영화"}}
LOANS = {"en": {"one": "loan", "other": "loans", "per": "loan"}, "ko": {"other": "건"}}


def test_a_description_says_what_readers_of_each_language_see(describe):
    field = KIND | {"title": "Kind", "titles": {"ko": "종류"}, "labels": LABELS}
    body = described(titles={"ko": "대출"}, schema={"fields": [field]})
    description, _, problems = describe(body | {"units": {"loans": LOANS}})
    assert problems == []
    (schema,) = description.schemas
    assert (schema.title_in("ko"), schema.title_in("en")) == ("대출", "loans")
    assert schema.fields[0].title_in("ko") == "종류"
    assert schema.fields[0].labels_in("ko") == {"book": "책", "film": "영화"}
    assert description.units["loans"]["en"].one == "loan"
    assert description.units["loans"]["ko"].per == "건"


def test_a_column_without_a_vocabulary_may_have_labels_too(describe):
    field = {"name": "branch", "labels": {"main": {"ko": "본관"}}}
    _, _, problems = describe(described(schema={"fields": [field]}))
    assert problems == []


@pytest.mark.parametrize(
    ("changes", "where", "part"),
    [
        ({"titles": "종류"}, "kind.titles", "no mapping"),
        ({"titles": {"fr": "genre"}}, "kind.titles", "'fr'"),
        ({"titles": {"ko": ""}}, "kind.titles", "no text"),
        ({"titles": {"ko": 1}}, "kind.titles", "no text"),
        ({"labels": ["book"]}, "kind.labels", "no mapping"),
        ({"labels": LABELS | {"book": "책"}}, "kind.labels.book", "no mapping"),
        ({"labels": LABELS | {"book": {"fr": "livre"}}}, "kind.labels.book", "'fr'"),
        ({"labels": LABELS | {"book": {"ko": "책"}}}, "kind.labels.book", "language en"),
        ({"labels": {"book": LABELS["book"]}}, "kind.labels", "'film'"),
        ({"labels": LABELS | {"map": {"en": "map", "ko": "지도"}}}, "kind.labels.map", "no word"),
    ],
    ids="titles-text titles-language titles-empty titles-number labels-list label-text"
    " label-language label-lacks-language label-left-out label-unknown".split(),
)
def test_broken_words_of_a_column_are_a_problem_at_their_place(describe, changes, where, part):
    _, _, (problem,) = describe(described(schema={"fields": [KIND | changes]}))
    assert problem.where.endswith(where)
    assert part in problem.what


def test_broken_titles_of_a_table_are_a_problem(describe):
    _, _, (problem,) = describe(described(titles={"french": "prêts"}))
    assert problem.where == "resources.0.titles"


@pytest.mark.parametrize(
    ("units", "where", "part"),
    [
        (["loans"], "units", "no mapping"),
        ({"loans": "건"}, "units.loans", "no mapping"),
        ({"loans": {"fr": {"other": "prêts"}}}, "units.loans", "'fr'"),
        ({"loans": {"ko": "건"}}, "units.loans", "'other'"),
        ({"loans": {"en": {"one": "loan"}}}, "units.loans", "'other'"),
        ({"loans": {"en": {"other": "loans", "few": "loans"}}}, "units.loans", "'few'"),
        ({"loans": {"en": {"other": ""}}}, "units.loans", "no text"),
    ],
    ids="list text language forms-text no-other unknown-form empty".split(),
)
def test_broken_units_are_a_problem_at_their_place(describe, units, where, part):
    description, _, (problem,) = describe(described() | {"units": units})
    assert problem.where == where
    assert part in problem.what
    assert description.units == {}

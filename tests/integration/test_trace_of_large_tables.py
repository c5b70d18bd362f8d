"""From a figure about a large table down to the first of its records, as long as they are there."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ProjectFolder, write_small_project

PERIOD = ("--period", "2026-10")
Briefing = Callable[..., Any]
DOCUMENTS = """\
document,title,publisher,published
d-1,Yearbook of the library,City of Haven,2026-10-05
"""


def project_with(folder: Path, *, large: bool) -> ProjectFolder:
    """The small project, its loans large or not, some of them read in a document."""
    project = write_small_project(folder)
    project.write("data/documents.csv", DOCUMENTS)
    lines = (project.root / "data/loans.csv").read_text().splitlines()
    cells = ["document,paragraph,as_printed,caveat", ",,,", "d-1,14,1.5 thousand,rounded"]
    cells += [",,,"] * (len(lines) - len(cells))
    more = "".join(
        f"l-{n},hill,2026-10-{n % 28 + 1:02},book,1,items,,2026-10-31,,,,\n" for n in range(10, 40)
    )
    text = "".join(f"{line},{cell}\n" for line, cell in zip(lines, cells, strict=True)) + more
    project.write("data/loans.csv", text)

    def loans(table: dict[str, Any]) -> None:
        table["large"] = large
        names = ("document", "paragraph", "as_printed", "caveat")
        table["schema"]["fields"] += [{"name": name, "type": "string"} for name in names]
        reference = {"resource": "documents", "fields": ["document"]}
        table["schema"]["foreignKeys"].append({"fields": ["document"], "reference": reference})

    project.describe("loans", loans)
    package = project.root / "data/datapackage.json"
    body = json.loads(package.read_text())
    fields = [{"name": name, "type": "string"} for name in DOCUMENTS.split("\n", 1)[0].split(",")]
    schema = {"fields": fields, "primaryKey": ["document"]}
    body["resources"].append({"name": "documents", "path": "documents.csv", "schema": schema})
    package.write_text(json.dumps(body))
    return project


def build(project: ProjectFolder, briefing: Briefing, **more: Any) -> Path:
    ran = briefing("build", *PERIOD, "--language", "en", "--json", cwd=project.root, **more)
    assert ran.code == 0, ran.said
    return project.root / ran.json["issues"][0]["folder"]


def traced(project: ProjectFolder, briefing: Briefing, *words: str) -> dict[str, Any]:
    command = ("trace", "library-loans", *words, *PERIOD, "--language", "en", "--json")
    ran = briefing(*command, cwd=project.root)
    assert ran.code == 0, ran.said
    return dict(ran.json)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, briefing: Briefing) -> ProjectFolder:
    """A project with a large table, and its issue."""
    project = project_with(tmp_path_factory.mktemp("large"), large=True)
    build(project, briefing)
    return project


def test_a_row_leads_to_the_records_that_the_same_row_of_a_small_table_leads_to(
    tmp_path: Path, large: ProjectFolder, briefing: Briefing
) -> None:
    small = project_with(tmp_path / "small", large=False)
    build(small, briefing)
    expected = traced(small, briefing, "bars")["rows"]
    found = traced(large, briefing, "bars")["rows"]
    assert len(found) == len(expected) == 3
    for ours, theirs in zip(found, expected, strict=True):
        assert ours["count"] == len(theirs["records"]) == ours["many"][0]["count"]
        for one, other in zip(ours["records"], theirs["records"][:20], strict=True):
            about = one.pop("source"), other.pop("source")
            assert one == other
            assert about[0].split(" ", 1)[1] == about[1].split(" ", 1)[1]


def test_a_trace_says_how_many_records_there_are_and_names_document_and_paragraph(
    large: ProjectFolder, briefing: Briefing
) -> None:
    command = ("trace", "library-loans", "bars", "Main", *PERIOD, "--language", "en")
    ran = briefing(*command, cwd=large.root)
    assert ran.code == 0, ran.said
    assert "from 1 record of data/loans.csv\n" in ran.out
    assert "from loans/l-2 (data/loans.csv:3)" in ran.out
    assert "d-1 Yearbook of the library, City of Haven, 2026-10-05, ¶14: “1.5 thousand”" in ran.out
    assert "caveat: rounded" in ran.out
    ran = briefing(*command[:3], "Hill", *command[4:], cwd=large.root)
    assert "from 31 records of data/loans.csv, of which the first 20\n" in ran.out
    assert ran.out.count("from loans/l-") == 20


def test_a_key_figure_leads_to_its_records_too(large: ProjectFolder, briefing: Briefing) -> None:
    (row,) = traced(large, briefing, "key_figure_1")["rows"]
    assert [record["id"] for record in row["records"]] == ["loans/l-2"]


def test_a_key_figure_about_a_whole_table_leads_to_its_first_records(
    tmp_path: Path, briefing: Briefing
) -> None:
    project = project_with(tmp_path / "project", large=True)
    project.replace(project.report_file, "    only: {branch: main}\n", "")
    project.replace(project.report_file, "{{ row.lent }}", "{{ tables.by_branch.first.lent }}")
    for _ in range(2):
        project.replace(project.report_file, ", {{ row.branch_name }}", "")
    build(project, briefing)
    (row,) = traced(project, briefing, "key_figure_1")["rows"]
    assert row["count"] == 33
    ids = [record["id"] for record in row["records"]]
    assert ids == [f"loans/l-{number}" for number in (2, 3, 4, *range(10, 27))]


def test_records_are_those_of_the_day_as_of_which_the_issue_was(
    tmp_path: Path, briefing: Briefing
) -> None:
    project = project_with(tmp_path / "project", large=True)
    project.append("data/loans.csv", "l-90,main,2026-10-20,book,7,items,,2026-11-20,,,,")
    build(project, briefing)
    (row,) = traced(project, briefing, "bars", "Main")["rows"]
    assert [record["id"] for record in row["records"]] == ["loans/l-2"]
    assert row["count"] == 1


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("data/loans.csv", "data/loans.csv has changed since the issue was made"),
        ("data/datapackage.json", "data/datapackage.json, which describes them, has changed"),
    ],
)
def test_other_records_are_never_shown_as_if_they_were_those(
    file: str, said: str, tmp_path: Path, briefing: Briefing
) -> None:
    project = project_with(tmp_path / "project", large=True)
    build(project, briefing)
    text = project.read(file).replace("2026-10-15,book,1500", "2026-10-15,book,1400")
    project.write(file, text.replace("Branches", "Places"))
    command = ("trace", "library-loans", "bars", "Main", *PERIOD, "--language", "en")
    ran = briefing(*command, cwd=project.root)
    assert ran.code == 0, ran.said
    assert said in ran.out
    assert "from 1 record of data/loans.csv" in ran.out
    assert "l-2" not in ran.out
    (row,) = traced(project, briefing, "bars", "Main")["rows"]
    assert (row["count"], row["records"]) == (1, [])
    assert said in row["many"][0]["missing"]


def test_a_document_that_has_changed_since_is_not_quoted(
    tmp_path: Path, briefing: Briefing
) -> None:
    project = project_with(tmp_path / "project", large=True)
    build(project, briefing)
    project.write("data/documents.csv", DOCUMENTS.replace("Yearbook", "Almanac"))
    (row,) = traced(project, briefing, "bars", "Main")["rows"]
    (record,) = row["records"]
    assert record["source"] == "d-1 (in data/documents.csv, which has changed)"


def test_what_an_issue_holds_of_them_is_bounded_and_the_same_each_time(
    tmp_path: Path, large: ProjectFolder, briefing: Briefing
) -> None:
    folder = next((large.root / "output").rglob("provenance.json")).parent
    body = json.loads((folder / "provenance.json").read_text())
    (row,) = [row for row in body["hasPart"][1]["rows"] if row["cells"]["branch"] == "hill"]
    assert row["prov:wasDerivedFrom"] == []
    (portion,) = row["portions"]
    assert portion["numberOfRecords"] == 31
    assert portion["firstLine"] == 5
    assert len(portion["groups"]) == 1
    again = project_with(tmp_path / "again", large=True)
    other = build(again, briefing)
    ours, theirs = ((one / "provenance.json").read_bytes() for one in (folder, other))
    assert ours == theirs


@pytest.mark.parametrize("damage", ['"groups": [1]', '"groups": [{"medium": 7}]'])
def test_a_damaged_issue_is_said_to_be_so(damage: str, tmp_path: Path, briefing: Briefing) -> None:
    project = project_with(tmp_path / "project", large=True)
    folder = build(project, briefing)
    path = folder / "provenance.json"
    body = json.loads(path.read_text())
    body["hasPart"][1]["rows"][0]["portions"][0] |= json.loads(f"{{{damage}}}")
    path.write_text(json.dumps(body))
    (row,) = traced(project, briefing, "bars", "1")["rows"]
    assert row["records"] == []
    assert "damaged" in row["many"][0]["missing"]


def in_a_database(folder: Path) -> ProjectFolder:
    """The small project with its loans in a database, and the database's address beside it."""
    project = write_small_project(folder)
    lines = (project.root / "data/loans.csv").read_text().splitlines()
    header, *rows = [line.split(",") for line in lines]
    with sqlite3.connect(folder / "loans.sqlite") as database:
        kinds = {"lent": "INTEGER", "fees": "INTEGER"}
        columns = ", ".join(f"{name} {kinds.get(name, 'TEXT')}" for name in header)
        database.execute(f"CREATE TABLE loans ({columns})")
        marks = ", ".join("?" * len(header))
        cells = [[cell or None for cell in row] for row in rows]
        database.executemany(f"INSERT INTO loans VALUES ({marks})", cells)
    database.close()

    def loans(table: dict[str, Any]) -> None:
        del table["path"]
        table |= {"url": "${LOANS}", "table": "loans"}

    project.describe("loans", loans)
    return project


def test_the_records_of_a_database_are_shown_while_it_answers_as_it_did(
    tmp_path: Path, briefing: Briefing, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = in_a_database(tmp_path)
    monkeypatch.setenv("LOANS", f"sqlite:///{tmp_path / 'loans.sqlite'}")
    build(project, briefing)
    (row,) = traced(project, briefing, "bars", "Main")["rows"]
    assert [record["id"] for record in row["records"]] == ["loans/l-2"]
    assert row["records"][0]["place"] == "database table loans"
    with sqlite3.connect(tmp_path / "loans.sqlite") as database:
        database.execute("UPDATE loans SET lent = 1400 WHERE loan_id = 'l-2'")
    database.close()
    (row,) = traced(project, briefing, "bars", "Main")["rows"]
    assert row["records"] == []
    assert "database table loans has changed" in row["many"][0]["missing"]

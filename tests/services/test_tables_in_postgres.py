"""A table in PostgreSQL: the server groups and adds, and nothing else leaves it."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy.dialects import postgresql
from tests.property.test_large_tables import (
    BRANCHES,
    COLUMNS,
    EDITION,
    Dataset,
    declarations,
    described,
    in_order,
    of_the_last,
    read,
    written,
)

from briefing import sources, tables, validation
from briefing.config.databases import with_databases
from briefing.errors import ProblemsError
from briefing.periods import Grain
from briefing.structures import Means, MeasureUse, TableDeclaration
from briefing.structures.reductions import Last
from briefing.tables.behind import records_behind
from briefing.tables.conditions import parse

pytestmark = pytest.mark.services
NUMERIC = {"id": "bigint", "fee": "numeric", "hours": "double precision"}
DATED = {"day": "date", "seen": "date"}
COUNT = 2000


def rows() -> list[dict[str, str]]:
    return [
        {
            "id": str(number),
            "branch": ["main", "hill", "dock", ""][number % 4],
            "day": ["2026-01-31", "2026-02-01", "2026-03-15", ""][number // 3 % 4],
            "kind": "ab"[number // 5 % 2],
            "fee": ["", str(900719925474 + number), "-3"][number % 3],
            "currency": ["USD", "KRW"][number // 7 % 2],
            "hedge": ["exact", "about", ""][number // 2 % 3],
            "hours": ["", "0.25", "17.5"][number // 4 % 3],
            "note": ["x", "a, b", ""][number // 6 % 3],
            "note_ko": ["엑스", ""][number // 8 % 2],
            "seen": ["2026-01-01", "2026-06-30", "2026-07-01"][number // 9 % 3],
        }
        for number in range(1, COUNT + 1)
    ]


@pytest.fixture(scope="module")
def filled(postgres: Any) -> Iterator[str]:
    """A database with the table, which logs every statement."""
    url = postgres.create()
    name = url.rpartition("/")[2]
    with postgres.connect(name) as connection:
        columns = ", ".join(f"{c} {({**NUMERIC, **DATED}).get(c, 'text')}" for c in COLUMNS)
        connection.execute(f"CREATE TABLE loans ({columns})")
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO loans VALUES ({', '.join(['%s'] * len(COLUMNS))})",
                [[row[c] or None for c in COLUMNS] for row in rows()],
            )
        connection.execute(f"ALTER DATABASE {name} SET log_statement = 'all'")
    yield url


@pytest.fixture
def dataset(filled: str, tmp_path: Path) -> Dataset:
    return opened(tmp_path, filled)


def opened(folder: Path, url: str, reference: str = "${LOANS_URL}") -> Dataset:
    package = folder / "datapackage.json"
    body = described(url=reference, table="public.loans")
    package.write_text(json.dumps(body))
    (folder / "branches.csv").write_text(BRANCHES)
    found, raw, files, problems = sources.read(package, folder)
    small, more = validation.validate(found, raw, files)
    assert not problems + more
    return with_databases(small, found, package, folder, Means(environ={"LOANS_URL": url}))


def computed(dataset: Dataset, *declared: TableDeclaration) -> Any:
    seen = validation.in_language(validation.known_on(dataset, EDITION.as_of), EDITION.language)
    return tables.aggregate_all(declared or declarations(), seen, EDITION)


def test_the_tables_are_those_of_the_same_rows_in_a_file(dataset: Dataset, tmp_path: Path):
    (tmp_path / "loans.csv").write_text(written(rows()))
    expected, refused = computed(read(tmp_path, path="loans.csv", large=False))
    found, problems = computed(dataset)
    assert list(found) == list(expected), problems
    assert len(problems) == len(refused)
    for name, table in expected.items():
        pd.testing.assert_frame_equal(
            in_order(found[name].frame), in_order(table.frame), check_exact=True
        )
        assert found[name].columns == table.columns


def test_the_last_records_are_those_of_the_same_rows_in_a_file(dataset: Dataset, tmp_path: Path):
    (tmp_path / "loans.csv").write_text(written(rows()))
    declared = of_the_last(in_database=True)
    expected, refused = computed(read(tmp_path, path="loans.csv", large=False), *declared)
    found, problems = computed(dataset, *declared)
    assert list(found) == list(expected), problems
    assert len(problems) == len(refused)
    for name, table in expected.items():
        pd.testing.assert_frame_equal(
            in_order(found[name].frame), in_order(table.frame), check_exact=True
        )


def test_the_last_by_a_text_is_the_last_by_its_letters(dataset: Dataset):
    (asked,) = computed(dataset, *of_the_last(in_database=True)[:1])[0].values()
    statement = dataset.large["loans"].last_statement(  # type: ignore[attr-defined]
        asked.selection.asked, Last("day", "kind", ("id",))
    )
    assert 'kind COLLATE "C" DESC NULLS LAST' in str(
        statement.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]
    )


def test_the_server_groups_by_period_and_sends_groups_only(dataset: Dataset, postgres: Any):
    declared = TableDeclaration(
        "monthly",
        "report.yaml",
        7,
        dataset="loans",
        by=("kind",),
        grain=("day", Grain.QUARTER),
        measures=(MeasureUse("hours", "hours"),),
        where=parse("branch.city == 'A'"),
    )
    log = postgres.folder / "log"
    before = len(log.read_text())
    found, problems = computed(dataset, declared)
    assert not problems
    said = log.read_text()[before:]
    assert said.count("FROM public.loans") == 1
    assert "GROUP BY 1, 2, 3" in said
    assert "date_trunc('quarter'" in said
    assert "public.loans.branch IN" in said
    answer = found["monthly"].selection.reduced
    assert len(answer) < 50


def test_the_records_behind_a_row_are_fetched_when_they_are_asked_for(dataset: Dataset):
    found, _ = computed(dataset)
    seen = validation.known_on(dataset, EDITION.as_of)
    behind, count = records_behind(found["wide"], 0, seen, limit=3)
    assert len(behind) == 3
    assert count == sum(
        row["branch"] == found["wide"].frame["branch"].iloc[0]
        and date.fromisoformat(row["seen"]) <= EDITION.as_of
        for row in rows()
    )


def test_an_address_with_a_password_in_it_is_refused_and_not_repeated(filled: str, tmp_path: Path):
    with pytest.raises(ProblemsError) as told:
        opened(tmp_path, filled, reference=filled)
    assert filled.partition("@")[0].rpartition(":")[2] not in str(told.value)


@pytest.mark.parametrize("broken", ["wrong-password", "no-server", "no-table"])
def test_what_the_server_says_is_told_without_the_password(
    broken: str, filled: str, tmp_path: Path, postgres: Any
):
    password = filled.partition("@")[0].rpartition(":")[2]
    url = {
        "wrong-password": filled.replace(password, "guessed-by-nobody"),
        "no-server": filled.replace(f":{postgres.port}/", ":1/"),
        "no-table": postgres.create(),
    }[broken]
    with pytest.raises(ProblemsError) as told:
        computed(opened(tmp_path, url))
    said = str(told.value)
    assert "database table public.loans: the database says: " in said
    assert password not in said
    assert "guessed-by-nobody" not in said

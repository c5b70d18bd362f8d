"""A large table says what a small one says: the same rows through every engine."""

import csv
import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from briefing import sources, validation
from briefing.errors import ProblemsError
from briefing.large import digests, streamed, with_large
from briefing.periods import Grain, Period
from briefing.structures import (
    Dataset,
    Edition,
    Means,
    MeasureUse,
    Secret,
    Table,
    TableDeclaration,
)
from briefing.structures.reductions import Lead
from briefing.tables import aggregate_all, asked
from briefing.tables.behind import records_behind, records_of
from briefing.tables.conditions import parse

COLUMNS = "id,branch,day,kind,fee,currency,hedge,hours,note,note_ko,seen".split(",")
BRANCHES = "branch,city\nmain,A\nhill,A\ndock,B\n"
HAS_ARROW = find_spec("pyarrow") is not None
CSV_ENGINES = ["pandas", *(["arrow", "kept"] if HAS_ARROW else [])]
ENGINES = [*CSV_ENGINES, *(["parquet"] if HAS_ARROW else []), "sql"]
Rows = list[dict[str, str]]
quick = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],  # an example takes a second; shrinking would hours
)


def column(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **more}


def described(**where: Any) -> dict[str, Any]:
    branch = {"fields": "branch", "reference": {"resource": "branches", "fields": "branch"}}
    loans = {
        "name": "loans",
        "known": "seen",
        "measures": {
            "fee": {"column": "fee", "never_across": ["kind"], "addable": {"hedge": ["exact"]}},
            "hours": {"column": "hours", "never_across": ["kind"]},
            "rate": {"column": "hours", "additivity": "non-additive"},
            "latest": {"column": "hours", "aggregation": "last", "order": "day"},
            "latest_fee": {"column": "fee", "aggregation": "last", "order": "seen"},
            "latest_branch": {"column": "branch", "aggregation": "last", "order": "hours"},
            "lowest": {"column": "day", "aggregation": "last", "order": "kind"},
            "final": {"column": "id", "aggregation": "last"},
            "said": {"column": "note", "aggregation": "last", "order": "day"},
        },
        "schema": {
            "fields": [
                column("id", "integer"),
                column("branch"),
                column("day", "date"),
                column("kind", constraints={"enum": ["a", "b"]}),
                column("fee", "number", money=True, unitColumn="currency"),
                column("currency", constraints={"required": True}),
                column("hedge"),
                column("hours", "number", qualifierColumn="hedge", unit="hours"),
                column("note"),
                column("note_ko"),
                column("seen", "date", constraints={"required": True}),
            ],
            "primaryKey": "id",
            "foreignKeys": [branch],
        },
        **where,
    }
    fields = [column("branch"), column("city")]
    branches = {"name": "branches", "path": "branches.csv"}
    branches["schema"] = {"fields": fields, "primaryKey": "branch"}  # type: ignore[assignment]
    return {"title": "Loans", "resources": [branches, loans]}


def written(rows: Rows) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read(folder: Path, kept: Path | None = None, **where: Any) -> Dataset:
    package = folder / "datapackage.json"
    package.write_text(json.dumps(described(**where)))
    (folder / "branches.csv").write_text(BRANCHES)
    found, raw, files, problems = sources.read(package, folder)
    dataset, more = validation.validate(found, raw, files)
    if problems or more:
        raise ProblemsError([*problems, *more])
    url = Secret(f"sqlite:///{folder / 'loans.sqlite'}")
    return with_large(dataset, found, Means(kept), lambda _: url)


def through(engine: str, folder: Path, rows: Rows) -> Dataset:
    """The rows as a large table, read by an engine."""
    if engine == "sql":
        fill(folder / "loans.sqlite", rows)
        return read(folder, url="${DATABASE}")
    if engine == "parquet":
        write_parquet(folder / "loans.parquet", rows)
        return read(folder, path="loans.parquet")
    (folder / "loans.csv").write_text(written(rows))
    kept = folder / "kept" if engine == "kept" else None
    dataset = read(folder, kept, path="loans.csv", large=True)
    if engine == "kept":  # once, so that the next one reads what was kept
        tables_of(dataset)
        dataset = read(folder, kept, path="loans.csv", large=True)
    return dataset


def fill(path: Path, rows: Rows) -> None:
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as database:
        kinds = {"id": "INTEGER", "fee": "INTEGER", "hours": "REAL"}
        columns = ", ".join(f"{name} {kinds.get(name, 'TEXT')}" for name in COLUMNS)
        database.execute(f"CREATE TABLE loans ({columns})")
        marks = ", ".join("?" * len(COLUMNS))
        database.executemany(
            f"INSERT INTO loans VALUES ({marks})",
            [[row[name] or None for name in COLUMNS] for row in rows],
        )
    database.close()


def write_parquet(path: Path, rows: Rows) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    def typed(name: str, text: str) -> Any:
        if not text:
            return None
        if name in {"day", "seen"}:
            return date.fromisoformat(text)
        return int(text) if name in {"id", "fee"} else float(text) if name == "hours" else text

    kinds = {"id": pa.int64(), "fee": pa.int64(), "hours": pa.float64()}
    kinds |= {"day": pa.date32(), "seen": pa.date32()}
    arrays = {
        name: pa.array([typed(name, row[name]) for row in rows], kinds.get(name, pa.string()))
        for name in COLUMNS
    }
    pq.write_table(pa.table(arrays), path, row_group_size=3)


EDITION = Edition("loans", Period.parse("2026-06"), date(2026, 6, 30), "ko", {})


def declarations() -> tuple[TableDeclaration, ...]:
    def declare(name: str, *measures: MeasureUse, **keys: Any) -> TableDeclaration:
        return TableDeclaration(name, "report.yaml", 7, dataset="loans", measures=measures, **keys)

    use = MeasureUse
    return (
        declare("guarded", use("fee", "fee"), use("n", "records"), by=("branch", "kind")),
        declare("refused", use("fee", "fee"), by=("branch",)),
        declare("rate", use("rate", "rate"), by=("kind",)),
        declare(
            "monthly",
            use("hours", "hours"),
            use("mean", of="fee", aggregation="mean"),
            use("last", of="day", aggregation="max"),
            use("different", of="branch", aggregation="nunique"),
            use("middle", of="hours", aggregation="median"),
            by=("kind", "currency"),
            grain=("day", Grain.MONTH),
            where=parse("branch.city == 'A' and day >= '2026-02-01'"),
        ),
        declare(
            "cities",
            use("n", "records"),
            use("least", of="hours", aggregation="min"),
            by=("branch.city",),
            where=parse("not (kind == 'a') or branch.city != 'A'"),
        ),
        declare("notes", use("n", "records"), by=("note",), where=parse("note != 'x'")),
        declare("all", use("n", "records"), use("first", of="seen", aggregation="min")),
        declare(
            "wide",
            use("n", "records"),
            by=("branch", "kind"),
            pivot="kind",
            where=parse("branch in ['main', 'dock'] and kind != None"),
        ),
        declare("largest", use("n", "records"), by=("branch.city",), top=1, share="n"),
    )


def of_the_last(*, in_database: bool = False) -> tuple[TableDeclaration, ...]:
    """Tables of last values."""
    uses = [MeasureUse(name, name) for name in ("latest", "latest_branch", "lowest")]
    fee = MeasureUse("latest_fee", "latest_fee")

    def declare(name: str, *measures: MeasureUse, **keys: Any) -> TableDeclaration:
        return TableDeclaration(name, "report.yaml", 7, dataset="loans", measures=measures, **keys)

    return (
        declare("each", *uses, by=("branch", "kind")),
        declare("whole", *uses),
        declare("mixed", fee, by=("branch",)),
        declare("money", fee, by=("currency",), where=parse("day != None or kind == 'a'")),
        declare("monthly", *uses, by=("branch.city",), grain=("day", Grain.MONTH)),
        declare("folded", uses[0], by=("branch.city",), top=1),
        *([] if in_database else [declare("final", MeasureUse("final", "final"), by=("kind",))]),
        declare("pivoted", uses[0], by=("branch", "kind"), pivot="kind", where=parse("hours > 1")),
    )


def tables_of(
    dataset: Dataset, declared: tuple[TableDeclaration, ...] = ()
) -> tuple[dict[str, Table], list[str]]:
    known = validation.in_language(validation.known_on(dataset, EDITION.as_of), EDITION.language)
    tables, problems = aggregate_all(declared or declarations(), known, EDITION)
    return tables, sorted(map(str, problems))


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows by their cells: a database keeps no order."""
    return frame.sort_values(list(frame.columns), ignore_index=True)


cells = {
    "branch": st.sampled_from(["main", "hill", "dock", ""]),
    "day": st.sampled_from(["2026-01-31", "2026-02-01", "2026-03-15", "2026-03-31", ""]),
    "kind": st.sampled_from(["a", "b"]),
    "fee": st.sampled_from(["0", "7", "-3", "9007199254740993", ""]),
    "currency": st.sampled_from(["USD", "KRW"]),
    "hedge": st.sampled_from(["exact", "about", ""]),
    "hours": st.sampled_from(["0.25", "4", "17.5", ""]),
    "note": st.sampled_from(["x", "a, b", 'say "so"', ""]),
    "note_ko": st.sampled_from(["엑스", "", "두\n줄"]),
    "seen": st.sampled_from(["2026-01-01", "2026-06-30", "2026-07-01"]),
}
rows_of = st.lists(st.fixed_dictionaries(cells), max_size=14).map(
    lambda found: [{"id": str(number), **row} for number, row in enumerate(found, 1)]
)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Blocks of a few records; called with an engine's name, reads as that engine does."""
    monkeypatch.setattr(streamed.CsvTable, "size", 150)
    monkeypatch.setattr(digests, "_GRAIN", -1)

    def choose(engine: str) -> None:
        has = (lambda: False) if engine == "pandas" else (lambda: HAS_ARROW)
        monkeypatch.setattr(streamed, "has_arrow", has)

    yield choose


@pytest.mark.parametrize("engine", ENGINES)
@settings(quick, max_examples=12)
@given(rows=rows_of)
def test_every_engine_says_what_the_small_path_says(
    engine: str, rows: Rows, tmp_path: Path, small_blocks: Callable[[str], None]
):
    small_blocks(engine)
    (tmp_path / "loans.csv").write_text(written(rows))
    expected, refused = tables_of(read(tmp_path, path="loans.csv", large=False))
    found, problems = tables_of(through(engine, tmp_path, rows))
    assert list(found) == list(expected)
    for name, table in expected.items():
        ours, theirs = found[name].frame, table.frame
        if engine == "sql":
            ours, theirs = in_order(ours), in_order(theirs)
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
        assert found[name].columns == table.columns
    if engine == "sql":  # names other records of the same groups, as they come
        assert len(problems) == len(refused)
    else:
        assert problems == refused


@pytest.mark.parametrize("engine", ENGINES)
@settings(quick, max_examples=25)
@given(rows=rows_of)
def test_the_last_record_is_that_of_the_small_path_whatever_ties_there_are(
    engine: str, rows: Rows, tmp_path: Path, small_blocks: Callable[[str], None]
):
    small_blocks(engine)
    rows = [{**row, "id": str(int(row["id"]) * 7 % 31)} for row in rows]
    (tmp_path / "loans.csv").write_text(written(rows))
    declared = of_the_last(in_database=engine == "sql")
    expected, refused = tables_of(read(tmp_path, path="loans.csv", large=False), declared)
    found, problems = tables_of(through(engine, tmp_path, rows), declared)
    assert len(problems) == len(refused)
    assert engine == "sql" or problems == refused
    assert list(found) == list(expected)
    for name, table in expected.items():
        ours, theirs = found[name].frame, table.frame
        if engine == "sql":
            ours, theirs = in_order(ours), in_order(theirs)
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
        assert found[name].columns == table.columns
        written_down = found[name].selection.written
        assert asked.read(filed(written_down)) == found[name].selection.asked


@pytest.mark.parametrize("engine", ENGINES)
@settings(quick, max_examples=8)
@given(rows=rows_of)
def test_the_records_behind_a_row_are_those_that_a_small_table_remembers(
    engine: str, rows: Rows, tmp_path: Path, small_blocks: Callable[[str], None]
):
    small_blocks(engine)
    (tmp_path / "loans.csv").write_text(written(rows))
    small = read(tmp_path, path="loans.csv", large=False)
    expected, _ = tables_of(small)
    dataset = through(engine, tmp_path, rows)
    found, _ = tables_of(dataset)
    known = validation.in_language(validation.known_on(dataset, EDITION.as_of), "ko")
    for name in ("guarded", "monthly", "cities", "notes", "wide", "all", "largest"):
        if name not in expected or engine == "sql":
            continue
        asked_again = asked.read(filed(found[name].selection.written))
        for position, lines in enumerate(expected[name].records):
            behind, count = records_behind(found[name], position, known, limit=3)
            ids = small.frames["loans"].loc[list(lines), "id"]
            assert count == len(lines)
            assert list(behind["id"]) == list(ids)[:3]
            lead = found[name].selection.leads[position]
            again = Lead(lead.count, lead.first, filed(lead.groups))
            same = records_of(known.large["loans"], asked_again, again, limit=3)
            pd.testing.assert_frame_equal(same, behind)
            assert engine == "parquet" or lead.first == next(iter(lines), 0)
            if engine != "parquet":
                assert list(behind.index) == list(lines)[:3]


def filed(body: Any) -> Any:
    """As it comes back from an issue."""
    return json.loads(json.dumps(body))


BROKEN = {
    "branch": st.sampled_from(["main", "mian", " main"]),
    "day": st.sampled_from(["2026-02-01", "2026-02-30", "yesterday"]),
    "kind": st.sampled_from(["a", "c"]),
    "fee": st.sampled_from(["7", "7.5", "7.555", "0x1F", "1e3", " 7", "9223372036854775808"]),
    "currency": st.sampled_from(["USD", "KRW", "EURO", ""]),
    "hours": st.sampled_from(["0.25", ".5", "nan", "inf", "1e400", "5.", "+5"]),
    "note": st.sampled_from(["x", " x", "two\nlines"]),
    "id": st.sampled_from(["1", "2", "+3", "", "four"]),
    "seen": st.sampled_from(["2026-01-01", ""]),
}


def problems_of(dataset: Callable[[], Dataset]) -> set[str]:
    """All problems of the records, as they are told."""
    try:
        tables_of(dataset())
    except ProblemsError as error:
        return {str(problem) for problem in error.problems}
    return set()


@pytest.mark.parametrize("engine", CSV_ENGINES)
@settings(quick, max_examples=12)
@given(broken=st.lists(st.fixed_dictionaries({**cells, **BROKEN}), max_size=2), sound=rows_of)
def test_every_engine_finds_the_same_problems_in_the_same_lines(
    engine: str,
    broken: Rows,
    sound: Rows,
    tmp_path: Path,
    small_blocks: Callable[[str], None],
):
    small_blocks(engine)
    (tmp_path / "loans.csv").write_text(written([*sound, *broken]))
    kept = tmp_path / "kept" if engine == "kept" else None
    expected = problems_of(lambda: read(tmp_path, path="loans.csv", large=False))
    found = problems_of(lambda: read(tmp_path, kept, path="loans.csv", large=True))
    assert found == expected


@pytest.mark.parametrize("engine", CSV_ENGINES)
@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("1,main\n", "2 cells where the header has 11"),
        ('1,main,,a,1,KRW,,,"open,,2026-01-01\n', "cannot be read as CSV"),
        ("1,main,,a,1,KRW,,,\xff,,2026-01-01\n", "is not UTF-8"),
    ],
)
def test_rows_that_are_none_are_told_as_of_a_small_table(
    engine: str, text: str, what: str, tmp_path: Path, small_blocks: Callable[[str], None]
):
    small_blocks(engine)
    sound = "\n".join(f"{n},main,,a,1,KRW,,,,,2026-01-01" for n in range(10, 40))
    body = f"{','.join(COLUMNS)}\n{sound}\n{text}"
    (tmp_path / "loans.csv").write_bytes(body.encode("latin-1"))
    expected = problems_of(lambda: read(tmp_path, path="loans.csv", large=False))
    found = problems_of(lambda: read(tmp_path, path="loans.csv", large=True))
    assert any(what in problem for problem in expected)
    assert found == expected

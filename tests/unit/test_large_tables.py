"""Large tables: where they are described, what is kept of them, and how much memory they take."""

import hashlib
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from tests.property.test_large_tables import Dataset, read, tables_of, written

from briefing.errors import ProblemsError
from briefing.large import digests, files
from briefing.large.threads import in_threads
from briefing.periods import Grain
from briefing.structures import Comparison, MeasureUse, TableDeclaration
from briefing.structures.reductions import Reduction

ROW = {
    "branch": "main",
    "day": "2026-02-01",
    "kind": "a",
    "fee": "1",
    "currency": "KRW",
    "hedge": "exact",
    "hours": "",
    "note": "",
    "note_ko": "",
    "seen": "2026-01-01",
}
ROWS = [{"id": str(number), **ROW} for number in range(1, 40)]


def large(folder: Path, kept: Path | None = None, **more: object) -> Dataset:
    (folder / "loans.csv").write_text(written(ROWS))
    return read(folder, kept, path="loans.csv", large=True, **more)


def refused(folder: Path, **where: object) -> str:
    with pytest.raises(ProblemsError) as told:
        tables_of(read(folder, **where))
    return str(told.value)


def test_a_table_is_large_from_a_size_on_or_where_its_description_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "loans.csv").write_text(written(ROWS))
    assert set(read(tmp_path, path="loans.csv").large) == set()
    assert set(read(tmp_path, path="loans.csv", large=True).large) == {"loans"}
    monkeypatch.setattr("briefing.sources.origins.LARGE", 100)
    assert set(read(tmp_path, path="loans.csv").large) == {"loans"}
    assert set(read(tmp_path, path="loans.csv", large=False).large) == set()


def test_a_database_and_a_file_are_not_named_together(tmp_path: Path):
    said = refused(tmp_path, path="loans.csv", url="${DATABASE}")
    assert "stands beside `path`" in said


def test_a_table_that_others_refer_to_stays_small(tmp_path: Path):
    (tmp_path / "loans.csv").write_text(written(ROWS))
    key = {"fields": "note", "reference": {"resource": "", "fields": "id"}}
    schema = {
        "fields": [{"name": name, "type": "string"} for name in ROWS[0]],
        "primaryKey": "id",
        "foreignKeys": [key],
    }
    said = refused(tmp_path, path="loans.csv", large=True, schema=schema, measures={})
    assert "Keep the tables that others refer to small." in said


def test_what_needs_single_records_is_refused_with_the_measure_and_the_remedy(tmp_path: Path):
    from tests.property.test_large_tables import EDITION

    from briefing import tables, validation

    seen = validation.known_on(large(tmp_path), EDITION.as_of)
    use = MeasureUse("newest", of="note", aggregation="last")
    declared = TableDeclaration("t", "report.yaml", 7, dataset="loans", measures=(use,))
    found, problems = tables.aggregate_all((declared,), seen, EDITION)
    assert found == {}
    assert "'newest' is a `last` by 'note'" in str(problems[0])
    assert "keep the table below `large`" in str(problems[0])


def test_a_database_without_an_order_of_records_has_no_last_one(tmp_path: Path):
    from tests.property.test_large_tables import fill, of_the_last

    fill(tmp_path / "loans.sqlite", [{"id": "1", **ROW}])
    dataset = read(tmp_path, url="${DATABASE}")
    with pytest.raises(ProblemsError) as told:
        tables_of(dataset, of_the_last())
    assert "nothing says which record is the last that has 'id'" in str(told.value)


def test_a_declaration_that_is_wrong_is_told_without_reading_the_table(tmp_path: Path):
    from tests.property.test_large_tables import EDITION

    from briefing import tables, validation

    dataset = large(tmp_path)
    (tmp_path / "loans.csv").unlink()
    seen = validation.known_on(dataset, EDITION.as_of)
    declared = TableDeclaration("t", "report.yaml", 7, dataset="loans", by=("colour",))
    _, problems = tables.aggregate_all((declared,), seen, EDITION)
    assert "table loans has no column 'colour'" in str(problems[0])


def test_a_file_that_went_missing_is_a_problem(tmp_path: Path):
    dataset = large(tmp_path)
    (tmp_path / "loans.csv").unlink()
    with pytest.raises(ProblemsError, match="problem found") as told:
        tables_of(dataset)
    assert "the file does not exist" in str(told.value)


def test_a_file_that_went_missing_is_a_problem_for_whoever_wants_its_hash(tmp_path: Path):
    table = large(tmp_path).large["loans"]
    (tmp_path / "loans.csv").unlink()
    with pytest.raises(ProblemsError) as told:
        table.digests()
    assert "loans.csv: the file cannot be read: No such file" in str(told.value)


def test_only_the_first_problems_are_listed_and_the_others_counted(tmp_path: Path):
    rows = [{**row, "kind": "z"} for row in ROWS]
    (tmp_path / "loans.csv").write_text(written(rows))
    said = refused(tmp_path, path="loans.csv", large=True)
    assert said.count("'z' is not in the vocabulary") == 20
    assert "loans.csv:2: kind" in said
    assert "has 19 problems beside those that are listed" in said


def test_a_finer_answer_answers_a_coarser_question_of_the_same_records():
    known = Comparison("seen", "<=", date(2026, 1, 1))
    fine = Reduction(("a", "b"), (("x", "sum"), ("x", "present")), known)
    assert fine.covers(Reduction(("a",), (("x", "sum"),), known))
    assert not fine.covers(Reduction(("a", "c"), (), known))
    assert not fine.covers(Reduction(("a",), (("x", "max"),), known))
    assert not fine.covers(Reduction(("a",), (), None))
    assert not Reduction(("d",), grain=("d", Grain.YEAR)).covers(Reduction(("d",)))
    assert Reduction(("d",)).covers(Reduction(("d",), grain=("d", Grain.YEAR)))


def test_parts_are_taken_a_few_at_a_time_and_answered_in_order():
    taken: list[int] = []

    def parts():
        for number in range(20):
            taken.append(number)
            yield number

    answers = in_threads(lambda number: number * 2, parts(), threads=2)
    assert next(answers) == 0
    assert len(taken) <= 4
    assert list(answers) == [number * 2 for number in range(1, 20)]


def test_a_digest_is_noted_and_not_believed_once_the_file_changed(tmp_path: Path):
    file, notes = tmp_path / "a", tmp_path / "notes"
    file.write_bytes(b"one")
    digest = digests.digest_of(file, notes)
    assert digest == digests.digest_of(file, None)
    assert digests.noted(file, notes) == ""  # too young to be told from a change just after
    file.write_bytes(b"two")
    assert digests.digest_of(file, notes) == digests.digest_of(file, None) != digest


def test_a_csv_is_hashed_in_the_pass_that_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    dataset = large(tmp_path)
    table, file = dataset.large["loans"], tmp_path / "loans.csv"
    assert table.hashed_in_passing
    tables_of(dataset)
    assert not table.hashed_in_passing
    whole = digests.digest_of(file, None)
    with monkeypatch.context() as changes:
        changes.setattr(files, "digest_of", None)  # whoever read it again would fail
        assert table.digests() == {file: whole}
    before, _ = tables_of(dataset)
    file.write_text(written(ROWS[1:]))
    assert table.hashed_in_passing
    assert table.digests() == {file: digests.digest_of(file, None)} != {file: whole}
    after, _ = tables_of(dataset)
    assert [len(ROWS)] == before["all"].frame["n"].to_list()
    assert [len(ROWS) - 1] == after["all"].frame["n"].to_list()


def test_a_csv_whose_hash_is_noted_is_not_read_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(digests, "_GRAIN", -1)
    tables_of(large(tmp_path, tmp_path / "kept"))
    table = read(tmp_path, tmp_path / "kept", path="loans.csv", large=True).large["loans"]
    assert not table.hashed_in_passing
    whole = digests.digest_of(tmp_path / "loans.csv", None)
    monkeypatch.setattr(hashlib, "file_digest", None)  # whoever read it would fail
    assert list(table.digests().values()) == [whole]


def test_a_database_that_is_not_there_is_told_without_its_address(tmp_path: Path):
    dataset = read(tmp_path, url="${DATABASE}")
    with pytest.raises(ProblemsError) as told:
        tables_of(dataset)
    said = str(told.value)
    assert "database table loans: the database says: no such table: loans" in said
    assert "sqlite" not in said


def test_sums_beyond_64_bits_in_parts_are_exact_and_refused_as_a_whole(tmp_path: Path):
    huge = [{**row, "fee": str(2**62)} for row in ROWS[:3]]
    balanced = [*huge, *({**row, "id": f"9{row['id']}", "fee": f"-{2**62}"} for row in huge)]
    for rows, expected in ((balanced, 0), (huge, None)):
        (tmp_path / "loans.csv").write_text(written(rows))
        tables, problems = tables_of(read(tmp_path, path="loans.csv", large=True))
        if expected is None:
            assert any("the sum of fee is too large to be kept exactly" in p for p in problems)
        else:
            assert list(tables["guarded"].frame["fee"]) == [expected]


def test_what_is_kept_may_be_damaged_or_impossible_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(digests, "_GRAIN", -1)
    expected, _ = tables_of(large(tmp_path))
    kept = tmp_path / "kept"
    for _ in range(2):
        found, _ = tables_of(large(tmp_path, kept=kept))
        assert found["all"].frame.equals(expected["all"].frame)
        for file in kept.glob("*.parquet"):
            file.write_bytes(b"PAR1 is what it begins with")
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    found, _ = tables_of(large(tmp_path, kept=blocked))
    assert found["all"].frame.equals(expected["all"].frame)


MEASURE = """
import json, resource, sys
from pathlib import Path
from briefing import validation
from briefing.structures import MeasureUse
sys.path.insert(0, sys.argv[2])
from tests.property import test_large_tables as rows
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
folder = Path(sys.argv[1])
tables, _ = rows.tables_of(rows.read(folder, folder / "kept", path="loans.csv", large=True))
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"grown": (after - before) // 1024, "n": int(tables["all"].frame["n"].iloc[0])}))
"""


def test_the_memory_does_not_grow_with_the_table(tmp_path: Path):
    """2 million records, 90 MB as CSV: as typed frames they would take more than 1 GB."""
    count, block = 2_000_000, 1000
    body = written([{"id": "@", **ROW}]).splitlines()
    with (tmp_path / "loans.csv").open("w") as file:
        file.write(body[0] + "\n")
        for start in range(0, count, block):
            numbers = range(start, start + block)
            file.write("".join(body[1].replace("@", str(n)) + "\n" for n in numbers))
    told = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path), str(Path(__file__).parents[2])],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(told.stdout)
    assert found["n"] == count
    assert found["grown"] < 700, found

"""A large table says the same wherever its parts are done, whatever becomes of the workers."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.conftest import ProjectFolder
from tests.property import test_large_tables as large_tables
from tests.property.test_large_tables import (
    BROKEN,
    COLUMNS,
    Rows,
    cells,
    read,
    rows_of,
    tables_of,
    write_parquet,
    written,
)

from briefing import editions, pipeline, validation
from briefing.batches import spreading
from briefing.batches.asked import ask_once
from briefing.batches.far import check_sendable
from briefing.batches.spreading import Spreading, spread
from briefing.config import load_project
from briefing.errors import BriefingError, ChildError, EngineError, ProblemsError
from briefing.large import CsvTable, digests, elsewhere, with_large
from briefing.large.threads import in_threads
from briefing.structures import Answered, Dataset, Engine, Means, Secret
from briefing.structures.reductions import Reduction
from briefing.tables import aggregate_all

pytest.importorskip("pyarrow")
DASK = Engine("dask", scheduler="tcp://127.0.0.1:9")
quick = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],
)
FATES = ["done", "done", "done", "killed", "unseen", "lost", "other versions"]


class Crowd:
    """Workers in this process: everything that goes to them and comes back is pickled.

    Args:
        fates: what becomes of each part; "done" after the last one.
        sees: whether they see any file.
    """

    room = 2

    def __init__(self, fates: Iterable[str] = (), *, sees: bool = True) -> None:
        self._fates = iter(fates)
        self._sees = sees
        self.done = 0
        self.most = 0
        self.sent: list[int] = []
        self.is_closed = False

    def in_order(
        self, work: Callable[[Any], Any], items: Iterable[Any], most: int
    ) -> Iterator[Answered[Any, Any]]:
        waiting: list[tuple[int, Any, bytes]] = []
        drawn = enumerate(items)
        while True:
            while len(waiting) < most and (piece := next(drawn, None)):
                body = pickle.dumps((work, piece[1]))
                self.sent.append(len(body))
                waiting.append((*piece, body))
                self.most = max(self.most, len(waiting))
            if not waiting:
                return
            yield self._answered(*waiting.pop(0))

    def _answered(self, number: int, item: Any, body: bytes) -> Answered[Any, Any]:
        fate = next(self._fates, "done")
        if fate == "lost":
            raise EngineError("The cluster is lost.")
        if fate == "killed":
            return Answered(number, item, error=ChildError("Two workers died."))
        work, sent = pickle.loads(body)
        if fate == "other versions":
            sent = replace(sent, versions={**sent.versions, "pandas": "0"})
        if fate == "unseen":
            return Answered(number, item, elsewhere.Unseen())
        try:
            found = pickle.loads(pickle.dumps(work(sent)))
        except BriefingError as error:
            return Answered(number, item, error=pickle.loads(pickle.dumps(error)))
        self.done += 1
        return Answered(number, item, found)

    def everywhere(self, question: Callable[[Any], bool], item: Any) -> bool:
        return self._sees and question(pickle.loads(pickle.dumps(item)))

    def close(self) -> None:
        self.is_closed = True


def on(crowd: Crowd, notices: list[str] | None = None) -> Spreading:
    return Spreading(DASK, (notices if notices is not None else []).append, lambda *_: crowd)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CsvTable, "size", 150)
    monkeypatch.setattr(digests, "_GRAIN", -1)
    monkeypatch.setattr(spreading, "_FEW", 1)


def opened(folder: Path, kind: str, way: Spreading | None) -> Dataset:
    """The table in a folder, its parts done in threads or by a crowd."""
    where = {"path": "loans.parquet"} if kind == "parquet" else {"path": "loans.csv", "large": True}
    kept = folder / "kept" if kind == "kept" else None
    means = Means(kept, mapped=lambda _: way.mapped if way else in_threads)
    plain = read(folder, **where)
    package = large_tables.sources.read(folder / "datapackage.json", folder)[0]
    return with_large(replace(plain, large={}), package, means, lambda _: Secret(""), DASK)


def outcome(dataset: Dataset) -> Any:
    try:
        return tables_of(dataset)
    except ProblemsError as error:
        return [str(problem) for problem in error.problems]


def assert_same(found: Any, expected: Any) -> None:
    if isinstance(expected, list):
        assert found == expected
        return
    (tables, refused), (others, expected_refused) = found, expected
    assert refused == expected_refused
    assert list(tables) == list(others)
    for name, table in others.items():
        pd.testing.assert_frame_equal(tables[name].frame, table.frame, check_exact=True)
        assert table.frame.to_csv() == tables[name].frame.to_csv()


def write(folder: Path, kind: str, rows: Rows) -> None:
    (folder / "loans.csv").write_text(written(rows))
    if kind == "parquet":
        write_parquet(folder / "loans.parquet", rows)


@pytest.mark.parametrize("kind", ["csv", "kept", "parquet"])
@settings(quick, max_examples=10)
@given(rows=rows_of, fates=st.lists(st.sampled_from(FATES), max_size=8), sees=st.booleans())
def test_what_becomes_of_the_workers_changes_no_number(
    kind: str, rows: Rows, fates: list[str], sees: bool, tmp_path: Path
):
    write(tmp_path, kind, rows)
    expected = outcome(opened(tmp_path, "csv" if kind == "kept" else kind, None))
    for _ in range(2):  # kept by the first, read by the second
        crowd = Crowd(fates, sees=sees)
        assert_same(outcome(opened(tmp_path, kind, on(crowd))), expected)


@settings(quick, max_examples=10)
@given(
    sound=rows_of,
    broken=st.lists(st.fixed_dictionaries({**cells, **BROKEN}), min_size=1, max_size=3),
    fates=st.lists(st.sampled_from(FATES), max_size=8),
    torn=st.sampled_from(["", "1,main\n", '1,main,,a,1,KRW,,,"open\n', "1,\xff\n"]),
)
def test_what_becomes_of_the_workers_changes_no_problem(
    sound: Rows, broken: Rows, fates: list[str], torn: str, tmp_path: Path
):
    body = written([*sound, *broken, *sound]) + torn
    (tmp_path / "loans.csv").write_bytes(
        body.encode("utf-8" if "\xff" not in torn else "latin-1", "replace")
    )
    expected = outcome(opened(tmp_path, "csv", None))
    assert_same(outcome(opened(tmp_path, "csv", on(Crowd(fates)))), expected)


def many(count: int = 60) -> Rows:
    row = dict.fromkeys(COLUMNS, "") | {"branch": "main", "kind": "a", "currency": "KRW"}
    row |= {"seen": "2026-01-01", "fee": "7", "hours": "0.1"}
    return [{**row, "id": str(number)} for number in range(1, count + 1)]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_workers_that_see_the_file_get_places_and_others_get_blocks(kind: str, tmp_path: Path):
    write(tmp_path, kind, many())
    notices: list[str] = []
    seeing, blind = Crowd(), Crowd(sees=False)
    expected = outcome(opened(tmp_path, kind, None))
    assert_same(outcome(opened(tmp_path, kind, on(seeing, notices))), expected)
    assert seeing.done == len(seeing.sent) >= 10
    assert seeing.most == 4
    assert notices == []
    assert_same(outcome(opened(tmp_path, kind, on(blind, notices))), expected)
    (notice,) = notices
    assert f"Not all workers of the cluster see loans.{kind} as it is here." in notice
    assert len(blind.sent) == (len(seeing.sent) if kind == "csv" else 0)


def test_reasons_are_told_once(tmp_path: Path):
    write(tmp_path, "csv", many())
    notices: list[str] = []
    crowd = Crowd(["killed", "unseen", "unseen", "killed", "done", "lost"])
    expected = outcome(opened(tmp_path, "csv", None))
    assert_same(outcome(opened(tmp_path, "csv", on(crowd, notices))), expected)
    killed, unseen, lost = notices
    assert killed == "Two workers died. It is done on this machine."
    assert "What they do not see is done on this machine." in unseen
    assert lost == "The cluster is lost. Large tables are reduced on this machine."
    assert crowd.is_closed


def test_a_cluster_that_cannot_be_opened_is_asked_for_once(tmp_path: Path):
    asked: list[Engine] = []

    def opens(engine: Engine, *_: Any) -> Crowd:
        asked.append(engine)
        raise EngineError("Nobody answers.")

    write(tmp_path, "csv", many())
    notices: list[str] = []
    way = Spreading(DASK, notices.append, opens)
    for _ in range(2):
        expected = outcome(opened(tmp_path, "csv", None))
        assert_same(outcome(opened(tmp_path, "csv", way)), expected)
    assert asked == [DASK]
    assert notices == ["Nobody answers. Large tables are reduced on this machine."]


class Rewriting(Crowd):
    """Workers who see another file than this machine: it is replaced while they are at it."""

    def __init__(self, path: Path, body: bytes, *, back: bool) -> None:
        super().__init__()
        self._path, self._other, self._back = path, body, back

    def _answered(self, number: int, item: Any, body: bytes) -> Answered[Any, Any]:
        before, status = self._path.read_bytes(), self._path.stat()
        self._path.write_bytes(self._other)
        answered = super()._answered(number, item, body)
        if self._back:  # it was only the worker that saw another one
            self._path.write_bytes(before)
            os.utime(self._path, ns=(status.st_atime_ns, status.st_mtime_ns))
        return answered


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_worker_that_sees_other_records_answers_nothing(kind: str, tmp_path: Path):
    write(tmp_path, kind, many())
    expected = outcome(opened(tmp_path, kind, None))
    path = tmp_path / f"loans.{kind}"
    other = tmp_path / "other"
    other.mkdir()
    write(other, kind, [{**row, "fee": "8"} for row in many()])
    body = (other / path.name).read_bytes()
    assert len(body) == path.stat().st_size
    crowd = Rewriting(path, body, back=True)
    notices: list[str] = []
    assert_same(outcome(opened(tmp_path, kind, on(crowd, notices))), expected)
    assert "as it is here" in notices[0]


def test_a_csv_that_changes_while_it_is_read_is_refused(tmp_path: Path):
    write(tmp_path, "csv", many())
    path = tmp_path / "loans.csv"
    other = path.read_bytes().replace(b",7,", b",8,")
    found = outcome(opened(tmp_path, "csv", on(Rewriting(path, other, back=False))))
    assert isinstance(found, list)
    assert "the file changed while it was read" in found[0]


def test_what_is_drawn_in_vain_comes_after_what_was_drawn_before():
    def parts() -> Iterator[int]:
        yield from (1, 2, 3)
        raise EngineError("The file ends.")

    for mapped in (in_threads, on(Crowd()).mapped):
        found: list[int] = []
        with pytest.raises(EngineError, match=r"The file ends\."):
            for answer in mapped(negative, parts()):
                found.append(answer)
        assert found == [-1, -2, -3]


def negative(number: int) -> int:
    return -number


def test_few_parts_are_done_here(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spreading, "_FEW", 3)
    crowd = Crowd()
    assert list(on(crowd).mapped(negative, [1, 2])) == [-1, -2]
    assert crowd.sent == []
    assert list(on(crowd).mapped(negative, [1, 2, 3])) == [-1, -2, -3]
    assert len(crowd.sent) == 3


@pytest.mark.parametrize(("workers", "begun"), [(2, False), (4, True)])
def test_a_cluster_of_this_machine_is_begun_for_large_files_only(
    workers: int, begun: bool, tmp_path: Path
):
    crowd = Crowd()
    for count in (10, 200):
        write(tmp_path, "csv", many(count))
        way = Spreading(Engine("dask", workers), lambda _: None, lambda *_: crowd)
        opened(tmp_path, "csv", way).large["loans"].reduced([Reduction(("kind",))])
        assert bool(crowd.sent) == (begun and count == 200)


def test_the_connection_does_not_travel(tmp_path: Path):
    write(tmp_path, "csv", many())
    with ExitStack() as held:
        means = Means(tmp_path, {"KEY": "word"}, spread(held, lambda _: None))
        assert pickle.loads(pickle.dumps(means)) == Means(tmp_path, {"KEY": "word"})
        dataset = opened(tmp_path, "csv", on(Crowd()))
        there = pickle.loads(pickle.dumps(dataset))
        assert there.large["loans"]._mapped is in_threads
        assert_same(outcome(there), outcome(dataset))


def test_an_engine_of_this_machine_has_threads():
    with ExitStack() as held:
        assert spread(held, pytest.fail)(Engine()) is in_threads


def test_workers_take_the_answers_along(tmp_path: Path, small_project: ProjectFolder):
    small_project.describe("loans", lambda table: table.update(large=True))
    project = load_project(small_project.root)
    report = project.reports["library-loans"]
    edition = editions.edition_of(project, report, date(2026, 11, 22))
    known = validation.in_language(
        validation.known_on(project.dataset, edition.as_of), edition.language
    )
    expected = aggregate_all(report.tables, known, edition)
    fresh = load_project(small_project.root)
    ask_once(fresh, [pipeline.Request(edition)])
    there = pickle.loads(pickle.dumps(fresh))
    (small_project.root / "data" / "loans.csv").unlink()
    known = validation.in_language(
        validation.known_on(there.dataset, edition.as_of), edition.language
    )
    assert_same(aggregate_all(report.tables, known, edition), expected)


def test_a_project_with_a_table_in_a_database_stays_here(tmp_path: Path):
    large_tables.fill(tmp_path / "loans.sqlite", many(3))
    dataset = read(tmp_path, url="${DATABASE}")
    project: Any = SimpleNamespace(dataset=dataset, inputs={})
    with pytest.raises(EngineError, match="The table loans is in a database"):
        check_sendable(project)

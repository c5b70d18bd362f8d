"""Large tables on a real Dask cluster: the numbers of this machine, whoever dies meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from distributed import Client
from tests.faults.newsroom import BRIEFING
from tests.faults.processes import family
from tests.services.test_dask_cluster import Dask, dask_keys

from benchmarks.projects import payments_project
from benchmarks.rows import write
from briefing import editions, validation
from briefing.batches.spreading import Spreading
from briefing.config import load_project
from briefing.large import CsvTable, digests
from briefing.structures import Engine, Means, Project, Table
from briefing.tables import aggregate_all

pytestmark = pytest.mark.services
ROWS = 200_000
DAY = date(2026, 1, 5)


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    """A scheduler and two workers."""
    folder = tmp_path / "dask"
    folder.mkdir()
    cluster = Dask(folder)
    try:
        cluster.start(2)
        yield cluster
    finally:
        cluster.end()


@pytest.fixture
def payments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of 200,000 payments, read in some twenty blocks."""
    monkeypatch.setattr(CsvTable, "size", 2**19)
    monkeypatch.setattr(digests, "_GRAIN", -1)
    root = tmp_path / "payments"
    payments_project(root)
    write(ROWS, 7, root / "data" / "payments.csv", None)
    package = root / "data" / "datapackage.json"
    said = json.loads(package.read_text(encoding="utf-8"))
    said["resources"][0]["large"] = True
    package.write_text(json.dumps(said), encoding="utf-8")
    return root


Mapped = Callable[..., Iterator[Any]]


class Ways:
    """How parts are done: on a cluster, which hears what was said, with something in between."""

    def __init__(self, address: str, after: Callable[[int], None] = lambda _: None) -> None:
        self.notices: list[str] = []
        self.answers = 0
        self._after = after
        engine = Engine("dask", scheduler=address, wait=5)
        self.spreading = Spreading(engine, self.notices.append)

    def __call__(self, _: Engine) -> Mapped:
        def mapped(function: Callable[[Any], Any], parts: Any) -> Iterator[Any]:
            for answer in self.spreading.mapped(function, parts):
                self.answers += 1
                self._after(self.answers)
                yield answer

        return mapped


def tables_of(root: Path, kept: Path | None, ways: Ways | None) -> dict[str, Table]:
    project = load_project(root)
    means = Means(kept, mapped=ways)
    project = _with(project, means)
    report = project.reports["payments"]
    edition = editions.edition_of(project, report, DAY)
    known = validation.in_language(validation.known_on(project.dataset, DAY), "en")
    found, problems = aggregate_all(report.tables, known, edition)
    assert problems == []
    assert len(found) == 3
    return found


def _with(project: Project, means: Means) -> Project:
    """The project, its large tables read by these means, whatever its own engine."""
    from briefing import sources
    from briefing.large import with_large
    from briefing.structures import Secret

    package = project.root / "data" / "datapackage.json"
    described = sources.read(package, project.root)[0]
    dataset = replace(project.dataset, large={})
    large = with_large(dataset, described, means, lambda _: Secret(""), Engine("dask"))
    return replace(project, dataset=large)


def assert_same(found: dict[str, Table], expected: dict[str, Table]) -> None:
    for name, table in expected.items():
        pd.testing.assert_frame_equal(found[name].frame, table.frame, check_exact=True)
        assert found[name].frame.to_csv() == table.frame.to_csv()


def workers_of(dask: Dask) -> list[int]:
    """The processes that work, each under a nanny."""
    nannies = [process.pid for process in dask.processes[1:]]
    found = [one.pid for nanny in nannies for one in family(nanny)]
    return [pid for pid in found if pid not in nannies]


def asked(dask: Dask) -> int:
    """How many parts the cluster has done."""
    with Client(dask.address, set_as_default=False) as client:
        counts: Any = client.run_on_scheduler(_counted)
    return int(counts)


def _counted(dask_scheduler: Any) -> int:
    prefix = dask_scheduler.task_prefixes.get("_done")
    return prefix.state_counts["memory"] if prefix else 0


def kill_one(dask: Dask, when: int) -> Callable[[int], None]:
    def after(answers: int) -> None:
        if answers == when:
            for pid in _busy(workers_of(dask))[:1]:
                os.kill(pid, signal.SIGKILL)  # its nanny starts another

    return after


def _busy(pids: list[int]) -> list[int]:
    """Those that have loaded most: not the trackers of their resources."""

    def size(pid: int) -> int:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])

    return sorted(pids, key=size, reverse=True)


def test_numbers_are_those_of_this_machine_though_a_worker_is_killed(
    payments: Path, dask: Dask, tmp_path: Path, tell: Callable[[str], None]
):
    expected = tables_of(payments, None, None)
    kept = tmp_path / "kept"
    for name in ("from the CSV", "from what is kept"):
        ways = Ways(dask.address, kill_one(dask, 4))
        before = asked(dask)
        with ways.spreading:
            assert_same(tables_of(payments, kept, ways), expected)
        assert ways.answers >= 20, name
        assert ways.notices == []
        assert asked(dask) - before >= ways.answers
        assert len(list(kept.glob("tables/*.parquet"))) + len(list(kept.glob("*.parquet"))) == 1
    tell(f"Dask: {ROWS} rows in {ways.answers} parts, twice, a worker killed: the same numbers")


def test_the_table_is_reduced_here_where_the_scheduler_dies_in_the_middle(
    payments: Path, dask: Dask, tmp_path: Path
):
    expected = tables_of(payments, None, None)

    def after(answers: int) -> None:
        if answers == 5:
            dask.scheduler.kill()
            dask.scheduler.wait()

    ways = Ways(dask.address, after)
    with ways.spreading:
        assert_same(tables_of(payments, tmp_path / "kept", ways), expected)
        assert_same(tables_of(payments, tmp_path / "kept", ways), expected)
    (notice,) = ways.notices
    assert "is lost: " in notice
    assert "Large tables are reduced on this machine." in notice


def test_blocks_are_sent_to_workers_that_do_not_see_the_file(
    payments: Path, dask: Dask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    expected = tables_of(payments, None, None)
    hidden = tmp_path / "hidden"
    shutil.copytree(payments, hidden)
    # the workers go by the path: this process alone has the file open by a link of its own
    own = Path(f"/proc/self/fd/{os.open(hidden, os.O_RDONLY)}")
    (hidden / "data" / "payments.csv").rename(tmp_path / "payments.csv")
    path = Path(f"/proc/self/fd/{os.open(tmp_path / 'payments.csv', os.O_RDONLY)}")
    assert own.exists()
    ways = Ways(dask.address)
    project = _with(load_project(payments), Means(mapped=ways))
    table: Any = project.dataset.large["payments"]
    monkeypatch.setattr(table, "_files", (path,))
    with ways.spreading:
        before = asked(dask)
        report = project.reports["payments"]
        edition = editions.edition_of(project, report, DAY)
        known = validation.in_language(validation.known_on(project.dataset, DAY), "en")
        assert_same(aggregate_all(report.tables, known, edition)[0], expected)
    (notice,) = ways.notices
    assert "Its blocks are sent to them." in notice
    assert asked(dask) - before >= ways.answers >= 20

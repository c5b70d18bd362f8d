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
from benchmarks.projects import payments_project
from benchmarks.rows import write
from distributed import Client
from tests.faults.newsroom import BRIEFING
from tests.faults.processes import family
from tests.services.test_dask_cluster import Dask, dask_keys, two_workers

from briefing import batches, editions, pipeline, sources, validation
from briefing.batches.spreading import Spreading
from briefing.config import load_project
from briefing.executors import bundle
from briefing.large import CsvTable, digests, with_large
from briefing.structures import Engine, Means, Secret, Table
from briefing.tables import aggregate_all

pytestmark = pytest.mark.services
ROWS = 200_000
DAY = date(2026, 1, 5)


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    """A scheduler and two workers."""
    with two_workers(tmp_path / "dask") as cluster:
        yield cluster


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


def tables_of(
    root: Path, kept: Path | None, ways: Ways | None, path: Path | None = None
) -> dict[str, Table]:
    """The report's three tables.

    Args:
        ways: how parts are done; None for threads.
        path: where the CSV is seen from here.
    """
    project = load_project(root)
    described, *_ = sources.read(root / "data" / "datapackage.json", root)
    if path is not None:
        large = tuple(replace(source, files=(path,)) for source in described.large)
        described = replace(described, large=large)
    means = Means(kept, mapped=ways)
    small = replace(project.dataset, large={})
    dataset = with_large(small, described, means, lambda _: Secret(""), Engine("dask"))
    report = project.reports["payments"]
    edition = editions.edition_of(project, report, DAY)
    known = validation.in_language(validation.known_on(dataset, DAY), "en")
    found, problems = aggregate_all(report.tables, known, edition)
    assert problems == []
    assert len(found) == 3
    return found


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
    log = [(str(key), end) for key, _, end, *_ in dask_scheduler.transition_log]
    return sum(key.startswith("_done") and end == "memory" for key, end in log)


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


def test_blocks_are_sent_to_workers_that_do_not_see_the_file(payments: Path, dask: Dask):
    expected = tables_of(payments, None, None)
    handle = os.open(payments / "data" / "payments.csv", os.O_RDONLY)
    try:
        ways = Ways(dask.address)
        with ways.spreading:  # a path that means the file to this process alone
            found = tables_of(payments, None, ways, Path(f"/proc/self/fd/{handle}"))
        assert_same(found, expected)
    finally:
        os.close(handle)
    (notice,) = ways.notices
    assert "Its blocks are sent to them." in notice
    assert asked(dask) >= ways.answers >= 20


def test_a_build_has_its_large_table_reduced_by_the_cluster(
    payments: Path, dask: Dask, tell: Callable[[str], None]
):
    write(1_300_000, 7, payments / "data" / "payments.csv", None)  # some 80 MB, in four blocks
    files = {}
    for name, keys in (("near", ""), ("far", dask_keys(dask.address))):
        config = payments / "config.yaml"
        config.write_text(config.read_text(encoding="utf-8") + keys, encoding="utf-8")
        words = ["build", "--period", "2025", "--format", "html", "--output", name]
        ran = subprocess.run(
            [*BRIEFING, *words], cwd=payments, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        assert "Notice" not in ran.stderr
        files[name] = {
            str(path.relative_to(payments / name)): path.read_bytes()
            for path in sorted((payments / name).rglob("*"))
            if path.is_file()
        }
        shutil.rmtree(payments / ".briefing")
    assert asked(dask) >= 4
    assert files["far"] == files["near"]
    tell("Dask: a build of 1.3 million rows: 4 blocks on 2 workers, the same bytes as here")


def test_a_project_too_large_to_send_is_built_here_and_its_table_reduced_by_the_cluster(
    payments: Path, dask: Dask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bundle, "LARGEST", 1000)
    files, notices = {}, []
    for name, engine in (("near", Engine()), ("far", Engine("dask", scheduler=dask.address))):
        ways = Ways(dask.address)
        kept = Means(tmp_path / f"kept {name}", mapped=ways if name == "far" else None)
        (payments / "config.yaml").touch()
        project = replace(load_project(payments), engine=engine)
        described, *_ = sources.read(payments / "data" / "datapackage.json", payments)
        small = replace(project.dataset, large={})
        dataset = with_large(small, described, kept, lambda _: Secret(""), engine)
        project = replace(project, dataset=dataset)
        report = project.reports["payments"]
        requests = [
            pipeline.Request(
                editions.edition_of(project, report, DAY, period=year), ("html",), tmp_path / name
            )
            for year in ("2024", "2025")
        ]
        batch = batches.Batch(project, None, requests, notice=notices.append)
        with ways.spreading:
            issues, failed = batches.build_batch(batch, 2, lambda *_: None)
        assert failed == []
        assert len(issues) == 2
        folder = tmp_path / name
        files[name] = {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
    (notice,) = notices
    assert "too much to send to each worker" in notice
    assert "All is built on this machine." in notice
    assert files["far"] == files["near"]
    assert asked(dask) >= 20

"""A real Dask cluster on loopback: the bytes of this machine, and what dies costs time only."""

from __future__ import annotations

import json
import operator
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.faults.newsroom import BRIEFING, Desk, Newsroom
from tests.faults.processes import family, wait_for

from briefing.batches.far import all_versions
from briefing.errors import ChildError, EngineError
from briefing.executors.cluster import Cluster
from briefing.structures import Engine

pytestmark = pytest.mark.services
DAY = "2026-10-01"
OPENSSL = "openssl req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
CONDUCT = '''\
"""Says that a build is at work, and waits until a file appears."""
import os, time
from pathlib import Path

import pandas

PLACE = Path({place!r})


def table(frames):
    (PLACE / f"at-work-{{os.getpid()}}").touch()
    if (PLACE / "deadly").exists():
        os.kill(os.getpid(), 9)
    while (PLACE / "wait").exists():
        time.sleep(0.05)
    return pandas.DataFrame({{"nothing": ["x"]}})
'''


@dataclass
class Dask:
    """A scheduler and its workers, each a process that a test can kill."""

    folder: Path
    tls: list[str] = field(default_factory=list)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    address: str = ""

    def start(self, workers: int) -> None:
        told = self.folder / "scheduler.json"
        self._run("scheduler", "--port", "0", "--scheduler-file", str(told), "--no-show")
        wait_for("a scheduler", lambda: told.exists() and told.read_text().endswith("}"))
        self.address = json.loads(told.read_text())["address"]
        for _ in range(workers):
            words = ["--nthreads", "1", "--memory-limit", "0", "--local-directory"]
            self._run("worker", self.address, *words, str(self.folder / "scratch"))

    def _run(self, what: str, *words: str) -> None:
        allowed = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
        common = ["--host", "127.0.0.1", "--no-dashboard", *self.tls]
        with (self.folder / "said").open("ab") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_" + what, *words, *common],
                env={**os.environ, **allowed},  # noqa: TID251
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        self.processes.append(process)

    @property
    def scheduler(self) -> subprocess.Popen[bytes]:
        return self.processes[0]

    def end(self) -> None:
        for process in self.processes:
            for one in family(process.pid) if process.poll() is None else []:
                one.send(signal.SIGKILL)
            process.wait()


@contextmanager
def two_workers(folder: Path) -> Iterator[Dask]:
    """A scheduler and two workers, with their files in a new folder."""
    folder.mkdir()
    cluster = Dask(folder)
    try:
        cluster.start(2)
        yield cluster
    finally:
        cluster.end()


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    """A scheduler and two workers."""
    with two_workers(tmp_path / "dask") as cluster:
        yield cluster


@dataclass
class Office:
    """A project of four editions, built on a cluster or here."""

    room: Newsroom
    place: Path

    def build(self, *more: str, engine: str = "") -> Desk:
        self.room.more = engine
        self.room.write()
        words = ["build", "--period", DAY, "--format", "html", "--workers", "2"]
        return self.room.start([*BRIEFING, *words, *more])

    def at_work(self) -> list[int]:
        return sorted(int(path.name[8:]) for path in self.place.glob("at-work-*"))

    def files(self, folder: str) -> dict[str, bytes]:
        base = self.room.root / folder
        return {
            str(path.relative_to(base)): path.read_bytes()
            for path in sorted(base.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    room = Newsroom(tmp_path / "project")
    room.branches(4)
    room.report("daily", editions=True)
    place = tmp_path / "conduct"
    place.mkdir()
    conduct = room.root / "report_templates" / "daily" / "conduct.py"
    conduct.write_text(CONDUCT.format(place=str(place)))
    yield Office(room, place)
    room.end()


def dask_keys(address: str, wait: int = 60) -> str:
    return f"engine: dask\ndask: {{scheduler: '{address}', wait: {wait}}}\n"


def said(desk: Desk) -> str:
    return desk.log.read_text(encoding="utf-8")


def test_the_bytes_are_those_of_this_machine_though_a_worker_is_killed(
    office: Office, dask: Dask, tell: Callable[[str], None]
):
    (office.place / "wait").touch()
    desk = office.build("--output", "far", engine=dask_keys(dask.address))
    wait_for("two at work", lambda: len(office.at_work()) == 2)
    os.kill(office.at_work()[0], signal.SIGKILL)  # its nanny starts another
    (office.place / "wait").unlink()
    assert desk.wait() == 0, said(desk)
    assert "Notice" not in said(desk)
    assert len(office.at_work()) in {2, 3}
    near = office.build("--output", "near")
    assert near.wait() == 0, said(near)
    assert office.files("far") == office.files("near")
    assert len(office.files("far")) >= 4 * 2
    assert "4 of 4: daily/2026-10-01/" in said(desk)
    tell("Dask: 4 issues on 2 workers, one killed: 4 built, the same bytes as here")


def test_only_the_coordinator_publishes_and_what_comes_next_is_compared_with_it(
    office: Office, dask: Dask
):
    assert office.build(engine=dask_keys(dask.address)).wait() == 0
    assert set(office.room.states().values()) == {"published"}
    assert not office.room.leftovers()
    again = office.build(engine=dask_keys(dask.address))
    assert again.wait() == 0
    assert said(again).count("Unchanged") == 4


def test_a_scheduler_that_is_killed_costs_time_and_no_issue(
    office: Office, dask: Dask, tell: Callable[[str], None]
):
    (office.place / "wait").touch()
    desk = office.build(engine=dask_keys(dask.address, wait=5))
    wait_for("two at work", lambda: len(office.at_work()) == 2)
    dask.scheduler.kill()
    dask.scheduler.wait()
    (office.place / "wait").unlink()
    assert desk.wait() == 0, said(desk)
    assert "is lost: " in said(desk)
    assert "The rest is built on this machine." in said(desk)
    assert set(office.room.states().values()) == {"published"}
    assert len(office.room.states()) == 4
    assert not office.room.leftovers()
    tell("Dask: scheduler killed in the middle: 4 of 4 issues published, built on this machine")


def test_where_nobody_answers_all_is_built_here(office: Office):
    desk = office.build(engine=dask_keys("tcp://127.0.0.1:9", wait=1))
    assert desk.wait() == 0, said(desk)
    assert "The Dask cluster tcp://127.0.0.1:9 cannot be used" in said(desk)
    assert "All is built on this machine." in said(desk)
    assert set(office.room.states().values()) == {"published"}


def test_an_issue_that_ends_its_workers_fails_after_two_tries(office: Office, dask: Dask):
    (office.place / "deadly").touch()
    desk = office.build("--edition", "b0001,", engine=dask_keys(dask.address))
    assert desk.wait() == 2  # there is no such edition
    desk = office.build(engine=dask_keys(dask.address))
    assert desk.wait() == 4, said(desk)
    assert said(desk).count("It was tried twice") == 4
    assert set(office.room.states().values()) == {"failed"}


AT_ONCE = {"every": "day", "at": '"00:00"', "formats": "[html]"}


def test_a_scheduler_has_its_issues_built_by_the_cluster(office: Office, dask: Dask):
    office.room.schedule("daily", **AT_ONCE)
    office.room.more = dask_keys(dask.address)
    office.room.write()
    desk = office.room.serve(once=True)
    assert desk.wait() == 0, said(desk)
    assert set(office.room.states().values()) == {"published"}
    assert len(office.room.states()) == 4
    workers = {one.pid for process in dask.processes for one in family(process.pid)}
    assert office.at_work()
    assert set(office.at_work()) <= workers
    assert not office.room.leftovers()


def test_a_scheduler_whose_cluster_is_gone_builds_and_says_so(office: Office):
    office.room.schedule("daily", **AT_ONCE)
    office.room.more = dask_keys("tcp://127.0.0.1:9", wait=1)
    office.room.write()
    desk = office.room.serve(once=True)
    assert desk.wait() == 0, said(desk)
    rows = office.room.rows()
    assert [row.state for row in rows.values()] == ["published"] * 4
    for row in rows.values():
        (notice,) = [detail for kind, detail in row.events if kind == "notice"]
        assert "cannot be used" in notice
        assert "It was built on this machine." in notice


def test_partitions_are_mapped_in_their_order(dask: Dask):
    engine = Engine("dask", scheduler=dask.address)
    with Cluster(engine, 2, all_versions) as cluster:
        assert cluster.map(operator.neg, range(50)) == [-number for number in range(50)]
        with pytest.raises(ChildError, match="TypeError"):
            cluster.map(operator.neg, [1, "two", 3])


def test_a_worker_that_runs_something_else_is_refused(dask: Dask):
    engine = Engine("dask", scheduler=dask.address)
    with pytest.raises(EngineError, match=r"The worker tcp://.* runs python \d+ \(here \d+\)"):
        Cluster(engine, 2, lambda: {"python": str(os.getpid()), "briefing": "1"})


def test_tls_keeps_strangers_out(tmp_path: Path):
    (tmp_path / "openssl.cnf").write_text("[req]\ndistinguished_name = dn\n[dn]\n")
    for name, extension, more in (
        ("authority", "basicConstraints=critical,CA:TRUE", []),
        (
            "node",
            "subjectAltName=DNS:localhost",
            ["-CA", "authority.pem", "-CAkey", "authority.key"],
        ),
        ("stranger", "basicConstraints=critical,CA:TRUE", []),
    ):
        files = ["-keyout", f"{name}.key", "-out", f"{name}.pem", "-config", "openssl.cnf"]
        command = [*OPENSSL.split(), *files, "-subj", f"/CN={name}", "-addext", extension]
        subprocess.run([*command, *more], cwd=tmp_path, check=True, capture_output=True)

    def signed(name: str) -> tuple[Path, Path, Path]:
        return tmp_path / "authority.pem", tmp_path / f"{name}.pem", tmp_path / f"{name}.key"

    words = zip(("--tls-ca-file", "--tls-cert", "--tls-key"), signed("node"), strict=True)
    dask = Dask(tmp_path, [str(word) for pair in words for word in pair])
    try:
        dask.start(1)
        assert dask.address.startswith("tls://")
        ca, cert, key = signed("node")
        engine = Engine("dask", 0, None, dask.address, ca, cert, key)
        with Cluster(engine, 1, all_versions) as cluster:
            assert cluster.map(operator.neg, [1, 2]) == [-1, -2]
        ca, cert, key = signed("stranger")
        engine = Engine("dask", 0, None, dask.address, ca, cert, key, wait=5)
        with pytest.raises(EngineError, match="cannot be used"):
            Cluster(engine, 1, all_versions)
    finally:
        dask.end()

"""For checks from outside: every report built once by the real command, browser, database."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or "chromium"
EDITIONS = 2
"""How many editions of a report are built: what differs between them is data."""


@dataclass(frozen=True)
class BuiltIssue:
    """An issue that the real command has built.

    Attributes:
        first: whether it is the report's first edition, or its only one.
    """

    report: str
    edition: str
    language: str
    first: bool
    folder: Path

    @property
    def name(self) -> str:
        return " ".join(filter(None, [self.report, self.edition, self.language]))

    @property
    def html(self) -> Path:
        return self.folder / "index.html"

    @property
    def pdf(self) -> Path:
        return self.folder / "briefing.pdf"


def briefing(*words: str) -> str:
    command = [sys.executable, "-m", "briefing", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(report: str, edition: str, output: Path, *, first: bool = True) -> list[BuiltIssue]:
    """Build a report's edition in every language."""
    words = ["build", report, "--language", "all", "--output", str(output), "--json"]
    built = json.loads(briefing(*words, *(["--edition", edition] if edition else [])))
    return [
        BuiltIssue(
            report, edition, issue["edition"].rpartition("-")[2], first, Path(issue["folder"])
        )
        for issue in built["issues"]
    ]


@pytest.fixture(scope="session")
def built_issues(tmp_path_factory: pytest.TempPathFactory) -> list[BuiltIssue]:
    """Every report in every language, its first editions, as PDF and as page."""
    output = tmp_path_factory.mktemp("issues")
    return [
        issue
        for report in json.loads(briefing("list", "--json"))["reports"]
        for number, edition in enumerate(report["editions"][:EDITIONS] or [""])
        for issue in build(report["report"], edition, output, first=number == 0)
    ]


@pytest.fixture(scope="session")
def pages(built_issues: list[BuiltIssue]) -> list[BuiltIssue]:
    """The first edition of every report in every language."""
    return [issue for issue in built_issues if issue.first]


_TOLD = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Says something at the end of the run, whether or not the test passes."""
    return request.config.stash.setdefault(_TOLD, []).append


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    for line in config.stash.get(_TOLD, []):
        terminalreporter.write_line(line)


Look = Callable[[Sequence[dict[str, Any]]], list[Any]]


@pytest.fixture(scope="session")
def look() -> Look:
    """Looks at pages in a real browser; `browser.cjs` says what a job can ask for."""

    def ask(jobs: Sequence[dict[str, Any]]) -> list[Any]:
        done = subprocess.run(
            ["node", str(HERE / "browser.cjs"), BROWSER],
            input=json.dumps(jobs),
            capture_output=True,
            encoding="utf-8",
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answers = json.loads(done.stdout)
        assert [answer["troubles"] for answer in answers] == [[]] * len(jobs)
        return [answer["seen"] for answer in answers]

    return ask


# -- a database server ------------------------------------------------------------------------


@dataclass
class Cluster:
    """A PostgreSQL server of our own: on loopback, in a temporary folder, on a free port."""

    folder: Path
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    port: int = 0

    @property
    def programs(self) -> Path:
        found = sorted(
            Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3])
        )
        place = found[-1] if found else shutil.which("initdb")
        assert place, "there is no PostgreSQL: run tests/services/install"
        return Path(place).parent

    def run(self, program: str, *words: str) -> None:
        """Run one of its programs; initdb and the server refuse to be root."""
        someone = {"user": "postgres", "group": "postgres", "extra_groups": []}
        with (self.folder / "said").open("a") as said:
            done = subprocess.run(
                [str(self.programs / program), "-D", str(self.folder / "data"), *words],
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                check=False,
                **(someone if os.geteuid() == 0 else {}),
            )
        assert done.returncode == 0, (self.folder / "said").read_text()

    def make(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        if os.geteuid() == 0:
            for path in (self.folder, secret):
                shutil.chown(path, "postgres")
        words = ["--auth=scram-sha-256", f"--pwfile={secret}", "--username=briefing"]
        self.run("initdb", *words, "--encoding=UTF8", "--no-sync")

    def start(self) -> None:
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": 100,
            "fsync": "off",  # a server that is killed loses nothing by that, only a machine does
        }
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self.run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        self.run("pg_ctl", "-w", "-m", mode, "stop")

    def kill(self) -> None:
        """What the kernel does when memory is out; its children end by themselves."""
        text = (self.folder / "data" / "postmaster.pid").read_text()
        os.kill(int(text.split()[0]), signal.SIGKILL)

    def url(self, name: str) -> str:
        """The URL of a database, as config.yaml has it."""
        return f"postgresql+psycopg://briefing:{self.password}@127.0.0.1:{self.port}/{name}"

    def connect(self, name: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="briefing",
            password=self.password,
            dbname=name,
            autocommit=True,
        )

    def create(self) -> str:
        """A new database, by its URL."""
        name = f"ledger_{secrets.token_hex(6)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A real server, as long as the tests run."""
    with tempfile.TemporaryDirectory(prefix="briefing-postgres-") as folder:
        cluster = Cluster(Path(folder))
        cluster.make()
        cluster.start()
        try:
            yield cluster
        finally:
            with suppress(AssertionError):
                cluster.stop("immediate")

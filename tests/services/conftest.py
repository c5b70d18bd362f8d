"""Every report in every language, built once by the real command, for checks from outside."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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

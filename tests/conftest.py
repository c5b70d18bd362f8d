"""Projects to build and to break, the command line as a child process, goldens."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from briefing import sources, validation
from briefing.errors import Problem
from briefing.periods import Period
from briefing.structures import (
    Column,
    Dataset,
    Edition,
    FigureDeclaration,
    MeasureUse,
    Table,
    TableDeclaration,
    Text,
)
from briefing.testing import Golden

REPOSITORY = Path(__file__).parents[1]
PERIOD = "2026-10"
"""The last period that the projects of these tests know of."""
MORNING = "2026-11-10T09:00:00+00:00"
"""Soon after it ended; else what is due, and what is known, would be another with each month."""
settings.register_profile("briefing", deadline=None, max_examples=100, derandomize=True)
settings.load_profile("briefing")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell has its background jobs ignore Ctrl-C, and all that they start, which tests press.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the goldens instead of comparing"
    )


@pytest.fixture(scope="session")
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares a text with a file under tests/golden/."""
    return Golden(REPOSITORY / "tests" / "golden", request.config.getoption("--update-golden"))


# -- the command line -------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """What a child process said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def said(self) -> str:
        return self.out + self.err


def run_briefing(
    *args: object, cwd: Path, env: Mapping[str, str] | None = None, program: tuple[str, ...] = ()
) -> Ran:
    """Run the real command line in a child process."""
    command = [*program, sys.executable, "-m", "briefing", *map(str, args)]
    plain = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb", "PYTHONIOENCODING": "utf-8"}
    ended = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **plain, **(env or {})},  # noqa: TID251
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)


WARM = """
import json, os, sys
import time_machine
import pandas, jinja2, matplotlib.ticker, pydantic, yaml
import briefing.cli.commands, briefing.config, briefing.pipeline
morning = sys.argv[1]
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if child == 0:
        time_machine.travel(morning).start()
        os.chdir(asked["cwd"])
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(asked[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.argv = ["briefing", *asked["args"]]
        sys.stdin = open(os.devnull)
        try:
            briefing.cli.main()
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            import traceback
            traceback.print_exc()
            code = 70
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


@pytest.fixture(scope="session")
def quick_briefing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Ran]]:
    """The same command line on the morning of ``MORNING``, whatever day it is.

    Each run is a child of one process that has its imports done: for the many runs that only look
    at what is said. A fresh interpreter takes a second each.
    """
    folder = tmp_path_factory.mktemp("warm")
    plain = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb", "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(
        [sys.executable, "-c", WARM, MORNING],
        env={**os.environ, **plain},  # noqa: TID251
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:

        def run(*args: object, cwd: Path) -> Ran:
            out, err = folder / "out", folder / "err"
            asked = {"args": [str(arg) for arg in args], "cwd": str(cwd)}
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.write(json.dumps({**asked, "out": str(out), "err": str(err)}) + "\n")
            server.stdin.flush()
            code = int(server.stdout.readline())
            return Ran(code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))

        yield run
        assert server.stdin is not None
        server.stdin.close()


@pytest.fixture(scope="session")
def briefing() -> Callable[..., Ran]:
    """``briefing(*args, cwd=...)`` runs the real command line in a child process."""
    return run_briefing


# -- projects ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class ProjectFolder:
    """A project on disk that a test may change."""

    root: Path
    report: str

    @property
    def report_file(self) -> str:
        return f"report_templates/{self.report}/report.yaml"

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())

    def replace(self, path: str, old: str, new: str, at: str = "") -> int:
        """Replace the first ``old``; the line on which ``at`` (or all of ``new``) now starts."""
        text = self.read(path)
        assert old in text, f"{path} holds no {old!r}"
        place = text.index(old)
        text = text[:place] + new + text[place + len(old) :]
        self.write(path, text)
        return text.count("\n", 0, place + new.index(at)) + 1

    def append(self, path: str, text: str) -> int:
        """Add lines at the end; the line of the first of them."""
        before = self.read(path)
        self.write(path, before + text + "\n")
        return before.count("\n") + 1

    def describe(self, table: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change a table's description in the Data Package."""
        body = json.loads(self.read("data/datapackage.json"))
        change(next(item for item in body["resources"] if item["name"] == table))
        self.write("data/datapackage.json", json.dumps(body, ensure_ascii=False, indent=2))

    def files(self, folder: str = "output") -> dict[str, bytes]:
        base = self.root / folder
        return {
            str(path.relative_to(base)): path.read_bytes()
            for path in sorted(base.rglob("*"))
            if path.is_file()
        }


def copy_project(root: Path) -> ProjectFolder:
    """A copy of what ships: configuration, data, reports."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copy(REPOSITORY / "config.yaml", root)
    for folder in ("data", "report_templates"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    return ProjectFolder(root, "regional-innovation")


@pytest.fixture
def project_copy(tmp_path: Path) -> ProjectFolder:
    """A copy of the shipped project."""
    return copy_project(tmp_path / "project")


SMALL_CONFIG = """\
publisher: City Library
timezone: Europe/Vienna
languages: [en, ko]
dataset: data/datapackage.json
default_report: library-loans
schedules:
  - report: library-loans
    cron: "30 6 2 * mon-fri"
"""
SMALL_REPORT = """\
title: {en: Library loans, ko: 도서관 대출}
subtitle: {en: What each branch lends, ko: 분관별 대출}
grain: month

tables:
  by_branch:
    dataset: loans
    where: medium == 'book' and day >= period.start and day <= period.end
    by: [branch, branch.name]
    measures: [lent, fees]
    sort: [-lent]
  by_month:
    dataset: loans
    where: medium == 'book'
    by: []
    measures: [lent]
    grain: {column: day, to: month}
    compare: previous period

key_figures:
  - table: by_branch
    only: {branch: main}
    value: "{{ row.lent }}"
    label: {en: "books lent, {{ row.branch_name }}", ko: "대출 권수, {{ row.branch_name }}"}

findings:
  leader:
    rank: 1
    figure: bars
    text:
      en: "{{ tables.by_branch.first.branch_name }} lent {{ tables.by_branch.first.lent }}."
      ko: "{{ tables.by_branch.first.branch_name }} 대출 {{ tables.by_branch.first.lent }}."
    why: {en: Opening hours follow demand., ko: 개관 시간은 수요를 따른다.}

figures:
  bars:
    kind: bar
    table: by_branch
    label: branch_name
    value: lent
    title:
      en: "{{ tables.by_branch.first.branch_name }} leads"
      ko: "{{ tables.by_branch.first.branch_name }} 선두"
    columns:
      lent: {en: books lent, ko: 대출 권수}
    notes:
      - {en: Renewals are not counted., ko: 연장은 세지 않는다.}
  listing:
    kind: table
    table: by_branch
    title: {en: All branches, ko: 모든 분관}
    columns:
      branch_name: {en: Branch, ko: 분관}
      lent: {en: Books, ko: 권수}
      fees: {en: Fees, ko: 연체료}

sections:
  - title: {en: Loans, ko: 대출}
    text:
      - {en: Only books of the month are counted., ko: 그 달의 책만 센다.}
    figures: [bars, listing]
methods:
  - {en: Counted at the desk., ko: 창구에서 센 값이다.}
"""
SMALL_BRANCHES = """\
branch,name_en,name_ko,opened,reported_on
main,Main Library,중앙도서관,1908-05-01,2020-01-01
harbour,Harbour Branch,항구분관,1974-09-14,2020-01-01
hill,Hill Branch,언덕분관,2003-03-03,2020-01-01
"""
SMALL_LOANS = """\
loan_id,branch,day,medium,lent,unit,fees,reported_on
l-1,main,2026-09-15,book,1200,items,35000,2026-09-30
l-2,main,2026-10-15,book,1500,items,41500,2026-10-31
l-3,harbour,2026-10-15,book,310,items,9000,2026-10-31
l-4,hill,2026-10-15,book,95,items,,2026-10-31
l-5,main,2026-10-15,film,220,discs,60000,2026-10-31
"""


def small_description() -> dict[str, Any]:
    """The Data Package of the small project."""
    required = {"required": True}
    key = {"required": True, "unique": True}
    return {
        "profile": "tabular-data-package",
        "name": "library",
        "title": "Loans of a city library",
        "resources": [
            {
                "name": "branches",
                "path": "branches.csv",
                "title": "Branches",
                "known": "reported_on",
                "schema": {
                    "fields": [
                        {"name": "branch", "type": "string", "constraints": key},
                        {"name": "name_en", "type": "string", "constraints": required},
                        {"name": "name_ko", "type": "string"},
                        {"name": "opened", "type": "date"},
                        {"name": "reported_on", "type": "date", "constraints": required},
                    ],
                    "primaryKey": ["branch"],
                },
            },
            {
                "name": "loans",
                "path": "loans.csv",
                "title": "Loans by branch and month",
                "known": "reported_on",
                "constantWithin": [{"field": "unit", "within": ["medium"]}],
                "measures": {
                    "lent": {"column": "lent", "never_across": ["medium"]},
                    "fees": {"column": "fees"},
                },
                "schema": {
                    "fields": [
                        {
                            "name": "loan_id",
                            "type": "string",
                            "constraints": {**key, "pattern": "l-[0-9]+"},
                        },
                        {"name": "branch", "type": "string", "constraints": required},
                        {"name": "day", "type": "date", "constraints": required},
                        {
                            "name": "medium",
                            "type": "string",
                            "constraints": {"required": True, "enum": ["book", "film", "map"]},
                        },
                        {
                            "name": "lent",
                            "type": "integer",
                            "unitColumn": "unit",
                            "constraints": {"minimum": 0, "maximum": 100000},
                        },
                        {"name": "unit", "type": "string", "constraints": required},
                        {"name": "fees", "type": "integer", "money": True, "unit": "KRW"},
                        {"name": "reported_on", "type": "date", "constraints": required},
                    ],
                    "primaryKey": ["loan_id"],
                    "foreignKeys": [
                        {
                            "fields": ["branch"],
                            "reference": {"resource": "branches", "fields": ["branch"]},
                        }
                    ],
                },
            },
        ],
    }


def write_small_project(root: Path) -> ProjectFolder:
    """A library's loans by branch: two tables, a report of one page."""
    project = ProjectFolder(root, "library-loans")
    project.write("config.yaml", SMALL_CONFIG)
    project.write(project.report_file, SMALL_REPORT)
    project.write("data/branches.csv", SMALL_BRANCHES)
    project.write("data/loans.csv", SMALL_LOANS)
    text = json.dumps(small_description(), ensure_ascii=False, indent=2)
    project.write("data/datapackage.json", text + "\n")
    return project


@pytest.fixture
def small_project(tmp_path: Path) -> ProjectFolder:
    """A tiny project: a library's loans by branch."""
    return write_small_project(tmp_path / "library")


# -- issues that several tests read -----------------------------------------------------------


@dataclass(frozen=True)
class BuiltIssue:
    """An issue that the command line built, and what it said in JSON."""

    project: ProjectFolder
    folder: Path
    answer: dict[str, Any]

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def bytes(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    @property
    def manifest(self) -> dict[str, Any]:
        return json.loads(self.text("manifest.json"))

    @property
    def hashes(self) -> dict[str, str]:
        return dict(self.answer["files"])


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One process at a time; the others wait."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _built_once(
    factory: pytest.TempPathFactory, name: str, make: Callable[[Path], ProjectFolder], *args: str
) -> BuiltIssue:
    """Build in a folder that all workers of the test run share; only the first one builds."""
    shared = factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):  # noqa: TID251
        shared = shared.parent
    place, answer = shared / name, shared / f"{name}.json"
    with _alone(shared / f"{name}.lock"):
        if not answer.is_file():
            shutil.rmtree(place, ignore_errors=True)  # what a build that failed left there
            project = make(place)
            ran = run_briefing("build", "--period", PERIOD, "--json", *args, cwd=project.root)
            assert ran.code == 0, ran.err
            answer.write_text(ran.out)
            (shared / f"{name}.report").write_text(project.report)
    project = ProjectFolder(place, (shared / f"{name}.report").read_text())
    (issue,) = json.loads(answer.read_text())["issues"]
    return BuiltIssue(project, place / issue["folder"], issue)


@pytest.fixture(scope="session")
def built_issue(tmp_path_factory: pytest.TempPathFactory) -> BuiltIssue:
    """The shipped report, built once; tests only read it."""
    return _built_once(tmp_path_factory, "shipped", copy_project)


@pytest.fixture(scope="session")
def small_issue(tmp_path_factory: pytest.TempPathFactory) -> BuiltIssue:
    """The small report in Korean, built once; tests only read it."""
    return _built_once(tmp_path_factory, "small", write_small_project, "--language", "ko")


# -- data and declarations, without files where they are not the point -------------------------


Tables = dict[str, tuple[str, dict[str, Any]]]


@pytest.fixture
def dataset_of(tmp_path: Path) -> Callable[[Tables], tuple[Dataset, list[Problem]]]:
    """Reads and validates tables given as CSV text and description; more keys are the package's."""

    def make(tables: Tables, **package_keys: Any) -> tuple[Dataset, list[Problem]]:
        folder = tmp_path / "dataset"
        folder.mkdir(exist_ok=True)
        resources = []
        for name, (text, description) in tables.items():
            (folder / f"{name}.csv").write_bytes(text.encode())
            resources.append({"name": name, "path": f"{name}.csv", **description})
        package = folder / "datapackage.json"
        body = {"title": "Test data", "resources": resources, **package_keys}
        package.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
        described, raw, files, problems = sources.read(package, folder)
        dataset, found = validation.validate(described, raw, files)
        return dataset, [*problems, *found]

    return make


@pytest.fixture
def declare() -> Callable[..., TableDeclaration]:
    """A table's declaration; a plain list of measure names will do."""

    def make(name: str = "result", **keys: Any) -> TableDeclaration:
        uses = keys.pop("measures", ())
        measures = tuple(
            use if isinstance(use, MeasureUse) else MeasureUse(use, measure=use) for use in uses
        )
        return TableDeclaration(name, "report.yaml", 7, measures=measures, **keys)

    return make


@pytest.fixture
def edition() -> Edition:
    """October 2026 in English, as known on its last day."""
    period = Period.parse(PERIOD)
    return Edition("library-loans", period, date(2026, 10, 31), "en", {})


@pytest.fixture
def text_of() -> Callable[..., Text]:
    """An author's string."""

    def make(words: str, language: str = "en") -> Text:
        return Text({language: words}, "report.yaml", 12, "figures.loans.title")

    return make


@pytest.fixture
def figure_of(text_of: Callable[..., Text]) -> Callable[..., FigureDeclaration]:
    """A figure's declaration with its options."""

    def make(kind: str, table: str = "result", **options: Any) -> FigureDeclaration:
        return FigureDeclaration("loans", kind, table, text_of("Loans"), options, "report.yaml", 12)

    return make


@pytest.fixture
def table_of(declare: Callable[..., TableDeclaration]) -> Callable[..., Table]:
    """A finished table from a frame, its columns described by name."""

    def make(
        frame: Any, columns: Mapping[str, Column] | None = None, name: str = "result"
    ) -> Table:
        described = {
            str(key): (columns or {}).get(str(key), Column(str(key), str(key)))
            for key in frame.columns
        }
        records = tuple(() for _ in range(len(frame)))
        return Table(name, frame, described, "", records, declare(name))

    return make

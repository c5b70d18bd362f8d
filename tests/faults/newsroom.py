"""A project of one page, its schedulers as real processes, and its ledger seen from outside."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from tests.faults.days import ZONE
from tests.faults.processes import Process, family, wait_for
from tests.faults.texts import CONDUCT, CONFIG, DESCRIPTION, REPORT

BRIEFING = (sys.executable, "-m", "briefing")
REHEARSAL = (sys.executable, str(Path(__file__).with_name("rehearsal.py")))
LEDGER = ".briefing/ledger.sqlite"


@dataclass(frozen=True)
class Row:
    """A run as an outsider reads it from the ledger's database."""

    id: int
    issue: str
    state: str
    reason: str
    trigger: str
    owner: str
    fence: int
    attempt: int
    failures: int
    scheduled_for: Any
    published_at: Any
    manifest: str
    events: tuple[tuple[str, str], ...]

    def count(self, kind: str) -> int:
        """How often something happened to it."""
        return sum(event == kind for event, _ in self.events)


@dataclass
class Newsroom:
    """A project on disk, and every process that a test starts on it.

    Attributes:
        state_url: where the ledger is kept; empty for the usual file.
        seen_at: where the archive is seen from here, if it lies on a disk of its own.
        ledger_seen_at: the same for the ledger.
    """

    root: Path
    state_url: str = ""
    environ: dict[str, str] = field(  # whoever is interrupted has to be at work
        default_factory=lambda: {"BRIEFING_CACHE": "off"}
    )
    desks: list[Desk] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    schedules: list[str] = field(default_factory=list)
    more: str = ""
    seen_at: Path | None = None
    ledger_seen_at: Path | None = None

    # -- what is written ----------------------------------------------------------------------

    def report(
        self,
        name: str = "daily",
        conduct: str = "",
        *,
        editions: bool = False,
        grain: str = "day",
        **schedule: str,
    ) -> None:
        """Add a report and, where keys are given, its schedule; keys as config.yaml has them.

        Args:
            conduct: how its builds behave; see ``CONDUCT``.
            editions: whether it has an edition for each branch.
        """
        folder = self.root / "report_templates" / name
        folder.mkdir(parents=True)
        parameters = "parameters: {branch: branches.branch}\n" if editions else ""
        text = REPORT.format(parameters=parameters, grain=grain)
        (folder / "report.yaml").write_text(text, encoding="utf-8")
        (folder / "conduct.py").write_text(CONDUCT, encoding="utf-8")
        self._aside(name).mkdir(parents=True)
        (self._aside(name) / "builds.log").touch()
        self.conduct(conduct, name)
        self.reports.append(name)
        if schedule:
            self.schedule(name, **schedule)
        self.write()

    def schedule(self, name: str, **keys: str) -> None:
        """Add a schedule; every build makes only the page."""
        keys = {"formats": "[html]", **keys}
        lines = "".join(f"    {key}: {value}\n" for key, value in keys.items())
        self.schedules.append(f"  - report: {name}\n{lines}")

    def conduct(self, words: str, name: str = "daily") -> None:
        """How the report's builds behave from now on."""
        file = self._aside(name) / "conduct.txt"
        making = file.with_suffix(".new")
        making.write_text(words, encoding="utf-8")
        making.rename(file)

    def _aside(self, name: str) -> Path:
        """Where what concerns a report's conduct lies: beside its inputs, not among them."""
        return self.root / "conduct" / name

    def release(self, file: str, name: str = "daily") -> None:
        """Let those builds go on that wait for a file."""
        (self._aside(name) / file).touch()

    def branches(self, count: int) -> None:
        """Give the library so many branches, each an edition of a report with editions."""
        names = [f"b{number:04}" for number in range(1, count + 1)]
        folder = self.root / "data"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "branches.csv").write_text("\n".join(["branch", *names, ""]), encoding="utf-8")
        (folder / "loans.csv").write_text("branch,lent\nb0001,10\n", encoding="utf-8")
        (folder / "datapackage.json").write_text(json.dumps(DESCRIPTION), encoding="utf-8")

    def write(self) -> None:
        """Write config.yaml."""
        more = self.more
        if self.state_url:
            more += "state_url: ${LEDGER_URL}\n"
            self.environ["LEDGER_URL"] = self.state_url
        text = CONFIG.format(
            zone=ZONE,
            first=self.reports[0],
            more=more,
            schedules="".join(self.schedules) if self.schedules else "  []\n",
        )
        (self.root / "config.yaml").write_text(text, encoding="utf-8")

    def builders(self, name: str = "daily") -> list[int]:
        """The process ids of the report's builds so far, in order."""
        text = (self._aside(name) / "builds.log").read_text(encoding="utf-8")
        return [int(line.split()[0]) for line in text.splitlines()]

    # -- processes ----------------------------------------------------------------------------

    def serve(self, *options: str, before: Sequence[str] = (), once: bool = False) -> Desk:
        """Start `briefing serve`.

        Args:
            before: a program with its options that runs it, such as strace.
        """
        words = ["serve", "--json-log", *(["--once"] if once else []), *options]
        return self.start([*before, *BRIEFING, *words])

    def rehearse(self, *options: str, before: Sequence[str] = ()) -> Desk:
        """Start the scheduler with a clock of its own; ``rehearsal.py`` has the options."""
        return self.start([*before, *REHEARSAL, ".", *options])

    def start(self, command: Sequence[str]) -> Desk:
        """Start any command in the project's folder, in a group of its own."""
        log = self.root.parent / f"desk-{len(self.desks)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                list(command),
                cwd=self.root,
                env=self._environ(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        desk = Desk(process, log)
        self.desks.append(desk)
        return desk

    def ask(self, *words: str, before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run a command of `briefing` to its end."""
        return subprocess.run(
            [*before, *BRIEFING, *words],
            cwd=self.root,
            env=self._environ(),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=300,
            check=False,
        )

    def _environ(self) -> Mapping[str, str]:
        plain = {"COLUMNS": "200", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
        return {**os.environ, **plain, **self.environ}  # noqa: TID251

    def end(self) -> None:
        """End every process that was started here, and all that those started."""
        for desk in self.desks:
            desk.end()

    # -- what is seen -------------------------------------------------------------------------

    @property
    def ledger(self) -> Path:
        """The file of the ledger."""
        return self.ledger_seen_at or self.root / LEDGER

    @property
    def output(self) -> Path:
        """The archive."""
        return self.seen_at or self.root / "output"

    def rows(self) -> dict[str, Row]:
        """Every run of the ledger by its issue, read from the database without `briefing`."""
        engine = self._engine()
        try:
            with engine.connect() as connection:
                runs = connection.exec_driver_sql("SELECT * FROM run ORDER BY id").mappings()
                told: dict[int, list[tuple[str, str]]] = {}
                found = list(runs)
                for run, kind, detail in connection.exec_driver_sql(
                    "SELECT run_id, kind, detail FROM event ORDER BY id"
                ):
                    told.setdefault(run, []).append((kind, detail))
        finally:
            engine.dispose()
        kept = [name for name in Row.__dataclass_fields__ if name not in {"issue", "events"}]
        rows = [
            Row(
                issue=f"{run['report']}/{run['period']}/{run['edition']}",
                events=tuple(told.get(run["id"], ())),
                **{name: run[name] for name in kept},
            )
            for run in found
        ]
        return {row.issue: row for row in rows}

    def _engine(self) -> sa.Engine:
        if self.state_url:
            return sa.create_engine(self.state_url, poolclass=sa.NullPool)
        file = self.ledger
        if self.ledger_seen_at:  # SQLite looks for the real path, which is another one there
            folder = self.root.parent / "seen"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(file.parent, folder, ignore=shutil.ignore_patterns("filler"))
            file = folder / file.name
        return sa.create_engine(f"sqlite:///file:{file}?mode=ro&uri=true")

    def peek(self) -> dict[str, Row]:
        """As ``rows``; nothing where the ledger is not there or does not answer."""
        try:
            return self.rows()
        except (sa.exc.DBAPIError, OSError):
            return {}

    def planned(self, schedules: int = 1) -> bool:
        """Whether a scheduler has written what is due by so many schedules into the ledger."""
        try:
            return self.select("SELECT count(*) FROM plan") == [(schedules,)]
        except sa.exc.DBAPIError:
            return False

    def select(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the ledger's database, past `briefing`."""
        engine = self._engine()
        try:
            with engine.connect() as connection:
                return [tuple(row) for row in connection.exec_driver_sql(query)]
        finally:
            engine.dispose()

    def states(self) -> dict[str, str]:
        """The state of every issue that the ledger knows."""
        return {issue: row.state for issue, row in self.peek().items()}

    def wait_until(
        self, issues: Iterable[str], state: str = "published", within: float = 120.0
    ) -> None:
        """Wait until every one of the issues is in a state."""
        wanted = set(issues)

        def all_there() -> bool:
            found = self.states()
            return all(found.get(issue) == state for issue in wanted)

        try:
            wait_for(state, all_there, within)
        except AssertionError:
            logs = "\n".join(desk.tail() for desk in self.desks)
            others = {name: got for name, got in self.states().items() if got != state}
            missing = sorted(wanted - self.states().keys())
            raise AssertionError(
                f"not {state} within {within} s: {others}, unknown: {missing}\n{logs}"
            ) from None

    def failures(self, issues: Iterable[str]) -> list[str]:
        """Wait until an attempt at each of the issues has failed, and say why it did first."""
        wanted = list(issues)

        def told() -> list[str]:
            rows = self.peek()
            found = [
                [detail for kind, detail in rows[issue].events if kind == "failed"]
                for issue in wanted
                if issue in rows
            ]
            return (
                [first for first, *_ in found] if len(found) == len(wanted) and all(found) else []
            )

        return wait_for("a failure of each", told)

    def leftovers(self) -> list[str]:
        """What lies in the archive and belongs to no finished issue."""
        return sorted(
            str(path.relative_to(self.output))
            for path in self.output.glob("*/*/*/*")
            if path.name != "r1"
        )


@dataclass
class Desk:
    """One process that a test started, with what it says."""

    process: subprocess.Popen[bytes]
    log: Path
    gone: list[Process] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """The scheduler's process id: that of the child where a program runs it."""
        return self.process.pid

    def family(self) -> list[Process]:
        """It and all that it started."""
        return family(self.pid)

    def kill(self) -> None:
        """SIGKILL to the process alone, as the kernel or an operator does it."""
        self.gone += self.family()
        self.process.kill()
        self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process alone."""
        self.process.send_signal(number)

    def stop(self, within: float = 90.0) -> int:
        """SIGTERM once it listens to it, and wait; the exit code."""
        self.hear("started")
        self.gone += self.family()
        self.process.terminate()
        return self.process.wait(within)

    def wait(self, within: float = 120.0) -> int:
        """Wait for its end; the exit code."""
        return self.process.wait(within)

    @property
    def lives(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None

    def events(self) -> list[dict[str, Any]]:
        """What it logged."""
        found = []
        for line in self.log.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("{") and line.endswith("}"):
                found.append(json.loads(line))
        return found

    def said(self, event: str) -> list[dict[str, Any]]:
        """Every time that it logged this event."""
        return [entry for entry in self.events() if entry["event"] == event]

    def hear(self, event: str, times: int = 1, within: float = 120.0) -> None:
        """Wait until it has logged an event so often."""
        try:
            wait_for(event, lambda: len(self.said(event)) >= times, within)
        except AssertionError:
            raise AssertionError(f"never logged {event!r}:\n{self.tail()}") from None

    def tail(self) -> str:
        """The end of its log."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return f"--- {self.log.name}\n" + "\n".join(text.splitlines()[-25:])

    def end(self) -> None:
        """End it and all that it started, each by its id."""
        everyone = self.gone + (self.family() if self.lives else [])
        for process in everyone:
            process.send(signal.SIGKILL)
        if self.lives:
            self.process.kill()
        self.process.wait()

    def survivors(self) -> list[Process]:
        """Those of its children that outlived it."""
        return [process for process in self.gone if process.lives]

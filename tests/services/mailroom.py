"""A project whose issues go out for real: SQLite, the sealed folder, Postfix, and mailboxes.

One issue is built once for the whole run; each test gets a copy of the project, its own readers
and a ledger whose clock can be put forward. What every fault did is added up, from the messages
that lie in the mailboxes, and shown at the end of the run.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP
from pathlib import Path
from typing import Any

from tests.faults.processes import wait_for
from tests.services.mailserver import DOMAIN, MailServers
from tests.services.postman_child import LaterDatabase, later_database

from briefing import pipeline, runs
from briefing.config import load_project
from briefing.editions import edition_of
from briefing.ledger import Ledger
from briefing.planning import plan_due
from briefing.postings import postings_of
from briefing.postman import Post, Postman, PostRoom, suppressed_of
from briefing.structures import MAIL, Delivery, Issue, Project, Resolvable, Run, Secret

REPORT, PERIOD, LANGUAGE = "library-loans", "2026-10", "ko"
TODAY = date(2026, 11, 2)
BOXES = ("anna", "ben", "chloe", "slow")
"""The mailboxes of readers; ``anna+7`` is another one, whose mail lies in the box of ``anna``."""
CONFIG = """\
publisher: City Library
timezone: Europe/Vienna
languages: [en, ko]
dataset: data/datapackage.json
default_report: library-loans
schedules:
  - {{report: library-loans, every: month, at: "06:30", languages: [ko]}}
mail:
  host: localhost
  port: {submission}
  username: briefing@example.org
  password: ${{MAIL}}
  sender: City Library <briefing@example.org>
  ca_file: {authority}
  unsubscribe: stop@example.org
  rate: 1000 per second
  archive:
    address: archive@example.org
    host: localhost
    port: {imaps}
    username: archive@example.org
    password: ${{ARCHIVE}}
    ca_file: {authority}
audiences:
  desk: {{file: readers.csv}}
readers:
  suppressed: away.txt
channels:
  shelf: {{folder: shelf}}
deliveries:
  - {{report: library-loans, to: [desk], channels: [shelf]}}
"""


# -- what became of every fault ----------------------------------------------------------------


@dataclass(frozen=True)
class Account:
    """What a fault did to the mail of its readers, as their mailboxes show it."""

    messages: int
    once: int
    twice: int
    never: int
    states: Mapping[str, int]


@dataclass
class FaultTable:
    """The accounts of a run, in the order in which the faults came."""

    rows: list[tuple[str, Account]] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The table in Markdown."""
        head = "| fault | messages | sent once | twice | never | states |"
        return [head, "|---|---:|---:|---:|---:|---|"] + [
            f"| {fault} | {found.messages} | {found.once} | {found.twice} | {found.never} "
            f"| {', '.join(f'{count} {state}' for state, count in found.states.items())} |"
            for fault, found in self.rows
        ]


# -- a project, its ledger and its post ---------------------------------------------------------


class WatchedLedger(Ledger):
    """A ledger that says when a message is complete but for the dot that ends it."""

    before_dot: Callable[[Delivery], object] = staticmethod(lambda delivery: None)

    def still_ours(self, delivery: Delivery) -> bool:
        """As the ledger's; asked just before it cannot be undone."""
        wanted = super().still_ours(delivery)
        self.before_dot(delivery)
        return wanted


@dataclass
class Mailroom:
    """A project with one issue, ready to go out.

    Attributes:
        passwords: what the references of config.yaml stand for.
        ahead: how much the clock of the ledger was put forward.
    """

    root: Path
    servers: MailServers
    table: FaultTable
    passwords: dict[str, str] = field(default_factory=dict)
    ahead: timedelta = timedelta(0)
    _ledger: WatchedLedger | None = None

    def __post_init__(self) -> None:
        for name, mailbox in (("MAIL", "briefing"), ("ARCHIVE", "archive")):
            self.passwords.setdefault(name, self.servers.password(mailbox))

    # -- written --------------------------------------------------------------------------------

    def readers(self, names: Iterable[str]) -> None:
        """Who receives the report from now on."""
        rows = [f"{name}@{DOMAIN},Reader {name},{LANGUAGE}" for name in names]
        self.write("readers.csv", "\n".join(["address,name,language", *rows, ""]))

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text, encoding="utf-8")

    def project(self, **mail: Any) -> Project:
        """The project as it is now, over a mail server with other keys."""
        project = load_project(self.root)
        assert project.channels.mail is not None
        changed = replace(project.channels.mail, **mail)
        return replace(project, channels=replace(project.channels, mail=changed))

    # -- the ledger -----------------------------------------------------------------------------

    @property
    def ledger(self) -> WatchedLedger:
        """The project's ledger; what has to be taken over from the archive is."""
        if self._ledger is None:
            url = f"sqlite:///{self.root}/.briefing/ledger.sqlite"
            runs.open_ledger(load_project(self.root), url).database.close()
            self._ledger = WatchedLedger(later_database(self.root))
            self._clock.ahead = self.ahead
        return self._ledger

    def close(self) -> None:
        """Let go of the ledger; it is opened anew when it is needed."""
        if self._ledger is not None:
            self._ledger.database.close()
            self._ledger = None

    def lose(self, *more: str) -> None:
        """Delete the ledger and more, and plan as a scheduler does with the new one."""
        self.close()
        folder = self.root / ".briefing"
        for name in (*[path.name for path in folder.glob("ledger.sqlite*")], *more):
            (folder / name).unlink()
        morning = datetime(TODAY.year, TODAY.month, TODAY.day, 9, tzinfo=UTC)
        plan_due(self.project(), self.ledger, morning)

    def later(self, **span: float) -> None:
        """Put the clock of the ledger forward."""
        self.ahead += timedelta(**span)
        self._clock.ahead = self.ahead

    @property
    def _clock(self) -> LaterDatabase:
        database = self.ledger.database
        assert isinstance(database, LaterDatabase)
        return database

    @property
    def run(self) -> Run:
        """The newest revision of the issue."""
        run = self.ledger.newest(REPORT, LANGUAGE, PERIOD)
        assert run is not None
        return run

    def build(
        self, report: str = REPORT, parameter: str = "", *, deliver: bool = True, reason: str = ""
    ) -> Issue:
        """Build an issue as `briefing build` does."""
        project = self.project()
        edition = edition_of(
            project,
            project.reports[report],
            TODAY,
            period=PERIOD,
            language=LANGUAGE,
            parameter=parameter,
        )
        asked = pipeline.Request(edition)
        return runs.build(
            project, self.ledger, asked, lambda *_: None, lambda _: False,
            deliver=deliver, reason=reason,
        )  # fmt: skip

    def queue(self, names: Iterable[str]) -> None:
        """Queue the issue for these readers, as `briefing send` does."""
        self.readers(names)
        self._queue()

    def queue_rows(self, lines: Iterable[str]) -> None:
        """Queue the issue for the readers of these lines of a CSV file."""
        self.write("readers.csv", "\n".join([*lines, ""]))
        self._queue()

    def _queue(self) -> None:
        postings, why = postings_of(self.project(), self.ledger, self.run, None)
        self.ledger.queue(self.run, postings, why)

    def deliveries(self, channel: str = MAIL) -> list[Delivery]:
        """Every delivery of every revision over a channel."""
        found = [self.ledger.deliveries(run) for run in self.ledger.latest()]
        return [item for part in found for item in part if item.channel == channel]

    def states(self, channel: str = MAIL) -> dict[str, int]:
        """How many deliveries over a channel are in each state."""
        counted = Counter(item.state for item in self.deliveries(channel))
        return dict(sorted(counted.items()))

    # -- the post -------------------------------------------------------------------------------

    def post(self, project: Project | None = None) -> Post:
        """What postmen work with."""
        project = project or self.project()
        asked = threading.Event()
        return Post(project, self.ledger, self.resolve, suppressed_of(project), asked)

    def resolve(self, reference: Resolvable) -> Secret:
        return reference.resolve(self.passwords)

    def work(self, channel: str = MAIL, **mail: Any) -> dict[str, int]:
        """Let the postman of a channel deliver what may go out; the states afterwards."""
        Postman(self.post(self.project(**mail)), channel).work()
        return self.states(channel)

    def look(self, **mail: Any) -> None:
        """Let the post room do all that there is to do, as a scheduler's tick does."""
        post = self.post(self.project(**mail))
        room = PostRoom(post)
        room.look(post)
        wait_for("the postmen", lambda: not room.is_busy)

    def finish(self, rounds: int = 4, **mail: Any) -> None:
        """Go on until everything that can be known is known: each round six minutes later."""
        for _ in range(rounds):
            self.servers.settle()
            self.later(minutes=6)
            self.look(**mail)

    # -- what arrived ---------------------------------------------------------------------------

    def arrived(self, *boxes: str) -> Counter[str]:
        """How often each Message-ID lies in the mailboxes of the readers."""
        self.servers.settle()
        names = boxes or BOXES
        found = (message_id for name in names for message_id in _ids(self.servers, name))
        return Counter(found)

    def account(self, fault: str, elsewhere: Iterable[bytes] = ()) -> Account:
        """Close the account of a fault: it goes into the table.

        Args:
            elsewhere: messages that another server has taken.
        """
        got = self.arrived()
        got.update(_message_id(content) for content in elsewhere)
        wanted = [item.message_id for item in self.deliveries()]
        assert set(got) <= set(wanted), "somebody got what was in nobody's outbox"
        times = Counter(min(got[message_id], 2) for message_id in wanted)
        found = Account(len(wanted), times[1], times[2], times[0], self.states())
        self.table.rows.append((fault, found))
        return found

    def alarms(self) -> list[str]:
        """The subjects of what the owner hears."""
        return [alarm.subject for alarm in self.ledger.alarms()]


def _ids(servers: MailServers, name: str) -> list[str]:
    folder = servers.folder / "mail" / name
    files = [path for part in ("new", "cur") for path in (folder / part).glob("*")]
    return [_message_id(path.read_bytes()) for path in files]


def _message_id(content: bytes) -> str:
    return str(BytesHeaderParser(policy=SMTP).parsebytes(content)["Message-ID"])


def one(messages: Iterable[EmailMessage]) -> EmailMessage:
    """The only message of a mailbox."""
    (message,) = messages
    return message


# -- a process of its own ----------------------------------------------------------------------


@contextmanager
def child_of(room: Mailroom) -> Iterator[subprocess.Popen[str]]:
    """A process that has read the project, and delivers when it is told to; ended at the latest."""
    with subprocess.Popen(
        [
            sys.executable,
            str(Path(__file__).with_name("postman_child.py")),
            str(room.root),
            str(room.ahead.total_seconds()),
        ],
        env={**room.passwords, "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            yield child
        finally:
            child.kill()


def begin(child: subprocess.Popen[str]) -> None:
    """Tell a child to deliver."""
    assert child.stdin is not None
    child.stdin.write("go\n")
    child.stdin.flush()

"""What the ledger remembers: runs, what happened to them, who works, what the owner must hear."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

PENDING = "pending"
RUNNING = "running"
WAITING = "retry_wait"
PUBLISHED = "published"
HELD = "held"
FAILED = "failed"
PARKED = "parked"
SKIPPED = "skipped"
CANCELLED = "cancelled"
STATES = (PENDING, RUNNING, WAITING, PUBLISHED, HELD, FAILED, PARKED, SKIPPED, CANCELLED)
"""pending: to be run. running: somebody holds its lease. retry_wait: failed, comes again.
published: the issue lies in the archive. held: the data gate holds it. failed: it needs a
person. parked: given up after too many attempts. skipped: not run, with a reason.
cancelled: stopped by the person who alone had asked for it."""
APPROVED, STAYS = "approved", "held"
"""What a person may have decided about an issue: it goes out, or it stays."""
ATTENTION = (HELD, FAILED, PARKED)
"""States that a person has to look at."""


@dataclass(frozen=True)
class Planned:
    """A run that somebody wants: which issue, when it was due, and why.

    Attributes:
        parameter: the value of the report's parameter; empty where it has none.
        scheduled_for: the fire time in UTC; None for a run that no schedule asked for.
        trigger: "schedule", "catch-up", "backfill" or "manual".
        state: ``PENDING`` or ``SKIPPED``.
        reason: why it is skipped, or what moved its fire.
        priority: smaller ones go first; a backfill gives way to what is due.
        formats: the files asked for.
        revision: 1, or more for a correction.
        correction: why there is one; empty for the first revision.
        deliver: whether it goes to its readers.
    """

    report: str
    edition: str
    period: str
    period_end: date
    language: str
    parameter: str = ""
    scheduled_for: datetime | None = None
    trigger: str = "schedule"
    state: str = PENDING
    reason: str = ""
    priority: int = 0
    formats: tuple[str, ...] = ("pdf", "html")
    revision: int = 1
    correction: str = ""
    deliver: bool = False


@dataclass(frozen=True)
class Owner:
    """Who works on a run: for people, and to see whether that process still lives.

    Attributes:
        name: host and process id.
        place: tells process ids of this boot and namespace from others; empty where unknown.
        pid: the process id.
        started: when the process started, in clock ticks since boot: ids are used again.
    """

    name: str
    place: str
    pid: int
    started: int


@dataclass(frozen=True)
class Run:
    """A row of the ledger: the attempts to make one revision of one issue.

    Attributes:
        fence: grows with each claim; only the newest claim may publish.
        attempt: how often it was claimed.
        failures: how many attempts ended with a failure of their own.
        manifest: SHA-256 of the published manifest; empty before.
        correction: for a revision after the first, what was wrong.
        deliver: whether it goes to its readers when it is published.
        queued: whether the outbox knows who receives it.
        sealed: whether somebody has it, may have it, or has approved it: it never changes then.
        decision: "approved" or "held" by a person; empty where nobody has decided.
    """

    id: int
    report: str
    edition: str
    period: str
    revision: int
    language: str
    parameter: str
    formats: tuple[str, ...]
    trigger: str
    state: str
    reason: str
    scheduled_for: datetime | None
    owner: str
    lease_until: datetime | None
    fence: int
    attempt: int
    failures: int
    next_attempt_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    published_at: datetime | None
    manifest: str
    correction: str
    deliver: bool
    queued: bool
    sealed: bool
    decision: str

    @property
    def issue(self) -> str:
        """The issue as people name it, which is also its path: report/period/edition/r1."""
        return f"{self.report}/{self.period}/{self.edition}/r{self.revision}"


@dataclass(frozen=True)
class RunEvent:
    """Something that happened to a run."""

    at: datetime
    kind: str
    detail: str


@dataclass(frozen=True)
class Failure:
    """Something that the owner of the project has to hear of.

    Attributes:
        digest: the same for the same failure of the same report.
    """

    digest: str
    report: str
    subject: str
    body: str


@dataclass(frozen=True)
class Alarm:
    """A failure that the owner hears of once.

    Attributes:
        count: how often it was seen.
        told_at: when the owner was told; None before.
    """

    digest: str
    report: str
    subject: str
    body: str
    first_at: datetime
    last_at: datetime
    told_at: datetime | None
    count: int


@dataclass(frozen=True)
class Instance:
    """A scheduler that works on the ledger, and when it last looked what is due."""

    name: str
    started_at: datetime
    ticked_at: datetime


@dataclass(frozen=True)
class Pause:
    """A report that is not run for now."""

    report: str
    since: datetime
    reason: str

"""How things stand, for people and for machines: what needs somebody, what runs, what comes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from briefing import planning
from briefing.errors import BriefingError
from briefing.ledger import Ledger
from briefing.structures import (
    ATTENTION,
    PENDING,
    PUBLISHED,
    RUNNING,
    STATES,
    Alarm,
    Instance,
    Pause,
    Project,
    Run,
)

SILENT = timedelta(seconds=90)
"""A scheduler that gave no sign for so long is taken for dead."""
OVERDUE = timedelta(minutes=15)
"""A run that has not begun so long after it was due is overdue."""


@dataclass(frozen=True)
class Status:
    """How things stand.

    Attributes:
        needs: what somebody has to look at, in words; nothing where all is well.
        working: schedulers that gave a sign of life lately.
        unplanned: schedules whose time has come without anybody noticing, and since when.
        latest: for each report the run that was published last.
    """

    now: datetime
    needs: tuple[str, ...]
    working: tuple[Instance, ...]
    next_due: datetime | None
    counts: dict[str, int]
    running: tuple[Run, ...]
    attention: tuple[Run, ...]
    overdue: tuple[Run, ...]
    unplanned: tuple[tuple[str, datetime], ...]
    paused: tuple[Pause, ...]
    alarms: tuple[Alarm, ...]
    latest: dict[str, Run]

    @property
    def is_well(self) -> bool:
        """Whether nobody has to look."""
        return not self.needs


def status(project: Project | None, ledger: Ledger, now: datetime) -> Status:
    """Look at the ledger and the calendar.

    Args:
        project: None where it has problems: then only the ledger is looked at.
        now: the moment, aware.

    Raises:
        LedgerError: the ledger does not answer.
    """
    here, instances = ledger.instances()
    working = tuple(item for item in instances if here - item.ticked_at <= SILENT)
    silent = [item for item in instances if here - item.ticked_at > SILENT]
    paused = ledger.paused()
    off = {pause.report for pause in paused}
    attention = tuple(run for run in ledger.latest(states=ATTENTION) if _is_ours(run))
    overdue = tuple(
        run
        for run in ledger.latest(states=[PENDING])
        if run.report not in off
        and run.scheduled_for is not None
        and now - run.scheduled_for > OVERDUE
    )
    unplanned = tuple(
        (name, since)
        for name, since in (planning.unplanned(project, ledger, now) if project else ())
        if now - since > OVERDUE
    )
    latest = {
        run.report: run
        for name in (project.reports if project else ())
        for run in ledger.latest(report=name, states=[PUBLISHED], limit=1)
    }
    needs = [
        *(f"run {run.id}, {run.issue}, is {run.state}: {_line(run.reason)}" for run in attention),
        *(
            f"run {run.id}, {run.issue}, is due since {run.scheduled_for:%Y-%m-%d %H:%M} UTC"
            for run in overdue
        ),
        *(
            f"{name} is due since {since:%Y-%m-%d %H:%M} UTC and no scheduler has noticed"
            for name, since in unplanned
        ),
    ]
    if not working:
        needs += [
            f"the scheduler {item.name} has given no sign since {item.ticked_at:%Y-%m-%d %H:%M} UTC"
            for item in silent
        ]
    return Status(
        now=now,
        needs=tuple(needs),
        working=working,
        next_due=planning.next_due(project, now) if project else None,
        counts=dict.fromkeys(STATES, 0) | ledger.counts(),
        running=tuple(ledger.latest(states=[RUNNING])),
        attention=attention,
        overdue=overdue,
        unplanned=unplanned,
        paused=tuple(paused),
        alarms=tuple(ledger.alarms()),
        latest=latest,
    )


def _is_ours(run: Run) -> bool:
    """Whether a schedule asked for it; who asks by hand is told at once."""
    return run.scheduled_for is not None


def _line(text: str) -> str:
    return text.splitlines()[0] if text else "no reason given"


def write_metrics(file: Path, found: Status, reports: tuple[str, ...]) -> None:
    """Write the state for Prometheus' textfile collector, whole or not at all.

    Raises:
        BriefingError: the file cannot be written.
    """
    registry = CollectorRegistry()
    gauges = {
        "briefing_healthy": ("1 where nobody has to look.", float(found.is_well)),
        "briefing_schedulers": ("Schedulers at work.", float(len(found.working))),
        "briefing_runs_overdue": (
            "Runs that are due and not begun.",
            float(len(found.overdue) + len(found.unplanned)),
        ),
        "briefing_alarms": ("Failures that are not over.", float(len(found.alarms))),
        "briefing_observed_timestamp_seconds": ("When this was seen.", found.now.timestamp()),
    }
    if found.next_due is not None:
        about = "When the next run is due."
        gauges["briefing_next_due_timestamp_seconds"] = (about, found.next_due.timestamp())
    for name, (about, value) in gauges.items():
        Gauge(name, about, registry=registry).set(value)
    counted = Gauge("briefing_runs", "Runs by state.", ["state"], registry=registry)
    for state, count in found.counts.items():
        counted.labels(state).set(count)
    published = Gauge(
        "briefing_published_timestamp_seconds",
        "When an issue of the report was last published.",
        ["report"],
        registry=registry,
    )
    late = Gauge(
        "briefing_lateness_seconds",
        "How long after its time the last issue was published.",
        ["report"],
        registry=registry,
    )
    paused = Gauge(
        "briefing_paused", "1 where the report is paused.", ["report"], registry=registry
    )
    for report in reports:
        paused.labels(report).set(any(pause.report == report for pause in found.paused))
        run = found.latest.get(report)
        if run is not None and run.published_at is not None:
            published.labels(report).set(run.published_at.timestamp())
            if run.scheduled_for is not None:
                delay = run.published_at - run.scheduled_for
                late.labels(report).set(max(delay.total_seconds(), 0))
    try:
        write_to_textfile(str(file), registry)
    except OSError as error:
        raise BriefingError(
            f"The metrics cannot be written to {file}: {error.strerror}.",
            "Name a file in a folder that exists and may be written to.",
        ) from error

"""How things stand, for people and for machines: what needs somebody, what runs, what comes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from briefing import planning
from briefing.errors import BriefingError
from briefing.ledger import Ledger, process_is_gone
from briefing.structures import (
    ATTENTION,
    AWAITING,
    DELIVERY_STATES,
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

_SHOWN = 5
SILENT = timedelta(seconds=90)
"""A scheduler that gave no sign for so long is taken for dead."""
LATELY = timedelta(days=7)
"""Deliveries of issues that were due longer ago are told no more."""
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
        deliveries: how many deliveries are in each state.
        stopped: channels over which nothing goes out, and why.
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
    deliveries: dict[str, int]
    stopped: dict[str, str]

    @property
    def is_well(self) -> bool:
        """Whether nobody has to look."""
        return not self.needs


def status(project: Project | None, ledger: Ledger, now: datetime, zone: str) -> Status:
    """Look at the ledger and the calendar.

    Args:
        project: None where it has problems: then only the ledger is looked at.
        now: the moment, aware.
        zone: the zone in which times are told.

    Raises:
        LedgerError: the ledger does not answer.
    """
    here, instances = ledger.instances()
    working = tuple(item for item in instances if not _is_silent(item, here))
    silent = [item for item in instances if _is_silent(item, here)]
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
        if now - since > OVERDUE and name not in off
    )
    latest = {
        run.report: run
        for name in (project.reports if project else ())
        for run in ledger.latest(report=name, states=[PUBLISHED], limit=1)
    }
    running = tuple(ledger.latest(states=[RUNNING]))
    lately = [run.published_at for run in latest.values() if run.published_at]
    catching_up = working and (running or any(here - at < OVERDUE for at in lately))
    local = _Local(ZoneInfo(zone))
    needs = [
        *_some(
            f"run {run.id}, {run.issue}, is {run.state}: {_line(run.reason)}" for run in attention
        ),
        *_some(
            f"run {run.id}, {run.issue}, is due since {local(run.scheduled_for)}"
            for run in (() if catching_up else reversed(overdue))
        ),
        *_some(
            f"{name} is due since {local(since)} and no scheduler has noticed"
            for name, since in unplanned
        ),
    ]
    stopped = ledger.stopped_channels()
    needs += _some(f"nothing goes out over {name}: {_line(why)}" for name, why in stopped.items())
    needs += _some(_troubled(issue, counts) for issue, counts in ledger.troubled(LATELY).items())
    alarms = tuple(ledger.alarms())
    if untold := [
        item for item in alarms if item.told_at is None and here - item.first_at > OVERDUE
    ]:
        needs.append(f"the owner was not told of {len(untold)} failures: {untold[0].subject}, ...")
    if not working:
        needs += [
            f"the scheduler {item.name} has given no sign since {local(item.ticked_at)}"
            for item in silent
        ]
    return Status(
        now=now,
        needs=tuple(needs),
        working=working,
        next_due=planning.next_due(project, now) if project else None,
        counts=dict.fromkeys(STATES, 0) | ledger.counts(),
        running=running,
        attention=attention,
        overdue=overdue,
        unplanned=unplanned,
        paused=tuple(paused),
        alarms=alarms,
        latest=latest,
        deliveries=dict.fromkeys(DELIVERY_STATES, 0) | ledger.delivery_counts(),
        stopped=stopped,
    )


@dataclass(frozen=True)
class _Local:
    """Tells moments by the clock on a wall."""

    zone: ZoneInfo

    def __call__(self, moment: datetime | None) -> str:
        return f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M}" if moment else "ever"


def _some(lines: Iterable[str]) -> Iterator[str]:
    """The first few lines, and how many more there are."""
    found = list(lines)
    yield from found[:_SHOWN]
    if len(found) > _SHOWN:
        yield f"... and {len(found) - _SHOWN} more like that"


def _is_silent(instance: Instance, here: datetime) -> bool:
    """Whether a scheduler is dead: no sign for long, or its process on this machine is gone."""
    return here - instance.ticked_at > SILENT or process_is_gone(instance.name)


def _is_ours(run: Run) -> bool:
    """Whether a schedule asked for it; who asks by hand is told at once."""
    return run.scheduled_for is not None


def _troubled(issue: str, counts: Mapping[str, int]) -> str:
    """Who does not have an issue, and what to do about it."""
    said = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    remedy = f"; let it go with briefing approve {issue}" if AWAITING in counts else ""
    return f"{issue}: {said}{remedy}"


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
    delivered = Gauge("briefing_deliveries", "Deliveries by state.", ["state"], registry=registry)
    for state, count in found.deliveries.items():
        delivered.labels(state).set(count)
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

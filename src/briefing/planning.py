"""What is due: the calendar minus the ledger, and what the policies say about what was missed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from briefing import calendars
from briefing.editions import edition_of, parameter_values
from briefing.periods import Grain
from briefing.structures import (
    PENDING,
    RUNNING,
    SKIPPED,
    Edition,
    Fire,
    Planned,
    Project,
    Run,
    Schedule,
)

if TYPE_CHECKING:
    from briefing.ledger import Ledger

LATE = timedelta(minutes=5)
"""A run that begins later than this after its fire is made up for, not on time."""
_LOOKED_BACK = {
    Grain.DAY: timedelta(days=40),
    Grain.WEEK: timedelta(days=60),
    Grain.MONTH: timedelta(days=120),
    Grain.QUARTER: timedelta(days=300),
    Grain.HALF: timedelta(days=500),
}
_LONGEST = timedelta(days=1500)
_BACKFILL = 10


def schedule_key(schedule: Schedule) -> str:
    """How the ledger calls a schedule: by its report, and by its part of the editions."""
    part = ",".join([*schedule.editions, *schedule.languages])
    return f"{schedule.report}:{part}" if part else schedule.report


def plan_due(project: Project, ledger: Ledger, now: datetime) -> list[Run]:
    """Write every run that is due into the ledger, or why it is not made.

    Args:
        now: the moment, aware.

    Returns:
        The runs that are new.
    """
    found: list[Run] = []
    for schedule in project.schedules:
        key, digest = schedule_key(schedule), _digest(schedule)
        known = ledger.planned_until(key)
        due = _due(project, schedule, known, digest, now)
        if due or known is None or known[0] != digest:
            wanted = list(_wanted(project, ledger, schedule, due, now))
            found += ledger.plan(wanted, key, digest, now)
    return found


def next_due(project: Project, now: datetime) -> datetime | None:
    """The next instant at which something is due; None where nothing is scheduled."""
    times = [
        fire.at
        for schedule in project.schedules
        for fire in calendars.next_fires(schedule, _grain(project, schedule), now, 1)
    ]
    return min(times, default=None)


def unplanned(project: Project, ledger: Ledger, now: datetime) -> Iterator[tuple[str, datetime]]:
    """Schedules whose time has come and that no scheduler has planned, and since when."""
    for schedule in project.schedules:
        known = ledger.planned_until(schedule_key(schedule))
        missed = _due(project, schedule, known, _digest(schedule), now)
        made = {run.period for run in ledger.latest(report=schedule.report)} if missed else set()
        times = [fire.at for fire in missed if not fire.skipped and str(fire.period) not in made]
        if times:
            yield schedule.report, times[0]


def upcoming(project: Project, now: datetime, until: datetime) -> list[Fire]:
    """Every time of every schedule that comes, in order."""
    found = [
        fire
        for schedule in project.schedules
        for fire in calendars.fires(schedule, _grain(project, schedule), now, until)
    ]
    return sorted(found, key=lambda fire: (fire.at, fire.schedule.report))


def editions_of_schedule(project: Project, schedule: Schedule, fire: Fire) -> Iterator[Edition]:
    """The editions that a schedule asks for at one of its times.

    Raises:
        UsageError: a parameter's values cannot be read, or an edition does not exist.
    """
    report = project.reports[schedule.report]
    values = [""]
    if report.parameters:
        (known,) = report.parameters.values()
        values = list(schedule.editions) or parameter_values(project, known)
    day = fire.at.astimezone(ZoneInfo(schedule.timezone)).date()
    for value in values:
        for language in schedule.languages or project.languages:
            yield edition_of(
                project,
                report,
                day,
                period=str(fire.period),
                language=language,
                parameter=value,
            )


def schedule_of(project: Project, run: Run) -> Schedule | None:
    """The schedule that asks for a run: several may share a report's editions."""
    for schedule in project.schedules:
        if (
            schedule.report == run.report
            and (not schedule.languages or run.language in schedule.languages)
            and (not schedule.editions or run.parameter in schedule.editions)
        ):
            return schedule
    return None


def as_planned(
    edition: Edition, formats: tuple[str, ...], trigger: str, *, deliver: bool = False
) -> Planned:
    """An edition that a person asks for, as the ledger takes it."""
    return Planned(
        report=edition.report,
        edition=edition.name,
        period=str(edition.period),
        period_end=edition.period.end,
        language=edition.language,
        parameter=next(iter(edition.parameters.values()), ""),
        trigger=trigger,
        formats=formats,
        priority=_BACKFILL if trigger == "backfill" else 0,
        deliver=deliver,
    )


def _digest(schedule: Schedule) -> str:
    """What a schedule says, without where it says so."""
    said = {key: value for key, value in asdict(schedule).items() if key != "line"}
    return hashlib.sha256(repr(sorted(said.items())).encode()).hexdigest()


def _grain(project: Project, schedule: Schedule) -> Grain:
    return project.reports[schedule.report].grain


def _due(
    project: Project,
    schedule: Schedule,
    known: tuple[str, datetime] | None,
    digest: str,
    now: datetime,
) -> list[Fire]:
    """The times that have come since the plan was last made, oldest first.

    On an empty ledger the latest one is owed, and those since ``since``; so they are where the
    schedule was changed, what is planned already being known.
    """
    grain = _grain(project, schedule)
    if known is not None and (known[0] == digest or schedule.since is None):
        return list(calendars.fires(schedule, grain, known[1], now))
    if schedule.since is not None:
        zone = ZoneInfo(schedule.timezone)
        first = datetime(*schedule.since.timetuple()[:3], tzinfo=zone) - timedelta(seconds=1)
        return list(calendars.fires(schedule, grain, first, now))
    span = _LOOKED_BACK.get(grain, _LONGEST) if schedule.every == grain else _LONGEST
    latest = [
        fire for fire in calendars.fires(schedule, grain, now - span, now) if not fire.skipped
    ]
    return latest[-1:]


def _wanted(
    project: Project, ledger: Ledger, schedule: Schedule, due: list[Fire], now: datetime
) -> Iterator[Planned]:
    """Every edition of every due period, to be run or skipped for a reason."""
    deliver = project.deliveries.rule(schedule.report) is not None
    newest = max((fire for fire in due if not fire.skipped), key=_order, default=None)
    at_work = {run.edition for run in ledger.latest(report=schedule.report, states=[RUNNING])}
    for fire in due:
        late = now - fire.at > LATE
        reason = fire.skipped or _missed(schedule, fire, late, now)
        # Several may be due at one instant, such as three days after a weekend: none is missed.
        if not reason and newest and schedule.catch_up == "latest" and fire.at < newest.at:
            reason = f"superseded by {newest.period}"
        for edition in editions_of_schedule(project, schedule, fire):
            why = reason
            if not why and schedule.overlap == "skip" and edition.name in at_work:
                why = "overlap: the run before was still at work"
            planned = as_planned(edition, schedule.formats, "catch-up" if late else "schedule")
            yield Planned(
                **{
                    **vars(planned),
                    "scheduled_for": fire.at,
                    "state": SKIPPED if why else PENDING,
                    "reason": why or fire.moved,
                    "deliver": deliver and not why,
                }
            )


def _order(fire: Fire) -> tuple[datetime, date]:
    return fire.at, fire.period.end


def _missed(schedule: Schedule, fire: Fire, late: bool, now: datetime) -> str:
    """Why a period that was missed is not made up for; empty where it is."""
    if not late:
        return ""
    if schedule.catch_up == "none":
        return "missed, and catch_up is none"
    window = schedule.catch_up_window
    if window is not None and now - fire.at > window:
        return f"missed by more than the catch_up_window of {window}"
    return ""

"""When a report is due: a schedule as its author wrote it, and a single time that comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from briefing.periods import Grain, Period

Shift = Literal["next", "previous", "skip", "none"]
"""Where a due day goes that is no business day."""
CatchUp = Literal["latest", "all", "none"]
"""Which of several missed periods are made up for."""
Overlap = Literal["queue", "skip", "allow"]
"""What happens to a run that is due while the one before still works."""


@dataclass(frozen=True)
class Schedule:
    """One entry of ``schedules`` in config.yaml, checked, with every default filled in.

    Attributes:
        report: the report's name.
        line: where the entry begins in config.yaml.
        every: how often; None where ``cron`` says it.
        on: the day within ``every``: empty for its first, "first business day",
            "last business day", "last day", a weekday such as "mon", or a number such as "15".
        at: the local time of day, whole minutes.
        cron: a checked cron expression, weekdays by name; empty where ``every`` says it.
        timezone: IANA name of the zone of ``at`` and of the periods.
        calendar: whose holidays are no business days, a code of ``holidays`` such as KR or
            DE-BE; empty where only weekends count.
        shift: where a due day goes that is no business day.
        back: how many periods before the last complete one are reported on.
        since: the first day that is owed; None where only the latest ended period is.
        catch_up: which missed periods are made up for.
        catch_up_window: how late a missed period may still be made; None for however late.
        overlap: what happens to a run that is due while the one before still works.
        timeout: how long one attempt may take.
        memory: how many bytes one attempt may use; None for no limit.
        retry: the waits between attempts; there is one attempt more than waits.
        editions: values of the report's parameter; empty for all.
        languages: in which languages; empty for all of the project.
        formats: which files are delivered.
    """

    report: str
    line: int
    every: Grain | None
    on: str = ""
    at: time = time(8)
    cron: str = ""
    timezone: str = "UTC"
    calendar: str = ""
    shift: Shift = "none"
    back: int = 0
    since: date | None = None
    catch_up: CatchUp = "latest"
    catch_up_window: timedelta | None = None
    overlap: Overlap = "queue"
    timeout: timedelta = timedelta(minutes=10)
    memory: int | None = None
    retry: tuple[timedelta, ...] = (timedelta(minutes=1), timedelta(minutes=5))
    editions: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    formats: tuple[str, ...] = ("pdf", "html")


@dataclass(frozen=True)
class Fire:
    """One time at which a schedule is due, and the period that is reported on then.

    Attributes:
        schedule: whose time it is.
        at: the instant, in UTC.
        period: the period reported on; it has ended by then.
        moved: why it is not at its plain time, such as "2026-10-03 is a holiday (개천절)" or
            "02:30 does not exist on 2026-03-08"; empty where it is.
        skipped: why nothing is run for this period; empty where something is.
    """

    schedule: Schedule
    at: datetime
    period: Period
    moved: str = ""
    skipped: str = ""

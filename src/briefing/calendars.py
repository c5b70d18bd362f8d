"""When schedules are due: local days and times, business days and holidays, cron expressions.

The only room that knows ``cronsim`` and ``holidays``. Both are asked about days and wall-clock
times; from there to instants the way is ours, so that every kind of schedule has one time on
each local day, also where clocks are changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from briefing.periods import Grain, Period, instant
from briefing.structures.scheduling import Fire, Schedule

if TYPE_CHECKING:
    from holidays import HolidayBase

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SATURDAY = 5
_FARTHEST_SHIFT = timedelta(days=31)
"""Farther than a run of holidays moves a day; the longest from 2000 to 2045 has 12 days."""
_AHEAD = timedelta(days=100 * 366)
_CRON_FIELDS = (
    ("minute", 0, 59, "0 to 59"),
    ("hour", 0, 23, "0 to 23"),
    ("day of month", 1, 31, "1 to 31, L for the last"),
    ("month", 1, 12, "1 to 12, jan to dec"),
    ("day of week", 0, 0, "mon to sun, mon#1 for the first Monday"),
)


@dataclass(frozen=True)
class _Plain:
    """A time at which a schedule would be due if every day were alike.

    Attributes:
        day: the local day.
        at: the time on the wall; the second of two alike has ``fold=1``.
        on_no_day: why there is no such day, where there is none.
    """

    day: date
    at: time
    on_no_day: str = ""


# -- due times


def fires(schedule: Schedule, grain: Grain, after: datetime, until: datetime) -> Iterator[Fire]:
    """All times at which a schedule is due, ``after`` < at <= ``until``, by their nominal day.

    Times that are skipped because of ``shift: skip`` are among them, periods before ``since`` not.

    Args:
        grain: that of the schedule's report.
        after: an aware instant.
        until: an aware instant.
    """
    zone = ZoneInfo(schedule.timezone)
    far = timedelta() if schedule.shift == "none" else _FARTHEST_SHIFT
    first, last = after.astimezone(zone).date() - far, until.astimezone(zone).date() + far
    latest: Fire | None = None
    for plain in _plain_times(schedule, zone, first, last):
        fire = _fire(schedule, grain, zone, plain)
        if fire is None or not after < fire.at <= until:
            continue
        if schedule.since is not None and fire.period.start < schedule.since:
            continue
        if latest is None or (fire.at, fire.period) != (latest.at, latest.period):
            yield fire
        latest = fire


def next_fires(schedule: Schedule, grain: Grain, now: datetime, count: int) -> list[Fire]:
    """The next times at which a schedule is due, at most so many, skipped ones included.

    Args:
        grain: that of the schedule's report.
        now: an aware instant.
    """
    return list(islice(fires(schedule, grain, now, now + _AHEAD), count))


def _fire(schedule: Schedule, grain: Grain, zone: ZoneInfo, plain: _Plain) -> Fire | None:
    """The fire that comes of a plain time; None on a day that the clocks of the zone skip."""
    period = _period(grain, plain.day, zone, schedule.back)
    day, why, skipped = _moved(schedule, period, plain)
    at, exists = instant(day, plain.at, zone)
    if not exists:
        kept = _on_its_day(at, day, zone)
        if kept is None and schedule.every in {None, Grain.DAY}:
            return None
        at = kept or at
        gap = f"{plain.at:%H:%M} does not exist on {day}"
        why = f"{why}; {gap}" if why else gap
    if grain is Grain.ON_DEMAND:
        period = _period(grain, at.astimezone(zone).date(), zone, schedule.back)
    return Fire(schedule, at, period, why, skipped)


def _period(grain: Grain, day: date, zone: ZoneInfo, back: int) -> Period:
    """The last complete period on that day, or the one so many before it."""
    period = Period.last_complete(day, grain)
    if grain is Grain.DAY:
        begin, end = period.bounds(zone)
        if begin == end:  # a zone that moved across the date line had no such day
            period = period.previous()
    return period.earlier(back)


def _on_its_day(gap_end: datetime, day: date, zone: ZoneInfo) -> datetime | None:
    """Where a time in a gap is made up for on its own day.

    It is the end of the gap; if that lies on the next day, the last whole minute before the
    gap; None if the gap swallows the day.
    """
    if gap_end.astimezone(zone).date() == day:
        return gap_end
    before = (gap_end - timedelta(seconds=1)).astimezone(zone)
    if before.date() == day:
        return before.replace(second=0).astimezone(UTC)
    return None


def _plain_times(schedule: Schedule, zone: ZoneInfo, first: date, last: date) -> Iterator[_Plain]:
    if schedule.every is None:
        yield from _cron_times(schedule.cron, zone, first, last)
        return
    period = Period.containing(first, schedule.every)
    while period.start <= last:
        yield _plain_day(schedule, period)
        period = period.next()


def _plain_day(schedule: Schedule, period: Period) -> _Plain:
    """The day that ``on`` names within a period of ``every``."""
    on, days = schedule.on, (period.end - period.start).days
    if on.endswith("business day"):
        count = range(days + 1) if on.startswith("first") else range(days, -1, -1)
        inside = [period.start + timedelta(days=number) for number in count]
        found = next((day for day in inside if is_business_day(schedule.calendar, day)), None)
        why = "" if found else f"{period} has no business day"
        return _Plain(found or inside[0], schedule.at, on_no_day=why)
    if on == "last day":
        offset = days
    elif on.isdigit():
        offset = min(int(on) - 1, days)
    else:
        names = [name[:3] for name in WEEKDAYS]
        offset = names.index(on) if on else 0
    return _Plain(period.start + timedelta(days=offset), schedule.at)


# -- business days


def is_business_day(calendar: str, day: date) -> bool:
    """Whether people work on that day: no weekend and no public holiday of the calendar.

    Args:
        calendar: a checked code; where empty, Monday to Friday are business days.
    """
    if not calendar:
        return day.weekday() < _SATURDAY
    return _holidays(calendar, day.year).is_working_day(day)


def no_business_day_because(calendar: str, day: date) -> str:
    """Why nobody works then: "2026-10-03 is a holiday (개천절)", "2026-10-04 is a Sunday"."""
    name = _holidays(calendar, day.year).get(day) if calendar else None
    return f"{day} is a " + (f"holiday ({name})" if name else WEEKDAYS[day.weekday()].title())


def _moved(schedule: Schedule, period: Period, plain: _Plain) -> tuple[date, str, str]:
    """The day on which a time is due, why it was moved there, and why it is skipped instead."""
    day, calendar, shift = plain.day, schedule.calendar, schedule.shift
    if plain.on_no_day and shift == "none":
        return day, "", plain.on_no_day
    if shift == "none" or is_business_day(calendar, day):
        return day, "", ""
    why = plain.on_no_day or no_business_day_because(calendar, day)
    if shift == "skip":
        return day, "", why
    moved = _nearest(calendar, day, -1 if shift == "previous" else 1)
    if period.ended(moved):
        return moved, why, ""
    why += f", and {period} has not ended on {moved}, the business day before"
    return _nearest(calendar, day, 1), why, ""


def _nearest(calendar: str, day: date, step: int) -> date:
    """The nearest business day after the day, or with a step of -1 before it."""
    day += timedelta(days=step)
    while not is_business_day(calendar, day):
        day += timedelta(days=step)
    return day


@cache
def _holidays(calendar: str, year: int) -> HolidayBase:
    """The public holidays of one year, named in the country's own language.

    Where the library does not know the year, there are weekends and no holidays. The language
    is given because the library would ask the environment.
    """
    import holidays

    country, _, part = calendar.partition("-")
    entity = getattr(holidays, country)
    years = [year] if entity.start_year <= year <= entity.end_year else []
    return holidays.country_holidays(
        country, part or None, years, expand=False, language=entity.default_language
    )


def check_calendar(code: str) -> str:
    """Check the code of a calendar: a country such as KR, or a part of one such as DE-BE.

    Returns:
        The code.

    Raises:
        ValueError: the code is unknown; names the nearest ones.
    """
    import holidays
    from holidays.registry import COUNTRIES

    country, _, part = code.partition("-")
    countries = {names[1] for names in COUNTRIES.values()}
    if country not in countries:
        near = get_close_matches(country.upper(), sorted(countries), 3)
        guess = f"; did you mean {' or '.join(near)}?" if near else ""
        raise ValueError(
            f"{code!r} is no calendar; write the two letters of a country (ISO 3166: KR) or of "
            f"a part of it (DE-BE){guess}"
        )
    if code == country:
        return code  # without a look at its parts, for which the library loads every country
    parts = getattr(holidays, country).subdivisions
    if part not in parts:
        known = f"it has {', '.join(parts)}" if parts else "it has no parts with own holidays"
        raise ValueError(f"{code!r} is no calendar: {country} has no part {part!r}; {known}")
    return code


# -- cron expressions


def _cron_times(text: str, zone: ZoneInfo, first: date, last: date) -> Iterator[_Plain]:
    """The times of a cron expression.

    As in Debian's cron, an expression with a star for minutes or hours runs in real time, any
    other once for each time on the wall.
    """
    minute, hour, *_ = text.split()
    real_time = minute.startswith("*") or hour.startswith("*")
    start = datetime.combine(first, time(), zone if real_time else None) - timedelta(minutes=1)
    for local in CronSim(_as_numbers(text), start):
        if local.date() > last:
            return
        yield _Plain(local.date(), local.time())


def _as_numbers(text: str) -> str:
    """Weekdays as cronsim counts them, so that a range may end on a Sunday."""
    return text.replace("-sun", "-7")


def check_cron(text: str) -> str:
    """Check a five-field cron expression; weekdays by name only.

    Schedulers disagree whether 0 is Sunday or Monday, so numbers are refused there.

    Returns:
        The expression with single spaces and lower-case names.

    Raises:
        ValueError: names the field and what is wrong with it.
    """
    fields = text.lower().split()
    if len(fields) != len(_CRON_FIELDS):
        raise ValueError(
            f"{text!r} has {len(fields)} fields, a cron expression has five: "
            "minute, hour, day of month, month, day of week"
        )
    for place, (field, (name, low, high, allowed)) in enumerate(
        zip(fields, _CRON_FIELDS, strict=True)
    ):
        if name == "day of week" and re.search(r"(?<!#)\d|/", field):
            raise ValueError(
                f"the {name} field is {field!r}; programs disagree about the numbers of "
                f"weekdays and where steps begin, so list names: {allowed}"
            )
        if any(int(step) > high - low for step in re.findall(r"/(\d+)", field)):
            raise ValueError(f"the {name} field is {field!r}, with a step beyond its range")
        alone = ["*"] * len(fields)
        alone[place] = field
        _parse(
            " ".join(alone), f"the {name} field is {field!r}; allowed: {allowed}, *, lists, ranges"
        )
    tidied = " ".join(fields)
    _parse(tidied, f"{tidied!r} never comes: none of its months has such a day of month")
    return tidied


def _parse(text: str, otherwise: str) -> None:
    try:
        CronSim(_as_numbers(text), datetime(2026, 1, 1, tzinfo=UTC))
    except (CronSimError, ValueError):
        raise ValueError(otherwise) from None

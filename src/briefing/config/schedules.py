"""The entries of ``schedules`` in config.yaml: plain words, checked and made into schedules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BaseModel, ConfigDict, Field

from briefing import editions
from briefing.calendars import WEEKDAYS, check_calendar, check_cron
from briefing.config.reading import KeyPath, Positions
from briefing.errors import Problem, UsageError
from briefing.periods import Grain, Period, periods_back
from briefing.structures import CatchUp, Overlap, Project, Schedule, Shift

GrainName = Literal[
    "day",
    "week",
    "month",
    "quarter",
    "half",
    "year",
    "year-from-february",
    "year-from-march",
    "year-from-april",
    "year-from-may",
    "year-from-june",
    "year-from-july",
    "year-from-august",
    "year-from-september",
    "year-from-october",
    "year-from-november",
    "year-from-december",
]
"""The grains of the calendar; a fiscal year begins on the first of the month that it names."""
Read = TypeVar("Read")


class ScheduleKeys(BaseModel):
    """One entry of ``schedules``; docs/howto/schedules.md has examples."""

    model_config = ConfigDict(extra="forbid", strict=True)

    report: str
    """Which report, by the name of its folder."""
    every: GrainName | None = None
    """How often it is due; not more often than the report has periods."""
    on: str | int = ""
    """The day within ``every``: ``first business day``, ``last business day``, ``last day``, a
    number such as 15 (a month without that day: its last), or for a week a weekday's name; the
    first day where not given."""
    at: str | int = "08:00"
    """The time of day on the wall, in ``timezone``."""
    cron: str = ""
    """In place of ``every``, ``on`` and ``at``: minute, hour, day of month, month, day of week
    (weekdays by name)."""
    timezone: str = ""
    """IANA name of the zone of ``at`` and of the periods; the project's where not given."""
    calendar: str = ""
    """Whose public holidays are no business days: a country (``KR``) or a part of one
    (``DE-BE``); without it, Monday to Friday are business days."""
    shift: Shift = "none"
    """Where a due day goes that is no business day: the next one, the previous one, ``skip`` (it
    is recorded as skipped), or ``none`` (it stays)."""
    period: str = "last"
    """Which period is reported on: ``last`` (the last complete one), ``last-1`` (the one before
    it), or ``the month before``, which is ``last`` of a monthly report."""
    since: str | int = ""
    """From when on periods are owed, a day (``2026-01-15``) or a period (``2026-01``: its first
    day); without it, a new schedule owes only the latest ended one."""
    catch_up: CatchUp = "latest"
    """Which periods are made when several were missed."""
    catch_up_window: str | int = ""
    """How late a missed period is still made, such as ``14 days``; however late where
    not given."""
    overlap: Overlap = "queue"
    """What happens when one is due while the one before is still being made."""
    timeout: str | int = "10 minutes"
    """How long one attempt may take."""
    memory: str = ""
    """How much memory one attempt may use, such as ``2 GB``."""
    retry: str | list[str] = ["1 minute", "5 minutes"]
    """The waits between attempts; ``[]`` for a single attempt."""
    editions: Literal["all"] | list[str] = "all"
    """Values of the report's parameter."""
    languages: Literal["all"] | list[str] = "all"
    """Languages, of the project's."""
    formats: list[Literal["pdf", "html"]] = Field(default=["pdf", "html"], min_length=1)
    """Which files are delivered."""


def read_schedules(
    entries: Sequence[ScheduleKeys],
    grains: Mapping[str, Grain],
    languages: Sequence[str],
    timezone: str,
    positions: Positions,
) -> tuple[tuple[Schedule, ...], list[Problem]]:
    """Every entry as a schedule, in order, and all that is wrong with them.

    Args:
        grains: the grain of each report that could be read.
        languages: the project's.
        timezone: the project's.
        positions: where each key stands in config.yaml.
    """
    found: list[Problem] = []
    schedules = []
    for index, keys in enumerate(entries):
        entry = _Entry(index, keys, positions, found)
        schedules.append(_schedule(entry, grains.get(keys.report), languages, timezone))
    return tuple(schedules), [*found, *_owed_twice(schedules, languages, positions)]


def unknown_editions(project: Project, positions: Positions) -> list[Problem]:
    """The editions that a schedule names and its report does not have."""
    found = []
    for index, schedule in enumerate(project.schedules):
        path = ("schedules", index, "editions")
        known = [*project.reports[schedule.report].parameters.values()]
        try:
            values = editions.parameter_values(project, known[0]) if known else []
        except UsageError:
            continue  # the report's own problem, which says more when it is rehearsed
        remedy = (
            f"It has {', '.join(values)}." if values else "It has no parameter; remove the key."
        )
        found += [
            positions.problem(path, f"{schedule.report} has no edition {name!r}", remedy)
            for name in schedule.editions
            if name not in values
        ]
    return found


# -- one entry


@dataclass
class _Entry:
    """One entry while it is read, and where its problems go."""

    index: int
    keys: ScheduleKeys
    positions: Positions
    problems: list[Problem] = field(repr=False)

    @property
    def line(self) -> int:
        return self.positions.line(("schedules", self.index))

    def wrong(self, key: str, what: str, remedy: str) -> None:
        path: KeyPath = ("schedules", self.index, key) if key else ("schedules", self.index)
        self.problems.append(self.positions.problem(path, what, remedy))

    def given(self, key: str) -> bool:
        return key in self.keys.model_fields_set

    def read(self, key: str, reader: Callable[[Any], Read], otherwise: Read) -> Read:
        """The value of a key; what is not given, or wrong, is something else."""
        value = getattr(self.keys, key)
        if value == "":
            return otherwise
        try:
            return reader(value)
        except ValueError as error:
            self.wrong(key, str(error), _REMEDIES[key])
            return otherwise


_DURATION = 'Write it as "10 minutes", "36 hours" or "14 days".'
_REMEDIES = {
    "on": "Write `first business day`, `last business day`, `last day`, a number such as 15, or "
    "for `every: week` a weekday such as mon.",
    "at": 'Write it as "08:00".',
    "cron": 'An example: "30 6 * * mon-fri".',
    "timezone": "Any name of the IANA list will do.",
    "calendar": "docs/howto/schedules.md says what a calendar is for.",
    "period": "Write `last`, or `last-1` for the one before it.",
    "since": "Write a day, 2026-01-15, or a period, 2026-01.",
    "catch_up_window": _DURATION,
    "timeout": _DURATION,
    "retry": 'Write a list such as ["1 minute", "5 minutes"].',
    "memory": 'Write it as "2 GB" or "1536 MiB".',
}


def _schedule(
    entry: _Entry, grain: Grain | None, languages: Sequence[str], timezone: str
) -> Schedule:
    keys = entry.keys
    every = Grain(keys.every) if keys.every else None
    _check_recurrence(entry, every, grain)
    _check_calendar_is_used(entry)
    _check_languages(entry, languages)
    return Schedule(
        report=keys.report,
        line=entry.line,
        every=every,
        on=entry.read("on", lambda on: _day_within(on, every), "") if every else "",
        at=entry.read("at", _time_of_day, time(8)),
        cron=entry.read("cron", check_cron, ""),
        timezone=entry.read("timezone", zone_name, timezone),
        calendar=entry.read("calendar", check_calendar, ""),
        shift=keys.shift,
        back=entry.read("period", lambda text: _back(text, grain), 0),
        since=entry.read("since", lambda text: Period.parse(str(text)).start, None),
        catch_up=keys.catch_up,
        catch_up_window=entry.read("catch_up_window", _duration, None),
        overlap=keys.overlap,
        timeout=entry.read("timeout", _duration, timedelta(minutes=10)),
        memory=entry.read("memory", amount_of_memory, None),
        retry=entry.read("retry", _waits, ()),
        editions=_listed(keys.editions),
        languages=_listed(keys.languages),
        formats=_listed([*keys.formats]),
    )


def _check_recurrence(entry: _Entry, every: Grain | None, grain: Grain | None) -> None:
    """Whether the entry says when it is due, once, and not more often than there are periods."""
    keys = entry.keys
    if every is None and not keys.cron:
        entry.wrong("", "nothing says when the report is due", "Add `every`, such as month.")
    if keys.cron:
        for key in ("every", "on", "at"):
            if entry.given(key):
                remedy = f"Keep `cron`, which says it all, or `{key}` without `cron`."
                entry.wrong(key, f"`{key}` stands beside `cron`", remedy)
    elif every is None and entry.given("on"):
        entry.wrong("on", "a day of what is not said", "Add `every`, such as month.")
    if every and grain and every.days < grain.days:
        entry.wrong(
            "every",
            f"it is due every {every}, and {keys.report} has one period a {grain}: "
            "the same issue would be asked for again",
            f"Write `every: {grain}`, or a longer one.",
        )


def _check_calendar_is_used(entry: _Entry) -> None:
    """Whoever names a calendar expects that holidays make a difference."""
    on = str(entry.keys.on)
    if entry.keys.calendar and not entry.given("shift") and "business" not in on:
        entry.wrong(
            "calendar",
            "holidays make no difference to this schedule",
            "Add `shift: next`, `previous` or `skip`, or `on: first business day`; "
            "`shift: none` if it is due on holidays too.",
        )


def _check_languages(entry: _Entry, languages: Sequence[str]) -> None:
    for key in ("editions", "languages"):
        if getattr(entry.keys, key) == []:
            entry.wrong(key, "the list is empty", "Write `all`, or leave the key out.")
    for language in _listed(entry.keys.languages):
        if language not in languages:
            what = f"the project is not made in {language!r}"
            entry.wrong("languages", what, f"Its languages: {', '.join(languages)}.")


def _owed_twice(
    schedules: Sequence[Schedule], languages: Sequence[str], positions: Positions
) -> Iterator[Problem]:
    """Two entries that would ask for the same issue: the ledger has one row for it."""
    for index, later in enumerate(schedules):
        for earlier in schedules[:index]:
            spoken = set(later.languages or languages) & set(earlier.languages or languages)
            both = set(later.editions) & set(earlier.editions)
            some = not later.editions or not earlier.editions or both
            if later.report == earlier.report and spoken and some:
                yield positions.problem(
                    ("schedules", index, "report"),
                    f"{later.report} has a schedule already, in line {earlier.line}, "
                    "for the same editions and languages",
                    "Keep one of them, or give each its own `editions` or `languages`.",
                )
                break


# -- words

_LEAST_MEMORY = 10**9  # of addresses, of which a child with its libraries has some 800 MB


def zone_name(name: str) -> str:
    """Check the IANA name of a time zone.

    Raises:
        ValueError: there is no such zone; names the nearest one.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(name, sorted(available_timezones()), 1, cutoff=0.8)
        guess = f" (did you mean {near[0]}?)" if near else ""
        raise ValueError(f"{name!r} is no time zone{guess}; write it as Asia/Seoul") from None
    return name


def _listed(names: Literal["all"] | Sequence[str]) -> tuple[str, ...]:
    return () if names == "all" else tuple(dict.fromkeys(names))


def _day_within(on: str | int, every: Grain) -> str:
    words = " ".join(str(on).lower().split())
    if every is Grain.DAY:
        raise ValueError("a day has no days within it; remove `on`")
    if words in {"first business day", "last business day", "last day"}:
        return words
    if words == "first day":
        return ""
    named = [name[:3] for name in WEEKDAYS if len(words) > 2 and name.startswith(words)]
    if named:
        if every is Grain.WEEK:
            return named[0]
        raise ValueError(f"{words!r} is a day of the week, which fits `every: week` only")
    return _number_within(words, every)


def _number_within(words: str, every: Grain) -> str:
    if not re.fullmatch(r"\d{1,3}", words, re.ASCII):
        raise ValueError(f"{words!r} is no day of a {every}")
    if every is Grain.WEEK:
        raise ValueError(
            f"the weekday is the number {words}; programs disagree which day that is, "
            "so it is written by name"
        )
    longest = {1: 31, 3: 92, 6: 184, 12: 366}[every.months]
    if not 1 <= int(words) <= longest:
        raise ValueError(f"{words} is no day of a {every}, which has 1 to {longest}")
    return str(int(words))


def _time_of_day(text: str | int) -> time:
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", str(text), re.ASCII)
    if match is None:
        raise ValueError(f"{str(text)!r} is no time of day")
    return time(int(match[1]), int(match[2]))


def _back(text: str, grain: Grain | None) -> int:
    if grain is None:  # the report itself has a problem
        return 0
    back = periods_back(text, grain)
    if back is None:
        raise ValueError(f"{text!r} does not say which period is meant, as seen from a due day")
    return back


def _waits(waits: str | list[str]) -> tuple[timedelta, ...]:
    return tuple(_duration(wait) for wait in ([waits] if isinstance(waits, str) else waits))


def _duration(text: str | int) -> timedelta:
    match = re.fullmatch(r"(\d{1,6}) (second|minute|hour|day|week)s?", str(text), re.ASCII)
    if match is None or int(match[1]) == 0:
        raise ValueError(f"{text!r} is no length of time")
    return timedelta(**{f"{match[2]}s": int(match[1])})


def amount_of_memory(text: str) -> int:
    """The bytes of "2 GB" or "1536 MiB".

    Raises:
        ValueError: it is no such amount, or too little.
    """
    sizes = {"MB": 10**6, "GB": 10**9, "MiB": 2**20, "GiB": 2**30}
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?) ?(MB|GB|MiB|GiB)", text, re.ASCII)
    if match is None or not Decimal(match[1]):
        raise ValueError(f"{text!r} is no amount of memory")
    found = int(Decimal(match[1]) * sizes[match[2]])
    if found < _LEAST_MEMORY:
        raise ValueError(f"{text!r} is too little: the libraries alone take most of 1 GB")
    return found

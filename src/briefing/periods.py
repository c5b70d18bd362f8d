"""Calendar periods: the stretch of time that a report is about."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Grain(StrEnum):
    """How long a period is; ``on-demand`` reports have the single day they were asked for."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ON_DEMAND = "on-demand"


_FORMS: dict[Grain, re.Pattern[str]] = {
    Grain.DAY: re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII),
    Grain.WEEK: re.compile(r"(\d{4})-W(\d{2})", re.ASCII),
    Grain.MONTH: re.compile(r"(\d{4})-(\d{2})", re.ASCII),
    Grain.QUARTER: re.compile(r"(\d{4})-Q([1-4])", re.ASCII),
    Grain.YEAR: re.compile(r"(\d{4})", re.ASCII),
}
FORMS_FOR_PEOPLE = "2026-10-21, 2026-W43, 2026-10, 2026-Q3 or 2026"


def _month(year: int, month: int) -> tuple[date, date]:
    start = date(year, month, 1)
    return start, _month_start(start, 1) - timedelta(days=1)


def _month_start(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def _week(year: int, week: int) -> tuple[date, date]:
    start = date.fromisocalendar(year, week, 1)
    return start, start + timedelta(days=6)


def _quarter(year: int, quarter: int) -> tuple[date, date]:
    return date(year, 3 * quarter - 2, 1), _month(year, 3 * quarter)[1]


@dataclass(frozen=True, order=True)
class Period:
    """A stretch of whole days, ``start`` to ``end``, both inside it.

    Attributes:
        start: first day.
        end: last day; the default as-of day.
        grain: its length.
    """

    start: date
    end: date
    grain: Grain

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read a period as people write it: 2026-10-21, 2026-W43, 2026-10, 2026-Q3, 2026.

        Raises:
            ValueError: the text is no period, or names a day, week or month that does not exist.
        """
        for grain, form in _FORMS.items():
            if match := form.fullmatch(text):
                try:
                    return cls._of(grain, *(int(group) for group in match.groups()))
                except ValueError as error:
                    raise ValueError(f"{text!r} is not in the calendar: {error}") from None
        raise ValueError(f"{text!r} is no period; write it as {FORMS_FOR_PEOPLE}")

    @classmethod
    def _of(cls, grain: Grain, *numbers: int) -> Period:
        if grain is Grain.DAY:
            day = date(*numbers)
            return cls(day, day, grain)
        if grain is Grain.YEAR:
            return cls(date(numbers[0], 1, 1), date(numbers[0], 12, 31), grain)
        bounds: Callable[[int, int], tuple[date, date]]
        bounds = {Grain.WEEK: _week, Grain.MONTH: _month, Grain.QUARTER: _quarter}[grain]
        start, end = bounds(numbers[0], numbers[1])
        return cls(start, end, grain)

    @classmethod
    def containing(cls, day: date, grain: Grain) -> Period:
        """The period of this grain that holds the day."""
        if grain in {Grain.DAY, Grain.ON_DEMAND}:
            return cls(day, day, grain)
        if grain is Grain.WEEK:
            iso = day.isocalendar()
            return cls._of(grain, iso.year, iso.week)
        if grain is Grain.MONTH:
            return cls._of(grain, day.year, day.month)
        if grain is Grain.QUARTER:
            return cls._of(grain, day.year, (day.month + 2) // 3)
        return cls._of(grain, day.year)

    @classmethod
    def last_complete(cls, today: date, grain: Grain) -> Period:
        """The latest period of this grain that had ended before today began.

        An on-demand period is today itself.
        """
        current = cls.containing(today, grain)
        return current if grain is Grain.ON_DEMAND else current.previous()

    def previous(self) -> Period:
        """The period just before, of the same grain."""
        return self.containing(self.start - timedelta(days=1), self.grain)

    def next(self) -> Period:
        """The period just after, of the same grain."""
        return self.containing(self.end + timedelta(days=1), self.grain)

    def same_last_year(self) -> Period:
        """The same month, quarter, ISO week or day a year before.

        Week 53 and 29 February have no counterpart in most years: the last week of the year
        and 28 February stand in.
        """
        year = self.start.year - 1
        if self.grain is Grain.WEEK:
            iso = self.start.isocalendar()
            weeks = date(iso.year - 1, 12, 28).isocalendar().week
            return self._of(Grain.WEEK, iso.year - 1, min(iso.week, weeks))
        leap_day = (self.start.month, self.start.day) == (2, 29)
        day = 28 if leap_day else self.start.day
        return self.containing(date(year, self.start.month, day), self.grain)

    def contains(self, day: date) -> bool:
        """Whether the day lies in the period."""
        return self.start <= day <= self.end

    def ended(self, today: date) -> bool:
        """Whether the period was over before today began; on-demand periods always are."""
        return self.grain is Grain.ON_DEMAND or self.end < today

    def __str__(self) -> str:
        if self.grain is Grain.WEEK:
            iso = self.start.isocalendar()
            return f"{iso.year:04}-W{iso.week:02}"
        if self.grain is Grain.MONTH:
            return self.start.isoformat()[:7]
        if self.grain is Grain.QUARTER:
            return f"{self.start.year:04}-Q{(self.start.month + 2) // 3}"
        if self.grain is Grain.YEAR:
            return f"{self.start.year:04}"
        return self.start.isoformat()


_CRON_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    (
        "month",
        1,
        12,
        tuple("jan feb mar apr may jun jul aug sep oct nov dec".split()),
    ),
    ("day of week", 0, -1, tuple("mon tue wed thu fri sat sun".split())),
)


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
    for field, (name, low, high, names) in zip(fields, _CRON_FIELDS, strict=True):
        for part in field.split(","):
            _check_cron_part(part, name, low, high, names)
    return " ".join(fields)


def _check_cron_part(part: str, name: str, low: int, high: int, names: tuple[str, ...]) -> None:
    head, _, step = part.partition("/")
    if "/" in part and not (step.isdigit() and int(step) > 0):
        raise ValueError(f"the {name} field has the step {step!r}, which is no whole number")
    if head == "*":
        _check_step(step, name, (len(names) if high < low else high - low + 1) - 1)
        return
    for end in head.split("-", 1):
        if end in names or (end.isdigit() and low <= int(end) <= high):
            continue
        allowed = ", ".join(names) if high < low else f"{low} to {high}"
        raise ValueError(f"the {name} field has {end!r}; allowed: {allowed}, *, ranges and steps")
    first, _, last = head.partition("-")
    if last and _place(first, names) > _place(last, names):
        raise ValueError(f"the {name} field has the range {head!r}, which runs backwards")
    if step and (first in names or last in names):
        raise ValueError(f"the {name} field has a step after names; list the names instead")
    if step:
        _check_step(step, name, int(last) - int(first) if last else high - int(first))


def _check_step(step: str, name: str, room: int) -> None:
    if step and int(step) > room:
        raise ValueError(f"the {name} field has the step {step}, beyond its range")


def _place(end: str, names: tuple[str, ...]) -> int:
    """Where a number or name stands; a name counts from 1, as month numbers do."""
    return names.index(end) + 1 if end in names else int(end)

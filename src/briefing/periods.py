"""Calendar periods: the stretch of time that a report is about."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_MONTH_NAMES = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_FISCAL = "year-from-"
_MIDNIGHT = time()


class Grain(StrEnum):
    """How long a period is; ``on-demand`` reports have the single day they were asked for.

    A fiscal year starts on the first of the month that its name says.
    """

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"
    YEAR_FROM_FEBRUARY = "year-from-february"
    YEAR_FROM_MARCH = "year-from-march"
    YEAR_FROM_APRIL = "year-from-april"
    YEAR_FROM_MAY = "year-from-may"
    YEAR_FROM_JUNE = "year-from-june"
    YEAR_FROM_JULY = "year-from-july"
    YEAR_FROM_AUGUST = "year-from-august"
    YEAR_FROM_SEPTEMBER = "year-from-september"
    YEAR_FROM_OCTOBER = "year-from-october"
    YEAR_FROM_NOVEMBER = "year-from-november"
    YEAR_FROM_DECEMBER = "year-from-december"
    ON_DEMAND = "on-demand"

    @property
    def first_month(self) -> int:
        """The month with which its years begin: 1, or 2 to 12 for a fiscal year."""
        name = self.removeprefix(_FISCAL)
        return _MONTH_NAMES.index(name) + 1 if name != self else 1

    @property
    def fiscal(self) -> bool:
        """Whether it is a year that does not begin in January."""
        return self.first_month > 1

    @property
    def months(self) -> int:
        """How many whole months one lasts; 0 for what is counted in days."""
        return {"month": 1, "quarter": 3, "half": 6, "year": 12}.get(self, 12 * self.fiscal)

    @property
    def days(self) -> int:
        """The fewest days that one lasts."""
        return {0: 1, 1: 28, 3: 90, 6: 181, 12: 365}[self.months] if self != "week" else 7


_FORMS: dict[str, re.Pattern[str]] = {
    "day": re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII),
    "week": re.compile(r"(\d{4})-W(\d{2})", re.ASCII),
    "month": re.compile(r"(\d{4})-(\d{2})", re.ASCII),
    "quarter": re.compile(r"(\d{4})-Q([1-4])", re.ASCII),
    "half": re.compile(r"(\d{4})-H([12])", re.ASCII),
    "year": re.compile(r"(\d{4})", re.ASCII),
    "fiscal year": re.compile(r"FY(\d{4})-(\d{2})", re.ASCII),
}
FORMS_FOR_PEOPLE = (
    "2026-10-21, 2026-W43, 2026-10, 2026-Q3, 2026-H2, 2026, or FY2026-04 for the year from April"
)
_BACK = re.compile(r"last(?:-(\d{1,4}))?|the ([a-z-]+) before", re.ASCII)


def _index(day: date) -> int:
    """The month of a day, counted from the year 0."""
    return day.year * 12 + day.month - 1


def _first_day(index: int) -> date:
    return date(index // 12, index % 12 + 1, 1)


def _last_day(index: int) -> date:
    first = _first_day(index)
    return first.replace(day=monthrange(first.year, first.month)[1])


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
        """Read a period as people write it: 2026-10-21, 2026-W43, 2026-10, 2026-Q3, FY2026-04.

        The text alone tells the grain.

        Raises:
            ValueError: the text is no period, or names a day, week or month that does not exist.
        """
        for form, pattern in _FORMS.items():
            if match := pattern.fullmatch(text):
                try:
                    return cls._read(form, *(int(group) for group in match.groups()))
                except (ValueError, OverflowError) as error:
                    raise ValueError(f"{text!r} is not in the calendar: {error}") from None
        raise ValueError(f"{text!r} is no period; write it as {FORMS_FOR_PEOPLE}")

    @classmethod
    def _read(cls, form: str, year: int, number: int = 1, day: int = 1) -> Period:
        if form == "week":
            return cls.containing(date.fromisocalendar(year, number, 1), Grain.WEEK)
        if form != "fiscal year":
            grain = Grain(form)
            month = (number - 1) * grain.months + 1 if grain.months else number
            return cls.containing(date(year, month, day), grain)
        first = date(year, number, 1)
        if number == 1:
            raise ValueError(f"a year that begins in January is written {year:04}")
        return cls.containing(first, Grain(_FISCAL + _MONTH_NAMES[number - 1]))

    @classmethod
    def asked(cls, text: str, today: date, grain: Grain) -> Period:
        """The period that a reader asks for, by name or by words that count back from today.

        Args:
            text: such as 2026-10, or ``last``, ``last-1``, ``the month before``.
            today: the day in the zone of the periods.
            grain: that of the report; only words depend on it.

        Raises:
            ValueError: the text is no period, or asks for another grain than the report's.
        """
        back = periods_back(text, grain)
        if back is None:
            return cls.parse(text)
        return cls.last_complete(today, grain).earlier(back)

    @classmethod
    def containing(cls, day: date, grain: Grain) -> Period:
        """The period of this grain that holds the day."""
        if grain is Grain.WEEK:
            start = day - timedelta(days=day.weekday())
            return cls(start, start + timedelta(days=6), grain)
        if not grain.months:
            return cls(day, day, grain)
        index = _index(day)
        index -= (index - grain.first_month + 1) % grain.months
        return cls(_first_day(index), _last_day(index + grain.months - 1), grain)

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

    def earlier(self, count: int) -> Period:
        """The period so many before this one, of the same grain.

        Raises:
            ValueError: it would lie before the first year of the calendar.
        """
        period = self
        try:
            for _ in range(count):
                period = period.previous()
        except (ValueError, OverflowError):
            raise ValueError(f"{count} periods before {self} there is no calendar") from None
        return period

    def same_last_year(self) -> Period:
        """The same month, quarter, ISO week or day a year before.

        Week 53 and 29 February have no counterpart in most years: the last week of the year
        and 28 February stand in.
        """
        if self.grain is Grain.WEEK:
            year, week, _ = self.start.isocalendar()
            last = date(year - 1, 12, 28).isocalendar().week
            return self._read("week", year - 1, min(week, last))
        leap_day = (self.start.month, self.start.day) == (2, 29)
        day = self.start.replace(year=self.start.year - 1, day=28 if leap_day else self.start.day)
        return self.containing(day, self.grain)

    def contains(self, day: date) -> bool:
        """Whether the day lies in the period."""
        return self.start <= day <= self.end

    def ended(self, today: date) -> bool:
        """Whether the period was over before today began; on-demand periods always are."""
        return self.grain is Grain.ON_DEMAND or self.end < today

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """When it begins, and when the period after it does, as instants in UTC.

        A day on which the clocks skip midnight begins where they go on.
        """
        after = self.end + timedelta(days=1)
        return instant(self.start, _MIDNIGHT, zone)[0], instant(after, _MIDNIGHT, zone)[0]

    def __str__(self) -> str:
        start = self.start
        if self.grain is Grain.WEEK:
            iso = start.isocalendar()
            return f"{iso.year:04}-W{iso.week:02}"
        if self.grain is Grain.MONTH:
            return start.isoformat()[:7]
        if self.grain in {Grain.QUARTER, Grain.HALF}:
            letter, number = self.grain[0].upper(), (start.month - 1) // self.grain.months + 1
            return f"{start.year:04}-{letter}{number}"
        if self.grain is Grain.YEAR:
            return f"{start.year:04}"
        return f"FY{start.isoformat()[:7]}" if self.grain.fiscal else start.isoformat()


def periods_back(text: str, grain: Grain) -> int | None:
    """How many periods before the last complete one such words mean; None where they are no words.

    ``last`` and ``the month before`` are the last complete one, ``last-1`` the one before it.

    Args:
        text: as the reader wrote it.
        grain: that of the report.

    Raises:
        ValueError: the words name another grain than the report's.
    """
    match = _BACK.fullmatch(" ".join(text.lower().split()))
    if match is None:
        return None
    count, named = match.groups()
    own = "year" if grain.fiscal else str(grain)
    if named is None or named in {own, str(grain)}:
        return int(count or 0)
    instead = "last" if grain is Grain.ON_DEMAND else f"the {own} before"
    raise ValueError(
        f"{text!r} does not fit a report with the grain {grain}; write {instead!r} or 'last-1'"
    )


def instant(day: date, at: time, zone: ZoneInfo) -> tuple[datetime, bool]:
    """When a clock on the wall shows that time, in UTC, and whether it ever does.

    Of a time that comes twice, as clocks are set back, the first is meant, with ``fold=1`` the
    second. A time that clocks skip as they are set forward has the instant at which they go on.

    Args:
        day: the local day; a time that is skipped may go on on the next one.
        at: without a zone.
        zone: where the clock hangs.
    """
    local = datetime.combine(day, at, zone)
    found = local.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return found, True
    # PEP 495: fold=0 reads a skipped time with the offset before the gap, fold=1 with the one after
    low, high = (local.replace(fold=fold).astimezone(UTC) for fold in (1, 0))
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high, False

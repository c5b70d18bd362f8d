"""Days and issues as the tests name them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo(f"Etc/GMT{datetime.now(UTC).hour - 12:+}")  # noqa: TID251
"""Every newsroom's zone: one in which it is about noon, so that no test runs over midnight."""


def today() -> date:
    """The day in the newsrooms' zone."""
    return datetime.now(ZONE).date()  # noqa: TID251


def days_ago(count: int) -> date:
    """So many days before today."""
    return today() - timedelta(days=count)


def issue(name: str = "daily", edition: str = "en", day: date | None = None) -> str:
    """The issue about yesterday, or about another day: report/period/edition."""
    return f"{name}/{day or days_ago(1)}/{edition}"


def editions(count: int, name: str = "daily", day: date | None = None) -> list[str]:
    """The issues of a report with an edition for each branch."""
    return [issue(name, f"b{number:04}-en", day) for number in range(1, count + 1)]


def days(first: date, last: date, name: str = "daily") -> list[str]:
    """The issues about every day from the first to the last."""
    return [
        issue(name, day=first + timedelta(days=number)) for number in range((last - first).days + 1)
    ]

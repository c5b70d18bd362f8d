"""A rehearsal's clock that a test can set while schedulers run by it."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from tests.faults.days import ZONE
from tests.faults.newsroom import Newsroom

NOON = datetime(2026, 3, 10, 12, tzinfo=ZONE)
"""When every rehearsal begins."""


class Clock:
    """The rehearsal's clock: noon of 10 March when it is made, and jumps as it is told to."""

    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom = newsroom
        self._epoch = time.time()  # noqa: TID251
        self.jumped = 0.0

    @property
    def options(self) -> tuple[str, ...]:
        return ("--tick", "0.1", "--start", NOON.isoformat(), "--epoch", str(self._epoch))

    def jump(self, seconds: float) -> None:
        """Set it forward, or back."""
        self.jumped += seconds
        file = self._newsroom.root / "clock.txt"
        making = file.with_suffix(".new")
        making.write_text(str(self.jumped), encoding="ascii")
        making.rename(file)

    def set(self, moment: datetime) -> float:
        """Set it to a moment; the machine's clock at which it says so."""
        now = time.time()  # noqa: TID251
        says = NOON + timedelta(seconds=now - self._epoch + self.jumped)
        self.jump((moment - says).total_seconds())
        return now

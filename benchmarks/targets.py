"""What has to be reached, and whether it was: missed only where the whole spread misses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmarks.spreads import Spread

Of = Literal["seconds", "throughput", "megabytes", "size", "exponent"]
Verdict = Literal["reached", "within the spread", "missed", "not measured"]


@dataclass(frozen=True)
class Target:
    """A limit for one contender, as a ratio to another or by itself.

    Attributes:
        ours: name of the contender that has to reach it.
        peer: name of the one it is compared with; empty for a limit of its own.
        limit: of the ratio, or in the unit of what is limited.
        of: what is compared; of "throughput", more is better, of the others, less.
        aim: a further limit that is hoped for; None where there is none.
    """

    ours: str
    peer: str
    limit: float
    of: Of = "seconds"
    aim: float | None = None

    @property
    def at_least(self) -> bool:
        """Whether more is better."""
        return self.of == "throughput"

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        what = "" if self.of == "seconds" else f"{self.of} "
        of = f" × {self.peer}" if self.peer else {"megabytes": " MB"}.get(self.of, "")
        aim = f" (aim: {self.aim:g})" if self.aim is not None else ""
        return f"{self.ours}: {what}{sign} {self.limit:g}{of}{aim}"


def verdict(target: Target, reached: Spread | None) -> Verdict:
    """Whether the limit was reached; None where nothing was measured."""
    if reached is None:
        return "not measured"
    if target.at_least:
        median, best, limit = -reached.median, -reached.high, -target.limit
    else:
        median, best, limit = reached.median, reached.low, target.limit
    if median <= limit:
        return "reached"
    return "within the spread" if best <= limit else "missed"

"""Adds up what every fault did, for the table at the end."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.faults.witness import Account

_COLUMNS = (
    "injections",
    "issues expected",
    "published",
    "built more than once",
    "published twice",
    "lost",
)
Line = tuple[str, list[int]]


def line_of(fault: str, injections: int, account: Account) -> Line:
    """What one injection, or a series of them, did."""
    counts = [account.expected, account.published, account.built_again]
    return fault, [injections, *counts, len(account.twice), len(account.lost)]


@dataclass
class FaultTable:
    """The faults of a session, in the order in which they came first."""

    sums: dict[str, list[int]] = field(default_factory=dict)

    def add(self, line: Line) -> None:
        """Add a line to those of the same fault."""
        fault, counts = line
        before = self.sums.get(fault, [0] * len(_COLUMNS))
        self.sums[fault] = [one + other for one, other in zip(before, counts, strict=True)]

    def markdown(self) -> str:
        """The table."""
        lines = [f"| fault | {' | '.join(_COLUMNS)} |", "|---|" + "---:|" * len(_COLUMNS)]
        lines += [
            f"| {fault} | {' | '.join(map(str, counts))} |" for fault, counts in self.sums.items()
        ]
        return "\n".join(lines) + "\n"

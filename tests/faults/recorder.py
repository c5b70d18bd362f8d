"""Adds up what every fault did, for the table at the end."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.faults.witness import Account

_HEAD = (
    "| fault | injections | issues expected | published | built more than once "
    "| published twice | lost |"
)


@dataclass
class _Sum:
    injections: int = 0
    expected: int = 0
    published: int = 0
    built_again: int = 0
    twice: int = 0
    lost: int = 0


@dataclass
class FaultTable:
    """The faults of a session, in the order in which they came first."""

    sums: dict[str, _Sum] = field(default_factory=dict)

    def add(self, fault: str, injections: int, account: Account) -> None:
        """Add what one injection, or a series of them, did."""
        line = self.sums.setdefault(fault, _Sum())
        line.injections += injections
        line.expected += account.expected
        line.published += account.published
        line.built_again += account.built_again
        line.twice += len(account.twice)
        line.lost += len(account.lost)

    def markdown(self) -> str:
        """The table."""
        lines = [_HEAD, "|---|" + "---:|" * 6]
        lines += [
            f"| {fault} | {line.injections} | {line.expected} | {line.published} "
            f"| {line.built_again} | {line.twice} | {line.lost} |"
            for fault, line in self.sums.items()
        ]
        return "\n".join(lines) + "\n"

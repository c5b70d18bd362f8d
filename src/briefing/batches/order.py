"""In which order many issues are made: the longest first, so that none is begun last and alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from briefing.pipeline import Request
from briefing.structures import PUBLISHED, Project

if TYPE_CHECKING:
    from briefing.ledger import Ledger

_LOOKED_AT = 200
"""How many runs of a report are looked at, those touched last first."""


def longest_first(
    project: Project, ledger: Ledger | None, requests: Sequence[Request]
) -> list[int]:
    """The places of the requests, that of the longest first; as asked for where they are alike.

    How long an issue takes is known from the edition's last one in the ledger. What the ledger
    does not know is judged by the number of its figures.
    """
    reports = {request.edition.report for request in requests}
    known = _seconds(ledger, sorted(reports)) if ledger else {}
    figures = {name: len(project.reports[name].figures) + 1 for name in reports}
    rates = [seconds / figures[report] for (report, _), seconds in known.items()]
    rate = fmean(rates) if rates else 1.0

    def seconds(request: Request) -> float:
        edition = request.edition
        return known.get((edition.report, edition.name), rate * figures[edition.report])

    return sorted(range(len(requests)), key=lambda place: -seconds(requests[place]))


def _seconds(ledger: Ledger, reports: Iterable[str]) -> dict[tuple[str, str], float]:
    """How many seconds each edition took the last time."""
    found: dict[tuple[str, str], float] = {}
    for report in reports:
        for run in ledger.latest(report=report, states=[PUBLISHED], limit=_LOOKED_AT):
            if run.started_at and run.published_at and run.published_at > run.started_at:
                took = (run.published_at - run.started_at).total_seconds()
                found.setdefault((run.report, run.edition), took)
    return found
